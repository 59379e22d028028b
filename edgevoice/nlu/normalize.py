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
_HESITATIONS = (
    r"(?:(?:hey|hi|hello)(?! there\W*$)(?: there)?|oh(?! no\b)|ah|aha|u+m+|u+h+m?|e+r+m?|h+m+|m+|well(?! done)|okay|ok|alright|all right|cool(?=,)|great(?=,)|"
    r"right(?=,| (?:so|then|now|okay)\b)|perfect(?=,)|thanks(?=,)|(?:so|now|then)(?=,))\b[\s,.!…-]*"
)
_OPENING = re.compile(rf"\W*(?:{_HESITATIONS})+(?=\w)", re.IGNORECASE)
VERBS = (
    r"(?:add|activate|adjust|arm|brighten|bring|cancel|carry|change|clean|clear|close|continue|cool|crank|cut|darken|decrease|delete|dim|"
    r"disarm|dock|drop|end|extend|forget|get|give|go|heat|hoover|increase|keep|kill|leave|lift|list|lock|lower|make|move|mute|never|open|"
    r"pause|play|pull|put|raise|read|reduce|remind|remove|repeat|reset|resume|return|run|say|send|set|show|shut|skip|start|stop|"
    r"switch|take|tell|turn|undo|unlock|unmute|unpause|vacuum|warm|what(?:'s)?|who(?:'s)?|where(?:'s)?|when(?:'s)?|how(?:'s)?|which|"
    r"is|are|did|does|do|has)"
)
"""What a command or a question begins with."""
_REMARK = r"(?:that|it)(?:'s| is) (?:\w+ ){0,2}?(?:much|enough|loud|quiet|bright|dark|cold|hot|warm|fine|good|great|better|perfect|late)|forget (?:it|that)|never ?mind"
_REQUEST = re.compile(
    rf"(?:(?:{_REMARK}|please|just|quickly|kindly|maybe|actually|wait|hang on|hold on|sorry|so|now|then|"
    r"(?:can|could|would|will) (?:you|we)|you (?:can|may|should)|i(?:'d| would) like you to|i (?:want|need) you to|do me a favou?r and|go ahead and)[\s,]+)+"
    rf"(?={VERBS}\b)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?<=\w)[\s,.!]+(?:please|thanks|thank you|cheers|(?:would|will|could|can) you(?: please)?|for me|"
    r"if you (?:can|could|would|don't mind)|(?<!all )right|okay|ok|mate|real quick|when you can|(?<!now and )then)[\s?.!]*$",
    re.IGNORECASE,
)
_LONGEST = 300
"""Characters; what is longer was not said to an appliance."""


def core(text: str) -> str:
    """An English sentence without what is said before and after it out of hesitation and politeness.

    One that is nothing else stays as it is. What corrects ("no", "only") belongs to the sentence.
    """
    if len(text) > _LONGEST:
        return text
    line = re.sub(
        r"\b(how(?: long)?|where|who|when)'s\b", r"\1 is", text.replace("’", "'").strip(), flags=re.IGNORECASE
    )
    before = ""
    while line != before:
        before = line
        for pattern in (_OPENING, _REQUEST, _CLOSING):
            found = pattern.match(line) if pattern is not _CLOSING else pattern.search(line)
            if found:
                line = line[: found.start()] + line[found.end() :]
    return (
        line
        if re.search(r"\w", re.sub(rf"(?:{_HESITATIONS})+|please|thanks|then", "", line, flags=re.IGNORECASE))
        else text
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
