"""What a recogniser or a person writes, in the form the sentence templates are written in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_POLITE_END = re.compile(r"[\s,.!]+(?:please|thanks|thank you)\s*$", re.IGNORECASE)
_SPELLINGS = (
    (re.compile(r"(?<=[\w%])\s*[.!?,;:]+\s*$"), ""),
    (re.compile(r"\bper cent\b", re.IGNORECASE), "percent"),
    (re.compile(r"(?<=\d)\s+%"), "%"),
    (re.compile(r"\bcolour(s?)\b", re.IGNORECASE), r"color\1"),
    (re.compile(r"\bgrey\b", re.IGNORECASE), "gray"),
)


def spoken(text: str, wake_words: Iterable[str] = ()) -> str:
    """The sentence in one line, without a wake word before it, politeness after it and punctuation at its end.

    Wake words may be written as in the settings (`hey_jarvis`). Letters keep their case.
    """
    line = " ".join(unicodedata.normalize("NFKC", text).replace("’", "'").split())
    line = without_wake_word(line, wake_words)
    for pattern, replacement in _SPELLINGS[:1] + ((_POLITE_END, ""),) + _SPELLINGS:
        line = pattern.sub(replacement, line)
    return line.strip(" ,;:-") if re.search(r"\w", line) else ""


def without_wake_word(text: str, wake_words: Iterable[str]) -> str:
    """`text` after a wake word at its start; the whole text where there is none."""
    for word in sorted(wake_words, key=len, reverse=True):
        parts = [re.escape(part) for part in re.split(r"[\s_]+", word) if part]
        if not parts:
            continue
        found = re.match(r"\W*" + r"\W+".join(parts) + r"\b\W*", text, re.IGNORECASE)
        if found:
            return text[found.end() :]
    return text
