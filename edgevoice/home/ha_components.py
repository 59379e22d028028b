"""The components of Home Assistant's MQTT integration, from switch to vacuum: what they report and how they are told."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from edgevoice.home.appliance import USUAL_MODES
from edgevoice.home.capabilities import number
from edgevoice.home.ha_convention import media_player, todo
from edgevoice.home.ha_covers import cover, valve
from edgevoice.home.ha_discovery import Config
from edgevoice.home.ha_lights import light
from edgevoice.home.ha_parts import (
    STATE,
    STATE_LIMIT,
    Found,
    Parts,
    Sent,
    chosen,
    dumped,
    is_true,
    json_object,
    numeric,
    percent_of,
    sender,
    text_state,
    word,
)
from edgevoice.home.ha_templates import Payload
from edgevoice.home.model import State
from edgevoice.home.names import clean
from edgevoice.messages import Value


def switch(config: Config) -> Parts:
    parts = Parts()
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    names = {config.text("state_off", off): "off", config.text("state_on", on): "on"}
    parts.read(config, "state_topic", "value_template", chosen(names))
    send = sender(config, "command_topic", "command_template")
    if send:
        parts.writers["on"] = lambda value, _state: send(on if is_true(value) else off)
    return parts


def siren(config: Config) -> Parts:
    parts = Parts()
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    state_of = chosen({config.text("state_off", off): "off", config.text("state_on", on): "on"})
    parts.read(config, "state_topic", "state_value_template", lambda payload: state_of(_plain_or_json(payload)))
    send = sender(config, "command_topic", "command_template")
    templated = bool(config.text("command_template"))

    def write(value: Value, _state: State) -> Sent:
        word_sent = on if is_true(value) else off
        return send(word_sent if templated else dumped({"state": word_sent})) if send else ()

    if send:
        parts.writers["on"] = write
    return parts


def fan(config: Config) -> Parts:
    parts = Parts()
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    parts.read(config, "state_topic", "state_value_template", chosen({on: "on", off: "off"}))
    power = sender(config, "command_topic", "command_template")
    if power:
        parts.writers["on"] = lambda value, _state: power(on if is_true(value) else off)
    low, high = config.number("speed_range_min", 1), config.number("speed_range_max", 100)
    steps = max(high - low + 1, 1)
    parts.attributes["percentage_step"] = round(100 / steps, 4)
    speed = sender(config, "percentage_command_topic", "percentage_command_template")
    parts.read(
        config,
        "percentage_state_topic",
        "percentage_value_template",
        numeric("percentage", lambda told: max(0, min(100, round((told - low + 1) * 100 / steps)))),
    )

    def write(value: Value, state: State) -> Sent:
        percent = percent_of(value)
        if not (speed and power) or percent == 0:
            return power(off) if power else speed(0) if speed else ()
        first = [] if state.value == "on" else power(on)
        return [*first, *speed(math.ceil(low - 1 + percent / 100 * steps))]

    if speed:
        parts.writers["fan_speed"] = write
    return parts


def lock(config: Config) -> Parts:
    parts = Parts()
    names = {
        config.text(f"state_{name}", name.upper()): name
        for name in ("locked", "unlocked", "locking", "unlocking", "jammed")
    }
    parts.read(config, "state_topic", "value_template", chosen(names))
    send = sender(config, "command_topic", "command_template")
    if send:
        locking, unlocking = config.text("payload_lock", "LOCK"), config.text("payload_unlock", "UNLOCK")
        parts.writers["locked"] = lambda value, _state: send(locking if is_true(value) else unlocking)
    return parts


def climate(config: Config) -> Parts:
    parts = Parts()
    modes = config.texts("modes") or ("auto", "off", "cool", "heat", "dry", "fan_only")
    parts.attributes["hvac_modes"] = modes
    parts.attributes.update(zip(("min_temp", "max_temp"), _usual_bounds(config), strict=True))
    parts.bound(
        config,
        min_temp="min_temp",
        max_temp="max_temp",
        target_temp_step="temp_step",
        fan_modes="fan_modes",
        min_humidity="min_humidity",
        max_humidity="max_humidity",
    )
    parts.attributes["supported_features"] = tuple(
        name
        for name, topic in (
            ("TARGET_TEMPERATURE", "temperature_command_topic"),
            ("TARGET_HUMIDITY", "target_humidity_command_topic"),
            ("FAN_MODE", "fan_mode_command_topic"),
            ("HVAC_MODE", "mode_command_topic"),
        )
        if config.topic(topic)
    )
    parts.read(config, "mode_state_topic", _template(config, "mode_state_template"), _hvac_mode)
    for what, attribute in (
        ("current_temperature", "current_temperature"),
        ("temperature_state", "temperature"),
        ("current_humidity", "current_humidity"),
        ("target_humidity_state", "humidity"),
    ):
        parts.read(config, f"{what}_topic", _template(config, f"{what}_template"), numeric(attribute))
    parts.read(config, "fan_mode_state_topic", _template(config, "fan_mode_state_template"), word("fan_mode"))
    parts.read(config, "action_topic", _template(config, "action_template"), word("hvac_action"))
    for capability, what in (
        ("temperature", "temperature"),
        ("humidity", "target_humidity"),
        ("hvac_mode", "mode"),
        ("fan_mode", "fan_mode"),
    ):
        _plain(parts, config, capability, f"{what}_command_topic", f"{what}_command_template")
    _climate_power(parts, config, modes)
    return parts


def _usual_bounds(config: Config) -> tuple[float, float]:
    """What Home Assistant takes where a config names no bounds."""
    low, high = (110.0, 140.0) if config.component == "water_heater" else (44.6, 95.0)
    return (
        (low, high)
        if config.text("temperature_unit") == "F"
        else (round((low - 32) / 1.8, 1), round((high - 32) / 1.8, 1))
    )


def _template(config: Config, key: str) -> str:
    return key if key in config.keys else "value_template"


def _hvac_mode(payload: Payload) -> Found:
    return text_state(payload) if payload.text.strip() != "None" else {}


def _climate_power(parts: Parts, config: Config, modes: tuple[str, ...]) -> None:
    power = sender(config, "power_command_topic", "power_command_template")
    mode = parts.writers.get("hvac_mode")
    usual = next((name for name in USUAL_MODES if name in modes), "")
    if power:
        on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
        parts.writers["on"] = lambda value, _state: power(on if is_true(value) else off)
    elif mode and usual and "off" in modes:
        parts.writers["on"] = lambda value, state: mode(usual if is_true(value) else "off", state)


def humidifier(config: Config) -> Parts:
    parts = switch(config)
    parts.readers.clear()
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    parts.read(config, "state_topic", "state_value_template", chosen({on: "on", off: "off"}))
    parts.bound(config, min_humidity="min_humidity", max_humidity="max_humidity")
    what = "target_humidity_state"
    parts.read(config, f"{what}_topic", f"{what}_template", numeric("humidity"))
    parts.read(config, "current_humidity_topic", "current_humidity_template", numeric("current_humidity"))
    _plain(parts, config, "humidity", "target_humidity_command_topic", "target_humidity_command_template")
    return parts


def vacuum(config: Config) -> Parts:
    parts = Parts()
    features = config.texts("supported_features") or ("start", "stop", "return_home", "clean_spot")
    parts.attributes["supported_features"] = features
    parts.read(config, "state_topic", "value_template", _vacuum_state)
    send = sender(config, "command_topic")
    verbs = {"start": "start", "stop": "stop", "pause": "pause", "dock": "return_to_base", "locate": "locate"}
    payloads = {verb: config.text(f"payload_{name}", name) for verb, name in verbs.items()}
    if send:
        parts.writers["vacuum"] = lambda value, _state: send(payloads[str(value)]) if value in payloads else ()
    return parts


def _vacuum_state(payload: Payload) -> Found:
    told = json_object(payload)
    found: dict[str, Value] = {}
    if isinstance(told.get("state"), str):
        found[STATE] = clean(told["state"], STATE_LIMIT)
    if isinstance(told.get("fan_speed"), str):
        found["fan_speed"] = clean(told["fan_speed"])
    if number(told.get("battery_level")) is not None:
        found["battery_level"] = number(told["battery_level"])
    return found


def lawn_mower(config: Config) -> Parts:
    parts = Parts()
    parts.read(config, "activity_state_topic", "activity_value_template", text_state)
    verbs = {"mow": "start_mowing", "pause": "pause", "dock": "dock"}
    senders = {
        verb: sender(config, f"{name}_command_topic", f"{name}_command_template") for verb, name in verbs.items()
    }

    def write(value: Value, _state: State) -> Sent:
        send = senders.get(str(value))
        return send(verbs[str(value)]) if send else ()

    if any(senders.values()):
        parts.writers["mower"] = write
    return parts


def sensor(config: Config) -> Parts:
    parts = Parts()
    parts.read(config, "state_topic", "value_template", text_state)
    return parts


def binary_sensor(config: Config) -> Parts:
    parts = Parts()
    names = {config.text("payload_off", "OFF"): "off", config.text("payload_on", "ON"): "on"}
    parts.read(config, "state_topic", "value_template", chosen(names))
    return parts


def button(config: Config) -> Parts:
    return _trigger(config, "press", config.text("payload_press", "PRESS"))


def scene(config: Config) -> Parts:
    return _trigger(config, "activate", config.text("payload_on", "ON"))


def _trigger(config: Config, capability: str, payload: str) -> Parts:
    parts = Parts()
    send = sender(config, "command_topic", "command_template")
    if send:
        parts.writers[capability] = lambda _value, _state: send(payload)
    return parts


def number_entity(config: Config) -> Parts:
    parts = sensor(config)
    parts.attributes.update(min=config.number("min", 1), max=config.number("max", 100), step=config.number("step", 1))
    _plain(parts, config, "value", "command_topic", "command_template")
    return parts


def select(config: Config) -> Parts:
    parts = sensor(config)
    parts.bound(config, options="options")
    _plain(parts, config, "option", "command_topic", "command_template")
    return parts


def text(config: Config) -> Parts:
    parts = sensor(config)
    _plain(parts, config, "text", "command_topic", "command_template")
    return parts


def alarm_control_panel(config: Config) -> Parts:
    parts = sensor(config)
    send = sender(config, "command_topic", "command_template")
    payloads = {
        verb: config.text(f"payload_{verb}", verb.upper()) for verb in ("arm_home", "arm_away", "arm_night", "disarm")
    }

    def write(value: Value, _state: State) -> Sent:
        payload = payloads.get(str(value))
        return send(payload, action=payload, code=None) if send and payload else ()

    if send:
        parts.writers["alarm"] = write
    return parts


def _plain(parts: Parts, config: Config, capability: str, topic: str, template: str) -> None:
    """A writer that sends the value as it is."""
    send = sender(config, topic, template)
    if send:
        parts.writers[capability] = lambda value, _state: send(value)


def _plain_or_json(payload: Payload) -> Payload:
    told = payload.json
    state = told.get("state") if isinstance(told, dict) else None
    return Payload(state) if isinstance(state, str) else payload


COMPONENTS: Mapping[str, Callable[[Config], Parts]] = {
    "alarm_control_panel": alarm_control_panel,
    "binary_sensor": binary_sensor,
    "button": button,
    "climate": climate,
    "cover": cover,
    "fan": fan,
    "humidifier": humidifier,
    "lawn_mower": lawn_mower,
    "light": light,
    "lock": lock,
    "media_player": media_player,
    "number": number_entity,
    "scene": scene,
    "script": scene,
    "select": select,
    "sensor": sensor,
    "siren": siren,
    "switch": switch,
    "text": text,
    "todo": todo,
    "vacuum": vacuum,
    "valve": valve,
    "water_heater": climate,
}
"""What each component is made of; others are passed over."""
