"""The conversation: what was said in, outcomes out. First an answer to a question that waits, then a new wish."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Any, Protocol

from edgevoice.dialogue import followup, resolve
from edgevoice.dialogue.journal import Entry, Journal
from edgevoice.dialogue.state import Dialogue, Question
from edgevoice.home import targets
from edgevoice.home.model import Home
from edgevoice.messages import Command, Intent, Outcome, Understood
from edgevoice.nlu.context import Context, Thinking
from edgevoice.phrases import Phrases
from edgevoice.skills import (
    account,
    chat,
    failures,
    memory,
    own_lists,
    policy,
    questions,
    routines,
    timers,
)
from edgevoice.skills.asks import ask
from edgevoice.skills.asks.wording import Moment
from edgevoice.skills.deeds import Deeds
from edgevoice.skills.later import Later, readings
from edgevoice.skills.manner import Manner
from edgevoice.skills.patience import Patience
from edgevoice.skills.reply import Replies
from edgevoice.stages import Llm, Style

_LONGEST_PLAN = 200
_MOST_READINGS = 3
_NOTHING: Mapping[str, str] = MappingProxyType({})
_SPOKEN = frozenset({"HassRespond", "HassBroadcast"})
_APOLOGIES = {("asr", "nothing_heard"): "not_heard", ("llm", "deadline"): "slow", ("llm", "loading"): "loading"}
_FREQUENT = ("no_intent", "done", "left", "moment", "no_skill", "already")
_STAGE_APOLOGIES = {"mqtt": "away", "asr": "no_speech", "llm": "no_intent"}


class Understanding(Protocol):
    """Text to intents: `nlu.cascade.Cascade`."""

    def understand(self, text: str, context: Context, cancel: threading.Event) -> tuple[Intent, ...]: ...
    def think(self, text: str, context: Context, cancel: threading.Event) -> Thinking: ...
    def prepare(self) -> None: ...
    def sayable(self) -> Phrases: ...


class Conversation:
    """One user's conversation with one home. Owned by the turns worker.

    `area` is the microphone's, by id or name. `now` is the time of day, for those who ask.
    """

    def __init__(
        self,
        home: Home,
        understanding: Understanding,
        llm: Llm | None = None,
        rules: policy.Rules = policy.Rules(),
        area: str = "",
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._home, self._understanding, self._llm, self._rules, self._now = home, understanding, llm, rules, now
        self._mic_area = area
        self._prepared_for = -1
        self._replies = Replies(home)
        self._dialogue = Dialogue()
        self._lists = own_lists.OwnLists(home)
        self._deeds = Deeds(home, self._replies, rules, area, self._dialogue, now)
        self.timers, self._routines = self._deeds.timers, self._deeds.routines
        self._kept = memory.Kept(self._dialogue, self.timers, self._lists, self._routines)
        self._journal = Journal()
        self._patience = Patience("")
        self.manner = Manner()
        self._speaks_english = home.language.partition("-")[0] == "en"

    def prepare(self) -> None:
        """Gets ready for the home as it is now; for idle moments, and free where nothing came or went."""
        if self._prepared_for != self._home.version:
            self._lists.follow()
        if self._prepared_for != self._home.version:
            self._prepared_for = self._home.version
            self._home.called("")
            self._understanding.prepare()

    def sayable(self) -> Phrases:
        """What can be said to it now, for the recogniser; the same object until that changes."""
        return self._understanding.sayable()

    def hear(
        self, text: str, now_seconds: float, cancel: threading.Event, confidence: float = 1.0, by: str = "voice"
    ) -> Iterator[Understood | Outcome]:
        """What follows from a sentence: how it was understood, then an outcome an intent, then a question if one is left.

        `now_seconds` is monotonic; `confidence` is the recogniser's; `by` is `voice` or `text`, for what not everybody
        may. Raises StageError where the language model fails.
        """
        told = account.answer(self._journal, self._home, text) if self._speaks_english else None
        told = told or (self.manner.answer(text) if self._speaks_english else None)
        if told is not None:
            yield Understood((told.intent,), 0.0)
            yield Outcome(reply=told.reply)
            return
        entry = self._journal.begin(text, now_seconds)
        self._deeds.turns += 1
        self._patience = Patience(self._replies.error("moment"))
        self._deeds.by = by
        for event in self._turn(text, now_seconds, cancel, confidence):
            if isinstance(event, Understood):
                entry.intents = event.intents
            if isinstance(event, Understood) or cancel.is_set():  # what is cut off is not done
                yield event
            else:
                yield self._noted(entry, event)

    def _noted(self, entry: Entry, outcome: Outcome) -> Outcome:
        """The outcome, written down, without what is done here."""
        entry.did(self._home, outcome.commands)
        entry.said.append(outcome.reply)
        return replace(outcome, commands=self._lists.obey(outcome.commands)) if outcome.commands else outcome

    def _turn(
        self, text: str, now_seconds: float, cancel: threading.Event, confidence: float
    ) -> Iterator[Understood | Outcome]:
        asked = self._dialogue.waiting(now_seconds)
        if asked:
            answer = self._answer(asked, text, now_seconds, confidence)
            if answer is not None:
                yield Understood((Intent("Answer", {"kind": asked.kind}, source="dialogue"),), 0.0)
                yield from answer
                yield from self._ask(now_seconds, cancel)
                return
        elif resolve.yes_or_no(text, self._home.language) is False:
            yield Understood((Intent("HassNevermind", source="dialogue", text=text),), 0.0)
            yield Outcome()
            return
        began = time.perf_counter()
        known = ask.answer(self._home, text, Moment(now_seconds, self._now()), self._mic_area or None)
        if known is not None:
            self._dialogue.drop()
            yield Understood((known.intent,), (time.perf_counter() - began) * 1e3)
            yield Outcome(reply=known.reply)
            return
        if self._speaks_english and account.is_undo(text):
            yield Understood((Intent("Undo", source="dialogue", text=text),), 0.0)
            yield from self._undo(text, now_seconds, cancel, confidence)
            return
        if (planned := self._planned(text, now_seconds, cancel, confidence)) is not None:
            yield from planned
            return
        leaning = None if asked else followup.meant(self._home, text, *self._dialogue.last(now_seconds))
        thinking = self._understanding.think(text, self._context(), cancel)
        intents = (leaning,) if leaning else (yield from self._patience.await_(thinking))
        yield Understood(intents, (time.perf_counter() - began) * 1e3)
        if cancel.is_set():
            return
        if asked and all(self._is_guess(intent) for intent in intents):  # it is no answer, and no new wish
            yield self._unclear(asked, now_seconds)
            return
        self._dialogue.drop()
        if not intents:
            told = questions.plain(self._home, self._replies, text)
            yield Outcome(reply=told) if told else self._deeds.sorry("no_intent")
        if self._deeds.contradict(text, intents):
            yield self._deeds.sorry("contradiction")
            return
        for intent in intents:
            yield from self._do(intent, now_seconds, cancel, confidence)
        yield from self._ask(now_seconds, cancel)

    def _is_guess(self, intent: Intent) -> bool:
        return intent.source == "llm" or intent.confidence < self._rules.confirm_below

    def report(
        self,
        outcome: Outcome,
        failed: tuple[Command, ...] = (),
        reported: Mapping[str, str] = _NOTHING,
        refused: Mapping[str, str] = _NOTHING,
    ) -> str:
        """The sentence after the commands were sent: the reply, or which devices did not answer or do otherwise.

        `reported` is the state that a device of `failed` told instead, `refused` the reason that it gave, by its id.
        """
        self._journal.failed(failed)
        if not failed:
            return outcome.reply
        return failures.told(self._home, self._replies, outcome, failed, reported, refused)

    def apology(self, stage: str, code: str) -> str:
        """A short sentence for a stage that failed."""
        if stage == "mqtt":
            self._journal.unsent()
        key = _APOLOGIES.get((stage, code)) or _STAGE_APOLOGIES.get(stage) or "handle_error"
        return self._replies.error(key)

    def style(self, is_failure: bool = False) -> Style:
        """How to speak now."""
        return self.manner.style(self._now(), is_failure)

    def frequent(self) -> Iterator[tuple[str, Style]]:
        """What is likely to be said, and how: worth being ready for."""
        for keys, style in ((_FREQUENT, self.style()), (_APOLOGIES.values(), self.style(is_failure=True))):
            yield from ((self._replies.error(key), style) for key in keys)

    def due(self, now_seconds: float) -> Iterator[Outcome]:
        """The timers that have run out since the last call: what to say, and the commands that waited for them."""
        for timer in self.timers.due(now_seconds):
            title = timer.title(self._replies)
            reply = timer.reply or self._replies.error("timer_done", name=title)
            yield self._when_due(title, timer.commands, reply, now_seconds)
        ready, missed = self._routines.due(self._home, self._now().timestamp())
        for routine in ready:
            yield self._when_due(routine.when, routine.commands, routine.reply, now_seconds)
        if missed:
            yield Outcome(reply=routines.missed(missed))

    def _when_due(self, title: str, commands: tuple[Command, ...], reply: str, now_seconds: float) -> Outcome:
        """What was allowed when it was said; only whether the car moves is looked at again."""
        if policy.is_denied(self._home, commands, self._rules):
            return self._deeds.moving()
        return self._noted(self._journal.begin(title, now_seconds), Outcome(commands, reply))

    # --- over a restart -----------------------------------------------------------------------------------------------

    def save(self, now_seconds: float, wall_seconds: float) -> dict[str, Any]:
        """What outlives a restart, as JSON values. `wall_seconds` is the time of day."""
        return {**memory.save(self._kept, now_seconds, wall_seconds), "manner": self.manner.save()}

    def restore(self, saved: Mapping[str, Any], now_seconds: float, wall_seconds: float) -> None:
        """Takes up what `save` gave. Raises ValueError."""
        self.manner.restore(saved.get("manner") or {})
        memory.restore(self._kept, saved, now_seconds, wall_seconds)

    # --- a new wish ---------------------------------------------------------------------------------------------------

    def _understand(self, text: str, cancel: threading.Event) -> tuple[Intent, ...]:
        return self._understanding.understand(text, self._context(), cancel)

    def _context(self) -> Context:
        area = next(iter(targets.find_areas(self._home, self._mic_area or None)), None)
        return Context(area.id if area else None, self._dialogue.recent)

    def _do(self, intent: Intent, now_seconds: float, cancel: threading.Event, heard: float) -> Iterator[Outcome]:
        if intent.name == "HassNevermind":
            yield Outcome()
        elif intent.name == "Chat" and self._llm is not None:
            text = str(intent.slots.get("text") or intent.text)
            told = questions.plain(self._home, self._replies, text)
            yield Outcome(reply=told) if told else Outcome(sentences=self._talk(self._llm, text, now_seconds, cancel))
        elif intent.slots.get("conversation_command"):
            wishes = self._understand(str(intent.slots["conversation_command"]), cancel)
            yield from self._deeds.later(intent, wishes, now_seconds, heard)
        elif intent.name in timers.TIMERS:
            said = self.timers.handle(intent, self._replies, now_seconds, self._deeds.area_name())
            yield Outcome(reply=said or "")
        elif intent.name in questions.QUESTIONS:
            self._dialogue.remember(intent, intent.targets, now_seconds)
            yield Outcome(
                reply=questions.answer(
                    self._home, self._replies, intent, self._now(), self._mic_area or None, now_seconds
                )
                or ""
            )
        elif intent.name in _SPOKEN:
            yield Outcome(reply=self._replies.say(intent))
        elif (plan := self._deeds.plan(intent)) is not None:
            yield from self._deeds.act(intent, plan, now_seconds, heard)
        elif intent.action is not None and intent.action.answer:
            yield Outcome(reply=intent.action.answer)
        else:
            yield self._deeds.sorry("no_skill")

    def _planned(
        self, text: str, now_seconds: float, cancel: threading.Event, heard: float
    ) -> Iterator[Understood | Outcome] | None:
        """What follows from a sentence that puts something off, lists or cancels that; None for another one."""
        if not self._speaks_english or len(text) > _LONGEST_PLAN:
            return None
        handled = self._routines.handle(text)
        if handled is not None:
            return iter((Understood((handled[0],), 0.0), Outcome(reply=handled[1])))
        for later in islice(readings(self._home, text, self._now()), _MOST_READINGS):
            wishes = self._understand(later.command, cancel) if later.command else ()
            if later.reminder or (wishes and all(self._deeds.plan(wish) is not None for wish in wishes)):
                return self._put_off(later, wishes, text, now_seconds, cancel, heard)
        return None

    def _put_off(
        self,
        later: Later,
        wishes: tuple[Intent, ...],
        text: str,
        now_seconds: float,
        cancel: threading.Event,
        heard: float,
    ) -> Iterator[Understood | Outcome]:
        self._dialogue.drop()
        intent = Intent("Routine", later.slots(), source="routine", text=text)
        if later.is_if and later.trigger and later.trigger.holds(self._home):
            intent = replace(intent, slots={"conversation_command": later.command, "when": "now"})
            yield Understood((intent,), 0.0)
            for wish in wishes:
                yield from self._do(wish, now_seconds, cancel, heard)
        else:
            yield Understood((intent,), 0.0)
            if later.problem:
                yield Outcome(reply=later.problem)
            elif later.reminder:
                yield self._deeds.carry_out(intent, (), f"Reminder: {later.reminder}.", now_seconds)
            else:
                yield from self._deeds.later(intent, wishes, now_seconds, heard)
        yield from self._ask(now_seconds, cancel)

    def _undo(self, text: str, now_seconds: float, cancel: threading.Event, heard: float) -> Iterator[Outcome]:
        """Sends the states before the last deed again; what is risky is asked about, as ever."""
        self._dialogue.drop()
        commands, reply = account.undoing(self._journal, self._home, now_seconds)
        if not commands:
            yield Outcome(reply=reply)
            return
        yield from self._deeds.allow(Intent("Undo", source="dialogue", text=text), commands, reply, now_seconds, heard)
        yield from self._ask(now_seconds, cancel)

    def _talk(self, llm: Llm, text: str, now_seconds: float, cancel: threading.Event) -> Iterator[str]:
        """What the language model says, sentence by sentence."""
        said: list[str] = []
        most = 1 if self.manner.is_night(self._now()) else chat.MAX_SENTENCES
        for sentence in chat.chat(llm, text, cancel, self._dialogue.talk(now_seconds), most):
            said += filter(None, [sentence])
            if word := sentence or ("" if said else self._patience.word()):
                yield word
        self._dialogue.talked(text, " ".join(said), now_seconds)

    # --- questions that wait ------------------------------------------------------------------------------------------

    def _ask(self, now_seconds: float, cancel: threading.Event) -> Iterator[Outcome]:
        """Asks the next question. One that was cut off was not asked: a later "yes" must not answer it."""
        question = self._dialogue.next()
        if question:
            yield Outcome(reply=question.text, expects=question.expects)
            if not cancel.is_set():
                self._dialogue.asked(now_seconds)

    def _answer(self, asked: Question, text: str, now_seconds: float, heard: float) -> Iterable[Outcome] | None:
        """The outcome of an answer; None where the text is none, or is a yes that was hardly heard."""
        said = resolve.yes_or_no(text, self._home.language)
        if said is False:
            self._dialogue.drop()
            return (self._deeds.sorry("left"),)
        if asked.kind == "choice":
            return self._chosen(asked, text, now_seconds)
        if asked.kind == "pin":
            return self._pin(asked, resolve.digits(text), now_seconds)
        if said is None or heard < self._rules.confirm_heard_below:
            return None
        self._dialogue.answered()
        return (self._deeds.carry_out(asked.intent, asked.commands, asked.reply, now_seconds),)

    def _chosen(self, asked: Question, text: str, now_seconds: float) -> Iterable[Outcome] | None:
        chosen = resolve.choice(text, [option.names for option in asked.options])
        if not chosen:
            return None
        self._dialogue.answered()
        intent = replace(asked.intent, targets=tuple(asked.options[index].device for index in chosen))
        plan = self._deeds.plan(intent)
        return tuple(self._deeds.act(intent, plan, now_seconds, 1.0)) if plan else (self._deeds.sorry("handle_error"),)

    def _pin(self, asked: Question, digits: str, now_seconds: float) -> Iterable[Outcome] | None:
        if not digits:
            return None
        if self._rules.is_pin(digits):
            self._dialogue.answered()
            return (self._deeds.carry_out(asked.intent, asked.commands, asked.reply, now_seconds),)
        self._dialogue.unclear(now_seconds)
        return (self._deeds.sorry("pin_wrong"),)

    def _unclear(self, asked: Question, now_seconds: float) -> Outcome:
        if self._dialogue.unclear(now_seconds):
            return Outcome(reply=asked.again, expects=asked.expects)
        self._dialogue.drop()
        return self._deeds.sorry("left")
