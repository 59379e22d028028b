"""Several wake engines as one detector, and the second look at what they hear."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from edgevoice.errors import StageError
from edgevoice.messages import RATE, AudioChunk, Samples, WakeHeard
from edgevoice.stages import WakeDetector, WakeScore

Evidence: TypeAlias = Callable[[str, Samples], float]
"""`stages.Spotter.evidence`."""

_LOOK = round(1.4 * RATE)  # samples up to the detection that are looked at again
_LEAST, _LEAST_MORE = 5.2, 2.6  # log odds, by both together, that a wake word must have; for each word after the first
_SURE = 6.0  # log odds that a score may count for at most

_log = logging.getLogger(__name__)


class Wakes:
    """A WakeDetector. A word that was heard is not heard again for its `rest` in seconds.

    With `evidence`, a detection counts where the log odds by the engine's score and by the recogniser add up to enough.
    """

    def __init__(
        self, detectors: Sequence[WakeDetector], rest: Mapping[str, float], evidence: Evidence | None = None
    ) -> None:
        self._detectors, self._rest, self._evidence = detectors, rest, evidence
        self.reset()

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(word for detector in self._detectors for word in detector.words)

    def reset(self) -> None:
        self._quiet_until: dict[str, int] = {}
        self._past: Samples = np.empty(0, np.int16)
        for detector in self._detectors:
            detector.reset()

    def peaks(self) -> Mapping[str, WakeScore]:
        return {word: score for detector in self._detectors for word, score in detector.peaks().items()}

    def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
        end = chunk.start + len(chunk.samples)
        if self._evidence is not None:
            self._past = np.concatenate((self._past, chunk.samples))[-_LOOK - len(chunk.samples) :]
        heard = []
        for event in sorted((e for d in self._detectors for e in d.feed(chunk)), key=lambda event: event.at):
            until = len(self._past) - (end - event.at)
            if event.at >= self._quiet_until.get(event.word, 0) and self._is_said(
                event, self._past[max(0, until - _LOOK) : until]
            ):
                self._quiet_until[event.word] = event.at + round(self._rest[event.word] * RATE)
                heard.append(event)
        return heard

    def _is_said(self, event: WakeHeard, samples: Samples) -> bool:
        if self._evidence is None:
            return True
        words = event.word.split("_")
        try:
            found = self._evidence(" ".join(words), samples)
        except StageError as error:
            _log.warning("the wake word was not looked at again: %s", error)
            return True
        score = min(max(event.score, 1e-9), 1 - 1e-9)
        return min(math.log(score / (1 - score)), _SURE) + found >= _LEAST + _LEAST_MORE * (len(words) - 1)
