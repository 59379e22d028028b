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
_NAME = "name"
_RARE = 3.0
"""An arc of this cost, such as politeness, is not waited for."""


@dataclass(frozen=True, slots=True)
class Following:
    """`ends`: the words are a whole sentence. `slots`: how many kinds of parts it may still have; 0: it is over.

    A list of which something was said is no further part, nor is a place where a device was named.

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


_Said = frozenset[str]
"""The lists of which something was said."""


@dataclass(frozen=True, slots=True)
class _At:
    node: int
    said: _Said = frozenset()


@dataclass(frozen=True, slots=True)
class _Inside:
    """In a phrase of a list, "" for a mere word, that leads to `target`; `begun`: words of it were said."""

    at: _Phrase
    target: _At
    list: str
    begun: bool = False


@dataclass(frozen=True, slots=True)
class _Open:
    """Anything is being said, before `target`."""

    target: _At


_Place = _At | _Inside | _Open


class Reader:
    """Reads sentences by `phrases`. What it has read of the graph stays, so that the next one is quick."""

    def __init__(self, phrases: Phrases, language: str = "en") -> None:
        self.phrases, self._language = phrases, language
        arcs = phrases.arcs
        self._ordered = array("I", sorted(range(len(arcs)), key=lambda i: arcs[i].origin))
        self._near: dict[int, Sequence[Arc]] = {}
        self._begun: dict[_At, Sequence[_Inside]] = {}
        self._trees: dict[str, _Phrase] = {}

    def read(self, text: str) -> Following | None:
        """What may follow `text`; None where nothing that can be said here begins so."""
        places: set[_Place] = {_At(0)}
        for word in spell(text, self._language).split():
            places = {after for place in self._all(places) for after in self._step(place, word)}
            if not places:
                return None
        reached = self._all(places)
        if not self._may_end(reached):
            return Following(False, 0)
        told = self._all(place for place in places if not isinstance(place, _Open))
        is_open = not self._may_end(told)
        is_over = text.rstrip(" .,!?").endswith("%")  # no number goes on after it
        return Following(True, len(self._more(reached if is_open else told, is_over)), is_open)

    def _may_end(self, places: Iterable[_Place]) -> bool:
        return any(isinstance(place, _At) and place.node in self.phrases.ends for place in places)

    def _arcs(self, node: int) -> Sequence[Arc]:
        if node not in self._near:
            arcs = self.phrases.arcs
            first, after = (bisect_left(self._ordered, one, key=lambda i: arcs[i].origin) for one in (node, node + 1))
            self._near[node] = tuple(arcs[i] for i in self._ordered[first:after])
        return self._near[node]

    def _phrases(self, at: _At) -> Sequence[_Inside]:
        """Where the words and lists at a node begin."""
        if at not in self._begun:
            self._begun[at] = tuple(
                _Inside(self._tree(arc.label), _At(arc.target, _with(at.said, arc.label)), _list(arc.label))
                for arc in self._arcs(at.node)
                if not isinstance(arc.label, Anything)
            )
        return self._begun[at]

    def _all(self, places: Iterable[_Place]) -> set[_Place]:
        """`places` and those reached from them without a word."""
        found: set[_Place] = set()
        left = list(places)
        while left:
            place = left.pop()
            if place in found:
                continue
            found.add(place)
            if isinstance(place, _At):
                left += self._phrases(place)
            elif isinstance(place, _Open) or place.at.ends:
                left.append(place.target)
        return found

    def _step(self, place: _Place, word: str) -> Iterator[_Place]:
        if isinstance(place, _Inside):
            if (after := place.at.next.get(word)) is not None:
                yield _Inside(after, place.target, place.list, True)
        elif isinstance(place, _Open):
            yield place
        else:
            for arc in self._arcs(place.node):
                if isinstance(arc.label, Anything):
                    yield _Open(_At(arc.target, place.said))

    def _more(self, places: Iterable[_Place], is_over: bool) -> set[str]:
        """What the lists are of that may still be said; "" for mere words, where none was said and none may be.

        `is_over`: what was said last does not go on itself.
        """
        found: set[str] = set()
        seen: set[_At] = set()
        left: list[_At] = []
        for place in places:
            if isinstance(place, _At):
                left.append(place)
            elif isinstance(place, _Inside) and place.begun and place.at.next and not is_over:
                found.add(_slot(place.list))
                left.append(place.target)
        while left:
            at = left.pop()
            if at in seen:
                continue
            seen.add(at)
            for arc in self._arcs(at.node):
                if arc.cost < _RARE:
                    if not _is_known(part := _list(arc.label), at.said):
                        found.add(_slot(part))
                    left.append(_At(arc.target, at.said))
        return found - {""} or found

    def _tree(self, label: str | Listed) -> _Phrase:
        if isinstance(label, str):
            return _phrase(label, self._language)
        if label.name not in self._trees:
            self._trees[label.name] = _tree(self.phrases.lists[label.name], self._language)
        return self._trees[label.name]


def _list(label: Label) -> str:
    """A list's own name: those of names are called `name light fan`, those of packs `0 size`. "" of a mere word."""
    return next(part for part in label.name.split() if not part.isdigit()) if isinstance(label, Listed) else ""


def _slot(part: str) -> str:
    """What a list is of: those of timers are called `timer_hours`."""
    return _PLACE if part in _PLACES else part.partition("_")[0]


def _with(said: _Said, label: Label) -> _Said:
    return said | {_list(label)} if isinstance(label, Listed) else said


def _is_known(part: str, said: _Said) -> bool:
    """Whether what was said leaves nothing to be told by one of the list; by mere words, where a list is done with."""
    return part in said or bool(said and not part) or (part in _PLACES and _NAME in said)


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
