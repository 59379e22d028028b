"""Finds known phrases in words that were heard roughly, by spelling and by sound.

Every window of words is compared with every phrase; the best set of windows that do not overlap wins, each slot
filled at most once. Words that belong to the domain's sentences count as explained too, so the share of a sentence
that is explained says how surely it belongs to the domain.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from edgevoice.nlu.numbers import spell

_ALIKE = 0.72
"""Similarity from which a window may be a phrase."""
_WORTHLESS = 0.55
"""Similarity that earns nothing: above it each letter of a phrase earns the difference."""
_LITERAL = 0.9
"""What a letter of the domain's own words earns, next to one of a phrase said exactly."""
_WORDS = 60
"""Words looked at; nobody says more in one command."""

_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"[^\w]|_", ""),
        (r"ph", "f"),
        (r"c(?=[eiy])", "s"),
        (r"ck|c|qu?", "k"),
        (r"x", "ks"),
        (r"z", "s"),
        (r"dge?|g(?=[eiy])", "j"),
        (r"wh", "w"),
        (r"gh|h", ""),
        (r"d", "t"),
        (r"b", "p"),
        (r"g", "k"),
        (r"v", "f"),
        (r"[aeiouy]+", "a"),
        (r"(.)\1+", r"\1"),
    )
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """`said` means `value` of `slot`."""

    slot: str
    value: str
    said: str


@dataclass(frozen=True, slots=True)
class Finding:
    """`explained` is the share of the letters that phrases and the domain's words account for, 0..1."""

    slots: Mapping[str, str]
    explained: float
    leftover: str


@dataclass(frozen=True, slots=True)
class _Window:
    """Words `begin` to `end` may be `phrase`."""

    begin: int
    end: int
    phrase: Phrase
    similarity: float
    gain: float


@dataclass(frozen=True, slots=True)
class _Path:
    """The best reading of the words so far that fills one set of slots."""

    gain: float = 0.0
    windows: tuple[_Window, ...] = ()
    literals: tuple[int, ...] = ()


class Finder:
    """Looks for `phrases`; `words` are the other words of the domain's sentences."""

    def __init__(self, phrases: Sequence[Phrase], words: Iterable[str]) -> None:
        self._phrases = tuple(phrases)
        self._plain = [_plain(phrase.said) for phrase in self._phrases]
        self._sounds = [sound(phrase.said) for phrase in self._phrases]
        self._longest = max((len(phrase.said.split()) for phrase in self._phrases), default=0) + 1
        self._vocabulary = frozenset(_plain(word) for word in words)

    def find(self, text: str, needed: Iterable[str] = ()) -> Finding:
        """The slots in `text`. A slot of `needed` that is not heard takes the likeliest of the unexplained words."""
        words = spell(text).split()[:_WORDS]
        if not words:
            return Finding({}, 0.0, "")
        similar = self._similar(words)
        path = self._best(words, [window for window in similar if window.similarity >= _ALIKE])
        for slot in needed:
            if all(window.phrase.slot != slot for window in path.windows):
                path = self._guess(slot, similar, path)
        return self._finding(words, path)

    def _similar(self, words: Sequence[str]) -> list[_Window]:
        """Of each window, the likeliest phrase of each slot."""
        spans = [(i, j) for i in range(len(words)) for j in range(i + 1, min(i + self._longest, len(words)) + 1)]
        if not self._phrases:
            return []
        said = ["".join(words[i:j]) for i, j in spans]
        alike = Levenshtein.normalized_similarity
        spelled = process.cdist([_plain(one) for one in said], self._plain, scorer=alike, dtype=np.float32)
        sounded = process.cdist([sound(one) for one in said], self._sounds, scorer=alike, dtype=np.float32)
        scores = (spelled + sounded) / 2
        best: dict[tuple[int, str], tuple[float, int]] = {}
        for row, column in zip(*np.nonzero(scores > _WORTHLESS), strict=True):
            key = (int(row), self._phrases[column].slot)
            gain = (float(scores[row, column]) - _WORTHLESS) * len(self._plain[column])
            if gain > best.get(key, (0.0, 0))[0]:
                best[key] = (gain, int(column))
        return [
            _Window(*spans[row], self._phrases[column], float(scores[row, column]), gain)
            for (row, _), (gain, column) in best.items()
        ]

    def _best(self, words: Sequence[str], windows: Sequence[_Window]) -> _Path:
        """The reading that earns most. `paths[i]` holds, for each set of filled slots, the best one of the first i words."""
        paths: list[dict[frozenset[str], _Path]] = [{} for _ in range(len(words) + 1)]
        paths[0][frozenset()] = _Path()
        starting: dict[int, list[_Window]] = {}
        for window in windows:
            starting.setdefault(window.begin, []).append(window)
        for i, word in enumerate(words):
            literal = _LITERAL * (1 - _WORTHLESS) * len(word) if _plain(word) in self._vocabulary else 0.0
            for filled, path in paths[i].items():
                spoken = (*path.literals, i) if literal else path.literals
                _keep(paths[i + 1], filled, _Path(path.gain + literal, path.windows, spoken))
                for window in starting.get(i, ()):
                    if window.phrase.slot not in filled:
                        longer = _Path(path.gain + window.gain, (*path.windows, window), path.literals)
                        _keep(paths[window.end], filled | {window.phrase.slot}, longer)
        return max(paths[-1].values(), key=lambda path: path.gain)

    def _guess(self, slot: str, similar: Sequence[_Window], path: _Path) -> _Path:
        taken = {i for window in path.windows for i in range(window.begin, window.end)} | set(path.literals)
        free = [w for w in similar if w.phrase.slot == slot and taken.isdisjoint(range(w.begin, w.end))]
        if not free:
            return path
        return _Path(path.gain, (*path.windows, max(free, key=lambda window: window.gain)), path.literals)

    def _finding(self, words: Sequence[str], path: _Path) -> Finding:
        credit = dict.fromkeys(path.literals, 1.0)
        for window in path.windows:
            credit.update(dict.fromkeys(range(window.begin, window.end), window.similarity))
        explained = sum(len(words[i]) * share for i, share in credit.items()) / sum(len(word) for word in words)
        leftover = " ".join(word for i, word in enumerate(words) if i not in credit)
        return Finding({window.phrase.slot: window.phrase.value for window in path.windows}, explained, leftover)


@lru_cache(maxsize=4096)
def sound(text: str) -> str:
    """A key that words which sound alike share, near enough."""
    key = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold() or text.casefold()
    for pattern, replacement in _SOUNDS:
        key = pattern.sub(replacement, key)
    return key


def _plain(text: str) -> str:
    return re.sub(r"[^\w]|_", "", text.casefold())


def _keep(paths: dict[frozenset[str], _Path], filled: frozenset[str], path: _Path) -> None:
    old = paths.get(filled)
    if old is None or path.gain > old.gain:
        paths[filled] = path
