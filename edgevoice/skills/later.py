"""What is wanted later: "at 7 pm ...", "at sunset ...", "when the washing machine is done ...", "if ... then ...".

Read from English sentences; what the command in them means is left to the understanding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edgevoice.home import sun
from edgevoice.home.capabilities import number
from edgevoice.home.model import Device, Home
from edgevoice.messages import Value
from edgevoice.skills import spoken
from edgevoice.skills.asks import dates, kinds, numerals, wording
from edgevoice.skills.asks.kinds import CONDITIONS, STATE

_SUN = re.compile(
    r"(?:(?P<count>.+?) (?P<unit>minute|hour)s? (?P<side>before|after) |(?:at|by) )(?:the )?(?P<sun>sunset|sundown|dusk|nightfall|sunrise|sunup|dawn)"
)
EVENINGS = frozenset({"sunset", "sundown", "dusk", "nightfall"})
_TIME_FIRST = re.compile(r"(?:at|on|tomorrow|tonight|this|in|half|quarter|an?|\w+ minutes|\w+ hours?)\b")
_IN = re.compile(r"in (?P<count>.+?) (?P<unit>second|minute|hour|day)s?")
_IF = r"if|when|once|as soon as|after|whenever|every time"
_CONDITION_FIRST = re.compile(rf"(?P<word>{_IF}) (?P<rest>.+)")
_CONDITION_LAST = re.compile(rf"(?P<command>.+?) (?P<word>{_IF}) (?P<condition>.+)")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = "|".join(_DAYS)
_OFTEN = re.compile(
    rf"\b(?:on )?(?:every|each|all) (?:single )?(?P<named>day|weekday|weekend|(?P<part>morning|evening|night|afternoon)|(?:{_DAY})(?:(?:,| and|, and) (?:every |on )?(?:{_DAY}))*)s?\b|"
    rf"\b(?:on )?(?P<plural>weekdays|weekends|workdays|school days|daily|everyday|(?:{_DAY})s(?:(?:,| and|, and) (?:on )?(?:{_DAY})s)*)\b|"
    r"\b(?:(?:from )?monday (?:to|through|till|until) friday)\b|"
    r"\b(?P<other>every (?:other |\w+ )?(?:day|week|hour|minute|month|second|year)s?|hourly|weekly|monthly|each (?:hour|week))\b"
)
_WORKING, _FREE = (0, 1, 2, 3, 4), (5, 6)
_REPEATING = frozenset({"whenever", "every time"})
_REMIND = re.compile(r"remind (?:me|us) (?:(?P<word>to|that|about) )?(?P<what>.+)")
_IS = r"(?:is|are|gets|get|becomes|goes|has|turns|was|have)(?: all)?(?: been)?(?: turned| switched)?"
_VERBS: Mapping[str, str] = {
    "opens": "open", "open": "open", "closes": "closed", "shuts": "closed", "finishes": "done", "finished": "done",
    "stops": "done", "ends": "done", "starts": "running", "unlocks": "unlocked", "locks": "locked",
    "turns on": "on", "goes on": "on", "turns off": "off", "goes off": "off", "comes home": "home", "gets home": "home",
    "arrives": "home", "arrives home": "home", "leaves": "away", "leave": "away", "has left": "away", "goes out": "away",
    "leaves home": "away", "leaves the house": "away",
}  # fmt: skip
_VERB = "|".join(sorted(_VERBS, key=len, reverse=True))
_STATED = re.compile(rf"(?P<name>.+?) {_IS} (?P<state>{STATE})")
_HAPPENS = re.compile(rf"(?P<name>.+?) (?P<verb>{_VERB})")
_MEASURED = re.compile(
    r"(?P<name>.+?) (?:is |gets |goes |rises |climbs |drops |falls )?(?P<side>above|over|more than|higher than|below|under|"
    r"less than|lower than) (?P<number>.+?)(?: (?:degrees?|percent|%|watts?|lux|celsius|fahrenheit))*"
)
_MOTION = re.compile(
    r"(?:there is |you (?:see|detect) )?(?:any )?(?:motion|movement|someone)(?: (?:is )?(?:detected|seen))?(?: (?:in|on|at) (?:the )?(?P<area>.+))?"
)
_ALL = re.compile(r"(?:all|every|each|everyone|everybody)\b(?: of)?(?: the| my| our)? ?")
_PEOPLE = re.compile(r"(?:i|we|someone|somebody|anyone|anybody|everyone|everybody|the last person)")


@dataclass(frozen=True, slots=True)
class Trigger:
    """True when one of the devices, or every one, is in a state; or measures above or below a bound."""

    devices: tuple[str, ...]
    state: str = ""
    is_every: bool = False
    bound: float | None = None
    is_above: bool = False

    def holds(self, home: Home) -> bool | None:
        """None where nobody knows."""
        known = [found for key in self.devices if (found := self._one(home, key)) is not None]
        if not known:
            return None
        return all(known) if self.is_every else any(known)

    def _one(self, home: Home, key: str) -> bool | None:
        device = home.devices.get(key)
        if device is None:
            return None
        if self.bound is None:
            return CONDITIONS[self.state].holds(home, device)
        value = _measured(home, device)
        return None if value is None else value > self.bound if self.is_above else value < self.bound


@dataclass(frozen=True, slots=True)
class Later:
    """`command` waits for a time `at`, or for a `trigger`; `when` says so. A `problem` is said instead.

    An `is_if` that holds already is done at once. A `reminder` is a text, and `command` empty.
    """

    command: str
    when: str
    at: datetime | None = None
    trigger: Trigger | None = None
    is_if: bool = False
    reminder: str = ""
    problem: str = ""
    days: tuple[int, ...] = ()
    """Again and again on these days of the week, 0 is Monday."""
    sun: str = ""
    """The time of such days, where the sun gives it: `sunset`."""
    is_often: bool = False
    """The trigger counts every time that it comes true."""
    seconds: float = 0.0
    """How long it is until then, where that was said and not a time of day: a clock that is put right changes nothing."""
    left_out: str = ""
    """The sentence with `{}` for the time that it does not say."""

    def slots(self) -> dict[str, Value]:
        """For an intent: `routine` takes them back."""
        told: dict[str, Value] = {"conversation_command": self.command, "when": self.when}
        if self.seconds:
            return told | {"seconds": self.seconds}
        if self.at is not None:
            told["at"] = self.at.timestamp()
        if self.trigger is not None:
            trigger = self.trigger
            told |= {"devices": trigger.devices, "state": trigger.state, "is_every": trigger.is_every}
            told |= {"bound": trigger.bound, "is_above": trigger.is_above}
        if self.days:
            told |= {"days": self.days, "sun": self.sun}
        return told | {"is_often": True} if self.is_often else told


def readings(home: Home, text: str, now: datetime) -> Iterator[Later]:
    """What a sentence may put off, the likeliest first; nothing for a sentence about now. `now` is local time."""
    plain = wording.plain(text)
    remind = _REMIND.fullmatch(plain)
    body = remind["what"] if remind else plain
    often = _OFTEN.search(body)
    days, part = _days(often) if often else ((), "")
    rhythm, once = often[0] if often else "", body
    if often:
        is_its = rhythm.startswith("on ") and _PARTLESS.match(body[: often.start()])  # "turn the lights on every day"
        once = " ".join(f"{body[: often.start()]} {'on' if is_its else ''} {body[often.end() :]}".split())
        rhythm = rhythm.removeprefix("on ") if is_its else rhythm
    found = False
    for command, when, at, trigger, is_if in _parts(home, once, now, remind is not None):
        if not command or (remind is None and len(command.split()) < 2 and command not in ("on", "off")):
            continue
        found = True
        problem = _PROBLEM if often and not days else ""
        if not problem and at is None and trigger is None:
            problem = "I do not know when the sun rises and sets here: set home.latitude and home.longitude."
        reminder = re.sub(r"^(?:to|that|about) ", "", command) if remind else ""
        if _LEANING.match(text) and command.startswith(("the ", "both ", "all ")):  # "and the right one in an hour"
            command = f"and {command}"
        later = Later("" if remind else command, when, at, trigger, is_if, reminder, problem)
        if at is not None and when.startswith("in ") and not remind:
            later = replace(later, seconds=(at - now).total_seconds())
        later = replace(later, is_often=trigger is not None and bool(often or _EVERY_TIME.search(plain)))
        yield _often(later, days, part, rhythm, now) if days and often and at is not None else later
    if often and not found and once:
        reminder = re.sub(r"^(?:to|that|about) ", "", once) if remind else ""
        problem = "" if days else _PROBLEM
        yield Later("" if remind else once, "", None, None, False, reminder, problem, left_out=f"{plain} at {{}}")


_LEANING = re.compile(r"\s*(?:and|also) ", re.IGNORECASE)
_PARTLESS = re.compile(r"(?:turn|switch|put) (?!.*\b(?:on|off|up|down|to)\b)")
_EVERY_TIME = re.compile(r"\b(?:whenever|every time|each time|always when)\b")
_PROBLEM = "I can do that every day, or on some days of the week, but in no other rhythm."


def _days(often: re.Match[str]) -> tuple[tuple[int, ...], str]:
    """Days of the week, none where it is another rhythm; and the part of the day."""
    said = often[0]
    if often["other"] and often["other"] not in ("every day",):
        return (), ""
    if "weekend" in said:
        return _FREE, ""
    if re.search(r"weekday|workday|school|monday (?:to|through|till|until)", said):
        return _WORKING, ""
    named = tuple(i for i, day in enumerate(_DAYS) if day in said)
    return named or tuple(range(7)), often["part"] or ""


def _often(later: Later, days: tuple[int, ...], part: str, said: str, now: datetime) -> Later:
    """The first time of those that `later` has, and how that is said."""
    at = later.at
    assert at is not None
    sun_told = _SUN.fullmatch(later.when)
    if not sun_told and part:
        hour = at.hour % 12 + (0 if part == "morning" else 12)
        at = at.replace(hour=hour)
    if not sun_told:
        at = at.replace(year=now.year, month=now.month, day=now.day)
    at = next_on(days, at, now)
    clock = later.when if sun_told else wording.clock(at, at)
    sun_word = sun_told["sun"] if sun_told and not sun_told["count"] else ""
    return replace(later, at=at, when=f"{said.strip()} {clock}", days=days, sun=sun_word)


def next_on(days: tuple[int, ...], at: datetime, now: datetime) -> datetime:
    """The next time after `now` that has the time of day of `at` and is one of the days."""
    while at <= now or at.weekday() not in days:
        at += timedelta(days=1)
    return at


Part = tuple[str, str, datetime | None, Trigger | None, bool]


def _parts(home: Home, text: str, now: datetime, is_reminder: bool) -> Iterator[Part]:
    words = text.split()
    for cut in range(len(words) - 1, 0, -1):  # the longest time at the beginning
        head, tail = " ".join(words[:cut]), " ".join(words[cut:])
        if _TIME_FIRST.match(head) and (found := _time(home, head, now, is_reminder)):
            yield (tail.removeprefix("then "), *found, None, False)
    for cut in range(1, len(words)):  # the longest time at the end
        head, tail = " ".join(words[:cut]), " ".join(words[cut:])
        if _TIME_FIRST.match(tail) and (found := _time(home, tail, now, is_reminder)):
            yield (head, *found, None, False)
    first = _CONDITION_FIRST.fullmatch(text)
    if first:
        rest = first["rest"].split()
        for cut in range(len(rest) - 1, 1, -1):
            trigger = condition(home, " ".join(rest[:cut]))
            if trigger:
                yield _conditional(first["word"], " ".join(rest[:cut]), " ".join(rest[cut:]), trigger)
    last = _CONDITION_LAST.fullmatch(text)
    if last and (trigger := condition(home, last["condition"])):
        yield _conditional(last["word"], last["condition"], last["command"], trigger)


def _conditional(word: str, said: str, command: str, trigger: Trigger) -> Part:
    is_if = word == "if"
    return re.sub(r"^then ", "", command), f"{'if' if is_if else 'when'} {said}", None, trigger, is_if


def _time(home: Home, phrase: str, now: datetime, is_reminder: bool) -> tuple[str, datetime | None] | None:
    """How a time is said, and which it is; the time is None where the sun's are not known."""
    told = _SUN.fullmatch(phrase)
    if told:
        count = numerals.read(told["count"].split()) if told["count"] else None
        if told["count"] and (count is None or count[1] != len(told["count"].split())):
            return None
        seconds = float(count[0]) * (3600 if told["unit"] == "hour" else 60) if count else 0.0
        at = sun.next_event(home, told["sun"] in EVENINGS, now)
        shift = timedelta(seconds=-seconds if told["side"] == "before" else seconds)
        return phrase, at + shift if at else None
    if told := _IN.fullmatch(phrase):
        words = told["count"].split()
        count = numerals.read(words)
        amount = 1.0 if words in (["a"], ["an"]) else float(count[0]) if count and count[1] == len(words) else 0.0
        seconds = amount * {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}[told["unit"]]
        at = now + timedelta(seconds=seconds)
        when = wording.clock(at, now) if is_reminder else f"in {spoken.duration(seconds)}"
        return (when, at) if 0 < seconds <= 366 * 86_400 else None
    if re.search(r"\bat (?:1[3-9]|2\d|[3-9]\d)$", phrase):  # "dim the lamp at 20" is a level
        return None
    day = re.sub(r"^(?:on|this) ", "", phrase)
    moment = (
        dates.moment(day, now) if re.search(r"\b(?:at|[ap]\.?m\.?|noon|midnight|tonight|tomorrow)\b", phrase) else None
    )
    return (wording.clock(moment, now), moment) if moment else None


