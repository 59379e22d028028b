"""From scores to detections: threshold, patience and refractory time, the same for every wake engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edgevoice.messages import RATE, WakeHeard
from edgevoice.stages import WakeScore


class Trigger:
    """Fires once `patience` scores in a row reach `threshold`, then not again for `refractory_seconds`.

    `delay`: samples by which the engine fires after the end of the word, typically.
    """

    def __init__(self, word: str, threshold: float, patience: int, refractory_seconds: float, delay: int) -> None:
        self._word = word
        self._threshold = threshold
        self._patience = patience
        self._refractory = round(refractory_seconds * RATE)
        self._delay = delay
        self._peak = 0.0
        self.reset()

    def reset(self) -> None:
        self._in_row = 0
        self._quiet_until = 0

    def update(self, score: float, at: int) -> WakeHeard | None:
        """`score` is that of the window which ends at sample `at` of the stream."""
        self._peak = max(self._peak, score)
        self._in_row = self._in_row + 1 if score >= self._threshold else 0
        if self._in_row < self._patience or at < self._quiet_until:
            return None
        self._quiet_until = at + self._refractory
        return WakeHeard(self._word, score, at, max(0, at - self._delay))

    def peak(self) -> WakeScore:
        """The highest score since this was asked last."""
        peak, self._peak = self._peak, 0.0
        return WakeScore(peak, self._threshold)


def fired(triggers: Mapping[str, Trigger], scores: Iterable[tuple[str, float, int]]) -> list[WakeHeard]:
    """The detections that an engine's (word, score, stream index) bring about."""
    return [found for word, score, at in scores if (found := triggers[word].update(score, at)) is not None]
