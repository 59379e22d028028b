"""Free talk: at most two sentences of the language model, each handed on as soon as it is complete.

Small models obey a prompt badly, so what matters is not left to it: what only the internet knows is not asked of the
model at all, and a sentence that claims to have done something is not said.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence

from edgevoice.errors import StageError
from edgevoice.stages import ChatMessage, Llm

MAX_SENTENCES = 2
MAX_TOKENS = 80
MAX_HISTORY = 4
"""Messages of earlier turns that are shown to the model."""

UNKNOWN = "I don't know."
NOTHING_DONE = "I have not changed anything."

_SYSTEM = (
    "You are a voice assistant in a home, without internet. Answer in one or two short, plain sentences. "
    "When you do not know something, say so. You only talk: never say that you have done something."
)
_EXAMPLES = (
    ("why is the sea salty", "Rivers wash salt out of rocks and carry it into the sea, where it stays."),
    ("did my sister call", "I don't know that."),
    ("book a table for two", "I can't do that, I only know this home."),
    ("who wrote hamlet", "William Shakespeare wrote Hamlet."),
)
_ONLINE = (
    ("weather report", r"weather|forecast|(?:will|going to|does) it (?:be |rain|snow)|(?:rain|snow|sunny|cold|warm|hot) (?:outside|today|tomorrow|tonight)"),
    ("news", r"news|headlines?"),
    ("traffic news", r"traffic (?:jam|report|on|to|like)|how(?:'s| is) (?:the )?traffic|commute"),
    ("prices of today", r"(?:stock|share|bitcoin|gold|oil|gas|petrol) (?:price|market|value)s?|exchange rate|dow jones|nasdaq"),
    ("results", r"who won (?:the )?(?:game|match|last)|(?:score|result)s? of (?:the|today|last)"),
)  # fmt: skip
_CLAIM = re.compile(
    r"\bI(?:'ve| have|'ll| will|'m| am|'d)?(?: just| now| already)? (?:turn|switch|dimm?|set|lock|unlock|open|clos|start|stop|"
    r"schedul|book|order|sen[dt]|call|play|paus|remind|add|creat|chang|adjust|mut)(?:ned|ed|d|t|ing|n|e)?\b"
    r"|\b(?:has|have|is|are) (?:now |been )+(?:turned|switched|set|locked|unlocked|opened|closed|started|sent|ordered)\b",
    re.IGNORECASE,
)
_NO_END = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|sr|jr|vs|etc|approx|no|fig|e\.g|i\.e|a\.m|p\.m|u\.s|u\.k)|\b[A-Za-z]|^\s*\d+)\.$",
    re.IGNORECASE,
)
_END = re.compile(r"(?<!\d)[.!?…]+[\"')\]]*(?=\s+\S)|(?<=\d)[.!?…]+[\"')\]]*(?=\s+[^\s\d])|\n+")
_MARKUP = re.compile(r"[*_#`>]+|^\s*(?:[-•]|\d+[.)])\s+")


def prefix() -> tuple[ChatMessage, ...]:
    """What every prompt begins with: worth keeping warm."""
    turns = ((ChatMessage("user", said), ChatMessage("assistant", answer)) for said, answer in _EXAMPLES)
    return (ChatMessage("system", _SYSTEM), *(message for turn in turns for message in turn))


def chat(llm: Llm, text: str, cancel: threading.Event, history: Sequence[ChatMessage] = ()) -> Iterator[str]:
    """The answer to `text`, sentence by sentence, and an empty one with each piece that ends none; nothing once `cancel`
    is set. Raises StageError, but not for a deadline after the first sentence.

    `history` is earlier turns, oldest first.
    """
    if topic := _needs_internet(text):
        yield f"I work offline, so I have no {topic}."
        return
    answer = llm.generate([*prefix(), *history[-MAX_HISTORY:], ChatMessage("user", text)], MAX_TOKENS, cancel)
    said = 0
    for sentence in _in_time(sentences(answer)):
        if cancel.is_set():
            return
        if not sentence:
            yield ""
            continue
        if _CLAIM.search(sentence):
            sentence = NOTHING_DONE
        yield sentence
        said += 1
        if said == MAX_SENTENCES or sentence == NOTHING_DONE:
            return
    if not said and not cancel.is_set():
        yield UNKNOWN


def _in_time(said: Iterator[str]) -> Iterator[str]:
    """What is said until the deadline; that is no error once something was said."""
    any_said = False
    try:
        for sentence in said:
            any_said = any_said or bool(sentence)
            yield sentence
    except StageError as error:
        if error.code != "deadline" or not any_said:
            raise


def sentences(pieces: Iterable[str]) -> Iterator[str]:
    """Whole sentences out of pieces of text, without markup; an empty one for a piece that ends none.

    What is left without an end is given only if it is all.
    """
    rest, begin, count = "", 0, 0
    for piece in pieces:
        rest += piece
        before = count
        while end := _END.search(rest, begin):
            if _NO_END.search(rest[: end.end()]):
                begin = end.end()
                continue
            sentence, rest, begin = _plain(rest[: end.end()]), rest[end.end() :], 0
            if sentence:
                yield sentence
                count += 1
        if count == before:
            yield ""
    last = _plain(rest)
    if last and (not count or last[-1] in ".!?…"):
        yield last


def _plain(text: str) -> str:
    line = " ".join(_MARKUP.sub("", text.strip()).split())
    return re.sub(r"(?<=\d\.) (?=\d)", "", line)  # small models write "1. 4 billion"


def _needs_internet(text: str) -> str:
    """What of today's world the words ask for; empty where it is none of it."""
    return next((topic for topic, words in _ONLINE if re.search(rf"\b(?:{words})\b", text, re.IGNORECASE)), "")
