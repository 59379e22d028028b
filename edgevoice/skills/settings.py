"""What one device is told for one intent: the meaning of Home Assistant's intents for each kind of device."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from edgevoice.home.capabilities import number
from edgevoice.home.colors import rgb
from edgevoice.home.degrees import celsius, fahrenheit
from edgevoice.home.model import Capability, Device, State
from edgevoice.messages import Intent, Value
from edgevoice.skills import spoken

VOLUME_STEP = 10
"""Percent; Home Assistant's own step."""
OFF = frozenset({"off", "closed", "closing", "docked", "returning", "standby", "unlocked", "disarmed"})
"""States that "turn on" ends and "turn off" leads to."""
_KELVIN = re.compile(r"\bkelvins?\b|\d ?k\b", re.IGNORECASE)
_SCALE = re.compile(r"\b(?:celsius|centigrade|fahrenheit)\b|(?:°|degrees? )[CF]\b", re.IGNORECASE)
_HOTTEST_CELSIUS = 45.0  # the upper bound of a thermostat that does not tell its unit


@dataclass(frozen=True, slots=True)
class Setting:
    """`limit` is the spoken bound that the wanted value was set back to."""

    capability: str
    value: Value
    limit: str | None = None
    is_upper: bool = False


Settings: TypeAlias = tuple[Setting, ...] | None
"""Empty: the device cannot do it. None: there is nothing to do, it is so already."""
Work: TypeAlias = Callable[[Device, State, Intent], Settings]


class Unable(Exception):
    """Why a device cannot be told: a key of the error sentences, and what stands in the sentence."""

    def __init__(self, key: str, **values: str | tuple[str, ...]) -> None:
        super().__init__(key)
        self.key, self.values = key, values


@dataclass(frozen=True, slots=True)
class Action:
    """How an intent acts. `states` are tried in order: devices in an earlier one are meant before those in a later one.

    `is_single`: one device is meant unless a place was named. `needs_state`: only devices in one of `states` will do.
    """

    work: Work
    domains: tuple[str, ...] = ()
    is_single: bool = False
    states: tuple[tuple[str, ...], ...] = ()
    needs_state: bool = False
    area_is_place: bool = True


def _turn(on: bool) -> Work:
    def work(device: Device, state: State, intent: Intent) -> Settings:
        return turned(device, on)

    return work


def turned(device: Device, on: bool) -> Settings:
    """What "turn on" and "turn off" mean for a device: locks lock and unlock, covers open and close, scenes activate."""
    can = device.capabilities
    match device.domain:
        case "scene" | "script" if "activate" in can:
            return _if_able(device, "activate", None) if on else ()
        case "button" | "input_button":
            return _if_able(device, "press", None) if on else ()
        case "alarm_control_panel":
            return _if_able(device, "alarm", "arm_away" if on else "disarm")
        case "vacuum" if "vacuum" in can:
            return _if_able(device, "vacuum", "start" if on else "dock")
        case "lawn_mower":
            return _if_able(device, "mower", "mow" if on else "dock")
    for capability, value in _SWITCHES:
        if capability in can:
            return (Setting(capability, value[0] if on else value[1]),)
    return ()


# The first one that a device has is what switches it: (value for on, value for off).
_SWITCHES: tuple[tuple[str, tuple[Value, Value]], ...] = (
    ("on", (True, False)),
    ("open", (True, False)),
    ("position", (100, 0)),
    ("locked", (True, False)),
    ("playback", ("play", "stop")),
)


def _toggle(device: Device, state: State, intent: Intent) -> Settings:
    return turned(device, state.value in OFF)


def _light(device: Device, state: State, intent: Intent) -> Settings:
    slots, found = intent.slots, list[Setting]()
    if "brightness_step" in slots:
        stepped = _dimmed(device, state, _need(intent, "brightness_step"))
        if stepped is None:
            return None
        found += stepped
    elif "brightness" in slots:
        level = _need(intent, "brightness")
        if level > 100 and _KELVIN.search(intent.text):  # "set the lamp to 3000 kelvin"
            return (_bounded(device, "color_temperature", level, "kelvin"),) if _can_warm(device) else ()
        if "brightness" in device.capabilities:
            dark = Setting("on", False, "0 percent" if level < 0 else None)
            found += [_bounded(device, "brightness", level)] if level > 0 else [dark]
    if "color" in slots:
        color = str(slots["color"])
        if rgb(color) is None:
            raise Unable("no_value")
        found += _if_able(device, "color", color)
    if "temperature" in slots and _can_warm(device):
        found.append(_bounded(device, "color_temperature", _need(intent, "temperature"), "kelvin"))
    if not {"brightness", "brightness_step", "color", "temperature"} & slots.keys():
        raise Unable("no_value")
    return tuple(found)


