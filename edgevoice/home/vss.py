"""A vehicle as a home: devices made of its signals, in zones that are named as those who sit there name them.

A zone is an area, a row of seats a floor: "open the left window", "turn off the lights in the back". Which zone is left
follows from `Vehicle.Cabin.DriverPosition`. What a device does is confirmed by the signals' current values; a value that
was asked for and is not reached yet stands in the attribute `target`.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edgevoice.home import inventory as inventories
from edgevoice.home.capabilities import number
from edgevoice.home.inventory import Inventory
from edgevoice.home.model import Area, Device, Floor, Home, Refusal, State
from edgevoice.home.names import clean
from edgevoice.home.vss_signals import RULES, STATE, Rule
from edgevoice.home.vss_tree import Signal, Tree
from edgevoice.messages import Command, Value

SPEED = "Vehicle.Speed"
DRIVER_POSITION = "Vehicle.Cabin.DriverPosition"
_FLOORS = (
    Floor("front", "Front", ("front row", "front seats", "first row")),
    Floor("rear", "Rear", ("back", "back seat", "back seats", "rear seats", "rear row", "second row")),
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Part:
    """One signal in its device."""

    signal: Signal
    rule: Rule


class Vehicle:
    """Keeps `home` as the vehicle's signals tell. Owned by the turns worker, as the home is.

    `origin` is where the tree was read from; `inventory`, the owner's file, wins over the names that are made here.
    """

    def __init__(self, home: Home, tree: Tree, origin: str = "", inventory: Inventory | None = None) -> None:
        self.home = home
        self.problems = 0
        """Values that could not be used."""
        self._origin = origin
        self._inventory = inventory or Inventory({}, {}, {})
        self._values: dict[str, Any] = {}
        self._targets: dict[str, Any] = {}
        self._moving: dict[str, int] = {}  # sign of the last change, of what is on its way to a target
        self._parts: dict[str, list[_Part]] = defaultdict(list)
        self._devices_of: dict[str, list[str]] = defaultdict(list)
        self._zones: dict[str, tuple[int, str]] = {}  # device id -> row and side, as the tree has them
        self._is_reachable = False
        for signal in tree.signals.values():
            for rule in RULES:
                if found := rule.pattern.fullmatch(signal.path):
                    self._add(signal, rule, found.groupdict())
        position = tree.signals.get(DRIVER_POSITION)
        self._has_position = position is not None
        self._driver_is_right = position is not None and str(position.default).upper() == "RIGHT"
        self._settle()

    @property
    def paths(self) -> tuple[str, ...]:
        """The signals whose values are wanted."""
        return (*self._devices_of, *((DRIVER_POSITION,) if self._has_position else ()))

    def report(self, path: str, raw: Any, now_seconds: float) -> None:
        """Takes in a signal's current value, as JSON has it. Raises ValueError for one that cannot be."""
        if path == DRIVER_POSITION:
            is_right = str(raw).upper() == "RIGHT"
            if is_right != self._driver_is_right:
                self._driver_is_right = is_right
                self._settle()
            return
        before = self._values.get(path)
        for device in self._devices_of.get(path, ()):
            for part in self._parts[device]:
                if part.signal.path == path:
                    part.rule.codec.read(part.signal, raw)  # before it is kept: one that cannot be read is not
        self._values[path] = raw
        self._is_reachable = True
        self._follow(path, before, raw)
        for device in self._devices_of.get(path, ()):
            self._show(device, now_seconds)

    def unreachable(self, now_seconds: float) -> None:
        """Nobody knows what the vehicle does now: that it stands, least of all."""
        if self._is_reachable:
            self._is_reachable = False
            for device in self._parts:
                self._show(device, now_seconds)

    def write(self, command: Command) -> tuple[tuple[str, Any], ...]:
        """The (path, value) that do a command; nothing for a device that is not here. Raises ValueError."""
        for part in self._parts.get(command.device, ()):
            able = {one.name for one in self._capabilities(part)}
            if command.capability in able:
                held = self._values.get(part.signal.path)
                return (
                    (part.signal.path, part.rule.codec.write(part.signal, command.capability, command.value, held)),
                )
        return ()

    def refuse(self, path: str, reason: str, now_seconds: float) -> None:
        """Notes that the vehicle does not set a signal, and why."""
        for device in self._devices_of.get(path, ()):
            self.home.refusals[device] = Refusal(clean(reason), now_seconds)
        self.complain(path, f"the vehicle refuses: {reason}")

    def aim(self, path: str, value: Any, now_seconds: float) -> None:
        """Notes the value that a signal has been told to take."""
        self._targets[path] = value
        for device in self._devices_of.get(path, ()):
            self._show(device, now_seconds)

    # --- devices ------------------------------------------------------------------------------------------------------

    def _add(self, signal: Signal, rule: Rule, zone: Mapping[str, str]) -> None:
        key = f"row{zone['row']}_{zone['side'].lower().removesuffix('side')}" if zone else ""
        device = rule.id.replace("{zone}", key)
        self._parts[device].append(_Part(signal, rule))
        self._devices_of[signal.path].append(device)
        if zone:
            self._zones[device] = int(zone["row"]), zone["side"].lower().removesuffix("side")

    def _settle(self) -> None:
        """Names zones and devices for the side that the driver sits on."""
        used = {self._zone(*zone) for zone in self._zones.values()}
        for floor in (*_FLOORS, *self._inventory.floors.values()):
            self.home.put_floor(floor)
        for zone in sorted(used):
            aliases = (*self._spoken(zone), f"{zone} side", f"{zone}'s side", f"{zone} seat", f"{zone}'s")
            row = "rear" if zone.startswith("rear") else "front" if zone in ("driver", "passenger") else None
            self.home.put_area(Area(zone.replace(" ", "_"), zone.title(), row, tuple(dict.fromkeys(aliases))))
        inventories.apply(self._inventory, self.home)
        for device in self._parts:
            self.home.put(self._inventory.refine(self._device(device)))

    def _device(self, id: str) -> Device:
        first = self._parts[id][0].rule
        zone = self._zone(*self._zones[id]) if id in self._zones else ""
        names = [name.replace("{zone}", zone) for name in (first.name, *first.aliases)]
        if zone:
            bare = [name.replace("{zone} ", "").lower() for name in (first.name, *first.aliases)]
            names += [f"{place} {name}" for place in (f"{zone}'s", *self._spoken(zone)) for name in bare]
        capabilities = {one.name: one for part in self._parts[id] for one in self._capabilities(part)}
        return Device(
            id,
            " ".join(word.capitalize() for word in names[0].split()),
            id.partition(".")[0],
            zone.replace(" ", "_") or None,
            tuple(dict.fromkeys(names[1:])),
            first.device_class,
            first.unit,
            capabilities,
            first.risk,
            origin=self._origin,
        )

    def _capabilities(self, part: _Part) -> tuple[Any, ...]:
        return part.rule.codec.capabilities(part.signal) if part.signal.kind == "actuator" else ()

    def _zone(self, row: int, side: str) -> str:
        """`driver`, `passenger`, `rear left`, `third row right`, …"""
        left_is_driver = not self._driver_is_right
        if side in ("left", "right"):
            is_driver = (side == "left") == left_is_driver
        else:
            is_driver = side == "driver"
        where = "middle" if side == "middle" else "left" if is_driver == left_is_driver else "right"
        if row == 1:
            return "front middle" if side == "middle" else "driver" if is_driver else "passenger"
        return f"rear {where}" if row == 2 else f"{('third', 'fourth')[row - 3]} row {where}"

    def _spoken(self, zone: str) -> tuple[str, ...]:
        """Other names of a zone."""
        if zone in ("driver", "passenger"):
            side = "right" if (zone == "driver") == self._driver_is_right else "left"
            more = ("co-driver", "front passenger") if zone == "passenger" else ()
            return (side, f"front {side}", f"{side} front", f"{side} side", *more)
        if zone.startswith("rear "):
            side = zone.removeprefix("rear ")
            return (f"back {side}", f"{side} rear", f"{side} back")
        return ()

    # --- states -------------------------------------------------------------------------------------------------------

    def _follow(self, path: str, before: Any, raw: Any) -> None:
        """A position that nears its target is on its way; one that has reached it, or turns away, is not."""
        if path not in self._targets:
            return
        wanted = self._targets[path]
        target, was, now = number(wanted), number(before), number(raw)
        if str(raw).lower() == str(wanted).lower() or (now is not None and now == target):
            del self._targets[path]
            self._moving.pop(path, None)
        elif target is not None and was is not None and now is not None and was != now:
            if abs(target - now) < abs(target - was):
                self._moving[path] = 1 if target > now else -1
            else:
                self._moving.pop(path, None)

    def _show(self, id: str, now_seconds: float) -> None:
        text, attributes = "unknown", dict[str, Value]()
        for part in self._parts[id]:
            path = part.signal.path
            if path in self._values:
                found = dict(part.rule.codec.read(part.signal, self._values[path]))
                text = str(found.pop(STATE, text))
                attributes |= found
            if path in self._moving and "current_position" in attributes:
                text = "opening" if self._moving[path] > 0 else "closing"
            if path in self._targets:
                attributes["target"] = self._targets[path]
        self.home.update(id, State(text if self._is_reachable else "unavailable", attributes, now_seconds))

    def complain(self, what: str, problem: str) -> None:
        """Counts what cannot be used, and logs it."""
        self.problems += 1
        if self.problems.bit_count() == 1:  # at 1, 2, 4, 8, … so that a flood does not fill the log
            _log.warning("ignored from the vehicle, '%s': %s", clean(what, 200), clean(problem, 300))


def flattened(data: Any) -> Iterator[tuple[str, Any]]:
    """(path, value) of VISS data: one object `{path, dp: {value}}` or a list of such; of several points the last."""
    for one in data if isinstance(data, list) else [data]:
        if isinstance(one, dict) and isinstance(one.get("path"), str):
            points = one.get("dp")
            point = points[-1] if isinstance(points, list) and points else points
            if isinstance(point, dict) and "value" in point:
                yield re.sub("/", ".", one["path"]), point["value"]
