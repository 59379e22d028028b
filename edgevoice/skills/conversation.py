"""The conversation: what was said in, outcomes out. First an answer to a question that waits, then a new wish."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from edgevoice.dialogue import followup, resolve
from edgevoice.dialogue.state import Dialogue, Option, Question
from edgevoice.home import targets
from edgevoice.home.model import Device, Home
from edgevoice.messages import Command, Intent, Outcome, Risk, Understood
from edgevoice.nlu.context import Context
from edgevoice.phrases import Phrases
from edgevoice.skills import chat, devices, lists, policy, questions, spoken, timers
from edgevoice.skills.devices import Plan
from edgevoice.skills.reply import Found, Replies
from edgevoice.stages import Llm

_SPOKEN = frozenset({"HassRespond", "HassBroadcast"})
_APOLOGIES = {("asr", "nothing_heard"): "not_heard", ("llm", "deadline"): "slow", ("llm", "loading"): "loading"}
_STAGE_APOLOGIES = {"mqtt": "away", "asr": "no_speech", "llm": "no_intent"}


class Understanding(Protocol):
    """Text to intents: `nlu.cascade.Cascade`."""

    def understand(self, text: str, context: Context, cancel: threading.Event) -> tuple[Intent, ...]: ...
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
        self.timers = timers.Timers()

    def prepare(self) -> None:
        """Gets ready for the home as it is now; for idle moments, and free where nothing came or went."""
        if self._prepared_for != self._home.version:
            self._prepared_for = self._home.version
            self._home.called("")
            self._understanding.prepare()

    def sayable(self) -> Phrases:
        """What can be said to it now, for the recogniser; the same object until that changes."""
        return self._understanding.sayable()

    def hear(
        self, text: str, now_seconds: float, cancel: threading.Event, confidence: float = 1.0
    ) -> Iterator[Understood | Outcome]:
        """What follows from a sentence: how it was understood, then an outcome an intent, then a question if one is left.

        `now_seconds` is monotonic; `confidence` is the recogniser's. Raises StageError where the language model fails.
        """
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
        leaning = None if asked else followup.meant(self._home, text, *self._dialogue.last(now_seconds))
        intents = (leaning,) if leaning else self._understand(text, cancel)
        yield Understood(intents, (time.perf_counter() - began) * 1e3)
        if cancel.is_set():
            return
        if asked and all(self._is_guess(intent) for intent in intents):  # it is no answer, and no new wish
            yield self._unclear(asked, now_seconds)
            return
        self._dialogue.drop()
        if not intents:
            told = questions.plain(self._home, self._replies, text)
            yield Outcome(reply=told) if told else self._sorry("no_intent")
        for intent in intents:
            yield from self._do(intent, now_seconds, cancel, confidence)
        yield from self._ask(now_seconds, cancel)

    def _is_guess(self, intent: Intent) -> bool:
        return intent.source == "llm" or intent.confidence < self._rules.confirm_below

    def report(
        self, outcome: Outcome, failed: tuple[Command, ...] = (), reported: Mapping[str, str] = MappingProxyType({})
    ) -> str:
        """The sentence after the commands were sent: the reply, or which devices did not answer or do otherwise.

        `reported` is the state that a device of `failed` told instead, by its id.
        """
        if not failed:
            return outcome.reply
        devices = dict.fromkeys(command.device for command in failed)
        others = [
            f"the {self._name(one)} says that it is {self._state(one, reported[one])}"
            for one in devices
            if one in reported
        ]
        silent = [self._name(one) for one in devices if one not in reported]
        is_all = devices.keys() >= {command.device for command in outcome.commands}
        said = [self._replies.error("silent", names=spoken.names(silent))] if silent else []
        said += [self._replies.error("otherwise", what=spoken.names(others))] if others else []
        return " ".join([*said, *([] if is_all else [self._replies.error("rest_done")])])

    def apology(self, stage: str, code: str) -> str:
        """A short sentence for a stage that failed."""
        key = _APOLOGIES.get((stage, code)) or _STAGE_APOLOGIES.get(stage) or "handle_error"
        return self._replies.error(key)

    def due(self, now_seconds: float) -> Iterator[Outcome]:
        """The timers that have run out since the last call: what to say, and the commands that waited for them."""
        for timer in self.timers.due(now_seconds):
            if policy.is_denied(self._home, timer.commands, self._rules):
                yield self._moving()
                continue
            reply = timer.reply or self._replies.error("timer_done", name=timer.title)
            yield Outcome(timer.commands, reply)

    # --- a new wish ---------------------------------------------------------------------------------------------------

    def _understand(self, text: str, cancel: threading.Event) -> tuple[Intent, ...]:
        area = next(iter(targets.find_areas(self._home, self._mic_area or None)), None)
        return self._understanding.understand(text, Context(area.id if area else None, self._dialogue.recent), cancel)

    def _do(self, intent: Intent, now_seconds: float, cancel: threading.Event, heard: float) -> Iterator[Outcome]:
        if intent.name == "HassNevermind":
            yield Outcome()
        elif intent.name == "Chat" and self._llm is not None:
            text = str(intent.slots.get("text") or intent.text)
            told = questions.plain(self._home, self._replies, text)
            yield Outcome(reply=told) if told else Outcome(sentences=self._talk(self._llm, text, now_seconds, cancel))
        elif intent.slots.get("conversation_command"):
            yield from self._later(intent, now_seconds, cancel, heard)
        elif intent.name in timers.TIMERS:
            said = self.timers.handle(intent, self._replies, now_seconds, self._area_name())
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
        elif (plan := self._plan(intent)) is not None:
            yield from self._act(intent, plan, now_seconds, heard)
        else:
            yield self._sorry("no_skill")

    def _talk(self, llm: Llm, text: str, now_seconds: float, cancel: threading.Event) -> Iterator[str]:
        """What the language model says, sentence by sentence."""
        said: list[str] = []
        for sentence in chat.chat(llm, text, cancel, self._dialogue.talk(now_seconds)):
            said.append(sentence)
            yield sentence
        self._dialogue.talked(text, " ".join(said), now_seconds)

    def _plan(self, intent: Intent) -> Plan | None:
        return lists.plan(self._home, self._replies, intent) or devices.plan(
            self._home, self._replies, intent, self._mic_area or None
        )

    def _act(self, intent: Intent, plan: Plan, now_seconds: float, heard: float) -> Iterator[Outcome]:
        if plan.problem:
            yield Outcome(reply=plan.problem)
        elif plan.choices:
            self._dialogue.add(self._which(intent, plan.choices))
        elif not plan.commands:
            yield self._sorry("already")
        else:
            self._dialogue.remember(intent, (device.id for device in plan.devices), now_seconds)
            reply = " ".join(plan.notes) or self._sentence(self._replies.say(intent, Found(plan.devices)))
            yield from self._allow(intent, plan.commands, reply, now_seconds, heard)

    def _later(self, intent: Intent, now_seconds: float, cancel: threading.Event, heard: float) -> Iterator[Outcome]:
        """A command for later: what it means is settled, and asked about, now."""
        seconds = timers.length(intent)
        wishes = self._understand(str(intent.slots["conversation_command"]), cancel)
        plans = [self._plan(wish) for wish in wishes]
        commands = tuple(command for plan in plans if plan for command in plan.commands)
        problem = next((plan.problem for plan in plans if plan and plan.problem), "")
        if problem or not commands or seconds <= 0 or not all(plan and plan.commands for plan in plans):
            yield Outcome(reply=problem) if problem else self._sorry("no_intent")
            return
        replies = (
            self._sentence(self._replies.say(wish, Found(plan.devices)))
            for wish, plan in zip(wishes, plans, strict=True)
            if plan
        )
        intent = replace(intent, response="command", confidence=min(wish.confidence for wish in wishes))
        yield from self._allow(intent, commands, " ".join(replies), now_seconds, heard)

    def _allow(
        self, intent: Intent, commands: tuple[Command, ...], reply: str, now_seconds: float, heard: float
    ) -> Iterator[Outcome]:
        """What is free is done; the rest waits for a yes or a PIN, or is refused."""
        tier = policy.risk(self._home, commands, self._rules, intent.confidence, heard)
        if tier is Risk.FREE:
            yield self._carry_out(intent, commands, reply, now_seconds)
        elif tier is Risk.DENY_WHILE_MOVING:
            yield self._moving()
        elif tier is Risk.PIN and not self._rules.pin:
            yield self._sorry("pin_absent")
        else:
            self._hold("pin" if tier is Risk.PIN else "yes_no", intent, commands, reply)

    def _hold(self, kind: str, intent: Intent, commands: tuple[Command, ...], reply: str) -> None:
        """Asks before `commands` are done. All that one sentence wants done at once is one question."""
        is_later = "conversation_command" in intent.slots
        before = None if is_later else self._dialogue.withdraw(kind)
        if before:
            intent, commands, reply = before.intent, before.commands + commands, f"{before.reply} {reply}"
        action = spoken.action(self._home, commands)
        if is_later:
            action = f"{action} in {spoken.duration(timers.length(intent))}"
        text = self._replies.error("pin" if kind == "pin" else "confirm", action=action)
        again = text if kind == "pin" else self._replies.error("confirm_again", action=action)
        self._dialogue.add(Question(kind, text, again, intent, commands, reply))

    def _carry_out(self, intent: Intent, commands: tuple[Command, ...], reply: str, now_seconds: float) -> Outcome:
        seconds = timers.length(intent) if intent.slots.get("conversation_command") else 0.0
        if not seconds:
            # Judged again: between the question and its answer the vehicle may have set off.
            denied = policy.is_denied(self._home, commands, self._rules)
            return self._moving() if denied else Outcome(commands, reply)
        waiting = timers.Timer(0, 0, 0, commands=commands, reply=reply, area=self._area_name())
        self.timers.start(seconds, now_seconds, waiting)
        return Outcome(reply=self._replies.say(intent))

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
            return (self._sorry("left"),)
        if asked.kind == "choice":
            return self._chosen(asked, text, now_seconds)
        if asked.kind == "pin":
            return self._pin(asked, resolve.digits(text), now_seconds)
        if said is None or heard < self._rules.confirm_heard_below:
            return None
        self._dialogue.answered()
        return (self._carry_out(asked.intent, asked.commands, asked.reply, now_seconds),)

    def _chosen(self, asked: Question, text: str, now_seconds: float) -> Iterable[Outcome] | None:
        chosen = resolve.choice(text, [option.names for option in asked.options])
        if not chosen:
            return None
        self._dialogue.answered()
        intent = replace(asked.intent, targets=tuple(asked.options[index].device for index in chosen))
        plan = self._plan(intent)
        return tuple(self._act(intent, plan, now_seconds, 1.0)) if plan else (self._sorry("handle_error"),)

    def _pin(self, asked: Question, digits: str, now_seconds: float) -> Iterable[Outcome] | None:
        if not digits:
            return None
        if self._rules.is_pin(digits):
            self._dialogue.answered()
            return (self._carry_out(asked.intent, asked.commands, asked.reply, now_seconds),)
        self._dialogue.unclear(now_seconds)
        return (self._sorry("pin_wrong"),)

    def _unclear(self, asked: Question, now_seconds: float) -> Outcome:
        if self._dialogue.unclear(now_seconds):
            return Outcome(reply=asked.again, expects=asked.expects)
        self._dialogue.drop()
        return self._sorry("left")

    def _which(self, intent: Intent, choices: tuple[Device, ...]) -> Question:
        labels = [devices.label(self._home, device, choices) for device in choices]
        options = tuple(
            Option(device.id, (label, *device.aliases, *self._area_names(device)))
            for device, label in zip(choices, labels, strict=True)
        )
        names = spoken.names(labels, last="or", most=5)
        which, again = (self._replies.error(key, names=names) for key in ("which", "which_again"))
        return Question("choice", which, again, intent, options=options)

    # --- words --------------------------------------------------------------------------------------------------------

    def _sorry(self, key: str) -> Outcome:
        return Outcome(reply=self._replies.error(key))

    def _moving(self) -> Outcome:
        return self._sorry("moving" if policy.is_speed_known(self._home) else "moving_unknown")

    def _sentence(self, text: str) -> str:
        return text if not text or text[-1] in ".!?" else f"{text}."

    def _name(self, device_id: str) -> str:
        device = self._home.devices.get(device_id)
        return device.name if device else device_id

    def _state(self, device_id: str, text: str) -> str:
        device = self._home.devices.get(device_id)
        return spoken.state(device, text, self._home.language) if device else text

    def _area_names(self, device: Device) -> tuple[str, ...]:
        area = self._home.areas.get(device.area or "")
        return (area.name, *area.aliases) if area else ()

    def _area_name(self) -> str:
        area = next(iter(targets.find_areas(self._home, self._mic_area or None)), None)
        return area.name if area else ""