def _can_warm(device: Device) -> bool:
    return "color_temperature" in device.capabilities


def _dimmed(device: Device, state: State, step: float) -> Settings:
    """A step darker never switches a light off, and leaves one that is off alone."""
    if "brightness" not in device.capabilities:
        return ()
    is_on = state.value != "off"
    if not is_on and step < 0:
        return None
    full = 255 if is_on else 0  # a light that is on and does not say how bright is taken as fully so
    held = number(state.attributes.get("brightness")) if is_on else 0.0
    now = (full if held is None else held) / 255 * 100
    return (Setting("brightness", round(min(100.0, max(1.0, now + step)))),)


def _amount(slot: str, unit: str, *capabilities: str) -> Work:
    """Sets the first of the capabilities that the device has to the slot's number, within its bounds."""

    def work(device: Device, state: State, intent: Intent) -> Settings:
        value = _need(intent, slot)
        for capability in capabilities:
            if capability in device.capabilities:
                return (_bounded(device, capability, value, unit),)
        return ()

    return work


def _temperature(device: Device, state: State, intent: Intent) -> Settings:
    """A temperature, or so many degrees more than the one that is set."""
    if "temperature" not in device.capabilities:
        return ()
    if "temperature_step" not in intent.slots:
        degrees = _in_unit_of(device, _need(intent, "temperature"), intent.text)
        return (_bounded(device, "temperature", degrees, "degrees"),)
    held = number(state.attributes.get("temperature"))
    if held is None:
        raise Unable("unknown_temperature", name=device.name)
    return (_bounded(device, "temperature", held + _need(intent, "temperature_step"), "degrees"),)


def _in_unit_of(device: Device, degrees: float, text: str) -> float:
    """Degrees as the device counts them, where `text` names another unit."""
    said = _SCALE.search(text)
    if said is None:
        return degrees
    most = device.capabilities["temperature"].maximum
    counts_fahrenheit = device.unit == "°F" or (device.unit is None and most is not None and most > _HOTTEST_CELSIUS)
    says_fahrenheit = said[0].casefold().endswith(("f", "fahrenheit"))
    if says_fahrenheit == counts_fahrenheit:
        return degrees
    return celsius(degrees) if says_fahrenheit else fahrenheit(degrees)


def _position(device: Device, state: State, intent: Intent) -> Settings:
    percent = _need(intent, "position")
    found = _amount("position", "percent", "position", "tilt")(device, state, intent)
    return found if found or percent not in (0, 100) else _if_able(device, "open", percent == 100)


def _fan_speed(device: Device, state: State, intent: Intent) -> Settings:
    if _need(intent, "percentage") == 0:
        return _if_able(device, "on", False)
    return _amount("percentage", "percent", "fan_speed")(device, state, intent)


def _volume_step(device: Device, state: State, intent: Intent) -> Settings:
    step = intent.slots.get("volume_step")
    change = {"up": float(VOLUME_STEP), "down": -float(VOLUME_STEP)}.get(str(step), number(step))
    if change is None:
        raise Unable("no_value")
    if "volume" not in device.capabilities:
        return ()
    level = number(state.attributes.get("volume_level"))
    if level is None:
        raise Unable("unknown_level", name=device.name)
    return (Setting("volume", round(min(100.0, max(0.0, level * 100 + change)))),)


def _say(capability: str, value: Value) -> Work:
    """The same for every device."""

    def work(device: Device, state: State, intent: Intent) -> Settings:
        return _if_able(device, capability, value)

    return work


def _pass(capability: str, slot: str) -> Work:
    """The slot's text, as one of the device's choices where it has any."""

    def work(device: Device, state: State, intent: Intent) -> Settings:
        value = str(intent.slots.get(slot) or "").strip()
        if not value:
            raise Unable("no_value")
        choices = device.capabilities[capability].choices if capability in device.capabilities else ()
        spelled = {choice.replace("_", " ").casefold(): choice for choice in choices}
        chosen = spelled.get(value.replace("_", " ").casefold())
        if choices and chosen is None:
            raise Unable("not_a_choice", name=device.name, choices=tuple(spelled))
        return _if_able(device, capability, chosen or value)

    return work


