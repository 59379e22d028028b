"""The appliances' side of Zigbee2MQTT: what a device exposes, is told, and reports; written without the adapter's code."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edgevoice.home import colors
from edgevoice.home.capabilities import number
from edgevoice.home.model import Device, State
from edgevoice.messages import Command, Message, Value

BASE = "zigbee2mqtt"
_TOP = 254  # Zigbee's brightest
_ALL = 7  # published, may be set, may be asked for
_SWITCH = {"type": "binary", "name": "state", "property": "state", "access": _ALL, "value_on": "ON", "value_off": "OFF"}
_INVERTED = {"door", "window", "opening", "garage_door"}  # a contact that is closed is `true`


class ZigbeeDevice:
    """One device behind the bridge. Its friendly name is `<area>/<name>`."""

    def __init__(self, device: Device, area: str | None) -> None:
        self._device = device
        self.name = f"{area}/{device.name}" if area else device.name
        self._base = f"{BASE}/{self.name}"
        self.online = Message(f"{self._base}/availability", b'{"state":"online"}', retain=True)
        self.offline = Message(f"{self._base}/availability", b'{"state":"offline"}', retain=True)

    def announcement(self) -> tuple[Message, ...]:
        """The bridge announces all devices in one message."""
        return ()

    def filters(self) -> tuple[str, ...]:
        return (f"{self._base}/set", f"{self._base}/get")

    def asks(self, message: Message) -> bool:
        return message.topic.endswith("/get")

    def listed(self) -> Mapping[str, Any]:
        """Its entry in the bridge's list."""
        return {
            "ieee_address": f"0x{zlib.crc32(self._device.id.encode()):016x}",
            "type": "Router",
            "friendly_name": self.name,
            "supported": True,
            "disabled": False,
            "definition": {"model": "simulated", "vendor": "EdgeVoice", "exposes": list(self._exposes())},
        }

    def _exposes(self) -> Iterator[Mapping[str, Any]]:
        device, can = self._device, self._device.capabilities
        match device.domain:
            case "light":
                yield {"type": "light", "features": [_SWITCH, *self._light()]}
            case "switch":
                yield {"type": "switch", "features": [_SWITCH]}
            case "lock":
                state = {**_SWITCH, "value_on": "LOCK", "value_off": "UNLOCK"}
                yield {"type": "lock", "features": [state]}
            case "cover":
                state = {"type": "enum", "name": "state", "property": "state", "access": 3}
                position = [_numeric("position", _ALL, 0, 100)] if "position" in can else []
                yield {"type": "cover", "features": [{**state, "values": ["OPEN", "CLOSE", "STOP"]}, *position]}
            case "climate":
                bounds = can["temperature"]
                goal = _numeric("occupied_heating_setpoint", _ALL, bounds.minimum, bounds.maximum, bounds.step, "°C")
                mode = {"type": "enum", "name": "system_mode", "property": "system_mode", "access": _ALL}
                modes = {**mode, "values": list(can["hvac_mode"].choices)}
                yield {"type": "climate", "features": [goal, _numeric("local_temperature", 5, unit="°C"), modes]}
            case "sensor":
                yield _numeric(device.device_class or "value", 1, unit=device.unit)
            case "binary_sensor":
                name = "contact" if device.device_class in _INVERTED else device.device_class or "state"
                on = name != "contact"
                yield {**_SWITCH, "name": name, "property": name, "access": 1, "value_on": on, "value_off": not on}
            case "number":
                value = can["value"]
                yield _numeric("setting", _ALL, value.minimum, value.maximum, value.step, device.unit)
            case "select":
                choice = {"type": "enum", "name": "setting", "property": "setting", "access": _ALL}
                yield {**choice, "values": list(can["option"].choices)}

    def _light(self) -> Iterator[Mapping[str, Any]]:
        can = self._device.capabilities
        if "brightness" in can:
            yield _numeric("brightness", _ALL, 0, _TOP)
        if "color_temperature" in can:
            yield _numeric("color_temp", _ALL, 153, 500, unit="mired")
        if "color" in can:
            parts = [_numeric("x", _ALL), _numeric("y", _ALL)]
            yield {"type": "composite", "name": "color_xy", "property": "color", "access": _ALL, "features": parts}

    def decode(self, message: Message) -> Iterator[Command]:
        told = json.loads(message.payload)
        for key, value in told.items():
            capability, wanted = self._wanted(key, value)
            yield Command(self._device.id, capability, wanted)

    def _wanted(self, key: str, value: Any) -> tuple[str, Value]:
        match self._device.domain, key:
            case "cover", "state":
                return ("stop", None) if value == "STOP" else ("open", {"OPEN": True, "CLOSE": False}[value])
            case "lock", "state":
                return "locked", {"LOCK": True, "UNLOCK": False}[value]
            case _, "state":
                return "on", {"ON": True, "OFF": False}[value]
            case _, "brightness":
                return "brightness", int(value) / _TOP * 100
            case _, "color":
                return "color", colors.from_xy(float(value["x"]), float(value["y"]))
            case _, "color_temp":
                return "color_temperature", 1e6 / int(value)
            case _, "occupied_heating_setpoint":
                return "temperature", float(value)
            case _, "system_mode":
                return "hvac_mode", str(value)
            case "number", "setting":
                return "value", float(value)
            case "select", "setting":
                return "option", str(value)
        return key, number(value)

    def reports(self, state: State) -> Iterator[Message]:
        yield Message(self._base, json.dumps(dict(self._report(state))).encode(), retain=True)

    def _report(self, state: State) -> Iterator[tuple[str, Any]]:
        held, device = state.attributes, self._device
        match device.domain:
            case "light":
                yield "state", state.value.upper()
                yield from self._shining(state)
            case "switch":
                yield "state", state.value.upper()
            case "lock":
                yield "state", "LOCK" if state.value == "locked" else "UNLOCK"
            case "cover":
                yield "state", {"open": "OPEN", "opening": "OPEN"}.get(state.value, "CLOSE")
                if "current_position" in held:
                    yield "position", held["current_position"]
                yield "moving", {"opening": "UP", "closing": "DOWN"}.get(state.value, "STOP")
            case "climate":
                yield "system_mode", state.value
                yield "occupied_heating_setpoint", held.get("temperature")
                yield "local_temperature", held.get("current_temperature")
            case "sensor":
                yield device.device_class or "value", number(state.value)
            case "binary_sensor":
                flipped = device.device_class in _INVERTED
                yield "contact" if flipped else device.device_class or "state", (state.value == "on") != flipped
            case "number":
                yield "setting", number(state.value)
            case "select":
                yield "setting", state.value

    def _shining(self, state: State) -> Iterator[tuple[str, Any]]:
        held, can = state.attributes, self._device.capabilities
        if "brightness" in can:
            yield "brightness", round((number(held.get("brightness")) or 255) / 255 * _TOP)
        if "color_temperature" in can:
            yield "color_temp", round(1e6 / (number(held.get("color_temp_kelvin")) or 4000))
        color = held.get("rgb_color")
        if "color" in can and isinstance(color, tuple):
            red, green, blue = (int(number(channel) or 0) for channel in color)
            yield "color", dict(zip("xy", colors.to_xy((red, green, blue)), strict=True))


def zigbee(device: Device, area: str | None) -> ZigbeeDevice | None:
    """None for what there is none of in Zigbee."""
    made = ZigbeeDevice(device, area)
    return made if made.listed()["definition"]["exposes"] else None


def bridge(devices: Sequence[object]) -> tuple[Message, ...]:
    """What the bridge itself tells, retained."""
    listed = [device.listed() for device in devices if isinstance(device, ZigbeeDevice)]
    coordinator = {"ieee_address": "0x0", "type": "Coordinator", "friendly_name": "Coordinator", "definition": None}
    return (
        Message(f"{BASE}/bridge/state", b'{"state":"online"}', retain=True),
        Message(f"{BASE}/bridge/devices", json.dumps([coordinator, *listed]).encode(), retain=True),
        Message(f"{BASE}/bridge/groups", b"[]", retain=True),
    )


def _numeric(
    name: str, access: int, low: float | None = None, high: float | None = None, step: float | None = None,
    unit: str | None = None,
) -> Mapping[str, Any]:  # fmt: skip
    told = {"value_min": low, "value_max": high, "value_step": step, "unit": unit}
    known = {key: value for key, value in told.items() if value is not None}
    return {"type": "numeric", "name": name, "property": name, "access": access, **known}
