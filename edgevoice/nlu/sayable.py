"""What can be said in a home or to a pack, as the graph of words that a recogniser is biased with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
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
_POLITE = 3.0
"""Cost of words around a sentence that it can do without."""
_FREE = 2.0
"""Cost of words that may be anything."""
_TALK: Mapping[str, float] = {"HassRespond": 3.0}
"""Cost of what asks for nothing, by intent: a lone `hey` is easily heard in any sound."""
_OPPOSITES: Mapping[str, str] = {
    "en": "on/off open/close open/shut open/closed lock/unlock up/down arm/disarm enable/disable mute/unmute raise/lower "
    "increase/decrease brighten/dim louder/quieter brighter/darker warmer/cooler start/stop play/pause pause/resume"
}
_OF_HOME = ("name", "area", "floor")


class _Letters:
    """Sentence templates as a graph of letters, spaces and lists; words are read off it later.

    Templates put their joints anywhere: `light[s]`, `{hours}( |-)hour[s]`.
    """

    def __init__(self, rules: Mapping[str, Sentence]) -> None:
        self.rules = rules
        self.out: list[list[tuple[Label | None, int, float]]] = [[]]

    def node(self) -> int:
        self.out.append([])
        return len(self.out) - 1

    def link(self, origin: int, label: Label | None, target: int | None = None, cost: float = 0.0) -> int:
        """An arc, to a new node where none is given; None is passed without a sound. Returns its end."""
        end = self.node() if target is None else target
        self.out[origin].append((label, end, cost))
        return end

    def say(self, at: int, phrase: str, end: int, cost: float = 0.0) -> None:
        """The words of `phrase` from node `at` to node `end`."""
        at = self.link(at, None, None, cost)
        for word in phrase.split():
            at = self.link(self.link(at, word), _SPACE)
        self.link(at, None, end)

    def add(self, part: Expression, at: int, lists: Mapping[str, Label]) -> int:
        """The graph of an expression from node `at`; returns its end. `lists` says what each list is."""
        if isinstance(part, TextChunk):
            for run in _RUN.findall(part.text):
                at = self.link(at, _SPACE if run.isspace() else run)
        elif isinstance(part, RuleReference):
            return self.add(self.rules[part.rule_name].expression, at, lists)
        elif isinstance(part, ListReference):
            label = lists[part.list_name]
            at = self.link(at, label, None, _FREE if isinstance(label, Anything) else 0.0)
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
            for label, target, cost in self._following(origin, end):
                if label is None:
                    ends.add(origin)
                    continue
                arcs.append(Arc(origin, label, target, cost))
                if target not in seen:
                    seen.add(target)
                    left.append(target)
        return tuple(arcs), frozenset(ends)

    def _following(self, origin: int, end: int) -> Iterator[tuple[Label | None, int, float]]:
        """What may be said first at a node, where that leads, and its cost; None where the sentence may end."""
        seen, left = {(origin, "")}, [(origin, "", 0.0)]
        while left:
            at, word, paid = left.pop()
            if at == end:
                yield word or None, end, paid
            for label, target, cost in self.out[at]:
                if isinstance(label, (Listed, Anything)):
                    yield (word, at, paid) if word else (label, target, paid + cost)
                    continue
                if label == _SPACE and word:
                    yield word, target, paid
                    continue
                step = (target, word if label in (None, _SPACE) else word + str(label))
                if step not in seen:
                    seen.add(step)
                    left.append((*step, paid + cost))


class HomePhrases:
    """What can be said in a home: its sentences, a wake word or politeness around them, and those of its packs.

    The sentences stay, and the names in them follow the home.
    """

    def __init__(self, intents: Intents, wake_words: Iterable[str] = (), packs: Iterable[Intents] = ()) -> None:
        self._intents = intents
        self._of_packs: dict[str, tuple[str, ...]] = {}
        self._lists: dict[str, tuple[str, frozenset[str]]] = {}
        letters = _Letters(intents.expansion_rules)
        begin, sentence, end = letters.node(), letters.node(), letters.node()
        letters.link(0, None, begin)
        letters.link(begin, None, sentence)
        for word in wake_words:
            letters.say(0, word.replace("_", " "), begin)
        for word in intents.skip_words:
            letters.say(begin, word, sentence, _POLITE)
            letters.say(end, word, end, _POLITE)
        for intent in intents.intents.values():
            opening = letters.link(sentence, None, None, _TALK.get(intent.name, 0.0))
            for data in intent.data:
                self._add(letters, data, opening, end)
        for i, domain in enumerate(packs):
            self._of_packs |= _add_pack(letters, domain, (sentence, end), f"{i} ")
        self._arcs, self._ends = letters.words(end)

    def of(self, language: Language) -> Phrases:
        """With the names that the home has now."""
        lists = {**self._intents.slot_lists, **language.lists}
        return Phrases(
            self._arcs,
            self._ends,
            {
                **{key: _phrases(lists[name], domains, self._intents) for key, (name, domains) in self._lists.items()},
                **self._of_packs,
            },
            opposites=_opposites(self._intents.language),
        )

    def _add(self, letters: _Letters, data: IntentData, begin: int, end: int) -> None:
        rules = {**self._intents.expansion_rules, **data.expansion_rules}
        known = self._known(data)
        letters.rules = rules
        known_letters: set[str] = set()
        for template in data.sentences:
            letters_only = (template.text or "").replace(" ", "")
            if letters_only in known_letters:
                continue  # `nevermind` and `never mind` are said alike
            known_letters.add(letters_only)
            if isinstance(_first(template.expression, rules, known), Anything):
                continue  # what begins with anything can be anything
            start = letters.link(begin, None)
            letters.link(letters.add(template.expression, start, known), _SPACE, end)

    def _known(self, data: IntentData) -> dict[str, Label]:
        """What each list is in this block of sentences: names are those of the domains it is about."""
        found: dict[str, Label] = {}
        for name in (*self._intents.slot_lists, *data.slot_lists, *_OF_HOME):
            if isinstance(self._intents.slot_lists.get(name), WildcardSlotList):
                found[name] = Anything()
                continue
            wanted = data.requires_context.get("domain", ()) if name == _NAMES else ()
            domains = frozenset([wanted] if isinstance(wanted, str) else wanted)
            key = " ".join([name, *sorted(domains)])
            self._lists[key] = (name, domains)
            found[name] = Listed(key)
        return found


def any_order(words: Iterable[str]) -> Phrases:
    """What can be said where words are written together and come in any order."""
    return Phrases((Arc(0, Listed("word"), 0),), frozenset({0}), {"word": tuple(dict.fromkeys(words))})


def with_sentences(phrases: Phrases, sentences: Iterable[str]) -> Phrases:
    """The same, and these sentences of plain words."""
    sentences = tuple(sentences)
    if not sentences:
        return phrases
    arcs, ends = list(phrases.arcs), set(phrases.ends)
    free = 1 + max((arc.target for arc in arcs), default=0)
    for sentence in sentences:
        at = 0
        for word in sentence.casefold().split():
            arcs.append(Arc(at, word, free))
            at, free = free, free + 1
        ends |= {at} - {0}
    return replace(phrases, arcs=tuple(arcs), ends=frozenset(ends))


def pack(intents: Intents) -> Phrases:
    """What can be asked of a closed domain: nothing else is said there."""
    letters = _Letters(intents.expansion_rules)
    end = letters.node()
    lists = _add_pack(letters, intents, (0, end), "")
    arcs, ends = letters.words(end)
    return Phrases(arcs, ends, lists, closed=True)


def _add_pack(letters: _Letters, intents: Intents, between: tuple[int, int], prefix: str) -> dict[str, tuple[str, ...]]:
    """Puts a pack's sentences between two nodes; returns its lists, whose names begin with `prefix`."""
    letters.rules = intents.expansion_rules
    known: dict[str, Label] = {name: Listed(prefix + name) for name in intents.slot_lists}
    for intent in intents.intents.values():
        for data in intent.data:
            for template in data.sentences:
                start = letters.link(between[0], None, None, _TALK.get(intent.name, 0.0))
                letters.link(letters.add(template.expression, start, known), _SPACE, between[1])
    return {prefix + name: _phrases(one, frozenset(), intents) for name, one in intents.slot_lists.items()}


