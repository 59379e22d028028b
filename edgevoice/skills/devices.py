"""Intents that act on devices: which devices, and what each of them is told.

`plan` decides only; `policy` judges the commands and `conversation` hands them on. A group or an area is one command
for each device. Values out of a device's range are set to its limit, and that is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgevoice.home import targets
from edgevoice.home.model import Device, Home
from edgevoice.messages import Command, Intent, Value
from edgevoice.nlu.evidence import stem_set, stems
from edgevoice.skills import chinese, spoken
from edgevoice.skills.reply import Replies
from edgevoice.skills.settings import ACTIONS, Action, Setting, Settings, Unable

# What "turn off the kitchen" may touch: no lock, no cover, no scene.
_SWITCHED = ("light", "switch", "fan", "media_player", "input_boolean")
_DOMAINS_OF_RESPONSE = {
    "cover": ("cover",),
    "lock": ("lock",),
    "valve": ("valve",),
    "scene": ("scene",),
    "script": ("script",),
    "button": ("button", "input_button"),
}
_EVERYWHERE = ("light_all", "fan_all", "open_all")
_PLACES = ("area", "floor")
_FLOOR = re.compile(r"\s+floor$", re.IGNORECASE)
# "Turn off the light" in a home with several, heard nowhere in particular, means one of them.
_ONE = re.compile(
    r"\b(?:the|a|my) (?:light|lamp|fan|curtain|blind|shade|shutter|window|door|lock|valve|switch)\b", re.IGNORECASE
)
_ONE_NAMED = re.compile(
    r"\b(?:the|my) (?P<name>(?:[a-z']+ ){1,3})(?:light|lamp|fan|curtain|blind|shade|shutter|window|door|lock|valve|switch|speaker|plug|thermostat|heater)\b",
    re.IGNORECASE,
)
_ALL = re.compile(r"\b(?:all|every|both|each|everywhere)\b", re.IGNORECASE)

_LIGHTS = stem_set("lamp bulb spotlight chandelier lantern")


@dataclass(frozen=True, slots=True)
class Plan:
    """What an intent comes to: `commands` for `devices`; or `choices`, one of which is meant; or a `problem` to say.

    Commands empty and no problem: everything is already as it should be. `notes` are said instead of the reply.
    """

    commands: tuple[Command, ...] = ()
    devices: tuple[Device, ...] = ()
    choices: tuple[Device, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


def plan(home: Home, replies: Replies, intent: Intent, mic_area: str | None = None) -> Plan | None:
    """None for an intent that acts on no device."""
    action = ACTIONS.get(intent.name)
    if action is None:
        return None
    if not action.area_is_place and intent.slots.get("area") is not None:
        areas = targets.find_areas(home, intent.slots["area"])
        if not areas:
            return Plan(problem=replies.error("no_area", area=str(intent.slots["area"])))
        intent = replace(intent, slots={**intent.slots, "area": areas[0].id})
    devices = _candidates(home, intent, action, mic_area)
    if not devices:
        return Plan(problem=nothing(home, replies, intent, action.domains))
    devices = devices if "name" in intent.slots else _so_called(intent.text, devices)
    found, devices = devices, _in_state(home, devices, action)
    if not devices:
        state = spoken.state(found[0], action.states[0][0], home.language)
        return Plan(problem=replies.error("entity_wrong_state", state=state))
    settings: dict[str, Settings] = {}
    problem = ""
    for device in devices:
        try:
            settings[device.id] = action.work(device, home.state(device.id), intent)
        except Unable as error:
            problem = problem or replies.error(
                error.key, **{key: _listed(home, one) for key, one in error.values.items()}
            )
    able = tuple(device for device in devices if settings.get(device.id, ()) != ())
    if not able:
        return Plan(problem=problem or _unsupported(replies, devices))
    if _is_ambiguous(home, intent, action, able, mic_area):
        near = targets.prefer(home, able, mic_area)
        if len(near) > 1:
            return Plan(choices=near)
        able = near
    chosen = [(device, setting) for device in able for setting in settings[device.id] or ()]
    return Plan(
        tuple(Command(device.id, setting.capability, setting.value) for device, setting in chosen),
        able,
        notes=tuple(note for device, setting in chosen if (note := _note(replies, device, setting))),
    )


def nothing(home: Home, replies: Replies, intent: Intent, domains: Sequence[str] = ()) -> str:
    """Why no device is meant, as Home Assistant says it."""
    slots = intent.slots
    kinds = slots.get("device_class"), slots.get("domain") or (domains[0] if domains else None)
    key = targets.missing(
        home,
        name=slots.get("name"),
        area=slots.get("area"),
        floor=slots.get("floor"),
        device_class=kinds[0],
        domain=kinds[1],
    )
    texts = {"entity": slots.get("name"), "area": slots.get("area"), "floor": slots.get("floor")}
    texts |= {"device_class": kinds[0], "domain": kinds[1]}
    said = {name: _text(value) for name, value in texts.items() if value is not None}
    if chinese.is_chinese(home.language):
        said |= {name: chinese.kind(said[name], home.language) for name in ("device_class", "domain") if name in said}
    if "floor" in said:
        said["floor"] = _FLOOR.sub("", said["floor"])  # the sentence adds it itself
    return replies.error(key, **said)


def label(home: Home, device: Device, among: Sequence[Device]) -> str:
    """The name of a device, with its area where another one of them has the same name."""
    area = home.areas.get(device.area or "")
    same = sum(targets.fold(one.name) == targets.fold(device.name) for one in among)
    if same < 2 or area is None:
        return device.name
    return f"{area.name}的{device.name}" if chinese.is_chinese(home.language) else f"{device.name} in the {area.name}"


def _candidates(home: Home, intent: Intent, action: Action, mic_area: str | None) -> tuple[Device, ...]:
    if intent.targets:
        return tuple(home.devices[one] for one in intent.targets if one in home.devices)
    slots = intent.slots
    place = {"area": slots.get("area") if action.area_is_place else None, "floor": slots.get("floor")}
    domain = slots.get("domain") or _DOMAINS_OF_RESPONSE.get(intent.response) or action.domains or None
    name = slots.get("name")
    if domain is None and (name is None or name == targets.EVERYTHING):
        domain = _SWITCHED
    found = targets.match(
        home, name=name, domain=domain, device_class=slots.get("device_class"), mic_area=mic_area, **place
    )
    if not found and domain == "light":  # a string of lights may hang on a plug
        plugs = targets.match(home, domain="switch", mic_area=mic_area, **place)
        found = tuple(one for one in plugs if "light" in stems(" ".join((one.name, *one.aliases))))
    is_placed = name is not None or any(place.values()) or intent.response in _EVERYWHERE
    return found if is_placed or not mic_area else _here(home, found, mic_area)


def _so_called(text: str, devices: tuple[Device, ...]) -> tuple[Device, ...]:
    """Of several lights, those that are called what was said: "the lamps" are not the ceiling light."""
    said = _LIGHTS & set(stems(text))
    if not said or any(one.domain != "light" for one in devices):
        return devices
    return tuple(one for one in devices if said & set(stems(" ".join((one.name, *one.aliases))))) or devices


def _here(home: Home, devices: Sequence[Device], mic_area: str) -> tuple[Device, ...]:
    areas = {area.id for area in targets.find_areas(home, mic_area)}
    return tuple(device for device in devices if device.area in areas) or tuple(devices)


def _in_state(home: Home, devices: tuple[Device, ...], action: Action) -> tuple[Device, ...]:
    """Those in the first of the action's states that any device is in. A state that is not known may be any."""
    for states in action.states:
        found = tuple(d for d in devices if home.state(d.id).value in (*states, "unknown"))
        if found:
            return found
    return () if action.states and action.needs_state else devices


