"""Units as they are written and as they are said. `NAMES` has `watt(s)` for `W`; `foot/feet` where a word bends."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgevoice.tts.numbers import counted

_PREFIXES = {
    "n": "nano", "µ": "micro", "m": "milli", "c": "centi", "h": "hecto",
    "k": "kilo", "M": "mega", "G": "giga", "T": "tera",
}  # fmt: skip
# Each with the prefixes that are in use: others would read what is no unit as one.
_PREFIXED = {
    "W": ("watt(s)", "mkMG"),
    "Wh": ("watt hour(s)", "kMG"),
    "V": ("volt(s)", "mk"),
    "A": ("ampere(s)", "m"),
    "Ah": ("ampere hour(s)", "m"),
    "VA": ("volt ampere(s)", "k"),
    "var": ("var(s)", "k"),
    "Ω": ("ohm(s)", "kM"),
    "Hz": ("hertz", "kMG"),
    "Pa": ("pascal(s)", "hkM"),
    "bar": ("bar", "m"),
    "J": ("joule(s)", "kM"),
    "cal": ("calorie(s)", "k"),
    "N": ("newton(s)", "k"),
    "Bq": ("becquerel(s)", "k"),
    "m": ("meter(s)", "nµmck"),
    "g": ("gram(s)", "µmk"),
    "L": ("liter(s)", "mc"),
    "l": ("liter(s)", "mc"),
    "s": ("second(s)", "nµm"),
    "bit": ("bit(s)", "kMG"),
}
_PLAIN = {
    "kB": "kilobyte(s)",
    "MB": "megabyte(s)",
    "GB": "gigabyte(s)",
    "TB": "terabyte(s)",
    "%": "percent",
    "°C": "degree(s) Celsius",
    "°F": "degree(s) Fahrenheit",
    "°": "degree(s)",
    "deg": "degree(s)",
    "K": "kelvin",
    "lx": "lux",
    "lm": "lumen(s)",
    "ct": "cent(s)",
    "psi": "P S I",
    "inHg": "inch/inches of mercury",
    "mmHg": "millimeter(s) of mercury",
    "ppm": "part(s) per million",
    "ppb": "part(s) per billion",
    "dB": "decibel(s)",
    "dBA": "decibel(s)",
    "dBm": "D B M",
    "BTU": "B T U",
    "mi": "mile(s)",
    "ft": "foot/feet",
    "″": "inch/inches",
    "′": "foot/feet",
    "yd": "yard(s)",
    "yds": "yard(s)",
    "kmh": "kilometer(s) per hour",
    "mph": "mile(s) per hour",
    "lb": "pound(s)",
    "lbs": "pound(s)",
    "oz": "ounce(s)",
    "t": "ton(s)",
    "gal": "gallon(s)",
    "tbsp": "tablespoon(s)",
    "tsp": "teaspoon(s)",
    "sec": "second(s)",
    "secs": "second(s)",
    "min": "minute(s)",
    "mins": "minute(s)",
    "h": "hour(s)",
    "hr": "hour(s)",
    "hrs": "hour(s)",
    "d": "day(s)",
    "wk": "week(s)",
    "wks": "week(s)",
    "mo": "month(s)",
    "yr": "year(s)",
    "yrs": "year(s)",
    "KB": "kilobyte(s)",
    "KiB": "kibibyte(s)",
    "MiB": "mebibyte(s)",
    "GiB": "gibibyte(s)",
    "TiB": "tebibyte(s)",
    "kbps": "kilobit(s) per second",
    "Mbps": "megabit(s) per second",
    "Gbps": "gigabit(s) per second",
    "rpm": "revolution(s) per minute",
    "m2": "square meter(s)",
    "m3": "cubic meter(s)",
    "cm3": "cubic centimeter(s)",
    "km2": "square kilometer(s)",
    "ft2": "square foot/feet",
    "ft3": "cubic foot/feet",
}


def _names() -> Iterator[tuple[str, str]]:
    yield from _PLAIN.items()
    for unit, (name, prefixes) in _PREFIXED.items():
        yield unit, name
        for prefix in prefixes:
            yield prefix + unit, _PREFIXES[prefix] + name


NAMES = dict(_names())


def _any(units: list[str]) -> str:
    return "|".join(sorted(map(re.escape, units), key=len, reverse=True))


_PER = ["s", "min", "h", "d", "m2", "m3", "kWh", "Wh", "MWh", "L", "l", "kg", "km", "m", "ft2", "yr", "wk", "W"]
PER = rf"(?:/(?P<per>{_any(_PER)}))"
ONE = rf"(?P<unit>{_any(list(NAMES))}){PER}?(?![\w/°]|\.\w)"
"""A pattern of what stands behind a number."""
_SURE = [unit for unit in NAMES if len(unit) > 1 and not (unit.isalpha() and unit[1:] == unit[1:].lower())]
ALONE = rf"(?<![\w./°])(?:(?P<unit>%|{_any(_SURE)}){PER}?|(?P<unit_of>{_any(list(NAMES))})/(?P<per_of>m[23]|kWh|h|s|min))(?![\w/°-])"
"""A pattern of what is a unit without a number, too: `kWh`, `m/s`, and no word."""


def said(unit: str, per: str | None, is_one: bool) -> str:
    """`cubic meters per hour` of `m3` and `h`."""
    return counted(NAMES[unit], is_one) + (f" per {counted(NAMES[per], True)}" if per else "")
