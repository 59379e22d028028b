"""Where devices stand: the area that an announcement names, else one whose name is part of the device's name.

A home that names no areas, as Tasmota's and Homie's do not, has those that its devices' names begin with.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgevoice.home.model import Area, Home
from edgevoice.home.names import slug

_ROOMS = frozenset(
    [
        "attic",
        "back garden",
        "back yard",
        "backyard",
        "balcony",
        "basement",
        "bathroom",
        "bedroom",
        "cellar",
        "conservatory",
        "corridor",
        "den",
        "dining room",
        "downstairs bathroom",
        "driveway",
        "ensuite",
        "entrance",
        "entryway",
        "family room",
        "foyer",
        "front garden",
        "front yard",
        "garage",
        "garden",
        "guest bathroom",
        "guest bedroom",
        "guest room",
        "gym",
        "hall",
        "hallway",
        "home office",
        "kids bedroom",
        "kids room",
        "kitchen",
        "landing",
        "laundry",
        "laundry room",
        "library",
        "living room",
        "loft",
        "lounge",
        "master bathroom",
        "master bedroom",
        "nursery",
        "office",
        "pantry",
        "patio",
        "play room",
        "playroom",
        "porch",
        "shed",
        "storage room",
        "sunroom",
        "terrace",
        "toilet",
        "upstairs bathroom",
        "utility room",
        "workshop",
        "yard",
    ]
)
"""Rooms that a device's name may begin with, in English."""
_ROOM_WORDS = 2


class Areas:
    """The areas of one home. Areas that come later place devices that came before them."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._by_name: dict[str, str] = {}  # every name and alias, folded -> the area's id
        self._known = 0
        self._placeless: dict[str, str] = {}  # device id -> its name, folded, with a space at both ends
        self._placed: dict[str, str] = {}  # by name alone
        self._new: list[str] = []

    def place(self, device_id: str, name: str, suggested: str, make: bool = False) -> str | None:
        """The id of the device's area. An area that is suggested is made where there is none; with `make` a room too."""
        self._learn()
        self.forget(device_id)
        if suggested:
            known = self._by_name.get(suggested.casefold()) or self._by_name.get(slug(suggested))
            if known is None:
                known = slug(suggested)
                self._home.put_area(Area(known, suggested))
                self._learn()
            return known
        words = f" {' '.join(name.casefold().split())} "
        found = max((one for one in self._by_name if f" {one} " in words), key=len, default=None)
        if found is None and make and (room := _room(words)):
            self._home.put_area(Area(slug(room), room.title()))
            self._learn()
            found = room
        if found is None:
            self._placeless[device_id] = words
            return None
        self._placed[device_id] = self._by_name[found]
        return self._placed[device_id]

    def newly_placed(self) -> Iterator[str]:
        """The devices that found their area only now."""
        new, self._new = self._new, []
        yield from new

    def area_of(self, device_id: str) -> str | None:
        return self._placed.get(device_id)

    def forget(self, device_id: str) -> None:
        self._placeless.pop(device_id, None)
        self._placed.pop(device_id, None)

    def _learn(self) -> None:
        if len(self._home.areas) == self._known:
            return
        self._known = len(self._home.areas)
        for area in self._home.areas.values():
            for name in (area.name, *area.aliases, area.id.replace("_", " "), area.id):
                if name.casefold() not in self._by_name:
                    self._by_name[name.casefold()] = area.id
                    self._find_devices(name.casefold(), area.id)

    def _find_devices(self, name: str, area_id: str) -> None:
        for device_id in [one for one, words in self._placeless.items() if f" {name} " in words]:
            del self._placeless[device_id]
            self._placed[device_id] = area_id
            self._new.append(device_id)


def _room(words: str) -> str:
    """The room that a folded name begins with; empty where it begins with none."""
    first = words.split()[:_ROOM_WORDS]
    said = (" ".join(first[:count]) for count in range(len(first), 0, -1))
    return next((one for one in said if one in _ROOMS), "")
