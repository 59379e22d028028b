"""What is said once commands are confirmed: what is so now, and where. English and Chinese; other languages keep Home Assistant's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from edgevoice.home import targets
from edgevoice.home.appliance import confirms
from edgevoice.home.model import Device, Home
from edgevoice.messages import Command, Intent, Value
from edgevoice.skills import chinese, spoken
from edgevoice.skills.devices import Plan, label

_WAYS = ("{thing} {verb} {state} now.", "{thing} {verb} {state}.", "Okay, {thing} {verb} {state}.")
_MOST_NAMED = 3
_SWITCHES = {
    "on": ("on", "off"),
    "open": ("opening", "closing"),  # they have begun to move when they confirm
    "locked": ("locked", "unlocked"),
    "muted": ("muted", "no longer muted"),
}
_LEVELS = frozenset({"brightness", "volume", "fan_speed"})
_SET = frozenset({"hvac_mode", "fan_mode", "option", "value", "source"})
_ALARM = {"arm_home": "armed for home", "arm_away": "armed", "arm_night": "armed for the night", "disarm": "disarmed"}
_PLURALS = {
    "light": "lights", "switch": "switches", "fan": "fans", "lock": "locks", "media_player": "players",
    "climate": "thermostats", "valve": "valves", "humidifier": "humidifiers",
}  # fmt: skip
_PLURAL = re.compile(r"[^saiu]s$", re.IGNORECASE)
_OWNED = ("the ", "my ", "our ", "your ")


def sentence(home: Home, intent: Intent, plan: Plan, seed: int) -> str:
    """`The lights in the Kitchen are off.`; empty for what leaves no state behind, or differs from device to device.

    `seed` picks one of the ways to say it.
    """
    if chinese.is_chinese(home.language) and plan.devices:
        named = label(home, plan.devices[0], [one for one in home.exposed() if one.domain == plan.devices[0].domain])
        thing = named if len(plan.devices) == 1 else chinese.several(home, intent, plan.devices)
        return chinese.done(home, plan.commands, thing, seed)
    if not home.language.startswith("en") or not plan.devices:
        return ""
    state = _state(plan.commands)
    if not state:
        return ""
    thing, is_one = _thing(home, intent, plan.devices)
    if all(confirms(one, home.state(one.device)) for one in plan.commands):
        way = "{thing} {verb} already {state}."
        state = {"opening": "open", "closing": "closed"}.get(state, state)
    else:
        way = _WAYS[seed % len(_WAYS) if "longer" not in state else 1]
    said = way.format(thing=thing, verb="is" if is_one else "are", state=state)
    return said[:1].upper() + said[1:]


def _state(commands: Sequence[Command]) -> str:
    """What the devices are in: one state for all of them, of one command each."""
    told = {(command.capability, command.value) for command in commands}
    if len(told) != 1:
        return ""
    capability, value = next(iter(told))
    if capability in _SWITCHES and isinstance(value, bool):
        return _SWITCHES[capability][not value]
    if capability in _LEVELS:
        return f"at {spoken.number(value)} percent"
    if capability == "alarm":
        return _ALARM.get(str(value), "")
    return _set(capability, value)


def _set(capability: str, value: Value) -> str:
    match capability:
        case "position":
            return f"moving to {spoken.number(value)} percent"
        case "color":
            return value if isinstance(value, str) else ""
        case "color_temperature":
            return f"at {spoken.number(value)} kelvin"
        case "temperature":
            return f"set to {spoken.quantity(spoken.number(value) or '', '°')}"
        case "humidity":
            return f"set to {spoken.number(value)} percent"
        case "hvac_mode" if value == "off":
            return "off"
    return f"set to {spoken.slot(value).replace('_', ' ')}" if capability in _SET else ""


def _thing(home: Home, intent: Intent, devices: Sequence[Device]) -> tuple[str, bool]:
    """What was acted on, and whether that is one thing."""
    if len(devices) == 1:
        alike = [one for one in home.exposed() if one.domain == devices[0].domain]
        return _named(label(home, devices[0], alike)), not _PLURAL.search(devices[0].name)
    places = {name: intent.slots.get(name) for name in ("area", "floor")}
    if places["area"] is not None:
        area = next(iter(targets.find_areas(home, places["area"])), None)
        return f"the {_kind(devices)} in the {area.name if area else places['area']}", False
    if places["floor"] is not None:
        floor = str(places["floor"])
        where = floor if floor.casefold() in ("upstairs", "downstairs") else f"on the {floor}"
        return f"the {_kind(devices)} {where}", False
    if len(devices) <= _MOST_NAMED:
        return spoken.names(_named(label(home, one, devices)) for one in devices), False
    return f"{len(devices)} {_kind(devices)}", False


def _named(name: str) -> str:
    return name if name.casefold().startswith(_OWNED) or "'s " in name else f"the {name}"


def _kind(devices: Sequence[Device]) -> str:
    domains, classes = {device.domain for device in devices}, {device.device_class for device in devices}
    if domains == {"cover"}:
        return f"{next(iter(classes))}s".replace("_", " ") if len(classes) == 1 and None not in classes else "covers"
    return _PLURALS.get(next(iter(domains)), "devices") if len(domains) == 1 else "devices"
