"""Numbers, units, states and lists of names as people say them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from edgevoice.home.model import CAPABILITIES, Device, Home
from edgevoice.messages import Command, Value
from edgevoice.skills import chinese

# Unit sign -> the spoken word for one, and for any other number.
_UNITS: Mapping[str, tuple[str, str]] = {
    "°C": ("degree", "degrees"),
    "°F": ("degree", "degrees"),
    "°": ("degree", "degrees"),
    "K": ("kelvin", "kelvin"),
    "%": ("percent", "percent"),
    "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"),
    "Wh": ("watt hour", "watt hours"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "V": ("volt", "volts"),
    "A": ("amp", "amps"),
    "mA": ("milliamp", "milliamps"),
    "Hz": ("hertz", "hertz"),
    "lx": ("lux", "lux"),
    "dB": ("decibel", "decibels"),
    "hPa": ("hectopascal", "hectopascals"),
    "mbar": ("millibar", "millibars"),
    "bar": ("bar", "bar"),
    "psi": ("PSI", "PSI"),
    "ppm": ("part per million", "parts per million"),
    "µg/m³": ("microgram per cubic metre", "micrograms per cubic metre"),
    "m³": ("cubic metre", "cubic metres"),
    "L": ("litre", "litres"),
    "mL": ("millilitre", "millilitres"),
    "gal": ("gallon", "gallons"),
    "kg": ("kilogram", "kilograms"),
    "g": ("gram", "grams"),
    "lb": ("pound", "pounds"),
    "mm": ("millimetre", "millimetres"),
    "cm": ("centimetre", "centimetres"),
    "m": ("metre", "metres"),
    "km": ("kilometre", "kilometres"),
    "mi": ("mile", "miles"),
    "km/h": ("kilometre an hour", "kilometres an hour"),
    "mph": ("mile an hour", "miles an hour"),
    "m/s": ("metre a second", "metres a second"),
    "s": ("second", "seconds"),
    "min": ("minute", "minutes"),
    "h": ("hour", "hours"),
    "d": ("day", "days"),
    "kB/s": ("kilobyte a second", "kilobytes a second"),
    "MB/s": ("megabyte a second", "megabytes a second"),
    "Mbit/s": ("megabit a second", "megabits a second"),
    "GB": ("gigabyte", "gigabytes"),
    "€": ("euro", "euros"),
    "EUR": ("euro", "euros"),
    "$": ("dollar", "dollars"),
    "USD": ("dollar", "dollars"),
}

# Device class of a binary sensor -> what `on` and `off` mean.
_BINARY: Mapping[str, tuple[str, str]] = {
    "battery": ("low", "normal"),
    "battery_charging": ("charging", "not charging"),
    "carbon_monoxide": ("detecting carbon monoxide", "clear"),
    "cold": ("cold", "normal"),
    "connectivity": ("connected", "disconnected"),
    "door": ("open", "closed"),
    "garage_door": ("open", "closed"),
    "gas": ("detecting gas", "clear"),
    "heat": ("hot", "normal"),
    "lock": ("unlocked", "locked"),
    "moisture": ("wet", "dry"),
    "motion": ("detecting motion", "clear"),
    "moving": ("moving", "not moving"),
    "occupancy": ("occupied", "clear"),
    "opening": ("open", "closed"),
    "plug": ("plugged in", "unplugged"),
    "power": ("detecting power", "without power"),
    "presence": ("at home", "away"),
    "problem": ("reporting a problem", "fine"),
    "running": ("running", "not running"),
    "safety": ("unsafe", "safe"),
    "smoke": ("detecting smoke", "clear"),
    "sound": ("detecting sound", "quiet"),
    "tamper": ("reporting tampering", "fine"),
    "update": ("waiting for an update", "up to date"),
    "vibration": ("vibrating", "still"),
    "window": ("open", "closed"),
}


def state(device: Device, value: str, language: str = "en") -> str:
    """A state with its unit, such as `21.5 degrees` or `open`; languages without words here get it as the home has it."""
    if chinese.is_chinese(language):
        measured = number(value)
        if measured is not None:
            return chinese.quantity(measured, device.unit or "", language)
        return chinese.state(device.domain, device.device_class, value, language)
    if language != "en":
        return f"{value} {device.unit}" if device.unit else value
    if device.domain == "binary_sensor" and value in ("on", "off"):
        return binary(device.device_class, value)
    rounded = number(value)
    if device.unit and rounded is not None:
        return quantity(rounded, device.unit)
    return rounded if rounded is not None else value.replace("_", " ")


def binary(device_class: str | None, value: str) -> str:
    words = _BINARY.get(device_class or "")
    return value if words is None else words[value == "off"]


def number(value: Value, digits: int = 1) -> str | None:
    """A number as it is spoken, with no more than `digits` behind the point; None where it is none."""
    if isinstance(value, (bool, tuple)) or value is None:
        return None
    try:
        rounded = round(float(value), digits)
    except (ValueError, OverflowError):
        return None
    if rounded != rounded or abs(rounded) == float("inf"):
        return None
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)


def quantity(value: str, unit: str) -> str:
    one, many = _UNITS.get(unit, (unit, unit))
    return f"{value} {one if value in ('1', '-1') else many}"


def unit(value: Value, language: str = "en") -> Value:
    """The spoken word of a unit, where there is one."""
    if chinese.is_chinese(language):
        return chinese.script(chinese.UNITS.get(str(value), str(value)), language)
    return _UNITS[value][1] if isinstance(value, str) and value in _UNITS else value


def slot(value: Value) -> str:
    """A slot as text."""
    if isinstance(value, tuple):
        return names(str(one) for one in value)
    return number(value) or str(value) if isinstance(value, (int, float)) else str(value)


def names(items: Iterable[str], last: str = "and", most: int = 4, language: str = "en") -> str:
    """`A, B and C`; more than `most` are counted."""
    if chinese.is_chinese(language):
        return chinese.names(items, last, most, language)
    listed = list(dict.fromkeys(items))
    if len(listed) > most:
        listed = [*listed[: most - 1], f"{len(listed) - most + 1} more"]
    return f" {last} ".join(filter(None, (", ".join(listed[:-1]), listed[-1]))) if listed else ""


def duration(seconds: float, language: str = "en") -> str:
    """`1 hour, 5 minutes and 30 seconds`."""
    if chinese.is_chinese(language):
        return chinese.duration(seconds, language)
    whole = max(0, round(seconds))
    parts = ((whole // 3600, "hour"), (whole // 60 % 60, "minute"), (whole % 60, "second"))
    said = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in parts if count]
    return names(said) or "0 seconds"


def ago(seconds: float, language: str = "en") -> str:
    """`3 hours`, from two days on `2 days`."""
    count, unit = (round(seconds / 86_400), "day") if seconds >= 172_800 else (round(seconds / 3600), "hour")
    if chinese.is_chinese(language):
        return chinese.script(f"{count}{'天' if unit == 'day' else '个小时'}", language)
    return f"{count} {unit}{'' if count == 1 else 's'}"


def action(home: Home, commands: Sequence[Command]) -> str:
    """What commands would do, as in "Should I ...?": `unlock the Front Door`, `turn off 12 devices`."""
    if chinese.is_chinese(home.language):
        return chinese.action(home, commands)
    return names((phrase.format(_things(named)) for phrase, named in _by_verb(home, commands)), most=3)


def past(home: Home, commands: Sequence[Command]) -> str:
    """What commands did, after "I": `unlocked the Front Door`, `turned off 12 devices`."""
    return names(
        (_past(verb).format(_things(named)) for verb, named in _by_verb(home, commands, "carry out “{}”")), most=3
    )


def _by_verb(home: Home, commands: Sequence[Command], message: str = "{}") -> Iterable[tuple[str, list[str]]]:
    """Each verb, and the names of the devices that it is for; of a pack's `message` what it does."""
    same: dict[str, list[str]] = {}
    for command in commands:
        device = home.devices.get(command.device)
        if command.capability == "message" and device is not None:
            same.setdefault(message.format(_plain(device.aliases[0])), [])
            continue
        same.setdefault(_verb(command), []).append(device.name if device else command.device)
    return same.items()


