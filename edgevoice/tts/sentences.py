"""Text as a voice can say it: nothing unspeakable, figures as words, sentences of a bounded length."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping

from edgevoice.tts import english

LONGEST_TEXT = 2000
"""Characters that are spoken of one text; the rest is left out."""
LONGEST_SENTENCE = 250

_UNSPOKEN = re.compile(r"[*_#~`|\\^\[\]{}<>]|[︀-️]")  # markup, and variation selectors of emoji
_SPOKEN_SYMBOLS = frozenset("°+=×÷±$€£¥⁄")
_READ_SYMBOLS = _SPOKEN_SYMBOLS | frozenset("<>≤≥~≈^−₹₩¢")
"""What English has words for, beside figures."""
_SPACED = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅞])|(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))|№|™|(?<=\d)⁻?[⁰¹²³⁴-⁹]+")
_WRITTEN = {"": " ", "\u00a0": "", "\u2009": "", "\u202f": "", "№": "number ", "™": ""}
"""What normalising would make something else of: `1½` would be `11/2`, `5²` 52."""
_ENCLOSING = "\u20e3"  # of a keycap
_CHINESE = re.compile(r"[㐀-鿿]")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[.!?…][\"”’)])\s+|(?<=[。！？])")


def speakable(text: str, is_english: bool = True) -> str:
    """`text` on one line, without control characters, markup and pictures; where it is English, with its numbers, units,
    dates and abbreviations as words. Empty where nothing in it can be said.
    """
    is_english = is_english and not _CHINESE.search(text)
    if is_english:
        text = _SPACED.sub(lambda found: _WRITTEN.get(found[0], "^" + found[0]), text)
    text = unicodedata.normalize("NFKC", text).replace("μ", "µ").replace("′′", "″")
    if is_english:
        text = re.sub(r" +(?=[,.;:!?](?!\S))", "", english.words(_without(text, _READ_SYMBOLS)))
    text = " ".join(_UNSPOKEN.sub(" ", _without(text, _SPOKEN_SYMBOLS)).split())
    return text if any(c.isalnum() for c in text) else ""


def _without(text: str, symbols: frozenset[str]) -> str:
    """Letters, figures, punctuation and these symbols, on one line."""
    kept = (c if c in symbols or (unicodedata.category(c)[0] in "LMNPZ" and c not in _ENCLOSING) else " " for c in text)
    return " ".join("".join(kept).split())


def pronounced(text: str, spoken: Mapping[str, str]) -> str:
    """`text` with whole words written as the voice is to read them, in any case."""
    if not spoken:
        return text
    folded = {written.casefold(): said for written, said in spoken.items()}
    known = "|".join(map(re.escape, sorted(spoken, key=len, reverse=True)))
    return re.sub(rf"(?<!\w)(?:{known})(?!\w)", lambda m: folded[m[0].casefold()], text, flags=re.IGNORECASE)


def split(text: str, is_english: bool = True) -> Iterator[str]:
    """The sentences of `text`, speakable, none longer than LONGEST_SENTENCE characters."""
    for line in text[:LONGEST_TEXT].splitlines():
        for sentence in _SENTENCE_END.split(speakable(line, is_english)):
            yield from textwrap.wrap(sentence, LONGEST_SENTENCE)
