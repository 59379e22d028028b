"""What intents come to: a plan, the policy's word on it, and then commands now, later, or a question first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from edgevoice.dialogue import levels
from edgevoice.dialogue.changes import Change
from edgevoice.dialogue.state import Dialogue, Focus
from edgevoice.home import targets
from edgevoice.home.appliance import obey
from edgevoice.home.capabilities import number, texts
from edgevoice.home.model import Home
from edgevoice.messages import Action, Command, Intent, Outcome, Risk, Value
from edgevoice.skills import devices, done, lists, policy, spoken, timers
from edgevoice.skills.asking import Asking
from edgevoice.skills.asks.kinds import CONDITIONS
from edgevoice.skills.devices import Plan
from edgevoice.skills.reply import Found, Replies
from edgevoice.skills.routines import Routines
from edgevoice.skills.timer_words import RETIME


@dataclass(frozen=True, slots=True)
class Saying:
    """The sentence whose intents are acted on; `goes_on` and `change` as in `followup.Meant`."""

    text: str = ""
    goes_on: bool = False
    change: Change | None = None


_IN_TURN = re.compile(r"\b(?:then|after|again|before)\b", re.IGNORECASE)
# What a device holds one value of.
_HELD = frozenset(
    [
        "on",
        "brightness",
        "color",
        "color_temperature",
        "open",
        "position",
        "locked",
        "temperature",
        "hvac_mode",
        "humidity",
        "volume",
        "muted",
        "fan_speed",
        "alarm",
    ]
)


@dataclass(slots=True)
class Deeds:
    """Owned by one conversation, whose `dialogue` takes the questions. `mic_area` is an area's id or name."""

    home: Home
    replies: Replies
    rules: policy.Rules
    mic_area: str
    dialogue: Dialogue
    now: Callable[[], datetime]
    timers: timers.Timers = field(default_factory=timers.Timers)
    routines: Routines = field(default_factory=Routines)
    turns: int = 0
    """How many there were: it varies the words."""
    by: str = "voice"
    """Who speaks now: `voice` or `text`."""
    saying: Saying = field(default_factory=Saying)
    is_brief: Callable[[], bool] = lambda: False
    """Is a word enough for what was done at once?"""

    def is_guess(self, intent: Intent) -> bool:
        return intent.source == "llm" or intent.confidence < self.rules.confirm_below

    def plan(self, intent: Intent) -> Plan | None:
        if intent.action is not None and intent.action.commands:
            told = intent.action.commands
            return Plan(told, tuple(self.home.devices[one.device] for one in told if one.device in self.home.devices))
        return lists.plan(self.home, self.replies, intent) or devices.plan(
            self.home, self.replies, intent, self.mic_area or None
        )

    def contradict(self, text: str, intents: tuple[Intent, ...]) -> bool:
        """Whether one sentence wants two values of one thing at once: "the lamp on and the lamp off"."""
        told: dict[tuple[str, str], Value] = {}
        if len(intents) < 2 or _IN_TURN.search(text):
            return False
        plans = (self.plan(intent) for intent in intents)
        commands = (one for plan in plans if plan for one in plan.commands if one.capability in _HELD)
        return any(told.setdefault((one.device, one.capability), one.value) != one.value for one in commands)

    def act(self, intent: Intent, plan: Plan, now_seconds: float, heard: float) -> Iterator[Outcome]:
        if plan.problem:
            yield Outcome(reply=plan.problem)
        elif plan.choices:
            self.dialogue.add(Asking(self.home, self.replies).which(intent, plan.choices))
        elif not plan.commands:
            yield self.sorry("already")
        else:
            self._note(intent, plan, now_seconds)
            reply = " ".join(plan.notes) or self._done(intent, plan, self.is_brief())
            yield from self.allow(intent, plan.commands, reply, now_seconds, heard)

    def later(self, intent: Intent, wishes: tuple[Intent, ...], now_seconds: float, heard: float) -> Iterator[Outcome]:
        """A command for later, that `wishes` are: what it means is settled, and asked about, now."""
        seconds = timers.length(intent)
        plans = [self.plan(wish) for wish in wishes]
        if len(plans) == 1 and plans[0] and plans[0].choices:
            asked = Asking(self.home, self.replies).which(wishes[0], plans[0].choices)
            self.dialogue.add(replace(asked, later=intent))
            return
        commands = tuple(command for plan in plans if plan for command in plan.commands)
        problem = next((plan.problem for plan in plans if plan and plan.problem), "")
        if self._is_circular(intent, commands):
            problem = self.replies.error("circular")
        if (
            problem
            or not commands
            or not (seconds > 0 or "when" in intent.slots)
            or not all(plan and plan.commands for plan in plans)
        ):
            yield Outcome(reply=problem) if problem else self.sorry("no_intent")
            return
        replies = (self._done(wish, plan) for wish, plan in zip(wishes, plans, strict=True) if plan)
        self.focus(Focus(intent.text, tuple(dict.fromkeys(one.device for one in commands))), now_seconds)
        risk = policy.strongest(wish.action.risk for wish in wishes if wish.action)
        sure = min(wish.confidence for wish in wishes)
        intent = replace(intent, response="command", confidence=sure, action=Action(risk=risk))
        yield from self.allow(intent, commands, " ".join(replies), now_seconds, heard)

    def allow(
        self, intent: Intent, commands: tuple[Command, ...], reply: str, now_seconds: float, heard: float
    ) -> Iterator[Outcome]:
        """What is free is done; the rest waits for a yes or a PIN, or is refused."""
        if (barred := self._barred(commands)) is not None:
            yield barred
            return
        told = intent.action.risk if intent.action else Risk.FREE
        tier = policy.risk(self.home, commands, self.rules, intent.confidence, heard, told)
        if tier is Risk.FREE:
            yield self.carry_out(intent, commands, reply, now_seconds)
        elif tier is Risk.DENY_WHILE_MOVING:
            yield self.moving()
        elif tier is Risk.PIN and not self.rules.pin:
            yield self.sorry("pin_absent")
        else:
            self._hold("pin" if tier is Risk.PIN else "yes_no", intent, commands, reply)

    def _is_circular(self, intent: Intent, commands: tuple[Command, ...]) -> bool:
        """Whether what is waited for is what the commands do: "when the lamp turns on, turn it on"."""
        condition = CONDITIONS.get(str(intent.slots.get("state")))
        for one in commands if condition else ():
            device = self.home.devices.get(one.device)
            if device is None or one.device not in texts(intent.slots.get("devices")):
                continue
            after = Home(devices=[device])
            after.update(device.id, obey(device, self.home.state(device.id), one))
            if condition and condition.holds(after, device):
                return True
        return False

    def _hold(self, kind: str, intent: Intent, commands: tuple[Command, ...], reply: str) -> None:
        """Asks before `commands` are done. All that one sentence wants done at once is one question."""
        is_later = "conversation_command" in intent.slots
        before = None if is_later else self.dialogue.withdraw(kind)
        if before:
            intent, commands, reply = before.intent, before.commands + commands, f"{before.reply} {reply}"
        length = spoken.duration(timers.length(intent), self.home.language)
        when = str(intent.slots.get("when") or self.replies.part("in", length=length)) if is_later else ""
        self.dialogue.add(Asking(self.home, self.replies).permission(kind, intent, commands, reply, when))

    def _barred(self, commands: tuple[Command, ...]) -> Outcome | None:
        device = policy.barred(self.home, commands, self.by, self.mic_area)
        return None if device is None else Outcome(reply=self.replies.error("barred", name=device.name))

    def carry_out(self, intent: Intent, commands: tuple[Command, ...], reply: str, now_seconds: float) -> Outcome:
        if (barred := self._barred(commands)) is not None:  # another one may have said yes than asked
            return barred
        if intent.name == "Routine":
            said = self.routines.add(self.home, intent.slots, commands, reply, self.now())
            about = tuple(dict.fromkeys(one.device for one in commands))
            self.focus(
                Focus(
                    intent.text,
                    about,
                    capability=commands[-1].capability if commands else "",
                    subject="routine",
                    key=self.routines.newest,
                ),
                now_seconds,
            )
            return Outcome(reply=said)
        seconds = timers.length(intent) if intent.slots.get("conversation_command") else 0.0
        if not seconds:
            # Judged again: between the question and its answer the vehicle may have set off.
            denied = policy.is_denied(self.home, commands, self.rules)
            return self.moving() if denied else Outcome(commands, reply)
        waiting = timers.Timer(0, 0, 0, commands=commands, reply=reply, area=self.area_name())
        started = self.timers.start(seconds, now_seconds, waiting)
        about = tuple(dict.fromkeys(one.device for one in commands))
        self.focus(Focus(intent.text, about, subject="timer", key=str(started.id)), now_seconds)
        if "when" in intent.slots:
            return Outcome(reply=f"All right, {intent.slots['when']} I {spoken.action(self.home, commands)}.")
        return Outcome(reply=self.replies.say(intent))

    def focus(self, focus: Focus, now_seconds: float) -> None:
        """Notes what is spoken of."""
        self.dialogue.remember(focus, now_seconds, self.saying.goes_on)

    def _note(self, intent: Intent, plan: Plan, now_seconds: float) -> None:
        command = plan.commands[-1]
        device = self.home.devices[command.device]
        held, value = levels.level_of(self.home, device, command.capability), number(command.value)
        way = 0 if held is None or value is None else (value > held) - (value < held)
        way = (1 if command.value else -1) if command.capability == "open" else way
        if device.domain == "todo":
            focus = Focus(self.saying.text, (), intent=intent, subject="list", key=device.id)
        else:
            about = tuple(one.id for one in plan.devices)
            if command.capability == "on" and command.value is False:  # "on again" is for those that were
                about = tuple(key for key in about if self.home.state(key).value != "off") or about
            focus = Focus(self.saying.text, about, (), intent, self.saying.change, command.capability, way)
        self.focus(focus, now_seconds)

    def timed(self, intent: Intent, now_seconds: float) -> Iterator[Outcome]:
        """What a timer intent comes to; a question where it may be about several."""
        if intent.name == "HassStartTimer" and not timers.length(intent):
            called = f" called {intent.slots['name']}" if "name" in intent.slots else ""
            self.dialogue.add(Asking(self.home, self.replies).left_out("no_length", f"set a timer{called} for {{}}"))
            return
        if intent.name == RETIME:
            yield self._retimed(intent, now_seconds)
            return
        found = self.timers.several(intent)
        if found:
            self.dialogue.add(Asking(self.home, self.replies).which_timer(intent, found))
            return
        reply = self.timers.handle(intent, self.replies, now_seconds, self.area_name())
        self.focus(
            Focus(self.saying.text or intent.text, subject="timer", key=str(self.timers.last or "")), now_seconds
        )
        yield Outcome(reply=reply or "")

    def _retimed(self, intent: Intent, now_seconds: float) -> Outcome:
        timer = self.timers.retime(str(intent.slots.get("id") or ""), timers.length(intent), now_seconds)
        if timer is None:
            return self.sorry("timer_not_found")
        if not timer.commands:
            return Outcome(reply=self.replies.say(replace(intent, name="HassStartTimer")))
        action = spoken.action(self.home, timer.commands)
        return Outcome(reply=f"All right, in {spoken.duration(timer.seconds)} I {action}.")

    def _done(self, intent: Intent, plan: Plan, is_brief: bool = False) -> str:
        """What is said once the commands of a plan are confirmed."""
        if intent.action is not None and intent.action.answer:
            return intent.action.answer
        if is_brief:
            return self.replies.error("done")
        said = done.sentence(self.home, intent, plan, self.turns)
        return said or _sentence(self.replies.say(intent, Found(plan.devices)))

    def sorry(self, key: str) -> Outcome:
        return Outcome(reply=self.replies.error(key))

    def moving(self) -> Outcome:
        return self.sorry("moving" if policy.is_speed_known(self.home) else "moving_unknown")

    def area_name(self) -> str:
        area = next(iter(targets.find_areas(self.home, self.mic_area or None)), None)
        return area.name if area else ""


def _sentence(text: str) -> str:
    return text if not text or text[-1] in ".!?。！？" else f"{text}."
