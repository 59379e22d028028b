"""A change of devices that were spoken of, as intents: what it comes to for each of them as they are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from edgevoice.dialogue.changes import Change
from edgevoice.home.capabilities import number
from edgevoice.home.model import Device, Home, State
from edgevoice.messages import Intent, Value


@dataclass(frozen=True, slots=True)
class _Level:
    intent: str
    slot: str
    step: float
    attribute: str
    whole: float = 100.0
    """What of the attribute is 100."""


LEVELS = {
    "temperature": _Level("HassClimateSetTemperature", "temperature", 1.0, "temperature"),
    "volume": _Level("HassSetVolume", "volume_level", 10.0, "volume_level", 1.0),
    "brightness": _Level("HassLightSet", "brightness", 20.0, "brightness", 255.0),
    "fan_speed": _Level("HassFanSetSpeed", "percentage", 20.0, "percentage"),
    "position": _Level("HassSetPosition", "position", 20.0, "current_position"),
    "humidity": _Level("HassHumidifierSetpoint", "humidity", 5.0, "humidity"),
    "value": _Level("HassSetValue", "value", 1.0, ""),
}
"""By capability, the likeliest first."""
_UNTURNED = frozenset({"position", "value"})
_KELVIN_STEP = 500.0
# What a verb comes to: (capability that a device needs, intent), the first that it has.
_VERBS: dict[str, tuple[tuple[str, str], ...]] = {
    "on": (("open", "HassTurnOn"), ("on", "HassTurnOn"), ("hvac_mode", "HassTurnOn"), ("activate", "HassTurnOn"), ("vacuum", "HassVacuumStart")),
    "off": (("open", "HassTurnOff"), ("on", "HassTurnOff"), ("hvac_mode", "HassTurnOff"), ("vacuum", "HassVacuumReturnToBase")),
    "open": (("open", "HassTurnOn"), ("position", "HassTurnOn"), ("locked", "HassTurnOff")),
    "close": (("open", "HassTurnOff"), ("position", "HassTurnOff"), ("locked", "HassTurnOn")),
    "lock": (("locked", "HassTurnOn"),),
    "unlock": (("locked", "HassTurnOff"),),
    "mute": (("muted", "HassMediaPlayerMute"),),
    "unmute": (("muted", "HassMediaPlayerUnmute"),),
    "pause": (("playback", "HassMediaPause"), ("vacuum", "HassVacuumPause")),
    "resume": (("playback", "HassMediaUnpause"), ("vacuum", "HassVacuumStart")),
    "stop": (("playback", "HassMediaPause"), ("vacuum", "HassVacuumReturnToBase"), ("stop", "HassStopMoving"), ("on", "HassTurnOff"), ("open", "HassTurnOff")),
    "start": (("vacuum", "HassVacuumStart"), ("playback", "HassMediaUnpause"), ("on", "HassTurnOn"), ("open", "HassTurnOn")),
    "dock": (("vacuum", "HassVacuumReturnToBase"),),
}  # fmt: skip
_ONLY_VALVES = frozenset({"on", "off"})
"""Nobody turns a blind on."""


def intents(
    home: Home, devices: Sequence[Device], change: Change, last: str, direction: int, text: str
) -> tuple[Intent, ...]:
    """What `change` comes to for `devices`; empty where it says nothing that they can do.

    `last` is the capability that was changed last, `direction` which way it went.
    """
    wanted: dict[tuple[str, str, Value], list[str]] = defaultdict(list)
    for device in devices:
        for intent, slot, value in _told(home, device, change, last, direction):
            wanted[intent, slot, value].append(device.id)
    return tuple(
        Intent(name, {slot: value} if slot else {}, source="dialogue", text=text, targets=tuple(ids))
        for (name, slot, value), ids in wanted.items()
    )


def level_of(home: Home, device: Device, capability: str) -> float | None:
    """The level of a device in the unit of its commands; None where there is none, or nobody knows."""
    known = LEVELS.get(capability)
    return _held(home.state(device.id), known, device) if known else None


def _told(home: Home, device: Device, change: Change, last: str, direction: int) -> list[tuple[str, str, Value]]:
    if change.how == "switch":
        found = _verb(device, change.verb)
        return [(found, "", None)] if found else []
    if change.how == "color":
        return [("HassLightSet", "color", change.color)] if "color" in device.capabilities else []
    if change.how == "tone" or (change.what == "temperature" and device.domain == "light"):
        return _toned(home, device, change)
    capability = _capability(device, change, last)
    if not capability:
        return []
    value = _value(home, device, capability, change, direction)
    known = LEVELS[capability]
    return [] if value is None else [(known.intent, known.slot, _tidy(value))]


def _verb(device: Device, verb: str) -> str:
    for capability, intent in _VERBS[verb]:
        if capability in device.capabilities and (
            capability != "open" or verb not in _ONLY_VALVES or device.domain == "valve"
        ):
            return intent
    return ""


def _capability(device: Device, change: Change, last: str) -> str:
    able = [name for name in LEVELS if name in device.capabilities and not (change.is_turned and name in _UNTURNED)]
    if change.what:
        return change.what if change.what in able else ""
    return last if last in able else next(iter(able), "")


def _value(home: Home, device: Device, capability: str, change: Change, direction: int) -> float | None:
    known, can = LEVELS[capability], device.capabilities[capability]
    low = can.minimum if can.minimum is not None else 1.0 if capability == "brightness" else 0.0
    high = can.maximum if can.maximum is not None else 100.0
    if change.how == "set":
        if change.size:
            return change.amount
        least = low if capability == "position" else max(low, change.amount if low == 0 else low)
        return high if change.sign > 0 else least
    held = _held(home.state(device.id), known, device)
    if held is None:
        return None
    if change.how == "times" and capability == "brightness" and held == 0:
        return None
    if change.how == "times":
        return min(high, max(low, round(held * change.amount)))
    sign = change.sign if abs(change.sign) == 1 else (-1 if change.sign else 1) * (direction or 1)
    if capability == "brightness" and held == 0 and sign < 0:
        return None
    step = change.amount or known.step * (change.size if known.step > 10 or change.size > 1 else 1.0)
    digits = 1 if capability in ("temperature", "value") else 0
    return min(high, max(low, round(held + sign * step, digits)))


def _held(state: State, known: _Level, device: Device) -> float | None:
    if not known.attribute:
        return number(state.value)
    if known.attribute in ("brightness", "percentage") and state.value == "off":
        return 0.0
    held = number(state.attributes.get(known.attribute))
    return None if held is None else held / known.whole * 100 if known.whole != 100.0 else held


def _toned(home: Home, device: Device, change: Change) -> list[tuple[str, str, Value]]:
    can = device.capabilities.get("color_temperature")
    if can is None:
        return []
    held = number(home.state(device.id).attributes.get("color_temp_kelvin")) or 3000.0
    kelvin = change.amount or held - change.sign * _KELVIN_STEP * change.size
    return [("HassLightSet", "temperature", _tidy(min(can.maximum or 6500.0, max(can.minimum or 2000.0, kelvin))))]


def _tidy(value: float) -> float:
    return int(value) if value == int(value) else value
