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
_LOOK = 16  # blocks with sound by which a new beginning is aligned
_SLIP = 640  # samples by which it may be off: a block of the microphone, and some
_HEARD = 1e-8  # mean power of an expected echo that tells anything
_FITS = 0.3  # correlation of expected and heard from which they are the same

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
        self._looked: list[NDArray[Any]] | None = None

    def process(self, near: Samples, far: Samples) -> Samples:
        """`near` without the echo of `far`, both int16 [n] of the same stretch of time, n a multiple of BLOCK."""
        blocks = [
            self._step(near[i : i + BLOCK] / 32768, far[i : i + BLOCK] / 32768) for i in range(0, len(near), BLOCK)
        ]
        clean: Samples = np.clip(np.concatenate(blocks) * 32768, -32768, 32767).astype(np.int16)
        return clean

    def begin(self) -> None:
        """The speaker plays again. Threads and buffers let what it plays begin a little earlier or later than before."""
        self._looked = [] if self._filter.any() else None

    def _step(self, near: NDArray[Any], far: NDArray[Any]) -> NDArray[Any]:
        self._window = np.concatenate((self._window[BLOCK:], far))
        self._played = np.concatenate((np.fft.rfft(self._window)[None], self._played[:-1]))
        expected = np.fft.irfft((self._filter * self._played).sum(0))[BLOCK:]
        clean = near - expected
        if self._looked is None:
            self._learn(clean)
        elif np.dot(expected, expected) > _HEARD * BLOCK:
            self._looked.append(np.stack((near, expected)))
            if len(self._looked) == _LOOK:
                self._align(*np.concatenate(self._looked, axis=1))
                self._looked = None
        # A filter that does not fit yet adds more than it takes.
        return clean if np.dot(clean, clean) < np.dot(near, near) else near

    def _learn(self, clean: NDArray[Any]) -> None:
        error = np.fft.rfft(np.concatenate((np.zeros(BLOCK), clean)))
        power = np.abs(self._played) ** 2
        self._noise += (1 - _SMOOTH) * (np.abs(error) ** 2 - self._noise)
        gain = self._doubt / (_OVERLAP * (power * self._doubt).sum(0) + self._noise + 1e-9)
        change = np.fft.irfft(gain * self._played.conj() * error, axis=1)
        change[:, BLOCK:] = 0  # a response of one part is no longer than a block
        self._filter += np.fft.rfft(change, axis=1)
        self._doubt *= _FORGETS * (1 - _OVERLAP * gain * power)
        self._doubt += (1 - _FORGETS) * np.abs(self._filter) ** 2

    def _align(self, near: NDArray[Any], expected: NDArray[Any]) -> None:
        """Moves the filter to where the echo now comes; where that is nowhere, it learns as fast as at first."""
        heard, thought = (np.fft.rfft(one, 2 * len(near)) for one in (near, expected))
        together = np.fft.irfft(heard * thought.conj())
        lags = np.arange(-_SLIP, _SLIP + 1)
        lag = int(lags[together[lags].argmax()])
        if together[lag] < _FITS * np.sqrt(np.dot(near, near) * np.dot(expected, expected)):
            self._doubt[:] = np.maximum(self._doubt, _DOUBT)
            return
        response = np.fft.irfft(self._filter, axis=1)[:, :BLOCK].ravel()
        response = np.concatenate((np.zeros(_SLIP), response, np.zeros(_SLIP)))[_SLIP - lag : _SLIP - lag + REACH]
        self._filter = np.fft.rfft(response.reshape(_PARTS, BLOCK), 2 * BLOCK, axis=1)
