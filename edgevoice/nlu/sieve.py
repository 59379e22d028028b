"""Leaves out, before hassil looks at a sentence, the templates that cannot match it: a word that they need is not in it.

hassil drops the same templates itself, but only after it has prepared each of them; with a thousand templates that takes
most of its time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hassil import Intents
from hassil.intents import Intent, IntentData
from hassil.util import CJK_WHITESPACE, normalize_for_matching, remove_skip_words_tracked


class Sieve:
    """Of one language's templates, which do not change."""

    def __init__(self, intents: Intents) -> None:
        self._intents = intents
        self._pieces: dict[str, int] = {}
        """Every piece of text that some template needs."""
        self._needs: dict[str, list[tuple[IntentData, list[list[frozenset[int]]]]]] = {
            name: [(data, [self._need(one) for one in self._clauses(data)]) for data in intent.data]
            for name, intent in intents.intents.items()
        }

    def sift(self, text: str) -> Intents:
        """The templates of which one sentence or more may match the text."""
        line = self._haystack(text)
        there = frozenset(number for piece, number in self._pieces.items() if piece in line)
        intents = {}
        for name, needs in self._needs.items():
            data = [one for one, sentences in needs if any(_is_met(clauses, there) for clauses in sentences)]
            if data:
                intents[name] = Intent(name, data)
        return replace(self._intents, intents=intents)

    def _clauses(self, data: IntentData) -> Iterable[frozenset[frozenset[str]]]:
        rules = {**self._intents.expansion_rules, **data.expansion_rules}
        return (sentence.get_required_clauses(rules) for sentence in data.sentences)

    def _need(self, clauses: frozenset[frozenset[str]]) -> list[frozenset[int]]:
        """Of each clause one piece has to be in the text."""
        return [frozenset(self._pieces.setdefault(piece, len(self._pieces)) for piece in clause) for clause in clauses]

    def _haystack(self, text: str) -> str:
        whole = normalize_for_matching(text)
        bare = whole.copy()
        remove_skip_words_tracked(bare, self._intents.skip_words, self._intents.settings.ignore_whitespace)
        line = f"{whole.text}\n{bare.text}".casefold()
        return f"{line}\n{CJK_WHITESPACE.sub('', line)}" if self._intents.settings.ignore_whitespace else line


def _is_met(clauses: Iterable[frozenset[int]], there: frozenset[int]) -> bool:
    return all(not clause.isdisjoint(there) for clause in clauses)
