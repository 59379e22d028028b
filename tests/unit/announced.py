"""A home that is told by hand what a broker would tell it."""

from __future__ import annotations

import json
from typing import Any

from edgevoice.home.adapters import Adapters
from edgevoice.home.entities import Entities
from edgevoice.home.homeassistant import HomeAssistantAdapter
from edgevoice.home.model import Home
from edgevoice.messages import Command, Message, Value


class Bench:
    """A home with an adapter, and the broker's part played by hand."""

    def __init__(self) -> None:
        self.home = Home()
        self.entities = Entities(self.home)
        self.discovery = HomeAssistantAdapter(self.entities, "homeassistant")
        self.adapter = Adapters(self.discovery, self.entities)
        self.now = 0.0

    def say(self, topic: str, payload: Any) -> None:
        self.now += 1.0
        raw = (
            payload
            if isinstance(payload, bytes)
            else payload.encode()
            if isinstance(payload, str)
            else json.dumps(payload).encode()
        )
        self.adapter.handle(Message(topic, raw), self.now)

    def announce(self, component: str, **keys: Any) -> str:
        """Announces one entity named `It`; returns its id."""
        self.say(f"homeassistant/{component}/it/config", {"name": "It", **keys})
        return f"{component}.it"

    def sent(self, entity: str, capability: str, value: Value) -> list[tuple[str, str]]:
        messages = self.adapter.messages(Command(entity, capability, value))
        assert all(message.qos == 1 and not message.retain for message in messages)
        return [(message.topic, message.payload.decode()) for message in messages]
