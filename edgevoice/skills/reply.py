"""What is said: Home Assistant's response templates, and our own sentences where it has none.

The templates see what they see in Home Assistant: `slots` (as text), `state` (the first device meant), `query.matched`
and `query.unmatched`, and `state_attr()`; ours also `examples()`. They run in Jinja's sandbox and are compiled when first needed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import home_assistant_intents
from jinja2 import ChainableUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from edgevoice.home.model import Device, Home
from edgevoice.messages import Command, Intent, Value
from edgevoice.skills import chinese, examples, sentences_zh, spoken
from edgevoice.skills.sentences import ERRORS, REPLIES

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """A device's state as a template sees it."""

    entity_id: str
    domain: str
    name: str
    state: str
    state_with_unit: str
    attributes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Found:
    """What an intent was about. `devices` are those that match; `others` fit all but the state that was asked for.

    `slots` stand over the intent's own: what a template needs as something else than text.
    """

    devices: Sequence[Device] = ()
    others: Sequence[Device] = ()
    slots: Mapping[str, Any] = field(default_factory=dict)


NOTHING = Found()


class Replies:
    """The sentences of one home in its language."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._environment = SandboxedEnvironment(autoescape=False, undefined=ChainableUndefined, finalize=_never_none)
        self._compiled: dict[str, Template] = {}

    @property
    def language(self) -> str:
        return self._home.language

    @property
    def is_english(self) -> bool:
        return self._home.language.partition("-")[0] == "en"

    def action(self, commands: Sequence[Command]) -> str:
        """What commands would do: `unlock the Front Door`."""
        return spoken.action(self._home, commands)

    def say(self, intent: Intent, found: Found = NOTHING) -> str:
        """The reply to an intent; empty where it is answered by nothing. Never raises for what a template lacks."""
        replies = _responses(self._home.language)["intents"].get(intent.name, {})
        template = replies.get(intent.response or _key(intent, found.devices), replies.get("default"))
        if template is None:
            template = next(iter(replies.values()), None)
        if template is None:
            return self._plain(intent, found)
        try:
            return self._render(template, self._variables(intent, found))
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            _log.debug("response of %s: %s", intent.name, error)
            return self._plain(intent, found)

    def error(self, key: str, **values: str) -> str:
        """One of the error sentences, such as `no_entity`."""
        return self._render(_responses(self._home.language)["errors"][key], values)

    def part(self, key: str, **values: str) -> str:
        """A piece of a sentence, such as `timer_named`."""
        return self._filled(_responses(self._home.language)["errors"][key], values)

    def shown(self, device: Device) -> Shown:
        state = self._home.state(device.id)
        attributes = {
            key: spoken.unit(value, self._home.language) if "unit" in key else _tidy(value)
            for key, value in state.attributes.items()
        }
        text = spoken.state(device, state.value, self._home.language)
        plain = spoken.number(state.value) or state.value
        return Shown(device.id, device.domain, device.name, plain, text, attributes)

    def _variables(self, intent: Intent, found: Found) -> dict[str, Any]:
        slots: dict[str, Any] = {name: spoken.slot(value) for name, value in intent.slots.items()}
        about = next(iter((*found.devices, *found.others)), None)
        return {
            "slots": slots | dict(found.slots),
            "state": self.shown(about) if about else None,
            "query": {
                "matched": [self.shown(device) for device in found.devices],
                "unmatched": [self.shown(device) for device in found.others],
            },
            "examples": lambda: examples.of(self._home),
            "state_attr": lambda entity, name: _tidy(self._home.state(entity).attributes.get(name)),
        }

    def _render(self, template: str, variables: Mapping[str, Any]) -> str:
        text = self._filled(template, variables)
        return text[:1].upper() + text[1:]

    def _filled(self, template: str, variables: Mapping[str, Any]) -> str:
        compiled = self._compiled.get(template)
        if compiled is None:
            compiled = self._compiled[template] = self._environment.from_string(template)
        text = " ".join(compiled.render(variables).split()).replace(" ,", ",").replace(" .", ".")
        return chinese.tidy(text) if chinese.is_chinese(self._home.language) else text

    def _plain(self, intent: Intent, found: Found) -> str:
        """What is said where no template fits: the device by its name, or that it is done."""
        about = found.devices[0] if len(found.devices) == 1 else None
        verb = {"HassTurnOn": "on", "HassTurnOff": "off"}.get(intent.name)
        if about and verb:
            return self.error("turned", state=verb, name=about.name)
        return self.error("done")


@lru_cache(maxsize=2)
def _responses(language: str) -> Mapping[str, Mapping[str, Any]]:
    """Home Assistant's responses with ours over them; of its large file only they are kept."""
    known = {name.casefold(): name for name in home_assistant_intents.get_languages()}
    name = known.get(language.replace("_", "-").casefold(), "en")
    theirs = (home_assistant_intents.get_intents(name) or {}).get("responses", {})
    intents, errors = dict(theirs.get("intents", {})), ERRORS | theirs.get("errors", {})
    ours = REPLIES
    if chinese.is_chinese(language):
        ours = {intent: _written(replies, language) for intent, replies in sentences_zh.REPLIES.items()}
        errors |= _written(sentences_zh.ERRORS, language)
    for intent, replies in ours.items():
        intents[intent] = intents.get(intent, {}) | dict(replies)
    return {"intents": intents, "errors": errors}


def _written(replies: Mapping[str, str], language: str) -> dict[str, str]:
    return {key: chinese.script(text, language) for key, text in replies.items()}


def _tidy(value: Value) -> Value:
    """A measured number as it is said: 21.4 of 21.3999, 21 of 21.0."""
    return value if not isinstance(value, float) else int(value) if value == int(value) else round(value, 1)


def _never_none(value: Any) -> Any:
    if value is None:
        raise LookupError("a template wrote a value that is not known")
    return value


def _key(intent: Intent, devices: Sequence[Device]) -> str:
    """The response of an intent that no template of Home Assistant's made."""
    choose = _KEYS.get(intent.name)
    return choose(intent, devices) if choose else "default"


def _turned(intent: Intent, devices: Sequence[Device]) -> str:
    domain = devices[0].domain if devices else ""
    if domain in ("light", "fan") and "name" not in intent.slots:
        place = "area" if "area" in intent.slots else "floor" if "floor" in intent.slots else ""
        return f"{domain}s_{place}" if place else f"{domain}_all" if len(devices) > 1 else "default"
    if domain in ("input_button", "button"):
        return "button"
    return domain if domain in ("cover", "lock", "scene", "script", "valve") else "default"


def _light(intent: Intent, devices: Sequence[Device]) -> str:
    return next((slot for slot in ("color", "temperature") if slot in intent.slots), "brightness")


def _state(intent: Intent, devices: Sequence[Device]) -> str:
    if "state" not in intent.slots:
        return "one"
    return "one_yesno" if "name" in intent.slots else "any"


_KEYS: Mapping[str, Callable[[Intent, Sequence[Device]], str]] = {
    "HassTurnOn": _turned,
    "HassTurnOff": _turned,
    "HassLightSet": _light,
    "HassGetState": _state,
}
