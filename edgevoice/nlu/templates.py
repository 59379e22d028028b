"""The first layer of understanding: whole sentences as Home Assistant writes them, matched by hassil."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from hassil import Intents, RecognizeResult, recognize_all

from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent, Value
from edgevoice.nlu import chinese, meaning
from edgevoice.nlu.context import Context
from edgevoice.nlu.language import Language, sentences
from edgevoice.nlu.packs import Pack
from edgevoice.nlu.sieve import Sieve

_NO_AREA = "\N{NULL}"
"""Stands for the area where the microphone's is not known: "lights off" then means all of them."""
_UNSURE = 0.5
"""Confidence of a match that hardly any of the template's own words stand behind; it is asked about, not done."""
_ARTICLE = 3
"""Letters; "the lamp" says no more than "lamp". Chinese has none, and verbs as short."""
_MOST_CLAUSES = 6
_LONGEST = 200
"""Characters; no command is longer, and the templates' open ends would take their time over a page of text."""


class Templates:
    """Matches sentences against the home as it is now."""

    def __init__(self, home: Home, intents: Intents, sieve: Sieve) -> None:
        self._article = _ARTICLE * (not intents.language.startswith("zh"))
        self.home, self._sieve = home, sieve
        self._intents = intents
        self._language: Language | None = None
        self.elsewhere: Callable[[str, Context], bool] = lambda text, context: False
        """Whether another layer knows a command, which may then be put off as well."""

    @property
    def language(self) -> Language:
        """What can be said now."""
        if self._language is None or self._language.version != self.home.version:
            self._language = None  # of a large home, two at a time would be too much
            self._language = Language(self.home, self._intents)
        return self._language

    def match(self, text: str, context: Context) -> Intent | None:
        """The intent of a normalised sentence that a template matches from end to end; None where none does."""
        if len(text) > _LONGEST:
            return None
        if self.language.chinese is None:
            return self._matched(text, context)
        line = chinese.joined(text)
        forms = dict.fromkeys((line, chinese.bare(line)))
        found = next(
            filter(None, (chinese.timer(self.home, one) or self._matched(one, context) for one in forms)), None
        )
        if found is None or not chinese.is_told(line, found) or not self._is_there(found, context):
            free = chinese.understand(self.home, self.language.chinese, line, context)
            found = free if free is not None and (found is None or self._is_there(free, context)) else found
        told = found is not None and chinese.is_told(line, found)
        return chinese.here(found, self.home, context) if found is not None and told else None

    def clauses(self, text: str, context: Context) -> tuple[Intent, ...]:
        """Every clause of a sentence without spaces; empty unless each is understood."""
        lexicon = self.language.chinese
        if lexicon is None:
            return ()
        split = chinese.clauses(chinese.joined(text))
        if len(split) < 2:
            return chinese.together(self.home, lexicon, text, context)
        each = [
            (one,) if (one := self.match(clause, context)) else chinese.together(self.home, lexicon, clause, context)
            for clause in split[:_MOST_CLAUSES]
        ]
        return tuple(one for found in each for one in found) if all(each) and len(split) <= _MOST_CLAUSES else ()

    def _is_there(self, intent: Intent, context: Context) -> bool:
        """Whether it means a device of this home, or none at all."""
        if intent.targets or not meaning.is_about_devices(intent.name, intent.slots):
            return True
        return bool(meaning.devices(self.home, intent.name, intent.slots, context.area))

    def _matched(self, text: str, context: Context) -> Intent | None:
        language = self.language
        area = self.home.areas.get(context.area or "")
        found = list(
            recognize_all(
                text,
                self._sieve.sift(text),
                slot_lists=dict(language.lists),
                intent_context={"area": area.name if area else _NO_AREA},
            )
        )
        if not found:
            return None
        best = found[0] if len(found) == 1 else min(found, key=lambda one: self._rank(one, context))
        slots, targets = _slots(best), self._named(best)
        if not self._can_be_done_later(slots.get("conversation_command"), context):
            return None
        if not targets and _is_here(best) and not meaning.devices(self.home, best.intent.name, slots):
            # A thing that the home has one of needs no area: "close the garage door", said in the kitchen.
            anywhere = {name: value for name, value in slots.items() if name != "area"}
            only = meaning.devices(self.home, best.intent.name, anywhere)
            if len(only) == 1:
                slots, targets = anywhere, (only[0].id,)
        return Intent(
            best.intent.name,
            slots,
            _confidence(best, text, self._article),
            "template",
            text,
            targets,
            best.response or "",
        )

    def _can_be_done_later(self, command: Value, context: Context) -> bool:
        """ "Turn off the lamp in five minutes" is a timer with a command; "he will be home in five minutes" is neither."""
        if command is None:
            return True
        later = self.match(str(command), context)
        if later is None:
            return self.elsewhere(str(command), context)
        return "conversation_command" not in later.slots

    def _rank(self, found: RecognizeResult, context: Context) -> tuple[bool, int, int, int, int, int, str]:
        """Least is best: what means a device of this home, the longest name, then hassil's own order (few open ends,
        many literal letters, short open ends); `garage door` goes before `garage` and `door`.
        """
        name = found.entities.get("name")
        named = 0 if name is None or name.is_wildcard else len(name.text)
        open_ends = [entity for entity in found.entities_list if entity.is_wildcard]
        return (
            not self._is_about_something(found, context),
            -named,
            len(open_ends),
            -found.text_chunks_matched,
            sum(len(entity.text) for entity in open_ends),
            sum(bool(entity.text) for entity in found.entities_list),
            found.intent.name,
        )

    def _is_about_something(self, found: RecognizeResult, context: Context) -> bool:
        return self._is_there(Intent(found.intent.name, _slots(found), targets=self._named(found)), context)

    def _named(self, found: RecognizeResult) -> tuple[str, ...]:
        """The device the sentence named; empty where it named none, or one of several that share the name."""
        name = found.entities.get("name")
        if name is None or name.is_wildcard:
            return ()
        slots, domains = _slots(found), found.intent_data.requires_context.get("domain")
        named = [
            device
            for device in self.language.called(name.text)
            if (not domains or device.domain in domains) and self._within(device, slots)
        ]
        return (named[0].id,) if len(named) == 1 else ()

    def _within(self, device: Device, slots: Mapping[str, Value]) -> bool:
        area = self.home.areas.get(device.area or "")
        floor = self.home.floors.get(area.floor or "") if area else None
        return slots.get("area") in (None, area and area.name) and slots.get("floor") in (None, floor and floor.name)


