"""What stands in a pack's file: its schema, and where in the file each thing is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import yaml

from edgevoice import schema
from edgevoice.errors import SettingsError
from edgevoice.messages import Risk


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """What a slot may be: `values`, and other ways of saying one; or whole numbers from `minimum` to `maximum`."""

    values: tuple[str, ...] = ()
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    minimum: int | None = None
    maximum: int | None = None
    step: int = field(default=1, metadata={"min": 1})

    def __post_init__(self) -> None:
        if (self.minimum is None) != (self.maximum is None):
            raise ValueError("'minimum' and 'maximum' go together: write both")
        if bool(self.values) == (self.minimum is not None):
            raise ValueError("it has no values, or two kinds of them: write either 'values' or 'minimum' and 'maximum'")


@dataclass(frozen=True, slots=True)
class MqttSpec:
    """A message; a slot that was not said leaves nothing in its payload.

    It is confirmed by `state_payload`, or else the payload itself, on `state_topic`; without one the broker's word will do.
    """

    topic: str
    payload: str = ""
    state_topic: str = ""
    state_payload: str | None = None


@dataclass(frozen=True, slots=True)
class HomeSpec:
    """An intent of Home Assistant's that is meant."""

    intent: str
    slots: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IntentSpec:
    """One thing that can be asked for. `{slot}` in `answer`, `mqtt` and `home` is what was said for it.

    `sentences` belong to the pack alone. `data` are more ways to ask for one of Home Assistant's intents, in the shape
    of its own sentences. `areas`: it is understood only by a microphone that stands in one of them. `title` completes
    "Should I ...?".
    """

    sentences: tuple[str, ...] = ()
    data: tuple[object, ...] = ()
    requires: tuple[str, ...] = ()
    answer: str = ""
    mqtt: MqttSpec | None = None
    home: HomeSpec | None = None
    risk: Risk = Risk.FREE
    areas: tuple[str, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        if bool(self.sentences) == bool(self.data):
            raise ValueError("it has no sentences, or two kinds of them: write either 'sentences' or 'data'")
        if self.mqtt is not None and self.home is not None:
            raise ValueError("it has two actions: write either 'mqtt' or 'home'")
        own = (self.requires, self.answer, self.mqtt, self.home, self.areas, self.title, self.risk is not Risk.FREE)
        if self.data and any(own):
            raise ValueError("what 'data' says is the home's to answer and to guard: beside it nothing else is read")


@dataclass(frozen=True, slots=True)
class PackSpec:
    """A pack's file. `rules` and `slots` are for `sentences`; `lists`, `expansion_rules`, `skip_words` and
    `binary_sensors` for `data`. `covers`: those of Home Assistant's intents that are understood only with this pack.
    """

    intents: Mapping[str, IntentSpec] = field(default_factory=dict)
    slots: Mapping[str, SlotSpec] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    covers: tuple[str, ...] = ()
    lists: Mapping[str, object] = field(default_factory=dict)
    expansion_rules: Mapping[str, str] = field(default_factory=dict)
    skip_words: tuple[str, ...] = ()
    binary_sensors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    language: str = "en"

    def __post_init__(self) -> None:
        if not self.intents and not self.covers:
            raise ValueError("it has no intents: write `intents:` with at least one")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: `node` is its root."""

    name: str
    node: yaml.Node | None

    def at(self, *where: str | int) -> str:
        """`file:line: key` of a place in the file."""
        node, key = self.node, ""
        for step in where:
            if isinstance(step, int) and isinstance(node, yaml.SequenceNode):
                node, key = node.value[step], f"{key}[{step}]"
            elif isinstance(node, yaml.MappingNode):
                node = next((value for name, value in node.value if name.value == step), node)
                key = f"{key}.{step}".lstrip(".")
        return schema.where(node, self.name, key)

    def unknown(self, problem: str, where: tuple[str | int, ...], word: str, known: Iterable[str]) -> SettingsError:
        return SettingsError(self.at(*where), problem, schema.suggest(word, known))