def _past(verb: str) -> str:
    first, _, rest = verb.partition(" ")
    return f"{_PAST.get(first) or first.removesuffix('e') + 'ed'} {rest}"


def _things(named: Sequence[str]) -> str:
    return f"{len(named)} devices" if len(named) > 3 else f"the {names(named)}"


def _verb(command: Command) -> str:
    value = command.value
    if isinstance(value, bool):
        return _VERBS.get(command.capability, (f"set {{}} to {value}",) * 2)[not value]
    match command.capability:
        case "alarm":
            return f"{str(value).replace('_', ' ')} {{}}"
        case "media":
            return f"play {_plain(value)} on {{}}"
        case "activate":
            return "start {}"
        case "press":
            return "press {}"
        case "stop" | "playback" | "vacuum" | "mower" if isinstance(value, str) or value is None:
            return f"{value or 'stop'} {{}}"
        case "add_item" | "complete_item" | "remove_item":
            return f"{command.capability.removesuffix('_item')} {_plain(value)} on {{}}"
    unit = {"percent": " percent"}.get(CAPABILITIES[command.capability].kind, "")
    unit = " degrees" if command.capability == "temperature" else unit
    return f"set {{}} to {_plain(value)}{unit}"


def _plain(value: Value) -> str:
    return slot(value).replace("{", "").replace("}", "")


_PAST = {"carry": "carried", "set": "set", "stop": "stopped", "next": "skipped on", "previous": "went back on"}
# Capability -> the verb for true, and for false.
_VERBS: Mapping[str, tuple[str, str]] = {
    "on": ("turn on {}", "turn off {}"),
    "open": ("open {}", "close {}"),
    "locked": ("lock {}", "unlock {}"),
    "muted": ("mute {}", "unmute {}"),
}
