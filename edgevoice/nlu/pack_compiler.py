"""Checks a pack's file and turns it into what matches. Every error names file, line, key, value and remedy."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from hassil import Intents, TextSlotList, parse_sentence, sample_expression
from hassil.errors import HassilError
from hassil.expression import Expression, ListReference, Sentence
from hassil.parser import ParseError

from edgevoice import schema
from edgevoice.errors import SettingsError
from edgevoice.nlu.numbers import spell
from edgevoice.nlu.pack_file import PackSpec, Source
from edgevoice.nlu.template_size import Sizes, always, references
from edgevoice.nlu.tolerant import Finder, Phrase

_VALUES = 5_000
"""Phrases one slot may have."""
_REMEDY = "Write words, [optional ones], (one|another), {slot} and <rule>"
_OF_HOME = ("name", "area", "floor")
SLOT = re.compile(r"\{(\w+)\}")
_UNSENT = re.compile(r"[+#/\0]")

Where = tuple[str | int, ...]


def parsed(template: str, source: Source, where: Where) -> Expression:
    """Raises SettingsError."""
    try:
        return parse_sentence(template).expression
    except (ParseError, HassilError, ValueError, RecursionError) as error:
        raise SettingsError(source.at(*where), f"'{template[:80]}' is no template: {error}", _REMEDY) from None


class Compiler:
    """Of a pack's own sentences."""

    def __init__(self, spec: PackSpec, source: Source) -> None:
        self._spec, self._source = spec, source
        self._rules = {rule: parsed(text, source, ("rules", rule)) for rule, text in spec.rules.items()}
        self._sizes = Sizes(self._rules)
        self._values = {slot: tuple(self._phrases(slot)) for slot in spec.slots}

    def finders(self) -> dict[str, Finder]:
        """What finds the slots of each intent in words that were heard roughly. Raises SettingsError."""
        found = {}
        for intent, one in self._spec.intents.items():
            if not one.sentences:
                continue
            used: dict[str, str] = {}  # slot -> whose values it takes
            words: set[str] = set()
            said: set[str] | None = None  # slots that no sentence goes without
            for i, text in enumerate(one.sentences):
                where = ("intents", intent, "sentences", i)
                sentence = parsed(text, self._source, where)
                self._sizes.bounded(sentence, self._source.at(*where))
                self._collect(sentence, used, words, where)
                slots = always(sentence, self._rules)
                said = set(slots) if said is None else said & slots
            for i, slot in enumerate(one.requires):
                if slot not in used:
                    place = ("intents", intent, "requires", i)
                    raise self._source.unknown(f"no sentence has {{{slot}}} in it", place, slot, used)
            self._check_action(intent, used, {*(said or ()), *one.requires})
            # A number is not heard roughly: fourteen is not forty.
            rough = ((slot, values) for slot, values in used.items() if self._spec.slots[values].values)
            phrases = [Phrase(slot, value, form) for slot, values in rough for value, form in self._values[values]]
            found[intent] = Finder(phrases, words)
        return found

    def hassil(self) -> Intents:
        """The pack's own sentences as hassil matches them."""
        own = {intent: one.sentences for intent, one in self._spec.intents.items() if one.sentences}
        return Intents.from_dict(
            {
                "language": self._spec.language,
                "intents": {intent: {"data": [{"sentences": list(texts)}]} for intent, texts in own.items()},
                "lists": {
                    slot: {"values": [{"in": said, "out": value} for value, said in values]}
                    for slot, values in self._values.items()
                },
                "expansion_rules": dict(self._spec.rules),
            }
        )

    def _phrases(self, slot: str) -> Iterator[tuple[str, str]]:
        """(value, how it may be said) for every form of a slot's values and synonyms."""
        spec, count, known = self._spec.slots[slot], 0, set()
        if spec.minimum is not None and spec.maximum is not None:
            numbers = range(spec.minimum, spec.maximum + 1, spec.step)
            self._few(len(numbers), ("slots", slot))
            if spec.minimum < 0 or not numbers:
                raise SettingsError(
                    self._source.at("slots", slot), "has no numbers that can be said", "Count up, from 0 or more"
                )
            yield from ((str(number), spell(str(number), self._spec.language)) for number in numbers)
        for i, template in enumerate(spec.values):
            for said in self._all_forms(template, ("slots", slot, "values", i)):
                count += 1
                self._few(count, ("slots", slot, "values", i))
                known.add(said)
                yield said, spell(said, self._spec.language)
        for value, templates in spec.synonyms.items():
            where = ("slots", slot, "synonyms", value)
            if value not in known:
                raise self._source.unknown(f"'{value}' is no value of '{slot}'", where, value, known)
            for i, template in enumerate(templates):
                for said in self._all_forms(template, (*where, i)):
                    count += 1
                    self._few(count, (*where, i))
                    yield value, spell(said, self._spec.language)

    def _few(self, count: int, where: Where) -> None:
        if count > _VALUES:
            raise SettingsError(self._source.at(*where), f"has more than {_VALUES:,} forms", "Leave some values out")

    def _all_forms(self, template: str, where: Where) -> list[str]:
        expression = parsed(template, self._source, where)
        self._sizes.bounded(expression, self._source.at(*where), _VALUES)
        for part in references(expression, self._rules):
            if isinstance(part, ListReference):
                problem = f"a value cannot hold the slot {{{part.list_name}}}"
                raise SettingsError(self._source.at(*where), problem, "Write its words")
        rules = {rule: Sentence(body) for rule, body in self._rules.items()}
        forms = sample_expression(expression, expansion_rules=rules)
        return list(dict.fromkeys(" ".join(form.split()) for form in forms))

    def _collect(self, sentence: Expression, used: dict[str, str], words: set[str], where: Where) -> None:
        for part in references(sentence, self._rules):
            if not isinstance(part, ListReference):
                words.update(spell(part.text, self._spec.language).split())
                continue
            if part.list_name not in self._values:
                raise self._source.unknown(f"unknown slot {{{part.list_name}}}", where, part.list_name, self._values)
            used[part.slot_name] = part.list_name

    # --- what follows from it ----------------------------------------------------------------------------------------

    def _check_action(self, intent: str, used: Mapping[str, str], said: Iterable[str]) -> None:
        spec, where = self._spec.intents[intent], ("intents", intent)
        self._filled(spec.answer, (*where, "answer"), said)
        if spec.home is not None:
            for slot, value in spec.home.slots.items():
                self._filled(str(value), (*where, "home", "slots", slot), said)
        if spec.mqtt is None:
            return
        for key, text in (("topic", spec.mqtt.topic), ("state_topic", spec.mqtt.state_topic)):
            place = (*where, "mqtt", key)
            slots = self._filled(text, place, said)
            if key == "topic" and not text.strip():
                raise SettingsError(self._source.at(*place), "is empty", "Write the topic that the message goes to")
            if re.search(r"[+#\0]", text) or text.startswith("$"):
                raise SettingsError(
                    self._source.at(*place), f"'{text}' is no topic of one message", "Remove +, # and $"
                )
            for slot in slots:
                bad = next((value for value, _ in self._values[used[slot]] if _UNSENT.search(value)), None)
                if bad is not None:
                    raise SettingsError(
                        self._source.at(*place), f"{{{slot}}} may be '{bad}'", "No /, + or # in a topic's slot"
                    )
            if key == "state_topic" and any(
                SLOT.search(level) and not SLOT.fullmatch(level) for level in text.split("/")
            ):
                raise SettingsError(
                    self._source.at(*place), f"'{text}' has a slot in part of a level", "Give it a level of its own"
                )
        for key, text in (("payload", spec.mqtt.payload), ("state_payload", spec.mqtt.state_payload or "")):
            for slot in SLOT.findall(text):
                if slot not in used:
                    raise self._source.unknown(f"no sentence has {{{slot}}} in it", (*where, "mqtt", key), slot, used)

    def _filled(self, text: str, where: Where, said: Iterable[str]) -> list[str]:
        """The slots that a text is filled with. Raises SettingsError for one that may not have been said."""
        slots = SLOT.findall(text)
        for slot in slots:
            if slot not in said:
                problem = f"{{{slot}}} is not in every sentence of it"
                remedy = schema.suggest(slot, said) or "Name it under `requires`, or leave it out here"
                raise SettingsError(self._source.at(*where), problem, remedy)
        return slots


