"""The questions that the assistant asks back: which one, yes or no, the PIN."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from edgevoice.dialogue.state import Option, Question
from edgevoice.home import targets
from edgevoice.home.model import Device, Home
from edgevoice.messages import Command, Intent
from edgevoice.skills import devices, spoken
from edgevoice.skills.reply import Replies
from edgevoice.skills.timers import Timer


@dataclass(frozen=True, slots=True)
class Asking:
    """Words them for one home."""

    home: Home
    replies: Replies

    def which(self, intent: Intent, choices: tuple[Device, ...]) -> Question:
        """Which of the `choices` the intent is about."""
        labels = [devices.label(self.home, device, choices) for device in choices]
        options = tuple(
            Option(device.id, (label, *device.aliases, *self._area_names(device)))
            for device, label in zip(choices, labels, strict=True)
        )
        names = spoken.names(labels, last="or", most=5, language=self.home.language)
        which, again = (self.replies.error(key, names=names) for key in ("which", "which_again"))
        return Question("choice", which, again, intent, options=options)

    def which_timer(self, intent: Intent, choices: Sequence[Timer]) -> Question:
        """Which of the timers; a choice's `device` is the timer's number."""
        options = tuple(
            Option(str(one.id), (one.title(self.replies), *([one.name] if one.name else []))) for one in choices
        )
        names = spoken.names((option.names[0] for option in options), last="or", most=5)
        which, again = (self.replies.error(key, names=names) for key in ("which", "which_again"))
        return Question("choice", which, again, intent, options=options)

    def left_out(self, key: str, wish: str, **values: str) -> Question:
        """What is missing from a `wish`, in which `{}` stands for it."""
        text = self.replies.error(key, **values)
        return Question("slot", text, text, Intent("LeftOut", source="dialogue", text=wish))

    def permission(self, kind: str, intent: Intent, commands: tuple[Command, ...], reply: str, when: str) -> Question:
        """Whether `commands` may be done, by `kind` `yes_no` or `pin`; `when` says when, if not now: `in 1 minute`."""
        action = f"{spoken.action(self.home, commands)} {when}".strip()
        text = self.replies.error("pin" if kind == "pin" else "confirm", action=action)
        again = text if kind == "pin" else self.replies.error("confirm_again", action=action)
        return Question(kind, text, again, intent, commands, reply)

    def _area_names(self, device: Device) -> tuple[str, ...]:
        area = self.home.areas.get(device.area or "")
        return (area.name, *area.aliases) if area else ()


_TARGETLESS = re.compile(
    r"(?:please )?(?P<verb>turn on|turn off|switch on|switch off|turn|switch|open|close|shut|lock|unlock|dim|start|stop|brighten)(?: (?:the|it|that|them))?"
)
_LEVELLESS = re.compile(r"(?:please )?(?:set|change|adjust|put|turn) (?:the |my )?(?P<name>.+?)(?: to| at| on)?")
_LISTLESS = re.compile(
    r"(?:please )?(?:add|put)(?: (?:something|a thing|an item))? (?P<to>(?:to|on|onto) (?:the|my|our) .+)"
)


def left_out(home: Home, replies: Replies, text: str) -> Question | None:
    """The question for what a wish does not say: what to turn off, to what to set the lamp. English only."""
    said = " ".join(text.casefold().split()).strip(" .!?")
    asking = Asking(home, replies)
    if home.language.partition("-")[0] != "en":
        return None
    if found := _TARGETLESS.fullmatch(said):
        action = found["verb"] if found["verb"] not in ("turn", "switch") else "turn on"
        return asking.left_out("no_target", f"{action} the {{}}", action=action)
    if (found := _LEVELLESS.fullmatch(said)) and targets.match(home, name=found["name"]):
        return asking.left_out("no_level", f"set the {found['name']} to {{}}")
    if found := _LISTLESS.fullmatch(said):
        return asking.left_out("no_item_said", f"add {{}} {found['to'].replace('on ', 'to ', 1)}")
    return None
