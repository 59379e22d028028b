"""Homes that speak Home Assistant's MQTT dialect: discovery and states into the home, commands out of it.

What arrives is not trusted: a payload that cannot be used is counted, logged once a topic, and never raises.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edgevoice.errors import SettingsError
from edgevoice.home import inventory as inventories
from edgevoice.home.capabilities import capabilities_of
from edgevoice.home.ha_components import COMPONENTS
from edgevoice.home.ha_covers import settled
from edgevoice.home.ha_discovery import (
    PAYLOAD_LIMIT,
    Config,
    DiscoveryProblem,
    checked_topic,
    is_config,
    parse,
    spelled_out,
)
from edgevoice.home.ha_parts import STATE, Found, Parts, Reader, json_attributes
from edgevoice.home.ha_templates import Payload, value_of
from edgevoice.home.inventory import DeviceEntry, Inventory
from edgevoice.home.model import UNKNOWN, Area, Capability, Device, Home, State
from edgevoice.home.names import clean, slug
from edgevoice.messages import Command, Message, Value

ENTITIES = 20_000
"""Entities that a home may have; later ones are refused."""
_TOPICS = 4 * ENTITIES
_KEPT_PAYLOAD = 16_384
_COMPLAINTS = 1000
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Availability:
    """One topic that says whether an entity is there; `online` is None until it spoke."""

    topic: str
    template: str
    available: str
    not_available: str
    online: bool | None = None


@dataclass(slots=True)
class _Entity:
    device_id: str
    parts: Parts
    availability: tuple[_Availability, ...] = ()
    mode: str = "latest"
    state: State = UNKNOWN  # what it reports, whether or not it is there now
    extra: dict[str, Value] = field(default_factory=dict)  # from its attributes topic
    latest: bool = False

    @property
    def heard(self) -> tuple[Reader | _Availability, ...]:
        return (*self.availability, *self.parts.readers)

    @property
    def available(self) -> bool:
        if not self.availability:
            return True
        online = [source.online is True for source in self.availability]
        return self.latest if self.mode == "latest" else all(online) if self.mode == "all" else any(online)


class HomeAssistantAdapter:
    """Owned by the turns worker, as `home` is. An empty `prefix`: nothing is discovered, only the owner's file counts."""

    def __init__(self, home: Home, prefix: str) -> None:
        self.home = home
        self.problems = 0
        """Payloads that could not be used."""
        self._prefix = prefix
        self._inventory = Inventory({}, {}, {})
        self._entities: dict[str, _Entity] = {}  # by identity
        self._by_device: dict[str, _Entity] = {}
        self._by_config: dict[str, tuple[str, ...]] = {}  # identities under one config topic
        self._listeners: dict[str, list[tuple[_Entity, Reader | _Availability]]] = {}
        self._topics: dict[str, tuple[bytes, float] | None] = {}  # every topic ever listened to, and its last payload
        self._filters: tuple[str, ...] = ()
        self._complained: set[str] = set()

    def take(self, inventory: Inventory) -> None:
        """Puts the owner's file above discovery. Raises SettingsError for `mqtt:` keys that cannot be used."""
        self._inventory = inventory
        inventories.apply(inventory, self.home)
        for entry in inventory.entries.values():
            if entry.mqtt:
                self._announce_entry(entry)

    def subscriptions(self) -> tuple[str, ...]:
        """The topic filters wanted now; they grow as entities announce themselves."""
        if len(self._filters) != len(self._topics) + 2 * bool(self._prefix):
            found = (f"{self._prefix}/+/+/config", f"{self._prefix}/+/+/+/config") if self._prefix else ()
            self._filters = (*found, *self._topics)
        return self._filters

    def handle(self, message: Message, now_seconds: float) -> None:
        """Takes in one message: an announcement, a state, or an availability."""
        try:
            if len(message.payload) > PAYLOAD_LIMIT:
                raise DiscoveryProblem(f"payload of {len(message.payload)} bytes, {PAYLOAD_LIMIT} are allowed")
            if self._prefix and is_config(message.topic, self._prefix):
                self._configure(message, now_seconds)
            elif message.topic in self._topics:
                kept = len(message.payload) <= _KEPT_PAYLOAD
                self._topics[message.topic] = (message.payload, now_seconds) if kept else None
                self._read(message.topic, message.payload, self._listeners.get(message.topic, ()), now_seconds)
        except ValueError as problem:
            self._complain(message.topic, str(problem))
        except Exception as error:
            _log.exception("unexpected error on a message")
            self._complain(message.topic, f"{type(error).__name__}: {error}")

    def messages(self, command: Command) -> tuple[Message, ...]:
        """What to publish so that the device does `command`; nothing where it cannot, which is logged."""
        entity = self._by_device.get(command.device)
        write = entity.parts.writers.get(command.capability) if entity else None
        if entity is None:
            return ()
        if write is None:
            _log.warning("%s cannot be told '%s'", command.device, command.capability)
            return ()
        try:
            sent = [(topic, text.encode()) for topic, text in write(command.value, entity.state)]
        except (ValueError, ArithmeticError, TypeError) as problem:
            self._complain(command.device, f"{command.capability}: {problem}")
            return ()
        return tuple(Message(topic, payload, qos=1, retain=False) for topic, payload in sent)

    def due(self, now_seconds: float) -> tuple[Message, ...]:
        return ()

    # --- announcements ------------------------------------------------------------------------------------------------

    def _configure(self, message: Message, now: float) -> None:
        configs = parse(message.topic, self._prefix, message.payload)
        kept = {config.identity for config in configs}
        for identity in self._by_config.get(message.topic, ()):
            if identity not in kept:
                self._remove(identity)
        self._by_config[message.topic] = tuple(kept)
        if not kept:
            del self._by_config[message.topic]
        for config in configs:
            try:
                self._announce(config, now)
            except ValueError as problem:
                self._remove(config.identity)
                self._complain(config.identity, str(problem))

    def _announce_entry(self, entry: DeviceEntry) -> None:
        domain, _, object_id = entry.id.partition(".")
        keys: dict[str, Any] = {"name": entry.name, **spelled_out(entry.mqtt), "default_entity_id": entry.id}
        if entry.device_class:
            keys["device_class"] = entry.device_class
        origin = self._inventory.origin
        try:
            if domain not in COMPONENTS:
                raise DiscoveryProblem(f"there is no MQTT form of '{domain}'")
            self._announce(Config(f"{origin}#{entry.id}", domain, object_id, keys), 0.0)
        except ValueError as problem:
            remedy = "The keys are those of Home Assistant's MQTT integration"
            raise SettingsError(f"{origin}: devices: {entry.id}: mqtt", str(problem), remedy) from None

    def _announce(self, config: Config, now: float) -> None:
        build = COMPONENTS.get(config.component)
        if build is None or not config.flag("enabled_by_default", True):
            self._remove(config.identity)
            return
        parts = build(config)
        parts.read(config, "json_attributes_topic", "json_attributes_template", json_attributes)
        old = self._entities.get(config.identity)
        if old is None and (len(self._entities) >= ENTITIES or len(self._topics) >= _TOPICS):
            raise DiscoveryProblem(f"more than {ENTITIES} entities")
        device_id = old.device_id if old else self._free_id(config.entity_id)
        mode = config.text("availability_mode", "latest")
        entity = _Entity(device_id, parts, tuple(_availability(config)), mode)
        if old:
            self._forget(old)
            entity.state, entity.extra, entity.latest = old.state, old.extra, old.latest
        entity.state = replace(entity.state, attributes={**entity.state.attributes, **parts.attributes})
        self._entities[config.identity] = self._by_device[device_id] = entity
        self.home.put(self._inventory.refine(self._device(config, entity)))
        self._listen(entity, now)

    def _device(self, config: Config, entity: _Entity) -> Device:
        parts = entity.parts
        device_class = slug(config.text("device_class")) if config.text("device_class") else None
        known = capabilities_of(config.component, device_class, parts.attributes)
        return Device(
            id=entity.device_id,
            name=config.name,
            domain=config.component,
            area=self._area(config.suggested_area),
            device_class=device_class,
            unit=_unit(config),
            capabilities={name: known.get(name, Capability(name)) for name in parts.writers},
            exposed=not config.text("entity_category"),
            optimistic=config.flag("optimistic") or not parts.readers,
            origin=config.identity,
        )

    def _area(self, name: str) -> str | None:
        """The id of the area with this name; one is made where there is none."""
        if not name:
            return None
        for area in self.home.areas.values():
            if name.casefold() in (area.id, *(known.casefold() for known in (area.name, *area.aliases))):
                return area.id
        made = Area(slug(name), name)
        self.home.put_area(made)
        return made.id

    def _free_id(self, wished: str) -> str:
        number, found = 1, wished
        while found in self._by_device:
            number += 1
            found = f"{wished}_{number}"
        return found

    def _listen(self, entity: _Entity, now: float) -> None:
        """Hears the entity's topics from now on, and what they said before it was known."""
        for heard in entity.heard:
            self._listeners.setdefault(heard.topic, []).append((entity, heard))
            last = self._topics.setdefault(heard.topic, None)
            if last is not None:
                self._read(heard.topic, last[0], ((entity, heard),), last[1])
        self._show(entity, now)

    def _remove(self, identity: str) -> None:
        entity = self._entities.pop(identity, None)
        if entity is not None:
            self._forget(entity)
            del self._by_device[entity.device_id]
            self.home.remove(entity.device_id)

    def _forget(self, entity: _Entity) -> None:
        for heard in entity.heard:
            kept = [pair for pair in self._listeners.get(heard.topic, ()) if pair[0] is not entity]
            if kept:
                self._listeners[heard.topic] = kept
            else:
                self._listeners.pop(heard.topic, None)

    # --- states -------------------------------------------------------------------------------------------------------

    def _read(
        self, topic: str, raw: bytes, heard: Sequence[tuple[_Entity, Reader | _Availability]], now: float
    ) -> None:
        if not heard:
            return
        try:
            payload = Payload(raw.decode("utf-8"))
        except UnicodeDecodeError:
            raise DiscoveryProblem("payload is not UTF-8") from None
        for entity, listener in heard:
            try:
                if isinstance(listener, _Availability):
                    _hear(entity, listener, payload)
                else:
                    found = listener.decode(_rendered(listener.template, payload))
                    _report(entity, listener, found, now)
            except ValueError as problem:
                self._complain(topic, f"{entity.device_id}: {problem}")
            self._show(entity, now)

    def _show(self, entity: _Entity, now: float) -> None:
        attributes = {**entity.extra, **entity.state.attributes}
        text = entity.state.value if entity.available else "unavailable"
        self.home.update(entity.device_id, State(text, attributes, now))

    def _complain(self, topic: str, problem: str) -> None:
        self.problems += 1
        if topic not in self._complained and len(self._complained) < _COMPLAINTS:
            self._complained.add(topic)
            _log.warning("ignored on '%s': %s", clean(topic, 200), clean(problem, 300))


