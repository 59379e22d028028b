"""What the questions have in common: their plain form, the places and things they name, and the answer's type."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgevoice.home import targets
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent

_OPENING = re.compile(
    r"^(?:(?:hey|ok|okay|hi|hello) (?!how|what|which|who|when|is|are|did)\w+ )?"
    r"(?:(?:please|so|and|um|uh|er|well|now|then|hey|ok|okay|(?:can|could|would) you(?: please)?|do you know|i wonder|"
    r"i want to know|i would like to know|tell me|let me know|check|show me|give me)(?: if| whether)? )*"
)
_CLOSING = re.compile(r"(?: (?:please|now|right now|currently|at the moment|for me|again|thanks|thank you))+$")
_SHORT = ((r"\b(what|who|where|when|how|which|there|it)'s\b", r"\1 is"), (r"\b(is|are|did|do|does|was)n't\b", r"\1"))
_LOWER = frozenset({"ground", "downstairs", "lower", "basement"})


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, on the monotonic clock of the home's history and on the wall."""

    seconds: float
    wall: datetime

    def ago(self, seconds: float) -> datetime:
        """The time of day of a moment on the monotonic clock."""
        return self.wall - timedelta(seconds=max(0.0, self.seconds - seconds))


@dataclass(frozen=True, slots=True)
class Answer:
    """How a question was understood, and what is said. It has no way to hold a command."""

    intent: Intent
    reply: str
    devices: tuple[str, ...] = ()
    """Ids of those that it names, for who goes on about them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question is about: area ids, and how that is said. Everywhere has no areas."""

    areas: frozenset[str | None] = frozenset()
    said: str = ""

    def holds(self, device: Device) -> bool:
        return not self.areas or device.area in self.areas


def plain(text: str) -> str:
    """Lower case, without punctuation between words, politeness and short forms: what the patterns are written for."""
    line = text.casefold().replace("’", "'")
    line = re.sub(r"[?!;:\"]|[.,](?!\d)", " ", line)
    for pattern, replacement in _SHORT:
        line = re.sub(pattern, replacement, line)
    line = " ".join(line.split())
    return _CLOSING.sub("", _OPENING.sub("", line)).strip()


def place(home: Home, text: str, mic_area: str | None = None) -> tuple[Place, str]:
    """The place that plain text names, and the text without it. The longest name that stands in it counts."""
    here = next(iter(targets.find_areas(home, mic_area)), None) if mic_area else None
    known: list[tuple[str, Place]] = []
    for area in home.areas.values():
        known += ((name, Place(frozenset({area.id}), f"in the {area.name}")) for name in (area.name, *area.aliases))
    for floor in home.floors.values():
        areas = frozenset[str | None](area.id for area in home.areas.values() if area.floor == floor.id)
        if areas:
            known += ((name, Place(areas, _on(floor.name))) for name in (floor.name, *floor.aliases))
    known += _levels(home, {targets.fold(name) for name, _ in known})
    if here is not None:
        known += ((word, Place(frozenset({here.id}), "here")) for word in ("here", "this room"))
    for name, found in sorted(known, key=lambda one: -len(one[0])):
        if targets.fold(name) not in text:
            continue
        before = "" if name.casefold() in ("upstairs", "downstairs") else r"(?:\b(?:in|on|at|of|from) )?"
        pattern = rf"{before}(?:\b(?:the|my|our) )?\b{re.escape(targets.fold(name))}\b(?: floor)?"
        left, count = re.subn(pattern, " ", text, count=1)
        if count:
            return found, " ".join(left.split())
    left = re.sub(r"\b(?:in|of|around|at) (?:the|my|our) (?:house|home|flat|apartment)\b|\bin here\b", " ", text)
    return Place(), " ".join(left.split())


def called(home: Home, phrase: str) -> tuple[Device, ...]:
    """The devices that a phrase may mean: by name or alias, else those whose name and area hold all of its words."""
    phrase = re.sub(r"^(?:the|my|our|a|an) ", "", phrase.strip())
    exact = targets.match(home, name=phrase)
    if exact or not phrase:
        return exact
    wanted = {word.removesuffix("s") for word in phrase.split()}
    return tuple(device for device in home.exposed() if wanted <= _words(home, device))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def clock(moment: datetime, now: datetime) -> str:
    """`at 9:05 PM`, `yesterday at 7:30 AM` or `on Monday at 7 AM`."""
    hour = f"{moment.hour % 12 or 12}{f':{moment.minute:02}' if moment.minute else ''} {'AM' if moment.hour < 12 else 'PM'}"
    days = (now.date() - moment.date()).days
    day = {0: "", 1: "yesterday ", -1: "tomorrow "}.get(days)
    return f"{day}at {hour}" if day is not None else f"on {moment:%A} at {hour}"


def _on(floor: str) -> str:
    return floor if floor.casefold() in ("upstairs", "downstairs") else f"on the {floor}"


def _levels(home: Home, named: set[str]) -> Iterable[tuple[str, Place]]:
    """`upstairs` and `downstairs`, where no floor goes by that name."""
    for word, is_lower in (("downstairs", True), ("upstairs", False)):
        floors = {
            floor.id
            for floor in home.floors.values()
            if _LOWER.isdisjoint(f"{floor.name} {' '.join(floor.aliases)}".casefold().split()) is not is_lower
        }
        areas = frozenset[str | None](area.id for area in home.areas.values() if area.floor in floors)
        if word not in named and areas and len(floors) < len(home.floors):
            yield word, Place(areas, word)


def _words(home: Home, device: Device) -> set[str]:
    area = home.areas.get(device.area or "")
    names = " ".join(
        (device.name, *device.aliases, area.name if area else "", device.domain, device.device_class or "")
    )
    return {word.removesuffix("s") for word in re.findall(r"\w+", names.casefold().replace("_", " "))}
