"""Leaves out, before hassil looks at a sentence, the templates that cannot match it: a word that they need is not in it.

hassil drops the same templates itself, but only after it has prepared each of them; with a thousand templates that takes
most of its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from hassil import Intents
from hassil.intents import Intent, IntentData
from hassil.util import CJK_WHITESPACE, normalize_for_matching, remove_skip_words_tracked
from numpy.typing import NDArray


class Sieve:
    """Of one language's templates, which do not change.

    A template needs all its clauses, and of a clause one piece of text has to be there. Where there are fewer than the
    longest has, the last one stands for it: a piece that is nowhere, a clause that always is.
    """

    def __init__(self, intents: Intents) -> None:
        self._intents = intents
        self._data = [(name, data) for name, intent in intents.intents.items() for data in intent.data]
        needs = [[list(sentence) for sentence in self._clauses(data)] for _, data in self._data]
        clauses = {clause: number for number, clause in enumerate({c for one in needs for s in one for c in s})}
        self._pieces = sorted({piece for clause in clauses for piece in clause})
        numbers = {piece: number for number, piece in enumerate(self._pieces)}
        self._of_clause = _table([[numbers[piece] for piece in clause] for clause in clauses], len(numbers))
        self._of_sentence = _table([[clauses[clause] for clause in s] for one in needs for s in one], len(clauses))
        self._owner = np.array([i for i, one in enumerate(needs) for _ in one], np.int64)

    def sift(self, text: str) -> Intents:
        """The templates of which one sentence or more may match the text."""
        line = self._haystack(text)
        there = np.array([*(piece in line for piece in self._pieces), False])
        is_met = np.append(there[self._of_clause].any(1), True)
        kept: dict[str, list[IntentData]] = {}
        for i in np.unique(self._owner[is_met[self._of_sentence].all(1)]):
            name, data = self._data[i]
            kept.setdefault(name, []).append(data)
        return replace(self._intents, intents={name: Intent(name, data) for name, data in kept.items()})

    def _clauses(self, data: IntentData) -> Iterable[frozenset[frozenset[str]]]:
        rules = {**self._intents.expansion_rules, **data.expansion_rules}
        return (sentence.get_required_clauses(rules) for sentence in data.sentences)

    def _haystack(self, text: str) -> str:
        whole = normalize_for_matching(text)
        bare = whole.copy()
        remove_skip_words_tracked(bare, self._intents.skip_words, self._intents.settings.ignore_whitespace)
        line = f"{whole.text}\n{bare.text}".casefold()
        return f"{line}\n{CJK_WHITESPACE.sub('', line)}" if self._intents.settings.ignore_whitespace else line


def _table(rows: Sequence[Sequence[int]], rest: int) -> NDArray[np.int64]:
    """The rows, each filled up to the longest with `rest`."""
    table = np.full((len(rows), max(map(len, rows), default=0)), rest, np.int64)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table
