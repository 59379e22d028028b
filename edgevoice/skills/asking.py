"""The questions that the assistant asks back: which one, yes or no, the PIN."""

from __future__ import annotations

from dataclasses import dataclass

from edgevoice.dialogue.state import Option, Question
from edgevoice.home.model import Device, Home
from edgevoice.messages import Command, Intent
from edgevoice.skills import devices, spoken
from edgevoice.skills.reply import Replies


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

    def permission(self, kind: str, intent: Intent, commands: tuple[Command, ...], reply: str, when: str) -> Question:
        """Whether `commands` may be done, by `kind` `yes_no` or `pin`; `when` says when, if not now: `in 1 minute`."""
        action = f"{spoken.action(self.home, commands)} {when}".strip()
        text = self.replies.error("pin" if kind == "pin" else "confirm", action=action)
        again = text if kind == "pin" else self.replies.error("confirm_again", action=action)
        return Question(kind, text, again, intent, commands, reply)

    def _area_names(self, device: Device) -> tuple[str, ...]:
        area = self.home.areas.get(device.area or "")
        return (area.name, *area.aliases) if area else ()
