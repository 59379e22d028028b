"""What an entity can be told, judged as Home Assistant does: by its domain, supported features and colour modes.

Where an entity says nothing about its features, all that its domain can do is assumed: Home Assistant's test homes
leave them out, and a refused command is better than a device that cannot be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from edgevoice.home.model import Capability
from edgevoice.messages import Value

COLOR_MODES = frozenset({"hs", "xy", "rgb", "rgbw", "rgbww"})
HVAC_MODES = ("off", "heat", "cool", "heat_cool", "auto", "dry", "fan_only")
PLAYBACK = ("play", "pause", "stop", "next", "previous")
VACUUM = ("start", "pause", "stop", "dock", "locate")
MOWER = ("mow", "pause", "dock")
ALARM = ("arm_home", "arm_away", "arm_night", "disarm")

# Bits of `supported_features` that decide about a capability here, as Home Assistant numbers them.
_BITS: Mapping[str, Mapping[str, int]] = {
    "climate": {
        "TARGET_TEMPERATURE": 1,
        "TARGET_TEMPERATURE_RANGE": 2,
        "TARGET_HUMIDITY": 4,
        "FAN_MODE": 8,
    },
    "cover": {"SET_POSITION": 4, "STOP": 8, "SET_TILT_POSITION": 128},
    "fan": {"SET_SPEED": 1},
    "media_player": {
        "PAUSE": 1,
        "VOLUME_SET": 4,
        "VOLUME_MUTE": 8,
        "PREVIOUS_TRACK": 16,
        "NEXT_TRACK": 32,
        "TURN_ON": 128,
        "TURN_OFF": 256,
        "PLAY_MEDIA": 512,
        "VOLUME_STEP": 1024,
        "SELECT_SOURCE": 2048,
        "STOP": 4096,
        "PLAY": 16384,
        "SEARCH_MEDIA": 4194304,
    },
    "vacuum": {"PAUSE": 4, "STOP": 8, "RETURN_HOME": 16, "LOCATE": 512, "START": 8192, "CLEAN_AREA": 16384},
    "valve": {"SET_POSITION": 4, "STOP": 8},
    "todo": {"CREATE_TODO_ITEM": 1, "DELETE_TODO_ITEM": 2, "UPDATE_TODO_ITEM": 4},
}
_SWITCHED = frozenset({"switch", "siren", "input_boolean", "remote", "group", "camera", "automation"})


def capabilities_of(domain: str, device_class: str | None, attributes: Mapping[str, Value]) -> dict[str, Capability]:
    """Capability by name. `attributes` are the entity's: `supported_features`, `supported_color_modes`, `hvac_modes`, …

    `supported_features` may be Home Assistant's bit mask or the names of the features.
    """
    return {capability.name: capability for capability in _capabilities(domain, attributes)}


def _capabilities(domain: str, attributes: Mapping[str, Value]) -> Iterator[Capability]:
    has = _Features(domain, attributes.get("supported_features"))
    match domain:
        case "light":
            yield from _light(attributes)
        case "climate" | "water_heater":
            yield from _climate(attributes, has)
        case "media_player":
            yield from _media_player(attributes, has)
        case "cover" | "valve":
            yield Capability("open")
            yield from (Capability(name) for name in ("position", "stop") if has(_FEATURE[name]))
            if domain == "cover" and has("SET_TILT_POSITION"):
                yield Capability("tilt", 0, 100)
        case "fan":
            yield Capability("on")
            if has("SET_SPEED"):
                yield Capability("fan_speed", 0, 100, number(attributes.get("percentage_step")))
        case "humidifier":
            yield Capability("on")
            low, high = number(attributes.get("min_humidity")), number(attributes.get("max_humidity"))
            yield Capability("humidity", 0 if low is None else low, 100 if high is None else high)
        case "vacuum":
            yield Capability("vacuum", choices=tuple(verb for verb in VACUUM if has(_VACUUM_FEATURE[verb])) or VACUUM)
            if has("CLEAN_AREA"):
                yield Capability("clean_area")
        case "todo":
            items = (
                ("add_item", "CREATE_TODO_ITEM"),
                ("complete_item", "UPDATE_TODO_ITEM"),
                ("remove_item", "DELETE_TODO_ITEM"),
            )
            yield from (Capability(name) for name, feature in items if has(feature))
        case "number" | "input_number":
            yield _bounded("value", attributes, "min", "max", "step")
        case "select" | "input_select":
            yield Capability("option", choices=texts(attributes.get("options")))
        case _:
            yield from _single(domain)


def _single(domain: str) -> Iterator[Capability]:
    if domain in _SWITCHED:
        yield Capability("on")
    match domain:
        case "lock":
            yield Capability("locked")
        case "lawn_mower":
            yield Capability("mower", choices=MOWER)
        case "button" | "input_button":
            yield Capability("press")
        case "text" | "input_text":
            yield Capability("text")
        case "scene" | "script" | "automation":
            yield Capability("activate")
        case "alarm_control_panel":
            yield Capability("alarm", choices=ALARM)


def _light(attributes: Mapping[str, Value]) -> Iterator[Capability]:
    modes = {mode.rpartition(".")[2].lower() for mode in texts(attributes.get("supported_color_modes"))}
    yield Capability("on")
    if not modes or modes - {"onoff", "unknown"}:
        yield Capability("brightness", 0, 100)
    if not modes or modes & COLOR_MODES:
        yield Capability("color")
    if not modes or "color_temp" in modes:
        yield _bounded("color_temperature", attributes, "min_color_temp_kelvin", "max_color_temp_kelvin")


def _climate(attributes: Mapping[str, Value], has: _Features) -> Iterator[Capability]:
    yield Capability("on")
    if has("TARGET_TEMPERATURE") or has("TARGET_TEMPERATURE_RANGE"):
        yield _bounded("temperature", attributes, "min_temp", "max_temp", "target_temp_step")
    yield Capability("hvac_mode", choices=texts(attributes.get("hvac_modes")) or HVAC_MODES)
    fan_modes = texts(attributes.get("fan_modes"))
    if fan_modes or has("FAN_MODE"):
        yield Capability("fan_mode", choices=fan_modes)
    if has("TARGET_HUMIDITY"):
        yield _bounded("humidity", attributes, "min_humidity", "max_humidity")


def _media_player(attributes: Mapping[str, Value], has: _Features) -> Iterator[Capability]:
    if has("TURN_ON") or has("TURN_OFF"):
        yield Capability("on")
    if has("VOLUME_SET") or has("VOLUME_STEP"):
        yield Capability("volume", 0, 100)
    if has("VOLUME_MUTE"):
        yield Capability("muted")
    verbs = tuple(verb for verb in PLAYBACK if has(_PLAYBACK_FEATURE[verb]))
    if verbs:
        yield Capability("playback", choices=verbs)
    if has("PLAY_MEDIA") or has("SEARCH_MEDIA"):
        yield Capability("media")
    sources = texts(attributes.get("source_list"))
    if sources or has("SELECT_SOURCE"):
        yield Capability("source", choices=sources)


def _bounded(name: str, attributes: Mapping[str, Value], low: str, high: str, step: str = "") -> Capability:
    return Capability(name, number(attributes.get(low)), number(attributes.get(high)), number(attributes.get(step)))


_FEATURE = {"position": "SET_POSITION", "stop": "STOP"}
_VACUUM_FEATURE = {"start": "START", "pause": "PAUSE", "stop": "STOP", "dock": "RETURN_HOME", "locate": "LOCATE"}
_PLAYBACK_FEATURE = {
    "play": "PLAY",
    "pause": "PAUSE",
    "stop": "STOP",
    "next": "NEXT_TRACK",
    "previous": "PREVIOUS_TRACK",
}


class _Features:
    """Asks `supported_features`, a mask or a list of names; everything is there where the entity does not say."""

    def __init__(self, domain: str, told: Value) -> None:
        self._bits = _BITS.get(domain, {})
        self._mask = told if isinstance(told, int) and not isinstance(told, bool) else None
        self._names = {name.rpartition(".")[2].upper() for name in texts(told)}

    def __call__(self, feature: str) -> bool:
        if self._mask is not None:
            return bool(self._mask & self._bits[feature])
        return feature in self._names if self._names else True


def number(value: Value) -> float | None:
    """A number that stands in a state or configuration, as a number or as text; None where it is none or not finite."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            found = float(value)
        except (ValueError, OverflowError):
            return None
        return found if abs(found) < 1e15 else None
    return None


def texts(value: Value | Iterable[object]) -> tuple[str, ...]:
    """The texts in a list; one text is a list of one."""
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, (tuple, list)) else ()
