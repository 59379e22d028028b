"""The appliances' side of Home Assistant's MQTT dialect: how a device announces itself, is told, and reports.

Written from the devices' end and without a line of `homeassistant.py`, so that the two check each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from edgevoice.home.capabilities import COLOR_MODES, number, texts
from edgevoice.home.model import Device, State
from edgevoice.messages import Command, Message, Value

_IN_CAPITALS = frozenset({"light", "switch", "fan", "humidifier", "binary_sensor", "siren", "lock"})
_VACUUM = {"start": "start", "stop": "stop", "pause": "pause", "return_to_base": "dock", "locate": "locate"}
_MOWER = {"start_mowing": "mow", "pause": "pause", "dock": "dock"}


class Dialect(Protocol):
    """One device in one dialect of MQTT homes."""

    online: Message
    offline: Message
    """Its last will."""

    def announcement(self) -> tuple[Message, ...]: ...
    def filters(self) -> tuple[str, ...]:
        """Topic filters of its commands, and of the questions for its state."""
        ...

    def asks(self, message: Message) -> bool:
        """True for a message that only asks for the state."""
        ...

    def decode(self, message: Message) -> Iterator[Command]:
        """What a message tells the device to do; nothing where it is no command. Raises ValueError for nonsense."""
        ...

    def reports(self, state: State) -> Iterator[Message]:
        """The messages that tell `state`."""
        ...


class HomeAssistantDevice:
    """Topics below `home/<domain>/<name>`: `…/set` or `…/<what>/set` command, `…/state` or `…/<what>` report."""

    def __init__(self, device: Device, area: str | None, prefix: str = "homeassistant") -> None:
        self._device = device
        self._area = area
        self._prefix = prefix
        self._object_id = device.id.partition(".")[2]
        self._base = f"home/{device.domain}/{self._object_id}"
        self.online = Message(f"{self._base}/availability", b"online", retain=True)
        self.offline = Message(f"{self._base}/availability", b"offline", retain=True)

    def filters(self) -> tuple[str, ...]:
        return (f"{self._base}/set", f"{self._base}/+/set")

    def asks(self, message: Message) -> bool:
        return False

    def announcement(self) -> tuple[Message, ...]:
        device = self._device
        part: dict[str, Any] = {"identifiers": [device.id], "name": device.name}
        if self._area:
            part["suggested_area"] = self._area
        config: dict[str, Any] = {
            "~": self._base,
            "name": None,
            "unique_id": device.id,
            "default_entity_id": device.id,
            "device": part,
            "availability_topic": "~/availability",
            **{key: value for key, value in self._config().items() if value is not None or key == "payload_stop"},
        }
        if device.device_class:
            config["device_class"] = device.device_class
        topic = f"{self._prefix}/{device.domain}/{self._object_id}/config"
        return (Message(topic, json.dumps(config, ensure_ascii=False).encode(), retain=True),)

    # --- announcing ---------------------------------------------------------------------------------------------------

    def _config(self) -> Mapping[str, Any]:
        can, told = self._device.capabilities, {"command_topic": "~/set"}
        state = {"state_topic": "~/state"}
        match self._device.domain:
            case "sensor" | "binary_sensor":
                return {**state, "unit_of_measurement": self._device.unit}
            case "scene" | "script" | "button":
                return told
            case "light" if self._is_colored:
                return {**told, **state, "schema": "json", **self._light()}
            case "light" if "brightness" in can:
                return {
                    **told,
                    **state,
                    "on_command_type": "brightness",
                    **_pair("brightness"),
                    "brightness_scale": 100,
                }
            case "fan":
                return {**told, **state, **_pair("percentage")}
            case "humidifier":
                bounds = {f"{end}_humidity": self._bound("humidity", end) for end in ("min", "max")}
                return {**told, **state, **_pair("target_humidity"), **bounds}
            case "climate":
                return self._climate()
            case "cover":
                stop = {} if "stop" in can else {"payload_stop": None}
                at = (
                    {"position_topic": "~/position", "set_position_topic": "~/position/set"}
                    if "position" in can
                    else {}
                )
                return {**told, **state, **at, **stop}
            case "valve":
                return {**told, **state, "reports_position": True}
            case "vacuum":
                verbs = {"dock": "return_home"}
                return {**told, **state, "supported_features": [verbs.get(v, v) for v in can["vacuum"].choices]}
            case "lawn_mower":
                return {"activity_state_topic": "~/state", **{f"{verb}_command_topic": "~/set" for verb in _MOWER}}
            case "number":
                return {**told, **state, "unit_of_measurement": self._device.unit, **self._number()}
            case "select":
                return {**told, **state, "options": list(can["option"].choices)}
        return {**told, **state}

    @property
    def _is_colored(self) -> bool:
        return not {"color", "color_temperature"}.isdisjoint(self._device.capabilities)

    def _bound(self, capability: str, end: str) -> float | None:
        known = self._device.capabilities[capability]
        return {"min": known.minimum, "max": known.maximum, "step": known.step}[end]

    def _number(self) -> Mapping[str, Any]:
        return {end: self._bound("value", end) for end in ("min", "max", "step")}

    def _light(self) -> Mapping[str, Any]:
        modes = [
            mode
            for mode, key in (("rgb", "color"), ("color_temp", "color_temperature"))
            if key in self._device.capabilities
        ]
        kelvin = {}
        if "color_temp" in modes:
            kelvin = {f"{end}_kelvin": self._bound("color_temperature", end) for end in ("min", "max")}
        return {"brightness": True, "supported_color_modes": modes, "color_temp_kelvin": True, **kelvin}

    def _climate(self) -> Mapping[str, Any]:
        known = self._device.capabilities
        config: dict[str, Any] = {
            "modes": list(known["hvac_mode"].choices),
            "temperature_unit": (self._device.unit or "C")[-1],
        }
        for topic, key in (
            ("mode_state", "mode"),
            ("temperature_state", "temperature"),
            ("current_temperature", "current"),
        ):
            config[f"{topic}_topic"] = "~/state"
            config[f"{topic}_template"] = f"{{{{ value_json.{key} }}}}"
        config.update(current_humidity_topic="~/state", current_humidity_template="{{ value_json.humidity }}")
        config.update(mode_command_topic="~/mode/set", temperature_command_topic="~/temperature/set")
        config.update(temp_step=self._bound("temperature", "step"))
        return {**config, **{f"{end}_temp": self._bound("temperature", end) for end in ("min", "max")}}

    # --- obeying ------------------------------------------------------------------------------------------------------

    def decode(self, message: Message) -> Iterator[Command]:
        text = message.payload.decode("utf-8")
        part = message.topic[len(self._base) + 1 :].removesuffix("set").strip("/")
        found = self._decode_part(part, text) if part else self._decode(text)
        yield from (Command(self._device.id, capability, value) for capability, value in found.items())

    def _decode_part(self, part: str, text: str) -> Mapping[str, Value]:
        if part == "mode":
            return {"hvac_mode": text}
        named = {
            "brightness": "brightness",
            "percentage": "fan_speed",
            "target_humidity": "humidity",
            "position": "position",
        }
        return {named.get(part, part): float(text)}

    def _decode(self, text: str) -> Mapping[str, Value]:
        match self._device.domain:
            case "light" if self._is_colored:
                return _decode_light(_object(text))
            case "siren":
                return {"on": _is(_object(text)["state"], "ON", "OFF")}
            case "cover":
                return {"stop": None} if text == "STOP" else {"open": _is(text, "OPEN", "CLOSE")}
            case "valve":
                return {"position": float(text)}
            case "lock":
                return {"locked": _is(text, "LOCK", "UNLOCK")}
            case "vacuum":
                return {"vacuum": _VACUUM[text]}
            case "lawn_mower":
                return {"mower": _MOWER[text]}
            case "scene" | "script":
                return {"activate": None} if text == "ON" else {}
            case "button":
                return {"press": None} if text == "PRESS" else {}
            case "number":
                return {"value": float(text)}
            case "select":
                return {"option": text} if text in self._device.capabilities["option"].choices else {}
            case "alarm_control_panel":
                return {"alarm": text.lower()}
            case "media_player":
                return _decode_media(_object(text))
            case "todo":
                verbs = {"add": "add_item", "complete": "complete_item", "remove": "remove_item"}
                return {verbs[verb]: str(item) for verb, item in _object(text).items()}
        return {"on": _is(text, "ON", "OFF")}

    # --- reporting ----------------------------------------------------------------------------------------------------

    def reports(self, state: State) -> Iterator[Message]:
        held, domain = state.attributes, self._device.domain
        if domain in ("scene", "script", "button"):
            return
        payload: str = state.value
        if domain == "light" and self._is_colored:
            payload = json.dumps(_light_report(state))
        elif domain in _IN_CAPITALS:
            payload = state.value.upper()
        elif domain == "climate":
            keys = {"temperature": "temperature", "current": "current_temperature", "humidity": "current_humidity"}
            payload = json.dumps({"mode": state.value, **{key: held.get(name) for key, name in keys.items()}})
        elif domain == "valve":
            payload = json.dumps({"state": state.value, "position": held.get("current_position", 0)})
        elif domain in ("vacuum", "media_player"):
            payload = json.dumps({"state": state.value, **held})
        elif domain == "todo":
            payload = json.dumps({key: texts(held.get(key)) for key in ("items", "completed_items")})
        yield self._report("state", payload)
        if "position" in self._device.capabilities and domain == "cover":
            yield self._report("position", _digits(held.get("current_position", 0)))
        if "brightness" in self._device.capabilities and not self._is_colored:
            yield self._report("brightness", str(round((number(held.get("brightness")) or 0) / 2.55)))
        if domain == "fan":
            yield self._report("percentage", _digits(held.get("percentage", 0)))
        if domain == "humidifier":
            yield self._report("target_humidity", _digits(held.get("humidity", 50)))

    def _report(self, what: str, payload: str) -> Message:
        return Message(f"{self._base}/{what}", payload.encode(), retain=True)


def _pair(what: str) -> Mapping[str, str]:
    return {f"{what}_command_topic": f"~/{what}/set", f"{what}_state_topic": f"~/{what}"}


def _object(text: str) -> Mapping[str, Any]:
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError("not an object")
    return told


def _is(text: Any, yes: str, no: str) -> bool:
    if text not in (yes, no):
        raise ValueError(f"neither {yes} nor {no}")
    return bool(text == yes)


def _digits(value: Value) -> str:
    return f"{number(value) or 0:g}"


def _decode_light(told: Mapping[str, Any]) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    if "state" in told:
        found["on"] = _is(told["state"], "ON", "OFF")
    if "brightness" in told:
        found["brightness"] = float(told["brightness"]) / 2.55
    if "color" in told:
        found["color"] = tuple(int(told["color"][channel]) for channel in "rgb")
    if "color_temp" in told:
        found["color_temperature"] = float(told["color_temp"])
    return found


def _light_report(state: State) -> Mapping[str, Any]:
    held = state.attributes
    told: dict[str, Any] = {"state": state.value.upper(), "brightness": held.get("brightness", 255)}
    color = held.get("rgb_color")
    if isinstance(color, tuple):
        told["color"] = dict(zip("rgb", color, strict=True))
    if held.get("color_temp_kelvin"):
        told["color_temp"] = held["color_temp_kelvin"]
    mode = held.get("color_mode")
    told["color_mode"] = mode if mode in COLOR_MODES else "color_temp" if "color_temp" in told else "rgb"
    return told


def _decode_media(told: Mapping[str, Any]) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    if "state" in told:
        found["on"] = _is(told["state"], "ON", "OFF")
    if "volume_level" in told:
        found["volume"] = 100 * float(told["volume_level"])
    if "is_volume_muted" in told:
        found["muted"] = bool(told["is_volume_muted"])
    found.update({key: str(told[key]) for key in ("playback", "media", "source") if key in told})
    return found