def blocks(spec: PackSpec, source: Source) -> dict[str, Any]:
    """A pack's sentences about the home, in the shape of Home Assistant's. Raises SettingsError for another shape."""
    found: dict[str, Any] = {}
    for intent, one in spec.intents.items():
        for i, data in enumerate(one.data):
            texts = data.get("sentences") if isinstance(data, dict) else None
            if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
                problem = "is no block of sentences"
                raise SettingsError(source.at("intents", intent, "data", i), problem, "Write `- sentences: [...]`")
        if one.data:
            found[intent] = {"data": list(one.data)}
    for device_class, said in spec.binary_sensors.items():
        for key in ("things", "if_on", "if_off"):
            if key not in said:
                place = source.at("binary_sensors", device_class)
                raise SettingsError(place, f"'{key}' is missing", f"Add `{key}:` here")
    return {
        "intents": found,
        "lists": dict(spec.lists),
        "expansion_rules": dict(spec.expansion_rules),
        "skip_words": list(spec.skip_words),
        "binary_sensors": dict(spec.binary_sensors),
    }


def check_blocks(spec: PackSpec, source: Source, merged: Mapping[str, Any], intents: Collection[str]) -> None:
    """Raises SettingsError for what is wrong in what a pack says about the home.

    `merged` are the sentences of all packs and Home Assistant; `intents` are those that the home knows.
    """
    for i, name in enumerate(spec.covers):
        if name not in intents:
            raise source.unknown(f"unknown intent '{name}'", ("covers", i), name, intents)
    for name, one in spec.intents.items():
        if one.data and name not in intents:
            raise source.unknown(f"unknown intent '{name}'", ("intents", name), name, intents)
        if one.home is not None and one.home.intent not in intents:
            place = ("intents", name, "home", "intent")
            raise source.unknown(f"unknown intent '{one.home.intent}'", place, one.home.intent, intents)
    shared = {name: parsed(text, source, ("expansion_rules", name)) for name, text in merged["expansion_rules"].items()}
    for name in spec.lists:
        _check_list(name, spec.lists[name], source, ("lists", name), shared)
    for intent, one in spec.intents.items():
        for i, data in enumerate(one.data):
            assert isinstance(data, dict)
            block: Where = ("intents", intent, "data", i)
            own, lists = data.get("expansion_rules") or {}, data.get("lists") or {}
            rules = {**shared, **{name: parsed(str(own[name]), source, block) for name in own}}
            for name in lists:
                _check_list(name, lists[name], source, block, rules)
            known, sizes = {*merged["lists"], *lists, *_OF_HOME}, Sizes(rules)
            for j, text in enumerate(data["sentences"]):
                where = (*block, "sentences", j)
                sentence = parsed(text, source, where)
                sizes.bounded(sentence, source.at(*where))
                for part in references(sentence, rules):
                    if isinstance(part, ListReference) and part.list_name not in known:
                        raise source.unknown(f"unknown list {{{part.list_name}}}", where, part.list_name, known)


def _check_list(name: str, content: Any, source: Source, where: Where, rules: Mapping[str, Expression]) -> None:
    try:
        made = Intents.from_dict({"language": "en", "intents": {}, "lists": {name: content}}).slot_lists[name]
    except (HassilError, ParseError, ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        remedy = "Write `values: [...]`, `range: {from: 0, to: 100}` or `wildcard: true`"
        raise SettingsError(source.at(*where), f"is no list: {error}", remedy) from None
    sizes = Sizes(rules)
    for value in made.values if isinstance(made, TextSlotList) else ():
        sizes.bounded(value.text_in, source.at(*where), _VALUES)
