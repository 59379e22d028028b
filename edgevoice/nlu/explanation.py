"""Why a sentence was understood so: what each layer made of it, for whoever wants to see that. Nothing here acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgevoice.messages import Intent


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading. `by` names who made it, such as a pack; `is_enough`: it would do, if no earlier layer had one.

    `note` says what a reading without intents comes to.
    """

    by: str
    intents: tuple[Intent, ...] = ()
    is_enough: bool = True
    note: str = ""

    @property
    def confidence(self) -> float:
        return min((intent.confidence for intent in self.intents), default=0.0)


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer made of a sentence, and the time it took. `scores`: probabilities, highest first."""

    name: str
    ms: float
    candidates: tuple[Candidate, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """`words` is the sentence as the layers see it, `intents` what was decided, by the layer called `decided`."""

    text: str
    words: str
    layers: tuple[Layer, ...]
    intents: tuple[Intent, ...] = ()
    decided: str = ""
