"""How words sound, near enough to tell which known phrase was meant by what a recogniser wrote.

Letters are rewritten into a small alphabet of sounds; what is heard alike is cheap to exchange. The rules are those of
English spelling; other alphabets keep their letters and compare as they are written.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

# Costs are whole numbers of hundredths; a full consonant costs 80.
_RULES = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"[^a-z]", ""),
        (r"al(?=m)", "a"),
        (r"tch|sch|ch|sh|ti(?=on)|ci(?=ou|al)|ssi(?=on)", "S"),
        (r"dge?|j|g(?=[eiy])", "J"),
        (r"ph", "f"),
        (r"^s(?=io)", "S"),
        (r"(?<=[aeiou])(?:bh|mh)(?!ouse)", "v"),
        (r"wh", "w"),
        (r"^kn", "n"),
        (r"^wr", "r"),
        (r"gh", ""),
        (r"(?<=[sxcSkpf])ed$", "t"),
        (r"th", "T"),
        (r"ck|q", "k"),
        (r"x", "ks"),
        (r"c(?=[eiy])", "s"),
        (r"c", "k"),
        (r"y", "i"),
        (r"ee|ea|ie|ei", "i"),
        (r"oo|ou|au|aw", "u"),
        (r"ai|oa|ow", "o"),
        (r"(?<=[^aeiou].)e$|(?<=[aeiou][^aeiou])e$", ""),
        (r"(.)\1+", r"\1"),
    )
)
_LIGATURES = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "ł": "l", "đ": "d"})
_VOWELS = "aeiou"
_WEAK = "hwrtd"
_NEAR = ("td", "pb", "kg", "fv", "sz", "SJ", "mn", "lr", "sS", "zJ", "Tt", "Td", "Tf", "Ts", "wl", "wr", "wv")
_VOWEL, _WEAK_COST, _CONSONANT, _ALIKE, _OTHER = 35, 45, 80, 40, 100


@lru_cache(maxsize=8192)
def sounds(word: str) -> str:
    """The sounds of one word, a character each."""
    folded = word.casefold()
    key = unaccented(folded).encode("ascii", "ignore").decode()
    for pattern, sound in _RULES:
        key = pattern.sub(sound, key)
    return key or "".join(letter for letter in folded if letter.isalnum())


def unaccented(text: str) -> str:
    """Latin letters without their marks; other alphabets are left as they are."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", plain).translate(_LIGATURES)


def unlike(one: str, other: str) -> float:
    """How much less than alike two words sound, by their `sounds`: the cost to hear one as the other, over its own."""
    row = [0, *accumulate(map(weight, other))]
    for sound in one:
        before, row = row, [row[0] + weight(sound)]
        for i, instead in enumerate(other):
            row.append(
                min(before[i] + exchange(sound, instead), before[i + 1] + weight(sound), row[i] + weight(instead))
            )
    return row[-1] / max(1, sum(map(weight, other)))


def weight(sound: str) -> int:
    """What it costs to leave a sound out, or to add it."""
    if sound in _VOWELS:
        return _VOWEL
    return _WEAK_COST if sound in _WEAK else _CONSONANT


def exchange(one: str, other: str) -> int:
    """What it costs to hear one sound as another."""
    if one == other:
        return 0
    if one in _VOWELS and other in _VOWELS:
        return _VOWEL
    if one + other in _NEAR or other + one in _NEAR:
        return _ALIKE
    return _OTHER


def exchanges(alphabet: str) -> NDArray[np.int64]:
    """`exchange` of every pair of an alphabet, [n, n]."""
    return np.array([[exchange(one, other) for other in alphabet] for one in alphabet], np.int64).reshape(
        len(alphabet), len(alphabet)
    )
