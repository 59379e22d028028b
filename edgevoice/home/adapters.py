"""What an adapter of a home's dialect does, and several of them as one."""

from __future__ import annotations

from typing import Protocol

from edgevoice.messages import Command, Message


class Adapter(Protocol):
    """One dialect of homes on a broker, such as `home.homeassistant.HomeAssistantAdapter`. Nothing in it raises.

    What only announces says nothing by itself: who inherits from this need not say so.
    """

    def subscriptions(self) -> tuple[str, ...]:
        """The topic filters wanted now."""
        ...

    def handle(self, message: Message, now_seconds: float) -> None:
        """Takes in a message; what is not of this dialect is passed over."""
        ...

    def messages(self, command: Command) -> tuple[Message, ...]:
        """What to publish so that a device does `command`; nothing where it cannot, or belongs to another adapter."""
        return ()

    def due(self, now_seconds: float) -> tuple[Message, ...]:
        """Lets time pass, and gives what to publish by now without anybody's command, each once: questions for states."""
        return ()


class Adapters:
    """Several adapters as one: each sees every message, and the one that has the device writes the command."""

    def __init__(self, *adapters: Adapter) -> None:
        self._adapters = adapters
        self._parts: tuple[tuple[str, ...], ...] = ()
        self._filters: tuple[str, ...] = ()

    def subscriptions(self) -> tuple[str, ...]:
        parts = tuple(adapter.subscriptions() for adapter in self._adapters)
        if parts != self._parts:
            self._parts = parts
            self._filters = tuple(dict.fromkeys(item for part in parts for item in part))
        return self._filters

    def handle(self, message: Message, now_seconds: float) -> None:
        for adapter in self._adapters:
            adapter.handle(message, now_seconds)

    def messages(self, command: Command) -> tuple[Message, ...]:
        return tuple(message for adapter in self._adapters for message in adapter.messages(command))

    def due(self, now_seconds: float) -> tuple[Message, ...]:
        return tuple(message for adapter in self._adapters for message in adapter.due(now_seconds))
