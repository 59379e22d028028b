"""A shopping list and a to-do list of our own, in a home that has no lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edgevoice.home.appliance import obey
from edgevoice.home.capabilities import capabilities_of, texts
from edgevoice.home.model import Device, Home, State
from edgevoice.messages import Command
from edgevoice.skills import chinese

_ORIGIN = "edgevoice"
_MOST, _LONGEST = 200, 200
_LISTS = tuple(
    Device(key, name, "todo", aliases=aliases, capabilities=capabilities_of("todo", None, {}), origin=_ORIGIN)
    for key, name, aliases in (
        ("todo.own_shopping_list", "Shopping List", ("shopping", "groceries", "grocery list")),
        ("todo.own_to_do_list", "To-Do List", ("to do list", "todo list", "to do", "task list", "tasks")),
    )
)


_CHINESE = {"todo.own_shopping_list": "购物清单", "todo.own_to_do_list": "待办事项"}


def _called(device: Device, language: str) -> Device:
    if not chinese.is_chinese(language):
        return device
    name = chinese.script(_CHINESE[device.id], language)
    return replace(device, name=name, aliases=(device.name, *device.aliases))


@dataclass(slots=True)
class OwnLists:
    """They are devices of the home like others, but what they are told is done here, never sent."""

    home: Home
    _items: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def follow(self) -> None:
        """Puts the lists into a home without any, and takes them out of one that has its own."""
        if any(device.domain == "todo" and device.origin != _ORIGIN for device in self.home.devices.values()):
            for device in _LISTS:
                self.home.remove(device.id)
            return
        for device in _LISTS:
            if device.id not in self.home.devices:
                self.home.put(_called(device, self.home.language))
                self._show(device)

    def obey(self, commands: Iterable[Command]) -> tuple[Command, ...]:
        """Does what is for our lists; the commands that are for others."""
        rest: list[Command] = []
        for command in commands:
            device = self.home.devices.get(command.device)
            if device is None or device.origin != _ORIGIN:
                rest.append(command)
                continue
            state = obey(device, self.home.state(device.id), command)
            self._items[device.id] = tuple(item[:_LONGEST] for item in texts(state.attributes.get("items")))[:_MOST]
            self._show(device)
        return tuple(rest)

    def save(self) -> dict[str, list[str]]:
        return {key: list(items) for key, items in self._items.items()}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Raises ValueError."""
        if not all(isinstance(items, list) and all(isinstance(i, str) for i in items) for items in saved.values()):
            raise ValueError("not saved lists")
        known = {device.id for device in _LISTS}
        self._items = {key: tuple(items[:_MOST]) for key, items in saved.items() if key in known}
        for device in _LISTS:
            if device.id in self.home.devices:
                self._show(device)

    def _show(self, device: Device) -> None:
        items = self._items.get(device.id, ())
        self.home.update(device.id, State(str(len(items)), {"items": items}))
