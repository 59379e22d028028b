"""Beam search over a decoder: the best sentences that can be said here, and beside them what it writes when left free.

How a sentence is written is nothing that is said: beams that differ in capitals and marks only become one, as likely as
all of them together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgevoice.asr.automaton import Automaton, State

Floats = NDArray[np.float32]

WIDTH, WIDE, WIDE_STEPS = 6, 12, 3
"""Beams; more of them at first, where little tells the right one."""
WIDTH_CLOSED, WIDE_CLOSED = 10, 16
"""The same in a closed domain, where no free sentence is followed beside them."""
_BEHIND = 10.0
"""A beam this much less likely than the best one, natural logarithm, is given up."""
_BEHIND_FREE = 25.0
"""A beam this much less likely than the free sentence is something else that was said."""
_BEHIND_OVER = 10.0
"""The same once the free sentence is over, and can become no less likely."""
_CLOSE = 4.0
"""A beam this much less likely than a finished sentence cannot become a useful alternative."""
_OPEN = 16
"""Tokens tried where anything may be said."""


class Decoder(Protocol):
    """A model's decoder of one piece of audio, with its cache inside: one row a beam."""

    @property
    def silence(self) -> float:
        """How likely nothing was said, 0 to 1; 0 of a model that cannot tell."""
        ...

    def begin(self) -> Floats:
        """Log-probabilities of the first token, [1, vocabulary]."""
        ...

    def step(self, ids: NDArray[np.int64]) -> Floats:
        """Log-probabilities of the token after each row's last one. `ids` [rows] -> [rows, vocabulary]."""
        ...

    def select(self, rows: Sequence[int]) -> None:
        """Row i of the next step goes on from row `rows[i]` of the last."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A whole sentence; `scores` are the log-probabilities of its tokens and of the end."""

    ids: tuple[int, ...]
    scores: tuple[float, ...]

    rank: float
    """The sum of `scores`, less what it costs to say this here, with the reward of its length, all ways to write it."""

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
    """The sum of `scores`, and how much likelier other ways to write the same make it."""
    words: int
    said: bytes
    state: State | None
    """None: nothing that can be said begins so."""


_Loop = Callable[[Sequence[int]], int]


