"""What is measured in a place: "how humid is it in here", "how cold is it outside", "what's the temperature in the hall"."""

from __future__ import annotations

import re

from edgevoice.home import targets
from edgevoice.home.capabilities import number
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent
from edgevoice.skills import spoken
from edgevoice.skills.asks import wording
from edgevoice.skills.asks.wording import Answer, Moment

OUTDOORS = frozenset({"outside", "outdoor", "outdoors", "garden", "yard", "patio", "terrace", "balcony", "porch"})
_OUTSIDE = re.compile(r"\b(?:outside|outdoors|out there)\b")
_MEASURES = {
    **dict.fromkeys(("humid", "damp", "dry", "humidity"), ("humidity", "%")),
    **dict.fromkeys(("warm", "hot", "cold", "cool", "chilly", "temperature"), ("temperature", "°")),
}
_ASKED = re.compile(rf"(?:how|what is the) (?P<word>{'|'.join(_MEASURES)})(?: level)?(?: is it)?(?: in)?")


def answer(home: Home, text: str, moment: Moment, mic_area: str | None = None) -> Answer | None:
    """`text` is plain."""
    is_outside = _OUTSIDE.search(text) is not None
    place, left = wording.place(home, _OUTSIDE.sub("", text) if is_outside else text, mic_area)
    found = _ASKED.fullmatch(" ".join(left.split()))
    here = next(iter(targets.find_areas(home, mic_area)), None) if mic_area else None
    if found is None or not (is_outside or place.areas or here):
        return None
    kind, unit = _MEASURES[found["word"]]
    areas = place.areas or (frozenset({here.id}) if here else frozenset())
    known = [one for one in home.exposed() if _is_outdoors(home, one) or not is_outside]
    told = [(value, one) for one in known if (value := _value(home, one, kind)) is not None]
    near = [one for one in told if is_outside or one[1].area in areas]
    if not near:
        return None
    value, device = near[0]
    area = home.areas.get(device.area or "")
    where = " outside" if is_outside else f" in the {area.name}" if area else ""
    said = f"It is {spoken.quantity(spoken.number(value) or '', device.unit or unit)}{where}."
    return Answer(Intent("AskMeasure", {"measure": kind}, source="question"), said, (device.id,))


def _value(home: Home, device: Device, kind: str) -> float | None:
    state = home.state(device.id)
    if device.domain == "sensor" and device.device_class == kind:
        return number(state.value)
    return number(state.attributes.get(f"current_{kind}")) if device.domain in ("climate", "humidifier") else None


def _is_outdoors(home: Home, device: Device) -> bool:
    area = home.areas.get(device.area or "")
    return not OUTDOORS.isdisjoint(f"{device.name} {area.name if area else ''}".casefold().split())