def _opposites(language: str) -> frozenset[tuple[str, str]]:
    pairs = (pair.partition("/") for pair in _OPPOSITES.get(language, "").split())
    return frozenset((one, other) for one, _, other in pairs)


def _first(part: Expression, rules: Mapping[str, Sentence], lists: Mapping[str, Label]) -> Label | None:
    """The list that an expression begins with."""
    if isinstance(part, ListReference):
        return lists[part.list_name]
    if isinstance(part, RuleReference):
        return _first(rules[part.rule_name].expression, rules, lists)
    if isinstance(part, Group) and part.items:
        return _first(part.items[0], rules, lists)
    return None


def _phrases(one: SlotList, domains: frozenset[str], intents: Intents) -> tuple[str, ...]:
    """How each value of a list is said, numbers in words and in digits."""
    said = _said(one, domains, intents)
    return tuple(dict.fromkeys(form for phrase in said for form in (phrase, _in_digits(phrase, intents.language))))


def _said(one: SlotList, domains: frozenset[str], intents: Intents) -> Iterator[str]:
    if isinstance(one, RangeSlotList):
        for number in one.get_numbers():
            yield f"{number:g}"
            yield from _spelled(number, intents.language)
    elif isinstance(one, TextSlotList):
        for value in one.values:
            if domains and (value.context or {}).get("domain") not in domains:
                continue
            if isinstance(value.text_in, TextChunk):
                yield value.text_in.text
            else:
                yield from sample_expression(value.text_in, expansion_rules=intents.expansion_rules)


def _spelled(number: float, language: str) -> Iterator[str]:
    whole, _, decimals = f"{number:g}".partition(".")
    said = words(whole, language)
    yield f"{said} point {words(decimals, language)}" if decimals else said
    if decimals == "5" and language == "en":
        yield f"{said} and a half"


@lru_cache(maxsize=8192)
def _in_digits(phrase: str, language: str) -> str:
    """`twelve ounce` as `12 ounce`."""
    pattern, numbers = _numbers(language)
    return pattern.sub(lambda found: numbers[found[0].lower()], phrase)


@lru_cache(maxsize=4)
def _numbers(language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    """What finds numbers in words up to a hundred, and their digits."""
    numbers = {words(str(number), language): str(number) for number in range(101)}
    longest_first = sorted(map(re.escape, numbers), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(longest_first)})\b", re.IGNORECASE), numbers