def _is_ambiguous(home: Home, intent: Intent, action: Action, devices: Sequence[Device], mic_area: str | None) -> bool:
    if len(devices) < 2 or intent.source == "dialogue":
        return False
    if intent.targets:
        return _is_one_of(home, intent.text, devices)
    name = intent.slots.get("name")
    if isinstance(name, str) and name != targets.EVERYTHING:
        return True
    if any(intent.slots.get(place) for place in _PLACES):
        return False
    return action.is_single or (not mic_area and bool(_ONE.search(intent.text)) and not _ALL.search(intent.text))


def _is_one_of(home: Home, text: str, devices: Sequence[Device]) -> bool:
    """Whether a text speaks of one thing by words that several have in their names: "the bedside lamp"."""
    found = _ONE_NAMED.search(text)
    if found is None or _ALL.search(text) or targets.find_areas(home, found["name"].strip()):
        return False
    said = set(targets.fold(found["name"]).split())
    return all(said <= set(targets.fold(" ".join((one.name, *one.aliases))).split()) for one in devices)


def _unsupported(replies: Replies, devices: Sequence[Device]) -> str:
    if len(devices) == 1:
        return replies.error("unsupported", name=devices[0].name)
    return replies.error("feature_not_supported")


def _note(replies: Replies, device: Device, setting: Setting) -> str:
    if setting.limit is None:
        return ""
    limit = chinese.measured(setting.limit) if chinese.is_chinese(replies.language) else setting.limit
    return replies.error("limit", name=device.name, limit=limit, upper="yes" if setting.is_upper else "")


def _listed(home: Home, told: str | tuple[str, ...]) -> str:
    return told if isinstance(told, str) else spoken.names(told, most=8, language=home.language)


def _text(value: Value) -> str:
    return " or ".join(str(one) for one in value) if isinstance(value, tuple) else str(value)
