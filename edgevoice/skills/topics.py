"""What can be dealt with without understanding a command first: questions, timers, and lists that were spoken of."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from edgevoice.dialogue import changes, followup
from edgevoice.dialogue.followup import Meant
from edgevoice.dialogue.state import Dialogue, Focus
from edgevoice.home.capabilities import texts
from edgevoice.home.model import Home
from edgevoice.messages import Intent, Outcome
from edgevoice.nlu import normalize
from edgevoice.skills import account, list_words, questions, spoken, timer_words
from edgevoice.skills.asks import again, ask, wording
from edgevoice.skills.asks.wording import Answer, Moment
from edgevoice.skills.deeds import Deeds
from edgevoice.skills.later import readings
from edgevoice.skills.reader import Reader

_WHICH = re.compile(
    r"(?:and )?which (?:one|ones)(?: (?:is|are) (?:it|that|they|those))?|which (?:is|are) (?:it|that|they|those)"
)

_THING_ASKED = re.compile(r"(?:and |what about |how about )(the (?:date|time|day|temperature|humidity|weather)\b.*)")
_JOINTS = re.compile(r",? (?:and then|and also|and(?! (?:a )?(?:half|quarter)\b)|then|but) |, ", re.IGNORECASE)
_UNTIL = re.compile(
    r"(?P<now>(?:turn|switch|put) .*\b(?P<on>on|off)\b.*?) (?P<how>until|till|for)(?: the next)? (?P<when>(?!me\b|us\b|the\b).+)",
    re.IGNORECASE,
)
""" "On until ten" is two turns: on now, and off at ten."""
_MOST_CLAUSES = 4
_LONGEST = 200
"""Characters."""
_UNIT = re.compile(r"\b(?:seconds?|minutes?|hours?)\b")
_ANOTHER = re.compile(
    r"(?:another|one)(?: one)? (?:for|of) [a-z -]+(?<!minutes)(?<!minute)(?<!hours)(?<!hour)(?<!seconds)"
)
_SHORT = re.compile(r"(?:any|anything|anyone|anybody|everything)\b", re.IGNORECASE)
"""A question without its verb: "any lights on upstairs?"."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Of one conversation."""

    home: Home
    dialogue: Dialogue
    deeds: Deeds
    reader: Reader
    now: Callable[[], datetime]
    allows: Callable[[str], bool]
    """Whether an intent is of no pack that is off."""

    @property
    def mic_area(self) -> str | None:
        return self.deeds.mic_area or None

    @property
    def speaks_english(self) -> bool:
        return self.home.language.partition("-")[0] == "en"

    def known(self, text: str, now_seconds: float) -> tuple[Intent, Iterable[Outcome]] | None:
        """A question that can be answered here, and what is said of timers: nothing that needs to be understood first."""
        if not self.speaks_english:
            found = ask.answer(self.home, text, Moment(now_seconds, self.now()), self.mic_area)
            return (found.intent, (Outcome(reply=found.reply),)) if found else None
        focus = self.dialogue.focus(now_seconds)
        speaks_of_timers = focus.subject == "timer" if focus else len(self.deeds.timers) > 0
        timed = timer_words.read(text, self.deeds.timers.names(), speaks_of_timers, self._unit(focus))
        if timed is not None and self.allows(timed.name):
            if focus and focus.subject == "timer" and focus.key and timed.response == timer_words.IT:
                timed = self.deeds.timers.pointed(timed, focus.key)
            timed = replace(timed, response="")
            return timed, self.deeds.timed(timed, now_seconds)
        if focus and focus.question and focus.devices and _WHICH.fullmatch(wording.plain(text)):
            names = spoken.names((f"the {self.home.devices[one].name}" for one in focus.devices), most=6)
            intent = Intent("AskAccount", {"about": "which"}, source="dialogue", text=text)
            return intent, (Outcome(reply=f"{wording.capital(names)}."),)
        if focus and focus.subject == "routine" and account.is_cancel(text):
            said = self.deeds.routines.cancel(focus.key)
            if said:
                return Intent("CancelRoutine", source="dialogue", text=text), (Outcome(reply=said),)
        moment = Moment(now_seconds, self.now())
        for question in self._wordings(text, focus, now_seconds):
            found = ask.answer(self.home, question, moment, self.mic_area)
            if found is not None:
                self.deeds.focus(self._asked_about(text, question, found, focus), now_seconds)
                return replace(found.intent, text=text), (Outcome(reply=found.reply),)
        return None

    def clauses(self, heard: str, now_seconds: float) -> tuple[str, ...]:
        """The parts of a sentence that are turns of their own: "turn the lamp on and off again in an hour".

        One part where it is understood as a whole, or where one of the parts by itself is not. All of it without
        what is said out of hesitation.
        """
        text = normalize.core(heard) if self.speaks_english else heard
        if self.speaks_english and (until := _UNTIL.fullmatch(text)):
            off = "off" if until["on"] == "on" else "on"
            when = until["when"] if until["how"] == "for" else f"at {until['when']}"
            later = f"turn it {off} {'in ' if until['how'] == 'for' else ''}{when}"
            if self._is_clear(until["now"], first=True) and self._is_clear(later, first=False):
                return until["now"], later
        parts = (
            tuple(part.strip() for part in _JOINTS.split(text)) if self.speaks_english and len(text) <= _LONGEST else ()
        )
        if not 2 <= len(parts) <= _MOST_CLAUSES or not all(parts) or self.dialogue.waiting(now_seconds):
            return (text,)
        if self._is_clear(text, first=True) or list_words.several(text):
            return (text,)
        if (unit := _UNIT.search(parts[0])) and _ANOTHER.fullmatch(parts[1]):  # "for five minutes and another for ten"
            parts = (parts[0], f"{parts[1]} {unit[0]}", *parts[2:])
        return parts if all(self._is_clear(part, part == parts[0]) for part in parts) else (text,)

    def _is_clear(self, text: str, first: bool) -> bool:
        """Whether a sentence says what is to be done; one that is not the `first` may lean on the one before."""
        if timer_words.read(text, self.deeds.timers.names(), not first) or account.is_undo(text):
            return True
        for one in (text, *(later.command for later in islice(readings(self.home, text, self.now()), 1))):
            change = None if first else changes.read(followup.plain(one).split())
            if change is not None and (change.how != "switch" or one is not text):  # "on and off" says nothing
                return True
            found = self.reader.mind.certain(one, self.reader.context()) if one else ()
            if found and not any(self.deeds.is_guess(intent) for intent in found):
                return True
        return False

    def _unit(self, focus: Focus | None) -> str:
        """What the timer that was spoken of last is counted in: "make it fifteen"."""
        seconds = self.deeds.timers.length_of(focus.key) if focus and focus.subject == "timer" else 0.0
        return "" if not seconds else "hours" if seconds % 3600 == 0 else "minutes" if seconds % 60 == 0 else "seconds"

    def _asked_about(self, text: str, question: str, found: Answer, before: Focus | None) -> Focus:
        if before and not found.devices:  # it was about nothing that one could go on about
            return replace(before, text=text, question=question)
        first = self.home.devices.get(found.devices[0]) if len(found.devices) == 1 else None
        if first and first.domain == "todo":
            return Focus(text, question=question, subject="list", key=first.id)
        return Focus(text, found.devices, question=question)

    def _wordings(self, text: str, focus: Focus | None, now_seconds: float) -> Iterator[str]:
        """A question as it was said, with what it points at, and as the last one said of something else."""
        yield text
        if _SHORT.match(text):
            yield f"is {text}"
        if found := _THING_ASKED.fullmatch(text.casefold().strip(" ?.")):
            yield f"what is {found[1]}"
        about = self.home.devices.get(focus.key) if focus and focus.subject == "list" else None
        if about and (whole := list_words.question(text, about)):
            yield whole
        if (pointed := self.reader.pointed(text, now_seconds)) != text:
            yield pointed
        if focus and focus.question and (again_ := again.question(self.home, focus.question, text)):
            yield again_

    def asked_again(self, text: str, now_seconds: float, cancel: threading.Event) -> tuple[str, Meant | None]:
        """The last question said of something else, where templates know it; else the text as it is."""
        focus = self.dialogue.focus(now_seconds)
        line = again.question(self.home, focus.question, text) if focus and focus.question else None
        read = self.reader.read(line, now_seconds, cancel) if line else None
        if line and read and all(one.name in questions.QUESTIONS for one in read.intents):
            if read.intents or questions.named(self.home, line):
                return line, read
        return text, None

    def listed(self, text: str, now_seconds: float) -> Meant | None:
        """What is put on the list that was spoken of, or taken off it."""
        focus = self.dialogue.focus(now_seconds)
        about = self.home.devices.get(focus.key) if focus and focus.subject == "list" else None
        if about is None or not self.speaks_english:
            return None
        held = texts(self.home.state(about.id).attributes.get("items"))
        if gone := list_words.changed(text, about, held):
            return Meant(gone)
        intents, is_instead = list_words.added(text, about)
        other = self.reader.read(text, now_seconds, threading.Event()).intents if intents else ()
        if not intents or (other and not any(self.deeds.is_guess(intent) for intent in other)):
            return None
        return Meant(intents, (about.id,) if is_instead else ())
