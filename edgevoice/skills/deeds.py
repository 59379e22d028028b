"""What intents come to: a plan, the policy's word on it, and then commands now, later, or a question first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from edgevoice.dialogue.state import Dialogue
from edgevoice.home import targets
from edgevoice.home.appliance import obey
from edgevoice.home.capabilities import texts
from edgevoice.home.model import Home
from edgevoice.messages import Action, Command, Intent, Outcome, Risk, Value
from edgevoice.skills import devices, done, lists, policy, spoken, timers
from edgevoice.skills.asking import Asking
from edgevoice.skills.asks.kinds import CONDITIONS
from edgevoice.skills.devices import Plan
from edgevoice.skills.reply import Found, Replies
from edgevoice.skills.routines import Routines

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
            self.dialogue.remember(intent, (device.id for device in plan.devices), now_seconds)
            reply = " ".join(plan.notes) or self._done(intent, plan)
            yield from self.allow(intent, plan.commands, reply, now_seconds, heard)

    def later(self, intent: Intent, wishes: tuple[Intent, ...], now_seconds: float, heard: float) -> Iterator[Outcome]:
        """A command for later, that `wishes` are: what it means is settled, and asked about, now."""
        seconds = timers.length(intent)
        plans = [self.plan(wish) for wish in wishes]
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
            now = self.now().timestamp()
            return Outcome(reply=self.routines.add(self.home, intent.slots, commands, reply, now))
        seconds = timers.length(intent) if intent.slots.get("conversation_command") else 0.0
        if not seconds:
            # Judged again: between the question and its answer the vehicle may have set off.
            denied = policy.is_denied(self.home, commands, self.rules)
            return self.moving() if denied else Outcome(commands, reply)
        waiting = timers.Timer(0, 0, 0, commands=commands, reply=reply, area=self.area_name())
        self.timers.start(seconds, now_seconds, waiting)
        return Outcome(reply=self.replies.say(intent))

    def _done(self, intent: Intent, plan: Plan) -> str:
        """What is said once the commands of a plan are confirmed."""
        if intent.action is not None and intent.action.answer:
            return intent.action.answer
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
