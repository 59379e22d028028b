"""The home as its owner writes it down: floors, areas, aliases, risks, and devices that announce themselves or do not.

    floors:
      - {name: Upstairs, aliases: [first floor]}
    areas:
      - {name: Bedroom, floor: upstairs}
    devices:
      - id: light.bed_light            # an entity that discovery brings: what stands here wins over what it says
        name: Bed Light
        area: bedroom
        aliases: [reading lamp]
      - id: lock.front_door
        risk: {locked: confirm}        # by capability, or `locked=false` for one value
        who: [voice]                   # who may command it: `voice`, `text` (typed, or by topic), an area's microphone
      - id: switch.pump                # nobody announces this one: the keys of Home Assistant's MQTT integration
        mqtt: {command_topic: pump/set, state_topic: pump/state}

The same file describes a simulated home: `state` and `attributes` are what each appliance begins with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from edgevoice import schema
from edgevoice.errors import SettingsError
from edgevoice.home.capabilities import capabilities_of
from edgevoice.home.model import CAPABILITIES, Area, Device, Floor, Home, State
from edgevoice.home.names import clean, slug, titled
from edgevoice.messages import Risk, Value

SPEAKERS = ("voice", "text")
"""Who may be named in `who`, beside areas: a microphone; what is typed, or comes by topic."""


@dataclass(frozen=True, slots=True)
class FloorEntry:
    name: str
    id: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AreaEntry:
    """`floor` is a floor's id or name."""

    name: str
    id: str = ""
    floor: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """What the owner says of one entity; what is left out stays as discovery has it. `area` is an area's id or name."""

    id: str
    name: str | None = None
    area: str | None = None
    aliases: tuple[str, ...] = ()
    device_class: str | None = None
    unit: str | None = None
    risk: Mapping[str, Risk] = field(default_factory=dict)
    who: tuple[str, ...] = ()
    exposed: bool | None = None
    optimistic: bool | None = None
    state: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    mqtt: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _File:
    name: str = ""
    floors: tuple[FloorEntry, ...] = ()
    areas: tuple[AreaEntry, ...] = ()
    devices: tuple[DeviceEntry, ...] = ()


class Inventory:
    """One such file. Floors and areas have ids; `entries` are the devices by entity id."""

    def __init__(
        self, floors: Mapping[str, Floor], areas: Mapping[str, Area], entries: Mapping[str, DeviceEntry]
    ) -> None:
        self.floors = floors
        self.areas = areas
        self.entries = entries
        self.origin = ""

    def refine(self, device: Device) -> Device:
        """The device as its owner calls and guards it."""
        entry = self.entries.get(device.id)
        if entry is None:
            return device
        return replace(
            device,
            name=entry.name or device.name,
            area=self.area_id(entry.area) or device.area,
            aliases=tuple(dict.fromkeys((*entry.aliases, *device.aliases))),
            device_class=entry.device_class or device.device_class,
            unit=entry.unit or device.unit,
            risk={**device.risk, **entry.risk},
            who=tuple(self.area_id(one) or one for one in entry.who) or device.who,
            exposed=device.exposed if entry.exposed is None else entry.exposed,
            optimistic=device.optimistic if entry.optimistic is None else entry.optimistic,
        )

    def home(self, language: str = "en") -> Home:
        """A home of all devices of the file in the states it gives them, as if each had announced itself."""
        home = Home(self.floors.values(), self.areas.values(), language=language)
        for entry in self.entries.values():
            device = self.device(entry)
            home.put(device)
            home.update(device.id, State(entry.state or "unknown", _attributes(entry)))
        return home

    def device(self, entry: DeviceEntry) -> Device:
        """One device of the file, on its own."""
        domain, _, object_id = entry.id.partition(".")
        attributes = _attributes(entry)
        capabilities = capabilities_of(domain, entry.device_class, attributes)
        bare = Device(entry.id, titled(object_id), domain, capabilities=capabilities, origin=self.origin)
        return self.refine(bare)

    def area_id(self, text: str | None) -> str | None:
        """The id of the area with this id, name or alias; None where there is none."""
        return _find(self.areas, text)