def _unit(config: Config) -> str | None:
    degrees = config.text("temperature_unit")
    return clean(config.text("unit_of_measurement")) or ({"C": "°C", "F": "°F"}.get(degrees, clean(degrees)) or None)


def _rendered(template: str, payload: Payload) -> Payload:
    return Payload(value_of(template, payload)) if template else payload


def _report(entity: _Entity, reader: Reader, found: Found, now: float) -> None:
    if reader.decode is json_attributes:
        entity.extra = dict(found)
        return
    found = settled(found, entity.state)
    text = str(found.get(STATE, entity.state.value))
    merged = {**entity.state.attributes, **{key: value for key, value in found.items() if key != STATE}}
    kept = {key: value for key, value in merged.items() if value is not None}
    entity.state = State(text, kept, now)


def _hear(entity: _Entity, source: _Availability, payload: Payload) -> None:
    text = value_of(source.template, payload).strip()
    if text not in (source.available, source.not_available):
        raise ValueError(f"'{clean(text, 40)}' is neither '{source.available}' nor '{source.not_available}'")
    source.online = entity.latest = text == source.available


def _availability(config: Config) -> Iterator[_Availability]:
    """The topics that say whether the entity is there. Raises DiscoveryProblem."""
    listed = config.keys.get("availability")
    entries = listed if isinstance(listed, list) else [listed] if isinstance(listed, Mapping) else []
    template = config.text("availability_template")
    single = config.topic("availability_topic")
    if single:
        yield _source({**config.keys, "topic": single, "value_template": template})
    for entry in entries[:20]:
        if not isinstance(entry, Mapping):
            raise DiscoveryProblem("availability: an entry is not an object")
        yield _source(spelled_out(entry))


def _source(keys: Mapping[str, Any]) -> _Availability:
    topic = checked_topic(keys.get("topic"), "availability")
    if not topic:
        raise DiscoveryProblem("availability: an entry has no topic")
    available, not_available = (keys.get(f"payload_{name}") for name in ("available", "not_available"))
    template = keys.get("value_template")
    return _Availability(
        topic,
        template if isinstance(template, str) else "",
        available if isinstance(available, str) else "online",
        not_available if isinstance(not_available, str) else "offline",
    )
