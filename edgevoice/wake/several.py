"""Several wake engines as one detector, and the second look at what they hear."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edgevoice.errors import StageError
from edgevoice.messages import RATE, AudioChunk, Samples, WakeHeard
from edgevoice.stages import WakeDetector, WakeScore

Evidence: TypeAlias = Callable[[str, Samples], float]
"""`stages.Spotter.evidence`."""

LOOK = round(1.4 * RATE)  # samples up to the detection that are looked at again
LEAST = 5.2  # log odds, by both together, that a wake word must have
_LEAST_MORE = 2.6  # for each word after the first, where its engine does not know
_SURE = 6.0  # log odds that a score may count for at most
_WORD = round(0.6 * RATE)  # samples up to the detection that are mostly the word
_FAINTEST_DB = -15.0  # of a person, over the echo that was taken out: what is fainter is what the echo left behind
_EARLIEST, _LATEST = round(0.9 * RATE), round(0.2 * RATE)  # where a short word begins, before the detection
_RISE, _BEFORE, _HOP = 320, 640, 80  # samples that are compared to find that

_log = logging.getLogger(__name__)


class Wakes:
    """A WakeDetector. A word that was heard is not heard again for its `rest` in seconds.

    With `evidence`, a detection counts where the log odds by the engine's score and by the recogniser add up to enough.
    What is left of an echo is no word: the speaker said that.
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
        self._past: NDArray[np.int16] = np.empty((2, 0), np.int16)  # what was heard, and the echo taken out of it
        for detector in self._detectors:
            detector.reset()

    def peaks(self) -> Mapping[str, WakeScore]:
        return {word: score for detector in self._detectors for word, score in detector.peaks().items()}

    def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
        end = chunk.start + len(chunk.samples)
        both = np.stack((chunk.samples, np.zeros_like(chunk.samples) if chunk.echo is None else chunk.echo))
        self._past = np.concatenate((self._past, both), axis=1)[:, -LOOK - len(chunk.samples) :]
        heard = []
        for event in sorted((e for d in self._detectors for e in d.feed(chunk)), key=lambda event: event.at):
            if event.is_early and chunk.echo is None:
                continue  # only a voice that is talking is cut off at the first sign: a word's end is known better later
            until = self._past.shape[1] - (end - event.at)
            samples, echo = self._past[:, max(0, until - LOOK) : until]
            if event.at >= self._quiet_until.get(event.word, 0) and self._is_said(event, samples, echo):
                self._quiet_until[event.word] = event.at + round(self._rest[event.word] * RATE)
                heard.append(event)
        return heard

    def _is_said(self, event: WakeHeard, samples: Samples, echo: Samples) -> bool:
        if _power(samples[-_WORD:]) < 10 ** (_FAINTEST_DB / 10) * _power(echo[-_WORD:]):
            return False
        if self._evidence is None:
            return True
        least = LEAST + _LEAST_MORE * event.word.count("_") if event.least is None else event.least
        try:
            return any(odds >= least for odds in looks(event, samples, self._evidence))
        except StageError as error:
            _log.warning("the wake word was not looked at again: %s", error)
            return True


def looks(event: WakeHeard, samples: Samples, evidence: Evidence) -> Iterator[float]:
    """Log odds, by score and `evidence` together, that the word of `event` ends `samples`: of one look, then of another."""
    text, score = event.word.replace("_", " "), min(max(event.score, 1e-9), 1 - 1e-9)
    by_score = min(math.log(score / (1 - score)), _SURE)
    yield by_score + evidence(text, samples)
    # A short word is easily lost on the recogniser after other sounds.
    yield by_score + evidence(text, samples[_onset(samples) :])


def _onset(samples: Samples) -> int:
    """Where a short word at the end of `samples` begins: at the steepest rise."""
    sums = np.concatenate(([0.0], np.cumsum(samples.astype(np.float64) ** 2)))
    at = np.arange(max(_BEFORE, len(samples) - _EARLIEST), len(samples) - _LATEST, _HOP)
    if not len(at):
        return 0
    after, before = sums[at + _RISE] - sums[at], sums[at] - sums[at - _BEFORE]
    return max(0, int(at[((after + _RISE) / (before + _BEFORE)).argmax()]) - _RISE)


def _power(samples: Samples) -> float:
    return float(np.mean(samples.astype(np.float64) ** 2)) if len(samples) else 0.0