def load(path: Path) -> Inventory:
    """Reads the file. Raises SettingsError with file, line, key, value and remedy."""
    node = schema.read(path)
    file: _File = schema.build(node, _File, str(path))
    named = (Floor(entry.id or slug(entry.name), clean(entry.name), entry.aliases) for entry in file.floors)
    floors = {floor.id: floor for floor in named}
    areas: dict[str, Area] = {}
    for i, entry in enumerate(file.areas):
        floor = _find(floors, entry.floor)
        if entry.floor and floor is None:
            raise _unknown(node, path, ("areas", i, "floor"), "floor", entry.floor, floors)
        area = Area(entry.id or slug(entry.name), clean(entry.name), floor, entry.aliases)
        areas[area.id] = area
    entries: dict[str, DeviceEntry] = {}
    for i, device in enumerate(file.devices):
        _check(device, node, path, i)
        if device.area and _find(areas, device.area) is None:
            raise _unknown(node, path, ("devices", i, "area"), "area", device.area, areas)
        for k, one in enumerate(device.who):
            if one not in SPEAKERS and _find(areas, one) is None:
                raise _unknown(node, path, ("devices", i, "who", k), "speaker", one, (*SPEAKERS, *areas))
        if device.id in entries:
            raise SettingsError(
                _where(node, path, ("devices", i, "id")), f"'{device.id}' is given twice", "Remove one of them"
            )
        entries[device.id] = device
    inventory = Inventory(floors, areas, entries)
    inventory.origin = str(path)
    return inventory


def apply(inventory: Inventory, home: Home) -> None:
    """Puts the owner's floors and areas into `home`, and what he says of the devices that it holds already."""
    for floor in inventory.floors.values():
        home.put_floor(floor)
    for area in inventory.areas.values():
        home.put_area(area)
    for device in list(home.devices.values()):
        home.put(inventory.refine(device))


def _attributes(entry: DeviceEntry) -> dict[str, Value]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.attributes.items()}


def _find(known: Mapping[str, Floor] | Mapping[str, Area], text: str | None) -> str | None:
    if not text:
        return None
    if text in known:
        return text
    wanted = text.casefold()
    return next(
        (key for key, item in known.items() if wanted in (name.casefold() for name in (item.name, *item.aliases))), None
    )


def _check(device: DeviceEntry, node: yaml.Node | None, path: Path, i: int) -> None:
    domain, dot, object_id = device.id.partition(".")
    if not (domain and dot and object_id):
        remedy = "Write domain.name, such as light.kitchen"
        raise SettingsError(_where(node, path, ("devices", i, "id")), f"'{device.id}' is not an entity id", remedy)
    for key in device.risk:
        capability = key.partition("=")[0]
        if capability not in CAPABILITIES:
            raise _unknown(node, path, ("devices", i, "risk", key), "capability", capability, CAPABILITIES)
    for key, value in device.attributes.items():
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value)):
            remedy = "Write a value or a list of values"
            raise SettingsError(_where(node, path, ("devices", i, "attributes", key)), "is nested", remedy)


def _unknown(
    node: yaml.Node | None, path: Path, keys: tuple[str | int, ...], what: str, value: str, known: Iterable[str]
) -> SettingsError:
    return SettingsError(_where(node, path, keys), f"unknown {what} '{value}'", schema.suggest(value, known))


def _where(node: yaml.Node | None, path: Path, keys: tuple[str | int, ...]) -> str:
    """`file:line: key` of the node under `keys`."""
    shown = ""
    for key in keys:
        shown = f"{shown}[{key}]" if isinstance(key, int) else f"{shown}.{key}".lstrip(".")
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            node = node.value[key]
        elif isinstance(node, yaml.MappingNode):
            node = next((value for name, value in node.value if name.value == key), node)
    return schema.where(node, str(path), shown)
