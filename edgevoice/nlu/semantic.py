"""Which action a sentence asks for by its meaning, where its words are none that a rule knows.

A small trained head (`tools/train_intents.py`) on a sentence embedding. It names an action and nothing else: what is
meant by it comes from the words, and nothing is done on its word alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgevoice import resources
from edgevoice.stages import Embed

HEAD = "models/intents-minilm.npz"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Guess:
    """An action, or `NONE` where the sentence asks for nothing that a home can do. `probability` is in 0..1."""

    action: str
    probability: float


class Semantic:
    """`weights` [dimensions, actions] and `bias` [actions] of a logistic regression; `names` are the actions."""

    def __init__(
        self, embed: Embed, names: tuple[str, ...], weights: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> None:
        self._embed, self.names, self._weights, self._bias = embed, names, weights, bias

    def guess(self, text: str) -> Guess:
        scores = self._embed(text) @ self._weights + self._bias
        powers = np.exp(scores - scores.max())
        best = int(powers.argmax())
        return Guess(self.names[best], float(powers[best] / powers.sum()))


def load(embed: Embed, file: Path | None = None) -> Semantic:
    with np.load(file or resources.find(HEAD), allow_pickle=False) as head:
        names = tuple(str(name) for name in head["names"])
        return Semantic(embed, names, head["weights"].astype(np.float32), head["bias"].astype(np.float32))
