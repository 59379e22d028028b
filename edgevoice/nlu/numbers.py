"""Numbers in digits and in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hassil.numbers import get_rbnf_engine

_DIGITS = re.compile(r"\d{1,4}")
_NO_WORD = re.compile(r"[^\w' ]+")


def words(digits: str, language: str = "en") -> str:
    """`21` as `twenty one`; the digits where the language's numbers are not known."""
    try:
        return str(get_rbnf_engine(language).format_number(int(digits)).text).replace("-", " ")
    except ValueError:
        return digits


def spell(text: str, language: str = "en") -> str:
    """Lower case, without punctuation, numbers as words: `12-ounce` is `twelve ounce`."""
    plain = _NO_WORD.sub(" ", text.casefold().replace("’", "'"))
    return " ".join(_DIGITS.sub(lambda found: f" {words(found[0], language)} ", plain).split())


_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
]
_ONES += ["seventeen", "eighteen", "nineteen"]
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {word: float(i) for i, word in enumerate(_ONES)} | {word: 10.0 * i for i, word in enumerate(_TENS, 2)}
_SHARES = {
    **dict.fromkeys(("full", "fully", "maximum", "max", "highest", "brightest", "loudest"), 100.0),
    **dict.fromkeys(("minimum", "min", "lowest", "dimmest"), 1.0),
    **dict.fromkeys(("half", "halfway"), 50.0),
    **dict.fromkeys(("quarter", "fourth"), 25.0),
    "third": 33.0,
}
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SIGNS = frozenset({"minus", "negative"})
_NUMERAL = re.compile(r"-?\d{1,15}(?:[.,]\d{1,15})?%?")


def amount(words: Sequence[str], at: int) -> tuple[float, int] | None:
    """The number that begins at a word, and the index of the first word after it: `fifty five percent`, `half`, `20%`."""
    word = words[at]
    if word in _SIGNS and at + 1 < len(words):
        found = amount(words, at + 1) if words[at + 1] not in _SIGNS else None
        return (-found[0], found[1]) if found else None
    found = (_SCALES[word], at + 1) if word in _SCALES else _below_thousand(words, at)
    if found is not None and found[1] < len(words) and words[found[1]] in _SCALES:
        return found[0] * _SCALES[words[found[1]]], found[1] + 1
    if found is not None and word not in _SHARES and list(words[found[1] : found[1] + 3]) == ["and", "a", "half"]:
        return found[0] + 0.5, found[1] + 3
    return found


def _below_thousand(words: Sequence[str], at: int) -> tuple[float, int] | None:
    word = words[at]
    if _NUMERAL.fullmatch(word):
        return float(word.rstrip("%").replace(",", ".")), at + 1
    if word in _SHARES:
        return _SHARES[word], at + 1
    if word not in _SMALL and word != "hundred":
        return None
    value, end = _SMALL.get(word, 100.0), at + 1
    if 20 <= value < 100 and end < len(words) and 0 < _SMALL.get(words[end], 0) < 10:
        value, end = value + _SMALL[words[end]], end + 1
    if word != "hundred" and value < 10 and list(words[end : end + 1]) == ["hundred"]:
        value, end = value * 100, end + 1
    if list(words[at : at + 2]) in (["three", "quarters"], ["three", "quarter"]):
        value, end = 75.0, at + 2
    return value, end
