"""The first layer of understanding: whole sentences as Home Assistant writes them, matched by hassil."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hassil import Intents, RecognizeResult, recognize_best

from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent, Value
from edgevoice.nlu.context import Context
from edgevoice.nlu.language import Language, sentences

_NO_AREA = "\N{NULL}"
"""Stands for the area where the microphone's is not known: "lights off" then means all of them."""
_LONGEST = 200
"""Characters; no command is longer, and the templates' open ends would take their time over a page of text."""


class Templates:
    """Matches sentences against the home as it is now."""

    def __init__(self, home: Home, intents: Intents) -> None:
        self._home = home
        self._language = Language(home, intents)

    @property
    def language(self) -> Language:
        """What can be said now."""
        if self._language.version != self._home.version:
            self._language = Language(self._home, self._language.intents)
        return self._language

    def match(self, text: str, context: Context) -> Intent | None:
        """The intent of a normalised sentence that a template matches from end to end; None where none does."""
        if len(text) > _LONGEST:
            return None
        language = self.language
        area = self._home.areas.get(context.area or "")
        found = recognize_best(
            text,
            language.intents,
            slot_lists=dict(language.lists),
            intent_context={"area": area.name if area else _NO_AREA},
            best_slot_name="name",
        )
        if found is None:
            return None
        slots = {name: _value(entity.value) for name, entity in found.entities.items() if entity.value != _NO_AREA}
        targets = self._targets(language, found, slots)
        return Intent(found.intent.name, slots, 1.0, "template", text, targets, found.response or "")

    def _targets(self, language: Language, found: RecognizeResult, slots: Mapping[str, Value]) -> tuple[str, ...]:
        """The device the sentence named; empty where it named none, or one of several that share the name."""
        name = found.entities.get("name")
        if name is None or name.is_wildcard:
            return ()
        domains = found.intent_data.requires_context.get("domain")
        named = [
            device
            for device in language.called(name.text)
            if (not domains or device.domain in domains) and self._within(device, slots)
        ]
        return (named[0].id,) if len(named) == 1 else ()

    def _within(self, device: Device, slots: Mapping[str, Value]) -> bool:
        area = self._home.areas.get(device.area or "")
        floor = self._home.floors.get(area.floor or "") if area else None
        return slots.get("area") in (None, area and area.name) and slots.get("floor") in (None, floor and floor.name)


def load(home: Home, language: str) -> Templates:
    """Raises SettingsError for a language without sentences."""
    return Templates(home, sentences(language))


def _value(value: Any) -> Value:
    if isinstance(value, (list, set, tuple)):
        return tuple(value)
    return value.strip() if isinstance(value, str) else value  # type: ignore[no-any-return]
