"""What a node of Homie is: its properties, told by their ids and types, made into one thing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgevoice.home import colors
from edgevoice.home.appliance import USUAL_MODES, rgb_of
from edgevoice.home.capabilities import number
from edgevoice.home.ha_parts import STATE, STATE_LIMIT, Found, Parts, Reader, is_true, percent_of, plain
from edgevoice.home.names import clean
from edgevoice.messages import Value

_MIREDS = 1_000_000
# What a property is, by its id.
_ON = ("on", "power", "state", "switch", "onoff")
_LEVEL = ("brightness", "dimmer", "level", "intensity")
_POSITION = ("position", "level", "openness")
_GOAL = ("setpoint", "set_temperature", "target_temperature", "target", "temperature_set")
_HERE = ("temperature", "current_temperature", "measured_temperature")
_MODE = ("mode", "hvac_mode", "system_mode")
_LOCK = ("lock", "locked", "state")
ACTION = ("action", "control", "move", "command")
_KINDS = (
    ("cover", re.compile(r"cover|blind|shutter|curtain|shade|awning|roller|garage|gate")),
    ("lock", re.compile(r"\block\b|doorlock")),
    ("climate", re.compile(r"thermostat|climate|heating|hvac|radiator")),
    ("fan", re.compile(r"\bfan\b|ventilat")),
    ("light", re.compile(r"light|lamp|bulb|dimmer|led")),
)


@dataclass(frozen=True, slots=True)
class Property:
    id: str
    name: str
    topic: str
    kind: str
    settable: bool
    format: str = ""
    unit: str = ""

    @property
    def to(self) -> str:
        return f"{self.topic}/set"

    @property
    def words(self) -> tuple[str, ...]:
        """An enum's values; what a boolean's false and true are called here, where it says so."""
        return tuple(word for word in self.format.split(",") if word)

    @property
    def bounds(self) -> tuple[float | None, float | None, float | None]:
        """Least, most and step of a number."""
        told = [number(part) for part in self.format.split(":")] if ":" in self.format else []
        low, high, step, *_ = [*told, None, None, None]
        return low, high, step

    def share(self, value: float) -> float:
        """Percent of the property's range."""
        low, high, _ = self.bounds
        low, high = low or 0.0, 100.0 if high is None else high
        return max(0.0, min(100.0, (value - low) / (high - low or 1.0) * 100))

    def told(self, percent: float) -> str:
        """The value at so many percent of the range, as a payload."""
        low, high, _ = self.bounds
        low, high = low or 0.0, 100.0 if high is None else high
        value = low + percent / 100 * (high - low)
        return str(round(value)) if self.kind == "integer" else plain(float(value))


def whole(about: str, properties: list[Property]) -> tuple[str, Parts] | None:
    """The domain and parts of a node that is one thing; None for one that is a bag of values."""
    domain = next((kind for kind, words in _KINDS if words.search(about)), "switch")
    found = _BUILDERS[domain](properties)
    if found is None and domain != "switch":
        domain, found = "switch", _switched(properties)
    return (domain, found) if found else None


def _named(properties: list[Property], names: tuple[str, ...], *kinds: str, settable: bool = True) -> Property | None:
    fits = [one for one in properties if one.kind in kinds and (one.settable or not settable)]
    return next((one for name in names for one in fits if one.id == name), None)


def read(parts: Parts, one: Property, decode: Callable[[str], Found]) -> None:
    parts.readers.append(Reader(one.topic, "", lambda payload: decode(payload.text.strip()) if payload.text else {}))


def amount(one: Property, attribute: str, scale: Callable[[float], Value]) -> Callable[[str], Found]:
    def decode(text: str) -> Found:
        found = number(text)
        if found is None:
            raise ValueError(f"{one.id}: '{clean(text, 40)}' is not a number")
        return {attribute: scale(found)}

    return decode


def truth(one: Property, on: str, off: str) -> Callable[[str], Found]:
    def decode(text: str) -> Found:
        if text not in ("true", "false"):
            raise ValueError(f"{one.id}: '{clean(text, 40)}' is neither 'true' nor 'false'")
        return {STATE: on if text == "true" else off}

    return decode


def choice(one: Property, attribute: str = STATE) -> Callable[[str], Found]:
    def decode(text: str) -> Found:
        if one.words and text not in one.words:
            raise ValueError(f"{one.id}: '{clean(text, 40)}' is none of {one.format[:80]}")
        return {attribute: clean(text, STATE_LIMIT)}

    return decode


def _switched(properties: list[Property]) -> Parts | None:
    power = _named(properties, _ON, "boolean")
    if power is None:
        return None
    parts = Parts()
    read(parts, power, truth(power, "on", "off"))
    parts.writers["on"] = lambda value, _: [(power.to, plain(is_true(value)))]
    return parts


def _light(properties: list[Property]) -> Parts | None:
    parts = _switched(properties)
    level = _named(properties, _LEVEL, "integer", "float")
    if parts is None:
        return None
    power, modes = parts.writers["on"], list[str]()
    if level is not None:
        read(parts, level, amount(level, "brightness", lambda told: round(level.share(told) * 2.55)))
        parts.writers["brightness"] = lambda value, state: (
            [*power(True, state), (level.to, level.told(percent_of(value)))]
            if percent_of(value)
            else power(False, state)
        )
    color = next((one for one in properties if one.kind == "color" and one.settable), None)
    if color is not None:
        modes.append("rgb")
        read(parts, color, _colored)
        parts.writers["color"] = lambda value, _: [(color.to, text) for text in (_color(value, color),) if text]
    warmth = _named(properties, ("color_temperature", "color_temp", "ct", "kelvin", "temperature"), "integer", "float")
    if warmth is not None:
        in_kelvin = (warmth.bounds[1] or 0) > 1000 or warmth.unit == "K"
        modes.append("color_temp")
        ends = [end if in_kelvin else _MIREDS / end for end in warmth.bounds[:2] if end]
        if len(ends) == 2:
            parts.attributes.update(min_color_temp_kelvin=round(min(ends)), max_color_temp_kelvin=round(max(ends)))
        read(
            parts,
            warmth,
            amount(warmth, "color_temp_kelvin", lambda t: round(t if in_kelvin else _MIREDS / max(t, 1))),
        )
        parts.writers["color_temperature"] = lambda value, _: [
            (warmth.to, str(round(k if in_kelvin else _MIREDS / max(k, 1)))) for k in (number(value) or 1.0,)
        ]
    parts.attributes["supported_color_modes"] = tuple(modes) or (("brightness",) if level else ("onoff",))
    return parts


