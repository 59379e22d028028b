"""What a sentence asks for, from its verbs and particles: rules over a sentence whose mentions are replaced by tags.

"Please make the lights in the kitchen blue" is read as `please make the LIGHT in the AREA COLOR`, and the rule
`LIGHT * COLOR` speaks for `set_color`. In a rule a word stands for its inflections, `<class>` for the words of that
class, `a|b` for either, `*` for any words between, `word?` may be missing, `^` is the beginning and `$` the end.
The rules stand in `sentences/wishes.en.yaml`. English only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import yaml

from edgevoice.nlu.evidence import stem_set

_FILE = Path(__file__).parent / "sentences" / "wishes.en.yaml"


@dataclass(frozen=True, slots=True)
class Wish:
    """An action and how surely the words speak for it, 0..1; `words` are the indices of those that do."""

    action: str
    strength: float
    words: frozenset[int]


def read(tokens: Iterable[str]) -> tuple[Wish, ...]:
    """The wishes of a sentence, the best one of each action, as the rules are ordered. `tokens` are stems and tags."""
    tokens = list(tokens)
    text, starts = "", {}
    for i, token in enumerate(tokens):
        starts[len(text)] = i
        text += token + " "
    found: dict[str, Wish] = {}
    for action, strength, pattern in _compiled():
        match = pattern.search(text)
        if match is None:
            continue
        before = found.get(action, Wish(action, strength, frozenset()))
        groups = (match.start(group) for group in range(1, pattern.groups + 1))
        found[action] = replace(before, words=before.words.union(starts[at] for at in groups if at in starts))
    return tuple(found.values())


def _pattern(rule: str, classes: Mapping[str, str]) -> re.Pattern[str]:
    parts = [r"(?<!\S)"]
    for piece in rule.split():
        if piece == "*":
            parts.append(r"(?:\S+ )*?")
        elif piece in ("^", "$"):
            parts.append(piece)
        else:
            words = sorted({form for word in piece.removesuffix("?").split("|") for form in _forms(word, classes)})
            parts.append(f"((?:{'|'.join(map(re.escape, words))}) ){'?' if piece.endswith('?') else ''}")
    return re.compile("".join(parts))


def _forms(word: str, classes: Mapping[str, str]) -> frozenset[str]:
    if word.startswith("<"):
        return frozenset(form for one in classes[word[1:-1]].split() for form in _forms(one, classes))
    return frozenset((word,)) if word.isupper() else stem_set(word)


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[str, float, re.Pattern[str]], ...]:
    """(action, how surely the rule speaks for it, the rule)."""
    data = yaml.load(_FILE.read_text("utf-8"), yaml.CSafeLoader)
    return tuple(
        (group["action"], group["sure"], _pattern(rule, data["classes"]))
        for group in data["rules"]
        for rule in group["said"]
    )
