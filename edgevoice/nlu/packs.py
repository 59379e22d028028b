"""Closed domains beside the home: what a coffee machine, a lift or a game can be asked for, in one YAML file.

    intents:
      orderDrink:
        sentences: ["(make|get) me a [{size}] {coffeeDrink}"]
        requires: [coffeeDrink]              # without these it is not this intent
        answer: "One {coffeeDrink}, coming up."
    slots:
      size:
        values: [small, large, "(twelve|sixteen) ounce"]
        synonyms: {small: [little, tiny]}
      coffeeDrink:
        values: [latte, espresso]

Sentences and values are written in hassil's template syntax. A value that is a template stands for each of its forms.
A sentence that no template fits is searched for the values, heard roughly (see `tolerant`); a pack claims it when
enough of its words are explained.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import factorial, prod
from pathlib import Path

import yaml
from hassil import Intents, parse_sentence, recognize_best, sample_expression
from hassil.errors import HassilError
from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    Sentence,
    TextChunk,
)
from hassil.parser import ParseError

from edgevoice import resources, schema
from edgevoice.errors import SettingsError
from edgevoice.messages import Intent
from edgevoice.nlu.numbers import spell
from edgevoice.nlu.tolerant import Finder, Finding, Phrase

ENOUGH = 0.75
"""Share of a sentence that must be explained before a pack claims it."""
_FORMS = 100_000
"""Forms one template may have; past that, matching it takes too long."""
_VALUES = 5_000
"""Phrases one slot may have."""


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """What a slot may be: `values`, and other ways of saying one."""

    values: tuple[str, ...]
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IntentSpec:
    """One thing that can be asked for. `{slot}` in `answer` is what was said for it."""

    sentences: tuple[str, ...]
    requires: tuple[str, ...] = ()
    answer: str = ""


@dataclass(frozen=True, slots=True)
class PackSpec:
    """A pack's file."""

    intents: Mapping[str, IntentSpec]
    slots: Mapping[str, SlotSpec] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"


class Pack:
    """Matches sentences of one closed domain. `finders` holds one for each intent."""

    def __init__(self, name: str, spec: PackSpec, sentences: Intents, finders: Mapping[str, Finder]) -> None:
        self.name, self._spec, self._sentences, self._finders = name, spec, sentences, finders

    @property
    def sentences(self) -> Intents:
        """Its sentences as hassil matches them."""
        return self._sentences

    def knows(self, intent: str) -> bool:
        return intent in self._spec.intents

    def match(self, text: str, closed: bool = False) -> Intent | None:
        """What was asked for; None where too little of the sentence is explained.

        `closed`: nothing else can have been said, so the likeliest reading is the answer, however unlike it sounds.
        """
        exact = recognize_best(spell(text, self._spec.language), self._sentences)
        if exact is not None:
            slots = {name: str(entity.value) for name, entity in exact.entities.items()}
            if self._complete(exact.intent.name, slots):
                return self._intent(exact.intent.name, Finding(slots, 1.0, ""), text)
        readings = []
        for name, finder in self._finders.items():
            found = finder.find(text, self._spec.intents[name].requires, closed)
            if self._complete(name, found.slots) and (closed or found.explained >= ENOUGH):
                readings.append((found.explained, len(found.slots), name, found))
        if not readings:
            return None
        _, _, name, found = max(readings, key=lambda reading: reading[:2])
        return self._intent(name, found, text)

    def _complete(self, intent: str, slots: Mapping[str, str]) -> bool:
        return all(slot in slots for slot in self._spec.intents[intent].requires)

    def _intent(self, name: str, found: Finding, text: str) -> Intent:
        answer = self._spec.intents[name].answer
        for slot, value in found.slots.items():
            answer = answer.replace(f"{{{slot}}}", value)
        return Intent(name, found.slots, round(found.explained, 3), "pack", text, (), answer, found.leftover)


def path(name: str) -> Path:
    """The file of a pack that ships with the product. Raises SettingsError where there is none of that name."""
    folder = resources.find("packs")
    file = folder / f"{name}.yaml"
    if not file.is_file():
        known = [one.stem for one in folder.glob("*.yaml")]
        raise SettingsError("nlu.packs", f"unknown pack '{name}'", schema.suggest(name, known))
    return file


def is_sentences(file: Path) -> bool:
    """True for more sentences about the home, in the shape of Home Assistant's own, which have `data` in each intent."""
    node = schema.read(file)
    return isinstance(node, yaml.MappingNode) and any(
        key.value == "data"
        for name, intents in node.value
        if name.value == "intents" and isinstance(intents, yaml.MappingNode)
        for _, intent in intents.value
        if isinstance(intent, yaml.MappingNode)
        for key, _ in intent.value
    )


def load(file: Path) -> Pack:
    """Reads a pack. Raises SettingsError with file and line for what is wrong in it."""
    node = schema.read(file)
    spec: PackSpec = schema.build(node, PackSpec, str(file))
    return _Compiler(spec, node, str(file)).pack(file.stem)