def _color(value: Value, one: Property) -> str:
    rgb = rgb_of(value)
    if rgb is None:
        return ""
    hue, saturation = colors.to_hs(rgb)
    texts = {
        "rgb": f"rgb,{rgb[0]},{rgb[1]},{rgb[2]}",
        "hsv": f"hsv,{hue:g},{saturation:g},100",
        "xyz": "xyz,{:g},{:g}".format(*colors.to_xy(rgb)),
    }
    return texts[next((kind for kind in one.words if kind in texts), "rgb")]


def _colored(text: str) -> Found:
    kind, *rest = text.split(",")
    channels = [number(part) for part in rest]
    told = [channel for channel in channels if channel is not None]
    if len(told) != len(channels) or len(told) < (2 if kind == "xyz" else 3):
        raise ValueError(f"'{clean(text, 40)}' is not a color")
    if kind == "rgb":
        return {"rgb_color": rgb_of(tuple(told[:3])), "color": None}
    if kind in ("hsv", "xyz"):
        return {
            "rgb_color": colors.from_hs(told[0], told[1]) if kind == "hsv" else colors.from_xy(told[0], told[1]),
            "color": None,
        }
    raise ValueError(f"'{clean(text, 40)}' is not a color")


def _cover(properties: list[Property]) -> Parts | None:
    position = _named(properties, _POSITION, "integer", "float")
    action = _named(properties, (*ACTION, "state"), "enum")
    parts = Parts()
    verbs = {word.casefold().removesuffix("d"): word for word in action.words} if action else {}
    told = {verb: verbs[verb] for verb in ("open", "close", "stop") if verb in verbs}
    if position is not None:
        read(parts, position, lambda text: _at(position, text))
        parts.writers["position"] = lambda value, _: [(position.to, position.told(percent_of(value)))]
        parts.writers["open"] = lambda value, _: [(position.to, position.told(100 if is_true(value) else 0))]
    if action is not None and {"open", "close"} <= told.keys():
        parts.writers["open"] = lambda value, _: [(action.to, told["open" if is_true(value) else "close"])]
        if position is None:
            read(parts, action, lambda text: {STATE: "closed" if text == told["close"] else "open"})
    if action is not None and "stop" in told:
        parts.writers["stop"] = lambda _value, _: [(action.to, told["stop"])]
    return parts if parts.writers else None


def _at(position: Property, text: str) -> Found:
    found = number(text)
    if found is None:
        raise ValueError(f"{position.id}: '{clean(text, 40)}' is not a number")
    percent = round(position.share(found))
    return {"current_position": percent, STATE: "open" if percent else "closed"}


def _lock(properties: list[Property]) -> Parts | None:
    lock = _named(properties, _LOCK, "boolean")
    if lock is None:
        return None
    parts = Parts()
    read(parts, lock, truth(lock, "locked", "unlocked"))
    parts.writers["locked"] = lambda value, _: [(lock.to, plain(is_true(value)))]
    return parts


def _climate(properties: list[Property]) -> Parts | None:
    goal = _named(properties, _GOAL, "float", "integer")
    mode = _named(properties, _MODE, "enum")
    if goal is None:
        return None
    parts = Parts()
    low, high, step = goal.bounds
    parts.attributes.update(min_temp=low, max_temp=high, target_temp_step=step)
    read(parts, goal, amount(goal, "temperature", float))
    parts.writers["temperature"] = lambda value, _: [(goal.to, plain(value))]
    here = _named(properties, _HERE, "float", "integer", settable=False)
    if here is not None and here is not goal:
        read(parts, here, amount(here, "current_temperature", float))
    if mode is not None:
        parts.attributes["hvac_modes"] = mode.words
        read(parts, mode, choice(mode))
        parts.writers["hvac_mode"] = lambda value, _: [(mode.to, str(value))]
        usual = next((one for one in USUAL_MODES if one in mode.words), None)
        if usual and "off" in mode.words:
            parts.writers["on"] = lambda value, _: [(mode.to, usual if is_true(value) else "off")]
    return parts


def _fan(properties: list[Property]) -> Parts | None:
    parts = _switched(properties)
    speed = _named(properties, ("speed", "fan_speed", "percentage"), "integer", "float")
    if parts is not None and speed is not None:
        power = parts.writers["on"]
        read(parts, speed, amount(speed, "percentage", lambda told: round(speed.share(told))))
        parts.writers["fan_speed"] = lambda value, state: (
            [*power(True, state), (speed.to, speed.told(percent_of(value)))]
            if percent_of(value)
            else power(False, state)
        )
    return parts


_BUILDERS: Mapping[str, Callable[[list[Property]], Parts | None]] = {
    "climate": _climate,
    "cover": _cover,
    "fan": _fan,
    "light": _light,
    "lock": _lock,
    "switch": _switched,
}
