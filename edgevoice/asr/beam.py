"""Beam search over a decoder: the best sentences that can be said here, and beside them what it writes when left free."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgevoice.asr.automaton import Automaton, State
from edgevoice.asr.tokens import END, START

Floats = NDArray[np.float32]

WIDTH = 8
_BEHIND = 14.0
"""A beam this much less likely than the best one, natural logarithm, is given up."""
_BEHIND_FREE = 25.0
"""A beam this much less likely than the free sentence is something else that was said."""
_CLOSE = 6.0
"""A beam this much less likely than a finished sentence cannot become a useful alternative."""
_OPEN = 16
"""Tokens tried where anything may be said."""


class Decoder(Protocol):
    """The model's decoder with its cache inside: one row a beam."""

    def step(self, ids: NDArray[np.int64]) -> Floats:
        """Log-probabilities of the token after each row's last one. `ids` [rows, 1] -> [rows, vocabulary]."""
        ...

    def select(self, rows: Sequence[int]) -> None:
        """Row i of the next step goes on from row `rows[i]` of the last."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A whole sentence; `scores` are the log-probabilities of its tokens and of the end."""

    ids: tuple[int, ...]
    scores: tuple[float, ...]

    @property
    def total(self) -> float:
        return sum(self.scores)


@dataclass(frozen=True, slots=True)
class Found:
    """`free` is the decoder's own, None where it was not asked for; `said` what can be said here, best first."""

    free: Candidate | None
    said: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class _Beam:
    ids: tuple[int, ...]
    scores: tuple[float, ...]
    total: float
    state: State | None
    """None: nothing that can be said begins so."""

    def on(self, token: int, score: float, state: State | None) -> _Beam:
        return _Beam((*self.ids, token), (*self.scores, score), self.total + score, state)


_Loop = Callable[[Sequence[int]], int]


class Search:
    """One search. `limit`: the most tokens; `width`: the most beams inside the language."""

    def __init__(self, decoder: Decoder, automaton: Automaton, limit: int, width: int = WIDTH) -> None:
        self._decoder, self._automaton, self._limit, self._width = decoder, automaton, limit, width
        self._done: list[Candidate] = []
        self._best = -np.inf

    def run(self, loop: _Loop) -> Found:
        """`loop` tells how many tokens at the end of the free sentence only repeat what was said before."""
        beams = [_Beam((), (), 0.0, self._automaton.start)]
        free: int | None = None if self._automaton.phrases.closed else 0
        said: Candidate | None = None
        last = [START]
        for length in range(self._limit + 1):
            scored = self._decoder.step(np.array(last)[:, None])
            if not length:
                scored[:, END] = -np.inf  # where there is sound, the base model often ends before its first word
            reached = beams[free].total if free is not None else said.total if said is not None else -np.inf
            chosen = self._chosen(beams, scored, reached - _BEHIND_FREE)
            if free is not None:
                token = int(scored[free].argmax())
                beam = beams[free].on(token, float(scored[free, token]), None)
                repeats = loop(beam.ids)
                if token == END or length == self._limit or repeats:
                    ids = beam.ids[:-1] if token == END else beam.ids[: len(beam.ids) - repeats]
                    said = Candidate(ids, beam.scores[: len(ids) + 1])
                    free = None
                else:
                    places = [i for i, (row, one) in enumerate(chosen) if row == free and one.ids[-1] == token]
                    if not places:
                        chosen.append((free, beam))
                    free = places[0] if places else len(chosen) - 1
            if not chosen:
                break
            rows, beams = [row for row, _ in chosen], [beam for _, beam in chosen]
            last = [beam.ids[-1] for beam in beams]
            self._decoder.select(rows)
        return Found(said, tuple(sorted(self._done, key=lambda one: -one.total)))

    def _chosen(self, beams: Sequence[_Beam], scored: Floats, least: float) -> list[tuple[int, _Beam]]:
        """The best continuations inside the language, each with the row that it goes on from."""
        options = sorted(self._options(beams, scored), key=lambda option: -option[0])[: 2 * self._width]
        if options:
            least = max(least, options[0][0] - _BEHIND, self._best - _CLOSE)
        chosen: list[tuple[int, _Beam]] = []
        for total, row, token in options:
            if len(chosen) == self._width or total < least:
                break
            state = beams[row].state
            after = self._automaton.step(state, token) if state is not None else None
            if after is not None:
                chosen.append((row, beams[row].on(token, float(scored[row, token]), after)))
        return chosen

    def _options(self, beams: Sequence[_Beam], scored: Floats) -> Iterator[tuple[float, int, int]]:
        """(total, row, token) of the best few continuations of each beam; notes the sentences that may end."""
        for row, beam in enumerate(beams):
            if beam.state is None:
                continue
            if beam.state.ends:
                one = Candidate(beam.ids, (*beam.scores, float(scored[row, END])))
                self._done.append(one)
                self._best = max(self._best, one.total)
            ids = beam.state.ids
            if beam.state.open or beam.state.boundary.open:
                ids = np.union1d(ids, np.argpartition(scored[row], -_OPEN)[-_OPEN:])
            values = scored[row, ids]
            if len(ids) > 2 * self._width:
                best = np.argpartition(values, -2 * self._width)[-2 * self._width :]
                ids, values = ids[best], values[best]
            for token, value in zip(ids.tolist(), values.tolist(), strict=True):
                if token != END:
                    yield beam.total + value, row, token
