"""Shopping and to-do lists: what is put on them, checked off and taken away."""

from __future__ import annotations

from collections.abc import Mapping

from edgevoice.home import targets
from edgevoice.home.capabilities import texts
from edgevoice.home.model import Device, Home
from edgevoice.messages import Command, Intent
from edgevoice.skills.devices import Plan
from edgevoice.skills.reply import Replies

_CAPABILITIES: Mapping[str, tuple[str, ...]] = {
    "HassListAddItem": ("add_item",),
    "HassListCompleteItem": ("complete_item", "remove_item"),
    "HassListRemoveItem": ("remove_item", "complete_item"),
    "HassShoppingListAddItem": ("add_item",),
    "HassShoppingListCompleteItem": ("complete_item", "remove_item"),
}
_SHOPPING = ("shopping list", "shopping", "groceries", "grocery list")

_TASKS = frozenset({"task", "tasks", "todo", "do", "chores"})


def plan(home: Home, replies: Replies, intent: Intent) -> Plan | None:
    """None for an intent that is about no list."""
    capabilities = _CAPABILITIES.get(intent.name)
    if capabilities is None:
        return None
    item = str(intent.slots.get("item") or "").strip()
    lists = _lists(home, intent)
    if not item:
        return Plan(problem=replies.error("no_value"))
    if not lists:
        return Plan(problem=replies.error("no_list", name=str(intent.slots.get("name") or _SHOPPING[0])))
    if len(lists) > 1:
        return Plan(choices=lists)
    device = lists[0]
    capability = next((name for name in capabilities if name in device.capabilities), None)
    if capability is None:
        return Plan(problem=replies.error("unsupported", name=device.name))
    if capability != "add_item":
        held = _held(home, device, item)
        if held is None:
            return Plan(problem=replies.error("no_item", item=item, name=device.name))
        item = held
    return Plan((Command(device.id, capability, item),), (device,))


def _lists(home: Home, intent: Intent) -> tuple[Device, ...]:
    if intent.targets:
        return tuple(home.devices[one] for one in intent.targets if one in home.devices)
    name = intent.slots.get("name")
    if name is None and "Shopping" in intent.name:
        name = _SHOPPING
    found = targets.match(home, name=name, domain="todo")
    if name is None:  # "my to-do list" is not the one for shopping
        tasks = tuple(one for one in found if not _TASKS.isdisjoint(targets.fold(one.name).replace("-", " ").split()))
        return tasks or tuple(one for one in found if targets.fold(one.name) not in _SHOPPING) or found
    return found[:1] if isinstance(name, tuple) else found


def _held(home: Home, device: Device, item: str) -> str | None:
    """The item as the list spells it; None where it is not there. A list that does not tell its items is trusted."""
    attributes = home.state(device.id).attributes
    if "items" not in attributes:
        return item
    return next((held for held in texts(attributes["items"]) if targets.fold(held) == targets.fold(item)), None)
