"""Understanding: the home's sentence templates first, then packs, then a proposal of the language model."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from edgevoice.config import NluSettings
from edgevoice.errors import StageError
from edgevoice.home.model import Home
from edgevoice.home.names import fold
from edgevoice.messages import Intent
from edgevoice.nlu import about, clashes, evidence, normalize, packs, repair, sayable, semantic, templates
from edgevoice.nlu.context import NOWHERE, Context, Thinking, thought
from edgevoice.nlu.explanation import Candidate, Explanation, Layer
from edgevoice.nlu.free import Free
from edgevoice.nlu.written import Written
from edgevoice.phrases import Phrases
from edgevoice.stages import Embed, Llm

Proposer = Callable[[str, Context, threading.Event], Thinking]
Match = Callable[[str, Context], Intent | None]
_JOINTS = re.compile(r"[,;.]?\s+(?:and then|and also|and|then)\s+|[,;.]\s+", re.IGNORECASE)
_BOTH = re.compile(r"\bboth\s+(?:of\s+)?", re.IGNORECASE)
_CLAUSES = 6
_SURE = 0.6
"""Confidence from which nobody else is asked what was meant."""
_PLAIN = 0.8
"""Confidence that each clause of a compound needs where it is in nobody's words but the speaker's."""
_BARE = frozenset({"HassMediaPause", "HassMediaUnpause", "HassMediaPrevious", "HassMediaNext"})
_HARDLY = 0.5
"""What is left of the confidence where "would you just stop" may be about the player, or about us."""
_NAMELESS = re.compile(r"an?(?!\S)", re.IGNORECASE)
"""No name begins so: "a 5 minute timer" is not called "a 5 minute"."""
_THING = re.compile(r"(?:the|my|our) (?:(?!\b(?:on|off|to|up|down|open|close)\b).)+", re.IGNORECASE)
"""A clause without a verb: it shares the one before."""
_VERBATIM = frozenset({"HassBroadcast", "HassShoppingListAddItem", "HassListAddItem"})
"""What is passed on as it was said."""
_MOST_MATCHES = 256
_BORROWED = 3
"""Words that clauses may share."""
_NEARLY = 0.3
"""The share of a sentence that a pack has to explain to be told of among those that explain too little."""
_GUESSES = 5


class Cascade:
    """Text to intents. It follows the home: names added later are understood from the next sentence on."""

    def __init__(
        self,
        sentences: templates.Templates,
        chosen: tuple[packs.Pack, ...] | None = None,
        propose: Proposer | None = None,
        wake_words: tuple[str, ...] = (),
        free: Free | None = None,
    ) -> None:
        self.packs = packs.standard() if chosen is None else chosen
        self._sentences, self._propose, self._wake_words = sentences, propose, wake_words
        self._domains = tuple(one for one in self.packs if one.is_closed and one.speaks(sentences.home.language))
        self._off = packs.uncovered(self.packs)
        sentences.elsewhere = lambda text, context: self._own(text, context) is not None
        self._free, self._home = free, sentences.home
        self._about = about.About(self._home)
        self._matches: dict[tuple[str, str | None], Intent | None] = {}
        self._matched_for = -1
        self._taught: tuple[str, ...] = ()
        self._written = Written({})
        self._phrases: sayable.HomePhrases | None = None
        self._sayable: tuple[int, Phrases] | None = None

    def listen_for(self, sentences: Iterable[str]) -> None:
        """Sentences, of plain words, that can be said beside those that the layers know: `sayable` has them."""
        self._taught, self._sayable = tuple(sentences), None

    @property
    def ordinary(self) -> frozenset[str]:
        """Words that any recogniser of the language writes as they are."""
        return self._free.ordinary if self._free is not None else frozenset()

    def write_names(self, forms: Mapping[str, Iterable[str]]) -> None:
        """How names are written besides: they can be said so, and are understood."""
        self._written, self._sayable = Written(forms), None

    def prepare(self) -> None:
        """Builds now what the first sentence after a change of the home would otherwise wait for."""
        self._sentences.match("set the light to fifty percent", NOWHERE)
        if self._free is not None:
            self._free.understand("set the light to fifty percent", NOWHERE)

    def sayable(self) -> Phrases:
        """What can be said now, for the recogniser. The same object until the home changes."""
        language = self._sentences.language
        if language.chinese is not None:
            if self._sayable is None or self._sayable[0] != language.version:
                self._sayable = (language.version, sayable.any_order(language.chinese.words()))
            return self._sayable[1]
        if self._phrases is None:
            domains = [pack.sentences for pack in self._domains]
            self._phrases = sayable.HomePhrases(language.intents, self._wake_words, domains)
        if self._sayable is None or self._sayable[0] != language.version:
            named = self._written.beside(self._phrases.of(language))
            self._sayable = (language.version, sayable.with_sentences(named, self._taught))
        return self._sayable[1]

    def understand(self, text: str, context: Context, cancel: threading.Event | None = None) -> tuple[Intent, ...]:
        """What was meant, in the order it was said; empty where nothing understood it.

        Raises StageError where the language model fails and nothing else understood it.
        """
        return thought(self.think(text, context, cancel or threading.Event()))

    def think(self, text: str, context: Context, cancel: threading.Event) -> Thinking:
        """`understand`, for who has something to say while the language model takes its time."""
        return self._think(text, context, cancel, self._propose)

    def _think(self, text: str, context: Context, cancel: threading.Event, propose: Proposer | None) -> Thinking:
        words = self._plain(text)
        if not words or repair.contradicts(words):
            return ()
        found = self._allowed(self._certain(words, context))
        if not found and self._free is not None and (question := self._about.asked(text)) is not None:
            return (question,)
        if propose is None or (found and all(intent.confidence >= _SURE for intent in found)):
            return found
        try:
            proposed = self._allowed((yield from propose(words, context, cancel)))
        except StageError:
            if found:
                return found  # it is asked about
            raise
        return proposed if not found or _sure(proposed) > _sure(found) else found

    def certain(self, text: str, context: Context) -> tuple[Intent, ...]:
        """What `understand` finds without the language model."""
        words = self._plain(text)
        return self._allowed(self._certain(words, context)) if words and not repair.contradicts(words) else ()

    def explain(
        self, text: str, context: Context, cancel: threading.Event | None = None, with_model: bool = False
    ) -> Explanation:
        """What each layer makes of a sentence, each asked although an earlier one is sure, and what `understand` finds.

        The language model is asked only `with_model`, and only where `understand` asks it. Raises StageError.
        """
        words, here = self._plain(text), self._here(context)
        if not words or repair.contradicts(words):
            return Explanation(text, words, (Layer("words", 0.0, note="It contradicts itself" if words else "Empty"),))
        layers = [
            _timed(
                "templates", lambda: _one("templates", self._pronoun(words, context) or self._exact(words, context))
            ),
            _timed("packs", lambda: tuple(one for pack in self._domains for one in _readings(pack, words, here))),
            _timed("free wording", lambda: _one("free wording", self._loose(words, context))),
        ]
        if self._free is not None:
            free = self._free
            began = time.perf_counter()
            guess = free.guess(words)
            asked = self._about.asked(text)
            layers += [Layer("meaning", (time.perf_counter() - began) * 1e3, scores=_highest(guess))] if guess else []
            layers += [Layer("questions", 0.0, _one("facts of the home", (asked,)))] if asked else []
        proposed: list[Layer] = []

        def ask(words: str, context: Context, cancel: threading.Event) -> Thinking:
            if not with_model or self._propose is None:
                proposed.append(Layer("language model", 0.0, note="It would be asked now"))
                return ()
            began = time.perf_counter()
            answer = yield from self._propose(words, context, cancel)
            ms = (time.perf_counter() - began) * 1e3
            proposed.append(Layer("language model", ms, _one("language model", answer)))
            return answer

        wanted = ask if self._propose is not None else None
        intents = thought(self._think(text, context, cancel or threading.Event(), wanted))
        if wanted is not None and not proposed:
            proposed.append(Layer("language model", 0.0, note="Not asked: the layers above are sure"))
        return Explanation(text, words, (*layers, *proposed), intents, _decided(intents, (*layers, *proposed)))

    def _plain(self, text: str) -> str:
        return self._sentences.language.apart(self._written.named(normalize.spoken(text, self._wake_words)))

    def _allowed(self, found: tuple[Intent, ...]) -> tuple[Intent, ...]:
        """Nothing where one of the intents is of a pack that is off: half a command is worse than none."""
        return found if all(self.allows(intent.name) for intent in found) else ()

    def allows(self, intent: str) -> bool:
        """Whether no pack that is off has this intent for its own."""
        return intent not in self._off

    def _certain(self, words: str, context: Context) -> tuple[Intent, ...]:
        exact = self._pronoun(words, context) or self._exact(words, context)
        if exact:
            return exact
        if (own := self._own(words, context)) is not None:
            return (own,)
        here = self._here(context)
        claims: list[tuple[Intent, ...]] = [
            (claim,) for pack in self._domains if (claim := pack.match(words, area=here)) is not None
        ]
        claims += [loose] if (loose := self._loose(words, context)) else []
        return max(claims, key=lambda claim: claim[0].confidence, default=())

    def _own(self, words: str, context: Context) -> Intent | None:
        """A sentence of a pack, slips and politeness aside."""
        if not self._domains:
            return None
        here, plain = self._here(context), repair.without_slips(words)
        for text in dict.fromkeys((words, plain, repair.bare(plain.casefold()))):
            for pack in self._domains:
                if (found := pack.exact(text, here)) is not None:
                    return replace(found, text=words)
        return None

    def _here(self, context: Context) -> frozenset[str]:
        """What the microphone's area is called."""
        area = self._home.areas.get(context.area or "")
        return frozenset(map(fold, (area.id, area.name, *area.aliases))) if area else frozenset()

    def _pronoun(self, words: str, context: Context) -> tuple[Intent, ...]:
        """A sentence about "it", which is the device that was spoken of last, if a template knows that of it."""
        device = self._home.devices.get(context.recent[0]) if context.recent and self._free else None
        if device is None or not evidence.IT.search(words):
            return ()
        one = self._match(evidence.IT.sub(f"the {device.name}", words, count=1), context)
        is_it = one is not None and str(one.slots.get("name")).casefold() == device.name.casefold()
        return (replace(one, targets=(device.id,), text=words),) if one is not None and is_it else ()

    def _exact(self, words: str, context: Context) -> tuple[Intent, ...]:
        """By templates. What was said without its slips goes first: an open end of a template swallows them."""
        for text in dict.fromkeys((repair.without_slips(words), words)):
            one = self._match(text, context)
            if one is not None and one.name in _VERBATIM:
                one = self._match(words, context) or one
            if one is not None and _is_half_said(one, text) and text.endswith("stop"):
                continue  # it may be us who shall stop
            found = (one,) if one is not None else self._compound(text, context, self._clause)
            if found and not any(_NAMELESS.match(str(intent.slots.get("name"))) for intent in found):
                return found
        return ()

    def _loose(self, words: str, context: Context) -> tuple[Intent, ...]:
        """What was meant although it was not said in a template's words: names respelled, then free wording."""
        if self._free is None:
            return ()
        for corrected in repair.corrections(words):
            if (one := self._confident(corrected, context)) is not None:
                return (replace(one, text=words),)
        tidy = repair.tidied(repair.without_slips(words))
        text, changed = self._free.speller.respelled(tidy)
        sure = repair.SURE**changed
        one = self._match(text, context)
        if one is not None and _is_half_said(one, words):
            sure *= _HARDLY
        found = (one,) if one is not None else self._compound(text, context, self._confident)
        if not found and (one := self._sounding(tidy, context)) is not None:
            found, sure = (one,), repair.GUESSED
        if not found and (one := self._free.understand(text, context, words)) is not None:
            found = (one,)
        return tuple(replace(intent, confidence=round(intent.confidence * sure, 3), text=words) for intent in found)

    def _sounding(self, tidy: str, context: Context) -> Intent | None:
        """By the templates, with a name that was written as it sounds."""
        text = self._free.speller.by_sound(tidy) if self._free is not None else None
        return self._match(text, context) if text is not None else None

    def _match(self, text: str, context: Context) -> Intent | None:
        """By the templates, each wording of a sentence once: its clauses and corrections are the same ones again."""
        if self._matched_for != self._home.version or len(self._matches) > _MOST_MATCHES:
            self._matches, self._matched_for = {}, self._home.version
        key = (text, context.area)
        if key not in self._matches:
            self._matches[key] = self._sentences.match(text, context)
        return self._matches[key]

    def _clause(self, clause: str, context: Context) -> Intent | None:
        """What a template of the home or a pack makes of a clause."""
        return self._match(clause, context) or self._own(clause, context)

    def _confident(self, clause: str, context: Context) -> Intent | None:
        """A clause of a sentence that is no template as a whole: any way of saying it, if it is plain."""
        found = self._clause(clause, context)
        if found is None and self._free is not None:
            found = self._free.understand(clause, context)
        return found if found is not None and found.confidence >= _PLAIN else None

    def _compound(self, words: str, context: Context, match: Match) -> tuple[Intent, ...]:
        """Every clause of "A and B" by itself; empty unless each is understood: half a command is worse than none."""
        if self._sentences.language.chinese is not None:
            return self._sentences.clauses(words, context)
        clauses = _JOINTS.split(_BOTH.sub("", words))
        if not 2 <= len(clauses) <= _CLAUSES:
            return ()
        if any(_THING.fullmatch(clause) for clause in clauses[1:]) and (shared := _shared(clauses, context, match)):
            return shared
        found = tuple(_until_none(match(clause, context) for clause in clauses))
        return found if len(found) == len(clauses) else _shared(clauses, context, match)


