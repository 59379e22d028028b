"""Tasmota homes: what `tasmota/discovery/<mac>/config` and `…/sensors` announce, into entities.

cmnd/<topic>/POWER2     one command a topic, text as payload
stat/<topic>/RESULT     JSON, what a command brought about
tele/<topic>/STATE      JSON, now and then; tele/<topic>/SENSOR the same for readings
tele/<topic>/LWT        Online, Offline; retained
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgevoice.home import colors
from edgevoice.home.adapters import Adapter
from edgevoice.home.appliance import rgb_of
from edgevoice.home.capabilities import number
from edgevoice.home.entities import Announcement, Availability, Entities
from edgevoice.home.ha_discovery import DiscoveryProblem, checked_topic
from edgevoice.home.ha_parts import STATE, Found, Parts, Reader, is_true, json_object, percent_of
from edgevoice.home.ha_templates import Payload
from edgevoice.home.names import clean, phrase, slug
from edgevoice.home.quantities import UNITS, class_of
from edgevoice.messages import Message, Value

_LIMIT = 65_536
_RELAY, _LIGHT, _SHUTTER = 1, 2, 3
_DIMMABLE, _WARM, _COLORED = (1, 2, 3, 4, 5), (2, 5), (3, 4, 5)  # kinds of lights
_MIREDS, _COLDEST, _WARMEST = 1_000_000, 153, 500
_COUNTERS = frozenset({"Time", "TempUnit", "PressureUnit", "TotalStartTime", "Id", "ENERGY.Period"})
_UNNAMED = "Tasmota"  # what a device is called until its owner names it
_DEPTH, _SENSORS_LIMIT = 3, 60
_DEVICES = 5000


@dataclass(frozen=True, slots=True)
class _Node:
    """One device as its config tells of it."""

    mac: str
    name: str
    command: str  # topics up to the last part
    stat: str
    tele: str
    online: str
    offline: str
    on: str
    off: str
    relays: tuple[int, ...]
    names: tuple[str, ...]
    light: int
    inverted: tuple[bool, ...]

    @property
    def states(self) -> tuple[str, ...]:
        return (f"{self.stat}RESULT", f"{self.tele}STATE")


class TasmotaAdapter(Adapter):
    """The devices that announce themselves below `prefix`."""

    def __init__(self, entities: Entities, prefix: str = "tasmota/discovery") -> None:
        self._entities = entities
        self._prefix = prefix
        self._nodes: dict[str, _Node] = {}
        self._sensors: dict[str, Mapping[str, Any]] = {}
        self._announced: dict[str, set[str]] = {}  # identities by mac

    def subscriptions(self) -> tuple[str, ...]:
        return (f"{self._prefix}/+/config", f"{self._prefix}/+/sensors")

    def handle(self, message: Message, now_seconds: float) -> None:
        if message.topic.startswith(f"{self._prefix}/") and message.topic.count("/") == self._prefix.count("/") + 2:
            self._entities.guarded(message, lambda: self._take(message, now_seconds), _LIMIT)

    def _take(self, message: Message, now: float) -> None:
        *_, mac, what = message.topic.split("/")
        told = json.loads(message.payload.decode("utf-8")) if message.payload.strip() else None
        if told is not None and not isinstance(told, dict):
            raise DiscoveryProblem("config is not a JSON object")
        if mac not in self._sensors and mac not in self._nodes and len(self._sensors | self._nodes) >= _DEVICES:
            raise DiscoveryProblem(f"more than {_DEVICES} devices")
        if what == "sensors":
            sensors = told.get("sn") if told else None
            self._sensors[mac] = sensors if isinstance(sensors, dict) else {}
        elif what != "config":
            return
        elif told is None:
            self._nodes.pop(mac, None)
            self._sensors.pop(mac, None)
        else:
            self._nodes[mac] = _node(mac, told)
        node = self._nodes.get(mac)
        announcements = _announcements(node, self._sensors.get(mac, {}), self._prefix) if node else ()
        self._entities.renew(self._announced, mac, announcements, now)


def _node(mac: str, told: Mapping[str, Any]) -> _Node:
    """Raises DiscoveryProblem."""
    full, topic, prefixes, words = told.get("ft"), told.get("t"), told.get("tp"), told.get("state")
    if not (isinstance(full, str) and isinstance(topic, str) and isinstance(prefixes, list) and len(prefixes) >= 3):
        raise DiscoveryProblem("ft, t and tp: are needed to know the topics")
    bases = [
        checked_topic(full.replace("%prefix%", str(prefix)).replace("%topic%", topic), "ft") for prefix in prefixes[:3]
    ]
    bases = [base if base.endswith("/") else f"{base}/" for base in bases]
    said = [str(word) for word in words] if isinstance(words, list) and len(words) >= 2 else ["OFF", "ON"]
    own = _list(told.get("fn"))
    return _Node(
        mac=mac,
        name=clean(str(told.get("dn") or topic)),
        command=bases[0],
        stat=bases[1],
        tele=bases[2],
        online=str(told.get("onln", "Online")),
        offline=str(told.get("ofln", "Offline")),
        on=said[1],
        off=said[0],
        relays=tuple(int(number(kind if not isinstance(kind, bool) else None) or 0) for kind in _list(told.get("rl"))),
        names=tuple(clean(str(name)) if name else "" for name in own),
        light=int(number(told.get("lt_st")) or 0),
        inverted=tuple(bool(int(number(option) or 0) & 1) for option in _list(told.get("sho"))),
    )


def _list(told: Any) -> Sequence[Any]:
    return told[:40] if isinstance(told, list) else ()


def _announcements(node: _Node, sensors: Mapping[str, Any], prefix: str) -> Iterator[Announcement]:
    known = [index for index, kind in enumerate(node.relays) if kind]
    shutters = 0
    for index in known:
        kind, label = node.relays[index], node.names[index] if index < len(node.names) else ""
        alone = node.relays.count(kind) == (2 if kind == _SHUTTER else 1) and node.name != _UNNAMED
        name = node.name if alone or not label else label
        if kind == _SHUTTER:
            shutters += 1
            if shutters % 2:  # two relays move one shutter
                yield _told(node, prefix, "cover", f"shutter{shutters // 2 + 1}", name, _shutter(node, shutters // 2))
            continue
        power = "POWER" if len(known) == 1 else f"POWER{index + 1}"
        name = name if alone or label else f"{node.name} {index + 1}"
        if kind == _LIGHT:
            yield _told(node, prefix, "light", power, name, _light(node, power))
        elif kind == _RELAY:
            yield _told(node, prefix, "switch", power, name, _relay(node, power))
    for path in list(_paths(sensors))[:_SENSORS_LIMIT]:
        yield _reading(node, prefix, path, sensors)


def _told(node: _Node, prefix: str, domain: str, what: str, name: str, parts: Parts) -> Announcement:
    return Announcement(
        identity=f"{prefix}/{node.mac}#{what}",
        entity_id=f"{domain}.{slug(name)}",
        name=phrase(name),
        parts=parts,
        availability=(_availability(node),),
        native=True,
        asks=(Message(f"{node.command}{'ShutterPosition' if domain == 'cover' else 'STATE'}", b""),),
    )


def _availability(node: _Node) -> Availability:
    def decode(payload: Payload) -> bool:
        text = payload.text.strip()
        if text not in (node.online, node.offline):
            raise ValueError(f"'{clean(text, 40)}' is neither '{node.online}' nor '{node.offline}'")
        return text == node.online

    return Availability(f"{node.tele}LWT", decode)


# --- parts ------------------------------------------------------------------------------------------------------------


def _read(parts: Parts, topics: Sequence[str], decode: Callable[[Mapping[str, Any]], Found]) -> None:
    parts.readers += [Reader(topic, "", lambda payload: decode(_object(payload))) for topic in topics]


def _object(payload: Payload) -> Mapping[str, Any]:
    """The JSON of a report; of an answer to STATUS what stands in it."""
    told = json_object(payload)
    inside = told.get("StatusSTS", told.get("StatusSNS"))
    return inside if isinstance(inside, dict) else told


def _relay(node: _Node, power: str) -> Parts:
    parts = Parts()
    _read(parts, node.states, lambda told: _power(node, power, told))
    parts.writers["on"] = lambda value, _: [(f"{node.command}{power}", node.on if is_true(value) else node.off)]
    return parts


def _power(node: _Node, power: str, told: Mapping[str, Any]) -> Found:
    said = told.get(power)
    if said is None:
        return {}
    if said not in (node.on, node.off):
        raise ValueError(f"{power}: '{clean(str(said), 40)}' is neither '{node.on}' nor '{node.off}'")
    return {STATE: "on" if said == node.on else "off"}


def _light(node: _Node, power: str) -> Parts:
    parts = _relay(node, power)
    parts.readers.clear()
    _read(parts, node.states, lambda told: {**_power(node, power, told), **_lit(told)})
    to, modes = node.command, list[str]()
    if node.light in _DIMMABLE:
        parts.writers["brightness"] = lambda value, _: [(f"{to}Dimmer", str(round(percent_of(value))))]
    if node.light in _WARM:
        modes.append("color_temp")
        parts.attributes["min_color_temp_kelvin"] = round(_MIREDS / _WARMEST)
        parts.attributes["max_color_temp_kelvin"] = round(_MIREDS / _COLDEST)
        parts.writers["color_temperature"] = lambda value, _: [(f"{to}CT", str(_mireds(value)))]
    if node.light in _COLORED:
        modes.append("hs")
        # Color2 keeps the brightness.
        parts.writers["color"] = lambda value, _: [
            (f"{to}Color2", ",".join(map(str, rgb))) for rgb in (rgb_of(value),) if rgb
        ]
    parts.attributes["supported_color_modes"] = tuple(modes) or (("brightness",) if node.light else ("onoff",))
    return parts


def _mireds(value: Value) -> int:
    return max(_COLDEST, min(_WARMEST, round(_MIREDS / max(number(value) or 1.0, 1.0))))


def _lit(told: Mapping[str, Any]) -> Found:
    found: dict[str, Value] = {}
    if (level := number(told.get("Dimmer"))) is not None:
        found["brightness"] = round(max(0.0, min(100.0, level)) * 2.55)
    if warmth := number(told.get("CT")):
        found["color_temp_kelvin"] = round(_MIREDS / max(warmth, 1.0))
    if isinstance(told.get("HSBColor"), str):
        channels = [number(part) for part in told["HSBColor"].split(",")]
        if len(channels) != 3 or channels[0] is None or channels[1] is None:
            raise ValueError(f"HSBColor: '{clean(told['HSBColor'], 40)}' is not hue, saturation, brightness")
        found.update(rgb_color=colors.from_hs(channels[0], channels[1]), color=None)
    return found


def _shutter(node: _Node, index: int) -> Parts:
    parts, number_, to = Parts(), index + 1, node.command
    flip = index < len(node.inverted) and node.inverted[index]

    def turned(percent: float) -> int:
        return round(100 - percent if flip else percent)

    def decode(told: Mapping[str, Any]) -> Found:
        said = told.get(f"Shutter{number_}")
        if said is None:
            return {}
        position = number(said.get("Position")) if isinstance(said, dict) else number(said)
        if position is None:
            raise ValueError(f"Shutter{number_}: has no position")
        at = turned(percent_of(position))
        goal = number(said.get("Target")) if isinstance(said, dict) and said.get("Direction") else None
        state = "open" if at else "closed"
        if goal is not None and turned(percent_of(goal)) != at:
            state = "opening" if turned(percent_of(goal)) > at else "closing"
        return {"current_position": at, STATE: state}

    _read(parts, (*node.states, f"{node.tele}SENSOR", f"{node.stat}STATUS10"), decode)
    parts.writers["open"] = lambda value, _: [(f"{to}Shutter{'Open' if is_true(value) else 'Close'}{number_}", "")]
    parts.writers["stop"] = lambda _value, _: [(f"{to}ShutterStop{number_}", "")]
    parts.writers["position"] = lambda value, _: [(f"{to}ShutterPosition{number_}", str(turned(percent_of(value))))]
    return parts


# --- readings ---------------------------------------------------------------------------------------------------------


def _paths(sensors: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where numbers stand in the readings: ("AM2301", "Temperature")."""
    for key, value in sensors.items():
        if (
            key in _COUNTERS
            or f"{'.'.join(above)}.{key}" in _COUNTERS
            or key.startswith(("Shutter", "Switch", "Button"))
        ):
            continue
        if isinstance(value, dict) and len(above) < _DEPTH:
            yield from _paths(value, (*above, str(key)))
        elif number(value) is not None:
            yield (*above, str(key))


