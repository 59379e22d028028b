"""Zigbee2MQTT homes: `bridge/devices` and `bridge/groups` into entities, by what each device exposes.

<base>/<name>                JSON state; names may hold `/`
<base>/<name>/set            JSON command
<base>/<name>/get            asks for the state, which is not retained
<base>/<name>/availability   online, offline; only where Zigbee2MQTT is told to watch
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from edgevoice.home import z2m_exposes as exposes
from edgevoice.home import z2m_features as features
from edgevoice.home.adapters import Adapter
from edgevoice.home.entities import Announcement, Availability, Entities
from edgevoice.home.ha_discovery import DiscoveryProblem, checked_topic
from edgevoice.home.ha_parts import Parts, Writer, dumped
from edgevoice.home.ha_templates import Payload
from edgevoice.home.names import clean, phrase, slug
from edgevoice.home.z2m_exposes import Thing
from edgevoice.home.z2m_features import GET, Feature
from edgevoice.messages import Message

_LIMIT = 4_194_304
"""Bytes; the list of all devices tells every option of each."""
_DEVICES_LIMIT, _EXPOSES_LIMIT = 2000, 200


class Zigbee2MqttAdapter(Adapter):
    """The devices and groups of one Zigbee2MQTT, whose topics begin with `base`."""

    def __init__(self, entities: Entities, base: str = "zigbee2mqtt") -> None:
        self._entities = entities
        self._base = base
        self._devices: Mapping[str, Mapping[str, Any]] = {}  # by address
        self._groups: Sequence[Mapping[str, Any]] = ()
        self._announced: dict[str, set[str]] = {"devices": set(), "groups": set()}

    def subscriptions(self) -> tuple[str, ...]:
        return (f"{self._base}/bridge/devices", f"{self._base}/bridge/groups")

    def handle(self, message: Message, now_seconds: float) -> None:
        if message.topic in self.subscriptions():
            what = message.topic.rpartition("/")[2]
            self._entities.guarded(message, lambda: self._take(what, message.payload, now_seconds), _LIMIT)

    def _take(self, what: str, payload: bytes, now: float) -> None:
        told = json.loads(payload.decode("utf-8")) if payload.strip() else []
        if not isinstance(told, list):
            raise DiscoveryProblem(f"bridge/{what} is not a list")
        entries = [entry for entry in told[:_DEVICES_LIMIT] if isinstance(entry, dict)]
        if what == "devices":
            usable = (entry for entry in entries if not entry.get("disabled") and features.definition(entry))
            self._devices = {str(entry.get("ieee_address")): entry for entry in usable}
            self._announce(what, [(address, self._device(entry)) for address, entry in self._devices.items()], now)
        else:
            self._groups = entries
        groups = [(f"group {group.get('id')}", self._group(group)) for group in self._groups]
        self._announce("groups", groups, now)

    def _announce(self, what: str, told: Sequence[tuple[str, Iterator[Announcement]]], now: float) -> None:
        kept: set[str] = set()
        for whose, announcements in told:
            try:
                for announcement in announcements:
                    self._entities.announce(announcement, now)
                    kept.add(announcement.identity)
            except (ValueError, TypeError, AttributeError, RecursionError) as problem:
                self._entities.complain(f"{self._base}/bridge/{what} {whose}", str(problem))
        for identity in self._announced[what] - kept:
            self._entities.remove(identity)
        self._announced[what] = kept

    def _device(self, entry: Mapping[str, Any]) -> Iterator[Announcement]:
        name = _friendly(entry)
        topic = f"{self._base}/{name}"
        listed = features.features(features.definition(entry))[:_EXPOSES_LIMIT]
        found = [(feature, thing) for feature in listed if (thing := exposes.thing(feature, topic))]
        is_one = sum(not thing.is_extra for _, thing in found) == 1
        for feature, thing in found:
            told = replace(thing, label="") if is_one and not thing.is_extra else thing
            identity = f"{self._base}/{entry.get('ieee_address')}#{feature.identity}"
            yield self._announcement(identity, name, told, _asks(topic, feature))

    def _group(self, group: Mapping[str, Any]) -> Iterator[Announcement]:
        """A group does what all its members can; `members` are their entities."""
        name, listed = _friendly(group), group.get("members")
        addresses = [str(one.get("ieee_address")) for one in listed if isinstance(one, dict)] if listed else []
        mains = [features.main(self._devices[address]) for address in addresses if address in self._devices]
        shared = features.shared([main for main in mains if main])
        identity = f"{self._base}/group {group.get('id')}"
        topic = f"{self._base}/{name}"
        thing = exposes.thing(shared, topic) if shared and len(mains) == len(addresses) else None
        if thing is not None:
            ids = [
                self._entities.device_id(f"{self._base}/{address}#{main.identity}")
                for address, main in zip(addresses, mains, strict=True)
                if main
            ]
            yield self._announcement(identity, name, thing, (), tuple(one for one in ids if one))
        for scene in group.get("scenes") or ():
            parts = Parts(writers={"activate": _recall(f"{topic}/set", int(scene["id"]))})
            called = phrase(str(scene.get("name") or f"scene {scene['id']}"))
            told = Thing("scene", parts, called, is_extra=False)
            yield self._announcement(f"{identity}#scene {scene['id']}", name, told, ())

    def _announcement(
        self, identity: str, friendly: str, thing: Thing, asks: tuple[Message, ...], members: tuple[str, ...] = ()
    ) -> Announcement:
        place, _, own = friendly.rpartition("/")
        called, area = phrase(own), phrase(place.rpartition("/")[2])
        label = "" if thing.label.casefold() in called.casefold() else thing.label
        name = clean(f"{called} {label}")
        is_placed = not area or called.casefold().startswith(area.casefold())
        return Announcement(
            identity=identity,
            entity_id=f"{thing.domain}.{slug(name if is_placed else f'{area} {name}')}",
            name=name,
            parts=thing.parts,
            area="" if members else area,
            aliases=() if is_placed else (f"{area} {name}",),
            device_class=exposes.told_by_name(thing.device_class, own),
            unit=thing.unit,
            exposed=not thing.is_extra,
            availability=tuple(
                Availability(topic, _is_online, online=True)  # until told otherwise: it may not be watched
                for topic in (f"{self._base}/bridge/state", f"{self._base}/{friendly}/availability")
            ),
            availability_mode="all",
            members=members,
            native=True,
            asks=asks,
        )


def _recall(topic: str, scene: int) -> Writer:
    return lambda _value, _state: [(topic, dumped({"scene_recall": scene}))]


def _friendly(entry: Mapping[str, Any]) -> str:
    name = checked_topic(entry.get("friendly_name"), "friendly_name")
    if not name:
        raise DiscoveryProblem("friendly_name: is missing")
    return name


def _asks(topic: str, feature: Feature) -> tuple[Message, ...]:
    """A question that makes the device tell its whole state, where its first feature may be asked for."""
    first = next((one for one in (feature, *feature.features) if one.access & GET and one.key), None)
    return (Message(f"{topic}/get", dumped({first.key: ""}).encode()),) if first else ()


def _is_online(payload: Payload) -> bool:
    told = payload.json
    text = told.get("state") if isinstance(told, dict) else payload.text.strip()
    if text not in ("online", "offline"):
        raise ValueError(f"'{clean(str(text), 40)}' is neither 'online' nor 'offline'")
    return bool(text == "online")