def _is_half_said(one: Intent, text: str) -> bool:
    """Nothing but "stop" with politeness around it."""
    return one.name in _BARE and " " in text and " " not in normalize.spoken(repair.tidied(text))


def _sure(found: tuple[Intent, ...]) -> float:
    return min((intent.confidence for intent in found if intent.name != "Chat"), default=0.0)


def _shared(clauses: list[str], context: Context, match: Match) -> tuple[Intent, ...]:
    """Clauses that share a verb before them or a noun after them: "turn on the hall and kitchen lights"."""
    first, last = clauses[0].split(), clauses[-1].split()
    for shared in range(min(len(last), _BORROWED + 1)):
        ending = " ".join(last[len(last) - shared :])
        head = match(f"{clauses[0]} {ending}".strip(), context)
        if head is None:
            continue
        for borrowed in range(1, min(len(first), _BORROWED + 1)):
            verb = " ".join(first[:borrowed])
            whole = [f"{verb} {clause} {ending}".strip() for clause in clauses[1:-1]] + [f"{verb} {clauses[-1]}"]
            rest = tuple(_until_none(match(clause, context) for clause in whole))
            if len(rest) == len(whole) and all(one.name == head.name for one in rest):
                return (head, *rest)
    return ()


def _timed(name: str, look: Callable[[], tuple[Candidate, ...]]) -> Layer:
    began = time.perf_counter()
    found = look()
    return Layer(name, (time.perf_counter() - began) * 1e3, found)