def unreadable(text: str) -> str:
    """The condition that stands at an end of a sentence, and that nothing here can tell."""
    plain = wording.plain(text)
    found = re.fullmatch(r".+? (?:when|once|as soon as|whenever|if|after) (?P<last>.+)", plain) or re.fullmatch(
        r"(?:when|once|as soon as|whenever|if) (?P<first>.+?),? (?:then |please )?(?:turn|switch|open|close|start|stop|lock|set|dim|make|put|play) .+",
        plain,
    )
    return str(found[1]) if found else ""


def condition(home: Home, phrase: str) -> Trigger | None:
    """The state of this home that a phrase names: `the garage door is open`, `the bedroom is below 18 degrees`."""
    phrase = phrase.strip()
    if motion := _MOTION.fullmatch(phrase):
        return _motion(home, motion["area"])
    if measured := _MEASURED.fullmatch(phrase):
        return _measuring(home, measured["name"], measured["number"], measured["side"])
    stated = _STATED.fullmatch(phrase) or _HAPPENS.fullmatch(phrase)
    if stated is None:
        return None
    told = stated.groupdict()
    state = told.get("state") or _VERBS[told.get("verb") or ""]
    name = _ALL.sub("", told["name"])
    if _PEOPLE.fullmatch(told["name"]):
        name = "people"
    devices = kinds.meant(home, name or "people", CONDITIONS[state])
    if not devices:
        return None
    is_every = bool(_ALL.match(told["name"])) or told["name"] in ("we", "the last person")
    return Trigger(tuple(device.id for device in devices), state, is_every)


