"""What Zigbee2MQTT's `exposes` say, typed, and how the properties of a state are taken apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edgevoice.home.capabilities import number
from edgevoice.home.ha_parts import STATE, STATE_LIMIT, Found, Reader, json_object
from edgevoice.home.ha_templates import Payload
from edgevoice.home.names import clean
from edgevoice.messages import Value

SET = 2
"""The bit of `access` that allows to set."""
GET = 4
"""The bit that allows to ask."""
_FEATURES_LIMIT = 40

Take = Callable[[Any], Found]
"""Takes one property of the state apart. Raises ValueError for what it cannot be."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One entry of `exposes`. `kind` is its type; `key` the one in the state's JSON, empty for a whole of parts."""

    kind: str
    name: str
    key: str
    endpoint: str = ""
    access: int = 0
    on: Value = True
    off: Value = False
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    values: tuple[str, ...] = ()
    unit: str | None = None
    category: str = ""
    features: tuple[Feature, ...] = ()

    @property
    def identity(self) -> str:
        return self.key or f"{self.kind} {self.endpoint}".strip()

    def part(self, *names: str) -> Feature | None:
        return next((one for name in names for one in self.features if one.name == name), None)


def definition(entry: Mapping[str, Any]) -> Sequence[Any]:
    """The `exposes` of a device; empty for one that Zigbee2MQTT does not know."""
    told = entry.get("definition")
    listed = told.get("exposes") if isinstance(told, dict) else None
    return listed if isinstance(listed, list) else ()


def features(listed: Sequence[Any]) -> list[Feature]:
    return [_feature(one) for one in listed[:200] if isinstance(one, dict)]


def main(entry: Mapping[str, Any]) -> Feature | None:
    """What the device is, where it is something: a light, a switch, a cover."""
    return next((one for one in features(definition(entry)) if one.kind in ("light", "switch", "cover")), None)


def shared(mains: Sequence[Feature]) -> Feature | None:
    """What all members of a group are and can; None where that is nothing."""
    if not mains or len({one.kind for one in mains}) > 1:
        return None
    common = set.intersection(*({part.name for part in one.features} for one in mains))
    parts = tuple(
        replace(part, key="color" if part.kind == "composite" else part.name)
        for part in mains[0].features
        if part.name in common
    )
    return replace(mains[0], endpoint="", features=parts)


def _feature(told: Mapping[str, Any]) -> Feature:
    listed = told.get("features")
    parts = (
        [_feature(one) for one in listed[:_FEATURES_LIMIT] if isinstance(one, dict)] if isinstance(listed, list) else []
    )
    access, values = told.get("access"), told.get("values")
    return Feature(
        kind=str(told.get("type")),
        name=str(told.get("name") or ""),
        key=str(told.get("property") or ""),
        endpoint=str(told.get("endpoint") or ""),
        access=access if isinstance(access, int) else 0,
        on=told.get("value_on", True),
        off=told.get("value_off", False),
        minimum=number(told.get("value_min")),
        maximum=number(told.get("value_max")),
        step=number(told.get("value_step")),
        values=tuple(str(value) for value in values[:100]) if isinstance(values, list) else (),
        unit=clean(told["unit"]) if isinstance(told.get("unit"), str) else None,
        category=str(told.get("category") or ""),
        features=tuple(parts),
    )


def reader(topic: str, takes: Mapping[str, Take]) -> Reader:
    """A reader of all properties in `takes`; those that a message does not tell stay as they are."""

    def decode(payload: Payload) -> Found:
        if not payload.text.strip():
            return {}
        told, found = json_object(payload), dict[str, Value]()
        for name, take in takes.items():
            if told.get(name) is not None:
                found.update(take(told[name]))
        return found

    return Reader(topic, "", decode)


def one_of(feature: Feature, on: str, off: str) -> Take:
    def take(told: Any) -> Found:
        if told in (feature.on, feature.off):
            return {STATE: on if told == feature.on else off}
        raise ValueError(f"{feature.key}: '{clean(str(told), 40)}' is neither '{feature.on}' nor '{feature.off}'")

    return take


def amount(name: str, scale: Callable[[float], Value] = lambda found: found) -> Take:
    def take(told: Any) -> Found:
        found = number(told)
        if found is None:
            raise ValueError(f"{name}: '{clean(str(told), 40)}' is not a number")
        return {name: scale(found)}

    return take


def text_of(name: str) -> Take:
    return lambda told: {name: clean(str(told), STATE_LIMIT)}
