"""Finds known phrases in words that were heard roughly, wherever the recogniser put the spaces.

The sounds of every phrase are aligned with every stretch of what was heard (approximate string matching with weighted
costs); then the set of stretches that do not overlap and explain most is chosen, each slot filled at most once. The
domain's other words take part as well, so the share of a sentence that is explained says how surely it belongs here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgevoice.nlu.numbers import spell
from edgevoice.nlu.sounds import exchanges, sounds, weight

_WORTH = 0.35
"""A phrase earns this share of its own weight, less what the alignment costs,"""
_COVER = 0.3
"""and this share of the weight of what it explains, but for words that the domain's sentences explain already."""
_NEEDED = 60
"""What a phrase of a slot that cannot be missing earns beside, in hundredths."""
_INSIDE = 50
"""Cost, in hundredths, of a phrase that begins or ends inside a word."""
_ALIKE = 0.7
"""Similarity from which a stretch is taken for a slot's phrase, unless the domain is closed."""
_LONGEST = 240
"""Sounds looked at; nobody says more in one command."""
_STARTS = 1024  # above any start index: alignments are kept as cost * _STARTS + start


@dataclass(frozen=True, slots=True)
class Phrase:
    """`said` means `value` of `slot`."""

    slot: str
    value: str
    said: str


@dataclass(frozen=True, slots=True)
class Finding:
    """`explained` is the share of what was said that phrases and the domain's words account for, 0..1."""

    slots: Mapping[str, str]
    explained: float
    leftover: str


@dataclass(frozen=True, slots=True)
class _Heard:
    """The sounds of a sentence; `word[i]` is the index of the word that sound i is of.

    `plain` are the indices of the words that are the domain's own.
    """

    words: tuple[str, ...]
    sounds: str
    word: tuple[int, ...]
    plain: frozenset[int]

    def begins(self, i: int) -> bool:
        return i == 0 or i >= len(self.word) or self.word[i] != self.word[i - 1]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Sounds `begin` to `end` may be `phrase`; `cost` and `gain` in hundredths."""

    begin: int
    end: int
    phrase: Phrase
    cost: int
    gain: float


@dataclass(frozen=True, slots=True)
class _Path:
    """The best reading so far that fills one set of slots."""

    gain: float = 0.0
    last: _Stretch | None = None
    before: _Path | None = None

    def stretches(self) -> list[_Stretch]:
        path: _Path | None = self
        found = []
        while path is not None:
            if path.last is not None:
                found.append(path.last)
            path = path.before
        return found[::-1]


class Finder:
    """Looks for `phrases`; `words` are the other words of the domain's sentences."""

    def __init__(self, phrases: Sequence[Phrase], words: Iterable[str]) -> None:
        self._vocabulary = frozenset(words)
        keyed = [(phrase, key) for phrase in phrases if (key := _key(phrase.said))]
        self._phrases = tuple(phrase for phrase, _ in keyed)
        self._alphabet = "".join(sorted({sound for _, key in keyed for sound in key}))
        self._lengths = np.array([len(key) for _, key in keyed], np.int64)
        width = int(self._lengths.max(initial=0))
        self._letters = np.zeros((len(keyed), width), np.int64)
        self._dropping = np.zeros((len(keyed), width + 1), np.int64)  # cost of leaving out the first j sounds
        for row, (_, key) in enumerate(keyed):
            self._letters[row, : len(key)] = [self._alphabet.index(sound) for sound in key]
            self._dropping[row, 1:] = np.cumsum([*map(weight, key), *[0] * (width - len(key))])

    def find(self, text: str, needed: Collection[str] = (), closed: bool = False) -> Finding:
        """The slots in `text`.

        `closed`: nothing else can have been said, so a poor likeness will do, most of all for the slots in `needed`.
        """
        heard = _heard(text, self._vocabulary)
        stretches = self._stretches(heard, needed if closed else (), 0.0 if closed else _ALIKE) if self._phrases else []
        return _finding(heard, _best(heard, stretches).stretches())

    def _stretches(self, heard: _Heard, needed: Collection[str], alike: float) -> list[_Stretch]:
        """The best phrase of each slot for each stretch."""
        ends = self._alignments(heard)
        total = self._dropping[:, -1]
        extra = np.array([_NEEDED if phrase.slot in needed else 0 for phrase in self._phrases])
        news = np.cumsum([0, *(0 if heard.word[i] in heard.plain else weight(s) for i, s in enumerate(heard.sounds))])
        best: dict[tuple[str, int, int], _Stretch] = {}
        for end in range(1, len(heard.sounds) + 1):
            costs, starts = ends[end - 1] // _STARTS, ends[end - 1] % _STARTS
            costs = costs + (0 if heard.begins(end) else _INSIDE)
            gains = _WORTH * total + _COVER * (news[end] - news[starts]) + extra - costs
            for row in np.nonzero((gains > 0) & (costs <= (1 - alike) * total) & (starts < end))[0]:
                phrase, gain = self._phrases[row], float(gains[row])
                key = (phrase.slot, int(starts[row]), end)
                if key not in best or gain > best[key].gain:
                    best[key] = _Stretch(*key[1:], phrase, int(costs[row]), gain)
        return list(best.values())

    def _alignments(self, heard: _Heard) -> NDArray[np.int64]:
        """[sounds, phrases]: the least cost of each phrase that ends there, and where it then begins."""
        known = exchanges(self._alphabet)
        width = self._letters.shape[1]
        dropping = self._dropping * _STARTS
        row = dropping + 0  # nothing heard yet
        ends = np.empty((len(heard.sounds), len(self._phrases)), np.int64)
        at = np.arange(len(self._phrases))
        for i, sound in enumerate(heard.sounds):
            place = self._alphabet.find(sound)
            heard_as = known[:, place] if place >= 0 else np.full(len(self._alphabet), 100, np.int64)
            following = np.empty_like(row)
            following[:, 0] = (0 if heard.begins(i + 1) else _INSIDE) * _STARTS + i + 1
            changed = row[:, :width] + heard_as[self._letters] * _STARTS
            following[:, 1:] = np.minimum(changed, row[:, 1:] + weight(sound) * _STARTS)
            row = np.minimum.accumulate(following - dropping, axis=1) + dropping
            ends[i] = row[at, self._lengths]
        return ends


