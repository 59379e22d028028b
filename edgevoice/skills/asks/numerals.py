"""Spoken numbers, exactly: `one hundred and twenty five`, `two point five`, `two and a half`, `three quarters`, `1,200`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SMALL = {word: value for value, word in enumerate(_ONES + _TEENS)}
SMALL |= {word: 10 * value for value, word in enumerate(_TENS, 2)} | {"dozen": 12}
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "eighth": 8,
    "tenth": 10,
}
_DIGITS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,15}(?:\.\d{1,15})?")
_ORDINAL = re.compile(r"(\d{1,3})(?:st|nd|rd|th)")
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12}
_ORDINALS |= {f"{word}th": value for word, value in SMALL.items() if f"{word}th" not in ("fiveth", "eightth")}
_ORDINALS |= {f"{word[:-1]}ieth": 10 * value for value, word in enumerate(_TENS, 2)}


def read(words: Sequence[str], at: int = 0) -> tuple[Fraction, int] | None:
    """The number that begins at a word, and the index after it; None where none begins there."""
    if at < len(words) and words[at] in ("minus", "negative"):
        found = read(words, at + 1)
        return (-found[0], found[1]) if found and found[0] > 0 else None
    whole = _whole(words, at)
    if whole is None:
        return _part(words, at)
    value, at = whole
    if at + 1 < len(words) and words[at] == "point":
        digits = ""
        at += 1
        while at < len(words) and (words[at] in _ONES[:10] or words[at].isdecimal()):
            digits += str(SMALL.get(words[at], words[at]))
            at += 1
        return (value + Fraction(int(digits[:15]), 10 ** len(digits[:15])), at) if digits else None
    if (
        at < len(words)
        and words[at].rstrip("s") in _PARTS
        and words[at] != "half"
        and 0 < value < 20
        and value.denominator == 1
    ):
        return value / _PARTS[words[at].rstrip("s")], at + 1
    if at + 1 < len(words) and words[at] == "and" and (part := _part(words, at + 1)) is not None:
        return value + part[0], part[1]
    return value, at


def ordinal(words: Sequence[str], at: int) -> tuple[int, int] | None:
    """The ordinal that begins at a word, `3rd` or `twenty first`, and the index after it."""
    if at >= len(words):
        return None
    written = _ORDINAL.fullmatch(words[at])
    if written:
        return int(written[1]), at + 1
    if words[at] in _ORDINALS:
        return _ORDINALS[words[at]], at + 1
    tens, ones = SMALL.get(words[at], 0), _ORDINALS.get(words[at + 1], 0) if at + 1 < len(words) else 0
    return (tens + ones, at + 2) if tens in (20, 30) and 0 < ones < 10 else None


def say(value: Fraction, places: int = 4) -> str:
    """As people write it, with at most so many decimals; `about` before what is not exact."""
    rounded = round(value, places)
    text = f"{float(abs(rounded)):.{places}f}".rstrip("0").rstrip(".") if rounded.denominator > 1 else _grouped(rounded)
    sign = "minus " if rounded < 0 else ""
    return f"{'' if rounded == value else 'about '}{sign}{text}"


def _grouped(value: Fraction) -> str:
    whole = abs(value.numerator)
    return f"{whole:,}" if whole >= 10_000 else str(whole)


def _whole(words: Sequence[str], at: int) -> tuple[Fraction, int] | None:
    total = current = Fraction(0)
    begin = at
    while at < len(words):
        word = words[at]
        if _DIGITS.fullmatch(word) and at == begin:
            current = Fraction(word.replace(",", ""))
        elif word in SMALL and _fits(current, SMALL[word], at == begin):
            current = current * 12 if word == "dozen" and current else current + SMALL[word]
        elif word == "hundred" and 0 < current < 100:
            current *= 100
        elif word in _LARGE and current:
            total, current = total + current * _LARGE[word], Fraction(0)
        elif word == "a" and at == begin and at + 1 < len(words) and words[at + 1] in ("hundred", "dozen", *_LARGE):
            current = Fraction(1)
        elif word == "and" and at > begin and words[at - 1] in ("hundred", "thousand") and at + 1 < len(words):
            if words[at + 1] not in SMALL:
                break
        else:
            break
        at += 1
    return (total + current, at) if at > begin else None


def _fits(current: Fraction, small: int, is_first: bool) -> bool:
    """`forty two` and `hundred five` go on; `five three` are two numbers."""
    if is_first or (small == 12 and 0 < current < 12):
        return True
    if current.denominator != 1:
        return False
    held = int(current)
    return held % 100 == 0 or (small < 10 and held % 100 >= 20 and held % 10 == 0 and small > 0)


def _part(words: Sequence[str], at: int) -> tuple[Fraction, int] | None:
    """`half`, `a quarter`, `one third`; `half a` stands before what it is half of."""
    if at < len(words) and words[at] in ("a", "an", "one"):
        at += 1
    elif at >= len(words) or words[at] != "half":
        return None
    if at < len(words) and words[at] in _PARTS:
        value = Fraction(1, _PARTS[words[at]])
        at += 1
        if at < len(words) and words[at] in ("a", "an"):
            at += 1
        return value, at
    return None
