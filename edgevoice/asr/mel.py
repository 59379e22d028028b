"""Log-mel spectrograms as Whisper was trained on: 25 ms windows every 10 ms, Slaney's mel scale up to 8 kHz."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from edgevoice.messages import RATE

Floats = NDArray[np.float32]

WINDOW, HOP = 400, 160
_LINEAR_HZ, _LINEAR_MELS = 1000.0, 15.0
"""Below this the mel scale is linear, above it logarithmic."""
_OCTAVE = np.log(6.4) / 27


def log_mel(samples: Floats, bins: int) -> Floats:
    """`samples` f32 [n] in -1..1 -> f32 [bins, n // HOP], the loudest eight decades of power as 2 wide a range."""
    padded = np.pad(samples, WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][: len(samples) // HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    power = np.abs(np.fft.rfft(frames * hann)) ** 2
    logs = np.log10(np.maximum(filters(bins) @ power.T, 1e-10))
    scaled: Floats = ((np.maximum(logs, logs.max() - 8) + 4) / 4).astype(np.float32)
    return scaled


@functools.cache
def filters(bins: int) -> NDArray[np.float64]:
    """[bins, WINDOW // 2 + 1]: triangles, each of the same area."""
    edges = _hertz(np.linspace(0, _mels(RATE / 2), bins + 2))
    at = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    rising = (at - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - at) / np.diff(edges)[1:, None]
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None])


def _mels(hertz: float) -> float:
    return float(_LINEAR_MELS + np.log(hertz / _LINEAR_HZ) / _OCTAVE)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(
        mels < _LINEAR_MELS, mels / _LINEAR_MELS * _LINEAR_HZ, _LINEAR_HZ * np.exp(_OCTAVE * (mels - _LINEAR_MELS))
    )