def _best(heard: _Heard, stretches: Sequence[_Stretch]) -> _Path:
    """The reading that gains most. `paths[i]`: of the first i sounds, the best for each set of filled slots."""
    ending: dict[int, list[_Stretch]] = {}
    for stretch in stretches:
        ending.setdefault(stretch.end, []).append(stretch)
    paths: list[dict[frozenset[str], _Path]] = [{frozenset(): _Path()}]
    for i in range(1, len(heard.sounds) + 1):
        here = dict(paths[-1])
        for stretch in ending.get(i, ()):
            slot = stretch.phrase.slot
            for filled, path in paths[stretch.begin].items():
                if slot in filled:
                    continue
                now = filled | {slot}
                old = here.get(now)
                if old is None or path.gain + stretch.gain > old.gain:
                    here[now] = _Path(path.gain + stretch.gain, stretch, path)
        paths.append(here)
    return max(paths[-1].values(), key=lambda path: path.gain)


def _finding(heard: _Heard, stretches: Sequence[_Stretch]) -> Finding:
    weights = [weight(sound) for sound in heard.sounds]
    covered = {i for stretch in stretches for i in range(stretch.begin, stretch.end)}
    known = covered | {i for i, word in enumerate(heard.word) if word in heard.plain}
    explained = sum(weights[i] for i in known) - sum(stretch.cost for stretch in stretches)
    used = {heard.word[i] for i in known}
    return Finding(
        {stretch.phrase.slot: stretch.phrase.value for stretch in stretches},
        max(0.0, explained / sum(weights)) if weights else 0.0,
        " ".join(word for i, word in enumerate(heard.words) if i not in used),
    )


def _heard(text: str, vocabulary: frozenset[str]) -> _Heard:
    words = tuple(spell(text).split())
    each = [(i, sound) for i, word in enumerate(words) for sound in sounds(word)][:_LONGEST]
    plain = frozenset(i for i, word in enumerate(words) if word in vocabulary)
    return _Heard(words, "".join(sound for _, sound in each), tuple(i for i, _ in each), plain)


def _key(text: str) -> str:
    return "".join(sounds(word) for word in spell(text).split())
