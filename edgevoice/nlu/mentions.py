"""What the words of a sentence point at in this home: devices by name, kinds of devices, areas, floors, numbers, colours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from edgevoice.home.colors import rgb
from edgevoice.home.model import Area, Device, Floor, Home
from edgevoice.nlu.evidence import FILLERS, KINDS, Kind, own_words, stem, stems
from edgevoice.nlu.numbers import amount

_LONGEST = 7
"""Words in a name; what goes beyond says nothing new."""

_MOST_ALIKE = 8
"""Devices; a word that more of them share is no name."""
_SYNONYMS = (
    ("hall", "hallway", "corridor", "entrance", "entryway", "foyer"),
    ("living room", "lounge", "sitting room", "front room", "family room", "den"),
    ("bathroom", "restroom", "washroom", "toilet", "shower room"),
    ("office", "study", "study room", "workroom"),
    ("bedroom", "bed room", "sleeping room"),
    ("garage", "carport"),
    ("basement", "cellar"),
    ("attic", "loft"),
    ("garden", "yard", "backyard"),
)
"""Rooms by other names, for a home that has only one of them."""
_Thing = TypeVar("_Thing", Device, Area, Floor)


@dataclass(frozen=True, slots=True)
class Mention:
    """Words `begin` to `end` of a sentence point at these things; all but one kind of them are empty."""

    begin: int
    end: int
    devices: tuple[Device, ...] = ()
    areas: tuple[Area, ...] = ()
    floors: tuple[Floor, ...] = ()
    kind: Kind | None = None
    number: float | None = None
    color: str = ""
    is_part: bool = False
    """Only a word of the devices' names."""

    @property
    def tag(self) -> str:
        """What stands for it in a rule: a kind of device in capitals, `AREA`, `NUMBER` or `COLOR`."""
        if self.number is not None:
            return "NUMBER"
        if self.color:
            return "COLOR"
        if self.areas or self.floors:
            return "AREA"
        domain = self.kind.domain if self.kind else self.devices[0].domain
        return domain.upper() if self.kind or domain not in ("switch", "input_boolean") else "SWITCH"


class Index:
    """What can be pointed at in a home, by the stems of its words written together: `bedroomlight`."""

    def __init__(self, home: Home) -> None:
        self.version = home.version
        self._devices: dict[str, list[Device]] = defaultdict(list)
        self._areas: dict[str, list[Area]] = defaultdict(list)
        self._floors: dict[str, list[Floor]] = defaultdict(list)
        self.own: dict[str, list[Device]] = defaultdict(list)
        """The devices that have a word in their names which says neither their kind nor their place."""
        self.names: set[str] = set()
        """All names, in lower case."""
        for area in home.areas.values():
            self._add(self._areas, area, (area.name, *area.aliases))
        for floor in home.floors.values():
            self._add(self._floors, floor, (floor.name, *floor.aliases))
        for names in _SYNONYMS:
            known = [area for name in names for area in self._areas.get("".join(stems(name)), ())]
            if len(known) == 1:
                self._add(self._areas, known[0], names)
        places = {word for key in (home.areas, home.floors) for one in key.values() for word in stems(one.name)}
        for device in home.exposed():
            self._add(self._devices, device, (device.name, *device.aliases))
            for word in _special(device) - places:
                self.own[word].append(device)

    def mentions(self, words: Sequence[str]) -> tuple[Mention, ...]:
        """What is pointed at, in the order it is said. A longer name goes before the shorter ones in it."""
        bare = [stem(word) for word in words]
        found: list[Mention] = []
        at = 0
        while at < len(words):
            one = self._longest(words, bare, at)
            if one is not None:
                found.append(one)
            at = one.end if one else at + 1
        return tuple(found)

    def _longest(self, words: Sequence[str], bare: Sequence[str], at: int) -> Mention | None:
        key, best = "", None
        for end in range(at + 1, min(len(words), at + _LONGEST) + 1):
            key += bare[end - 1]
            best = self._known(key, at, end) or best
        number = amount(words, at)
        if number and (best is None or best.end <= number[1]):
            return Mention(at, number[1], number=number[0])
        kind = next((kind for kind in KINDS if bare[at] in kind.nouns), None)
        if kind and (best is None or best.end == at + 1):
            return replace(best, kind=kind) if best and best.devices else best or Mention(at, at + 1, kind=kind)
        return best or _color(words, at) or self._part(bare[at], at)

    def _part(self, word: str, at: int) -> Mention | None:
        devices = tuple(self.own.get(word, ()))
        return Mention(at, at + 1, devices=devices, is_part=True) if devices and len(devices) <= _MOST_ALIKE else None

    def _known(self, key: str, begin: int, end: int) -> Mention | None:
        if key in self._devices:
            return Mention(begin, end, devices=tuple(self._devices[key]))
        if key in self._areas:
            return Mention(begin, end, areas=tuple(self._areas[key]))
        if key in self._floors:
            return Mention(begin, end, floors=tuple(self._floors[key]))
        return None

    def _add(self, table: dict[str, list[_Thing]], thing: _Thing, names: Iterable[str]) -> None:
        for name in names:
            key = "".join(stems(name)[:_LONGEST])
            if key and key not in FILLERS and thing not in table[key]:
                table[key].append(thing)
            self.names.add(name.casefold())


def _special(device: Device) -> frozenset[str]:
    """Words of a device's names that do not say what kind of device it is."""
    kinds = frozenset(word for kind in KINDS if kind.holds(device) for word in kind.nouns)
    return frozenset(word for name in (device.name, *device.aliases) for word in stems(name)) - kinds - FILLERS | (
        own_words(device) - kinds
    )


def _color(words: Sequence[str], at: int) -> Mention | None:
    for length in (2, 1):
        text = " ".join(words[at : at + length])
        if len(words) >= at + length and text.isascii() and rgb(text) is not None:
            return Mention(at, at + length, color=text)
    return None
