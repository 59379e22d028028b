"""What to tell a device so that it is again as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edgevoice.home.appliance import ABSENT
from edgevoice.home.capabilities import number, texts
from edgevoice.home.model import Device, State
from edgevoice.messages import Command, Value

_PLAYBACK = {"playing": "play", "paused": "pause", "idle": "stop"}
_VACUUM = {"cleaning": "start", "paused": "pause", "docked": "dock", "returning": "dock", "idle": "stop"}
_MOWER = {"mowing": "mow", "paused": "pause", "docked": "dock", "returning": "dock"}
_ALARM = {"armed_home": "arm_home", "armed_away": "arm_away", "armed_night": "arm_night", "disarmed": "disarm"}
_ITEMS = {"add_item": "remove_item", "remove_item": "add_item", "complete_item": "add_item"}
_SKIPS = {"next": "previous", "previous": "next"}
_LIGHT = frozenset({"on", "brightness", "color", "color_temperature"})
# Capability -> the attribute that holds its value as it is told.
_ATTRIBUTES = {
    "tilt": "current_tilt_position",
    "temperature": "temperature",
    "humidity": "humidity",
    "fan_mode": "fan_mode",
    "source": "source",
    "muted": "is_volume_muted",
}


def back(device: Device, before: State, told: Iterable[Command]) -> tuple[Command, ...]:
    """The commands that take `told` back for one device that was in state `before`; empty where nothing can.

    What a button, a scene or a search did cannot be taken back.
    """
    found: dict[str, Command] = {}
    for command in told:
        for capability, value in _back(device, before, command):
            if value is not None and capability in device.capabilities:
                found[capability] = Command(device.id, capability, value)
    return tuple(found.values())


def _back(device: Device, before: State, told: Command) -> Iterator[tuple[str, Value]]:
    capability = told.capability
    if capability in _ITEMS:
        items = before.attributes.get("items")
        was_there = str(told.value).casefold() in (item.casefold() for item in texts(items))
        if items is None or was_there is not (capability == "add_item"):
            yield _ITEMS[capability], told.value
    elif capability == "playback" and told.value in _SKIPS:
        yield "playback", _SKIPS[str(told.value)]
    elif before.value in ABSENT:
        return
    elif device.domain == "light" and capability in _LIGHT:
        yield from _light(device, before, capability)
    elif device.domain == "media_player" and capability == "on" and before.value in _PLAYBACK:
        yield "on", True
        yield "playback", _PLAYBACK[before.value]
    elif device.domain == "climate" and capability in ("on", "hvac_mode") and "hvac_mode" in device.capabilities:
        yield "hvac_mode", before.value
    else:
        yield from _other(device, before, capability)


def _other(device: Device, before: State, capability: str) -> Iterator[tuple[str, Value]]:
    attributes = before.attributes
    match capability:
        case "on":
            yield "on", before.value not in ("off", "standby")
        case "open" | "position":
            position = number(attributes.get("current_position"))
            is_between = position is not None and 0 < position < 100 and "position" in device.capabilities
            yield ("position", position) if is_between else ("open", before.value in ("open", "opening"))
        case "locked":
            yield "locked", before.value == "locked"
        case "hvac_mode" | "option":
            yield capability, before.value
        case "value":
            yield "value", number(before.value)
        case "fan_speed":
            speed = number(attributes.get("percentage"))
            yield ("fan_speed", speed) if speed and before.value != "off" else ("on", before.value != "off")
        case "volume":
            level = number(attributes.get("volume_level"))
            yield "volume", None if level is None else round(level * 100)
        case "playback":
            yield "playback", _PLAYBACK.get(before.value)
        case "vacuum":
            yield "vacuum", _VACUUM.get(before.value)
        case "mower":
            yield "mower", _MOWER.get(before.value)
        case "alarm":
            yield "alarm", _ALARM.get(before.value)
        case _ if capability in _ATTRIBUTES:
            yield capability, attributes.get(_ATTRIBUTES[capability])


def _light(device: Device, before: State, capability: str) -> Iterator[tuple[str, Value]]:
    if before.value == "off":
        yield "on", False
        return
    level = number(before.attributes.get("brightness"))
    if level is not None and "brightness" in device.capabilities:
        yield "brightness", max(1, round(level / 255 * 100))
    else:
        yield "on", True
    if capability == "color_temperature" or (capability == "color" and "color_temp_kelvin" in before.attributes):
        yield "color_temperature", before.attributes.get("color_temp_kelvin")
    elif capability == "color":
        yield "color", before.attributes.get("color") or before.attributes.get("rgb_color")
