"""The conversation: what was said in, outcomes out. First an answer to a question that waits, then a new wish."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from edgevoice.dialogue import resolve
from edgevoice.dialogue.followup import Meant
from edgevoice.dialogue.journal import Entry, Journal
from edgevoice.dialogue.state import Dialogue, Focus
from edgevoice.home.model import Home
from edgevoice.messages import Command, Ending, Intent, Outcome, Risk, Transcript, Understood
from edgevoice.nlu.context import Understanding
from edgevoice.nlu.meant import meant
from edgevoice.phrases import Phrases
from edgevoice.skills import account, chat, failures, memory, own_lists, policy, questions, routines, spoken, timers
from edgevoice.skills.answers import Answers
from edgevoice.skills.asking import Asking, left_out
from edgevoice.skills.deeds import Deeds, Saying
from edgevoice.skills.ending import Weigher
from edgevoice.skills.later import Later, readings, unreadable
from edgevoice.skills.manner import Manner
from edgevoice.skills.patience import Patience
from edgevoice.skills.reader import Reader
from edgevoice.skills.reply import Replies
from edgevoice.skills.topics import Topics
from edgevoice.stages import Llm

_LONGEST_PLAN = 200
_CONDITION = re.compile(r"\b(?:when|if|once|as soon as|after|whenever|until) (?:it|that|they|this)\b.*", re.IGNORECASE)
_MOST_READINGS = 3
_SPOKEN = frozenset({"HassRespond", "HassBroadcast"})


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
        self.timers, self._routines, self.manner = self._deeds.timers, self._deeds.routines, Manner()
        self._deeds.is_brief = lambda: self.manner.confirms != "sentence"
        self._kept = memory.Kept(self._dialogue, self.timers, self._lists, self._routines, self.manner)
        self._journal = Journal()
        self._answers = Answers(home, self._dialogue, self._deeds, rules)
        self._patience = Patience("")
        self._weigher = Weigher(home.language, len(rules.pin))
        self._reader = Reader(home, understanding, self._dialogue, area, self._deeds.plan)
        self._topics = Topics(home, self._dialogue, self._deeds, self._reader, now, understanding.allows)
        self._speaks_english = home.language.partition("-")[0] == "en"

    def prepare(self) -> None:
        """Gets ready for the home as it is now; for idle moments, and free where nothing came or went."""
        if self._prepared_for != self._home.version:
            self._lists.follow()
            self._prepared_for = self._home.version
            self._home.called("")
            self._understanding.prepare()

    def sayable(self) -> Phrases:
        """What can be said to it now, for the recogniser; the same object until that changes."""
        return self._understanding.sayable()

    def meant(self, heard: Transcript, now_seconds: float) -> Transcript:
        """`heard` with the one of its sentences that makes sense here; an answer stays as it was heard."""
        return heard if self._dialogue.waiting(now_seconds) else meant(heard, self._certain)

    def ending(self, heard: Transcript, now_seconds: float) -> Ending | None:
        """How long a silence ends what was heard so far; None where nobody can tell. Nothing is done."""
        return self._weigher.weigh(heard, self.sayable(), self._dialogue.waiting(now_seconds), self._certain)

    def hear(
        self, text: str, now_seconds: float, cancel: threading.Event, confidence: float = 1.0, by: str = "voice"
    ) -> Iterator[Understood | Outcome]:
        """What follows from a sentence: how it was understood, then an outcome an intent, then a question if one is left.

        `now_seconds` is monotonic; `confidence` is the recogniser's; `by` is `voice` or `text`, for what not everybody
        may. Raises StageError where the language model fails.
        """
        told = self._speaks_english and (account.answer(self._journal, self._home, text) or self.manner.answer(text))
        if told:
            yield Understood((told.intent,), 0.0)
            yield Outcome(reply=told.reply)
            return
        entry = self._journal.begin(text, now_seconds)
        self._deeds.turns += 1
        self._deeds.by = by
        self._patience = Patience(self._replies.error("moment"))
        clauses = self._topics.clauses(text, now_seconds)
        for event in (one for clause in clauses for one in self._turn(clause, now_seconds, cancel, confidence)):
            if isinstance(event, Understood):
                entry.intents += event.intents
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
        self._deeds.saying = Saying(text)
        asked = self._dialogue.waiting(now_seconds)
        if asked and (filled := self._answers.filled(asked, text)):
            self._dialogue.answered()
            yield from self._turn(filled, now_seconds, cancel, confidence)
            return
        if asked:
            answer = self._answers.outcomes(asked, text, now_seconds, confidence)
            if answer is not None:
                yield Understood((Intent("Answer", {"kind": asked.kind}, source="dialogue"),), 0.0)
                yield from answer
                yield from self._ask(now_seconds, cancel)
                return
        began = time.perf_counter()
        known = self._topics.known(text, now_seconds)
        if known is not None:
            self._dialogue.drop()
            intent, outcomes = known
            yield Understood((intent,), (time.perf_counter() - began) * 1e3)
            yield from outcomes
            yield from self._ask(now_seconds, cancel)
            return
        if self._speaks_english and (account.is_undo(text) or account.undo_first(text)):
            yield Understood((Intent("Undo", source="dialogue", text=text),), 0.0)
            yield from self._undo(text, now_seconds, cancel, confidence)
            return
        if not asked and resolve.yes_or_no(text, self._home.language) is False:
            yield Understood((Intent("HassNevermind", source="dialogue", text=text),), 0.0)
            yield Outcome()
            return
        if (planned := self._planned(text, now_seconds, cancel, confidence)) is not None:
            yield from planned
            return
        text, asked_again = self._topics.asked_again(text, now_seconds, cancel)
        read = self._topics.listed(text, now_seconds) or asked_again
        if read is None:
            read = yield from self._patience.await_(self._reader.reading(text, now_seconds, cancel))
        yield Understood(read.intents, (time.perf_counter() - began) * 1e3)
        if cancel.is_set():
            return
        is_lost = all(self._deeds.is_guess(intent) for intent in read.intents) and not read.back
        if asked and asked.kind != "slot" and is_lost:  # it is no answer, and no new wish
            yield self._answers.unclear(asked, now_seconds)
            return
        self._dialogue.drop()
        yield from self._act(text, read, now_seconds, cancel, confidence)
        yield from self._ask(now_seconds, cancel)

    def _act(
        self, text: str, read: Meant, now_seconds: float, cancel: threading.Event, heard: float
    ) -> Iterator[Outcome]:
        if read.back:
            yield from self._take_back(read, now_seconds)
        self._deeds.saying = Saying(text, read.goes_on, read.change)
        if read.choices:
            self._dialogue.add(Asking(self._home, self._replies).which(read.intents[0], read.choices))
        elif not read.intents and not read.back:
            pointed = self._reader.pointed(text, now_seconds)
            told = questions.plain(self._home, self._replies, pointed)
            if told:
                about = tuple(one.id for one in questions.named(self._home, pointed))
                self._deeds.focus(Focus(text, about, question=pointed), now_seconds)
            missing = None if told else left_out(self._home, self._replies, text)
            if missing is not None:
                self._dialogue.add(missing)
            else:
                yield Outcome(reply=told) if told else self._deeds.sorry("no_intent")
        elif (
            (told := unreadable(text))
            and self._speaks_english
            and all(self._deeds.is_guess(one) for one in read.intents)
        ):
            plans = [plan for intent in read.intents if (plan := self._deeds.plan(intent))]
            self._deeds.focus(Focus(text, tuple(one.id for plan in plans for one in plan.devices)), now_seconds)
            yield Outcome(reply=f"I cannot tell when {told}.")
        elif self._deeds.contradict(text, read.intents):
            yield self._deeds.sorry("contradiction")
        else:
            for intent in read.intents:
                yield from self._do(intent, now_seconds, cancel, heard)

    def _take_back(self, read: Meant, now_seconds: float) -> Iterator[Outcome]:
        """What was done last to devices that were not meant; what is risky stays as it is."""
        commands = account.taking_back(self._journal, self._home, read.back, read.is_only)
        if not commands or policy.risk(self._home, commands, self._rules) is not Risk.FREE:
            return
        said = "" if read.intents else f"I {spoken.past(self._home, commands)}."
        yield Outcome(commands, said)

    def report(
        self,
        outcome: Outcome,
        failed: tuple[Command, ...] = (),
        reported: Mapping[str, str] = failures.NOTHING,
        refused: Mapping[str, str] = failures.NOTHING,
    ) -> str:
        """The sentence after the commands were sent: the reply, or which devices did not answer or do otherwise.

        `reported` is the state that a device of `failed` told instead, `refused` the reason that it gave, by its id.
        """
        self._journal.failed(failed)
        if not failed:
            return outcome.reply
        return failures.told(self._home, self._replies, outcome, failed, reported, refused)

    def is_cue(self, reply: str) -> bool:
        """Is a sound to be played for it? It says no more than that a command was done."""
        return self.manner.confirms == "cue" and reply == self._replies.error("done")

    def apology(self, stage: str, code: str) -> str:
        """A short sentence for a stage that failed."""
        if stage == "mqtt":
            self._journal.unsent()
        return failures.apology(self._replies, stage, code)

    def due(self, now_seconds: float) -> Iterator[Outcome]:
        """The timers that have run out since the last call: what to say, and the commands that waited for them."""
        for timer in self.timers.due(now_seconds):
            title = timer.title(self._replies)
            reply = timer.reply or self._replies.error("timer_done", name=title)
            yield self._when_due(title, timer.commands, reply, now_seconds)
        ready, missed = self._routines.due(self._home, self._now())
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
        return memory.save(self._kept, now_seconds, wall_seconds)

    def restore(self, saved: Mapping[str, Any], now_seconds: float, wall_seconds: float) -> None:
        """Takes up what `save` gave. Raises ValueError."""
        memory.restore(self._kept, saved, now_seconds, wall_seconds)

    # --- a new wish ---------------------------------------------------------------------------------------------------

    def _do(self, intent: Intent, now_seconds: float, cancel: threading.Event, heard: float) -> Iterator[Outcome]:
        if intent.name == "HassNevermind":
            yield Outcome()
        elif intent.name == "Chat" and self._llm is not None:
            text = str(intent.slots.get("text") or intent.text)
            told = questions.plain(self._home, self._replies, text)
            yield Outcome(reply=told) if told else Outcome(sentences=self._talk(self._llm, text, now_seconds, cancel))
        elif intent.slots.get("conversation_command"):
            wishes = self._reader.read(str(intent.slots["conversation_command"]), now_seconds, cancel).intents
            yield from self._deeds.later(intent, wishes, now_seconds, heard)
        elif intent.name in timers.TIMERS:
            yield from self._deeds.timed(intent, now_seconds)
        elif intent.name in questions.QUESTIONS:
            about = tuple(one.id for one in questions.asked(self._home, intent))
            said = self._deeds.saying.text
            self._deeds.focus(Focus(said, about, question=intent.text or said), now_seconds)
            area = self._mic_area or None
            told = questions.answer(self._home, self._replies, intent, self._now(), area, now_seconds)
            yield Outcome(reply=told or "")
        elif intent.name in _SPOKEN:
            yield Outcome(reply=self._replies.say(intent))
        elif (plan := self._deeds.plan(intent)) is not None:
            yield from self._deeds.act(intent, plan, now_seconds, heard)
        elif intent.action is not None and intent.action.answer:
            yield Outcome(reply=intent.action.answer)
        else:
            yield self._deeds.sorry("no_skill")

    def _certain(self, text: str) -> tuple[Intent, ...]:
        return self._understanding.certain(text, self._reader.context())

    def _planned(
        self, text: str, now_seconds: float, cancel: threading.Event, heard: float
    ) -> Iterator[Understood | Outcome] | None:
        """What follows from a sentence that puts something off, lists or cancels that; None for another one."""
        if not self._speaks_english or len(text) > _LONGEST_PLAN:
            return None
        handled = self._routines.handle(text)
        if handled is not None:
            reply = handled[1]
            if handled[0].name == "ListRoutines" and (soon := self.timers.planned(self._home, now_seconds)):
                reply = " ".join((soon, *([reply] if len(self._routines) else [])))
            return iter((Understood((handled[0],), 0.0), Outcome(reply=reply)))
        line = self._pointed_in_conditions(text, now_seconds)
        found: tuple[float, Later, tuple[Intent, ...]] | None = None
        for later in islice(readings(self._home, line, self._now()), _MOST_READINGS):
            wishes = self._reader.read(later.command, now_seconds, cancel).intents if later.command else ()
            if later.reminder or (wishes and all(self._deeds.plan(wish) is not None for wish in wishes)):
                sure = min((wish.confidence for wish in wishes), default=1.0)
                found = max(found or (0.0, later, wishes), (sure, later, wishes), key=lambda one: one[0])
        return self._put_off(*found[1:], text, now_seconds, cancel, heard) if found else None

    def _pointed_in_conditions(self, text: str, now_seconds: float) -> str:
        """ "When it is done" with what it is."""
        found = _CONDITION.search(text)
        if found is None:
            return text
        return text[: found.start()] + self._reader.pointed(found[0], now_seconds) + text[found.end() :]

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
        kind = "HassStartTimer" if later.seconds else "Routine"
        intent = Intent(kind, later.slots(), source="routine", text=text)
        if later.is_if and later.trigger and later.trigger.holds(self._home):
            intent = replace(intent, slots={"conversation_command": later.command, "when": "now"})
            yield Understood((intent,), 0.0)
            for wish in wishes:
                yield from self._do(wish, now_seconds, cancel, heard)
        else:
            yield Understood((intent,), 0.0)
            if later.problem:
                yield Outcome(reply=later.problem)
            elif later.left_out:
                self._dialogue.add(Asking(self._home, self._replies).left_out("no_time", later.left_out))
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
        else:
            entry = next(self._journal.back())
            entry.is_settled = True
            self._deeds.focus(Focus(text, tuple(dict.fromkeys(one.device for one in commands))), now_seconds)
            undo = Intent("Undo", source="dialogue", text=text)
            yield from self._deeds.allow(undo, commands, reply, now_seconds, heard)
        if rest := account.undo_first(text):
            read = self._reader.read(rest, now_seconds, cancel)
            yield from self._act(rest, read, now_seconds, cancel, heard)
        yield from self._ask(now_seconds, cancel)

    def _talk(self, llm: Llm, text: str, now_seconds: float, cancel: threading.Event) -> Iterator[str]:
        """What the language model says, sentence by sentence."""
        said: list[str] = []
        for sentence in chat.chat(llm, text, cancel, self._dialogue.talk(now_seconds), self.manner.most_sentences):
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
