"""How much a sentence template stands for, counted before anything is unfolded: a short one may have a million forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from math import factorial, prod
from typing import NamedTuple

from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    Sequence,
    TextChunk,
)

from edgevoice import schema
from edgevoice.errors import SettingsError

PARTS = 20_000
"""Pieces that one template may have once its rules and permutations are written out."""
DEPTH = 40
"""Brackets and rules inside each other."""


WAYS = 20_000
"""Ways to read one sentence by one template; each that fails costs a few microseconds."""


class Size(NamedTuple):
    """`forms` it may take, a slot counted as one; `parts` it is written with; `depth` of its brackets and rules.

    `ways`: at most so many of its forms begin alike at every word, and have to be tried one after the other.
    """

    forms: int = 1
    parts: int = 1
    depth: int = 0
    ways: int = 1


class Sizes:
    """Measures templates that use `rules`; each rule is measured once."""

    def __init__(self, rules: Mapping[str, Expression]) -> None:
        self._rules = rules
        self._known: dict[str, Size] = {}

    def of(self, part: Expression, where: str, inside: tuple[str, ...] = ()) -> Size:
        """`where` stands in the errors. Raises SettingsError for a rule that is unknown, or contains itself."""
        if isinstance(part, RuleReference):
            return self._rule(part.rule_name, where, inside)
        if not isinstance(part, Group):
            return Size()
        sizes = [self.of(item, where, inside) for item in part.items]
        forms, parts = [size.forms for size in sizes], sum(size.parts for size in sizes)
        depth = 1 + max((size.depth for size in sizes), default=0)
        if isinstance(part, Alternative):
            return Size(sum(forms), parts, depth, _alternatives(part, sizes))
        orders = factorial(min(len(forms), 12)) if isinstance(part, Permutation) else 1
        return Size(prod(forms) * orders, parts * orders, depth, prod(size.ways for size in sizes) * orders)

    def bounded(self, part: Expression, where: str, most: int | None = None) -> None:
        """Raises SettingsError where an expression is too long, too deep, has too many ways, or more than `most` forms."""
        size = self.of(part, where)
        for count, limit, what in (
            (size.forms, most or size.forms, "forms"),
            (size.parts, PARTS, "parts"),
            (size.depth, DEPTH, "levels of brackets"),
            (size.ways, WAYS, "ways to read a sentence"),
        ):
            if count > limit:
                raise SettingsError(
                    where,
                    f"has more than {limit:,} {what}",
                    "Write several shorter templates, with fewer optional parts and permutations in each",
                )

    def _rule(self, name: str, where: str, inside: tuple[str, ...]) -> Size:
        if name not in self._rules:
            raise SettingsError(where, f"unknown rule <{name}>", schema.suggest(name, self._rules))
        if name in inside:
            raise SettingsError(where, f"rule <{name}> contains itself", "Write it out")
        if name not in self._known:
            if len(inside) > DEPTH:
                raise SettingsError(where, f"has more than {DEPTH} rules inside each other", "Write it out")
            size = self.of(self._rules[name], where, (*inside, name))
            self._known[name] = size._replace(depth=size.depth + 1)
        return self._known[name]


def _alternatives(part: Alternative, sizes: list[Size]) -> int:
    """Words that differ are told apart at once; what begins alike, is left out or is no plain text is tried."""
    ways, first = 0, Counter[str]()
    for item, size in zip(part.items, sizes, strict=True):
        text = _text(item)
        if text is None:
            ways += size.ways
        else:
            first[next(iter(text.casefold().split()), "")] += 1
    left_out = first.pop("", 0)
    return ways + left_out + max(first.values(), default=0)


def _text(part: Expression) -> str | None:
    if isinstance(part, TextChunk):
        return part.text
    if isinstance(part, Sequence):
        texts = [_text(item) for item in part.items]
        return None if None in texts else "".join(filter(None, texts))
    return None


def references(part: Expression, rules: Mapping[str, Expression]) -> Iterator[ListReference | TextChunk]:
    """The slots and the texts of an expression whose size is bounded."""
    if isinstance(part, RuleReference):
        yield from references(rules[part.rule_name], rules)
    elif isinstance(part, Group):
        for item in part.items:
            yield from references(item, rules)
    elif isinstance(part, (ListReference, TextChunk)):
        yield part


def always(part: Expression, rules: Mapping[str, Expression]) -> frozenset[str]:
    """The slots that every form of an expression has."""
    if isinstance(part, RuleReference):
        return always(rules[part.rule_name], rules)
    if isinstance(part, ListReference):
        return frozenset([part.slot_name])
    if not isinstance(part, Group):
        return frozenset()
    found = [always(item, rules) for item in part.items]
    if isinstance(part, Alternative):
        return frozenset.intersection(*found) if found else frozenset()
    return frozenset().union(*found)
