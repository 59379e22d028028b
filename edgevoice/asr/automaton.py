"""What can be said, as an automaton over the recogniser's tokens, made as far as a search walks into it.

Words are spelled as the model may write them, with a capital or without. After a word it may put a comma or a stop.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgevoice.asr.tokens import Tokens
from edgevoice.phrases import Anything, Listed, Phrases

Ids = NDArray[np.int64]

_MARKS = ",.?!"
_SHORT = 3
"""Letters; a word as short as this may be an abbreviation in capitals."""
_MOST_STATES = 20_000
_TOP = -1
"""In the place of the node that a list returns to: outside of lists."""


@dataclass(slots=True, eq=False)
class _Letters:
    """A place in the tree of the tokens of some words; `done`: where the words that end here lead."""

    next: dict[int, _Letters] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)
    _ids: Ids | None = None

    @property
    def ids(self) -> Ids:
        if self._ids is None:
            self._ids = np.fromiter(self.next, np.int64, len(self.next))
        return self._ids


@dataclass(slots=True)
class _Place:
    """Where a word begins: the words, lists and open ends that may come, and whether all may be said here."""

    words: dict[str, list[int]] = field(default_factory=dict)
    lists: list[tuple[str, int]] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    ends: bool = False
    joins: bool = False
    """The model may write a hyphen before the words here: `single-shot`."""
    tree: _Letters | None = None


_Reading = tuple[_Letters, int]
"""A place in a tree of tokens, and the place to go on at after the list that it is of."""


@dataclass(frozen=True, slots=True)
class _Boundary:
    """Between words: the trees of those that may come, where anything may come, whether all is said."""

    trees: frozenset[_Reading] = frozenset()
    open: frozenset[int] = frozenset()
    ends: bool = False


@dataclass(slots=True, eq=False)
class State:
    """After some tokens: those of `ids` may follow, and where `open` any; `ends`: all may be said."""

    inside: frozenset[_Reading]
    """The words that have begun."""
    boundary: _Boundary
    open: frozenset[int]
    """Where to go on after the open ends that have begun."""
    marked: bool
    ids: Ids
    next: dict[int, State | None] = field(default_factory=dict)

    @property
    def ends(self) -> bool:
        return self.boundary.ends


class Automaton:
    """`start` is the state before the first token; `step` gives the others."""

    def __init__(self, phrases: Phrases, vocabulary: Tokens, previous: Automaton | None = None) -> None:
        """`previous`, of the same vocabulary, lends what it has spelled, and its sentences where they are the same."""
        self.phrases, self._vocabulary = phrases, vocabulary
        self._spelled: dict[str, list[tuple[int, ...]]] = previous._spelled if previous else {}
        self._marks = frozenset(ids[0] for mark in _MARKS if len(ids := vocabulary.encode(mark)) == 1)
        same = previous is not None and previous.phrases.arcs is phrases.arcs
        self._sentences: list[_Place] = previous._sentences if previous and same else _sentences(phrases)
        self._places = list(self._sentences)
        self._lists = {name: self._list(said) for name, said in phrases.lists.items()}
        self._known: dict[object, State] = {}
        self.start = self._state(frozenset(), self._boundary([(0, _TOP)]), frozenset(), False)

    def step(self, state: State, token: int) -> State | None:
        """The state after one more token; None where nothing that can be said goes on so."""
        if token not in state.next:
            state.next[token] = self._step(state, token)
        return state.next[token]

    def accepts(self, ids: Iterable[int]) -> bool:
        """Whether all that the tokens write can be said."""
        state: State | None = self.start
        for token in ids:
            state = self.step(state, token) if state is not None else None
        return state is not None and state.ends

    def _step(self, state: State, token: int) -> State | None:
        inside = frozenset(
            (after, back)
            for letters, back in state.inside | state.boundary.trees
            if (after := letters.next.get(token)) is not None
        )
        open_ends = state.open
        if self._vocabulary.begins(token):
            open_ends |= state.boundary.open
        reached = [(place, back) for letters, back in inside for place in letters.done]
        reached += [(place, _TOP) for place in open_ends]
        boundary = self._boundary(reached) if reached else _Boundary()
        marked = token in self._marks and not state.marked and bool(state.boundary.ends or state.boundary.trees)
        if marked:
            old = state.boundary
            boundary = _Boundary(boundary.trees | old.trees, boundary.open | old.open, boundary.ends or old.ends)
        if not inside and not open_ends and not marked:
            return None
        return self._state(inside, boundary, open_ends, marked)

    def _state(
        self, inside: frozenset[_Reading], boundary: _Boundary, open_ends: frozenset[int], marked: bool
    ) -> State:
        key = (inside, boundary, open_ends, marked)
        if key not in self._known:
            if len(self._known) >= _MOST_STATES:
                self._known.clear()
                self.start.next.clear()
            parts = [letters.ids for letters, _ in inside | boundary.trees]
            if (boundary.trees or boundary.ends) and not marked:
                parts.append(np.array(sorted(self._marks), np.int64))
            ids = np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)
            self._known[key] = State(inside, boundary, open_ends, marked, ids)
        return self._known[key]

    def _boundary(self, reached: Iterable[tuple[int, int]]) -> _Boundary:
        left = list(reached)
        seen = set(left)
        trees: set[_Reading] = set()
        open_ends: set[int] = set()
        ends = False
        while left:
            at, back = left.pop()
            place = self._places[at]
            if place.words:
                trees.add((self._tree(place), back))
            open_ends.update(place.open)
            onward = [(self._lists[name], target) for name, target in place.lists if name in self._lists]
            if place.ends and back == _TOP:
                ends = True
            elif place.ends:
                onward.append((back, _TOP))
            for one in onward:
                if one not in seen:
                    seen.add(one)
                    left.append(one)
        return _Boundary(frozenset(trees), frozenset(open_ends), ends)

    def _tree(self, place: _Place) -> _Letters:
        if place.tree is None:
            place.tree = _Letters()
            for word, targets in place.words.items():
                for ids in self._spellings(word, place.joins):
                    letters = place.tree
                    for token in ids:
                        letters = letters.next.setdefault(token, _Letters())
                    letters.done.extend(targets)
        return place.tree

    def _list(self, said: Iterable[str]) -> int:
        """The place at the root of a tree of the list's phrases."""
        root = self._place()
        for phrase in said:
            at = root
            for word in phrase.split():
                targets = self._places[at].words.setdefault(word, [])
                if not targets:
                    targets.append(self._place(joins=True))
                at = targets[0]
            self._places[at].ends = at != root
        return root

    def _place(self, joins: bool = False) -> int:
        self._places.append(_Place(joins=joins))
        return len(self._places) - 1

    def _spellings(self, word: str, joins: bool) -> list[tuple[int, ...]]:
        key = "-" + word if joins else word
        if key not in self._spelled:
            forms = {word, word.lower(), word[:1].upper() + word[1:], word.capitalize()}
            if len(word) <= _SHORT:
                forms.add(word.upper())
            written = {" " + form for form in forms}
            if joins:
                written |= {"-" + form for form in forms}
            if not word[0].isalnum():
                written.add(word)
            self._spelled[key] = [ids for form in sorted(written) if (ids := self._vocabulary.encode(form))]
        return self._spelled[key]


def _sentences(phrases: Phrases) -> list[_Place]:
    count = max((max(arc.origin, arc.target) for arc in phrases.arcs), default=0)
    places = [_Place() for _ in range(max(count, *phrases.ends, 0) + 1)]
    for arc in phrases.arcs:
        place = places[arc.origin]
        if isinstance(arc.label, Listed):
            place.lists.append((arc.label.name, arc.target))
        elif isinstance(arc.label, Anything):
            place.open.append(arc.target)
        else:
            place.words.setdefault(arc.label, []).append(arc.target)
    for end in phrases.ends:
        places[end].ends = True
    return places
