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
OFFLINE = "I work offline, so I do not know how things stand there."
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
    ("weather report", r"weather|forecast|umbrella|raincoat|(?:will|going to|does|is) it (?:going to )?(?:be |rain|snow)|(?:rain|snow|sunny|windy|cold|warm|hot) (?:outside|today|tomorrow|tonight)"),
    ("news", r"news|headlines?"),
    ("traffic news", r"traffic (?:jam|report|on|to|like)|how(?:'s| is) (?:the )?traffic|commute"),
    ("prices of today", r"(?:stock|share|bitcoin|gold|oil|gas|petrol) (?:price|market|value)s?|exchange rate|dow jones|nasdaq|how much (?:is|are|do|does|would) .*\b(?:costs?|price|buy|pay)|(?:price|cost) of"),
    ("results", r"who won (?:the )?(?:game|match|last)|(?:score|result)s? of (?:the|today|last)|lottery|lotto"),
    ("timetables", r"(?:when|what time|how late) (?:is|are|do|does|will) .*\b(?:open|close|leave|depart|arrive|start|come|land)s?|opening hours|is (?:the|any) \w+.* (?:open|closed)|timetable|when (?:is|are|does|do|will) the next"),
    ("telephone book", r"(?:phone|telephone) number|address of"),
    ("map of what is around", r"near(?:by| me| here)|around here|in this town|closest|nearest"),
    ("programme", r"(?:on|in) (?:the )?(?:tv|television|cinema|cinemas|theat(?:er|re)s?)"),
    ("clock of other places", r"(?:what(?:'s| is)|tell me) the time in|what time is it in"),
)  # fmt: skip
_ASKS = r"^\W*(?:(?:and|so|well|but|please|can you|could you|tell me|do you know) )*"
_PRESENT = re.compile(
    rf"{_ASKS}(?:who|what|when|where|which|how|is|are|was|were|did|do|does|has|have|will)\b.*"
    r"\b(?:now|at the moment|these days|today|tonight|tomorrow|yesterday|(?:this|last|next) (?:morning|afternoon|evening|night|"
    r"week|weekend|month|year|season|summer|winter)|the weekend|the current|currently|the latest|the newest|recently|lately)\b"
    rf"|{_ASKS}who(?:'s| is) the (?:president|prime minister|king|queen|pope|chancellor|mayor|governor|leader|boss|head|"
    r"ceo|\w+est|(?:world )?champion|best)\b"
    rf"|{_ASKS}(?:is there (?:any|a|an|some)|are there any|what(?:'s| is) (?:in|for|on|under|inside|behind) |how(?:'s| is| are) (?:the|it|things)|"
    r"how much is (?:a|an|the|one))\b",
    re.IGNORECASE,
)
"""Questions about how things stand, which a model knows from years ago at best."""
_PERSONAL = re.compile(
    rf"{_ASKS}(?:who|what|when|where|which|whose|did|have|has|was|were|is|are|am|do|does|how (?:old|many|much|long|tall|often))\b"
    r"(?!.*\b(?:should|can|could|would|might)\b).*\b(?:i|i'm|my|mine|we|our|me|us)\b",
    re.IGNORECASE,
)
"""Questions about those who ask; nobody has told a model."""
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
_CLAUSE = re.compile(r"\s*\S.{23,}?[,;:—](?=\s.{24})", re.DOTALL)
"""A clause that is worth being said alone, with some of what follows: a short sentence is not parted."""
_CLAUSE_END = re.compile(r"[,;:—]$")
_MARKUP = re.compile(r"[*_#`>]+|^\s*(?:[-•]|\d+[.)])\s+")


def prefix() -> tuple[ChatMessage, ...]:
    """What every prompt begins with: worth keeping warm."""
    turns = ((ChatMessage("user", said), ChatMessage("assistant", answer)) for said, answer in _EXAMPLES)
    return (ChatMessage("system", _SYSTEM), *(message for turn in turns for message in turn))


def chat(
    llm: Llm, text: str, cancel: threading.Event, history: Sequence[ChatMessage] = (), most: int = MAX_SENTENCES
) -> Iterator[str]:
    """The answer to `text`, at most `most` sentences, one by one, and an empty one with each piece that ends none; a long
    first one comes in two parts. Nothing once `cancel` is set. Raises StageError, but not for a deadline after the first.

    `history` is earlier turns, oldest first.
    """
    if refusal := _unknowable(text):
        yield refusal
        return
    answer = llm.generate([*prefix(), *history[-MAX_HISTORY:], ChatMessage("user", text)], MAX_TOKENS, cancel)
    said, begun = 0, ""
    for sentence in _in_time(sentences(answer)):
        if cancel.is_set():
            return
        if not sentence:
            yield ""
            continue
        if _CLAIM.search(f"{begun} {sentence}"):
            sentence = NOTHING_DONE
        yield sentence
        begun = sentence if _CLAUSE_END.search(sentence) else ""
        said += not begun
        if said == most or sentence == NOTHING_DONE:
            return
    if not said and not begun and not cancel.is_set():
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
    """Whole sentences out of pieces of text, without markup; an empty one for a piece that ends none. Of a first one that
    grows long its first clause is given as soon as that has ended, so that the voice can begin.

    What is left without an end is given only if it is all.
    """
    rest, begin, count, is_begun = "", 0, 0, False
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
        if not count and not is_begun and (clause := _CLAUSE.match(rest)):
            is_begun, begin = True, 0
            rest = rest[clause.end() :]
            yield _plain(clause[0])
        elif count == before:
            yield ""
    last = _plain(rest)
    if last and (not count or last[-1] in ".!?…"):
        yield last


def _plain(text: str) -> str:
    line = " ".join(_MARKUP.sub("", text.strip()).split())
    return re.sub(r"(?<=\d\.) (?=\d)", "", line)  # small models write "1. 4 billion"


def _unknowable(text: str) -> str:
    """What is said where the words ask for what no model can know; empty where they do not."""
    if topic := next((topic for topic, words in _ONLINE if re.search(rf"\b(?:{words})\b", text, re.IGNORECASE)), ""):
        return f"I work offline, so I have no {topic}."
    if _PERSONAL.search(text):
        return UNKNOWN
    return OFFLINE if _PRESENT.search(text) else ""