def _one(by: str, intents: tuple[Intent, ...]) -> tuple[Candidate, ...]:
    return (Candidate(by, intents),) if intents else ()


def _readings(pack: packs.Pack, words: str, here: frozenset[str]) -> Iterator[Candidate]:
    """What a pack makes of a sentence; the likeliest reading where it explains too little to claim it."""
    claim = pack.match(words, area=here)
    if claim is not None:
        yield Candidate(pack.name, (claim,))
    elif (nearest := pack.match(words, closed=True, area=here)) is not None and nearest.confidence >= _NEARLY:
        yield Candidate(pack.name, (nearest,), is_enough=False, note="It explains too little of the sentence")


def _highest(guess: semantic.Guess) -> dict[str, float]:
    return dict(sorted(guess.probabilities.items(), key=lambda one: -one[1])[:_GUESSES])


def _decided(intents: tuple[Intent, ...], layers: tuple[Layer, ...]) -> str:
    """The first layer that came to what was decided."""
    same = (layer.name for layer in layers if any(one.intents == intents for one in layer.candidates))
    return next(same, "") if intents else ""


def load(
    home: Home,
    settings: NluSettings,
    llm: Llm | None = None,
    wake_words: Iterable[str] = (),
    embed: Embed | None = None,
) -> Cascade:
    """The cascade of one home. Raises SettingsError for an unknown language or a bad pack."""
    propose: Proposer | None = None
    if llm is not None:
        from edgevoice.nlu import proposal  # its grammar and prompt are only needed beside a model

        model = llm

        def propose(text: str, context: Context, cancel: threading.Event) -> Thinking:
            return proposal.propose(model, home, text, context, cancel)

    chosen = packs.chosen(settings)
    clashes.check(chosen)
    for pack in chosen:
        for device, _ in pack.devices().values():
            home.put(device)
    free = None
    if settings.language.partition("-")[0] == "en":
        free = Free(home, semantic.load(embed))
    return Cascade(templates.load(home, settings.language, chosen), chosen, propose, tuple(wake_words), free)


def _until_none(found: Iterator[Intent | None]) -> Iterator[Intent]:
    for intent in found:
        if intent is None:
            return
        yield intent
