"""What Zigbee2MQTT exposes as a whole: lights, switches, covers, locks, thermostats and fans, in their own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edgevoice.home import colors
from edgevoice.home.appliance import USUAL_MODES, rgb_of
from edgevoice.home.capabilities import number
from edgevoice.home.ha_parts import STATE, Found, Parts, dumped, is_true, percent_of
from edgevoice.home.names import clean
from edgevoice.home.z2m_features import SET, Feature, Take, amount, one_of, reader, text_of
from edgevoice.messages import Value

_MIREDS = 1_000_000
_SPEEDS = ("low", "medium", "high")
HEATING = ("occupied_heating_setpoint", "current_heating_setpoint", "occupied_cooling_setpoint")
"""What a thermostat's goal is called."""


def _switch(feature: Feature, to: str, topic: str) -> Parts:
    parts, state = Parts(), feature.part("state") or feature
    if state.access & SET:
        parts.writers["on"] = lambda value, _: [(to, dumped({state.key: state.on if is_true(value) else state.off}))]
    parts.readers.append(reader(topic, {state.key: one_of(state, "on", "off")}))
    return parts


def _light(feature: Feature, to: str, topic: str) -> Parts:
    parts = _switch(feature, to, topic)
    state = feature.part("state") or feature
    takes: dict[str, Take] = {state.key: one_of(state, "on", "off")}
    modes: list[str] = []
    if (level := feature.part("brightness")) is not None:
        top, name = level.maximum or 254.0, level.key
        takes[name] = amount("brightness", lambda told: max(0, min(255, round(told * 255 / top))))

        def dim(value: Value) -> Mapping[str, object]:
            percent = percent_of(value)
            sent = max(1, round(percent / 100 * top)) if percent else 0
            return {state.key: state.on, name: sent} if sent else {state.key: state.off}

        parts.writers["brightness"] = lambda value, _: [(to, dumped(dim(value)))]
    if (warmth := feature.part("color_temp")) is not None:
        modes.append("color_temp")
        coldest, warmest = warmth.minimum or 153.0, warmth.maximum or 500.0
        bounds = {"min_color_temp_kelvin": round(_MIREDS / warmest), "max_color_temp_kelvin": round(_MIREDS / coldest)}
        parts.attributes.update(bounds)
        takes[warmth.key] = amount("color_temp_kelvin", lambda told: round(_MIREDS / max(told, 1.0)))

        def warm(value: Value) -> Mapping[str, object]:
            mireds = _MIREDS / max(number(value) or 1.0, 1.0)
            return {warmth.key: round(max(coldest, min(warmest, mireds)))}

        parts.writers["color_temperature"] = lambda value, _: [(to, dumped(warm(value)))]
    if (color := feature.part("color_xy", "color_hs")) is not None:
        modes.append(color.name.removeprefix("color_"))
        takes[color.key] = _colored
        parts.writers["color"] = lambda value, _: _color(value, color, to)
    parts.attributes["supported_color_modes"] = tuple(modes) or (("brightness",) if level else ("onoff",))
    parts.readers = [reader(topic, takes)]
    return parts


def _color(value: Value, feature: Feature, to: str) -> list[tuple[str, str]]:
    rgb = rgb_of(value)
    if rgb is None:
        return []
    named = zip(("x", "y"), colors.to_xy(rgb), strict=True)
    if feature.name == "color_hs":
        named = zip(("hue", "saturation"), colors.to_hs(rgb), strict=True)
    return [(to, dumped({feature.key: dict(named)}))]


def _colored(told: Any) -> Found:
    if not isinstance(told, dict):
        raise ValueError("color: is not an object")
    x, y = number(told.get("x")), number(told.get("y"))
    if x is not None and y is not None:
        return {"rgb_color": colors.from_xy(x, y), "color": None}
    hue, saturation = number(told.get("hue")), number(told.get("saturation"))
    return (
        {"rgb_color": colors.from_hs(hue, saturation), "color": None}
        if hue is not None and saturation is not None
        else {}
    )


def _cover(feature: Feature, to: str, topic: str) -> Parts:
    parts, state, position = Parts(), feature.part("state"), feature.part("position")
    takes: dict[str, Take] = {}
    if state is not None:
        takes[state.key] = _moved
        parts.writers["open"] = lambda value, _: [(to, dumped({state.key: "OPEN" if is_true(value) else "CLOSE"}))]
        parts.writers["stop"] = lambda _value, _: [(to, dumped({state.key: "STOP"}))]
    if position is not None:
        takes[position.key] = _at
        parts.writers["position"] = lambda value, _: [(to, dumped({position.key: round(percent_of(value))}))]
        if state is None:
            parts.writers["open"] = lambda value, _: [(to, dumped({position.key: 100 if is_true(value) else 0}))]
    takes["moving"] = lambda told: {"UP": {STATE: "opening"}, "DOWN": {STATE: "closing"}}.get(str(told), {})
    if (tilt := feature.part("tilt")) is not None:
        takes[tilt.key] = amount("current_tilt_position", lambda told: round(percent_of(told)))
        parts.writers["tilt"] = lambda value, _: [(to, dumped({tilt.key: round(percent_of(value))}))]
    parts.readers.append(reader(topic, takes))
    return parts


