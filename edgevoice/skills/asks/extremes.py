"""Superlatives: the warmest room, the most humid one, the lowest battery; and averages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from edgevoice.home.capabilities import number
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent
from edgevoice.skills import spoken
from edgevoice.skills.asks import measures, wording
from edgevoice.skills.asks.wording import Answer, Moment

# A word -> what is measured, and whether most of it is meant.
_WORDS: Mapping[str, tuple[str, bool]] = {
    **dict.fromkeys(("warmest", "hottest"), ("temperature", True)),
    **dict.fromkeys(("coldest", "coolest", "chilliest"), ("temperature", False)),
    **dict.fromkeys(("most humid", "dampest", "wettest"), ("humidity", True)),
    **dict.fromkeys(("least humid", "driest", "dryest"), ("humidity", False)),
    "brightest": ("illuminance", True),
    "darkest": ("illuminance", False),
    "stuffiest": ("carbon_dioxide", True),
}
_MEASURES = "temperature|humidity|illuminance|battery"
_WORD = "|".join(_WORDS)
_ROOM = "room|area|place|spot"
_PATTERNS = tuple(
    map(
        re.compile,
        (
            rf"(?:what|which) (?:is|are) (?:the |my |our )?(?P<word>{_WORD}) (?:{_ROOM})",
            rf"(?:what|which) (?:{_ROOM}) (?:is|feels) (?:the )?(?P<word>{_WORD})",
            rf"where is it (?:the )?(?P<word>{_WORD})",
            rf"(?:what|which|where) (?:{_ROOM}|device)? ?(?:has|is) the (?P<end>highest|lowest) (?P<measure>{_MEASURES})(?: level)?",
            r"(?:what|which) (?P<kind>light|lamp|speaker|player) is (?:the )?(?P<word>brightest|dimmest|darkest|loudest|quietest)",
            r"(?:what|which) is the (?P<word>brightest|dimmest|darkest|loudest|quietest) (?P<kind>light|lamp|speaker|player)",
            rf"what is the (?P<end>average|mean) (?P<measure>{_MEASURES})",
        ),
    )
)


def answer(home: Home, text: str, moment: Moment, mic_area: str | None = None) -> Answer | None:
    """`text` is plain."""
    place, left = wording.place(home, text, mic_area)
    found = next((match for pattern in _PATTERNS if (match := pattern.fullmatch(left))), None)
    if found is None:
        return None
    told = found.groupdict()
    if told.get("kind"):
        return _level(home, told["word"], place)
    measure, is_most = _WORDS.get(told.get("word") or "", (told.get("measure") or "", told.get("end") == "highest"))
    by_place: dict[str, list[float]] = defaultdict(list)
    found_in: dict[str, list[str]] = defaultdict(list)
    unit = ""
    for device in home.exposed():
        value = _value(home, device, measure)
        where = device.name if measure == "battery" else _room(home, device)
        if value is not None and where and place.holds(device):
            by_place[where].append(value)
            found_in[where].append(device.id)
            unit = unit or device.unit or ""
    intent = Intent("AskExtreme", {"measure": measure, "end": told.get("word") or told.get("end")}, source="question")
    said = measure.replace("_", " ")
    if not by_place:
        return Answer(intent, f"I do not know the {said} of any room.")
    means = {where: sum(values) / len(values) for where, values in by_place.items()}
    if told.get("end") in ("average", "mean"):
        return Answer(intent, f"{_quantity(sum(means.values()) / len(means), measure, unit)} on average.")
    best = (max if is_most else min)(means.values())
    rooms = [where for where, value in means.items() if round(value, 1) == round(best, 1)]
    only = ". I know of no other room" if len(means) == 1 and measure != "battery" else ""
    return Answer(
        intent, f"The {spoken.names(rooms)}, at {_quantity(best, measure, unit)}{only}.", tuple(found_in[rooms[0]])
    )


def _level(home: Home, word: str, place: wording.Place) -> Answer | None:
    """Of lamps and players, which is on the most or the least."""
    attribute, domain = ("volume_level", "media_player") if word in ("loudest", "quietest") else ("brightness", "light")
    held = [
        (number(home.state(one.id).attributes.get(attribute)) or 0.0, one)
        for one in home.exposed()
        if one.domain == domain
        and place.holds(one)
        and home.state(one.id).value not in ("off", "unavailable", "unknown")
    ]
    known = [(level, one) for level, one in held if level]
    intent = Intent("AskExtreme", {"measure": attribute, "end": word}, source="question")
    if not known:
        return Answer(intent, f"No {'light' if domain == 'light' else 'player'} is on.")
    best = (max if word in ("brightest", "loudest") else min)(level for level, _ in known)
    devices = [one for level, one in known if level == best]
    percent = spoken.number(round(best / (255 if domain == "light" else 1) * 100))
    said = f"The {spoken.names(one.name for one in devices)}, at {percent} percent."
    return Answer(intent, said, tuple(one.id for one in devices))


def _value(home: Home, device: Device, measure: str) -> float | None:
    state = home.state(device.id)
    if device.domain == "sensor" and device.device_class == measure:
        return number(state.value)
    if device.domain in ("climate", "humidifier") and measure in ("temperature", "humidity"):
        return number(state.attributes.get(f"current_{measure}"))
    return None


def _room(home: Home, device: Device) -> str:
    area = home.areas.get(device.area or "")
    return area.name if area and measures.OUTDOORS.isdisjoint(area.name.casefold().split()) else ""


def _quantity(value: float, measure: str, unit: str) -> str:
    usual = {"temperature": "°", "humidity": "%", "battery": "%", "illuminance": "lx", "carbon_dioxide": "ppm"}
    return spoken.quantity(spoken.number(value) or "", unit or usual[measure])
