"""How a device is set: "what is the thermostat set to?", "how bright is the lamp?", "what is the vacuum doing?"."""

from __future__ import annotations

import re

from edgevoice.home import targets
from edgevoice.home.appliance import ABSENT
from edgevoice.home.capabilities import number
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent
from edgevoice.skills import spoken
from edgevoice.skills.asks import wording
from edgevoice.skills.asks.wording import Answer, Moment

_PATTERNS = tuple(
    map(
        re.compile,
        (
            r"(?:what|how|where) (?:is|are) (?P<name>.+?) (?:set|turned|put)(?: to| at)?",
            r"what (?:is|are) (?P<name>.+?) (?:at|doing|playing|up to|on)",
            r"(?:how|to what) (?:bright|dim|loud|quiet|fast|high|low|far open|wide open|open) (?:is|are) (?P<name>.+?)(?: set)?(?: to| at)?",
            r"what (?:brightness|volume|temperature|speed|position|level|colou?r) (?:is|are|does) (?P<name>.+?)(?: set)?(?: to| at| have)?",
            r"what is the (?:brightness|volume|speed|position|level|colou?r) of (?P<name>.+)",
        ),
    )
)
_PLAYING = re.compile(
    r"what (?:is|are)(?: we| you| it)? (?:playing|listening to)|what (?:is (?:this|that|the)) (?:song|music|track|tune)(?: called)?|what (?:song|music|track) is (?:this|that|playing|it|on)"
)
_PERCENT = {"brightness": 2.55, "volume_level": 0.01, "current_position": 1.0, "percentage": 1.0, "humidity": 1.0}
_DOMAINS = frozenset(
    {
        "light",
        "media_player",
        "climate",
        "cover",
        "valve",
        "fan",
        "humidifier",
        "vacuum",
        "number",
        "select",
        "input_number",
        "input_select",
        "lawn_mower",
        "switch",
    }
)


def answer(home: Home, text: str, moment: Moment, mic_area: str | None = None) -> Answer | None:
    """`text` is plain."""
    place, left = wording.place(home, text, mic_area)
    if _PLAYING.fullmatch(left):
        return _playing(home, place)
    for pattern in _PATTERNS:
        found = pattern.fullmatch(text)
        devices = [one for one in wording.called(home, found["name"]) if one.domain in _DOMAINS] if found else []
        present = [one for one in devices if home.state(one.id).value not in ABSENT]
        known = targets.prefer(home, present, mic_area)
        if known and len(known) <= 4:
            intent = Intent("AskSetting", {"name": known[0].name}, source="question")
            tell = _colored if re.search(r"\bcolou?r\b", text) else _told
            return Answer(intent, " ".join(tell(home, one) for one in known), tuple(one.id for one in known))
    return None


def _playing(home: Home, place: wording.Place) -> Answer:
    """The titles of what plays."""
    players = [one for one in home.exposed() if one.domain == "media_player" and place.holds(one)]
    on = [one for one in players if home.state(one.id).value == "playing"]
    told = [f"{home.state(one.id).attributes.get('media_title') or 'Something'} on the {one.name}" for one in on]
    said = f"{spoken.names(told)}." if told else f"Nothing is playing{f' {place.said}' if place.said else ''}."
    return Answer(Intent("AskSetting", {"state": "playing"}, source="question"), said, tuple(one.id for one in on))


def _colored(home: Home, device: Device) -> str:
    state = home.state(device.id)
    name = state.attributes.get("color") or state.attributes.get("color_name")
    kelvin = number(state.attributes.get("color_temp_kelvin"))
    if isinstance(name, str):
        return f"{wording.capital(f'the {device.name}')} is {name}."
    if kelvin is not None:
        return f"{wording.capital(f'the {device.name}')} is white, at {spoken.number(kelvin)} kelvin."
    return f"I do not know what colour the {device.name} has."


def _told(home: Home, device: Device) -> str:
    state, name = home.state(device.id), wording.capital(f"the {device.name}")
    goal = number(state.attributes.get("temperature")) if device.domain == "climate" else None
    if goal is not None and state.value != "off":
        return f"{name} is set to {spoken.quantity(spoken.number(goal) or '', '°')}."
    if state.value != "off":
        for attribute, one_percent in _PERCENT.items():
            level = number(state.attributes.get(attribute))
            if level is not None:
                at = f"{spoken.number(round(level / one_percent))} percent"
                is_cover = attribute == "current_position"
                if is_cover and level in (0, 100):
                    break
                how = "open" if is_cover else ""
                doing = f"{state.value.replace('_', ' ')}, " if device.domain == "media_player" else ""
                return f"{name} is {doing}at {at} {how}".rstrip() + "."
    return f"{name} is {spoken.state(device, state.value, home.language)}."
