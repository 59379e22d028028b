"""Which action a sentence asks for by its meaning, where its words are none that a rule knows.

A small trained model of n-grams, and beside it a head on a sentence embedding where there is one (both by
`tools/train_intents.py`). They name an action and nothing else: what is meant by it comes from the words, and nothing is
done on their word alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgevoice import resources
from edgevoice.nlu.ngrams import Ngrams
from edgevoice.stages import Embed

NGRAMS, HEAD = "models/intents-ngrams.npz", "models/intents-minilm.npz"
NONE = "none"

Scores = Callable[[str], NDArray[np.float32]]
"""A sentence to the logarithm of each action's odds."""


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest action, or `NONE` where the sentence asks for nothing that a home can do.

    `probability` is in 0..1; `probabilities` holds those of all actions.
    """

    action: str
    probability: float
    probabilities: Mapping[str, float]


class Semantic:
    """`names` are the actions; the probabilities of all `models` are averaged. `words` are those they learned from."""

    def __init__(self, names: tuple[str, ...], models: Sequence[Scores], words: frozenset[str] = frozenset()) -> None:
        self.names, self.words, self._models = names, words, tuple(models)

    def guess(self, text: str) -> Guess:
        found = np.mean([_probabilities(scores(text)) for scores in self._models], axis=0)
        best = int(found.argmax())
        return Guess(self.names[best], float(found[best]), dict(zip(self.names, found.tolist(), strict=True)))


def load(embed: Embed | None = None, folder: Path | None = None) -> Semantic:
    """Of n-grams, and of the embedding where there is one."""
    with np.load(_file(NGRAMS, folder), allow_pickle=False) as kept:
        names, words = (str(kept[key]).split() for key in ("names", "words"))
        models: list[Scores] = [Ngrams(kept["weights"] * kept["scale"], kept["bias"]).scores]
    if embed is not None:
        with np.load(_file(HEAD, folder), allow_pickle=False) as head:
            models.append(_head(embed, head["weights"].astype(np.float32), head["bias"].astype(np.float32)))
    return Semantic(tuple(names), models, frozenset(words))


def _head(embed: Embed, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> Scores:
    """`weights` [dimensions, actions] and `bias` [actions] of a logistic regression on the embedding."""

    def scores(text: str) -> NDArray[np.float32]:
        found: NDArray[np.float32] = embed(text) @ weights + bias
        return found

    return scores


def _file(name: str, folder: Path | None) -> Path:
    return folder / Path(name).name if folder is not None else resources.find(name)


def _probabilities(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(scores - scores.max())
    found: NDArray[np.float32] = powers / powers.sum()
    return found
