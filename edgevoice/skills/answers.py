"""What an answer to a question of ours comes to: a yes, one of several, a PIN, or what was left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from edgevoice.dialogue import resolve
from edgevoice.dialogue.state import Dialogue, Question
from edgevoice.home.model import Home
from edgevoice.messages import Outcome
from edgevoice.skills import policy, timers
from edgevoice.skills.deeds import Deeds

_LONGEST_SLOT = 8
"""Words."""
_NO_SLOT = re.compile(
    r"(?:please |and |no |can you |could you )*(?:turn|switch|set|open|close|shut|lock|unlock|start|stop|play|pause|dim|make|put|add|cancel|"
    r"what|who|where|when|why|how|is|are|did|do|does|undo|remind|tell|never)\b"
)
_LEAD = re.compile(r"^(?:(?:um|uh|er|oh|well|please|maybe|hm|make it|to|at|for)[, ]+)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answers:
    """Of one conversation."""

    home: Home
    dialogue: Dialogue
    deeds: Deeds
    rules: policy.Rules

    def filled(self, asked: Question, text: str) -> str:
        """The wish with what was left out of it; empty where `text` does not say that."""
        said = text.casefold().strip(" .!?,")
        if asked.kind != "slot" or not said or len(said.split()) > _LONGEST_SLOT or _NO_SLOT.match(said):
            return ""
        if resolve.yes_or_no(said, self.home.language) is not None:
            return ""
        return asked.intent.text.replace("{}", _LEAD.sub("", said), 1)

    def outcomes(self, asked: Question, text: str, now_seconds: float, heard: float) -> Iterable[Outcome] | None:
        """None where the text is no answer, or is a yes that was hardly heard."""
        said = resolve.yes_or_no(text, self.home.language)
        if said is False:
            self.dialogue.drop()
            return (self.deeds.sorry("left"),)
        if asked.kind == "choice":
            return self._chosen(asked, text, now_seconds)
        if asked.kind == "pin":
            return self._pin(asked, resolve.digits(text), now_seconds)
        if asked.kind == "slot" or said is None or heard < self.rules.confirm_heard_below:
            return None
        self.dialogue.answered()
        return (self.deeds.carry_out(asked.intent, asked.commands, asked.reply, now_seconds),)

    def unclear(self, asked: Question, now_seconds: float) -> Outcome:
        if self.dialogue.unclear(now_seconds):
            return Outcome(reply=asked.again, expects=asked.expects)
        self.dialogue.drop()
        return self.deeds.sorry("left")

    def _chosen(self, asked: Question, text: str, now_seconds: float) -> Iterable[Outcome] | None:
        chosen = resolve.choice(text, [option.names for option in asked.options])
        if not chosen:
            return None
        self.dialogue.answered()
        keys = tuple(asked.options[index].device for index in chosen)
        if asked.intent.name in timers.TIMERS:
            about = (replace(asked.intent, slots={**asked.intent.slots, "id": int(key)}) for key in keys)
            return tuple(outcome for intent in about for outcome in self.deeds.timed(intent, now_seconds))
        intent = replace(asked.intent, targets=keys, source="dialogue")
        if asked.later is not None:
            return tuple(self.deeds.later(asked.later, (intent,), now_seconds, 1.0))
        plan = self.deeds.plan(intent)
        return tuple(self.deeds.act(intent, plan, now_seconds, 1.0)) if plan else (self.deeds.sorry("handle_error"),)

    def _pin(self, asked: Question, digits: str, now_seconds: float) -> Iterable[Outcome] | None:
        if not digits:
            return None
        if self.rules.is_pin(digits):
            self.dialogue.answered()
            return (self.deeds.carry_out(asked.intent, asked.commands, asked.reply, now_seconds),)
        self.dialogue.unclear(now_seconds)
        return (self.deeds.sorry("pin_wrong"),)
