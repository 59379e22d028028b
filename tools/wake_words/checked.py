"""How often a wake word is heard where a recogniser looks again: the bar that is right for it, and what it then misses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgevoice.messages import RATE, AudioChunk, Samples
from edgevoice.stages import WakeDetector
from edgevoice.wake.several import LEAST, LOOK, Evidence, looks
from wake_words import head

_HIGHEST = 25.0  # log odds
_STEP = 1280


@dataclass(frozen=True, slots=True)
class Heard:
    """A clip: `odds` are the highest log odds of the looks at it, minus infinity where there was nothing to look at."""

    kind: str
    odds: float
    hours: float


def heard(kind: str, samples: Samples, engine: WakeDetector, evidence: Evidence | None) -> Heard:
    """Without `evidence` all that the engine hears counts."""
    engine.reset()
    found = [-np.inf]
    for i in range(0, len(samples), _STEP):
        for event in engine.feed(AudioChunk(samples[i : i + _STEP], RATE, i)):
            if evidence is None:
                found.append(np.inf)
            elif not event.is_early:
                found += looks(event, samples[max(0, event.at - LOOK) : event.at], evidence)
    return Heard(kind, max(found), len(samples) / RATE / 3600)


@dataclass(frozen=True, slots=True)
class Measured(head.Measured):
    """At the bar `threshold`: `near` of `near_count` near phrases are taken for it, in `hours` of other speech `false`."""

    near: int
    near_count: int

    @property
    def most_false_an_hour(self) -> float:
        """With a confidence of 95 %: the bound of a Poisson rate (Wilson and Hilferty's approximation)."""
        count = self.false + 1
        return float(count * (1 - 1 / (9 * count) + 1.645 / (3 * count**0.5)) ** 3 / max(self.hours, 1e-9))


def measure(found: Sequence[Heard], least: float) -> Measured:
    said, near = ([one.odds >= least for one in found if one.kind == kind] for kind in ("said", "near"))
    other = [one for one in found if one.kind not in ("said", "near")]
    false, hours = sum(one.odds >= least for one in other), sum(one.hours for one in other)
    return Measured(least, len(said), len(said) - sum(said), false, hours, sum(near), len(near))


def choose(found: Sequence[Heard], most_false_an_hour: float) -> Measured:
    """The lowest bar, not below that of other words, that other speech reaches seldom enough.

    What is missed at it stays a measurement, as no bar was chosen by that.
    """
    bars = (measure(found, least) for least in np.arange(LEAST, _HIGHEST, 0.1).tolist())
    return next((one for one in bars if one.false <= most_false_an_hour * one.hours), measure(found, _HIGHEST))
