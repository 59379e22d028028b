"""Dates and times of day as people say them: `next friday`, `the third of march`, `christmas`, `half past seven`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from edgevoice.skills.asks import numerals

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november")
    + ("december",)
)  # fmt: skip
_SHORT_MONTHS = {month[:3]: number for number, month in enumerate(MONTHS, 1)} | {"sept": 9}
_FIXED: Mapping[str, tuple[int, int]] = {
    "new year": (1, 1), "new years": (1, 1), "new year's": (1, 1), "new year's day": (1, 1), "new years day": (1, 1),
    "new year's eve": (12, 31), "new years eve": (12, 31), "valentine's day": (2, 14), "valentines day": (2, 14),
    "st patrick's day": (3, 17), "april fools day": (4, 1), "april fool's day": (4, 1), "independence day": (7, 4),
    "halloween": (10, 31), "christmas eve": (12, 24), "christmas": (12, 25), "christmas day": (12, 25),
    "xmas": (12, 25), "boxing day": (12, 26),
}  # fmt: skip
_NOT_DAYS = re.compile(r"^(?:on|the|this coming|coming) ")


def easter(year: int) -> date:
    """Easter Sunday, by the anonymous Gregorian algorithm."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    f = (b - (b + 8) // 25 + 1) // 3
    g = (19 * a + b - d - f + 15) % 30
    h = (32 + 2 * e + 2 * (c // 4) - g - c % 4) % 7
    m = (a + 11 * g + 22 * h) // 451
    return date(year, (g + h - 7 * m + 114) // 31, (g + h - 7 * m + 114) % 31 + 1)


def thanksgiving(year: int) -> date:
    """The fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta((3 - first.weekday()) % 7 + 21)


_MOVING: Mapping[str, Callable[[int], date]] = {
    "easter": easter,
    "easter sunday": easter,
    "good friday": lambda year: easter(year) - timedelta(2),
    "easter monday": lambda year: easter(year) + timedelta(1),
    "thanksgiving": thanksgiving,
    "thanksgiving day": thanksgiving,
}


def day(phrase: str, today: date, is_past: bool = False) -> date | None:
    """The day that a phrase means; of days that come again the next one, or the last one where `is_past`."""
    phrase = _NOT_DAYS.sub("", phrase.strip())
    near = {
        "today": 0,
        "tonight": 0,
        "tomorrow": 1,
        "yesterday": -1,
        "day after tomorrow": 2,
        "day before yesterday": -2,
    }
    if phrase in near:
        return today + timedelta(near[phrase])
    try:
        return _relative(phrase, today) or _weekday(phrase, today, is_past) or _yearly(phrase, today, is_past)
    except (ValueError, OverflowError):
        return None


def clock(text: str) -> tuple[int, int, bool] | None:
    """Hour, minute, and whether morning or evening is settled: `7:30 pm`, `half past seven`, `noon`, `nineteen thirty`."""
    text = re.sub(r"\b([ap])\.? ?m\b\.?", r"\1m", text.strip())
    if text in ("noon", "midday", "midnight"):
        return (0 if text == "midnight" else 12), 0, True
    half = re.search(r" ?\b(am|pm|in the morning|in the afternoon|in the evening|at night|tonight)$", text)
    part = half[1] if half else ""
    body = (text[: half.start()] if half else text).removesuffix(" o'clock").removesuffix(" sharp").strip()
    found = _hands(body)
    if found is None:
        return None
    hour, minute = found
    if hour > 23 or minute > 59 or (part in ("am", "pm") and not 1 <= hour <= 12):
        return None
    if part in ("am", "in the morning"):
        return hour % 12, minute, True
    if part and hour < 13:
        return (hour % 12 if part == "at night" and hour < 5 else hour % 12 + 12), minute, True
    return hour, minute, hour > 12 or hour == 0


def moment(text: str, now: datetime) -> datetime | None:
    """The next time that a phrase means: `7 pm`, `tomorrow at seven`, `half past six on friday`."""
    # "At seven tomorrow morning" is "tomorrow at seven in the morning".
    words = re.sub(r"\b(tomorrow|today|yesterday|[a-z]+day) (morning|afternoon|evening)$", r"\1", text).split()
    half = f" in the {text.split()[-1]}" if len(words) < len(text.split()) else ""
    for cut in range(len(words) + 1):
        for day_words, clock_words in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            told = clock(" ".join(clock_words).removeprefix("at ") + half) if clock_words else None
            on = day(" ".join(day_words).removesuffix(" at"), now.date()) if day_words else None
            if told is None or (day_words and on is None):
                continue
            return _next(told, on, now)
    return None


def _next(told: tuple[int, int, bool], on: date | None, now: datetime) -> datetime | None:
    hour, minute, is_settled = told
    begin = datetime.combine(on or now.date(), time(hour, minute), now.tzinfo)
    hours = (0,) if is_settled else (0, 12)
    if on is not None and not is_settled and on > now.date():
        return begin if hour >= 7 else begin + timedelta(hours=12)
    later = [begin + timedelta(days=days, hours=add) for days in (0, 1) for add in hours if days == 0 or on is None]
    return min((one for one in later if one > now), default=None)


def _hands(body: str) -> tuple[int, int] | None:
    written = re.fullmatch(r"(\d{1,2})(?:[:.](\d{2}))?", body)
    if written:
        return int(written[1]), int(written[2] or 0)
    words = body.replace("-", " ").split()
    told = re.fullmatch(r"(.+?)(?: minutes?)? (past|after|to|before) (.+)", " ".join(words))
    if told:
        minutes = {"half": 30, "a quarter": 15, "quarter": 15}.get(told[1]) or _small(told[1].split())
        hour = _small(told[3].split())
        if minutes is None or hour is None or not 1 <= hour <= 12 or not 0 < minutes < 60:
            return None
        return (hour, minutes) if told[2] in ("past", "after") else ((hour - 2) % 12 + 1, 60 - minutes)
    for cut in range(len(words), 0, -1):
        hour, rest = _small(words[:cut]), words[cut:]
        if rest[:1] in (["oh"], ["o"]):
            rest = rest[1:]
        minute = _small(rest) if rest else 0
        if hour is not None and minute is not None and (not rest or minute >= 10 or words[cut] in ("oh", "o")):
            return hour, minute
    return None


def _small(words: Sequence[str]) -> int | None:
    found = numerals.read(words)
    if found is None or found[1] != len(words) or found[0].denominator != 1:
        return None
    return int(found[0])


def _relative(phrase: str, today: date) -> date | None:
    """`in ten days`, `two weeks from now`, `a week from friday`, `three days ago`."""
    told = re.fullmatch(r"(?:in )?(.+?) (day|week)s?(?: (ago|from (.+)))?", phrase)
    if told is None or not (phrase.startswith("in ") or told[3]):
        return None
    count = 1 if told[1] in ("a", "one") else _small(told[1].split())
    base = day(told[4], today) if told[4] and told[4] != "now" else today
    if count is None or base is None:
        return None
    return base + timedelta(count * (7 if told[2] == "week" else 1) * (-1 if told[3] == "ago" else 1))


def _weekday(phrase: str, today: date, is_past: bool) -> date | None:
    told = re.fullmatch(r"(?:(next|this|last) )?(" + "|".join(DAYS) + ")", phrase)
    if told is None:
        return None
    ahead = (DAYS.index(told[2]) - today.weekday()) % 7
    if told[1] == "last" or (is_past and told[1] is None):
        return today + timedelta(ahead - 7)
    if told[1] == "next":
        return today + timedelta(ahead or 7)
    return today + timedelta(ahead)


def _yearly(phrase: str, today: date, is_past: bool) -> date | None:
    year: int | None = None
    told = re.fullmatch(r"(.+?)(?: (?:in )?((?:19|20)\d\d)| (this|next|last) year)", phrase)
    if told:
        year = int(told[2]) if told[2] else today.year + {"this": 0, "next": 1, "last": -1}[told[3]]
        phrase = told[1]
    fixed = _FIXED.get(phrase) or _month_and_day(phrase)
    in_year = _MOVING.get(phrase) or (fixed and (lambda of: date(of, *fixed)))
    if not in_year:
        return None
    if year is not None:
        return in_year(year)
    years = (today.year, today.year - 1) if is_past else (today.year, today.year + 1)
    return next((d for of in years if (d := in_year(of)) and (d <= today if is_past else d >= today)), None)


def _month_and_day(phrase: str) -> tuple[int, int] | None:
    """`march 3rd`, `the third of march`, `december twenty five`."""
    words = [word for word in phrase.split() if word not in ("the", "of")]
    at = next((i for i, word in enumerate(words) if word in MONTHS or word in _SHORT_MONTHS), None)
    if at is None:
        return None
    rest = words[:at] + words[at + 1 :]
    found = numerals.ordinal(rest, 0)
    number = found[0] if found and found[1] == len(rest) else _small(rest)
    month = MONTHS.index(words[at]) + 1 if words[at] in MONTHS else _SHORT_MONTHS[words[at]]
    return (month, number) if number is not None and 1 <= number <= 31 else None
