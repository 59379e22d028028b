"""What waits for a time of day or for a state of the home, once or again and again. No threads; times are handed in.

Times are seconds of the wall clock, which a restart does not lose.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from edgevoice.home import sun
from edgevoice.home.capabilities import number, texts
from edgevoice.home.model import Home
from edgevoice.messages import Command, Intent, Value
from edgevoice.skills import later, spoken
from edgevoice.skills.asks import wording
from edgevoice.skills.later import Trigger

MOST = 50
_MOST_TOLD = 6
_PATIENCE_SECONDS = 86_400.0
"""How long a state is waited for."""
_NEVER = 1e12
_LATE_SECONDS = 600.0
"""What was missed by more than this, by a restart, is not done any more."""
_LIST = re.compile(
    r"(?:what (?:is|have (?:i|you)|did i|do i have|routines do i have|are my)|list|show|which|(?:do i have|have i got|are there|is)(?: any(?:thing)?| some(?:thing)?)?)"
    r"(?: me)?(?: all)?(?: (?:the|my|your))?(?: (?:things|routines|is|are|still))*"
    r"(?: (?:scheduled|planned|routines?|schedules?|plans?|waiting|reminders?|automations?))+(?: (?:for )?(?:now|today|tonight|tomorrow|set|left|later))*|"
    r"(?:what is|is anything|is something) going to happen(?: later| today| tonight)?|(?:will|is) (?:anything|something) (?:going to )?(?:happen|planned|waiting|scheduled)(?: later| today| tonight)?|what (?:happens|will happen|is next) (?:later|today|tonight|next)?|"
    r"what (?:did|have) (?:i|you) (?:schedule|plan|planned|scheduled|set up)|"
    r"what (?:will|are) you (?:going to )?do(?:ing)? later|what are you waiting for|"
    r"(?:what|which|how many) (?:routines|reminders|plans|schedules|automations) (?:do i have|are there|have i(?: got| set)?|are (?:set|planned))(?: now| left| set)?"
)
_CANCEL = re.compile(
    r"(?:cancel|delete|remove|forget|drop)(?: (?P<all>all(?: of)?|every))?(?: (?:the|my|your|that))?(?: (?P<about>.+?))?"
    r" (?:routine|schedule|plan|reminder|automation)s?"
)
_CANCEL_ABOUT = re.compile(
    r"(?:cancel|delete|remove|forget|drop)(?: about)? (?:the |my |that )?(?:routine|schedule|plan|reminder|automation)s? (?:about|to|for|of|with|that) (?P<about>.+)|"
    r"(?:do not|don't) remind me (?:to|about|of) (?P<what>.+)"
)
_PLACES = ("first", "second", "third", "fourth")
_CANCEL_NTH = re.compile(
    r"(?:cancel|delete|remove|forget|drop) the (?P<place>first|second|third|fourth|last)(?: one| routine| reminder)?"
)
_EMPTY_WORDS = frozenset({"the", "my", "last", "at", "a", "to", "about", "all", "of", "for", "with"})


@dataclass(frozen=True, slots=True)
class Routine:
    """`commands` are done, and `reply` is said, at a time or when the trigger comes true, before `expires`."""

    id: int
    what: str
    when: str
    commands: tuple[Command, ...]
    reply: str
    expires: float
    at: float | None = None
    trigger: Trigger | None = None
    is_armed: bool = True
    """The trigger was seen not to hold: when it does now, it came true."""
    days: tuple[int, ...] = ()
    """Again on these days of the week, 0 is Monday; at the time of `at`, or of the `sun`."""
    sun: str = ""
    is_often: bool = False
    """The trigger counts every time."""


class Routines:
    """Those of one assistant."""

    def __init__(self) -> None:
        self._routines: dict[int, Routine] = {}
        self._ids = itertools.count(1)

    def __len__(self) -> int:
        return len(self._routines)

    @property
    def newest(self) -> str:
        """The number of the one that was added last, as text; empty where there is none."""
        return str(max(self._routines, default=""))

    def add(
        self, home: Home, slots: Mapping[str, Value], commands: tuple[Command, ...], reply: str, now: datetime
    ) -> str:
        """A routine with the slots that `Later.slots` made; gives what is said to it. `now` is local time."""
        if len(self) >= MOST:
            return "I have too much planned already."
        at = number(slots.get("at"))
        trigger = _trigger(slots) if at is None else None
        what = (
            spoken.action(home, commands) if commands else f"remind you: {reply.removeprefix('Reminder: ').rstrip('.')}"
        )
        holds = trigger.holds(home) if trigger else False
        is_often = bool(slots.get("is_often"))
        told = slots.get("days")
        days = tuple(int(day) for day in told if isinstance(day, int)) if isinstance(told, tuple) else ()
        key, when = next(self._ids), str(slots.get("when", ""))
        expires = at + _LATE_SECONDS if at is not None else _NEVER if is_often else now.timestamp() + _PATIENCE_SECONDS
        self._routines[key] = Routine(
            key, what, when, commands, reply, expires, at, trigger, holds is False,
            days, str(slots.get("sun") or ""), is_often,
        )  # fmt: skip
        wait = "" if is_often else " I wait a day for that."
        note = " That is so already: I wait for the next time." if holds else wait if trigger else ""
        return f"All right, {when} I {what}.{note}"

    def due(self, home: Home, now: datetime) -> tuple[tuple[Routine, ...], tuple[Routine, ...]]:
        """Those whose time has come, and those of a time that was missed. What is not for once waits for its next time."""
        ready: list[Routine] = []
        missed: list[Routine] = []
        for routine in tuple(self._routines.values()):
            is_over = routine.expires < now.timestamp()
            if not is_over and not self._is_due(home, routine, now.timestamp()):
                continue
            if not is_over:
                ready.append(routine)
            elif routine.at is not None:
                missed.append(routine)
            if (again := _again(home, routine, now)) is not None:
                self._routines[routine.id] = again
            else:
                del self._routines[routine.id]
        return tuple(ready), tuple(missed)

    def _is_due(self, home: Home, routine: Routine, now: float) -> bool:
        if routine.trigger is None:
            return routine.at is not None and routine.at <= now
        holds = routine.trigger.holds(home)
        if holds is False and not routine.is_armed:
            self._routines[routine.id] = replace(routine, is_armed=True)
        return holds is True and routine.is_armed

    def cancel(self, key: str) -> str:
        """Forgets the one of this number; gives what is said to that, empty where there is none."""
        found = self._routines.pop(int(key), None) if key.isdecimal() else None
        return f"All right, I will not {found.what}." if found else ""

    def handle(self, text: str) -> tuple[Intent, str] | None:
        """Lists and cancels them; None for another text."""
        plain = wording.plain(text)
        if _LIST.fullmatch(plain):
            return Intent("ListRoutines", source="question", text=text), self._listed()
        if about := _CANCEL_ABOUT.fullmatch(plain):
            said = about["about"] or about["what"]
            intent = Intent("CancelRoutine", {"about": said}, source="routine", text=text)
            return intent, self._cancelled(said, False, plain)
        at = _CANCEL_NTH.fullmatch(plain)
        if at and self._routines:
            keys = list(self._routines)
            place = _PLACES.index(at["place"]) if at["place"] != "last" else len(keys) - 1
            said = self.cancel(str(keys[place])) if place < len(keys) else "No such thing is planned."
            return Intent("CancelRoutine", source="routine", text=text), said
        found = _CANCEL.fullmatch(plain)
        if found is None:
            return None
        intent = Intent("CancelRoutine", {"about": found["about"]}, source="routine", text=text)
        return intent, self._cancelled(found["about"] or "", bool(found["all"]) or plain.endswith("s"), plain)

    def _listed(self) -> str:
        if not self._routines:
            return "Nothing is planned."
        return _told(list(self._routines.values()))

    def _cancelled(self, about: str, is_all: bool, text: str) -> str:
        words = set(about.split()) - _EMPTY_WORDS
        known = [one for one in self._routines.values() if "reminder" not in text or not one.commands]
        found = [one for one in known if words <= set(re.findall(r"[\w']+", f"{one.what} {one.when}".casefold()))]
        if about.split() == ["last"]:
            found = found[-1:]
        if not found:
            return "No such thing is planned."
        if len(found) > 1 and not is_all:
            return f"Which one? {_told(found)}"
        for one in found:
            del self._routines[one.id]
        return f"All right, I will not {spoken.names(one.what for one in found)}."

    def save(self) -> list[dict[str, Any]]:
        return [asdict(routine) for routine in self._routines.values()]

    def restore(self, saved: Any) -> None:
        """Raises ValueError."""
        try:
            restored = list(_restored(saved))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not saved routines: {error!r}") from None
        for routine in restored[:MOST]:
            key = next(self._ids)
            self._routines[key] = replace(routine, id=key)


def commands_from_json(kept: Any) -> tuple[Command, ...]:
    """Raises KeyError or TypeError."""
    values = [(one["device"], one["capability"], one["value"]) for one in kept]
    return tuple(Command(str(d), str(c), tuple(v) if isinstance(v, list) else v) for d, c, v in values)


def _restored(saved: Any) -> Iterator[Routine]:
    for one in saved:
        trigger = one["trigger"]
        if trigger is not None:
            trigger = Trigger(**{**trigger, "devices": tuple(trigger["devices"])})
        days = tuple(int(day) for day in one["days"])
        yield Routine(**{**one, "commands": commands_from_json(one["commands"]), "trigger": trigger, "days": days})


def _again(home: Home, routine: Routine, now: datetime) -> Routine | None:
    """The routine as it waits for its next time; None where it was for once."""
    if routine.is_often:
        return replace(routine, is_armed=False)
    if not routine.days or routine.at is None:
        return None
    at = later.next_on(routine.days, datetime.fromtimestamp(routine.at, now.tzinfo), now)
    if routine.sun:
        begin = at.replace(hour=0, minute=0, second=1, microsecond=0)
        at = sun.next_event(home, routine.sun in later.EVENINGS, begin if begin > now else now) or at
    return replace(routine, at=at.timestamp(), expires=at.timestamp() + _LATE_SECONDS)


def _trigger(slots: Mapping[str, Value]) -> Trigger:
    return Trigger(
        texts(slots.get("devices")), str(slots.get("state") or ""), bool(slots.get("is_every")),
        number(slots.get("bound")), bool(slots.get("is_above")),
    )  # fmt: skip


def _told(routines: list[Routine]) -> str:
    more = f" And {len(routines) - _MOST_TOLD} more." if len(routines) > _MOST_TOLD else ""
    return " ".join(wording.capital(f"{one.when} I {one.what}.") for one in routines[:_MOST_TOLD]) + more


def missed(routines: tuple[Routine, ...]) -> str:
    """What is said of those that a restart made miss their time."""
    return " ".join(f"I was not running {one.when}, so I did not {one.what}." for one in routines)
