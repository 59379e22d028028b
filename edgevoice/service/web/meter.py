"""How loud the microphone is and how near each wake word: measured on the ears' thread, while somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from edgevoice.assistant import Ear
from edgevoice.messages import RATE, AudioChunk
from edgevoice.stages import Microphone

_EVERY = RATE // 10
_FULL_SCALE = 32768.0
_SILENCE_DB = -90.0


class Meter:
    """A microphone that passes on the chunks of another one, and measures each after the `ear` has had it.

    `tell` is given a reading ten times a second where `is_watched`; levels are in dB of full scale.
    """

    def __init__(self, mic: Microphone, ear: Ear) -> None:
        self._mic, self._ear = mic, ear
        self.is_watched: Callable[[], bool] = lambda: False
        self.tell: Callable[[Mapping[str, Any]], None] = lambda reading: None
        self._energy, self._peak, self._count = 0.0, 0, 0
        self._was_watched = False

    def __enter__(self) -> Iterable[AudioChunk]:
        return self._passed_on(self._mic.__enter__())

    def __exit__(self, *error: Any) -> bool | None:
        return self._mic.__exit__(*error)

    def close(self) -> None:
        self._mic.close()

    def _passed_on(self, chunks: Iterable[AudioChunk]) -> Iterator[AudioChunk]:
        for chunk in chunks:
            yield chunk
            if not self.is_watched():
                self._was_watched = False
                continue
            if not self._was_watched:  # what was before somebody looked is not shown
                self._ear.wake_peaks()
                self._energy, self._peak, self._count = 0.0, 0, 0
            self._was_watched = True
            self._measure(chunk)

    def _measure(self, chunk: AudioChunk) -> None:
        samples = chunk.samples.astype(np.float64)
        self._energy += float(samples @ samples)
        self._peak = max(self._peak, int(np.abs(samples).max(initial=0)))
        self._count += len(samples)
        if self._count < _EVERY:
            return
        scores = {
            word: {"score": round(one.score, 3), "threshold": one.threshold}
            for word, one in self._ear.wake_peaks().items()
        }
        self.tell(
            {
                "rms": _decibels((self._energy / self._count) ** 0.5),
                "peak": _decibels(self._peak),
                "listening": self._ear.listening,
                "words": scores,
            }
        )
        self._energy, self._peak, self._count = 0.0, 0, 0


def _decibels(amplitude: float) -> float:
    return round(max(_SILENCE_DB, 20 * float(np.log10(max(amplitude, 1e-9) / _FULL_SCALE))), 1)
