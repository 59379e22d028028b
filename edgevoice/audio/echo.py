"""Echo cancellation: an adaptive filter that learns the way from the speaker to the microphone, and takes away no more
than it explains. A Kalman filter in the frequency domain, in partitions (Enzner and Vary 2006, Kuech et al. 2014).

It is linear on purpose: WebRTC's canceller removes more, but what it removes beside the echo is the wake word.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgevoice.messages import Samples

BLOCK = 256
"""Samples of one step."""
_PARTS = 16
REACH = BLOCK * _PARTS
"""Samples by which an echo may come after what caused it."""
_FORGETS = 0.999**2
_DOUBT = 0.3  # variance of the filter before anything is known of it
_SMOOTH = 0.5
_OVERLAP = 0.5  # half of each window of the filter's error is padding

Complex = NDArray[np.complex128]


class EchoCanceller:
    """`process` every block of one stream."""

    def __init__(self) -> None:
        shape = (_PARTS, BLOCK + 1)
        self._filter: Complex = np.zeros(shape, np.complex128)
        self._doubt = np.full(shape, _DOUBT)
        self._noise = np.zeros(BLOCK + 1)
        self._window = np.zeros(2 * BLOCK)
        self._played: Complex = np.zeros(shape, np.complex128)

    def process(self, near: Samples, far: Samples) -> Samples:
        """`near` without the echo of `far`, both int16 [n] of the same stretch of time, n a multiple of BLOCK."""
        blocks = [
            self._step(near[i : i + BLOCK] / 32768, far[i : i + BLOCK] / 32768) for i in range(0, len(near), BLOCK)
        ]
        clean: Samples = np.clip(np.concatenate(blocks) * 32768, -32768, 32767).astype(np.int16)
        return clean

    def renew(self) -> None:
        """Learns as fast as at first: the way may have changed."""
        self._doubt[:] = np.maximum(self._doubt, _DOUBT)

    def _step(self, near: NDArray[Any], far: NDArray[Any]) -> NDArray[Any]:
        self._window = np.concatenate((self._window[BLOCK:], far))
        self._played = np.concatenate((np.fft.rfft(self._window)[None], self._played[:-1]))
        clean = near - np.fft.irfft((self._filter * self._played).sum(0))[BLOCK:]
        error = np.fft.rfft(np.concatenate((np.zeros(BLOCK), clean)))
        power = np.abs(self._played) ** 2
        self._noise += (1 - _SMOOTH) * (np.abs(error) ** 2 - self._noise)
        gain = self._doubt / (_OVERLAP * (power * self._doubt).sum(0) + self._noise + 1e-9)
        change = np.fft.irfft(gain * self._played.conj() * error, axis=1)
        change[:, BLOCK:] = 0  # a response of one part is no longer than a block
        self._filter += np.fft.rfft(change, axis=1)
        self._doubt *= _FORGETS * (1 - _OVERLAP * gain * power)
        self._doubt += (1 - _FORGETS) * np.abs(self._filter) ** 2
        # A filter that does not fit yet adds more than it takes.
        return clean if np.dot(clean, clean) < np.dot(near, near) else near
