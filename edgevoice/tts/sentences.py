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
_CHINESE = re.compile(r"[㐀-鿿]")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[.!?…][\"”’)])\s+|(?<=[。！？])")


def speakable(text: str, is_english: bool = True) -> str:
    """`text` on one line, without control characters, markup and pictures; where it is English, with its numbers, units,
    dates and abbreviations as words. Empty where nothing in it can be said.
    """
    text = unicodedata.normalize("NFKC", text).replace("μ", "µ")
    text = "".join(c if c in _SPOKEN_SYMBOLS or unicodedata.category(c)[0] in "LMNPZ" else " " for c in text)
    text = " ".join(text.split())
    if is_english and not _CHINESE.search(text):
        text = english.words(text)
    text = " ".join(_UNSPOKEN.sub(" ", text).split())
    return text if any(c.isalnum() for c in text) else ""


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