def _media(device: Device, state: State, intent: Intent) -> Settings:
    query = str(intent.slots.get("search_query") or "").strip()
    return _if_able(device, "media", query) if query else ()


def _need(intent: Intent, slot: str) -> float:
    value = number(intent.slots.get(slot))
    if value is None:
        raise Unable("no_value")
    return value


def _if_able(device: Device, capability: str, value: Value) -> tuple[Setting, ...]:
    can = device.capabilities.get(capability)
    if can is None or (can.choices and isinstance(value, str) and value not in can.choices):
        return ()
    return (Setting(capability, value),)


def _bounded(device: Device, name: str, wanted: float, unit: str = "percent") -> Setting:
    can = device.capabilities.get(name) or Capability(name)
    low = can.minimum if can.minimum is not None else 0.0 if unit == "percent" else wanted
    high = can.maximum if can.maximum is not None else 100.0 if unit == "percent" else wanted
    value = min(max(wanted, low), high)
    tidy = int(value) if value == int(value) else value
    if value == wanted:
        return Setting(name, tidy)
    return Setting(name, tidy, f"{spoken.number(value)} {unit}".strip(), wanted > value)


_PLAYING: tuple[tuple[str, ...], ...] = (("playing", "buffering"),)
_PAUSED: tuple[tuple[str, ...], ...] = (("paused",), ("idle", "on", "standby"), ("off",))
_SOUNDING: tuple[tuple[str, ...], ...] = (("playing", "buffering"), ("paused", "idle", "on"))
_PLAYER = ("media_player",)
_CLIMATE = ("climate", "water_heater")


def _player(capability: str, value: Value, states: tuple[tuple[str, ...], ...], needs_state: bool = False) -> Action:
    return Action(_say(capability, value), _PLAYER, True, states, needs_state)


ACTIONS: Mapping[str, Action] = {
    "HassTurnOn": Action(_turn(True)),
    "HassTurnOff": Action(_turn(False)),
    "HassToggle": Action(_toggle),
    "HassLightSet": Action(_light, ("light",)),
    "HassSetPosition": Action(_position, ("cover", "valve")),
    "HassStopMoving": Action(_say("stop", None), ("cover", "valve")),
    "HassFanSetSpeed": Action(_fan_speed, ("fan",)),
    "HassClimateSetTemperature": Action(_temperature, _CLIMATE, is_single=True),
    "HassClimateSetFanMode": Action(_pass("fan_mode", "fan_mode"), ("climate",), is_single=True),
    "HassClimateSetHvacMode": Action(_pass("hvac_mode", "hvac_mode"), _CLIMATE, is_single=True),
    "HassHumidifierSetpoint": Action(
        _amount("humidity", "percent", "humidity"), ("humidifier", "climate"), is_single=True
    ),
    "HassSetVolume": Action(_amount("volume_level", "percent", "volume"), _PLAYER, True, _SOUNDING),
    "HassSetVolumeRelative": Action(_volume_step, _PLAYER, True, _SOUNDING),
    "HassMediaPlayerMute": _player("muted", True, _SOUNDING),
    "HassMediaPlayerUnmute": _player("muted", False, _SOUNDING),
    "HassMediaPause": _player("playback", "pause", _PLAYING, needs_state=True),
    "HassMediaUnpause": _player("playback", "play", _PAUSED),
    "HassMediaNext": _player("playback", "next", _PLAYING, needs_state=True),
    "HassMediaPrevious": _player("playback", "previous", _PLAYING, needs_state=True),
    "HassMediaSearchAndPlay": Action(_media, _PLAYER, True),
    "HassVacuumStart": Action(_say("vacuum", "start"), ("vacuum",), is_single=True),
    "HassVacuumPause": Action(_say("vacuum", "pause"), ("vacuum",), is_single=True),
    "HassVacuumReturnToBase": Action(_say("vacuum", "dock"), ("vacuum",), is_single=True),
    "HassVacuumCleanArea": Action(_pass("clean_area", "area"), ("vacuum",), True, area_is_place=False),
    "HassLawnMowerStartMowing": Action(_say("mower", "mow"), ("lawn_mower",), is_single=True),
    "HassLawnMowerDock": Action(_say("mower", "dock"), ("lawn_mower",), is_single=True),
    "HassSelectOption": Action(_pass("option", "option"), ("select", "input_select"), is_single=True),
    "HassSetValue": Action(_amount("value", "", "value"), ("number", "input_number"), is_single=True),
}
"""The intents that act on devices; lists and timers have their own modules."""
