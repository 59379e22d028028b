"""Unit conversion: `how many millilitres are in two cups`, `70 fahrenheit in celsius`, `5 feet 11 inches in centimetres`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from edgevoice.home.model import Home
from edgevoice.messages import Intent
from edgevoice.skills.asks import numerals, wording
from edgevoice.skills.asks.wording import Answer, Moment


@dataclass(frozen=True, slots=True)
class Unit:
    """`value * factor + offset` is in the base unit of its kind."""

    kind: str
    one: str
    many: str
    factor: Fraction
    offset: Fraction = Fraction(0)


# Kind -> lines of: factor to the base unit, the unit's names (singular, plural, then others).
_TABLE: Mapping[str, str] = {
    "length": """1 metre metres meter meters m
        1/100 centimetre centimetres centimeter centimeters cm
        1/1000 millimetre millimetres millimeter millimeters mm
        1000 kilometre kilometres kilometer kilometers km k's
        0.0254 inch inches in
        0.3048 foot feet ft
        0.9144 yard yards yd
        1609.344 mile miles mi
        1852 nautical_mile nautical_miles""",
    "mass": """1 gram grams gramme grammes g
        1/1000 milligram milligrams mg
        1000 kilogram kilograms kilo kilos kg
        1000000 tonne tonnes metric_ton metric_tons
        907184.74 ton tons
        28.349523125 ounce ounces oz
        453.59237 pound pounds lb lbs
        6350.29318 stone stones""",
    "volume": """1 millilitre millilitres milliliter milliliters ml
        1000 litre litres liter liters l
        10 centilitre centilitres centiliter centiliters cl
        100 decilitre decilitres deciliter deciliters dl
        236.5882365 cup cups
        14.78676478125 tablespoon tablespoons tbsp
        4.92892159375 teaspoon teaspoons tsp
        29.5735295625 fluid_ounce fluid_ounces fl_oz
        473.176473 pint pints
        568.26125 imperial_pint imperial_pints british_pint british_pints
        946.352946 quart quarts
        3785.411784 gallon gallons
        4546.09 imperial_gallon imperial_gallons british_gallon british_gallons""",
    "time": """1 second seconds s
        60 minute minutes min
        3600 hour hours h
        86400 day days
        604800 week weeks
        1209600 fortnight fortnights
        31536000 year years""",
    "speed": """1 metre_per_second metres_per_second meters_per_second m/s
        5/18 kilometre_per_hour kilometres_per_hour kilometers_per_hour kilometres_an_hour kilometers_an_hour km/h kph
        0.44704 mile_per_hour miles_per_hour miles_an_hour mph
        463/900 knot knots""",
    "data": """1 byte bytes
        1000 kilobyte kilobytes kb
        1000000 megabyte megabytes mb
        1000000000 gigabyte gigabytes gb
        1000000000000 terabyte terabytes tb""",
    "energy": """1 joule joules
        1000 kilojoule kilojoules kj
        4.184 calorie calories
        4184 kilocalorie kilocalories kcal
        3600000 kilowatt_hour kilowatt_hours kwh""",
    "area": """1 square_metre square_metres square_meter square_meters
        0.09290304 square_foot square_feet
        10000 hectare hectares
        4046.8564224 acre acres
        1000000 square_kilometre square_kilometres square_kilometer square_kilometers""",
}


def _units() -> Mapping[str, Unit]:
    found: dict[str, Unit] = {}
    for kind, lines in _TABLE.items():
        for line in lines.splitlines():
            factor, *names = line.split()
            spoken = [name.replace("_", " ") for name in names]
            found |= dict.fromkeys(spoken, Unit(kind, spoken[0], spoken[1], Fraction(factor)))
    celsius = Unit("temperature", "degree Celsius", "degrees Celsius", Fraction(1))
    fahrenheit = Unit("temperature", "degree Fahrenheit", "degrees Fahrenheit", Fraction(5, 9), Fraction(-160, 9))
    kelvin = Unit("temperature", "kelvin", "kelvin", Fraction(1), Fraction("-273.15"))
    for unit, called in (
        (celsius, "celsius centigrade c °c"),
        (fahrenheit, "fahrenheit f °f"),
        (kelvin, "kelvin kelvins"),
    ):
        for name in called.split():
            found |= {name: unit, f"degrees {name}": unit, f"degree {name}": unit}
    return found


_UNITS = _units()
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_AMOUNT = rf"(?P<amount>.+? ?(?:{_UNIT}))"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"how (?:many|much) (?P<unit>{_UNIT}) (?:(?:is|are|does|do)(?: there)?|make|makes)(?: in| to| for)? {_AMOUNT}(?: have| make)?",
        rf"how (?:many|much) (?P<unit>{_UNIT}) (?:to|in|make|per) {_AMOUNT}",
        rf"(?:what is|what are|how much is|how much are|how (?:hot|cold|warm|long|far|tall|fast|heavy) is|convert|change|turn)? ?{_AMOUNT} (?:in|to|into|as) (?P<unit>{_UNIT})",
        rf"what is {_AMOUNT} (?:converted|expressed) (?:in|to|into) (?P<unit>{_UNIT})",
    )
)  # fmt: skip


def answer(home: Home, text: str, moment: Moment, mic_area: str | None = None) -> Answer | None:
    """`text` is plain."""
    text = re.sub(r"(?<=\d)(?=[a-z°])", " ", text)
    for pattern in _PATTERNS:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        wanted = _UNITS[found["unit"]]
        given = _amount(found["amount"].split(), wanted.kind)
        if given is None:
            continue
        said, base = given
        value = (base - wanted.offset) / wanted.factor
        intent = Intent("Convert", {"amount": said, "unit": wanted.many}, source="question")
        if wanted.kind != "temperature" and value < 0:
            return None
        told = _said(value)
        return Answer(intent, wording.capital(f"{told} {wanted.one if told == '1' else wanted.many}."))
    return None


def _amount(words: Sequence[str], kind: str) -> tuple[str, Fraction] | None:
    """One or more quantities of a kind that stand in a row, `5 feet 11 inches`, summed in its base unit."""
    total, at = Fraction(0), 0
    while at < len(words):
        if at and words[at] == "and":
            at += 1
        number = numerals.read(words, at)
        if number is None and at < len(words) and words[at] in ("a", "an", "the", "one"):
            number = Fraction(1), at + 1
        if number is None:
            return None
        value, at = number
        size = next((n for n in (3, 2, 1) if " ".join(words[at : at + n]) in _UNITS and at + n <= len(words)), 0)
        unit = _UNITS.get(" ".join(words[at : at + size]))
        if unit is None or unit.kind != kind:
            return None
        total, at = total + value * unit.factor + unit.offset, at + size
    return (" ".join(words), total) if words else None


def _said(value: Fraction) -> str:
    """Exact where that is short; else to a precision that can be heard."""
    short = numerals.say(value, 3)
    if not short.startswith("about"):
        return short
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    if 0 < abs(value) < Fraction(1, 100):
        places = 6
    return numerals.say(value, places)
