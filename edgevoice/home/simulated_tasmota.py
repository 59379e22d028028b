"""The appliances' side of Tasmota: one board a device, its discovery, commands and telemetry."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from edgevoice.home import colors
from edgevoice.home.capabilities import number
from edgevoice.home.model import Device, State
from edgevoice.messages import Command, Message, Value

_KINDS = {"switch": 1, "light": 2, "cover": 3}
_READINGS = {"temperature": "Temperature", "humidity": "Humidity"}


class TasmotaDevice:
    """Topics `cmnd/<topic>/…`, `stat/<topic>/RESULT` and `tele/<topic>/…`."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._topic = device.id.partition(".")[2]
        self._mac = f"{zlib.crc32(device.id.encode()):012X}"
        self.online = Message(f"tele/{self._topic}/LWT", b"Online", retain=True)
        self.offline = Message(f"tele/{self._topic}/LWT", b"Offline", retain=True)

    def announcement(self) -> tuple[Message, ...]:
        kind = _KINDS.get(self._device.domain, 0)
        relays = [kind] * (2 if kind == 3 else 1) if kind else []
        config = {
            "dn": self._device.name,
            "fn": [self._device.name],
            "mac": self._mac,
            "ofln": "Offline",
            "onln": "Online",
            "state": ["OFF", "ON", "TOGGLE", "HOLD"],
            "t": self._topic,
            "ft": "%prefix%/%topic%/",
            "tp": ["cmnd", "stat", "tele"],
            "rl": relays + [0] * (8 - len(relays)),
            "lt_st": self._light,
            "sho": [0, 0, 0, 0],
            "ver": 1,
        }
        found = [("config", config)]
        if not kind:
            name = _READINGS[self._device.device_class or ""]
            found.append(("sensors", {"sn": {"Time": "2026-01-01T00:00:00", "AM2301": {name: 20.0}, "TempUnit": "C"}}))
        return tuple(
            Message(f"tasmota/discovery/{self._mac}/{what}", json.dumps(told).encode(), retain=True)
            for what, told in found
        )

    @property
    def _light(self) -> int:
        can = self._device.capabilities
        if "color" in can:
            return 5 if "color_temperature" in can else 3
        return 2 if "color_temperature" in can else int("brightness" in can)

    def filters(self) -> tuple[str, ...]:
        return (f"cmnd/{self._topic}/+",)

    def asks(self, message: Message) -> bool:
        what = message.topic.rpartition("/")[2]
        return what in ("STATE", "STATUS") or (not message.payload and what in ("POWER", "ShutterPosition"))

    def decode(self, message: Message) -> Iterator[Command]:
        capability, value = self._wanted(message.topic.rpartition("/")[2], message.payload.decode())
        yield Command(self._device.id, capability, value)

    def _wanted(self, what: str, text: str) -> tuple[str, Value]:
        match what:
            case "POWER" | "POWER1":
                return "on", {"ON": True, "OFF": False}[text.upper()]
            case "Dimmer":
                return "brightness", float(text)
            case "CT":
                return "color_temperature", 1e6 / int(text)
            case "Color2":
                return "color", tuple(int(part) for part in text.split(","))
            case "ShutterOpen1" | "ShutterClose1":
                return "open", what == "ShutterOpen1"
            case "ShutterStop1":
                return "stop", None
            case "ShutterPosition1":
                return "position", float(text)
        raise ValueError(f"no such command: {what}")

    def reports(self, state: State) -> Iterator[Message]:
        """Tasmota does not retain what it reports."""
        told = json.dumps(dict(self._report(state))).encode()
        if self._device.domain == "sensor":
            yield Message(f"tele/{self._topic}/SENSOR", told)
        else:
            yield Message(f"stat/{self._topic}/RESULT", told)

    def _report(self, state: State) -> Iterator[tuple[str, Any]]:
        held, can = state.attributes, self._device.capabilities
        match self._device.domain:
            case "sensor":
                yield "AM2301", {_READINGS[self._device.device_class or ""]: number(state.value)}
                yield "TempUnit", "C"
            case "cover":
                yield "Shutter1", _shutter(state)
            case "light" | "switch":
                yield "POWER", state.value.upper()
                if "brightness" in can:
                    yield "Dimmer", round((number(held.get("brightness")) or 255) / 2.55)
                if "color_temperature" in can:
                    yield "CT", round(1e6 / (number(held.get("color_temp_kelvin")) or 4000))
                color = held.get("rgb_color")
                if "color" in can and isinstance(color, tuple):
                    red, green, blue = (int(number(channel) or 0) for channel in color)
                    hue, saturation = colors.to_hs((red, green, blue))
                    yield "HSBColor", f"{hue:.0f},{saturation:.0f},100"


def _shutter(state: State) -> Mapping[str, int]:
    at = round(number(state.attributes.get("current_position")) or (100 if state.value == "open" else 0))
    direction = {"opening": 1, "closing": -1}.get(state.value, 0)
    return {"Position": at, "Direction": direction, "Target": {1: 100, -1: 0}.get(direction, at)}


def tasmota(device: Device, area: str | None) -> TasmotaDevice | None:
    """None for what Tasmota is not. The device's name is all that tells its area."""
    is_one = device.domain in _KINDS or (device.domain == "sensor" and device.device_class in _READINGS)
    return TasmotaDevice(device) if is_one else None
