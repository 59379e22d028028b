"""Kinds of things and the states they can be in, as questions and conditions name them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from edgevoice.home.appliance import ABSENT
from edgevoice.home.capabilities import number
from edgevoice.home.model import Device, Home
from edgevoice.skills.asks import wording
from edgevoice.skills.settings import OFF

_OPENINGS = frozenset({"door", "garage_door", "window", "opening", "garage", "gate"})
_SHADES = frozenset({"blind", "shade", "curtain", "shutter", "awning", "damper"})
_SWITCHED = frozenset({"light", "switch", "fan", "media_player", "climate", "input_boolean", "humidifier", "siren"})
_DONE = frozenset({"off", "idle", "done", "finished", "complete", "completed", "end", "ended", "ready", "standby"})
_LOW_BATTERY = 20.0  # percent

Test = Callable[[Device, str], bool | None]
"""Of a device and one of its states."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`one` and `many` are its words, the first of each is said."""

    one: tuple[str, ...]
    many: tuple[str, ...]
    has: Callable[[Device], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """A state as it is spoken of. `test` is None for a device that cannot be in it."""

    said: str
    test: Test

    def holds(self, home: Home, device: Device) -> bool | None:
        """Whether it is so now; None also where nobody knows."""
        held = home.state(device.id).value
        return None if held in ABSENT else self.test(device, held)


def _of(domain: str, classes: Iterable[str] = ()) -> Callable[[Device], bool]:
    wanted = frozenset(classes)
    return lambda device: device.domain == domain and (not wanted or device.device_class in wanted)


def _is_opening(*classes: str) -> Callable[[Device], bool]:
    """Covers and sensors of these classes, and what only says so by its name."""

    def has(device: Device) -> bool:
        if device.domain not in ("cover", "binary_sensor", "lock"):
            return False
        if device.device_class is None:
            return any(word in device.name.casefold() for word in classes)
        return device.device_class in classes

    return has


_DOORS = _is_opening("door", "garage_door", "garage", "gate")
THINGS = Kind(("thing",), ("things", "devices"), lambda device: device.device_class not in _SHADES)
KINDS: tuple[Kind, ...] = (
    Kind(("light", "lamp"), ("lights", "lamps", "lighting"), _of("light")),
    Kind(("switch", "plug", "outlet"), ("switches", "plugs", "outlets"), _of("switch")),
    Kind(("fan",), ("fans",), _of("fan")),
    Kind(("lock",), ("locks",), _of("lock")),
    Kind(("garage door", "garage"), ("garage doors",), _is_opening("garage", "garage_door")),
    Kind(("gate",), ("gates",), _is_opening("gate")),
    Kind(("door",), ("doors",), lambda device: device.domain == "lock" or _DOORS(device)),
    Kind(("window",), ("windows",), _is_opening("window")),
    Kind(("blind", "shade"), ("blinds", "shades"), _of("cover", ("blind", "shade"))),
    Kind(("curtain",), ("curtains", "drapes"), _of("cover", ("curtain",))),
    Kind(("shutter",), ("shutters",), _of("cover", ("shutter",))),
    Kind(("valve",), ("valves",), _of("valve")),
    Kind(("tv", "television"), ("tvs", "televisions"), _of("media_player", ("tv",))),
    Kind(("player", "speaker"), ("players", "speakers", "media players"), _of("media_player")),
    Kind(("thermostat", "heater"), ("thermostats", "heaters"), _of("climate")),
    Kind(("battery",), ("batteries",), lambda device: device.device_class == "battery"),
    Kind(("person",), ("people", "persons"), _of("person")),
    THINGS,
)


def kind(word: str) -> Kind | None:
    """The kind that a word, singular or plural, names."""
    return next((one for one in KINDS if word in one.one or word in one.many), None)


def _is(values: Iterable[str], domains: Iterable[str]) -> Test:
    """For devices of these domains."""
    wanted, able = frozenset(values), frozenset(domains)
    return lambda device, held: held in wanted if device.domain in able else None


def _open(device: Device, held: str) -> bool | None:
    if device.domain == "binary_sensor":
        return held == "on" if device.device_class in _OPENINGS else None
    return held in ("open", "opening", "closing") if device.domain in ("cover", "valve") else None


def _unlocked(device: Device, held: str) -> bool | None:
    if device.domain == "binary_sensor":
        return held == "on" if device.device_class == "lock" else None
    return held != "locked" if device.domain == "lock" else None


def _on(device: Device, held: str) -> bool | None:
    return held not in OFF if device.domain in _SWITCHED else None


def _running(device: Device, held: str) -> bool | None:
    match device.domain:
        case "vacuum":
            return held in ("cleaning", "returning")
        case "lawn_mower":
            return held == "mowing"
        case "switch":
            return held == "on"
        case "binary_sensor":
            return held == "on" if device.device_class in ("running", "power", None) else None
        case "sensor":
            return held.casefold() not in _DONE if number(held) is None else None
    return None


def _low(device: Device, held: str) -> bool | None:
    if device.device_class != "battery":
        return None
    level = number(held)
    return held == "on" if level is None else level <= _LOW_BATTERY


def _motion(device: Device, held: str) -> bool | None:
    return held == "on" if device.device_class in ("motion", "occupancy", "presence") else None


def _at_home(device: Device, held: str) -> bool | None:
    return held == "home" if device.domain == "person" else None  # elsewhere, the state is the place's name


def _not(test: Test) -> Test:
    def opposite(device: Device, held: str) -> bool | None:
        found = test(device, held)
        return None if found is None else not found

    return opposite


_PAIRS: tuple[tuple[str, str, Test, str], ...] = (
    ("open", "closed", _open, "shut"),
    ("unlocked", "locked", _unlocked, ""),
    ("on", "off", _on, ""),
    ("running", "done", _running, "finished ready"),
    ("playing", "not playing", _is(["playing"], ["media_player"]), ""),
    ("paused", "not paused", _is(["paused"], ["media_player"]), ""),
    ("detecting motion", "quiet", _motion, ""),
    ("low", "full", _low, "charged fine"),
    ("home", "away", _at_home, "out"),
)


def _conditions() -> Mapping[str, Condition]:
    found: dict[str, Condition] = {}
    for yes, no, test, more in _PAIRS:
        positive, negative = Condition(yes, test), Condition(no, _not(test))
        found |= {yes: positive, f"not {no}": positive, no: negative, f"not {yes}": negative}
        found |= dict.fromkeys(more.split(), negative) | {f"not {word}": positive for word in more.split()}
    return found


def meant(home: Home, phrase: str, wanted: Condition) -> tuple[Device, ...]:
    """The devices that a phrase names and that can be in such a state; else all of that kind: "the door"."""
    named = tuple(one for one in wording.called(home, phrase) if wanted.holds(home, one) is not None)
    if named:
        return named
    about = kind(re.sub(r"^(?:the|my|our|a|any) ", "", phrase))
    found = about and tuple(one for one in home.exposed() if about.has(one) and wanted.holds(home, one) is not None)
    return found or ()


CONDITIONS = _conditions()
"""By the words that name it: `open`, `shut`, `not locked`."""
STATE = "|".join(sorted(CONDITIONS, key=len, reverse=True))
"""A pattern of them."""
OPPOSITE: Mapping[str, str] = {a: b for yes, no, *_ in _PAIRS for a, b in ((yes, no), (no, yes))}
