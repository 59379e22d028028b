"""Understanding: the home's sentence templates first, then packs, then a proposal of the language model."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from edgevoice.config import NluSettings
from edgevoice.home.model import Home
from edgevoice.messages import Intent
from edgevoice.nlu import normalize, packs, templates
from edgevoice.nlu.context import NOWHERE, Context
from edgevoice.stages import Llm

Proposer = Callable[[str, Context, threading.Event], tuple[Intent, ...]]
_JOINTS = re.compile(r"[,;.]?\s+(?:and then|and also|and|then)\s+|[,;.]\s+", re.IGNORECASE)
_BOTH = re.compile(r"\bboth\s+(?:of\s+)?", re.IGNORECASE)
_CLAUSES = 6
_BORROWED = 3
"""Words that clauses may share."""


class Cascade:
    """Text to intents. It follows the home: names added later are understood from the next sentence on."""

    def __init__(
        self,
        sentences: templates.Templates,
        domains: tuple[packs.Pack, ...] = (),
        propose: Proposer | None = None,
        wake_words: tuple[str, ...] = (),
    ) -> None:
        self._sentences, self._domains, self._propose, self._wake_words = sentences, domains, propose, wake_words

    def prepare(self) -> None:
        """Builds now what the first sentence after a change of the home would otherwise wait for."""
        self._sentences.match("set the light to fifty percent", NOWHERE)

    def understand(self, text: str, context: Context, cancel: threading.Event | None = None) -> tuple[Intent, ...]:
        """What was meant, in the order it was said; empty where nothing understood it.

        Raises StageError where the language model fails.
        """
        words = self._sentences.language.apart(normalize.spoken(text, self._wake_words))
        if not words:
            return ()
        found = self._certain(words, context)
        if not found and self._propose is not None:
            found = self._propose(words, context, cancel or threading.Event())
        return found

    def _certain(self, words: str, context: Context) -> tuple[Intent, ...]:
        one = self._sentences.match(words, context)
        if one is not None:
            return (one,)
        several = self._compound(words, context)
        if several:
            return several
        claims = [claim for pack in self._domains if (claim := pack.match(words)) is not None]
        return (max(claims, key=lambda claim: claim.confidence),) if claims else ()

    def _compound(self, words: str, context: Context) -> tuple[Intent, ...]:
        """Every clause of "A and B" by itself; empty unless each is understood: half a command is worse than none."""
        clauses = _JOINTS.split(_BOTH.sub("", words))
        if not 2 <= len(clauses) <= _CLAUSES:
            return ()
        found = tuple(_until_none(self._sentences.match(clause, context) for clause in clauses))
        return found if len(found) == len(clauses) else self._shared(clauses, context)

    def _shared(self, clauses: list[str], context: Context) -> tuple[Intent, ...]:
        """Clauses that share a verb before them or a noun after them: "turn on the hall and kitchen lights"."""
        first, last = clauses[0].split(), clauses[-1].split()
        for shared in range(min(len(last), _BORROWED + 1)):
            ending = " ".join(last[len(last) - shared :])
            head = self._sentences.match(f"{clauses[0]} {ending}".strip(), context)
            if head is None:
                continue
            for borrowed in range(1, min(len(first), _BORROWED + 1)):
                verb = " ".join(first[:borrowed])
                whole = [f"{verb} {clause} {ending}".strip() for clause in clauses[1:-1]] + [f"{verb} {clauses[-1]}"]
                rest = tuple(_until_none(self._sentences.match(clause, context) for clause in whole))
                if len(rest) == len(whole) and all(one.name == head.name for one in rest):
                    return (head, *rest)
        return ()


def load(home: Home, settings: NluSettings, llm: Llm | None = None, wake_words: Iterable[str] = ()) -> Cascade:
    """The cascade of one home. Raises SettingsError for an unknown language or a bad pack."""
    propose: Proposer | None = None
    if llm is not None:
        from edgevoice.nlu import proposal  # its grammar and prompt are only needed beside a model

        model = llm

        def propose(text: str, context: Context, cancel: threading.Event) -> tuple[Intent, ...]:
            return proposal.propose(model, home, text, context, cancel)

    files = [Path(name) if name.endswith((".yaml", ".yml")) else packs.path(name) for name in settings.packs]
    more = tuple(file for file in files if packs.is_sentences(file))
    domains = tuple(packs.load(file) for file in files if file not in more)
    return Cascade(templates.load(home, settings.language, more), domains, propose, tuple(wake_words))


def _until_none(found: Iterator[Intent | None]) -> Iterator[Intent]:
    for intent in found:
        if intent is None:
            return
        yield intent