def _reading(node: _Node, prefix: str, path: tuple[str, ...], sensors: Mapping[str, Any]) -> Announcement:
    kind = class_of(path[-1])
    unit = {"temperature": f"°{sensors.get('TempUnit', 'C')}", "pressure": str(sensors.get("PressureUnit", "hPa"))}
    label = phrase(path[-1])
    name = node.name if label.casefold() in node.name.casefold() else f"{node.name} {label}"

    def decode(told: Mapping[str, Any]) -> Found:
        found: Any = told
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        if found is None:
            return {}
        if number(found) is None:
            raise ValueError(f"{path[-1]}: '{clean(str(found), 40)}' is not a number")
        return {STATE: f"{number(found):g}"}

    parts = Parts()
    _read(parts, (f"{node.tele}SENSOR", f"{node.stat}STATUS10"), decode)
    return Announcement(
        identity=f"{prefix}/{node.mac}#{'.'.join(path)}",
        entity_id=f"sensor.{slug(name)}",
        name=name,
        parts=parts,
        device_class=kind,
        unit=clean(unit.get(kind or "", UNITS.get(kind or "", ""))) or None,
        exposed=kind is not None,
        availability=(_availability(node),),
        native=True,
        asks=(Message(f"{node.command}STATUS", b"10"),),
    )
