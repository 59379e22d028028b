"""What packs send as plain MQTT messages, and the topics that confirm them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from edgevoice.home.model import Device, Home, State
from edgevoice.messages import Command, Message

_LONGEST = 1000
"""Bytes of a payload that is kept."""
_TOPICS = 1000
"""Topics that are kept of one filter."""


class PackMessages:
    """An `Adapter`. `told` are the devices that packs made, each with the filter of the topics that confirm it.

    A device's state holds the last payload of each topic. A message that goes out forgets the one that would confirm
    it: what was said before is no answer.
    """

    def __init__(self, home: Home, told: Iterable[tuple[Device, str]]) -> None:
        self._home = home
        self._filters = {device.id: topics for device, topics in told if topics}
        self._levels = {key: topics.split("/") for key, topics in self._filters.items()}

    def subscriptions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._filters.values()))

    def handle(self, message: Message, now_seconds: float) -> None:
        if len(message.payload) > _LONGEST:
            return
        levels = message.topic.split("/")
        text = message.payload.decode("utf-8", "replace")
        for key, wanted in self._levels.items():
            if len(wanted) == len(levels) and all(a in ("+", b) for a, b in zip(wanted, levels, strict=True)):
                held = self._home.state(key).attributes
                if message.topic in held or len(held) < _TOPICS:
                    self._home.update(key, State("told", {**held, message.topic: text}, now_seconds))

    def messages(self, command: Command) -> tuple[Message, ...]:
        if command.capability != "message" or not isinstance(command.value, tuple):
            return ()
        topic, payload, confirming, _ = map(str, command.value)
        state = self._home.state(command.device)
        held = {one: text for one, text in state.attributes.items() if one != confirming}
        self._home.update(command.device, replace(state, attributes=held))
        return (Message(topic, payload.encode()),)

    def due(self, now_seconds: float) -> tuple[Message, ...]:
        return ()
