"""What a reading measures, told by its name: Home Assistant's device classes."""

from __future__ import annotations

from collections.abc import Mapping

_CLASSES: Mapping[str, str] = {
    "battery": "battery",
    "carbondioxide": "carbon_dioxide",
    "co2": "carbon_dioxide",
    "current": "current",
    "energy": "energy",
    "frequency": "frequency",
    "gas": "gas",
    "humidity": "humidity",
    "illuminance": "illuminance",
    "illuminance_lux": "illuminance",
    "pm10": "pm10",
    "pm25": "pm25",
    "power": "power",
    "pressure": "pressure",
    "soil_moisture": "moisture",
    "temperature": "temperature",
    "today": "energy",
    "total": "energy",
    "voc": "volatile_organic_compounds",
    "voltage": "voltage",
    "water": "water",
}
_UNITS: Mapping[str, str] = {
    "%": "",
    "A": "current",
    "V": "voltage",
    "W": "power",
    "hPa": "pressure",
    "kWh": "energy",
    "lx": "illuminance",
    "ppm": "carbon_dioxide",
    "°C": "temperature",
    "°F": "temperature",
}
UNITS: Mapping[str, str] = {
    "battery": "%",
    "carbon_dioxide": "ppm",
    "current": "A",
    "energy": "kWh",
    "humidity": "%",
    "illuminance": "lx",
    "power": "W",
    "pressure": "hPa",
    "voltage": "V",
}
"""The unit of a class, for dialects that do not tell it."""
BINARY_CLASSES: Mapping[str, str] = {
    "battery_low": "battery",
    "carbon_monoxide": "carbon_monoxide",
    "contact": "door",
    "door": "door",
    "gas": "gas",
    "motion": "motion",
    "moving": "moving",
    "occupancy": "occupancy",
    "presence": "presence",
    "rain": "moisture",
    "smoke": "smoke",
    "tamper": "tamper",
    "vibration": "vibration",
    "water_leak": "moisture",
    "window": "window",
}
"""The class of something that is or is not so."""


def class_of(name: str, unit: str | None = None) -> str | None:
    """The class of a reading called `name`, else of its unit; None where neither tells."""
    plain = name.casefold().replace("-", "_").strip("_")
    return _CLASSES.get(plain) or _CLASSES.get(plain.rpartition("_")[2]) or _UNITS.get(unit or "") or None
