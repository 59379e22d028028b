"""A home that hears every dialect, the broker's part played by hand, and devices as real ones announce themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edgevoice.config import HomeSettings
from edgevoice.home import dialects
from edgevoice.home.entities import Entities
from edgevoice.home.model import Home
from edgevoice.messages import Command, Message, Value


class Broker:
    """The broker's part, played by hand."""

    def __init__(self, **settings: Any) -> None:
        self.home = Home()
        self.entities = Entities(self.home)
        self.adapter = dialects.load(self.entities, HomeSettings(**settings))
        self.now = 0.0

    def say(self, topic: str, payload: Any) -> None:
        self.now += 1.0
        raw = payload if isinstance(payload, bytes) else payload if isinstance(payload, str) else json.dumps(payload)
        self.adapter.handle(Message(topic, raw if isinstance(raw, bytes) else raw.encode()), self.now)

    def sent(self, device: str, capability: str, value: Value) -> list[tuple[str, Any]]:
        messages = self.adapter.messages(Command(device, capability, value))
        assert all(message.qos == 1 and not message.retain for message in messages)
        return [(message.topic, message.payload.decode()) for message in messages]

    def state(self, device: str) -> tuple[str, Mapping[str, Value]]:
        state = self.home.state(device)
        return state.value, state.attributes


def zigbee(*exposes: Any, name: str = "Lamp", **more: Any) -> dict[str, Any]:
    return {"ieee_address": f"0x{name}", "friendly_name": name, "definition": {"exposes": list(exposes)}, **more}


STATE = {"type": "binary", "name": "state", "property": "state", "access": 7, "value_on": "ON", "value_off": "OFF"}
LEVEL = {
    "type": "numeric",
    "name": "brightness",
    "property": "brightness",
    "access": 7,
    "value_min": 0,
    "value_max": 254,
}
WARMTH = {
    "type": "numeric",
    "name": "color_temp",
    "property": "color_temp",
    "access": 7,
    "value_min": 150,
    "value_max": 454,
}
LIGHT = {"type": "light", "features": [STATE, LEVEL, WARMTH]}


PLUG: dict[str, Any] = {
    "dn": "Plug", "fn": ["Kettle", "Toaster"], "mac": "AABB", "ofln": "Offline", "onln": "Online", "t": "plug",
    "state": ["OFF", "ON", "TOGGLE", "HOLD"], "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"],
    "rl": [1, 1, 0, 0], "lt_st": 0, "sho": [0, 0, 0, 0], "ver": 1,
}  # fmt: skip