def _moved(told: Any) -> Found:
    text = {"OPEN": "open", "CLOSE": "closed", "STOP": "stopped"}.get(str(told))
    if text is None:
        raise ValueError(f"'{clean(str(told), 40)}' is neither OPEN, CLOSE nor STOP")
    return {STATE: text}


def _at(told: Any) -> Found:
    percent = round(percent_of(told))
    return {"current_position": percent, STATE: "open" if percent else "closed"}


def _lock(feature: Feature, to: str, topic: str) -> Parts:
    parts, state = Parts(), feature.part("state") or feature
    parts.writers["locked"] = lambda value, _: [(to, dumped({state.key: state.on if is_true(value) else state.off}))]
    parts.readers.append(reader(topic, {state.key: one_of(state, "locked", "unlocked")}))
    return parts


def _climate(feature: Feature, to: str, topic: str) -> Parts:
    parts, takes = Parts(), dict[str, Take]()
    goal, mode = feature.part(*HEATING), feature.part("system_mode")
    if (here := feature.part("local_temperature")) is not None:
        takes[here.key] = amount("current_temperature")
    if goal is not None:
        takes[goal.key] = amount("temperature")
        parts.attributes.update(min_temp=goal.minimum, max_temp=goal.maximum, target_temp_step=goal.step)
        parts.writers["temperature"] = lambda value, _: [(to, dumped({goal.key: value}))]
    if mode is not None:
        takes[mode.key] = text_of(STATE)
        parts.attributes["hvac_modes"] = mode.values
        usual = next((one for one in USUAL_MODES if one in mode.values), None)
        parts.writers["hvac_mode"] = lambda value, _: [(to, dumped({mode.key: value}))]
        if usual and "off" in mode.values:
            parts.writers["on"] = lambda value, _: [(to, dumped({mode.key: usual if is_true(value) else "off"}))]
    else:
        takes |= {goal.key: lambda told: {**amount("temperature")(told), STATE: "heat"}} if goal else {}
    if (fan := feature.part("fan_mode")) is not None:
        takes[fan.key] = text_of("fan_mode")
        parts.attributes["fan_modes"] = fan.values
        parts.writers["fan_mode"] = lambda value, _: [(to, dumped({fan.key: value}))]
    parts.readers.append(reader(topic, takes))
    return parts


def _fan(feature: Feature, to: str, topic: str) -> Parts:
    parts, takes = Parts(), dict[str, Take]()
    state, mode, speed = (feature.part(name) for name in ("state", "mode", "speed"))
    if state is not None:
        takes[state.key] = one_of(state, "on", "off")
        parts.writers["on"] = lambda value, _: [(to, dumped({state.key: state.on if is_true(value) else state.off}))]
    steps = tuple(name for name in _SPEEDS if mode and name in mode.values)
    if speed is not None:
        top = speed.maximum or 100.0
        takes[speed.key] = amount("percentage", lambda told: max(0, min(100, round(told / top * 100))))
        parts.attributes["percentage_step"] = round(100 / top, 4)
        parts.writers["fan_speed"] = lambda value, _: [
            (to, dumped({speed.key: max(round(percent_of(value) / 100 * top), int(percent_of(value) > 0))}))
        ]
    elif mode is not None and steps:
        share = 100 / len(steps)
        takes[mode.key] = lambda told: _speed(str(told), steps)
        parts.attributes["percentage_step"] = round(share, 4)
        parts.writers["fan_speed"] = lambda value, _: [
            (to, dumped({mode.key: steps[max(0, min(len(steps), -int(-percent_of(value) // share)) - 1)]}))
        ]
        if state is None:
            parts.writers["on"] = lambda value, _: [(to, dumped({mode.key: steps[-1] if is_true(value) else "off"}))]
    parts.readers.append(reader(topic, takes))
    return parts


def _speed(told: str, steps: tuple[str, ...]) -> Found:
    if told in steps:
        return {STATE: "on", "percentage": round((steps.index(told) + 1) * 100 / len(steps))}
    return {STATE: "off" if told == "off" else "on"}


WHOLES: Mapping[str, Callable[[Feature, str, str], Parts]] = {
    "climate": _climate,
    "cover": _cover,
    "fan": _fan,
    "light": _light,
    "lock": _lock,
    "switch": _switch,
}
"""Builders by type: they get the feature, the topic to send to, and the topic of the state."""
