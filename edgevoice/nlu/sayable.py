"""What can be said in a home or to a pack, as the graph of words that a recogniser is biased with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import permutations

from hassil import Intents, RangeSlotList, SlotList, TextSlotList, sample_expression
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
from hassil.intents import IntentData, WildcardSlotList

from edgevoice.nlu.language import Language
from edgevoice.nlu.numbers import words
from edgevoice.phrases import Anything, Arc, Label, Listed, Phrases

_RUN = re.compile(r"\s+|\S+")
_SPACE = " "
_NAMES = "name"
_FREE = Anything()
_LONGEST_RANGE = 1000


class _Letters:
    """Sentence templates as a graph of letters, spaces and lists; words are read off it later.

    Templates put their joints anywhere: `light[s]`, `{hours}( |-)hour[s]`.
    """

    def __init__(self, rules: Mapping[str, Sentence]) -> None:
        self.rules = rules
        self.out: list[list[tuple[str | Listed | Anything | None, int]]] = [[]]

    def node(self) -> int:
        self.out.append([])
        return len(self.out) - 1

    def link(self, origin: int, label: Label | None, target: int | None = None) -> int:
        """An arc, to a new node where none is given; None is passed without a sound. Returns its end."""
        end = self.node() if target is None else target
        self.out[origin].append((label, end))
        return end

    def add(self, part: Expression, at: int, lists: Mapping[str, Label]) -> int:
        """The graph of an expression from node `at`; returns its end. `lists` says what each list is."""
        if isinstance(part, TextChunk):
            for run in _RUN.findall(part.text):
                at = self.link(at, _SPACE if run.isspace() else run)
        elif isinstance(part, RuleReference):
            return self.add(self.rules[part.rule_name].expression, at, lists)
        elif isinstance(part, ListReference):
            at = self.link(at, lists[part.list_name])
        elif isinstance(part, Permutation):
            end = self.node()
            for order in permutations(part.items):
                self.link(self._row(order, at, lists, _SPACE), None, end)
            return end
        elif isinstance(part, Alternative):
            end = self.node()
            for item in part.items:
                self.link(self.add(item, at, lists), None, end)
            return end
        elif isinstance(part, Group):
            return self._row(part.items, at, lists)
        return at

    def _row(self, items: Iterable[Expression], at: int, lists: Mapping[str, Label], between: str | None = None) -> int:
        for item in items:
            at = self.link(self.add(item, at, lists), between)
        return at

    def words(self, end: int) -> tuple[tuple[Arc, ...], frozenset[int]]:
        """(the arcs of words between nodes where a word begins, the nodes where a sentence may end)."""
        arcs: list[Arc] = []
        ends: set[int] = set()
        seen, left = {0}, [0]
        while left:
            origin = left.pop()
            for label, target in self._following(origin, end):
                if label is None:
                    ends.add(origin)
                    continue
                arcs.append(Arc(origin, label, target))
                if target not in seen:
                    seen.add(target)
                    left.append(target)
        return tuple(arcs), frozenset(ends)

    def _following(self, origin: int, end: int) -> Iterator[tuple[Label | None, int]]:
        """What may be said first at a node, and where that leads; None where the sentence may end."""
        seen, left = {(origin, "")}, [(origin, "")]
        while left:
            at, word = left.pop()
            if at == end:
                yield (word, end) if word else (None, end)
            for label, target in self.out[at]:
                if isinstance(label, (Listed, Anything)):
                    yield (word, at) if word else (label, target)
                    continue
                if label == _SPACE and word:
                    yield word, target
                    continue
                step = (target, word if label in (None, _SPACE) else word + str(label))
                if step not in seen:
                    seen.add(step)
                    left.append(step)


def home(language: Language, wake_words: Iterable[str] = ()) -> Phrases:
    """What can be said in a home: its sentences, a wake word or politeness around them, several joined by "and"."""
    intents = language.intents
    letters = _Letters(intents.expansion_rules)
    lists: dict[str, tuple[str, ...]] = {}
    begin, end = letters.node(), letters.node()
    letters.link(0, None, begin)
    polite = [word for word in intents.skip_words if word]
    for word in wake_words:
        _say(letters, 0, word.replace("_", " "), begin)
    sentence = letters.node()
    letters.link(begin, None, sentence)
    for word in polite:
        _say(letters, begin, word, sentence)
    for intent in intents.intents.values():
        for data in intent.data:
            known = _lists(language, data, lists)
            for template in data.sentences:
                if isinstance(_first(template.expression, intents.expansion_rules, known), Anything):
                    continue  # what begins with anything can be anything
                letters.rules = {**intents.expansion_rules, **data.expansion_rules}
                start = letters.link(sentence, None)
                letters.link(letters.add(template.expression, start, known), _SPACE, end)
    for word in polite:
        _say(letters, end, word, end)
    arcs, ends = letters.words(end)
    return Phrases(arcs, ends, lists)


def _say(letters: _Letters, at: int, phrase: str, end: int) -> None:
    for word in phrase.split():
        at = letters.link(letters.link(at, word), _SPACE)
    letters.link(at, None, end)


def _first(part: Expression, rules: Mapping[str, Sentence], lists: Mapping[str, Label]) -> Label | None:
    """The list that an expression begins with."""
    if isinstance(part, ListReference):
        return lists[part.list_name]
    if isinstance(part, RuleReference):
        return _first(rules[part.rule_name].expression, rules, lists)
    if isinstance(part, Group) and part.items:
        return _first(part.items[0], rules, lists)
    return None


def _lists(language: Language, data: IntentData, phrases: dict[str, tuple[str, ...]]) -> dict[str, Label]:
    """What each list is in this block of sentences; its phrases go to `phrases`."""
    intents = language.intents
    found: dict[str, Label] = {}
    for name, one in {**intents.slot_lists, **data.slot_lists, **language.lists}.items():
        if isinstance(one, WildcardSlotList):
            found[name] = _FREE
            continue
        key = name
        wanted = data.requires_context.get("domain") if name == _NAMES else None
        if wanted:
            key = f"{name} {','.join(sorted([wanted] if isinstance(wanted, str) else wanted))}"
        found[name] = Listed(key)
        if key not in phrases:
            phrases[key] = tuple(dict.fromkeys(_phrases(one, wanted, intents)))
    return found


def _phrases(one: SlotList, domains: object, intents: Intents) -> Iterator[str]:
    """How each value of a list is said."""
    if isinstance(one, RangeSlotList):
        for number in one.get_numbers():
            yield f"{number:g}"
            yield from _spelled(number, intents.language)
    elif isinstance(one, TextSlotList):
        for value in one.values:
            if domains and (value.context or {}).get("domain") not in domains:  # type: ignore[operator]
                continue
            if isinstance(value.text_in, TextChunk):
                yield value.text_in.text
            else:
                yield from sample_expression(value.text_in, expansion_rules=intents.expansion_rules)


def _spelled(number: float, language: str) -> Iterator[str]:
    whole, _, decimals = f"{number:g}".partition(".")
    said = words(whole, language)
    yield said if not decimals else f"{said} point {words(decimals, language)}"
    if decimals == "5" and language == "en":
        yield f"{said} and a half"
