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


_Step = tuple[int, float]
"""A place, and what it costs to go there."""


@dataclass(slots=True, eq=False)
class _Letters:
    """A place in the tree of the tokens of some words; `done`: where the words that end here lead."""

    next: dict[int, _Letters] = field(default_factory=dict)
    done: list[_Step] = field(default_factory=list)
    _ids: Ids | None = None

    @property
    def ids(self) -> Ids:
        if self._ids is None:
            self._ids = np.fromiter(self.next, np.int64, len(self.next))
        return self._ids


@dataclass(slots=True)
class _Place:
    """Where a word begins: the words, lists and open ends that may come, and whether all may be said here."""

    words: dict[str, list[_Step]] = field(default_factory=dict)
    lists: list[tuple[str, int, float]] = field(default_factory=list)
    open: list[_Step] = field(default_factory=list)
    ends: bool = False
    joins: bool = False
    """The model may write a hyphen before the words here: `single-shot`."""
    tree: _Letters | None = None


_Reading = tuple[_Letters, int, float]
"""A place in a tree of tokens, the place to go on at after the list that it is of, and what it costs."""


@dataclass(frozen=True, slots=True)
class _Boundary:
    """Between words: the trees of those that may come, where anything may come, what it costs to end here."""

    trees: frozenset[_Reading] = frozenset()
    open: frozenset[_Step] = frozenset()
    ends: float | None = None

    def __or__(self, other: _Boundary) -> _Boundary:
        ends = [cost for cost in (self.ends, other.ends) if cost is not None]
        return _Boundary(self.trees | other.trees, self.open | other.open, min(ends, default=None))


_NOWHERE = _Boundary()


@dataclass(slots=True, eq=False)
class State:
    """After some tokens: those of `ids` may follow, and with `anything` any."""

    inside: frozenset[_Reading]
    """The words that have begun."""
    boundary: _Boundary
    open: frozenset[_Step]
    """Where to go on after the open ends that have begun."""
    marked: bool
    ids: Ids
    cost: float
    """Of the cheapest way to say this much."""
    next: dict[int, State | None] = field(default_factory=dict)

    @property
    def ends(self) -> float | None:
        """What it costs to end here; None: more must follow."""
        return self.boundary.ends

    @property
    def anything(self) -> bool:
        return bool(self.open or self.boundary.open)


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
        self.start = self._state(frozenset(), self._boundary([(0, _TOP, 0.0)]), frozenset(), False)

    def step(self, state: State, token: int) -> State | None:
        """The state after one more token; None where nothing that can be said goes on so."""
        if token not in state.next:
            state.next[token] = self._step(state, token)
        return state.next[token]

    @property
    def end(self) -> int:
        """The token that ends a sentence."""
        return self._vocabulary.end

    def begins(self, token: int) -> bool:
        """Whether the token begins a word."""
        return self._vocabulary.begins(token)

    def plain(self, token: int) -> bytes:
        """What the token says, whatever its capitals and marks."""
        return self._vocabulary.plain(token)

    def accepts(self, ids: Iterable[int]) -> bool:
        """Whether all that the tokens write can be said."""
        state: State | None = self.start
        for token in ids:
            state = self.step(state, token) if state is not None else None
        return state is not None and state.ends is not None

    def _step(self, state: State, token: int) -> State | None:
        old = state.boundary
        inside = frozenset(
            (after, back, cost)
            for letters, back, cost in state.inside | old.trees
            if (after := letters.next.get(token)) is not None
        )
        open_ends = state.open | old.open if self._vocabulary.begins(token) else state.open
        reached = [(place, back, cost + more) for letters, back, cost in inside for place, more in letters.done]
        reached += [(place, _TOP, cost) for place, cost in open_ends]
        boundary = self._boundary(reached) if reached else _NOWHERE
        marked = token in self._marks and not state.marked and old != _NOWHERE
        if marked:
            boundary |= old
        if not inside and not open_ends and not marked:
            return None
        return self._state(inside, boundary, open_ends, marked)

    def _state(
        self, inside: frozenset[_Reading], boundary: _Boundary, open_ends: frozenset[_Step], marked: bool
    ) -> State:
        key = (inside, boundary, open_ends, marked)
        if key not in self._known:
            if len(self._known) >= _MOST_STATES:
                self._known.clear()
                self.start.next.clear()
            parts = [letters.ids for letters, _, _ in inside | boundary.trees]
            if boundary != _NOWHERE and not marked:
                parts.append(np.array(sorted(self._marks), np.int64))
            ids = np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)
            costs = [cost for _, _, cost in inside | boundary.trees] + [cost for _, cost in open_ends | boundary.open]
            costs += [boundary.ends] if boundary.ends is not None else []
            self._known[key] = State(inside, boundary, open_ends, marked, ids, min(costs, default=0.0))
        return self._known[key]

    def _boundary(self, reached: Iterable[tuple[int, int, float]]) -> _Boundary:
        left = list(reached)
        least: dict[tuple[int, int], float] = {}
        while left:
            at, back, cost = left.pop()
            if least.get((at, back), np.inf) <= cost:
                continue
            least[at, back] = cost
            place = self._places[at]
            left += [(self._lists[name], target, cost + more) for name, target, more in place.lists]
            if place.ends and back != _TOP:
                left.append((back, _TOP, cost))
        trees: set[_Reading] = set()
        open_ends: set[_Step] = set()
        ends: list[float] = []
        for (at, back), cost in least.items():
            place = self._places[at]
            if place.words:
                trees.add((self._tree(place), back, cost))
            open_ends.update((target, cost + more) for target, more in place.open)
            if place.ends and back == _TOP:
                ends.append(cost)
        return _Boundary(frozenset(trees), frozenset(open_ends), min(ends, default=None))

    def _tree(self, place: _Place) -> _Letters:
        if place.tree is None:
            tree = _Letters()
            for word, targets in place.words.items():
                for ids in self._spellings(word, place.joins):
                    letters = tree
                    for token in ids:
                        letters = letters.next.setdefault(token, _Letters())
                    letters.done.extend(targets)
            place.tree = tree  # only once it is whole: what ends the voice is recognised on another thread
        return place.tree

    def _list(self, said: Iterable[str]) -> int:
        """The place at the root of a tree of the list's phrases."""
        root = self._place()
        for phrase in said:
            at = root
            for word in phrase.split():
                targets = self._places[at].words.setdefault(word, [])
                if not targets:
                    targets.append((self._place(joins=True), 0.0))
                at = targets[0][0]
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
            place.lists.append((arc.label.name, arc.target, arc.cost))
        elif isinstance(arc.label, Anything):
            place.open.append((arc.target, arc.cost))
        else:
            place.words.setdefault(arc.label, []).append((arc.target, arc.cost))
    for end in phrases.ends:
        places[end].ends = True
    return places
