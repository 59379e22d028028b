"""Several wake engines as one detector, and the second look at what they hear."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from edgevoice.errors import StageError
from edgevoice.messages import RATE, AudioChunk, Samples, WakeHeard
from edgevoice.stages import WakeDetector, WakeScore

Evidence: TypeAlias = Callable[[str, Samples], float]
"""`stages.Spotter.evidence`."""
Rejected: TypeAlias = Callable[[str], None]

LOOK = round(1.4 * RATE)  # samples up to the detection that are looked at again
LEAST = 5.2  # log odds, by both together, that a wake word must have
_LEAST_MORE = 2.6  # for each word after the first, where its engine does not know
_SURE = 6.0  # log odds that a score may count for at most
_LIKELY = 0.5  # score from which the engine is believed where nobody can look again: most doubts are false
_WORD = round(0.6 * RATE)  # samples up to the detection that are mostly the word
_FAINTEST_DB = -15.0  # of a person, over the echo that was taken out: what is fainter is what the echo left behind
_EARLIEST, _LATEST = round(0.9 * RATE), round(0.2 * RATE)  # where a short word begins, before the detection
_RISE, _BEFORE, _HOP = 320, 640, 80  # samples that are compared to find that

_log = logging.getLogger(__name__)


class Wakes:
    """A WakeDetector. A word that was heard is not heard again for its `rest` in seconds.

    With `evidence`, a detection counts where the log odds by the engine's score and by the recogniser add up to enough.
    What is left of an echo is no word: the speaker said that. `rejected` is told the word that does not count.
    """

    def __init__(
        self,
        detectors: Sequence[WakeDetector],
        rest: Mapping[str, float],
        evidence: Evidence | None = None,
        rejected: Rejected | None = None,
    ) -> None:
        self._detectors, self._rest, self._evidence, self._rejected = detectors, rest, evidence, rejected
        self.reset()

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(word for detector in self._detectors for word in detector.words)

    def reset(self) -> None:
        self._quiet_until: dict[str, int] = {}
        self._past: deque[AudioChunk] = deque()
        for detector in self._detectors:
            detector.reset()

    def peaks(self) -> Mapping[str, WakeScore]:
        return {word: score for detector in self._detectors for word, score in detector.peaks().items()}

    def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
        self._past.append(chunk)
        while self._past[0].start + len(self._past[0].samples) <= chunk.start - LOOK:
            self._past.popleft()
        heard = []
        for event in sorted((e for d in self._detectors for e in d.feed(chunk)), key=lambda event: event.at):
            if event.is_early and chunk.echo is None:
                continue  # only a voice that is talking is cut off at the first sign: a word's end is known better later
            if event.at < self._quiet_until.get(event.word, 0):
                continue
            if self._is_said(event):
                self._quiet_until[event.word] = event.at + round(self._rest[event.word] * RATE)
                heard.append(event)
            elif self._rejected is not None and not event.is_early:
                self._rejected(event.word)
        return heard

    def _is_said(self, event: WakeHeard) -> bool:
        until = event.at - self._past[0].start
        kept = slice(max(0, until - LOOK), until)
        samples, echo = (np.concatenate(parts)[kept] for parts in zip(*map(_both, self._past), strict=True))
        if _power(samples[-_WORD:]) < 10 ** (_FAINTEST_DB / 10) * _power(echo[-_WORD:]):
            return False
        if self._evidence is None:
            return True
        least = LEAST + _LEAST_MORE * event.word.count("_") if event.least is None else event.least
        try:
            return any(odds >= least for odds in looks(event, samples, self._evidence))
        except StageError as error:
            _log.warning("the wake word was not looked at again: %s", error)
            return event.score >= _LIKELY


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


def _both(chunk: AudioChunk) -> tuple[Samples, Samples]:
    """What was heard, and the echo that was taken out of it."""
    return chunk.samples, np.zeros_like(chunk.samples) if chunk.echo is None else chunk.echo


def _power(samples: Samples) -> float:
    return float(np.mean(samples.astype(np.float64) ** 2)) if len(samples) else 0.0
