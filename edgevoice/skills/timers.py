"""Timers: several at once, by name, by place or by length; no threads, the clock is handed in.

Times are seconds of the assistant's monotonic clock. `save` and `restore` carry them over a restart as JSON.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edgevoice.home.capabilities import number
from edgevoice.home.model import Home
from edgevoice.home.targets import fold
from edgevoice.messages import Command, Intent
from edgevoice.skills import spoken
from edgevoice.skills.reply import Found, Replies

TIMERS = frozenset(
    {
        "HassStartTimer",
        "HassCancelTimer",
        "HassCancelAllTimers",
        "HassIncreaseTimer",
        "HassDecreaseTimer",
        "HassPauseTimer",
        "HassUnpauseTimer",
        "HassTimerStatus",
    }
)
_FOR_ALL = frozenset({"HassStartTimer", "HassCancelAllTimers", "HassTimerStatus"})
_ORDER = {"first": 0, "second": 1, "third": 2, "last": -1}
MOST = 100
_LONGEST_SECONDS = 366 * 86_400.0
_UNITS = {"hours": 3600, "minutes": 60, "seconds": 1}


@dataclass(frozen=True, slots=True)
class Timer:
    """`ends` is a time while it runs; `left` are the seconds that remain while it is paused.

    A timer with `commands` does them when it is due, and `reply` is said then.
    """

    id: int
    seconds: float
    ends: float
    left: float | None = None
    name: str = ""
    area: str = ""
    commands: tuple[Command, ...] = ()
    reply: str = ""

    def remaining(self, now_seconds: float) -> float:
        return max(0.0, self.ends - now_seconds if self.left is None else self.left)

    def title(self, replies: Replies) -> str:
        """`pizza timer`, or `5 minute timer`."""
        if self.name:
            return replies.part("timer_named", name=self.name)
        said = spoken.duration(self.seconds, replies.language)
        return replies.part("timer_long", length=said.removesuffix("s") if " and " not in said else said)


class Timers:
    """The timers of one assistant."""

    def __init__(self) -> None:
        self._timers: dict[int, Timer] = {}
        self._ids = itertools.count(1)
        self.last = 0
        """The number of the timer that was spoken of last; 0: of none, or of several."""

    def __len__(self) -> int:
        return len(self._timers)

    def start(self, seconds: float, now_seconds: float, timer: Timer | None = None) -> Timer:
        """A new timer with the name, area, commands and reply of `timer`."""
        number_ = next(self._ids)
        started = replace(timer or Timer(0, 0, 0), id=number_, seconds=seconds, ends=now_seconds + seconds, left=None)
        self._timers[number_] = started
        return started

    def due(self, now_seconds: float) -> tuple[Timer, ...]:
        """The timers that have run out, each given once, in the order they did."""
        over = [t for t in self._timers.values() if t.left is None and t.ends <= now_seconds]
        for timer in over:
            del self._timers[timer.id]
        return tuple(sorted(over, key=lambda timer: timer.ends))

    def planned(self, home: Home, now_seconds: float) -> str:
        """What commands wait for their time, and how long."""
        waiting = [timer for timer in self._timers.values() if timer.commands]
        return " ".join(
            f"In {spoken.duration(one.remaining(now_seconds))} I {spoken.action(home, one.commands)}."
            for one in waiting
        )

    def names(self) -> tuple[str, ...]:
        return tuple(timer.name for timer in self._timers.values() if timer.name)

    def pointed(self, intent: Intent, key: str) -> Intent:
        """The intent for the timer of this number, if that still runs."""
        if intent.name in ("HassStartTimer", "HassCancelAllTimers") or int(key) not in self._timers:
            return intent
        return replace(intent, slots={**intent.slots, "id": int(key)})

    def length_of(self, key: str) -> float:
        """How long the timer of this number was set for; 0 where there is none."""
        timer = self._timers.get(int(key)) if key.isdecimal() else None
        return timer.seconds if timer else 0.0

    def retime(self, key: str, seconds: float, now_seconds: float) -> Timer | None:
        """Gives the timer of this number another length from now on."""
        timer = self._timers.get(int(key)) if key.isdecimal() else None
        if timer is None or not 0 < seconds <= _LONGEST_SECONDS:
            return None
        self._timers[timer.id] = replace(timer, seconds=seconds, ends=now_seconds + seconds, left=None)
        return self._timers[timer.id]

    def several(self, intent: Intent) -> tuple[Timer, ...]:
        """The timers of which an intent means one, where it does not say which."""
        if intent.name in _FOR_ALL or intent.name not in TIMERS:
            return ()
        found = self._of_these(intent)
        return tuple(found) if len(found) > 1 else ()

    def handle(self, intent: Intent, replies: Replies, now_seconds: float, area: str = "") -> str | None:
        """Does what a timer intent says and gives the reply; None for another intent. `area` is the microphone's."""
        self.last = 0
        match intent.name:
            case "HassStartTimer":
                return self._started(intent, replies, now_seconds, area)
            case "HassCancelAllTimers":
                found = self._matching(intent)
                for timer in found:
                    del self._timers[timer.id]
                return replies.say(intent, Found(slots={"canceled": len(found)}))
            case "HassTimerStatus":
                found = self._matching(intent)
                if not found and _is_particular(intent):
                    return replies.error("timer_not_found")
                said = replies.say(intent, Found(slots={"timers": [_shown(timer, now_seconds) for timer in found]}))
                if any(timer.name for timer in found) and replies.is_english:
                    said = _left(found, replies, now_seconds)
                self.last = found[0].id if len(found) == 1 else 0
                return said
            case _ if intent.name in TIMERS:
                return self._changed(intent, replies, now_seconds)
        return None

    def _started(self, intent: Intent, replies: Replies, now_seconds: float, area: str) -> str:
        seconds = length(intent)
        if not 0 < seconds <= _LONGEST_SECONDS or len(self) >= MOST:
            return replies.error("no_length")
        name = str(intent.slots.get("name") or "").strip()
        started = self.start(seconds, now_seconds, Timer(0, 0, 0, name=name, area=area))
        self.last = started.id
        if name and replies.is_english:
            title = started.title(replies)
            return f"{title[:1].upper()}{title[1:]} set for {spoken.duration(seconds)}."
        return replies.say(_tidy(intent))

    def _of_these(self, intent: Intent) -> list[Timer]:
        """Those that an intent may be for: of several, those that it would change."""
        found = self._matching(intent)
        if intent.name == "HassUnpauseTimer" and len(found) > 1:
            found = [timer for timer in found if timer.left is not None] or found
        elif intent.name == "HassPauseTimer" and len(found) > 1:
            found = [timer for timer in found if timer.left is None] or found
        return found

    def _changed(self, intent: Intent, replies: Replies, now_seconds: float) -> str:
        found = self._of_these(intent)
        if len(found) != 1:
            return replies.error("multiple_timers_matched" if found else "timer_not_found")
        timer = found[0]
        self.last = timer.id
        left = timer.remaining(now_seconds)
        match intent.name:
            case "HassCancelTimer":
                del self._timers[timer.id]
                self.last = 0
                if timer.commands and replies.is_english:
                    return f"All right, I will not {replies.action(timer.commands)}."
                return replies.say(intent)
            case "HassPauseTimer":
                timer = replace(timer, left=left)
            case "HassUnpauseTimer":
                timer = replace(timer, left=None, ends=now_seconds + left)
            case "HassIncreaseTimer" | "HassDecreaseTimer":
                change = length(intent) * (1 if intent.name == "HassIncreaseTimer" else -1)
                if not change or left + change > _LONGEST_SECONDS:
                    return replies.error("no_length")
                left = max(0.0, left + change)
                timer = replace(timer, ends=now_seconds + left, left=None if timer.left is None else left)
        self._timers[timer.id] = timer
        return replies.say(_tidy(intent))

    def _matching(self, intent: Intent) -> list[Timer]:
        slots = intent.slots
        name, area, seconds = slots.get("name"), slots.get("area"), length(intent, "start_")
        wanted = number(slots.get("id"))
        order = _ORDER.get(str(name))
        if order is not None and len(self._timers) > 1 and order < len(self._timers):
            return [list(self._timers.values())[order]]
        own = [timer for timer in self._timers.values() if name is not None and fold(timer.name) == fold(str(name))]
        return [
            timer
            for timer in own or self._timers.values()
            if (wanted is None or timer.id == wanted)
            and (name is None or own or _is_called(timer, str(name)))
            and (area is None or fold(timer.area) == fold(str(area)))
            and (not seconds or timer.seconds == seconds)
        ]

    def save(self, now_seconds: float, wall_seconds: float) -> dict[str, Any]:
        """All timers as JSON values. `wall_seconds` is the time of day, which a restart does not lose."""
        return {
            "saved": wall_seconds,
            "timers": [
                {
                    "seconds": timer.seconds,
                    "left": timer.remaining(now_seconds),
                    "paused": timer.left is not None,
                    "name": timer.name,
                    "area": timer.area,
                    "reply": timer.reply,
                    "commands": [[c.device, c.capability, c.value] for c in timer.commands],
                }
                for timer in self._timers.values()
            ],
        }

    def restore(self, saved: Mapping[str, Any], now_seconds: float, wall_seconds: float) -> None:
        """Adds the timers that `save` gave; those that ran out meanwhile are due at once. Raises ValueError."""
        try:
            away = max(0.0, wall_seconds - float(saved["saved"]))
            restored = [_restored(item, now_seconds, away) for item in saved["timers"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not saved timers: {error!r}") from None
        for timer in restored:
            number_ = next(self._ids)
            self._timers[number_] = replace(timer, id=number_)


def length(intent: Intent, prefix: str = "") -> float:
    """Seconds that the slots `hours`, `minutes` and `seconds` (or `start_hours`, ...) come to."""
    amounts = ((number(intent.slots.get(prefix + unit)), factor) for unit, factor in _UNITS.items())
    return sum((amount or 0.0) * factor for amount, factor in amounts)


def _restored(item: Mapping[str, Any], now_seconds: float, away_seconds: float) -> Timer:
    left = float(item["left"])
    commands = tuple(
        Command(str(device), str(capability), tuple(value) if isinstance(value, list) else value)
        for device, capability, value in item["commands"]
    )
    timer = Timer(
        0, float(item["seconds"]), 0.0, None, str(item["name"]), str(item["area"]), commands, str(item["reply"])
    )
    if item["paused"]:
        return replace(timer, left=left, ends=now_seconds + left)
    return replace(timer, ends=now_seconds + left - away_seconds)


def _is_called(timer: Timer, name: str) -> bool:
    """Whether some words, such as `pasta` of `the pasta sauce timer`, speak of a timer."""
    said = set(fold(name).split())
    return (
        bool(said)
        and bool(timer.name)
        and (said <= {*fold(timer.name).split(), "timer"} or set(fold(timer.name).split()) <= said)
    )


def _is_particular(intent: Intent) -> bool:
    return bool(length(intent, "start_")) or not {"name", "area"}.isdisjoint(intent.slots)


def _tidy(intent: Intent) -> Intent:
    """Without the slots that are zero: "1 hour", not "1 hour and 0 minutes"."""
    return replace(intent, slots={k: v for k, v in intent.slots.items() if k not in _UNITS or number(v)})


def _left(timers: list[Timer], replies: Replies, now_seconds: float) -> str:
    """`9 minutes left on the rice timer and 40 seconds, paused, on the tea timer.`"""
    told: list[str] = []
    for timer in sorted(timers, key=lambda one: one.remaining(now_seconds)):
        seconds = timer.remaining(now_seconds)
        said = spoken.duration(round(seconds / 60) * 60 if seconds >= 600 else max(1.0, seconds))
        paused = ", paused," if timer.left is not None else ""
        told.append(f"{said}{paused}{'' if told else ' left'} on the {timer.title(replies)}")
    return f"{spoken.names(told, most=8)}."


def _shown(timer: Timer, now_seconds: float) -> Mapping[str, Any]:
    """A timer as Home Assistant's template sees it. Ten minutes or more are told without the seconds."""
    left = timer.remaining(now_seconds)
    said = round(left / 60) * 60 if left >= 600 else max(1, round(left))
    start = round(timer.seconds)
    return {
        "is_active": timer.left is None,
        "name": timer.name,
        "area": timer.area,
        "total_seconds_left": left,
        "rounded_hours_left": said // 3600,
        "rounded_minutes_left": said // 60 % 60,
        "rounded_seconds_left": said % 60,
        "start_hours": start // 3600,
        "start_minutes": start // 60 % 60,
        "start_seconds": start % 60,
    }
