"""What may still be said after some words, by the graph of what can be said here."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from edgevoice.nlu.numbers import spell
from edgevoice.phrases import Anything, Arc, Label, Listed, Phrases

_PLACE, _PLACES = "area", frozenset({"area", "floor"})
_RARE = 3.0
"""An arc of this cost, such as politeness, is not waited for."""


@dataclass(frozen=True, slots=True)
class Following:
    """`ends`: the words are a whole sentence. `slots`: how many kinds of parts it may still have; 0: it is over.

    `open`: they end in words that may be anything, and nobody can tell whether those are all.
    """

    ends: bool
    slots: int
    open: bool = False


@dataclass(slots=True, eq=False)
class _Phrase:
    """A place in the tree of the words of some phrases."""

    next: dict[str, _Phrase] = field(default_factory=dict)
    ends: bool = False


@dataclass(frozen=True, slots=True)
class _Inside:
    """In a phrase that leads to node `target`; `slot` is what its list is of, `begun`: words of it were said."""

    at: _Phrase
    target: int
    slot: str
    begun: bool = False


@dataclass(frozen=True, slots=True)
class _Open:
    """Anything is being said, before node `target`."""

    target: int


_Place = int | _Inside | _Open


class Reader:
    """Reads sentences by `phrases`. What it has read of the graph stays, so that the next one is quick."""

    def __init__(self, phrases: Phrases, language: str = "en") -> None:
        self.phrases, self._language = phrases, language
        arcs = phrases.arcs
        self._ordered = array("I", sorted(range(len(arcs)), key=lambda i: arcs[i].origin))
        self._near: dict[int, Sequence[Arc]] = {}
        self._begun: dict[int, Sequence[_Inside]] = {}
        self._trees: dict[str, _Phrase] = {}

    def read(self, text: str) -> Following | None:
        """What may follow `text`; None where nothing that can be said here begins so."""
        places: set[_Place] = {0}
        for word in spell(text, self._language).split():
            places = {after for place in self._all(places) for after in self._step(place, word)}
            if not places:
                return None
        reached = self._all(places)
        if reached.isdisjoint(self.phrases.ends):
            return Following(False, 0)
        told = self._all(place for place in places if not isinstance(place, _Open))
        return Following(True, len(self._more(reached)), told.isdisjoint(self.phrases.ends))

    def _arcs(self, node: int) -> Sequence[Arc]:
        if node not in self._near:
            arcs = self.phrases.arcs
            first, after = (bisect_left(self._ordered, one, key=lambda i: arcs[i].origin) for one in (node, node + 1))
            self._near[node] = tuple(arcs[i] for i in self._ordered[first:after])
        return self._near[node]

    def _phrases(self, node: int) -> Sequence[_Inside]:
        """Where the words and lists at a node begin."""
        if node not in self._begun:
            self._begun[node] = tuple(
                _Inside(self._tree(arc.label), arc.target, _slot(arc.label))
                for arc in self._arcs(node)
                if not isinstance(arc.label, Anything)
            )
        return self._begun[node]

    def _all(self, places: Iterable[_Place]) -> set[_Place]:
        """`places` and those reached from them without a word."""
        found: set[_Place] = set()
        left = list(places)
        while left:
            place = left.pop()
            if place in found:
                continue
            found.add(place)
            if isinstance(place, int):
                left += self._phrases(place)
            elif isinstance(place, _Open) or place.at.ends:
                left.append(place.target)
        return found

    def _step(self, place: _Place, word: str) -> Iterator[_Place]:
        if isinstance(place, _Inside):
            if (after := place.at.next.get(word)) is not None:
                yield _Inside(after, place.target, place.slot, True)
        elif isinstance(place, _Open):
            yield place
        else:
            for arc in self._arcs(place):
                if isinstance(arc.label, Anything):
                    yield _Open(arc.target)

    def _more(self, places: Iterable[_Place]) -> set[str]:
        """What the lists are of that may still be said; "" for mere words, where there is no list."""
        found: set[str] = set()
        seen: set[int] = set()
        left: list[int] = []
        for place in places:
            if isinstance(place, int):
                left.append(place)
            elif isinstance(place, _Inside) and place.begun and place.at.next:
                found.add(place.slot)
                left.append(place.target)
        while left:
            node = left.pop()
            if node in seen:
                continue
            seen.add(node)
            for arc in self._arcs(node):
                if arc.cost < _RARE:
                    found.add(_slot(arc.label))
                    left.append(arc.target)
        return found - {""} or found

    def _tree(self, label: str | Listed) -> _Phrase:
        if isinstance(label, str):
            return _phrase(label, self._language)
        if label.name not in self._trees:
            self._trees[label.name] = _tree(self.phrases.lists[label.name], self._language)
        return self._trees[label.name]


def _slot(label: Label) -> str:
    """What a list is of. Those of names are called `name light fan`, those of packs `0 size`, of timers `timer_hours`."""
    if not isinstance(label, Listed):
        return ""
    slot = next(part for part in label.name.split() if not part.isdigit())
    return _PLACE if slot in _PLACES else slot.partition("_")[0]


@lru_cache(maxsize=4096)
def _phrase(label: str, language: str) -> _Phrase:
    return _tree((label,), language)


def _tree(phrases: Iterable[str], language: str) -> _Phrase:
    root = _Phrase()
    for phrase in phrases:
        at = root
        for word in spell(phrase, language).split():
            at = at.next.setdefault(word, _Phrase())
        at.ends = True
    return root
