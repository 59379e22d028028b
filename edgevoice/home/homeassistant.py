"""Homes that speak Home Assistant's MQTT dialect: discovery into entities, whoever announces it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from edgevoice.errors import SettingsError
from edgevoice.home import inventory as inventories
from edgevoice.home.adapters import Adapter
from edgevoice.home.entities import Announcement, Availability, Entities
from edgevoice.home.ha_components import COMPONENTS
from edgevoice.home.ha_discovery import Config, DiscoveryProblem, checked_topic, is_config, parse, spelled_out
from edgevoice.home.ha_parts import json_attributes
from edgevoice.home.ha_templates import Payload, value_of
from edgevoice.home.inventory import DeviceEntry, Inventory
from edgevoice.home.names import clean, slug
from edgevoice.messages import Message


class HomeAssistantAdapter(Adapter):
    """The announcements of one discovery prefix, and the owner's file. With no prefix only the file counts."""

    def __init__(self, entities: Entities, prefix: str) -> None:
        self._entities = entities
        self._prefix = prefix
        self._by_config: dict[str, set[str]] = {}  # identities under one config topic
        self._filters = (f"{prefix}/+/+/config", f"{prefix}/+/+/+/config") if prefix else ()

    def take(self, inventory: Inventory) -> None:
        """Puts the owner's file above discovery. Raises SettingsError for `mqtt:` keys that cannot be used."""
        self._entities.inventory = inventory
        inventories.apply(inventory, self._entities.home)
        for entry in inventory.entries.values():
            if entry.mqtt:
                self._announce_entry(entry, inventory.origin)

    def subscriptions(self) -> tuple[str, ...]:
        return self._filters

    def handle(self, message: Message, now_seconds: float) -> None:
        if self._prefix and is_config(message.topic, self._prefix):
            self._entities.guarded(message, lambda: self._configure(message, now_seconds))

    def _configure(self, message: Message, now: float) -> None:
        configs = parse(message.topic, self._prefix, message.payload)
        for identity in self._by_config.pop(message.topic, set()) - {config.identity for config in configs}:
            self._entities.remove(identity)
        for config in configs:
            if config.component not in COMPONENTS or not config.flag("enabled_by_default", True):
                self._entities.remove(config.identity)
                continue
            try:
                self._entities.announce(_announcement(config), now)
            except ValueError as problem:
                self._entities.remove(config.identity)
                self._entities.complain(config.identity, str(problem))
        if known := {config.identity for config in configs if config.identity in self._entities}:
            self._by_config[message.topic] = known

    def _announce_entry(self, entry: DeviceEntry, origin: str) -> None:
        domain, _, object_id = entry.id.partition(".")
        keys: dict[str, Any] = {"name": entry.name, **spelled_out(entry.mqtt), "default_entity_id": entry.id}
        if entry.device_class:
            keys["device_class"] = entry.device_class
        try:
            if domain not in COMPONENTS:
                raise DiscoveryProblem(f"there is no MQTT form of '{domain}'")
            self._entities.announce(_announcement(Config(f"{origin}#{entry.id}", domain, object_id, keys)), 0.0)
        except ValueError as problem:
            remedy = "The keys are those of Home Assistant's MQTT integration"
            raise SettingsError(f"{origin}: devices: {entry.id}: mqtt", str(problem), remedy) from None


def _announcement(config: Config) -> Announcement:
    """What a config says of its entity. Raises DiscoveryProblem."""
    parts = COMPONENTS[config.component](config)
    parts.read(config, "json_attributes_topic", "json_attributes_template", json_attributes)
    return Announcement(
        identity=config.identity,
        entity_id=config.entity_id,
        name=config.name,
        parts=parts,
        area=config.suggested_area,
        device_class=slug(config.text("device_class")) if config.text("device_class") else None,
        unit=_unit(config),
        exposed=not config.text("entity_category"),
        optimistic=config.flag("optimistic") or _hears_itself(config),
        availability=tuple(_availability(config)),
        availability_mode=config.text("availability_mode", "latest"),
        expire_seconds=max(0.0, config.number("expire_after", 0)),
        off_seconds=max(0.0, config.number("off_delay", 0)),
    )


def _hears_itself(config: Config) -> bool:
    """Its state topic is its command topic: our own words are no confirmation."""
    told = config.topic("state_topic")
    return bool(told) and told == config.topic("command_topic")


def _unit(config: Config) -> str | None:
    degrees = config.text("temperature_unit")
    return clean(config.text("unit_of_measurement")) or ({"C": "°C", "F": "°F"}.get(degrees, clean(degrees)) or None)


def _availability(config: Config) -> Iterator[Availability]:
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


def _source(keys: Mapping[str, Any]) -> Availability:
    topic = checked_topic(keys.get("topic"), "availability")
    if not topic:
        raise DiscoveryProblem("availability: an entry has no topic")
    available, not_available = (keys.get(f"payload_{name}") for name in ("available", "not_available"))
    template = keys.get("value_template")
    words = (
        available if isinstance(available, str) else "online",
        not_available if isinstance(not_available, str) else "offline",
    )
    return Availability(topic, _online(template if isinstance(template, str) else "", *words))


def _online(template: str, available: str, not_available: str) -> Callable[[Payload], bool]:
    def decode(payload: Payload) -> bool:
        text = value_of(template, payload).strip()
        if text not in (available, not_available):
            raise ValueError(f"'{clean(text, 40)}' is neither '{available}' nor '{not_available}'")
        return text == available

    return decode
