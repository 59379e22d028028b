"""The home: floors, areas, devices, what each can do, and the state each is in.

Ids, domains, states and attributes are Home Assistant's (`light.kitchen`, `on`, `brightness` 0-255), so that its
sentences, test homes and discovery apply as they are. `Command` values are what people say (percent, degrees, names);
the adapters turn them into each dialect's units. Nothing here does I/O or reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from edgevoice.home.history import History
from edgevoice.home.names import fold
from edgevoice.messages import Risk, Value


@dataclass(frozen=True, slots=True)
class CapabilityKind:
    """What a capability's value is: `switch` (bool), `percent` (0-100), `number`, `choice`, `text` or `trigger` (None)."""

    kind: str
    unit: str = ""


CAPABILITIES: Mapping[str, CapabilityKind] = {
    "on": CapabilityKind("switch"),
    "brightness": CapabilityKind("percent", "%"),
    "color": CapabilityKind("text"),  # a name Home Assistant knows, or (r, g, b)
    "color_temperature": CapabilityKind("number", "K"),
    "open": CapabilityKind("switch"),  # covers and valves
    "position": CapabilityKind("percent", "%"),  # 100 is fully open
    "tilt": CapabilityKind("percent", "%"),
    "stop": CapabilityKind("trigger"),  # a moving cover
    "locked": CapabilityKind("switch"),
    "temperature": CapabilityKind("number"),  # target, in the device's own unit
    "hvac_mode": CapabilityKind("choice"),
    "humidity": CapabilityKind("percent", "%"),
    "fan_speed": CapabilityKind("percent", "%"),
    "fan_mode": CapabilityKind("choice"),
    "volume": CapabilityKind("percent", "%"),
    "muted": CapabilityKind("switch"),
    "playback": CapabilityKind("choice"),  # play, pause, stop, next, previous
    "media": CapabilityKind("text"),  # a search to play
    "source": CapabilityKind("choice"),
    "vacuum": CapabilityKind("choice"),  # start, pause, stop, dock, locate
    "clean_area": CapabilityKind("text"),  # id of an area
    "mower": CapabilityKind("choice"),  # mow, pause, dock
    "press": CapabilityKind("trigger"),  # buttons
    "activate": CapabilityKind("trigger"),  # scenes and scripts
    "value": CapabilityKind("number"),
    "option": CapabilityKind("choice"),
    "text": CapabilityKind("text"),
    "alarm": CapabilityKind("choice"),  # arm_home, arm_away, arm_night, disarm
    "add_item": CapabilityKind("text"),
    "complete_item": CapabilityKind("text"),
    "remove_item": CapabilityKind("text"),
    "message": CapabilityKind("message"),  # (topic, payload, topic that confirms it, payload that does)
}


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing a device can be told. `minimum`, `maximum`, `step` and `choices` bound its value where known."""

    name: str
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Floor:
    id: str
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    id: str
    name: str
    floor: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """One entity. `area` is an area's id. A device without capabilities (a sensor) can only be asked about."""

    id: str
    name: str
    domain: str
    area: str | None = None
    aliases: tuple[str, ...] = ()
    device_class: str | None = None
    unit: str | None = None
    capabilities: Mapping[str, Capability] = field(default_factory=dict)
    risk: Mapping[str, Risk] = field(default_factory=dict)
    """Risk by `capability` or `capability=value`, over the defaults in `skills`."""
    who: tuple[str, ...] = ()
    """Who may command it: `voice`, `text`, or ids of the areas whose microphones may; empty: everybody."""
    exposed: bool = True
    optimistic: bool = False
    """It reports no state: a command is taken as done once the broker has it."""
    members: tuple[str, ...] = ()
    """It is a group of others, and meant only by its name: what means all lights means each one once."""
    origin: str = ""
    """Where it was learned: a file, or a discovery topic."""


@dataclass(frozen=True, slots=True)
class State:
    """Home Assistant's state text and attributes. `changed_seconds` is on the monotonic clock of whoever reported it."""

    value: str
    attributes: Mapping[str, Value] = field(default_factory=dict)
    changed_seconds: float = 0.0


UNKNOWN = State("unknown")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A device's answer that it does not obey, in its words; `seconds` is on the clock of states."""

    reason: str
    seconds: float


class Home:
    """The devices and their states, owned by the turns worker. `version` grows when what can be said changes."""

    def __init__(
        self,
        floors: Iterable[Floor] = (),
        areas: Iterable[Area] = (),
        devices: Iterable[Device] = (),
        language: str = "en",
    ) -> None:
        self.language = language
        self.floors = {floor.id: floor for floor in floors}
        self.areas = {area.id: area for area in areas}
        self.devices = {device.id: device for device in devices}
        self.states: dict[str, State] = {}
        self.refusals: dict[str, Refusal] = {}
        """The last one of each device."""
        self.history = History()
        self.place: tuple[float, float] | None = None
        """Latitude and longitude in degrees, where they are known."""
        self.version = 0
        self._nicknames: Mapping[str, tuple[str, ...]] = {}
        self._called: dict[str, list[Device]] = {}
        self._called_version = -1

    def put(self, device: Device) -> None:
        """Adds a device, or replaces the one with its id. Its nicknames stay."""
        if more := self._nicknames.get(device.id):
            device = replace(device, aliases=tuple(dict.fromkeys((*device.aliases, *more))))
        if self.devices.get(device.id) != device:
            self.devices[device.id] = device
            self.version += 1

    def nickname(self, names: Mapping[str, tuple[str, ...]]) -> None:
        """What people here call devices, by their ids, beside what these are called anyway. Devices may come later."""
        before, self._nicknames = self._nicknames, dict(names)
        for key in {*before, *names} & set(self.devices):
            device, old = self.devices[key], before.get(key, ())
            self.put(replace(device, aliases=tuple(alias for alias in device.aliases if alias not in old)))

    def remove(self, device_id: str) -> None:
        if self.devices.pop(device_id, None) is not None:
            self.states.pop(device_id, None)
            self.refusals.pop(device_id, None)
            self.history.forget(device_id)
            self.version += 1

    def put_floor(self, floor: Floor) -> None:
        if self.floors.get(floor.id) != floor:
            self.floors[floor.id] = floor
            self.version += 1

    def put_area(self, area: Area) -> None:
        if self.areas.get(area.id) != area:
            self.areas[area.id] = area
            self.version += 1

    def state(self, device_id: str) -> State:
        return self.states.get(device_id, UNKNOWN)

    def update(self, device_id: str, state: State) -> None:
        """Stores what a device reported. A device that is not known is ignored."""
        if device_id in self.devices:
            self.history.note(device_id, self.state(device_id).value, state.value, state.changed_seconds)
            self.states[device_id] = state

    def exposed(self) -> Iterator[Device]:
        return (device for device in self.devices.values() if device.exposed)

    def called(self, name: str) -> tuple[Device, ...]:
        """The exposed devices whose id, name or alias this is, however it is written, in the home's order."""
        if self._called_version != self.version:
            self._called, self._called_version = {}, self.version
            for device in self.exposed():
                for one in {fold(text) for text in (device.id, device.name, *device.aliases)}:
                    self._called.setdefault(one, []).append(device)
        return tuple(self._called.get(fold(name), ()))
