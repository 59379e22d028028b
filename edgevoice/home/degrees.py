"""Temperatures of devices that count in another unit than the people here: Celsius and Fahrenheit, both ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edgevoice.home.capabilities import number
from edgevoice.home.ha_parts import STATE, Found, Parts, Reader, Writer, json_attributes
from edgevoice.home.ha_templates import Payload
from edgevoice.home.model import State
from edgevoice.messages import Value

_DEGREES = frozenset({"temperature", "current_temperature", "min_temp", "max_temp"})
_BOUNDS = frozenset({"min", "max"})


def converted(parts: Parts, domain: str, unit: str, wanted: str) -> Parts:
    """The parts of a device that counts in `unit`, counting in `wanted`: °C or °F."""
    here, there = (celsius, fahrenheit) if wanted == "°C" else (fahrenheit, celsius)
    names = _DEGREES if domain == "climate" else _DEGREES | {STATE}
    found = Parts(
        [_reader(reader, names, here) for reader in parts.readers],
        {
            name: _writer(write, there) if name in ("temperature", "value") else write
            for name, write in parts.writers.items()
        },
        dict(_shifted(parts.attributes, _DEGREES | _BOUNDS, here)),
        dict(parts.capabilities),
    )
    step = number(found.attributes.get("target_temp_step"))
    if step is not None:
        found.attributes["target_temp_step"] = round(step * (5 / 9 if wanted == "°C" else 1.8), 2)
    for name in ("value", "temperature"):
        if name in found.capabilities:
            bounds = found.capabilities[name]
            low, high = (None if end is None else here(end) for end in (bounds.minimum, bounds.maximum))
            found.capabilities[name] = replace(bounds, minimum=low, maximum=high)
    return found


def celsius(degrees: float) -> float:
    """Of degrees Fahrenheit."""
    return round((degrees - 32) / 1.8, 1)


def fahrenheit(degrees: float) -> float:
    """Of degrees Celsius."""
    return round(degrees * 1.8 + 32, 1)


def _reader(reader: Reader, names: frozenset[str], here: Callable[[float], float]) -> Reader:
    if reader.decode is json_attributes:
        return reader

    def decode(payload: Payload) -> Found:
        return _shifted(reader.decode(payload), names, here)

    return Reader(reader.topic, reader.template, decode)


def _shifted(found: Found, names: frozenset[str], here: Callable[[float], float]) -> dict[str, Value]:
    shifted = dict(found)
    for name in names & found.keys():
        degrees = number(found[name])
        if degrees is not None:
            shifted[name] = f"{here(degrees):g}" if name == STATE else here(degrees)
    return shifted


def _writer(write: Writer, there: Callable[[float], float]) -> Writer:
    def encode(value: Value, state: State) -> list[tuple[str, str]]:
        degrees = number(value)
        return list(write(value if degrees is None else there(degrees), state))

    return encode
