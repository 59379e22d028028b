"""Sentences that lean on the one before: "and in the bedroom?", "again", "the other one". English only."""

from __future__ import annotations

import re
from dataclasses import replace

from edgevoice.home import targets
from edgevoice.home.model import Home
from edgevoice.messages import Intent, Value

_AGAIN = re.compile(
    r"(?:(?:please )?do (?:it|that|the same) )?(?:again|once more|one more time)|repeat (?:that|it)|more"
)
_OTHER = re.compile(
    r"(?:no )?(?:not (?:that|this) one )?(?:i (?:mean|meant) )?the other (?:one|light|lamp)(?: please)?"
)
_SAME = re.compile(
    r"(?P<and>and |also |what about |how about |(?:do )?the same |and also |now )+(?:in |on |for |with |to )?(?:the |my )?(?P<what>.+?)"
    r"(?: too| as well| also| please)*|(?:in |on |for )?(?:the |my )?(?P<too>.+?)(?: too| as well)"
)
_PLACES = ("name", "area", "floor")


def meant(home: Home, text: str, last: Intent | None, recent: tuple[str, ...]) -> Intent | None:
    """The last intent, said of something else or once more; None where the sentence does not lean on it.

    `recent` are the ids of the devices that it was about.
    """
    said = " ".join(re.sub(r"[^\w' ]+", " ", text.casefold()).split())
    if last is None or not said or last.slots.get("conversation_command"):
        return None
    if _AGAIN.fullmatch(said):
        return replace(last, text=text)
    if last.action is not None:  # a pack says what it is about; it is about nothing else
        return None
    if _OTHER.fullmatch(said):
        return _other(home, text, last, recent)
    found = _SAME.fullmatch(said)
    what = found and (found["what"] or found["too"])
    return _of(home, text, last, recent, what) if what else None


def _of(home: Home, text: str, last: Intent, recent: tuple[str, ...], what: str) -> Intent | None:
    kept: dict[str, Value] = {name: value for name, value in last.slots.items() if name not in _PLACES}
    areas, floors = targets.find_areas(home, what), targets.find_floors(home, what)
    if areas or floors:
        domains = {home.devices[one].domain for one in recent if one in home.devices}
        if len(domains) == 1 and "domain" not in kept and last.slots.get("name"):
            kept["domain"] = domains.pop()
        place = {"area": areas[0].name} if areas else {"floor": floors[0].name}
        return replace(last, slots={**kept, **place}, targets=(), text=text)
    named = targets.match(home, name=what)
    return replace(last, slots={**kept, "name": named[0].name}, targets=(), text=text) if named else None


def _other(home: Home, text: str, last: Intent, recent: tuple[str, ...]) -> Intent | None:
    """The same of the one device like it that was not meant; None where there is none, or more than one."""
    device = home.devices.get(recent[0]) if len(recent) == 1 else None
    if device is None:
        return None
    alike = [one for one in home.exposed() if one.domain == device.domain and one.id != device.id]
    near = [one for one in alike if one.area == device.area] or alike
    if len(near) != 1:
        return None
    kept = {name: value for name, value in last.slots.items() if name not in _PLACES}
    return replace(last, slots={**kept, "name": near[0].name}, targets=(near[0].id,), text=text)
