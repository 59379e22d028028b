"""Sums that are spoken: `what is 15 percent of 80`, `two plus three times four`. Exact fractions, a parser of our own.

sum     = product { ("plus" | "minus") product }
product = power { ("times" | "divided by") power }
power   = share [ "squared" | "cubed" | "to the power of" power ]
share   = "the square root of" power | number ["percent"] ["of" power] | "(" sum ")"
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction

from edgevoice.home.model import Home
from edgevoice.messages import Intent
from edgevoice.skills.asks import numerals, wording
from edgevoice.skills.asks.wording import Answer, Moment

_ASKING = re.compile(r"^(?:what (?:is|are|does)|how much (?:is|are)|calculate|compute|work out|solve|and)\b")
_ENDING = re.compile(r"\b(?:equal|equals|make|makes|come to|=)$")
_TOKEN = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?|[a-z]+|[-+*/^()%×÷]")
_SIGNS = {
    "plus": "+", "add": "+", "added": "+", "minus": "-", "less": "-", "times": "*", "x": "*", "×": "*",
    "multiplied": "*", "divided": "/", "over": "/", "÷": "/", "percent": "%", "per": "%", "power": "^",
}  # fmt: skip
_SILENT = frozenset({"the", "by", "to", "cent"})
_LARGEST_EXPONENT = 64
_LARGEST = 10**30


class _Undone(Exception):
    """The words are no sum."""


def answer(home: Home, text: str, moment: Moment, mic_area: str | None = None) -> Answer | None:
    """`text` is plain."""
    said = _ENDING.sub("", _ASKING.sub("", text).strip()).strip()
    if not said or len(said) > 120:
        return None
    tokens = _TOKEN.findall(re.sub(r"(?<=[a-z])-(?=[a-z])", " ", said))
    if "".join(tokens) != re.sub(r"[\s]|(?<=[a-z])-(?=[a-z])", "", said):
        return None
    intent = Intent("Calculate", {"sum": said}, source="question")
    try:
        value, is_sum = _Parser(tokens).whole()
    except _Undone:
        return None
    except ZeroDivisionError:
        return Answer(intent, "Nothing can be divided by zero.")
    except OverflowError:
        return Answer(intent, "That number is too large for me.")
    if not is_sum:
        return None
    return Answer(intent, wording.capital(f"{numerals.say(value)}."))


class _Parser:
    """One pass over the tokens; `at` is where it stands."""

    def __init__(self, tokens: Sequence[str]) -> None:
        words = [_SIGNS.get(token, token) for token in tokens]
        self._words = [word for word in words if word not in _SILENT]
        self._at = self._signs = self._depth = 0

    def whole(self) -> tuple[Fraction, bool]:
        """The value, and whether anything was to be worked out. Raises _Undone for what is no sum."""
        value = self._sum()
        if self._at != len(self._words):
            raise _Undone
        return value, self._signs > 0

    def _take(self, *signs: str) -> str:
        word = self._words[self._at] if self._at < len(self._words) else ""
        if word not in signs:
            return ""
        self._at += 1
        return word

    def _sum(self) -> Fraction:
        value = self._product()
        while sign := self._take("+", "-"):
            self._signs += 1
            other = self._product()
            value = _bounded(value + other if sign == "+" else value - other)
        return value

    def _product(self) -> Fraction:
        value = self._power()
        while sign := self._take("*", "/"):
            self._signs += 1
            other = self._power()
            value = _bounded(value * other if sign == "*" else value / other)
        return value

    def _power(self) -> Fraction:
        value = self._share()
        while sign := self._take("squared", "cubed", "^"):
            self._signs += 1
            if sign == "^":
                self._take("of")
            exponent = {"squared": Fraction(2), "cubed": Fraction(3)}.get(sign) or self._share()
            if exponent.denominator != 1:
                raise _Undone
            if abs(exponent) > _LARGEST_EXPONENT:
                raise OverflowError
            value = _bounded(value ** int(exponent))
        return value

    def _share(self) -> Fraction:
        if self._take("("):
            return self._inside()
        if self._take("square"):
            if not (self._take("root") and self._take("of")):
                raise _Undone
            self._signs += 1
            return _root(self._power())
        if self._take("-"):
            return -self._share()
        found = numerals.read(self._words, self._at)
        if found is None:
            raise _Undone
        value, self._at = found
        is_part = value.denominator != 1 and value < 1
        if self._take("%"):
            value, is_part = value / 100, True
        if is_part and self._take("of"):
            self._signs += 1
            value = _bounded(value * self._power())
        return value

    def _inside(self) -> Fraction:
        self._depth += 1
        if self._depth > 8:
            raise _Undone
        value = self._sum()
        if not self._take(")"):
            raise _Undone
        self._depth -= 1
        return value


def _bounded(value: Fraction) -> Fraction:
    if abs(value) > _LARGEST or value.denominator > _LARGEST:
        raise OverflowError
    return value


def _root(value: Fraction) -> Fraction:
    """Exact for squares, else to twelve decimals."""
    if value < 0:
        raise _Undone
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    return Fraction(math.isqrt(int(value * 10**24)), 10**12)
