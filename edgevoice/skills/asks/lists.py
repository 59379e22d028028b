"""Shopping and to-do lists: what is on them, and whether a thing is."""

from __future__ import annotations

import re

from edgevoice.home.capabilities import texts
from edgevoice.home.model import Device, Home
from edgevoice.home.targets import fold
from edgevoice.messages import Intent
from edgevoice.skills import spoken
from edgevoice.skills.asks.wording import Answer, Moment

_LIST = r"(?:(?:my|the|our) )?(?:(?P<name>[\w' -]+?) )?list"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (how, re.compile(pattern))
    for how, pattern in (
        ("all", rf"what (?:is|do i have|things are|items are) (?:still |left )*on {_LIST}"),
        ("all", rf"what (?:have|do) (?:i|we) (?:got|have) (?:still |left )*on {_LIST}"),
        ("all", rf"(?:read|read out|go through|list) (?:me )?{_LIST}"),
        ("all", rf"what does {_LIST} say"),
        ("all", r"what do (?:i|we) (?:still )?(?:need|have) to (?P<deed>buy|do)"),
        ("count", rf"how many (?:things|items|tasks) are (?:there )?(?:still |left )*on {_LIST}"),
        ("has", rf"(?:is|are) (?:there )?(?:any |some )?(?P<item>.+?) (?:already |still )?on {_LIST}"),
        ("has", rf"(?:do|did) (?:i|we) (?:have|put|add) (?:any |some )?(?P<item>.+?) (?:on|to) {_LIST}"),
    )
)
_SHOPPING = frozenset({"shopping", "grocery", "groceries"})
_TASKS = frozenset({"to-do", "todo", "to", "do", "task", "tasks", "chore", "chores"})


def answer(home: Home, text: str, moment: Moment, mic_area: str | None = None) -> Answer | None:
    """`text` is plain."""
    for how, pattern in _PATTERNS:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        told = found.groupdict()
        name = told.get("name") or {"buy": "shopping", "do": "to-do"}.get(told.get("deed") or "", "")
        lists = _lists(home, name)
        if not lists:
            return None
        item = {"item": told["item"]} if told.get("item") else {}
        intent = Intent("AskList", {"name": lists[0].name, **item}, source="question")
        return Answer(intent, _told(home, how, lists, told.get("item") or ""), tuple(one.id for one in lists))
    return None


def _told(home: Home, how: str, lists: tuple[Device, ...], item: str) -> str:
    held = {device.name: texts(home.state(device.id).attributes.get("items")) for device in lists}
    if how == "has":
        on = [(name, one) for name, items in held.items() for one in items if _is_same(one, item)]
        names = [name for name, _ in on]
        if on:
            return f"Yes, {on[0][1]} is on the {spoken.names(names)}."
        return f"No, {item} is not on {f'the {lists[0].name}' if len(lists) == 1 else 'any list'}."
    if how == "count":
        return " ".join(f"There {_things(len(items))} on the {name}." for name, items in held.items())
    filled = {name: items for name, items in held.items() if items}
    if not filled:
        return f"The {spoken.names(held)} {'is' if len(held) == 1 else 'are'} empty."
    return " ".join(f"On the {name}: {spoken.names(items, most=10)}." for name, items in filled.items())


def _lists(home: Home, name: str) -> tuple[Device, ...]:
    """Those that go by the name; all of them for "my list"."""
    known = tuple(d for d in home.exposed() if d.domain == "todo" and "items" in home.state(d.id).attributes)
    words = set(re.findall(r"[\w']+", name))
    if not words:
        return known
    alike = next((same for same in (_SHOPPING, _TASKS) if words <= same), None)
    return tuple(d for d in known if words <= _words(d) or (alike and not alike.isdisjoint(_words(d))))


def _words(device: Device) -> set[str]:
    return set(re.findall(r"[\w']+", " ".join((device.name, *device.aliases)).casefold()))


def _is_same(one: str, other: str) -> bool:
    a, b = (re.sub(r"^(?:the|a|an|my) ", "", fold(text)) for text in (one, other))
    return a == b or a.rstrip("s") == b.rstrip("s")


def _things(count: int) -> str:
    return f"is {count} thing" if count == 1 else f"are {count or 'no'} things"
