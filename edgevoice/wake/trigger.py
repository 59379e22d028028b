"""From scores to detections: threshold and patience, the same for every wake engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edgevoice.messages import WakeHeard
from edgevoice.stages import WakeScore

_EARLY = (0.1, 0.3, 0.6)
"""Scores that rise past these are a first sign."""


class Trigger:
    """Fires once `patience` scores in a row reach `threshold`, then not again before the score was low.

    `delay`: samples by which the engine fires after the end of the word, typically. `doubtful`: what fires is looked at
    again elsewhere, so it also fires where the score has passed its peak and that is at least this, and early. `least`: as
    in `WakeHeard`.
    """

    def __init__(
        self,
        word: str,
        threshold: float,
        patience: int,
        delay: int,
        doubtful: float | None = None,
        least: float | None = None,
    ) -> None:
        self._word = word
        self._threshold = threshold
        self._patience = patience
        self._delay = delay
        self._low = threshold if doubtful is None else min(doubtful, threshold)
        self._looked_at, self._least = doubtful is not None, least
        self._highest = 0.0
        self.reset()

    def reset(self) -> None:
        self._early = 0
        self._forget()

    def _forget(self) -> None:
        self._in_row = 0
        self._peak = 0.0
        self._fired = self._passed = False

    def update(self, score: float, at: int) -> WakeHeard | None:
        """`score` is that of the window which ends at sample `at` of the stream."""
        self._highest = max(self._highest, score)
        early = sum(score >= one for one in _EARLY)
        rises, self._early = early > self._early, max(early, self._early) if early else 0
        if (found := self._settled(score, at)) is None and rises and self._looked_at:
            return WakeHeard(self._word, score, at, at, True, self._least)
        return found

    def _settled(self, score: float, at: int) -> WakeHeard | None:
        if score < self._low:
            last, passed = self._peak, self._passed
            self._forget()
            return self._heard(last, at) if self._looked_at and last and not passed else None
        self._in_row = self._in_row + 1 if score >= self._threshold else 0
        if not self._fired and self._in_row >= self._patience:
            self._fired = True
            self._peak = max(self._peak, score)
            return self._heard(score, at)
        if self._looked_at and not self._passed and score < self._peak:
            self._passed = True
            return self._heard(self._peak, at)
        self._peak = max(self._peak, score)
        return None

    def _heard(self, score: float, at: int) -> WakeHeard:
        return WakeHeard(self._word, score, at, max(0, at - self._delay), least=self._least)

    def peak(self) -> WakeScore:
        """The highest score since this was asked last."""
        highest, self._highest = self._highest, 0.0
        return WakeScore(highest, self._threshold)


def fired(triggers: Mapping[str, Trigger], scores: Iterable[tuple[str, float, int]]) -> list[WakeHeard]:
    """The detections that an engine's (word, score, stream index) bring about."""
    return [found for word, score, at in scores if (found := triggers[word].update(score, at)) is not None]
