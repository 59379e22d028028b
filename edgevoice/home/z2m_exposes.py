"""What one entry of Zigbee2MQTT's `exposes` is here: an entity with its parts, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgevoice.home.capabilities import texts
from edgevoice.home.ha_parts import STATE, Parts, dumped, is_true
from edgevoice.home.model import Capability
from edgevoice.home.names import phrase
from edgevoice.home.quantities import BINARY_CLASSES, class_of
from edgevoice.home.z2m_features import SET, Feature, Take, amount, one_of, reader, text_of
from edgevoice.home.z2m_wholes import HEATING, WHOLES
from edgevoice.messages import Value

_UNSPOKEN = frozenset({"action", "linkquality", "identify", "effect", "power_on_behavior", "update"})


@dataclass(frozen=True, slots=True)
class Thing:
    """One entity: `label` is what its name has beside the device's. `is_extra`: a setting or a counter, not exposed."""

    domain: str
    parts: Parts
    label: str = ""
    device_class: str | None = None
    unit: str | None = None
    is_extra: bool = False


def thing(feature: Feature, topic: str) -> Thing | None:
    """The entity that a feature is; None for what is no entity here."""
    whole = WHOLES.get(feature.kind)
    if whole is not None:
        return Thing(
            feature.kind, whole(feature, f"{topic}/set", topic), _endpoint(feature.endpoint), unit=_degrees(feature)
        )
    if feature.name in _UNSPOKEN and feature.kind != "numeric":
        return None
    kind = _SINGLES.get((feature.kind, bool(feature.access & SET)))
    return _single(kind, feature, topic) if kind and feature.key else None


def told_by_name(device_class: str | None, name: str) -> str | None:
    """A contact tells of a door, unless its name says that it is a window's."""
    return "window" if device_class == "door" and "window" in name.casefold() else device_class


def _endpoint(text: str) -> str:
    """`l2` is said as `2`, `left` as it is."""
    return re.sub(r"^l(\d+)$", r"\1", text)


def _degrees(feature: Feature) -> str | None:
    part = feature.part(*HEATING)
    return (part.unit or "°C") if part else None


def _single(domain: str, feature: Feature, topic: str) -> Thing:
    """A value of its own: a reading, a setting."""
    to, name = f"{topic}/set", feature.key
    parts = Parts()
    device_class = (
        class_of(feature.name, feature.unit) if feature.kind == "numeric" else BINARY_CLASSES.get(feature.name)
    )
    take: Take = text_of(STATE)
    if feature.kind == "binary":
        take = one_of(feature, "on", "off")
    elif feature.kind == "numeric":
        take = lambda told: {STATE: f"{amount(name)(told)[name]:g}"}  # noqa: E731
    parts.readers.append(reader(topic, {name: take}))
    writers: Mapping[str, tuple[str, Callable[[Value], Value]]] = {
        "switch": ("on", lambda value: feature.on if is_true(value) else feature.off),
        "number": ("value", lambda value: value),
        "select": ("option", lambda value: value),
        "text": ("text", lambda value: value),
    }
    if domain in writers:
        capability, encode = writers[domain]
        parts.writers[capability] = lambda value, _: [(to, dumped({name: encode(value)}))]
        parts.attributes.update({"options": feature.values} if texts(feature.values) else {})
        bounds = Capability(capability, feature.minimum, feature.maximum, feature.step, feature.values)
        parts.capabilities[capability] = bounds
    is_extra = bool(feature.category) or feature.name in _UNSPOKEN or feature.name == "linkquality"
    return Thing(domain, parts, phrase(name), device_class, feature.unit, is_extra)


_SINGLES: Mapping[tuple[str, bool], str] = {
    ("binary", False): "binary_sensor",
    ("binary", True): "switch",
    ("enum", False): "sensor",
    ("enum", True): "select",
    ("numeric", False): "sensor",
    ("numeric", True): "number",
    ("text", False): "sensor",
    ("text", True): "text",
}
