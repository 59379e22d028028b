"""Sums over the home: is anything open, are all doors locked, how many lights are on, which windows are open."""

from __future__ import annotations

import re
from collections.abc import Sequence

from edgevoice.home import targets
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent, Value
from edgevoice.skills import spoken
from edgevoice.skills.asks import wording
from edgevoice.skills.asks.kinds import CONDITIONS, KINDS, OPPOSITE, STATE, THINGS, Condition, Kind, kind
from edgevoice.skills.asks.wording import Answer, Moment, Place

_ONE = "|".join(sorted((word for one in KINDS for word in one.one), key=len, reverse=True))
_MANY = "|".join(sorted((word for one in KINDS for word in one.many), key=len, reverse=True))
_STATE = rf"(?:left |still |currently |all |turned |switched |running |at )*(?P<state>{STATE})"
_PERSON = "anyone|anybody|someone|somebody"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (how, re.compile(pattern))
    for how, pattern in (
        ("any", rf"(?:is|are) (?:there )?(?P<kind>anything|something|{_PERSON}) (?:else )?{_STATE}"),
        ("any", rf"(?:is|are) (?:there )?(?:any|some)(?: of)?(?: the| my| our)? (?:other )?(?P<kind>{_ONE}|{_MANY}) {_STATE}"),
        ("any", rf"(?:is|are) an? (?P<kind>{_ONE}) {_STATE}"),
        ("any", rf"(?:is|are) there (?:an?|any|some) (?P<state>{STATE}) (?P<kind>{_ONE}|{_MANY})"),
        ("any", rf"did (?:i|we|you|{_PERSON}) leave (?:any|some|an?|the|my|our)? ?(?P<kind>anything|{_ONE}|{_MANY}) {_STATE}"),
        ("any", rf"(?:have|has) (?:i|we|you|{_PERSON}) left (?:any|some|an?|the|my|our)? ?(?P<kind>anything|{_ONE}|{_MANY}) {_STATE}"),
        ("the", rf"is (?:the|my|our) (?P<kind>{_ONE}) {_STATE}"),
        ("all", rf"(?:is|are) (?P<kind>everything|everyone|everybody) {_STATE}"),
        ("all", rf"(?:is|are) (?:all|every|each)(?: of)?(?: the| my| our)? (?P<kind>{_ONE}|{_MANY}) {_STATE}"),
        ("all", rf"(?:is|are) (?:the|my|our) (?P<kind>{_MANY}) (?:all )?{_STATE}"),
        ("which", rf"(?:which|what)(?: of)?(?: the| my| our)? (?P<kind>{_ONE}|{_MANY}) (?:is|are|did i leave) {_STATE}"),
        ("which", rf"what (?:is|are|all is|did (?:i|we) leave) {_STATE}"),
        ("which", rf"who (?:is|are) {_STATE}"),
        ("count", rf"how many(?: of)?(?: the| my| our)? (?P<kind>{_ONE}|{_MANY}) (?:is|are|did i leave) (?:there )?{_STATE}"),
        ("number", rf"how many (?P<kind>{_MANY}) (?:are there|do (?:i|we) have|have (?:i|we) got)"),
    )
)  # fmt: skip
_PATTERNS_OF_ONE = re.compile(rf"is the (?P<kind>garage|gate) {_STATE}")
_PEOPLE = frozenset({*_PERSON.split("|"), "everyone", "everybody"})


def answer(home: Home, text: str, moment: Moment, mic_area: str | None = None) -> Answer | None:
    """`text` is plain."""
    place, left = wording.place(home, text, mic_area)
    if (garage := _PATTERNS_OF_ONE.fullmatch(text)) and (about := kind(garage["kind"])):  # the room is not meant
        if found_one := _one(home, about, garage["state"], Place(), None):
            return found_one
    for how, pattern in _PATTERNS:
        found = pattern.fullmatch(left)
        if found is None:
            continue
        word = found.groupdict().get("kind") or ("person" if left.startswith("who") else "thing")
        about = kind("person") if word in _PEOPLE else kind(word) or THINGS
        if about is None:
            return None
        state = found.groupdict().get("state") or ""
        return _one(home, about, state, place, mic_area) if how == "the" else _told(home, how, about, state, place)
    return None


