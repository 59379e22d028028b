"""The clock and the calendar: what day it is tomorrow, how many days until Christmas, what time it is in Tokyo."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from edgevoice.home.model import Home
from edgevoice.messages import Intent
from edgevoice.skills import spoken
from edgevoice.skills.asks import dates, wording
from edgevoice.skills.asks.wording import Answer, Moment

_DATE = tuple(
    map(
        re.compile,
        (
            r"(?:what|which) (?:day|date|day of the week|weekday) (?:is|was|will|are)(?: it| we)?(?: be)?(?: on)?(?: (?P<day>.+))?",
            r"(?:what|which) (?:day|date|day of the week|weekday) (?:does|did) (?P<day>.+) fall(?: on)?(?: this year)?",
            r"what is (?:the )?(?:date|day)(?: (?P<day>.+))?",
            r"what is (?P<day>\w+)'s date",
            r"when (?:is|was) (?P<day>.+)",
        ),
    )
)
_UNTIL = re.compile(
    r"(?:how (?:many (?P<unit>days|weeks|hours|minutes)|long)(?: (?:is|are) (?:it|there|left))?(?: left)? "
    r"(?:until|till|til|to|before)|how (?:many (?P<sleeps>sleeps)|far off is) (?:until |till |to )?) ?(?P<day>.+)"
)
_SINCE = re.compile(r"how (?:many (?P<unit>days|weeks)|long)(?: (?:is|has) (?:it|there)(?: been)?)? since (?P<day>.+)")
_NAMED = re.compile(r"(?:what|which) (?P<what>month|year|week|time of day) (?:is it|are we in|is this)(?: now)?")
_TIME = re.compile(r"what (?:is the )?time (?:is it )?(?:now )?in (?P<city>[\w ]+)")


def answer(home: Home, text: str, moment: Moment, mic_area: str | None = None) -> Answer | None:
    """`text` is plain."""
    now = moment.wall
    if (found := _UNTIL.fullmatch(text)) is not None:
        return _span(found["day"], (found["unit"] or "days") if "many" in text else "", now)
    if (found := _SINCE.fullmatch(text)) is not None:
        return _since(found["day"], found["unit"] or "days", now.date())
    if (found := _TIME.fullmatch(text)) is not None:
        return _elsewhere(found["city"], now)
    if (found := _NAMED.fullmatch(text)) is not None:
        said = {"month": f"{now:%B}", "year": f"{now.year}", "week": f"Week {now.isocalendar().week}"}
        return Answer(_intent("HassGetCurrentDate", ""), f"{said.get(found['what'], f'{now:%A}')}.")
    for pattern in _DATE:
        found = pattern.fullmatch(text)
        on = dates.day(found["day"] or "today", now.date()) if found else None
        if found is not None and on is not None and not (text.startswith("when") and found["day"] == "today"):
            return Answer(_intent("HassGetCurrentDate", found["day"] or ""), _told(found["day"] or "", on, now.date()))
    return None


def say(on: date, today: date) -> str:
    """`Friday, March 6th`, with the year where it is another."""
    year = f", {on.year}" if on.year != today.year else ""
    return f"{on:%A}, {on:%B} {_ordinal(on.day)}{year}"


def _told(phrase: str, on: date, today: date) -> str:
    if phrase in ("", "today"):
        return f"{say(on, today)}."
    verb = "was" if on < today else "is"
    return wording.capital(f"{phrase.removeprefix('on ')} {verb} {say(on, today)}.")


def _span(phrase: str, unit: str, now: datetime) -> Answer | None:
    on = dates.day(phrase, now.date())
    intent = _intent("AskSpan", phrase)
    if on is None:
        at = dates.moment(phrase, now)
        if at is None:
            return None
        seconds = round((at - now).total_seconds() / 60) * 60
        return Answer(intent, f"{wording.capital(spoken.duration(seconds))}.")
    days = (on - now.date()).days
    if days == 0:
        return Answer(intent, "That is today.")
    if unit in ("hours", "minutes"):
        left = datetime.combine(on, datetime.min.time(), now.tzinfo) - now
        count = round(left.total_seconds() / (3600 if unit == "hours" else 60))
        return Answer(intent, f"About {_count(count, unit)}.")
    return Answer(intent, f"{_weeks(days) if unit == 'weeks' else _count(days, 'days')}, {say(on, now.date())}.")


def _since(phrase: str, unit: str, today: date) -> Answer | None:
    on = dates.day(phrase, today, is_past=True)
    if on is None or on > today:
        return None
    days = (today - on).days
    return Answer(_intent("AskSpan", phrase), f"{_weeks(days) if unit == 'weeks' else _count(days, 'days')}.")


def _elsewhere(city: str, now: datetime) -> Answer | None:
    zone = _cities().get(city.strip())
    if zone is None:
        return None
    there = now.astimezone(ZoneInfo(zone))
    hour = f"{there.hour % 12 or 12}:{there.minute:02} {'AM' if there.hour < 12 else 'PM'}"
    day = {1: " tomorrow", -1: " yesterday"}.get((there.date() - now.date()).days, "")
    return Answer(_intent("HassGetCurrentTime", city), f"{hour}{day} in {city.title()}.")


@lru_cache(maxsize=1)
def _cities() -> Mapping[str, str]:
    """The cities that name a time zone."""
    return {
        zone.rpartition("/")[2].replace("_", " ").casefold(): zone
        for zone in sorted(available_timezones())
        if "/" in zone and not zone.startswith(("Etc/", "US/", "SystemV/"))
    }


def _weeks(days: int) -> str:
    weeks, left = divmod(days, 7)
    return spoken.names(part for part in (weeks and _count(weeks, "weeks"), left and _count(left, "days")) if part)


def _count(count: int, unit: str) -> str:
    return f"{count} {unit.removesuffix('s') if count == 1 else unit}"


def _ordinal(number: int) -> str:
    return f"{number}{'th' if 10 < number < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _intent(name: str, phrase: str) -> Intent:
    return Intent(name, {"day": phrase} if phrase else {}, source="question")
