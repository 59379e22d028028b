"""Written English as it is read aloud: numbers, units, times, dates, money, ranges, names with figures, short forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache

_UNITS = {
    "%": "percent",
    "°C": "degree(s) Celsius",
    "°F": "degree(s) Fahrenheit",
    "°": "degree(s)",
    "K": "kelvin",
    "W": "watt(s)",
    "kW": "kilowatt(s)",
    "Wh": "watt hour(s)",
    "kWh": "kilowatt hour(s)",
    "V": "volt(s)",
    "A": "ampere(s)",
    "mA": "milliampere(s)",
    "Hz": "hertz",
    "kHz": "kilohertz",
    "MHz": "megahertz",
    "GHz": "gigahertz",
    "lx": "lux",
    "lm": "lumen(s)",
    "Pa": "pascal(s)",
    "hPa": "hectopascal(s)",
    "mbar": "millibar(s)",
    "bar": "bar",
    "psi": "P S I",
    "ppm": "part(s) per million",
    "ppb": "part(s) per billion",
    "dB": "decibel(s)",
    "µg/m3": "microgram(s) per cubic meter",
    "mm": "millimeter(s)",
    "cm": "centimeter(s)",
    "m": "meter(s)",
    "km": "kilometer(s)",
    "mi": "mile(s)",
    "ft": "foot/feet",
    "m2": "square meter(s)",
    "m3": "cubic meter(s)",
    "m/s": "meter(s) per second",
    "km/h": "kilometer(s) per hour",
    "kmh": "kilometer(s) per hour",
    "mph": "mile(s) per hour",
    "mg": "milligram(s)",
    "g": "gram(s)",
    "kg": "kilogram(s)",
    "lb": "pound(s)",
    "lbs": "pound(s)",
    "oz": "ounce(s)",
    "mL": "milliliter(s)",
    "ml": "milliliter(s)",
    "L": "liter(s)",
    "l": "liter(s)",
    "gal": "gallon(s)",
    "L/min": "liter(s) per minute",
    "mm/h": "millimeter(s) per hour",
    "ms": "millisecond(s)",
    "s": "second(s)",
    "sec": "second(s)",
    "min": "minute(s)",
    "mins": "minute(s)",
    "h": "hour(s)",
    "hr": "hour(s)",
    "hrs": "hour(s)",
    "d": "day(s)",
    "kB": "kilobyte(s)",
    "MB": "megabyte(s)",
    "GB": "gigabyte(s)",
    "TB": "terabyte(s)",
    "kB/s": "kilobyte(s) per second",
    "MB/s": "megabyte(s) per second",
    "Mbit/s": "megabit(s) per second",
    "rpm": "revolution(s) per minute",
}
_SHORT = {
    "dr.": "doctor",
    "mr.": "mister",
    "mrs.": "missus",
    "ms.": "miz",
    "prof.": "professor",
    "jr.": "junior",
    "sr.": "senior",
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "approx.": "approximately",
    "incl.": "including",
    "ca.": "about",
    "&": "and",
    "w/o": "without",
}
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_MONTH = r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
_DAYS = {
    day[:3]: day for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
} | {"Tues": "Tuesday", "Thur": "Thursday", "Thurs": "Thursday"}  # fmt: skip
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MONEY = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "¥": ("yen", "")}
_PARTS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_START, _END = r"(?<![\w.,:/-])", r"(?![\w/]|[.,:-]\d)"
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))


def words(text: str) -> str:
    """`text` with figures and short forms as words."""
    text = text.replace("\u2044", "/").replace("\u2212", "-")
    for pattern, spoken in _RULES:
        text = pattern.sub(spoken, text)
    return text


@cache
def cardinal(number: int) -> str:
    """`twenty-one`; with "and" nowhere, as in American English."""
    from hassil.numbers import get_rbnf_engine

    return str(get_rbnf_engine("en").format_number(number).text)


def ordinal(number: int) -> str:
    """`twenty-first`."""
    head, sign, last = re.split(r"^(.*?)([- ]?)(\w+)$", cardinal(number))[1:4]
    return f"{head}{sign}{_ORDINALS.get(last) or (last[:-1] + 'ieth' if last.endswith('y') else last + 'th')}"


def year(number: int) -> str:
    """`nineteen ninety-nine`, `two thousand five`, `twenty twenty-six`."""
    high, low = divmod(number, 100)
    if not 1100 <= number <= 2099 or 2000 <= number <= 2009:
        return cardinal(number)
    return f"{cardinal(high)} {'hundred' if low == 0 else cardinal(low) if low > 9 else f'oh {cardinal(low)}'}"


def digits(text: str) -> str:
    """Each one alone; letters and signs beside them are left out."""
    return " ".join(cardinal(int(one)) for one in text if one.isdecimal())


def number(written: str) -> str:
    """`1,234.50` as `one thousand two hundred thirty-four point five zero`; what is long or begins with zeros as digits."""
    whole, _, rest = written.replace(",", "").partition(".")
    is_code = (len(whole) > 1 and whole[0] == "0") or ("," not in written and len(whole) > 9) or len(whole) > 15
    said = digits(whole) if is_code else cardinal(int(whole))
    return f"{said} point {digits(rest)}" if rest else said


def _clock(found: re.Match[str]) -> str:
    hour, minute, second, half = int(found["hour"]), found["minute"], found["second"], found["half"]
    if hour > 24 or int(minute or 0) > 59:
        return found[0]
    after = f" {half.replace('.', '').upper()}" if half else ""
    if second is not None:
        counted = ((hour, "hour"), (int(minute), "minute"), (int(second), "second"))
        said = [f"{cardinal(n)} {name}{'' if n == 1 else 's'}" for n, name in counted if n]
        return " ".join(said) or "zero seconds"
    if minute is None or minute == "00":
        if after:
            return cardinal(hour) + after
        return (
            "midnight" if hour % 24 == 0 else f"{cardinal(hour)} o'clock" if hour < 13 else f"{cardinal(hour)} hundred"
        )
    past = f"oh {cardinal(int(minute))}" if minute[0] == "0" else cardinal(int(minute))
    return f"{cardinal(hour)} {past}{after}"


def _iso_date(found: re.Match[str]) -> str:
    try:
        day = date.fromisoformat(found["date"])
    except ValueError:
        return found[0]
    at = " at " if found["time"] else ""
    return f"{_MONTHS[day.month - 1]} {ordinal(day.day)}, {year(day.year)}{at}"


def _slashed_date(found: re.Match[str]) -> str:
    """Month first, as Americans write, unless it cannot be one."""
    first, second, written = int(found[1]), int(found[2]), found[3]
    month, day = (first, second) if first <= 12 else (second, first)
    full = int(written) if len(written) == 4 else 2000 + int(written)
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return found[0]
    return f"{_MONTHS[month - 1]} {ordinal(day)}, {year(full)}"


def _month_day(found: re.Match[str]) -> str:
    month, day = _full(found["month"]), int(found["day"])
    if not 1 <= day <= 31:
        return found[0]
    return f"{month} {ordinal(day)}" + (f", {year(int(found['year']))}" if found["year"] else "")


def _full(month: str) -> str:
    return next(name for name in _MONTHS if name.startswith(month[:3]))


def _money(found: re.Match[str]) -> str:
    one, cent = _MONEY[found[1]]
    whole, _, rest = found[2].replace(",", "").partition(".")
    big = (found[3] or "").strip()
    if big or (rest and len(rest) != 2) or not cent:
        return f"{number(found[2])} {big + ' ' if big else ''}{_many(one, found[2] if not big else '2')}"
    said = [f"{cardinal(int(whole))} {_many(one, whole)}"] if int(whole) or not int(rest or 0) else []
    if int(rest or 0):
        said.append(f"{cardinal(int(rest))} {_many(cent, rest)}")
    return " and ".join(said)


def _many(word: str, count: str) -> str:
    if word == "yen" or count.lstrip("0") == "1":
        return word
    return "pence" if word == "penny" else f"{word}s"


def _measure(found: re.Match[str]) -> str:
    sign, low, high, unit = found["sign"] or "", found["low"], found["high"], _UNITS[found["unit"]]
    is_one = low == "1" and not high
    one, _, many = unit.partition("/")
    unit = (one if is_one else many) if many else unit.replace("(s)", "" if is_one else "s")
    said = number(low) + (f" to {number(high)}" if high else "")
    return f"{'minus ' if sign == '-' else 'plus or minus ' if sign == '±' else ''}{said} {unit}"


def _fraction(found: re.Match[str]) -> str:
    whole, top, bottom = found[1], int(found[2]), int(found[3])
    if not 1 <= top < bottom <= 20:
        return found[0]
    one, many = _PARTS.get(bottom) or (ordinal(bottom), f"{ordinal(bottom)}s")
    if whole is None:
        return f"{cardinal(top)} {one if top == 1 else many}"
    return f"{cardinal(int(whole))} and {('a' if top == 1 else cardinal(top))} {one if top == 1 else many}"


def _named(found: re.Match[str]) -> str:
    """`A4B2`, `CO2`, `PM2.5`, `Zigbee2MQTT`: letters in capitals one by one, figures as digits where they are many."""
    said = []
    for part in re.findall(r"[A-Z]+(?![a-z])|[A-Za-z]+|\d+(?:\.\d+)?", found[0]):
        if part[0].isdecimal():
            said.append(number(part) if len(part.partition(".")[0]) < 3 and part[0] != "0" else digits(part))
        else:
            said.append(" ".join(part) if part.isupper() or len(part) == 1 else part)
    return re.sub(r"\bA ", "A-", " ".join(said))  # "A" alone is read as the article


def _dotted(found: re.Match[str]) -> str:
    """`1.2.3`, `v1.2.3`: versions and addresses."""
    written = found[0].lstrip("vV")
    said = " dot ".join(number(part) if len(part) < 3 else digits(part) for part in written.split("."))
    return said if written == found[0] else f"version {said}"


def _rule(
    pattern: str, spoken: Callable[[re.Match[str]], str] | str, flags: int = 0
) -> tuple[re.Pattern[str], Callable[[re.Match[str]], str]]:
    made = (lambda found: found.expand(spoken)) if isinstance(spoken, str) else spoken
    return re.compile(pattern, flags), made


_HALF = r"[ap]\.m\.|[ap]\.?m\b"
# In this order: what is more than a number comes before it.
_RULES = (
    _rule(rf"{_START}(?P<date>\d{{4}}-\d\d-\d\d)(?P<time>T| (?=\d?\d:\d\d))?", _iso_date),
    _rule(rf"{_START}(\d\d?)/(\d\d?)/(\d{{4}}|\d\d){_END}", _slashed_date),
    _rule(rf"\b(?P<month>{_MONTH})\.? (?P<day>\d\d?)(?:st|nd|rd|th)?(?:,? (?P<year>[12]\d{{3}}))?{_END}", _month_day),
    _rule(
        rf"{_START}(?P<day>\d\d?)(?:st|nd|rd|th)?(?: of)? (?P<month>{_MONTH})\b\.?(?:,? (?P<year>[12]\d{{3}})\b)?",
        _month_day,
    ),
    _rule(
        rf"\b({'|'.join(sorted(_DAYS, key=len, reverse=True))})\.?,? (?=(?:{'|'.join(_MONTHS)})\b)",
        lambda m: f"{_DAYS[m[1]]}, ",
    ),
    _rule(
        rf"{_START}(?P<hour>\d\d?)(?::(?P<minute>\d\d)(?::(?P<second>\d\d))?)(?: ?(?P<half>{_HALF}))?(?![\w:]|\.\d)",
        _clock,
        re.I,
    ),
    _rule(
        rf"{_START}(?P<hour>\d\d?)(?P<minute>)(?P<second>(?!))?(?: ?(?P<half>{_HALF}))(?!\w)",
        lambda m: f"{number(m['hour'])} {m['half'].replace('.', '').upper()}",
        re.I,
    ),
    _rule(r"([$€£¥]) ?(" + _NUMBER + r")( (?:thousand|million|billion))?(?!\d)", _money),
    _rule(rf"(?<![\w.,:/-])(?:v|V)?\d+(?:\.\d+){{2,}}{_END}", _dotted),
    _rule(r"\b([48])K\b", lambda m: f"{cardinal(int(m[1]))} K"),
    _rule(r"\bSt\. (?=[A-Z])", "Saint "),
    _rule(r"(?<=[a-z] )St\.?(?=$|[ ,.;])", "Street"),
    _rule(r"(?<=[a-z] )Dr\.(?=$|[,;])|(?<=[a-z] )Dr(?=$|[,.;])", "Drive"),
    _rule(r"\bNo\. ?(?=\d)", "number "),
    _rule(r"#(?=\d)", "number "),
    _rule(r"(?<![\w.])(?:" + "|".join(map(re.escape, _SHORT)) + r")(?!\w)", lambda m: _SHORT[m[0].casefold()], re.I),
    _rule(
        r"\b(PIN|ID|code|serial)( (?:is|number))?:? (\d{3,})\b", lambda m: f"{m[1]}{m[2] or ''} {digits(m[3])}", re.I
    ),
    _rule(r"(?<![\d.,])(\d+),(\d{1,2})(?![\d.,]*\d)", r"\1.\2"),
    _rule(
        rf"(?<![\w.,:/])(?P<sign>[-±])?(?P<low>{_NUMBER})(?: ?(?:-|–|to) ?(?P<high>{_NUMBER}))? ?(?P<unit>{_UNIT})(?![\w/°])",
        _measure,
    ),
    _rule(
        rf"{_START}({_NUMBER})(\d?)(?:st|nd|rd|th)\b",
        lambda m: ordinal(int(m[1].replace(",", ""))) if m[1].replace(",", "").isdecimal() else m[0],
    ),
    _rule(rf"{_START}(?:(\d+) )?(\d+)/(\d+){_END}", _fraction),
    _rule(r"(?<![\w-])(?:\+\d{1,3}[ -]?)?\d{3,4}-\d{3,4}(?:-\d{4})?(?![\w-])", lambda m: digits(m[0])),
    _rule(rf"{_START}(\d+(?:\.\d+)?) ?(?:-|–) ?(\d+(?:\.\d+)?){_END}", lambda m: f"{number(m[1])} to {number(m[2])}"),
    _rule(
        r"\b(in|since|from|until|by|of|year|before|after) ((?:1[1-9]|20)\d\d)(?!\w|[.,]\d)",
        lambda m: f"{m[1]} {year(int(m[2]))}",
        re.I,
    ),
    _rule(r"(?<![\w.])(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z\d]+(?:\.\d+)?(?!\w)", _named),
    _rule(rf"(?<![\w.,)])-(?={_NUMBER})", "minus "),
    _rule(rf"(?<!\d)(?<!\d[.,]){_NUMBER}(?!\d)", lambda m: number(m[0])),
    _rule(r"(?<=[a-z]):(?=[a-z])", " to "),
    _rule(r"(?<=\w) ?([=×÷]) ?(?=\w)", lambda m: {"=": " equals ", "×": " times ", "÷": " divided by "}[m[1]]),
    _rule(r"(?<=\w) ?\+ ?(?=\w)", " plus "),
)