def _one(home: Home, about: Kind, state: str, place: Place, mic_area: str | None) -> Answer | None:
    """Of the only one of its kind, here or at all: "is the fan on?"."""
    wanted = CONDITIONS[state]
    known = [device for device in home.exposed() if place.holds(device) and about.has(device)]
    fit = [device for device in known if wanted.holds(home, device) is not None]
    here = targets.prefer(home, fit, mic_area)
    if len(here) != 1:
        return None
    is_so = bool(wanted.holds(home, here[0]))
    said = f"{'Yes' if is_so else 'No'}, {_those(here, wanted.said if is_so else OPPOSITE.get(wanted.said, f'not {wanted.said}'))}."
    return Answer(_intent(about, wanted.said, place, "one_yesno"), said, (here[0].id,))


def _told(home: Home, how: str, about: Kind, state: str, place: Place) -> Answer | None:
    devices = [device for device in home.exposed() if place.holds(device) and about.has(device)]
    if how == "number":
        said = f"There {'is' if len(devices) == 1 else 'are'} {_amount(about, len(devices), place)}."
        return Answer(_intent(about, "", place, "how_many"), said)
    wanted = CONDITIONS[state]
    tested = [(device, wanted.holds(home, device)) for device in devices]
    fit = [device for device, is_so in tested if is_so is not None]
    yes = [device for device, is_so in tested if is_so]
    no = [device for device, is_so in tested if is_so is False]
    if not fit:
        said = f"I do not know of any {about.many[0]} that could be {wanted.said}{_where(place)}."
        return Answer(_intent(about, wanted.said, place, how), said)
    reply = {"any": _any, "all": _all, "which": _which, "count": _count}[how](about, wanted, yes, no, place)
    named = no if how == "all" and no else yes
    intent = _intent(about, wanted.said, place, "how_many" if how == "count" else how)
    return Answer(intent, reply, tuple(device.id for device in named))


def _any(about: Kind, wanted: Condition, yes: Sequence[Device], no: Sequence[Device], place: Place) -> str:
    return f"Yes, {_those(yes, wanted.said)}." if yes else f"No, {_none(about, wanted, place)}."


def _all(about: Kind, wanted: Condition, yes: Sequence[Device], no: Sequence[Device], place: Place) -> str:
    if no:
        return f"No, {_those(no, OPPOSITE.get(wanted.said, f'not {wanted.said}'))}."
    return f"Yes, {_those(yes, wanted.said)}." if len(yes) < 3 else f"Yes, all {len(yes)} are {wanted.said}."


def _which(about: Kind, wanted: Condition, yes: Sequence[Device], no: Sequence[Device], place: Place) -> str:
    return wording.capital(f"{_those(yes, wanted.said)}." if yes else f"{_none(about, wanted, place)}.")


def _count(about: Kind, wanted: Condition, yes: Sequence[Device], no: Sequence[Device], place: Place) -> str:
    if not yes:
        return wording.capital(f"{_none(about, wanted, place)}.")
    return f"{len(yes)}: {_list(yes)}."


def _those(devices: Sequence[Device], said: str) -> str:
    return f"{_list(devices)} {'is' if len(devices) == 1 else 'are'} {said}"


def _list(devices: Sequence[Device]) -> str:
    article = "" if devices[0].domain == "person" else "the "
    return article + spoken.names((device.name for device in devices), most=6)


def _none(about: Kind, wanted: Condition, place: Place) -> str:
    if about is THINGS or about.many[0] == "people":
        return f"{'nothing' if about is THINGS else 'nobody'} is {wanted.said}{_where(place)}"
    return f"no {about.many[0]} are {wanted.said}{_where(place)}"


def _amount(about: Kind, count: int, place: Place) -> str:
    return f"{count or 'no'} {about.one[0] if count == 1 else about.many[0]}{_where(place)}"


def _where(place: Place) -> str:
    return f" {place.said}" if place.said else ""


def _intent(about: Kind, state: str, place: Place, response: str) -> Intent:
    told = {"kind": about.many[0], "state": state, "place": place.said}
    slots: dict[str, Value] = {name: value for name, value in told.items() if value}
    return Intent("HassGetState", slots, source="question", response=response)