class _Compiler:
    """Checks a pack's templates and turns them into what matches; `node` tells the line of what is wrong."""

    def __init__(self, spec: PackSpec, node: yaml.Node | None, name: str) -> None:
        self._spec, self._node, self._name = spec, node, name
        self._rules = {rule: self._parse(text, "rules", rule) for rule, text in spec.rules.items()}
        self._values = {slot: tuple(self._phrases(slot)) for slot in spec.slots}

    def pack(self, name: str) -> Pack:
        finders = {}
        for intent, one in self._spec.intents.items():
            used: dict[str, str] = {}
            words: set[str] = set()
            for i, text in enumerate(one.sentences):
                where = ("intents", intent, "sentences", i)
                sentence = self._parse(text, *where)
                self._walk(sentence, used, words, where)
                self._bounded(self._forms(sentence, where), _FORMS, where)
            for i, slot in enumerate(one.requires):
                if slot not in used:
                    raise self._error(
                        f"no sentence has {{{slot}}} in it", ("intents", intent, "requires", i), slot, used
                    )
            phrases = [
                Phrase(slot, value, said) for slot, values in used.items() for value, said in self._values[values]
            ]
            finders[intent] = Finder(phrases, words)
        return Pack(name, self._spec, self._hassil(), finders)

    def _hassil(self) -> Intents:
        return Intents.from_dict(
            {
                "language": self._spec.language,
                "intents": {
                    intent: {"data": [{"sentences": list(one.sentences)}]} for intent, one in self._spec.intents.items()
                },
                "lists": {
                    slot: {"values": [{"in": said, "out": value} for value, said in values]}
                    for slot, values in self._values.items()
                },
                "expansion_rules": dict(self._spec.rules),
            }
        )

    def _phrases(self, slot: str) -> Iterator[tuple[str, str]]:
        """(value, how it may be said) for every form of a slot's values and synonyms."""
        spec = self._spec.slots[slot]
        count = 0
        known: set[str] = set()
        for i, template in enumerate(spec.values):
            for said in self._all_forms(template, ("slots", slot, "values", i)):
                count += 1
                self._bounded(count, _VALUES, ("slots", slot, "values", i))
                known.add(said)
                yield said, spell(said, self._spec.language)
        for value, templates in spec.synonyms.items():
            if value not in known:
                raise self._error(
                    f"'{value}' is no value of '{slot}'", ("slots", slot, "synonyms", value), value, known
                )
            for i, template in enumerate(templates):
                for said in self._all_forms(template, ("slots", slot, "synonyms", value, i)):
                    yield value, spell(said, self._spec.language)

    def _all_forms(self, template: str, where: tuple[str | int, ...]) -> list[str]:
        expression = self._parse(template, *where)
        self._bounded(self._forms(expression, where, plain=True), _VALUES, where)
        forms = sample_expression(expression, expansion_rules=self._sentences_of_rules())
        return list(dict.fromkeys(" ".join(form.split()) for form in forms))

    def _sentences_of_rules(self) -> dict[str, Sentence]:
        return {rule: Sentence(expression) for rule, expression in self._rules.items()}

    def _parse(self, template: str, *where: str | int) -> Expression:
        try:
            return parse_sentence(template).expression
        except (ParseError, HassilError, ValueError, RecursionError) as error:
            raise SettingsError(self._at(where), f"'{template[:80]}' is no template: {error}", _REMEDY) from None

    def _walk(self, part: Expression, used: dict[str, str], words: set[str], where: tuple[str | int, ...]) -> None:
        """Collects the slots (slot -> whose values it takes) and the words of a sentence that is free of circles."""
        if isinstance(part, TextChunk):
            words.update(spell(part.text, self._spec.language).split())
        elif isinstance(part, Group):
            for item in part.items:
                self._walk(item, used, words, where)
        elif isinstance(part, RuleReference):
            self._forms(part, where)
            self._walk(self._rules[part.rule_name], used, words, where)
        elif isinstance(part, ListReference):
            if part.list_name not in self._values:
                raise self._error(f"unknown slot {{{part.list_name}}}", where, part.list_name, self._values)
            used[part.slot_name] = part.list_name

    def _forms(
        self, part: Expression, where: tuple[str | int, ...], inside: tuple[str, ...] = (), plain: bool = False
    ) -> int:
        """How many forms an expression has, a slot counted as one; `plain`: slots are not allowed in it."""
        if isinstance(part, RuleReference):
            if part.rule_name not in self._rules:
                raise self._error(f"unknown rule <{part.rule_name}>", where, part.rule_name, self._rules)
            if part.rule_name in inside:
                raise SettingsError(self._at(where), f"rule <{part.rule_name}> contains itself", "Write it out")
            return self._forms(self._rules[part.rule_name], where, (*inside, part.rule_name), plain)
        if isinstance(part, ListReference) and plain:
            raise SettingsError(
                self._at(where), f"a value cannot hold the slot {{{part.list_name}}}", "Write its words"
            )
        if not isinstance(part, Group):
            return 1
        forms = [self._forms(item, where, inside, plain) for item in part.items]
        if isinstance(part, Alternative):
            return sum(forms)
        return prod(forms) * (factorial(len(forms)) if isinstance(part, Permutation) else 1)

    def _bounded(self, count: int, most: int, where: tuple[str | int, ...]) -> None:
        if count > most:
            raise SettingsError(
                self._at(where),
                f"has more than {most:,} forms",
                "Write several shorter templates, with fewer optional parts and permutations in each",
            )

    def _error(self, problem: str, where: tuple[str | int, ...], word: str, known: Iterable[str]) -> SettingsError:
        return SettingsError(self._at(where), problem, schema.suggest(word, known))

    def _at(self, where: tuple[str | int, ...]) -> str:
        """`file:line: key` of a place in the file."""
        node, key = self._node, ""
        for step in where:
            if isinstance(step, int) and isinstance(node, yaml.SequenceNode):
                node, key = node.value[step], f"{key}[{step}]"
            elif isinstance(node, yaml.MappingNode):
                node = next(value for name, value in node.value if name.value == step)
                key = f"{key}.{step}".lstrip(".")
        return schema.where(node, self._name, key)


_REMEDY = "Write words, [optional ones], (one|another), {slot} and <rule>"
