"""What an announced entity is made of here: readers that turn payloads into state, writers that turn commands into payloads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgevoice.home.capabilities import number
from edgevoice.home.ha_discovery import Config, DiscoveryProblem
from edgevoice.home.ha_templates import Payload, TemplateProblem, compiled, render
from edgevoice.home.model import Capability, State
from edgevoice.home.names import clean
from edgevoice.messages import Value

STATE = "state"
"""Among the attributes that a reader finds, this one is the state's text."""
STATE_LIMIT = 255
_ATTRIBUTES_LIMIT = 50

Found = Mapping[str, Value]
Sent = Iterable[tuple[str, str]]
"""Topics and payloads."""
Writer = Callable[[Value, State], Sent]


@dataclass(frozen=True, slots=True)
class Reader:
    """What to take from the messages of one topic: `decode` gets the payload after the value template.

    `decode` returns attributes and state; it raises ValueError for what is not a payload of this entity.
    """

    topic: str
    template: str
    decode: Callable[[Payload], Found]


@dataclass(slots=True)
class Parts:
    """A component under construction. `attributes` are what the state always has, such as modes and bounds.

    `capabilities` stand over those that the attributes tell of.
    """

    readers: list[Reader] = field(default_factory=list)
    writers: dict[str, Writer] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)
    capabilities: dict[str, Capability] = field(default_factory=dict)

    def read(self, config: Config, topic: str, template: str, decode: Callable[[Payload], Found]) -> None:
        """Adds a reader where the config names that topic. Raises DiscoveryProblem for a broken template."""
        found = config.topic(topic)
        if found:
            self.readers.append(Reader(found, template_of(config, template), decode))

    def bound(self, config: Config, **attributes: str) -> None:
        """Copies bounds and lists of the config into the attributes: `min_temp="min_temp"`."""
        for attribute, key in attributes.items():
            value = config.keys.get(key)
            if isinstance(value, list):
                self.attributes[attribute] = config.texts(key)
            elif number(value) is not None:
                self.attributes[attribute] = number(value)


def template_of(config: Config, key: str) -> str:
    """The template under `key`, checked; empty where there is none."""
    source = config.text(key) if key else ""
    try:
        if source:
            compiled(source)
    except TemplateProblem as problem:
        raise DiscoveryProblem(f"{key}: {problem}") from None
    return source


def sender(config: Config, topic: str, template: str = "") -> Callable[..., list[tuple[str, str]]] | None:
    """`send(value, **variables)` for one command topic; None where the config does not name it.

    The value is what goes out, or what the command template makes of it.
    """
    found, source = config.topic(topic), template_of(config, template)
    if not found:
        return None
    names = {"entity_id": config.entity_id, "name": config.name} if source else {}

    def send(value: Value, **variables: Any) -> list[tuple[str, str]]:
        text = plain(value)
        return [(found, render(source, {"value": value, **names, **variables}) if source else text)]

    return send


def plain(value: Value) -> str:
    """A value as payload: `21`, not `21.0`; `true`, not `True`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{round(value, 4):g}"
    return str(value)


def text_state(payload: Payload) -> Found:
    """The payload is the state. Nothing in it: nothing is said."""
    return {STATE: clean(payload.text, STATE_LIMIT)} if payload.text.strip() else {}


def chosen(names: Mapping[str, str]) -> Callable[[Payload], Found]:
    """The payload is one of `names`, and means the state that stands there."""

    def decode(payload: Payload) -> Found:
        text = payload.text.strip()
        if not text:
            return {}
        if text in names:
            return {STATE: names[text]}
        if text == "None":
            return {STATE: "unknown"}
        raise ValueError(f"'{clean(text, 40)}' is none of {', '.join(sorted(names)[:8])}")

    return decode


def numeric(attribute: str, scale: Callable[[float], Value] = lambda number: number) -> Callable[[Payload], Found]:
    """The payload is a number, which `scale` turns into `attribute`."""

    def decode(payload: Payload) -> Found:
        text = payload.text.strip()
        if text in ("", "None"):
            return {attribute: None} if text else {}
        found = number(text)
        if found is None:
            raise ValueError(f"'{clean(text, 40)}' is not a number")
        return {attribute: scale(found)}

    return decode


def word(attribute: str) -> Callable[[Payload], Found]:
    """The payload is the text of `attribute`."""
    return lambda payload: {attribute: clean(payload.text, STATE_LIMIT)} if payload.text.strip() else {}


def json_attributes(payload: Payload) -> Found:
    """The scalars of a JSON object, a bounded number of them."""
    told = payload.json
    if not isinstance(told, dict):
        raise ValueError("attributes are not a JSON object")
    kept = [(clean(key), value) for key, value in told.items() if isinstance(value, (str, int, float, bool))]
    return {key: clean(v, STATE_LIMIT) if isinstance(v, str) else v for key, v in kept[:_ATTRIBUTES_LIMIT]}


def json_object(payload: Payload) -> Mapping[str, Any]:
    if not isinstance(payload.json, dict):
        raise ValueError("the payload is not a JSON object")
    return payload.json


def dumped(told: Mapping[str, object]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def percent_of(value: Value) -> float:
    return max(0.0, min(100.0, number(value) or 0.0))


def is_true(value: Value) -> bool:
    return value is True
