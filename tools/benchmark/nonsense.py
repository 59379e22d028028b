"""A flood of nonsense on every topic that is listened to: what got through, and what stayed in memory."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmark.measure import Figure
from edgevoice import resources
from edgevoice.config import HomeSettings
from edgevoice.home import dialects, inventory, vss_tree
from edgevoice.home.adapters import Adapters
from edgevoice.home.entities import Entities
from edgevoice.home.model import Home
from edgevoice.home.simulated_zigbee import bridge
from edgevoice.home.viss import VissAdapter
from edgevoice.home.vss import Vehicle
from edgevoice.messages import Command, Message
from edgevoice.simulator import DIALECTS

_ANNOUNCING = 0.2  # share of the messages on topics of announcements
_FRESH = 0.02  # share of the topics that nobody has announced anything on
_VALUES = (True, 50, "red", None)


def nonsense(messages: int, seed: int = 0) -> Iterator[Figure]:
    """A home and a car that announced themselves properly, in every dialect, and then lie."""
    chance, home, car = random.Random(seed), Home(), Home()
    entities, vehicle = Entities(home), Vehicle(car, vss_tree.load(resources.find("homes/car.json")))
    adapter = Adapters(dialects.load(entities, HomeSettings()), VissAdapter(vehicle, "car", "edgevoice"))
    true = list(announced())
    for message in true:
        adapter.handle(message, 0.0)
    known = {message.topic: message.payload for message in true}
    errors, raised, before = _Errors(), 0, 0.0
    logging.getLogger("edgevoice").addHandler(errors)
    for number in range(messages):
        if number == messages // 5:
            before = _memory_mb()  # by then every cache is full
        topic = _topic(chance, adapter.subscriptions(), tuple(known))
        try:
            adapter.handle(Message(topic, garbled(chance, known.get(topic, b""))), float(number))
            adapter.due(float(number))
            _command(chance, adapter, home)
        except Exception:  # what must not happen is what is counted
            raised += 1
    logging.getLogger("edgevoice").removeHandler(errors)
    grown, refused = _memory_mb() - before, entities.problems + vehicle.problems
    yield Figure("home", f"{messages} messages of nonsense: exceptions", "exceptions", float(raised))
    yield Figure("home", f"{messages} messages of nonsense: not foreseen", "exceptions", float(errors.count))
    yield Figure("home", f"{messages} messages of nonsense: refused", "messages", float(refused))
    yield Figure("home", f"{messages} messages of nonsense: memory after the first fifth", "MB", grown)


def announced() -> Iterator[Message]:
    """The demo's home, as it announces itself and its states in each dialect."""
    home = inventory.load(resources.find("homes/demo.yaml")).home()
    for make in DIALECTS.values():
        made = {device.id: one for device in home.devices.values() if (one := make(device, None)) is not None}
        yield from bridge(tuple(made.values()))
        for name, one in made.items():
            yield from one.announcement()
            yield one.online
            yield from one.reports(home.state(name))


def garbled(chance: random.Random, true: bytes = b"") -> bytes:
    """Bytes of every kind: noise, broken JSON, JSON of the wrong shape, announcements that lie; and what was `true`,
    with something in it changed.
    """
    kind = chance.randrange(8)
    if kind == 0:
        return chance.randbytes(chance.randrange(80))
    if kind == 1:
        return chance.choice(_PAYLOADS)
    if kind > 4 and true:
        return _changed(chance, true)
    told = json.dumps(_value(chance, 3)).encode()
    return told if kind < 5 else told[: chance.randrange(len(told) + 1)]


def _changed(chance: random.Random, true: bytes) -> bytes:
    try:
        told: Any = json.loads(true)
    except ValueError:
        at = chance.randrange(len(true) + 1)
        return true[:at] + chance.randbytes(2) + true[at:]
    at, way = told, list[Any]()
    while isinstance(at, (dict, list)) and at:
        keys = list(at) if isinstance(at, dict) else range(len(at))
        way.append((at, chance.choice(keys)))
        at = way[-1][0][way[-1][1]]
    if way:
        into, key = chance.choice(way)
        into[key] = _value(chance, 2)
    return json.dumps(told).encode()


def _topic(chance: random.Random, filters: Sequence[str], known: Sequence[str]) -> str:
    """A topic that a filter matches: one that spoke already, or now and then a new one."""
    wide = [one for one in filters if "+" in one] if chance.random() < _ANNOUNCING else filters
    pattern = chance.choice(wide)
    if "+" not in pattern:
        return pattern
    if chance.random() < _FRESH:
        return pattern.replace("+", f"{chance.randrange(1 << 30):x}")
    levels = pattern.split("/")
    fitting = [one for one in known if _fits(levels, one.split("/"))]
    return chance.choice(fitting) if fitting else pattern.replace("+", "x")


def _fits(levels: Sequence[str], topic: Sequence[str]) -> bool:
    return len(levels) == len(topic) and all(one in ("+", other) for one, other in zip(levels, topic, strict=True))


def _command(chance: random.Random, adapter: Adapters, home: Home) -> None:
    """What is said to devices that announced themselves so must be writable too."""
    devices = list(home.devices.values())
    if devices and (able := (device := chance.choice(devices)).capabilities):
        adapter.messages(Command(device.id, chance.choice(list(able)), chance.choice(_VALUES)))


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


def _value(chance: random.Random, depth: int) -> object:
    if depth == 0 or chance.random() < 0.3:
        return chance.choice(_ODD)
    if chance.random() < 0.3:
        return [_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {chance.choice(_KEYS): _value(chance, depth - 1) for _ in range(chance.randrange(6))}


_PAYLOADS = (b"", b"ON", b"OFF", b"online", b"offline", b"nan", b"1e999", b"None", b"\xff", b"[" * 3000)
_ODD = (
    None, True, -1, 0, 1e308, "", "ON", "~/x", "large/x", "x" * 300, "{{ value * 9 }}", "{% for", "#", "a/+", "\u202e",
)  # fmt: skip
_KEYS = (
    "~", "name", "dev", "cmps", "p", "cmd_t", "stat_t", "val_tpl", "avty", "topic", "schema", "sup_clrm", "min", "ops",
    "friendly_name", "ieee_address", "definition", "exposes", "type", "features", "property", "access", "members", "id",
    "t", "ft", "tp", "rl", "fn", "sn", "state", "nodes", "properties", "datatype", "format", "settable", "brightness",
    "color", "x", "y", "position", "POWER", "Dimmer", "HSBColor", "Shutter1", "StatusSNS", "data", "path", "dp", "value",
)  # fmt: skip


def _memory_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
