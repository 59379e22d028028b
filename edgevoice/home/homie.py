"""Homie 5 homes: each device's `$description` into entities, one a node that is something, else one a property.

homie/5/<device>/$state               init, ready, sleeping, disconnected; `lost` by last will
homie/5/<device>/$description         JSON: nodes and their properties
homie/5/<device>/<node>/<property>    the value as text, retained; `…/set` commands it
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from edgevoice.home.adapters import Adapter
from edgevoice.home.entities import Announcement, Availability, Entities
from edgevoice.home.ha_discovery import DiscoveryProblem, checked_topic
from edgevoice.home.ha_parts import STATE, STATE_LIMIT, Parts, plain
from edgevoice.home.ha_templates import Payload
from edgevoice.home.homie_nodes import ACTION, Property, amount, choice, read, truth, whole
from edgevoice.home.model import Capability
from edgevoice.home.names import clean, phrase, slug
from edgevoice.home.quantities import BINARY_CLASSES, class_of
from edgevoice.messages import Message

_LIMIT = 262_144
_NODES_LIMIT, _PROPERTIES_LIMIT = 200, 100
_STATES = {"init": False, "ready": True, "sleeping": True, "disconnected": False, "lost": False}


class HomieAdapter(Adapter):
    """The devices below `base`, which names the domain and the version: `homie/5`."""

    def __init__(self, entities: Entities, base: str = "homie/5") -> None:
        self._entities = entities
        self._base = base
        self._announced: dict[str, set[str]] = {}  # identities by device

    def subscriptions(self) -> tuple[str, ...]:
        return (f"{self._base}/+/$description",)

    def handle(self, message: Message, now_seconds: float) -> None:
        if message.topic.endswith("/$description") and message.topic.startswith(f"{self._base}/"):
            self._entities.guarded(message, lambda: self._take(message, now_seconds), _LIMIT)

    def _take(self, message: Message, now: float) -> None:
        base = message.topic.rpartition("/")[0]
        told = json.loads(message.payload.decode("utf-8")) if message.payload.strip() else {}
        if not isinstance(told, dict):
            raise DiscoveryProblem("$description is not a JSON object")
        self._entities.renew(self._announced, base, _announcements(base, told), now)


def _announcements(base: str, told: Mapping[str, Any]) -> Iterator[Announcement]:
    name = clean(str(told.get("name") or phrase(base.rpartition("/")[2])))
    nodes = _objects(told.get("nodes"), _NODES_LIMIT)
    for node_id, node in nodes.items():
        properties = [
            _property(f"{base}/{node_id}/{one}", one, about)
            for one, about in _objects(node.get("properties"), _PROPERTIES_LIMIT).items()
        ]
        label = clean(str(node.get("name") or phrase(node_id)))
        called = name if len(nodes) == 1 or label.casefold() in name.casefold() else clean(f"{name} {label}")
        about = f"{node.get('type') or ''} {node_id} {label}".casefold().replace("-", " ").replace("_", " ")
        used: set[str] = set()
        found = whole(about, properties)
        if found is not None:
            domain, parts = found
            used = {reader.topic for reader in parts.readers}
            used |= {one.topic for one in properties if one.kind == "enum" and one.settable and one.id in ACTION}
            yield _announcement(base, f"{base}/{node_id}", f"{domain}.", called, parts)
        for one in properties:
            if one.topic not in used:
                yield _single(base, one, called, is_alone=len(properties) == 1)


def _objects(told: Any, limit: int) -> dict[str, Mapping[str, Any]]:
    listed = list(told.items())[:limit] if isinstance(told, dict) else []
    return {str(key): value for key, value in listed if isinstance(value, dict)}


def _property(topic: str, key: str, told: Mapping[str, Any]) -> Property:
    return Property(
        id=key.casefold().replace("-", "_"),
        name=clean(str(told.get("name") or phrase(key.replace("-", "_")))),
        topic=checked_topic(topic, "property"),
        kind=str(told.get("datatype") or "string"),
        settable=told.get("settable") is True,
        format=str(told.get("format") or "")[:4096],
        unit=clean(str(told.get("unit") or "")),
    )


def _announcement(
    base: str, identity: str, entity: str, name: str, parts: Parts, device_class: str | None = None, unit: str = ""
) -> Announcement:
    return Announcement(
        identity=identity,
        entity_id=f"{entity}{slug(name)}",
        name=name,
        parts=parts,
        device_class=device_class,
        unit=unit or None,
        availability=(Availability(f"{base}/$state", _is_there),),
        native=True,
    )


def _is_there(payload: Payload) -> bool:
    text = payload.text.strip()
    if text not in _STATES:
        raise ValueError(f"'{clean(text, 40)}' is none of {', '.join(_STATES)}")
    return _STATES[text]


# --- properties -------------------------------------------------------------------------------------------------------


def _single(base: str, one: Property, name: str, is_alone: bool) -> Announcement:
    """A value of its own: a reading, or a setting."""
    parts, called = Parts(), name if is_alone or one.name.casefold() in name.casefold() else clean(f"{name} {one.name}")
    domain, device_class = "sensor", class_of(one.id, one.unit)
    if one.kind == "boolean":
        domain, device_class = ("switch", None) if one.settable else ("binary_sensor", BINARY_CLASSES.get(one.id))
        read(parts, one, truth(one, "on", "off"))
    elif one.kind in ("integer", "float"):
        domain = "number" if one.settable else "sensor"
        read(parts, one, amount(one, STATE, lambda told: f"{told:g}"))
    elif one.kind == "enum":
        domain = "select" if one.settable else "sensor"
        read(parts, one, choice(one))
        parts.attributes["options"] = one.words
    else:
        domain = "text" if one.settable and one.kind == "string" else "sensor"
        read(parts, one, lambda text: {STATE: clean(text, STATE_LIMIT)})
    verb = {"switch": "on", "number": "value", "select": "option", "text": "text"}.get(domain)
    if verb:
        parts.writers[verb] = lambda value, _: [(one.to, plain(value))]
        parts.capabilities[verb] = Capability(verb, *one.bounds, choices=one.words if one.kind == "enum" else ())
    return _announcement(base, one.topic, f"{domain}.", called, parts, device_class, one.unit)