def load(home: Home, language: str, packs: tuple[Pack, ...] | None = None) -> Templates:
    """With the sentences of packs beside Home Assistant's: None means the standard ones. Raises SettingsError."""
    return Templates(home, sentences(language, packs), _sieve(language, packs))


@lru_cache(maxsize=4)
def _sieve(language: str, packs: tuple[Pack, ...] | None) -> Sieve:
    return Sieve(sentences(language, packs))


def _confidence(found: RecognizeResult, text: str, article: int) -> float:
    """`play` before anything at all, and a name without a verb, may be a misheard sentence of another kind."""
    said = {entity.name for entity in found.entities_list if entity.text}
    if said == {"search_query"}:
        return _UNSURE
    if found.intent.name == "HassTurnOn" and said == {"name"} and found.text_chunks_matched <= article:
        domains = found.intent_data.requires_context.get("domain", ())
        return 1.0 if {"scene", "script"} & set(domains) or "on" in text.casefold().split() else _UNSURE
    return 1.0


def _slots(found: RecognizeResult) -> dict[str, Value]:
    slots = {name: _value(entity.value) for name, entity in found.entities.items() if entity.value != _NO_AREA}
    if "media_class" in slots:  # "play the Abbey Road album"
        slots["search_query"] = str(slots.get("search_query", "")).removeprefix("the ")
    return slots


def _is_here(found: RecognizeResult) -> bool:
    """True where the area is the microphone's, not one that was said."""
    area = found.entities.get("area")
    return area is not None and not area.text and area.value != _NO_AREA


def _value(value: Any) -> Value:
    if isinstance(value, (list, set, tuple)):
        return tuple(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.strip() if isinstance(value, str) else value