class Search:
    """One search. `limit`: the most tokens; `reward`: what each word adds, so that it does not stop early."""

    def __init__(self, decoder: Decoder, automaton: Automaton, limit: int, reward: float = 0.0) -> None:
        self._decoder, self._automaton, self._limit, self._reward = decoder, automaton, limit, reward
        self._end = automaton.end
        closed = automaton.phrases.closed
        self._width, self._wide = (WIDTH_CLOSED, WIDE_CLOSED) if closed else (WIDTH, WIDE)
        self._done: dict[bytes, Candidate] = {}
        self._best = -np.inf

    def run(self, loop: _Loop, free: bool = True) -> Found:
        """`loop` tells how many tokens at the end of the free sentence only repeat what was said before."""
        beams = [_Beam((), (), 0.0, 0, b"", self._automaton.start)]
        at: int | None = 0 if free else None
        said: Candidate | None = None
        last: list[int] = []
        for _ in range(self._limit + 1):
            scored = self._decoder.step(np.array(last)) if last else self._decoder.begin()
            if not last:
                scored[:, self._end] = -np.inf  # where there is sound, models often end before the first word
            chosen = self._chosen(beams, scored, self._least(beams[at] if at is not None else None, said))
            if at is not None:
                at, said = self._freely(beams[at], at, scored, chosen, loop)
            if not chosen:
                break
            beams, last = [beam for _, beam in chosen], [beam.ids[-1] for _, beam in chosen]
            self._decoder.select([row for row, _ in chosen])
        return Found(said, tuple(sorted(self._done.values(), key=lambda one: -one.rank)))

    def _least(self, free: _Beam | None, over: Candidate | None) -> float:
        """What a beam must reach beside the free sentence, which is being said or is over."""
        if free is not None:
            return self._rank(free) - _BEHIND_FREE
        return over.rank - _BEHIND_OVER if over is not None else -math.inf

    def _rank(self, beam: _Beam) -> float:
        return beam.total + self._reward * beam.words

    def _on(self, beam: _Beam, token: int, score: float, state: State | None) -> _Beam:
        words = beam.words + self._automaton.begins(token)
        said = beam.said + self._automaton.plain(token)
        return _Beam((*beam.ids, token), (*beam.scores, score), beam.total + score, words, said, state)

    def _freely(
        self, beam: _Beam, row: int, scored: Floats, chosen: list[tuple[int, _Beam]], loop: _Loop
    ) -> tuple[int | None, Candidate | None]:
        """(index of the free sentence among the chosen, put there if it is not yet; itself where it is over)."""
        token = int(scored[row].argmax())
        on = self._on(beam, token, float(scored[row, token]), None)
        repeats = loop(on.ids)
        is_beaten = self._rank(on) < self._best  # it can only become less likely
        if token == self._end or is_beaten or repeats or len(on.ids) >= self._limit:
            ids = beam.ids if token == self._end else on.ids[: len(on.ids) - repeats]
            scores = on.scores[: len(ids) + 1]
            return None, Candidate(ids, scores, sum(scores) + self._reward * sum(map(self._automaton.begins, ids)))
        for i, (origin, one) in enumerate(chosen):
            if origin == row and one.ids[-1] == token:
                return i, None
        chosen.append((row, on))
        return len(chosen) - 1, None

    def _chosen(self, beams: Sequence[_Beam], scored: Floats, least: float) -> list[tuple[int, _Beam]]:
        """The best continuations inside the language, each with the row that it goes on from."""
        width = self._wide if len(beams[0].ids) < WIDE_STEPS else self._width
        options = sorted(self._options(beams, scored), key=lambda option: -option[0])[: 2 * width]
        ranked: list[tuple[float, int, _Beam]] = []
        for _, row, token in options:
            state = beams[row].state
            after = self._automaton.step(state, token) if state is not None else None
            if state is not None and after is not None:
                on = self._on(beams[row], token, float(scored[row, token]), after)
                ranked.append((self._rank(on) - after.cost, row, on))
        ranked = _together(ranked)
        if ranked:
            least = max(least, ranked[0][0] - _BEHIND, self._best - _CLOSE)
        return [(row, beam) for rank, row, beam in ranked[:width] if rank >= least]

    def _options(self, beams: Sequence[_Beam], scored: Floats) -> Iterator[tuple[float, int, int]]:
        """(rank, row, token) of the best few continuations of each beam; notes the sentences that may end."""
        for row, beam in enumerate(beams):
            if beam.state is None:
                continue
            rank = self._rank(beam)
            if beam.state.ends is not None and beam.ids:
                end = float(scored[row, self._end])
                one = Candidate(beam.ids, (*beam.scores, end), rank + end - beam.state.ends)
                if (other := self._done.get(beam.said)) is not None:
                    one = replace(
                        max(one, other, key=lambda two: two.rank), rank=float(np.logaddexp(one.rank, other.rank))
                    )
                self._done[beam.said] = one
                self._best = max(self._best, one.rank)
            ids = beam.state.ids
            if beam.state.anything:
                ids = np.union1d(ids, np.argpartition(scored[row], -_OPEN)[-_OPEN:])
            values = scored[row, ids]
            if len(ids) > 2 * self._wide:
                best = np.argpartition(values, -2 * self._wide)[-2 * self._wide :]
                ids, values = ids[best], values[best]
            for token, value in zip(ids.tolist(), values.tolist(), strict=True):
                if token != self._end:
                    yield rank + value - beam.state.cost, row, token


def _together(ranked: Iterable[tuple[float, int, _Beam]]) -> list[tuple[float, int, _Beam]]:
    """Best first, those that say the same and can go on alike as one."""
    found: dict[object, tuple[float, int, _Beam]] = {}
    for rank, row, beam in sorted(ranked, key=lambda option: -option[0]):
        key = (beam.said, beam.state and beam.state.boundary)
        if key in found:
            best, origin, same = found[key]
            more = math.log1p(math.exp(rank - best))
            found[key] = (best + more, origin, replace(same, total=same.total + more))
        else:
            found[key] = (rank, row, beam)
    return sorted(found.values(), key=lambda option: -option[0])
