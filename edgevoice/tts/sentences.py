"""Text as a voice can say it: nothing unspeakable, units as words, sentences of a bounded length."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterator

LONGEST_TEXT = 2000
"""Characters that are spoken of one text; the rest is left out."""
LONGEST_SENTENCE = 250

_UNITS = {
    "%": "percent",
    "°C": "degree(s) Celsius",
    "°F": "degree(s) Fahrenheit",
    "°": "degree(s)",
    "W": "watt(s)",
    "kW": "kilowatt(s)",
    "Wh": "watt hour(s)",
    "kWh": "kilowatt hour(s)",
    "V": "volt(s)",
    "A": "ampere(s)",
    "lx": "lux",
    "hPa": "hectopascal(s)",
    "ppm": "part(s) per million",
    "dB": "decibel(s)",
    "µg/m3": "microgram(s) per cubic meter",
    "m3": "cubic meter(s)",
    "m/s": "meter(s) per second",
    "km/h": "kilometer(s) per hour",
    "mph": "mile(s) per hour",
    "L": "liter(s)",
    "h": "hour(s)",
    "min": "minute(s)",
    "s": "second(s)",
}
_MEASURE = re.compile(
    r"(?<![\w.,])(\d+(?:[.,]\d+)*)\s?(" + "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True)) + r")(?!\w)"
)
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(\d+),(\d{1,2})(?![\d.,]*\d)")
_GASES = (("PM2.5", "P M 2.5"), ("CO2", "C O 2"))
_UNSPOKEN = re.compile(r"[*_#~`|\\^\[\]{}<>]|[︀-️]")  # markup, and variation selectors of emoji
_SPOKEN_SYMBOLS = frozenset("°+=×÷±$€£¥")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[.!?…][\"”’)])\s+|(?<=[。！？])")


def speakable(text: str) -> str:
    """`text` on one line, without control characters, markup and pictures, with units after numbers as words.

    Empty where nothing in it can be said.
    """
    text = unicodedata.normalize("NFKC", text).replace("μ", "µ")
    text = "".join(c if c in _SPOKEN_SYMBOLS or unicodedata.category(c)[0] in "LMNPZ" else " " for c in text)
    text = _UNSPOKEN.sub(" ", text)
    for written, spoken in _GASES:
        text = text.replace(written, spoken)
    text = _DECIMAL_COMMA.sub(r"\1.\2", text)
    text = " ".join(_MEASURE.sub(_measure, text).split())
    return text if any(c.isalnum() for c in text) else ""


def _measure(match: re.Match[str]) -> str:
    number, unit = match[1], _UNITS[match[2]]
    return f"{number} {unit.replace('(s)', '' if number == '1' else 's')}"


def split(text: str) -> Iterator[str]:
    """The sentences of `text`, speakable, none longer than LONGEST_SENTENCE characters."""
    for line in text[:LONGEST_TEXT].splitlines():
        for sentence in _SENTENCE_END.split(speakable(line)):
            yield from textwrap.wrap(sentence, LONGEST_SENTENCE)
