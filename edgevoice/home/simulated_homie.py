"""The appliances' side of Homie 5: a device with one node, its properties retained topics of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from edgevoice.home.capabilities import number
from edgevoice.home.model import Capability, Device, State
from edgevoice.messages import Command, Message, Value

_BASE = "homie/5"


class HomieDevice:
    """Topics below `homie/5/<domain>-<name>/main`."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._base = f"{_BASE}/{device.id.replace('.', '-').replace('_', '-')}"
        self.online = Message(f"{self._base}/$state", b"ready", retain=True)
        self.offline = Message(f"{self._base}/$state", b"lost", retain=True)

    def announcement(self) -> tuple[Message, ...]:
        node = {"name": self._device.name, "type": self._device.domain, "properties": self.properties()}
        told = {"homie": "5.0", "version": 1, "name": self._device.name, "nodes": {"main": node}}
        return (
            Message(f"{self._base}/$state", b"init", retain=True),
            Message(f"{self._base}/$description", json.dumps(told).encode(), retain=True),
        )

    def filters(self) -> tuple[str, ...]:
        return (f"{self._base}/main/+/set",)

    def asks(self, message: Message) -> bool:
        return False

    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        can, unit = self._device.capabilities, self._device.unit
        match self._device.domain:
            case "light":
                return {"power": _boolean(), **self._light()}
            case "switch":
                return {"power": _boolean()}
            case "fan":
                return {"power": _boolean(), "speed": _integer("0:100:1", "%")}
            case "lock":
                return {"lock": _boolean()}
            case "cover":
                action = {"datatype": "enum", "format": "open,close,stop", "settable": True, "retained": False}
                at = {"position": _integer("0:100:1", "%")} if "position" in can else {}
                return {**at, "action": action}
            case "climate":
                goal = can["temperature"]
                mode = {"datatype": "enum", "format": ",".join(can["hvac_mode"].choices), "settable": True}
                here = {"datatype": "float", "unit": unit or "°C"}
                return {"setpoint": _float(goal, unit or "°C"), "temperature": here, "mode": mode}
            case "sensor":
                return {self._device.device_class or "value": {"datatype": "float" if unit else "string", "unit": unit}}
            case "binary_sensor":
                return {(self._device.device_class or "value").replace("_", "-"): {"datatype": "boolean"}}
            case "number":
                return {"value": _float(can["value"], unit)}
            case "select":
                return {"option": {"datatype": "enum", "format": ",".join(can["option"].choices), "settable": True}}
        return {}

    def _light(self) -> Mapping[str, Any]:
        can = self._device.capabilities
        found: dict[str, Any] = {}
        if "brightness" in can:
            found["brightness"] = _integer("0:100:1", "%")
        if "color" in can:
            found["color"] = {"datatype": "color", "format": "rgb", "settable": True}
        if "color_temperature" in can:
            found["color-temperature"] = _integer("2000:6500:1", "K")
        return found

    def decode(self, message: Message) -> Iterator[Command]:
        what, text = message.topic.split("/")[-2], message.payload.decode()
        capability, value = self._wanted(what, text)
        yield Command(self._device.id, capability, value)

    def _wanted(self, what: str, text: str) -> tuple[str, Value]:
        truth = {"true": True, "false": False}
        match what:
            case "power":
                return "on", truth[text]
            case "lock":
                return "locked", truth[text]
            case "action":
                return ("stop", None) if text == "stop" else ("open", {"open": True, "close": False}[text])
            case "color":
                return "color", tuple(int(part) for part in text.removeprefix("rgb,").split(","))
            case "mode":
                return "hvac_mode", text
            case "option":
                return "option", text
        names = {"color-temperature": "color_temperature", "setpoint": "temperature", "speed": "fan_speed"}
        return names.get(what, what), float(text)

    def reports(self, state: State) -> Iterator[Message]:
        for what, value in self._values(state):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            yield Message(f"{self._base}/main/{what}", text.encode(), retain=True)

    def _values(self, state: State) -> Iterator[tuple[str, Value]]:
        held = state.attributes
        for what in self.properties():
            match what:
                case "power":
                    yield what, state.value == "on"
                case "brightness":
                    yield what, round((number(held.get("brightness")) or 255) / 2.55)
                case "color":
                    color = held.get("rgb_color")
                    if isinstance(color, tuple):
                        yield what, ",".join(map(str, ("rgb", *color)))
                case "color-temperature":
                    yield what, held.get("color_temp_kelvin", 4000)
                case "lock":
                    yield what, state.value == "locked"
                case "position":
                    yield what, held.get("current_position", 0)
                case "speed":
                    yield what, held.get("percentage", 0)
                case "setpoint":
                    yield what, held.get("temperature")
                case "temperature" if self._device.domain == "climate":
                    yield what, held.get("current_temperature")
                case "action":
                    if "position" not in self._device.capabilities:
                        yield what, "close" if state.value == "closed" else "open"
                case _ if self._device.domain == "binary_sensor":
                    yield what, state.value == "on"
                case _:
                    yield what, state.value


def homie(device: Device, area: str | None) -> HomieDevice | None:
    """None for what has no form in Homie here. The device's name is all that tells its area."""
    made = HomieDevice(device)
    return made if made.properties() else None


def _boolean() -> Mapping[str, Any]:
    return {"datatype": "boolean", "settable": True}


def _integer(span: str, unit: str) -> Mapping[str, Any]:
    return {"datatype": "integer", "format": span, "unit": unit, "settable": True}


def _float(bounds: Capability, unit: str | None) -> Mapping[str, Any]:
    ends = ":".join("" if end is None else f"{end:g}" for end in (bounds.minimum, bounds.maximum, bounds.step))
    return {"datatype": "float", "format": ends, "unit": unit, "settable": True}