def _motion(home: Home, area: str | None) -> Trigger | None:
    place, left = wording.place(home, f"in the {area}") if area else (wording.Place(), "")
    found = [
        device.id
        for device in home.exposed()
        if device.device_class in ("motion", "occupancy", "presence") and place.holds(device)
    ]
    return Trigger(tuple(found), "detecting motion") if found and not left else None


def _measuring(home: Home, name: str, amount: str, side: str) -> Trigger | None:
    words = amount.split()
    read = numerals.read(words)
    if read is None or read[1] != len(words):
        return None
    place, left = wording.place(home, name)
    measure = re.sub(r"^(?:the|it) ?|^ ?| ?$", "", left.replace("temperature", "").strip()) if place.said else name
    called = [device for device in wording.called(home, name) if _measured(home, device) is not None]
    if not called and place.said and measure in ("", "humidity"):
        wanted = "humidity" if measure else "temperature"
        near = [device for device in home.exposed() if place.holds(device) and _measured(home, device) is not None]
        called = [device for device in near if device.device_class == wanted] or (
            [device for device in near if device.domain == "climate"] if wanted == "temperature" else []
        )
    if not called:
        return None
    is_above = side in ("above", "over", "more than", "higher than")
    return Trigger(tuple(device.id for device in called[:1]), bound=float(read[0]), is_above=is_above)


def _measured(home: Home, device: Device) -> float | None:
    state = home.state(device.id)
    if device.domain == "climate":
        return number(state.attributes.get("current_temperature"))
    return number(state.value) if device.domain in ("sensor", "number", "input_number") else None
