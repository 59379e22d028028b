"""What can be said here, as a plain value: a graph of words, made by `nlu` from a home or a pack, used by `asr`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Listed:
    """One phrase of `Phrases.lists[name]`."""

    name: str


@dataclass(frozen=True, slots=True)
class Anything:
    """One word or more, whatever they are."""


Label: TypeAlias = str | Listed | Anything


@dataclass(frozen=True, slots=True)
class Arc:
    """`label` (a word in any case, a phrase of a list, or anything) leads from node `origin` to node `target`.

    `cost`: what is rarely said there is this much less likely, natural logarithm.
    """

    origin: int
    label: Label
    target: int
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Phrases:
    """The paths from node 0 to one of `ends`. A sign such as `%` is a word that stands close to the one before it.

    `closed`: nothing else can have been said. `opposites` are pairs of words that must not be taken for each other.
    """

    arcs: tuple[Arc, ...]
    ends: frozenset[int]
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    closed: bool = False
    opposites: frozenset[tuple[str, str]] = frozenset()
