"""Which devices a question is about that no template knows: those whose names, rooms, kinds and lists have its words.

English only. What is found is read out as it is; nothing is concluded from it, and nothing is done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from edgevoice.home.capabilities import texts
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent
from edgevoice.nlu import evidence
from edgevoice.nlu.evidence import KINDS, own_words, stem_set

RESPONSE = "facts"
_ENOUGH = 0.6
"""The share of a question's meaningful words that a device has to account for."""
_MOST = 2
_LISTS = frozenset({"todo", "calendar"})
_WHY = re.compile(r"\bwhy\b|\bremind\b|\bhow (?:do|did|can|could|should|to|would)\b", re.IGNORECASE)
"""What no state tells."""
_STATES = stem_set(
    "open opened close closed lock locked unlocked play playing paused stopped idle running active low high"
)
_ASKING = stem_set(
    "according from tell know check see look say who what which when where how many much anyone anybody someone",
    "somebody come leave left",
)
_WORDS: Mapping[str, frozenset[str]] = {
    "todo": stem_set("list task chore to-do todo complete finish done errand item"),
    "calendar": stem_set("calendar appointment event meeting meet schedule agenda plan today tomorrow week"),
    "media_player": stem_set("media player speaker tv television radio stereo"),
    "sensor": stem_set("sensor reading"),
    "binary_sensor": stem_set("sensor"),
}


class About:
    """Follows one home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._version = -1
        self._by_word: dict[str, list[str]] = {}

    def asked(self, text: str) -> Intent | None:
        """The question as an intent about the devices it means; None where it is none, or means nothing here."""
        question = text.partition("?")[0]  # after the mark stands how to answer
        sentence = evidence.read(text)
        content = evidence.read(question).content - _STATES - _ASKING
        if not sentence.is_question or not content or _WHY.search(question):
            return None
        devices = [device for key in self._candidates(content) if (device := self._home.devices.get(key))]
        found = [(_explained(self._home, device, content), device.id) for device in devices]
        best = max((score for score, _ in found), default=(0.0, 0))
        meant = tuple(key for score, key in found if score == best)
        if best[0] < _ENOUGH or len(meant) > _MOST:
            return None
        return Intent("HassGetState", {}, round(best[0], 3), "question", text, meant, RESPONSE)

    def _candidates(self, content: frozenset[str]) -> dict[str, None]:
        """Ids of the devices that have one of the words in their names or kinds, and of all lists."""
        if self._version != self._home.version:
            self._version, self._by_word = self._home.version, {}
            for device in self._home.exposed():
                for word in _words(device) | ({""} if device.domain in _LISTS else frozenset()):
                    self._by_word.setdefault(word, []).append(device.id)
        return dict.fromkeys(key for word in ("", *content) for key in self._by_word.get(word, ()))


def items(home: Home, device: Device) -> tuple[str, ...]:
    """What stands on a list or in a calendar."""
    held = home.state(device.id).attributes
    return texts(held.get("items")) or texts(held.get("events"))


def matching(listed: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Those that the text has most words of; all of them where it has none."""
    said = evidence.read(text).content
    shared = [len(said & stem_set(one)) for one in listed]
    most = max(shared, default=0)
    return tuple(one for one, count in zip(listed, shared, strict=True) if count == most)


def _words(device: Device) -> frozenset[str]:
    """What it is called, and what its kind is."""
    names = (own_words(replace(device, name=name)) for name in (device.name, *device.aliases))
    nouns = _WORDS.get(device.domain)
    kinds = (kind.nouns for kind in KINDS if kind.holds(device)) if nouns is None else (nouns,)
    return frozenset().union(*names, *kinds)


def _explained(home: Home, device: Device, content: frozenset[str]) -> tuple[float, int]:
    """(the share of the words that the device accounts for, minus how many of its own are not said)."""
    area = home.areas.get(device.area or "")
    place = stem_set(area.name, *area.aliases) if area else frozenset()
    said = content & (_words(device) | stem_set(*items(home, device)))
    return (len(content & (said | place)) / len(content) if said else 0.0), -len(own_words(device) - content)
