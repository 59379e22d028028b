"""A vocabulary of single letters, and a decoder that hears one text letter by letter: for tests of the search."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgevoice.asr.tokens import Tokens
from edgevoice.phrases import Arc, Label, Phrases

LETTERS = "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,?!'-%"
VOCABULARY = Tokens([b"<unk>", b"<s>", b"</s>", *(letter.encode() for letter in LETTERS), "▁on".encode()])


def chain(*labels: Label, closed: bool = False, **lists: tuple[str, ...]) -> Phrases:
    """One sentence: its labels in a row."""
    arcs = tuple(Arc(i, label, i + 1) for i, label in enumerate(labels))
    return Phrases(arcs, frozenset({len(labels)}), lists, closed)


def sentences(*texts: str, costs: Sequence[float] = ()) -> Phrases:
    """Several sentences, each with what it costs."""
    arcs: list[Arc] = []
    ends = set()
    for i, text in enumerate(texts):
        at = 0
        for k, word in enumerate(text.split()):
            target = 1000 * (i + 1) + k
            arcs.append(Arc(at, word, target, costs[i] if costs and not k else 0.0))
            at = target
        ends.add(at)
    return Phrases(tuple(arcs), frozenset(ends))


class Ear:
    """`beam.Decoder`. The right letter costs 0.1, any other one `wrong`; so does ending elsewhere than at the end."""

    def __init__(self, text: str, wrong: float = 3.0) -> None:
        self.ids, self.wrong, self.length = (*VOCABULARY.encode(" " + text), VOCABULARY.end), wrong, 0
        self.rows: list[int] = []

    silence = 0.0

    def begin(self) -> NDArray[np.float32]:
        return self.step(np.zeros(1, np.int64))

    def step(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        scores = np.full((len(ids), len(VOCABULARY)), -self.wrong, np.float32)
        scores[:, self.ids[min(self.length, len(self.ids) - 1)]] = -0.1
        self.length += 1
        self.rows.append(len(ids))
        return scores

    def select(self, rows: Sequence[int]) -> None:
        """All rows hear the same."""
