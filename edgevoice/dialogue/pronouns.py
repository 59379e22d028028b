"""A sentence with the things named that it only points at: "close it", "turn off the one that is on". English only."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgevoice.dialogue import nouns
from edgevoice.dialogue.state import Focus
from edgevoice.home.model import Device, Home
from edgevoice.nlu.evidence import KINDS, stem

_ONE = re.compile(
    r"\b(?:(?:that|this) thing|it|that one|this one|the thing|(?:that|this)(?! (?:is|was|[a-z]{4,})\b))\b"
)
_THERE = re.compile(r"\b(?:in )?there\b(?! (?:is|are|was|were|be|any|a|an)\b)(?<!is there)(?<!are there)")
_TURNED = re.compile(r"^(?:please )?(?:turn|crank) (?:it|that|this) (?:up|down)\b")
_MANY = re.compile(
    r"\b(?:(?:both|all|any|each)(?: of)? )?(?:(?:those|these) (?:lights|lamps|blinds|doors|windows|curtains|fans|speakers|ones)|them|those|these|they)(?: (?:both|all|two|three))?\b|\bboth(?: of them)?$"
)
_WEATHER = re.compile(
    r"\b(?:what time|how (?:late|much)|what day|is it (?:going|raining|snowing|dark|day|night)|it (?:is|gets|was) (?:too )?(?:cold|hot|warm|dark|late|bright)|"
    r"(?:is it|will it|does it|was it) (?:cold|hot|warm|dark|late|rain)|that (?:the|it|i|you|we)\b)"
)
_STATED = re.compile(
    r"\b(?:the )?(?P<what>ones?|lights?|lamps?|[a-z]+s) (?:that|which) (?:is|are)(?: still)? (?P<state>on|off|open|closed|playing)"
    r"(?: (?:in|on) (?:the )?(?P<where>[a-z ]+?))?(?=$| (?:off|on|please|down|up|to))"
)
_PICKED = re.compile(
    r"\bthe (?P<which>(?:brightest|dimmest|darkest|loudest|quietest|first|second|third|last|other)(?: (?:ones?|light|lamp|speaker|two|lights|lamps))?"
    r"(?: in (?:the )?[a-z ]+?)?)(?=$| (?:off|on|back|please|down|up|to|too|again)\b)"
)
_THAT_KIND = re.compile(
    r"\b(?:that|this) (?P<kind>light|lamp|fan|blind|door|window|lock|speaker|tv|heater|thermostat|curtain|vacuum|radio)\b"
)
_ONE_IN = re.compile(
    r"\bthe ones? (?:in|on|at|by) (?:the |my )?(?P<where>[a-z ]+?)(?=$| (?:off|on|please|down|up|to|too|as)\b)"
)
_CALLED = re.compile(
    r"\bthe (?P<which>(?!first|second|third|last|other|same|next|previous)(?:[a-z']+ ){1,3}?ones?)\b(?! (?:in|on the|at|by|that|which)\b)"
)
_LIVING = re.compile(r"\b(?:her|him|she|he)\b")
"""What people call a robot."""
_UNLIKE = re.compile(r"\bthe ones? (?:that|which) (?:isn't|is not|aren't|are not)(?: \w+)?\b")
_STATES = {"on": ("on", "playing", "heat", "cool", "auto"), "open": ("open", "opening"), "playing": ("playing",)}
_CLOSED = {"off": ("off",), "closed": ("closed",)}


@dataclass(frozen=True, slots=True)
class Named:
    """`text` names the first of the `devices`: what is meant there means all of them."""

    text: str
    devices: tuple[Device, ...] = ()


def named(home: Home, text: str, focus: Focus | None, recent: tuple[str, ...] = ()) -> Named:
    """`text` as it is where it points at nothing that is known. `recent` are the devices of the last while, newest first."""
    line = " ".join(text.casefold().replace("’", "'").split()).rstrip(" ?.!")
    if _WEATHER.search(line) or _TURNED.match(line):
        return Named(text)
    if (there := _THERE.search(line)) and (area := _area_before(home, line[: there.start()])):
        return Named(_THERE.sub(f"in the {area}", line, count=1))
    spoken_of = _devices(home, focus.devices) if focus else ()
    listed = _devices(home, focus.listed) if focus else ()
    if (found := _UNLIKE.search(line)) and focus and focus.question and spoken_of:
        return _put(line, found, spoken_of)  # the question named those that are not as they should be
    for pattern, find in ((_ONE_IN, _in_place), (_STATED, _in_state), (_PICKED, _picked), (_CALLED, _picked)):
        found = pattern.search(line)
        if found and (devices := find(home, found, spoken_of, listed)):
            return _put(line, found, devices)
    if found := _THAT_KIND.search(line):
        plural = next((kind for kind in KINDS if stem(found["kind"]) in kind.nouns), None)
        alike = [one for one in (*spoken_of, *_devices(home, recent)) if plural and plural.holds(one)]
        return _put(line, found, tuple(alike[:1])) if alike else Named(text)
    areas = {one.area for one in spoken_of if one.area}
    if len(areas) == 1 and _THERE.search(line):
        return Named(_THERE.sub(f"in the {home.areas[areas.pop()].name}", line, count=1))
    robots = tuple(one for one in spoken_of if one.domain in ("vacuum", "lawn_mower"))
    for pattern, devices in ((_MANY, listed or spoken_of), (_ONE, spoken_of), (_LIVING, robots)):
        found = pattern.search(line)
        if found and devices:
            return _put(line, found, devices)
    return Named(text)


def _area_before(home: Home, line: str) -> str:
    """The area that the same sentence has named; empty where none was."""
    named = [area.name for area in home.areas.values() if f" {area.name.casefold()} " in f" {line} "]
    return max(named, key=len, default="")


def _put(line: str, found: re.Match[str], devices: tuple[Device, ...]) -> Named:
    return Named(f"{line[: found.start()]}the {devices[0].name}{line[found.end() :]}", devices)


def _in_place(
    home: Home, found: re.Match[str], spoken_of: tuple[Device, ...], listed: tuple[Device, ...]
) -> tuple[Device, ...]:
    kinds = {(one.domain, one.device_class) for one in spoken_of}
    return nouns.meant(home, found["where"], spoken_of, lambda one: (one.domain, one.device_class) in kinds, listed)


def _in_state(
    home: Home, found: re.Match[str], spoken_of: tuple[Device, ...], listed: tuple[Device, ...]
) -> tuple[Device, ...]:
    states = {**_STATES, **_CLOSED}[found["state"]]
    areas = nouns.places(home, found["where"]) if found["where"] else None
    if found["where"] and areas is None:
        return ()
    is_light = found["what"].startswith(("light", "lamp"))
    if found["what"].rstrip("s") == "one" and areas is None and not spoken_of:
        return ()
    domains = {"light"} if is_light else {one.domain for one in spoken_of} or {"light"}
    near = {one.area for one in spoken_of} if areas is None and not is_light else areas
    fit = [
        one
        for one in home.exposed()
        if one.domain in domains
        and one.capabilities
        and home.state(one.id).value in states
        and (near is None or one.area in near)
    ]
    return tuple(fit)


def _picked(
    home: Home, found: re.Match[str], spoken_of: tuple[Device, ...], listed: tuple[Device, ...]
) -> tuple[Device, ...]:
    domains = {one.domain for one in spoken_of} or {"light", "media_player"}
    is_light = re.search(r"light|lamp", found["which"])
    able = {"light"} if is_light else domains
    return nouns.meant(
        home, found["which"], spoken_of, lambda one: one.domain in able and bool(one.capabilities), listed
    )


def _devices(home: Home, ids: tuple[str, ...]) -> tuple[Device, ...]:
    return tuple(home.devices[one] for one in ids if one in home.devices)
