"""Written English as it is read aloud: numbers, units, times, dates, money, ranges, names with figures, short forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from edgevoice.tts import units
from edgevoice.tts.numbers import cardinal, counted, decade, digits, number, ordinal, year

_TITLES = {"Dr": "doctor", "Mr": "mister", "Mrs": "missus", "Ms": "miz", "Prof": "professor", "St": "Saint"}
_SHORT = {
    "jr.": "junior", "sr.": "senior", "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs.": "versus",
    "approx.": "approximately", "incl.": "including", "ca.": "about", "&": "and", "w/o": "without", "w/": "with",
    "inc.": "incorporated", "ltd.": "limited", "ave.": "Avenue", "blvd.": "Boulevard", "rd.": "Road",
}  # fmt: skip
_COUNTED = {
    "no": "number",
    "p": "page",
    "pp": "pages",
    "ch": "chapter",
    "fig": "figure",
    "vol": "volume",
    "min": "minimum",
    "max": "maximum",
}
_ROMAN = {
    "II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "XI": 11, "XII": 12, "XIV": 14, "XVI": 16,
}  # fmt: skip
_TOP_LEVELS = "com|org|net|edu|gov|io|dev|app|eu|uk|de|fr|nl|local|lan|home|internal"
_MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
_MONTH = r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
_DAYS = {
    day[:3]: day for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
} | {"Tues": "Tuesday", "Thur": "Thursday", "Thurs": "Thursday"}  # fmt: skip
_MONEY = {
    "$": ("dollar(s)", "cent(s)"), "€": ("euro(s)", "cent(s)"), "£": ("pound(s)", "penny/pence"), "¥": ("yen", ""),
    "₹": ("rupee(s)", ""), "₩": ("won", ""), "¢": ("cent(s)", ""), "CHF": ("franc(s)", ""), "US$": ("dollar(s)", "cent(s)"),
} | {"USD": ("dollar(s)", "cent(s)"), "EUR": ("euro(s)", "cent(s)"), "GBP": ("pound(s)", "penny/pence")}  # fmt: skip
_BIG = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion"}
_COMPARED = {
    "<": "under ",
    ">": "over ",
    "≤": "at most ",
    "≥": "at least ",
    "~": "about ",
    "≈": "about ",
    "±": "plus or minus ",
}
_PARTS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_START, _END = r"(?<![\w.,:/-])", r"(?![\w/]|[.,:-]\d)"


def words(text: str) -> str:
    """`text` with figures and short forms as words."""
    text = re.sub(r"\u2212|(?<!\d )(?<![\w)])–(?=\d)", "-", text.replace("\u2044", "/"))
    for pattern, spoken in _RULES:
        text = pattern.sub(spoken, text)
    return text


# --- addresses, codes -------------------------------------------------------------------------------------------------


def _address(found: re.Match[str]) -> str:
    """`example dot com slash path`; what asks, after `?` or `#`, is left out, and figures with dots are left as they are."""
    said = re.sub(r"^https?://", "", re.split(r"[?#]", found[0])[0]).rstrip("/")
    for sign, word in ((r"\.(?=\D)|(?<=\D)\.", "dot"), ("/", "slash"), ("@", "at"), ("_", "underscore"), ("-", "dash")):
        said = re.sub(sign, f" {word} ", said)
    return said


def _dotted(found: re.Match[str]) -> str:
    """`1.2.3`, `v1.2`, `192.168.1.10:8123`: versions and addresses."""
    said = " dot ".join(_code(part) for part in found["parts"].split("."))
    said += (
        f" port {_code(found['port'])}" if found["port"] else f" slash {_code(found['net'])}" if found["net"] else ""
    )
    return f"version {said}" if found["version"] else said


def _code(figures: str) -> str:
    is_year = len(figures) == 4 and figures[:2] in ("19", "20")
    return year(int(figures)) if is_year else number(figures) if len(figures) < 3 else digits(figures)


def _figures(written: str) -> str:
    """One by one, as of a telephone number."""
    groups = ", ".join(digits(group) for group in re.findall(r"\d+", written))
    return f"plus {groups}" if written.startswith("+") else groups


def _named(found: re.Match[str]) -> str:
    """`A4B2`, `CO2`, `PM2.5`, `Zigbee2MQTT`: letters in capitals one by one, figures as digits where they are many."""
    said = []
    for part in re.findall(r"[A-Z]+(?![a-z])|[A-Za-z]+|\d+(?:\.\d+)?", found[0]):
        if part[0].isdecimal():
            said.append(number(part) if len(part.partition(".")[0]) < 3 and part[0] != "0" else digits(part))
        else:
            said.append(" ".join(part) if part.isupper() or len(part) == 1 else part)
    return re.sub(r"\bA ", "A-", " ".join(said))  # "A" alone is read as the article


# --- times and dates --------------------------------------------------------------------------------------------------


def _clock(found: re.Match[str]) -> str:
    hour, minute, second, half = int(found["hour"]), found["minute"], found.groupdict().get("second"), found["half"]
    if hour > 24 or int(minute or 0) > 59:
        return found[0]
    after = f" {half.replace('.', '').upper()}" if half else ""
    if second is not None:
        counts = ((hour, "hour(s)"), (int(minute), "minute(s)"), (int(second), "second(s)"))
        said = [f"{cardinal(n)} {counted(name, n == 1)}" for n, name in counts if n]
        return " ".join(said) or "zero seconds"
    if minute is None or minute == "00":
        if after:
            return cardinal(hour) + after
        return (
            "midnight" if hour % 24 == 0 else f"{cardinal(hour)} o'clock" if hour < 13 else f"{cardinal(hour)} hundred"
        )
    if hour == 0:
        hour, after = 12, after or " AM"
    past = f"oh {cardinal(int(minute))}" if minute[0] == "0" else cardinal(int(minute))
    return f"{cardinal(hour)} {past}{after}"


def _iso_date(found: re.Match[str]) -> str:
    try:
        day = date.fromisoformat(found["date"])
    except ValueError:
        return found[0]
    at = f" at {found['time']}{' UTC' if found['zone'] == 'Z' else ''}" if found["time"] else ""
    return f"{_MONTHS[day.month - 1]} {ordinal(day.day)}, {year(day.year)}{at}"


def _numbered_date(found: re.Match[str]) -> str:
    """With slashes month first, as Americans write, unless it cannot be one; with dots day first."""
    first, second, written = int(found[1]), int(found[3]), found[4]
    month, day = (first, second) if found[2] == "/" and first <= 12 else (second, first)
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


def _days(found: re.Match[str]) -> str:
    said = re.sub(r" ?[-–] ?", " to ", found[0])
    return re.sub(rf"\b({_DAY})\b\.?", lambda day: _DAYS[day[1]], said)


# --- amounts ----------------------------------------------------------------------------------------------------------


def _money(found: re.Match[str]) -> str:
    one, cent = _MONEY[found["sign"]]
    written, per = found["amount"], f" per {units.said(found['per'], None, True)}" if found["per"] else ""
    whole, _, rest = written.replace(",", "").partition(".")
    big = (found["big"] or "").strip()
    if big or (rest and len(rest) != 2) or not cent:
        big = f"{_BIG.get(big.casefold(), big)} " if big else ""
        return (
            f"{_sign(found['minus'])}{number(written)} {big}{counted(one, not big and whole == '1' and not rest)}{per}"
        )
    said = [f"{cardinal(int(whole))} {counted(one, int(whole) == 1)}"] if int(whole) or not int(rest or 0) else []
    if int(rest or 0):
        said.append(f"{cardinal(int(rest))} {counted(cent, int(rest) == 1)}")
    return _sign(found["minus"]) + " and ".join(said) + per


def _sign(written: str | None) -> str:
    return {"-": "minus ", "+": "plus ", "±": "plus or minus "}.get(written or "", "")


def _is_name(found: re.Match[str]) -> bool:
    """Does it follow a word in capitals, such as `Room 1A`?"""
    return re.search(r"\b[A-Z]\w* $", found.string[: found.start()]) is not None


def _measure(found: re.Match[str]) -> str:
    low, high, unit = found["low"], found["high"], found["unit"]
    if unit in _LETTERS and not found["gap"] and "." not in low and _is_name(found):
        return found[0]
    said = number(low) + (f" to {number(high)}" if high else "")
    return f"{_sign(found['sign'])}{said} {units.said(unit, found['per'], low == '1' and not high)}"


def _degrees(found: re.Match[str]) -> str:
    return found[0] if _is_name(found) and "." not in found[1] else f"{found[1]} °{found[2]}"


def _alone(found: re.Match[str]) -> str:
    unit, per = (found["unit"], found["per"]) if found["unit"] else (found["unit_of"], found["per_of"])
    return units.said(unit, per, False)


def _fraction(found: re.Match[str]) -> str:
    whole, top, bottom = found[1], int(found[2]), int(found[3])
    if (top, bottom) == (24, 7):
        return "twenty-four seven"
    if not 1 <= top < bottom <= 20:
        return f"{number(whole) + ' ' if whole else ''}{number(found[2])} over {number(found[3])}"
    one, many = _PARTS.get(bottom) or (ordinal(bottom), f"{ordinal(bottom)}s")
    if whole is None:
        return f"{cardinal(top)} {one if top == 1 else many}"
    return f"{cardinal(int(whole))} and {('a' if top == 1 else cardinal(top))} {one if top == 1 else many}"


def _power(exponent: int) -> str:
    known = {2: " squared", 3: " cubed"}.get(exponent)
    return known or f" to the power of {'minus ' if exponent < 0 else ''}{number(str(abs(exponent)))}"


def _inch(found: re.Match[str]) -> str:
    """A quotation mark that closes none."""
    return '"' if found.string[: found.start()].count('"') % 2 else "″"


# --- the rules --------------------------------------------------------------------------------------------------------


def _rule(
    pattern: str, spoken: Callable[[re.Match[str]], str] | str, flags: int = 0
) -> tuple[re.Pattern[str], Callable[[re.Match[str]], str]]:
    made = (lambda found: found.expand(spoken)) if isinstance(spoken, str) else spoken
    return re.compile(pattern, flags), made


_HALF = r"[ap]\.m\.|[ap]\.?m\b"
_DAY = "|".join(sorted((*_DAYS, *_DAYS.values()), key=len, reverse=True))
_DAYS |= {day: day for day in _DAYS.values()}
_LETTERS = frozenset("AJNd")
"""Units that may be the end of a name: `Room 1A`."""
_CURRENCY = "|".join(sorted(map(re.escape, _MONEY), key=len, reverse=True))
_AMOUNT = r"(?P<amount>\d+(?:,\d{3})*(?:\.\d+)?)(?P<big> ?(?:thousand|million|billion|k|K|M|bn|m)\b)?(?![\d,.]*\d)"
# In this order: what is more than a number comes before it.
_RULES = (
    _rule(
        rf"\bhttps?://\S*[\w/]|\bwww\.\S*[\w/]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[\w-]+(?:\.[\w-]+)*\.(?:{_TOP_LEVELS})\b(?:[/:][\w./:-]*\w)?",
        _address,
    ),
    # What groups figures, and the comma of a fraction.
    _rule(r"(?<![\w.])\.(?=\d)", "0."),
    _rule(r"(?<![\d.,])\d{1,3}(?:\.\d{3})+,\d{1,2}(?![\d.,]*\d)", lambda m: m[0].replace(".", "").replace(",", ".")),
    _rule(r"(?<![\d.,])\d{1,3}(?:(?: \d{3}){2,}|(?:['’]\d{3})+)(?![\d.,]*\d)", lambda m: re.sub(r"\D", "", m[0])),
    _rule(r"(?<![\d.,])\d{1,2}(?:,\d{1,2}){2,}(?![\d,.]*\d)", lambda m: m[0].replace(",", ", ")),
    _rule(r"(?<![\d.,])(\d+),(\d{1,2})(?![\d.,]*\d)", r"\1.\2"),
    # Dates and times.
    _rule(
        rf"{_START}(?P<date>\d{{4}}-\d\d-\d\d)(?:(?:T|,? )(?P<time>\d\d?:\d\d)(?::\d\d(?:\.\d+)?)?(?P<zone>Z\b|[+-]\d\d:?\d\d)?)?(?!\d)",
        _iso_date,
    ),
    _rule(rf"{_START}(\d\d?)(/)(\d\d?)/(\d{{4}}|\d\d){_END}", _numbered_date),
    _rule(rf"{_START}(\d\d?)(\.)(\d\d?)\.([12]\d{{3}}){_END}", _numbered_date),
    _rule(rf"\b(?P<month>{_MONTH})\.? (?P<day>\d\d?)(?:st|nd|rd|th)?(?:,? (?P<year>[12]\d{{3}}))?{_END}", _month_day),
    _rule(
        rf"(?:\b[Tt]he )?{_START}(?P<day>\d\d?)(?:st|nd|rd|th)?(?: of)? (?P<month>{_MONTH})\b\.?(?:,? (?P<year>[12]\d{{3}})\b)?",
        _month_day,
    ),
    _rule(rf"\b(?:{_DAY})\b\.?(?: ?(?:[-–,&/]|and|to) ?(?:{_DAY})\b\.?)+", _days),
    _rule(rf"\b({_DAY})\b\.?,? (?=(?:{'|'.join(_MONTHS)})\b)", lambda m: f"{_DAYS[m[1]]}, "),
    _rule(r"\b(Mon|Tues?|Thu(?:rs?)?|Fri)\b\.?", lambda m: _DAYS[m[1]]),
    _rule(
        rf"(?<![\w:.,-])(\d\d?(?::\d\d)?(?: ?(?:{_HALF}))?) ?[-–—] ?(?=\d\d?(?::\d\d(?!\d)| ?(?:{_HALF})))",
        r"\1 to ",
        re.I,
    ),
    _rule(rf"(?<![\w.,:/])(?P<hour>\d\d?)\.(?P<minute>[0-5]\d) ?(?P<half>{_HALF})(?!\w)", _clock, re.I),
    _rule(
        rf"{_START}(?P<hour>\d\d?)(?::(?P<minute>\d\d)(?::(?P<second>\d\d))?)(?: ?(?P<half>{_HALF}))?(?![\w:]|\.\d)",
        _clock,
        re.I,
    ),
    _rule(rf"{_START}(\d\d?) ?({_HALF})(?!\w)", lambda m: f"{number(m[1])} {m[2].replace('.', '').upper()}", re.I),
    # Money, codes.
    _rule(rf"({_CURRENCY}) ?-(?=\d)", r"-\1"),
    _rule(rf"(?<![\w.,:/])(?P<minus>-)?(?P<sign>{_CURRENCY}) ?{_AMOUNT}(?:{units.PER}(?!\w))?", _money),
    _rule(rf"(?<![\w.,:/])(?P<minus>-)?{_AMOUNT} ?(?P<sign>{_CURRENCY}){units.PER}?(?!\w)", _money),
    _rule(
        rf"(?<![\w.,:/-])(?:(?P<version>[vV]\.? ?|[vV]ersion )(?=\d+\.)|(?=\d+\.\d+\.\d))(?P<parts>\d+(?:\.\d+)+)(?::(?P<port>\d+)|/(?P<net>\d+))?{_END}",
        _dotted,
    ),
    _rule(
        r"\b(PIN|ID|code|serial)( (?:is|number))?:? (\d{3,}(?:-\d+)*)\b",
        lambda m: f"{m[1]}{m[2] or ''} {_figures(m[3])}",
        re.I,
    ),
    _rule(
        r"(?<![\w.,-])(?:\+\d[\d ()/-]{5,}\d|\(\d{2,5}\)[ -]?\d[\d -]{3,}\d|(?:1-)?\d{3}-\d{3}-\d{4}|[2-9]\d\d-\d{4}|0\d{2,4}[ /-]\d{5,8})(?![\w-])",
        lambda m: _figures(m[0]),
    ),
    # Short forms.
    _rule(r"\b((?:1[1-9]|20)\d0)s\b", lambda m: decade(int(m[1]))),
    _rule(r"(?:(\bthe )|['’])([2-9]0)s\b", lambda m: f"{m[1] or ''}{decade(int(m[2]))}"),
    _rule(r"\b([48])K\b", lambda m: f"{cardinal(int(m[1]))} K"),
    _rule(r"(?<![\w.])(\d{1,3}(?:\.\d+)?)[kK]\b", r"\1 thousand"),
    _rule(r"(?<=[a-z] )St\.?(?=$|[ ,.;])(?! [A-Z])", "Street"),
    _rule(r"(?<=[a-z] )Dr\.(?=$|[,;])|(?<=[a-z] )Dr(?=$|[,.;])", "Drive"),
    _rule(r"\b(Dr|Mrs?|Ms|Prof)\b\.? (?=[A-ZÀ-Þ])|\b(St)\. (?=[A-Z])", lambda m: f"{_TITLES[m[1] or m[2]]} "),
    _rule(rf"\b({'|'.join(_COUNTED)})\. ?(?=\d)", lambda m: f"{_COUNTED[m[1].casefold()]} ", re.I),
    _rule(r"#(?=\d| of\b)", "number "),
    _rule(r"(?<![\w.])(?:" + "|".join(map(re.escape, _SHORT)) + r")(?!\w)", lambda m: _SHORT[m[0].casefold()], re.I),
    _rule(r"\b(?:[A-Z]\.){2,}(?=(\s+[a-z])?)", lambda m: " ".join(re.findall(r"[A-Z]", m[0])) + ("" if m[1] else ".")),
    _rule(r"(^|\b[A-Z][a-z]+ )([A-Z])\. (?=[A-Z][a-z])", r"\1\2 "),
    _rule(rf"\b(?!The\b|An?\b)([A-Z][a-z]+) ({'|'.join(_ROMAN)})\b", lambda m: f"{m[1]} {cardinal(_ROMAN[m[2]])}"),
    _rule(r"(?<=\d)\"(?!\w)", _inch),
    # Measures.
    _rule(r"(?<![^\s(])([<>≤≥~≈]) ?(?=[-$€£]?\d)", lambda m: _COMPARED[m[1]]),
    _rule(r"(?<=\d) ?± ?(?=\d)", " plus or minus "),
    _rule(r"(?<=\d)\^ ?\(?(-?\d{1,4})\)?(?!\d)", lambda m: _power(int(m[1]))),
    _rule(r"(?<![\w.])(\d+(?:\.\d+)?)[eE]([+-]?\d{1,3})\b", lambda m: f"{m[1]} times ten{_power(int(m[2]))}"),
    _rule(r"(?<![\w.])(\d{2,}(?=[CF])|\d+\.\d+)(?: ?)([CF])\b", _degrees),
    _rule(r"\bdegrees? ([CF])\b", lambda m: f"degrees {'Celsius' if m[1] == 'C' else 'Fahrenheit'}"),
    _rule(r"(?<=[°%CF]) ?[-–] ?(?=\d)", " to "),
    _rule(
        rf"(?<![\w.,:/])(?P<sign>[-+±])?(?P<low>{_NUMBER})(?: ?(?:-|–|to) ?(?P<high>{_NUMBER}))?(?P<gap> ?){units.ONE}",
        _measure,
    ),
    _rule(units.ALONE, _alone),
    # Numbers.
    _rule(
        rf"(?<![\w.,:-])({_NUMBER})(\d?)(?:st|nd|rd|th)\b",
        lambda m: ordinal(int(m[1].replace(",", ""))) if m[1].replace(",", "").isdecimal() else m[0],
    ),
    _rule(rf"{_START}(?:(\d+) )?(\d+)/(\d+){_END}", _fraction),
    _rule(r"(?<=\d) / (?=\d)", " divided by "),
    _rule(r"\b((?:1[1-9]|20)\d\d) ?[-–] ?((?:1[1-9]|20)\d\d)\b", lambda m: f"{year(int(m[1]))} to {year(int(m[2]))}"),
    _rule(rf"{_START}(\d+(?:\.\d+)?) ?(?:-|–) ?(\d+(?:\.\d+)?){_END}", lambda m: f"{number(m[1])} to {number(m[2])}"),
    _rule(
        r"\b(in|since|from|until|by|of|year|before|after) ((?:1[1-9]|20)\d\d)(?!\w|[.,]\d)",
        lambda m: f"{m[1]} {year(int(m[2]))}",
        re.I,
    ),
    _rule(r"(?<=\d) ?\* ?(?=\d)|(?<=\d)x(?=\d)|(?<=\d) x (?=\d)", " times "),
    _rule(r"(?<![\w.])(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z\d]+(?:\.\d+)?(?!\w)", _named),
    _rule(r"(\.\d+)(?=[A-Za-z])", r"\1 "),
    _rule(rf"(?<![\w.,)])([-+±]) ?(?={_NUMBER})", lambda m: _sign(m[1])),
    _rule(rf"(?<!\d)(?<!\d[.,]){_NUMBER}(?!\d)", lambda m: number(m[0])),
    _rule(r"\d+", lambda m: f" {number(m[0])} "),
    _rule(r"(?<=[a-z]):(?=[a-z])", " to "),
    _rule(r"(?<=\w) ?([=×÷]) ?(?=\w)", lambda m: {"=": " equals ", "×": " times ", "÷": " divided by "}[m[1]]),
    _rule(r"(?<=\w) ?\+ ?(?=\w)", " plus "),
)
