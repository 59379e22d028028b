"""Lights of Home Assistant's MQTT integration: the default, `json` and `template` schemas.

Effects, flashes and transitions are passed over: nothing that is said here asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edgevoice.home import colors
from edgevoice.home.appliance import rgb_of
from edgevoice.home.capabilities import number
from edgevoice.home.ha_discovery import Config
from edgevoice.home.ha_parts import (
    STATE,
    Found,
    Parts,
    Reader,
    Sent,
    Writer,
    chosen,
    dumped,
    is_true,
    json_object,
    numeric,
    percent_of,
    sender,
    template_of,
)
from edgevoice.home.ha_templates import Payload
from edgevoice.home.model import State
from edgevoice.messages import Value

_MIREDS = 1_000_000
_WARMEST, _COLDEST = 2000, 6535


def light(config: Config) -> Parts:
    """Readers and writers of one light."""
    schema = config.text("schema", "default")
    parts = {"json": _json, "template": _template}.get(schema, _default)(config)
    low, high = config.number("min_kelvin", 0), config.number("max_kelvin", 0)
    if "color_temperature" in parts.writers:
        warmest, coldest = config.number("max_mireds", 0), config.number("min_mireds", 0)
        parts.attributes["min_color_temp_kelvin"] = low or (round(_MIREDS / warmest) if warmest > 0 else _WARMEST)
        parts.attributes["max_color_temp_kelvin"] = high or (round(_MIREDS / coldest) if coldest > 0 else _COLDEST)
    return parts


# --- default schema: a topic for each thing ---------------------------------------------------------------------------


def _default(config: Config) -> Parts:
    parts, modes = Parts(), []
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    parts.read(
        config, "state_topic", _either(config, "state_value_template", "value_template"), chosen({on: "on", off: "off"})
    )
    switch = sender(config, "command_topic")
    if switch:
        parts.writers["on"] = lambda value, _state: switch(on if is_true(value) else off)
    scale = config.number("brightness_scale", 255) or 255
    level = sender(config, "brightness_command_topic", "brightness_command_template")
    if level:
        parts.writers["brightness"] = _with_power(config, parts, lambda v: level(round(percent_of(v) / 100 * scale)))
    parts.read(config, "brightness_state_topic", "brightness_value_template", numeric("brightness", _to_255(scale)))
    in_kelvin = config.flag("color_temp_kelvin")
    warmth = sender(config, "color_temp_command_topic", "color_temp_command_template")
    if warmth:
        modes.append("color_temp")
        parts.writers["color_temperature"] = _with_power(config, parts, lambda v: warmth(_of_kelvin(v, in_kelvin)))
    parts.read(
        config,
        "color_temp_state_topic",
        "color_temp_value_template",
        numeric("color_temp_kelvin", _to_kelvin(in_kelvin)),
    )
    for mode, encode, names in _COLOR_TOPICS:
        send = sender(config, f"{mode}_command_topic", f"{mode}_command_template")
        parts.read(config, f"{mode}_state_topic", f"{mode}_value_template", _color_decoder(mode))
        if send and "color" not in parts.writers:
            modes.append(mode)
            parts.writers["color"] = _with_power(config, parts, _color_writer(send, encode, names))
    parts.attributes["supported_color_modes"] = tuple(modes) or (("brightness",) if level else ("onoff",))
    return parts


def _either(config: Config, *keys: str) -> str:
    return next((key for key in keys if key in config.keys), "")


def _with_power(config: Config, parts: Parts, send: Callable[[Value], Sent]) -> Writer:
    """The order in which a light wants to hear of its power and the rest: `on_command_type`. 0 % is off."""
    kind = config.text("on_command_type", "last")
    switch = parts.writers.get("on")

    def write(value: Value, state: State) -> Sent:
        if number(value) == 0 and switch:
            return switch(False, state)
        power = list(switch(True, state)) if switch and (kind == "first" or state.value != "on") else []
        sent = list(send(value))
        if kind == "brightness" or not sent:
            return sent
        return [*power, *sent] if kind == "first" else [*sent, *power]

    return write


def _color_writer(
    send: Callable[..., Sent], encode: Callable[[colors.Rgb], tuple[float, ...]], names: tuple[str, ...]
) -> Callable[[Value], Sent]:
    def write(value: Value) -> Sent:
        color = rgb_of(value)
        if color is None:
            return []
        channels = encode(color)
        return send(",".join(f"{channel:g}" for channel in channels), **dict(zip(names, channels, strict=True)))

    return write


_COLOR_TOPICS: tuple[tuple[str, Callable[[colors.Rgb], tuple[float, ...]], tuple[str, ...]], ...] = (
    ("rgb", lambda color: color, ("red", "green", "blue")),
    ("hs", colors.to_hs, ("hue", "sat")),
    ("xy", colors.to_xy, ("x", "y")),
    ("rgbw", lambda color: (*color, 0), ("red", "green", "blue", "white")),
    ("rgbww", lambda color: (*color, 0, 0), ("red", "green", "blue", "cold_white", "warm_white")),
)


def _color_decoder(mode: str) -> Callable[[Payload], Found]:
    def decode(payload: Payload) -> Found:
        text = payload.text.strip()
        if text in ("", "None"):
            return {}
        channels = [number(part) for part in text.split(",")]
        told = [channel for channel in channels if channel is not None]
        if len(told) != len(channels) or len(told) < (2 if mode in ("hs", "xy") else 3):
            raise ValueError(f"'{text[:40]}' is not {mode}")
        return {"rgb_color": _rgb(mode, told), "color": None}

    return decode


def _rgb(mode: str, told: list[float]) -> colors.Rgb:
    if mode == "hs":
        return colors.from_hs(told[0], told[1])
    if mode == "xy":
        return colors.from_xy(told[0], told[1])
    red, green, blue = (max(0, min(255, round(channel))) for channel in told[:3])
    return red, green, blue


# --- json schema: one object ------------------------------------------------------------------------------------------


def _json(config: Config) -> Parts:
    parts = Parts()
    scale = config.number("brightness_scale", 255) or 255
    in_kelvin = config.flag("color_temp_kelvin")
    modes = set(config.texts("supported_color_modes")) or {
        mode for mode in ("rgb", "hs", "xy", "color_temp", "brightness") if config.flag(mode)
    }
    parts.attributes["supported_color_modes"] = tuple(sorted(modes)) or ("onoff",)
    parts.read(config, "state_topic", "", lambda payload: _from_json(payload, scale, in_kelvin))
    send = sender(config, "command_topic")
    if not send:
        return parts

    def write(make: Callable[[Value], Mapping[str, object] | None]) -> Writer:
        def encode(value: Value, _state: State) -> Sent:
            told = make(value)
            return [] if told is None else send(dumped(told))

        return encode

    parts.writers["on"] = write(lambda value: {"state": "ON" if is_true(value) else "OFF"})
    if modes - {"onoff"}:
        parts.writers["brightness"] = write(lambda value: _json_brightness(value, scale))
    if "color_temp" in modes:
        parts.writers["color_temperature"] = write(lambda v: {"state": "ON", "color_temp": _of_kelvin(v, in_kelvin)})
    mode = next((mode for mode in ("rgb", "hs", "xy", "rgbw", "rgbww") if mode in modes), "")
    if mode:
        parts.writers["color"] = write(lambda value: _json_color(value, mode))
    return parts


def _json_brightness(value: Value, scale: float) -> Mapping[str, object]:
    level = round(percent_of(value) / 100 * scale)
    return {"state": "ON", "brightness": level} if level else {"state": "OFF"}


def _json_color(value: Value, mode: str) -> Mapping[str, object] | None:
    color = rgb_of(value)
    if color is None:
        return None
    keys, channels = {
        "hs": (("h", "s"), colors.to_hs(color)),
        "xy": (("x", "y"), colors.to_xy(color)),
    }.get(mode, (("r", "g", "b"), color))
    return {"state": "ON", "color": dict(zip(keys, channels, strict=True))}


def _from_json(payload: Payload, scale: float, in_kelvin: bool) -> Found:
    told = json_object(payload)
    found: dict[str, Value] = {}
    power = told.get("state")
    if isinstance(power, str) and power.upper() in ("ON", "OFF"):
        found[STATE] = power.lower()
    level = number(told.get("brightness"))
    if level is not None:
        found["brightness"] = _to_255(scale)(level)
    warmth = number(told.get("color_temp"))
    if warmth:
        found["color_temp_kelvin"] = _to_kelvin(in_kelvin)(warmth)
    if isinstance(told.get("color_mode"), str):
        found["color_mode"] = told["color_mode"][:20]
    if isinstance(told.get("color"), dict):
        found.update(_from_json_color(told["color"]))
    return found


def _from_json_color(told: Mapping[str, Any]) -> Found:
    for mode, keys in (("rgb", "rgb"), ("hs", "hs"), ("xy", "xy")):
        channels = [number(told.get(key)) for key in keys]
        known = [channel for channel in channels if channel is not None]
        if len(known) == len(keys):
            return {"rgb_color": _rgb(mode, known), "color": None}
    return {}


# --- template schema --------------------------------------------------------------------------------------------------


def _template(config: Config) -> Parts:
    parts, topic = Parts(), config.topic("state_topic")
    colored = all(config.text(f"{name}_template") for name in ("red", "green", "blue"))
    in_kelvin = config.flag("color_temp_kelvin")
    decoders: dict[str, Callable[[Payload], Found]] = {
        "state_template": chosen({"on": "on", "off": "off"}),
        "brightness_template": numeric("brightness", _to_255(255)),
        "color_temp_template": numeric("color_temp_kelvin", _to_kelvin(in_kelvin)),
    }
    for key, decode in decoders.items():
        if topic and config.text(key):
            parts.readers.append(Reader(topic, template_of(config, key), decode))
    if topic and colored:
        joined = ",".join(template_of(config, f"{name}_template") for name in ("red", "green", "blue"))
        parts.readers.append(Reader(topic, joined, _color_decoder("rgb")))
    on = sender(config, "command_topic", "command_on_template")
    off = sender(config, "command_topic", "command_off_template")
    if not (on and off):
        return parts

    parts.writers["on"] = lambda value, _state: on("on", state="on") if is_true(value) else off("off", state="off")
    modes = {
        mode for mode, there in (("rgb", colored), ("color_temp", bool(config.text("color_temp_template")))) if there
    }
    if config.text("brightness_template"):
        modes = modes or {"brightness"}
        parts.writers["brightness"] = lambda value, _state: (
            on("on", state="on", brightness=round(percent_of(value) * 2.55))
            if percent_of(value)
            else off("off", state="off")
        )
    if "color_temp" in modes:
        parts.writers["color_temperature"] = lambda value, _state: on(
            "on", state="on", color_temp=_of_kelvin(value, in_kelvin)
        )
    if colored:
        parts.writers["color"] = lambda value, _state: _template_color(value, on)
    parts.attributes["supported_color_modes"] = tuple(sorted(modes)) or ("onoff",)
    return parts


def _template_color(value: Value, on: Callable[..., Sent]) -> Sent:
    color = rgb_of(value)
    if color is None:
        return []
    (red, green, blue), (hue, saturation) = color, colors.to_hs(color)
    return on("on", state="on", red=red, green=green, blue=blue, hue=hue, sat=saturation)


# --- units ------------------------------------------------------------------------------------------------------------


def _to_255(scale: float) -> Callable[[float], Value]:
    return lambda level: max(0, min(255, round(level * 255 / scale)))


def _to_kelvin(in_kelvin: bool) -> Callable[[float], Value]:
    return lambda told: round(told if in_kelvin else _MIREDS / max(told, 1.0))


def _of_kelvin(value: Value, in_kelvin: bool) -> int:
    kelvin = max(1000.0, min(20_000.0, number(value) or 0.0))
    return round(kelvin if in_kelvin else _MIREDS / kelvin)
