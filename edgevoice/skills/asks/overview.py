"""What there is: rooms, devices of a kind, what a room is like now, and whether the house is safe to leave."""

from __future__ import annotations

import re
from collections.abc import Iterable

from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent
from edgevoice.skills import spoken
from edgevoice.skills.asks import kinds, wording
from edgevoice.skills.asks.wording import Answer, Moment, Place

_MOST = 8
"""Names in one sentence: an overview is asked for to hear more of them than elsewhere."""
_KIND = "|".join(sorted((word for kind in kinds.KINDS for word in kind.many), key=len, reverse=True))
_PLACES = re.compile(
    r"(?:what|which) (?P<what>rooms|areas|floors) (?:do (?:i|we|you) (?:have|know)(?: of| about)?|are there|is there)|"
    r"list (?:all )?(?:the |my |our )?(?P<list>rooms|areas|floors)"
)
_THINGS = re.compile(
    rf"(?:what|which) (?:kind of )?(?P<what>{_KIND}) (?:(?:do|can) (?:i|we|you) (?:have|know|control|see)(?: of| about)?|are(?: there)?|have (?:i|we) got)|"
    rf"list (?:all |every )?(?:of )?(?:the |my |our )?(?P<list>{_KIND})"
)
_SAFE = re.compile(
    r"is (?:the |my |our )?(?:house|home|place|flat|apartment|it all|everything) (?:all )?(?:secure|safe|safe to leave|locked up|secured|shut|closed up)"
)
_STATUS = re.compile(
    r"(?:what is|how is) (?:the |current )*(?:status|state|situation|going on|happening|everything|it all|it)|what is up|how (?:are things|does it look)"
)


def answer(home: Home, text: str, moment: Moment, mic_area: str | None = None) -> Answer | None:
    """`text` is plain."""
    if found := _PLACES.fullmatch(text):
        return _places(home, found["what"] or found["list"])
    if _SAFE.fullmatch(text):
        return _safety(home)
    place, left = wording.place(home, text, mic_area)
    if (found := _THINGS.fullmatch(left)) and (kind := kinds.kind(found["what"] or found["list"])):
        return _things(home, kind, place)
    if place.areas and _STATUS.fullmatch(left):
        return _status(home, place)
    return None


def _places(home: Home, kind: str) -> Answer:
    known = home.floors if kind == "floors" else home.areas
    said = spoken.names((one.name for one in known.values()), most=_MOST)
    return Answer(
        Intent("AskPlaces", {"kind": kind}, source="question"), f"{said}." if said else f"I know of no {kind}."
    )


def _things(home: Home, kind: kinds.Kind, place: Place) -> Answer:
    devices = [one for one in home.exposed() if (kind is kinds.THINGS or kind.has(one)) and place.holds(one)]
    intent = Intent("AskDevices", {"kind": kind.many[0], "place": place.said}, source="question")
    said = f"The {_names(devices)}." if devices else f"I know of no {kind.many[0]} {place.said}".rstrip() + "."
    return Answer(intent, said, tuple(one.id for one in devices))


def _status(home: Home, place: Place) -> Answer:
    said = _in_state(home, place, ("on", "open", "unlocked"))
    return Answer(Intent("AskStatus", {"place": place.said}, source="question"), said or f"Nothing is on {place.said}.")


def _safety(home: Home) -> Answer:
    said = _in_state(home, Place(), ("unlocked", "open"))
    return Answer(
        Intent("AskSafety", source="question"), f"No. {said}" if said else "Yes, nothing is open or unlocked."
    )


def _in_state(home: Home, place: Place, states: Iterable[str]) -> str:
    """A sentence for each state that something is in; blinds are no matter of safety."""
    told = []
    for state in states:
        known = (one for one in home.exposed() if place.holds(one) and kinds.THINGS.has(one))
        found = [one for one in known if kinds.CONDITIONS[state].holds(home, one)]
        if found:
            told.append(f"The {_names(found)} {'is' if len(found) == 1 else 'are'} {state}.")
    return " ".join(told)


def _names(devices: Iterable[Device]) -> str:
    return spoken.names((one.name for one in devices), most=_MOST)
