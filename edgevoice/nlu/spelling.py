"""Which known word was meant by one that is not known: one wrong letter, or another spelling of the same sounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from edgevoice.nlu.sounds import sounds

_SHORTEST = 4
_LONG, _LIKE = 9, 0.8
"""Letters of a long word, and how alike two of them have to be."""


class Spelling:
    """An index of `words`; those shorter than four letters are never what is meant."""

    def __init__(self, words: Iterable[str]) -> None:
        self._near: dict[str, list[str]] = defaultdict(list)
        self._alike: dict[str, list[str]] = defaultdict(list)
        for word in sorted({word for word in words if len(word) >= _SHORTEST and word.isalpha()}):
            for shorter in _shorter(word):
                self._near[shorter].append(word)
            self._alike[sounds(word)].append(word)
        self._long = [word for words in self._alike.values() for word in words if len(word) >= _LONG]

    def near(self, word: str) -> tuple[str, ...]:
        """The words one edit away: a letter added, left out or changed, or two neighbours exchanged."""
        found = dict.fromkeys(one for key in _shorter(word) for one in self._near.get(key, ()))
        return tuple(one for one in found if is_near(word, one))

    def best(self, word: str) -> str | None:
        """The one word that is near, or sounds the same; None where there is none, or more than one."""
        near, alike = set(self.near(word)), set(self._alike.get(sounds(word), ()))
        found = (near & alike) or near or alike or self._likest(word)
        return next(iter(found)) if len(found) == 1 else None

    def _likest(self, word: str) -> set[str]:
        """Long words may have two wrong letters."""
        return set(get_close_matches(word, self._long, 2, _LIKE)) if len(word) >= _LONG else set()


def is_near(one: str, other: str) -> bool:
    """Whether one edit makes a word of the other: a letter added, left out or changed, or two neighbours exchanged."""
    if abs(len(one) - len(other)) > 1:
        return False
    i = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[i:], other[i:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def _shorter(word: str) -> Iterator[str]:
    """The word, and the word without each of its letters."""
    yield word
    for i in range(len(word)):
        yield word[:i] + word[i + 1 :]
