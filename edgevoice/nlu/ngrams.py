"""Which action a sentence asks for, by its words, their parts and their sounds: a linear model of a third of a megabyte.

What a recogniser makes of a word mostly keeps some of its letters and sounds, so a garbled sentence still shares most of
its features with those that the model was trained on (`tools/train_intents.py`). English only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from edgevoice.nlu.evidence import KINDS, stem
from edgevoice.nlu.sounds import sounds

BUCKETS = 1 << 14
_WORD = re.compile(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)?")
_MOST_WORDS = 24
_WORDS, _PARTS = 1.0, 0.5
"""How much a whole word counts, and a part of it."""


def features(text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Buckets and their weights, which are of length one together; none where there are no words."""
    found = dict(_features(_WORD.findall(text.casefold().replace("’", "'"))[:_MOST_WORDS]))
    weights = np.fromiter(found.values(), np.float32, len(found))
    return np.fromiter(found, np.int64, len(found)), weights / max(1e-6, float(np.sqrt(weights @ weights)))


def _features(words: list[str]) -> Iterator[tuple[int, float]]:
    tags = ["^", *(_tag(word) for word in words), "$"]
    for one in tags[1:-1]:
        yield _bucket(one), _WORDS
    for one, other in pairwise(tags):
        yield _bucket(f"{one} {other}"), _WORDS
    for one, other in zip(tags, tags[2:], strict=False):
        yield _bucket(f"{one} _ {other}"), _WORDS
    for word in words:
        yield from _parts(word)


@lru_cache(maxsize=4096)
def _parts(word: str) -> tuple[tuple[int, float], ...]:
    edged = f"<{word}>"
    parts = {edged[i : i + size] for size in (3, 4) for i in range(len(edged) - size + 1)}
    return tuple((_bucket(part), _PARTS) for part in (*sorted(parts), f"/{sounds(word)}/"))


@lru_cache(maxsize=4096)
def _tag(word: str) -> str:
    """The word's stem; for what people call a kind of device, the kind."""
    bare = "#" if word[0].isdigit() else stem(word)
    return next((kind.plural.upper() for kind in KINDS if bare in kind.nouns), bare)


def _bucket(feature: str) -> int:
    return crc32(feature.encode()) % BUCKETS


class Ngrams:
    """`weights` [BUCKETS, actions] and `bias` [actions] of a logistic regression."""

    def __init__(self, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        self._weights, self._bias = weights, bias

    def scores(self, text: str) -> NDArray[np.float32]:
        """Of each action, the logarithm of its odds but for a constant."""
        buckets, values = features(text)
        found: NDArray[np.float32] = values @ self._weights[buckets] + self._bias
        return found
