"""What is said of timers: started, asked about, made longer, held and stopped, by name, by length, or as "it". English only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from edgevoice.messages import Intent, Value
from edgevoice.nlu.normalize import VERBS
from edgevoice.nlu.numbers import amount
from edgevoice.skills.asks import wording

_UNITS = {
    "hour": 3600.0,
    "hours": 3600.0,
    "minute": 60.0,
    "minutes": 60.0,
    "min": 60.0,
    "mins": 60.0,
    "second": 1.0,
    "seconds": 1.0,
}
_SPAN = "<span>"
_START = (
    r"(?:please )?(?:(?:set|start|make|create|begin|add|put on|give me|give us|get me|run|do|i need|i want|we need|let us have|i would like)(?: me| us| up)? )?"
    r"(?:(?:a|an|another|one|the|one more|new|my) )*"
)
_STARTS = tuple(
    map(
        re.compile,
        (
            rf"{_START}<span> (?:long )?(?:timer|countdown|alarm)(?: (?:for|called|named|to) (?:the |my |some |an? )?(?P<name>.+))?",
            rf"{_START}(?:timer|countdown) (?:for|of) <span>(?: (?:for|called|named|to) (?:the |my |some |an? )?(?P<name>.+))?",
            rf"{_START}(?:timer|countdown) (?:for|called|named) (?:the |my |some |an? )?(?P<name>.+?) (?:(?:for|of|at|to|with) )?<span>",
            rf"{_START}(?P<name>(?!timer)[\w' -]+?) timer (?:for|of|to|with) <span>",
            rf"{_START}<span> (?P<name>(?!timer)[\w' -]+?) timer",
            r"time (?:the |my )?(?P<name>.+?) for <span>",
            rf"{_START}(?:timer|countdown) <span>",
        ),
    )
)
_BARE_START = re.compile(
    r"(?:set|start|make|create|i need|i want|give me|put on)(?: me)? (?:a|an|another|the) (?:new )?(?:(?P<name>[\w' -]+?) )?timer(?: for (?:the |my )?(?P<later>.+))?"
)
_ANOTHER = re.compile(
    r"(?:set |start )?(?:and |also )*(?:another|one more|a new|a second|one)(?: one)?(?: (?:for|called) (?:the |my )?(?P<first>(?!<).+?))?(?: (?:for|of))? <span>(?: (?:for|called) (?:the )?(?P<name>.+))?"
)
_SPAN_ONE = re.compile(
    r"(?:set |start )?(?:and )?(?:(?:a|an|another) <span> one|<span>(?= for ))(?: (?:for|called) (?:the |my )?(?P<name>.+))?"
)
_T = r"(?P<what>it|that|that one|this|(?:(?:the|my|that|this|our) )?(?:[\w' <>-]+? )?(?:timer|one|countdown))"
_SHORT_FOR = re.compile(r".*\b(?:timer|another|one) (?:for|of) (?P<count>[a-z-]+(?: [a-z-]+)?|\d+)")
_TWO = re.compile(rf"\b(?:and|then) (?!give|add|make)(?:cancel|{VERBS})\b")
"""Two commands, of which one is about something else."""
_BARE_LENGTH = re.compile(r"(?:make|set) (?:it|that) (?:to |for )?(?P<count>[a-z -]+|\d+)(?: instead| rather)?")
_DEEDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("HassCancelAllTimers", r"(?:cancel|stop|delete|remove|clear|end|kill|turn off)(?: all| both)(?: of)?(?: the| my| our)?(?: timers?|of them|them)?"),
        ("HassCancelAllTimers", r"(?:cancel|stop|delete|remove|clear|end|kill|turn off)(?: the| my| our)? timers"),
        ("HassIncreaseTimer", rf"(?:add|give|put)(?: (?:it|me|us))?(?: another)? <span>(?: more)?(?: (?:to|on|onto|for) {_T})?"),
        ("HassIncreaseTimer", rf"give {_T}(?: another)? <span>(?: more| longer)?"),
        ("HassIncreaseTimer", rf"(?:make|extend|let) {_T}(?: by| go| run)?(?: for)?(?: another)? <span>(?: longer| more)?"),
        ("HassIncreaseTimer", r"(?:and )?(?:another )?<span> (?:longer|more)"),
        ("HassDecreaseTimer", rf"(?:take|remove|subtract|knock|cut)(?: off)? <span>(?: (?:off|from|of)(?: of)? {_T})?"),
        ("HassDecreaseTimer", rf"(?:make|shorten|reduce|cut) {_T}(?: by)? <span>(?: shorter| less)?"),
        ("HassDecreaseTimer", r"<span> (?:shorter|less)"),
        ("HassUnpauseTimer", rf"(?:resume|unpause|continue|restart|carry on with|start) {_T}(?: again)?"),
        ("HassUnpauseTimer", r"(?:resume|unpause|continue|carry on|go on|keep going|let it run)(?: again)?"),
        ("HassPauseTimer", rf"(?:pause|hold|freeze|halt) {_T}"),
        ("HassCancelTimer", rf"(?:cancel|stop|delete|remove|clear|end|kill|turn off|forget|drop) {_T}"),
        ("HassTimerStatus", rf"(?:how long|how much time|how much longer|what)(?: is| are| do i have| have i got| does it have| has it got)?(?: there)?(?: (?:left|still|remaining|to go|more))*(?: (?:on|for|of|until|with) {_T}(?: is done| has)?)?(?: (?:left|remaining|to go|now|take|have|got))*"),
        ("HassTimerStatus", rf"(?:how long|how much (?:time|longer)) (?:does|has|will) {_T}(?: still)?(?: have| got| take| need)?(?: left| to go| remaining)?"),
        ("HassTimerStatus", rf"(?:and )?(?:what|how) about {_T}"),
        ("HassTimerStatus", r"(?:is|are) there (?:still )?(?:any|one|some)(?: timers?)?(?: still)? (?:running|left|going|on)"),
        ("HassTimerStatus", rf"(?:is|are) {_T} (?:still )?(?:running|on|going|paused|active)"),
        ("HassTimerStatus", rf"when (?:is|does|will) {_T} (?:done|over|up|finish|end|ring|go off|finished|be done)"),
        ("HassTimerStatus", r"(?:what|which|how many)(?: other)? timers?(?: (?:are|is|do i have|have i))?(?: there)?(?: (?:running|set|on|active|going|left|got))*"),
        ("HassTimerStatus", r"(?:do i have|are there|have i got|is there)(?: any| a| some)? timers?(?: (?:running|set|on|active|going|left|still))*"),
        ("HassTimerStatus", r"how (?:are|is) (?:the|my|our) timers?(?: doing| going| coming along)?"),
        ("HassTimerStatus", r"(?:list|show)(?: me)?(?: all)?(?: the| my)? timers"),
    )
)  # fmt: skip
RETIME = "Retime"
"""The intent that gives a timer another length."""
_RETIMED = re.compile(
    r"(?:rather |sorry |wait )*(?:(?:make|set) (?:that|it) (?:to |for |in )?<span>|in <span>|<span>)(?: instead| rather| from now)?"
)
IT = "it"
"""The response of an intent that does not say which timer."""
_NO_NAMES = frozenset({"", "the", "my", "a", "that", "this", "one", "it", "new", "last", "our"})
_PRONOUNS = frozenset({"it", "that", "that one", "this"})


def read(text: str, names: Sequence[str], is_about_timers: bool, unit: str = "") -> Intent | None:
    """The timer intent in `text`; None where it is about none.

    `names` are those of the timers that run, and `is_about_timers`: one of them was spoken of last, in hours or minutes
    if there is a `unit`.
    """
    plain = re.sub(r"^(?:no|and|also|then|actually|now|okay) (?:now )?", "", wording.plain(text))
    plain = re.sub(r"^(?:and|also) ", "", plain)
    if unit and (bare := _BARE_LENGTH.fullmatch(plain)) and _is_number(bare["count"]):
        plain = f"{plain[: bare.end('count')]} {unit}"
    if unit and (short := _SHORT_FOR.fullmatch(plain)) and _is_number(short["count"]):
        plain = f"{plain} {unit}"
    if _TWO.search(plain):
        return None
    line, seconds = _spanned(plain)
    if seconds and (started := next((found for one in _STARTS if (found := one.fullmatch(line))), None)):
        name = started.groupdict().get("name")
        if name and "timer" in name.split():
            return None  # "set a timer to set a timer"
        return _intent("HassStartTimer", text, {**_length(seconds), **_called(name)})
    if seconds and is_about_timers and (found := _ANOTHER.fullmatch(line)):
        return _intent("HassStartTimer", text, {**_length(seconds), **_called(found["name"] or found["first"])})
    if seconds and is_about_timers and _RETIMED.fullmatch(line):
        return replace(_intent(RETIME, text, _length(seconds)), response=IT)
    if seconds and is_about_timers and (found := _SPAN_ONE.fullmatch(line)):
        return _intent("HassStartTimer", text, {**_length(seconds), **_called(found["name"])})
    line = _timers_named(line, names)
    if not seconds and (found := _BARE_START.fullmatch(line)):
        return _intent("HassStartTimer", text, _called(found["name"] or found["later"]))
    for name, pattern in _DEEDS:
        found = pattern.fullmatch(line)
        if found is None:
            continue
        what = found.groupdict().get("what")
        speaks_of_it = "timer" in line or "countdown" in line or (what and _is_known(what, names))
        if not speaks_of_it and not is_about_timers:
            continue
        if what in _PRONOUNS and not is_about_timers:
            continue
        slots = {} if what is None or what in _PRONOUNS else _slots(what, seconds if "<span>" in what else 0.0)
        if name in ("HassIncreaseTimer", "HassDecreaseTimer"):
            slots |= _length(seconds)
        is_it = (what is None and "timers" not in line) or what in _PRONOUNS
        return replace(_intent(name, text, slots), response=IT if is_it else "")
    return None


def span(words: Sequence[str], at: int) -> tuple[float, int] | None:
    """The length of time that begins at a word, in seconds, and the index of the first word after it."""
    total, end = 0.0, at
    while end < len(words):
        found = _one(words, end)
        if found is None and total and words[end] == "and":
            found = _one(words, end + 1) if end + 1 < len(words) else None
            if found is None and words[end + 1 : end + 3] == ["a", "half"]:
                unit = _UNITS[words[end - 1]]
                return total + unit / 2, end + 3
        if found is None:
            break
        total, end = total + found[0], found[1]
    return (total, end) if total else None


def _one(words: Sequence[str], at: int) -> tuple[float, int] | None:
    """`ten minutes`, `an hour`, `half an hour`, `two and a half minutes`."""
    rest = list(words[at : at + 6])
    if rest[:2] in (["half", "an"], ["half", "a"]) and len(rest) > 2 and rest[2] in _UNITS:
        return _UNITS[rest[2]] / 2, at + 3
    if rest[:2] == ["quarter", "of"] and rest[2:4] == ["an", "hour"]:
        return 900.0, at + 4
    if rest[:1] in (["a"], ["an"]):
        if rest[1:3] == ["quarter", "of"] and rest[3:5] == ["an", "hour"]:
            return 900.0, at + 5
        if rest[1:2] in (["couple"], ["few"]):
            skip = 3 if rest[2:3] == ["of"] else 2
            return (
                (2.0 * _UNITS[rest[skip]], at + skip + 1)
                if len(rest) > skip and rest[skip] in _UNITS and rest[1] == "couple"
                else None
            )
        return (_UNITS[rest[1]], at + 2) if len(rest) > 1 and rest[1] in _UNITS else None
    found = (
        amount(words, at)
        if at < len(words) and words[at] not in ("half", "quarter", "third", "full", "max", "min")
        else None
    )
    if found is None:
        return None
    value, end = found
    if list(words[end : end + 3]) == ["and", "a", "half"]:
        value, end = value + 0.5, end + 3
    end += list(words[end : end + 1]) == ["more"]
    return (value * _UNITS[words[end]], end + 1) if end < len(words) and words[end] in _UNITS else None


def _is_number(text: str) -> bool:
    words = text.replace("-", " ").split()
    found = amount(words, 0) if words[0] not in ("half", "full", "max", "min") else None
    return found is not None and found[1] == len(words)


def _spanned(plain: str) -> tuple[str, float]:
    """The sentence with its first length of time replaced by a mark, and how long that is."""
    words = re.sub(r"(?<=\w)-(?=\w)", " ", plain).split()
    for at in range(len(words)):
        found = span(words, at)
        if found:
            return " ".join([*words[:at], _SPAN, *words[found[1] :]]), found[0]
    return plain, 0.0


def _timers_named(line: str, names: Sequence[str]) -> str:
    """ "Give the eggs a minute" with the timer that it means."""
    for name in names:
        one = re.escape(name.casefold().removesuffix("s"))
        line = re.sub(rf"\b((?:the|my) ){one}s?\b(?! (?:timer|one|countdown))", rf"\g<1>{name.casefold()} timer", line)
    return line


def _slots(what: str, seconds: float) -> dict[str, Value]:
    name = re.sub(r"^(?:the|my|that|this|our) ", "", what.replace(_SPAN, "").strip())
    name = re.sub(r"(?:^| )(?:timer|one|countdown)$", "", name).strip()
    slots = {f"start_{unit}": value for unit, value in _length(seconds).items()} if seconds else {}
    return slots | ({} if name in _NO_NAMES else {"name": name})


def _is_known(what: str, names: Sequence[str]) -> bool:
    name = str(_slots(what, 0.0).get("name", ""))
    return bool(name) and any(name == known.casefold() for known in names)


def _called(name: str | None) -> dict[str, Value]:
    bare = re.sub(r"^(?:the|my|an?|some) | timer$", "", (name or "").strip()).strip()
    return {} if bare in _NO_NAMES else {"name": bare}


def _length(seconds: float) -> dict[str, Value]:
    whole = round(seconds)
    parts = {"hours": whole // 3600, "minutes": whole // 60 % 60, "seconds": whole % 60}
    return {unit: count for unit, count in parts.items() if count}


def _intent(name: str, text: str, slots: dict[str, Value]) -> Intent:
    return Intent(name, slots, source="timer", text=text)
