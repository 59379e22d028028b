"""What every dialect's adapter shares: the announced entities, the topics they are heard on, and the home they fill.

A dialect turns its announcements into `Announcement`s; from there on states, availability and commands are handled
here, whatever the dialect. What arrives is not trusted: a payload that cannot be used is counted, logged once a topic,
and never raises.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from edgevoice.home.areas import Areas
from edgevoice.home.capabilities import capabilities_of
from edgevoice.home.degrees import converted
from edgevoice.home.ha_covers import settled
from edgevoice.home.ha_discovery import PAYLOAD_LIMIT, DiscoveryProblem
from edgevoice.home.ha_parts import STATE, Found, Parts, Reader, json_attributes
from edgevoice.home.ha_templates import Payload, value_of
from edgevoice.home.inventory import Inventory
from edgevoice.home.model import UNKNOWN, Capability, Device, Home, State
from edgevoice.home.names import clean
from edgevoice.messages import Command, Message, Value

ENTITIES = 20_000
"""Entities that a home may have; later ones are refused."""
_TOPICS = 4 * ENTITIES
_KEPT_PAYLOAD = 16_384
_COMPLAINTS = 1000
_ASK_AFTER_SECONDS = 0.2  # retained states have come by then
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Availability:
    """One topic that says whether an entity is there; `online` is None until it spoke. `decode` raises ValueError."""

    topic: str
    decode: Callable[[Payload], bool]
    online: bool | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """One entity as its dialect describes it. `identity` is the same for every announcement of it.

    `native`: the dialect is the device's own; another one that announces the same state topics is not listened to.
    `expire_seconds`: a state older than this is worth nothing. `off_seconds`: `on` ends by itself after this.
    `asks` are published where no state has been heard soon after the announcement.
    """

    identity: str
    entity_id: str
    name: str
    parts: Parts
    area: str = ""
    aliases: tuple[str, ...] = ()
    device_class: str | None = None
    unit: str | None = None
    exposed: bool = True
    optimistic: bool = False
    availability: tuple[Availability, ...] = ()
    availability_mode: str = "latest"
    members: tuple[str, ...] = ()
    native: bool = False
    expire_seconds: float = 0.0
    off_seconds: float = 0.0
    asks: tuple[Message, ...] = ()


@dataclass(slots=True, eq=False)
class _Entity:
    told: Announcement
    device: Device  # as announced, without what the owner says of it
    state: State = UNKNOWN  # what it reports, whether or not it is there now
    extra: dict[str, Value] = field(default_factory=dict)  # from its attributes topic
    latest: bool = False
    deadline: float = 0.0  # when its state runs out; 0: never

    @property
    def heard(self) -> tuple[Reader | Availability, ...]:
        return (*self.told.availability, *self.told.parts.readers)

    @property
    def available(self) -> bool:
        sources = self.told.availability
        if not sources:
            return True
        online = [source.online is True for source in sources]
        mode = self.told.availability_mode
        return self.latest if mode == "latest" else all(online) if mode == "all" else any(online)


class Entities:
    """An `Adapter` without announcements of its own; owned by the turns worker, as `home` is.

    `degrees` is the unit that people here say: °C, °F, or empty for each device's own.
    """

    def __init__(self, home: Home, degrees: str = "") -> None:
        self.home = home
        self.degrees = degrees
        self.inventory = Inventory({}, {}, {})
        self.problems = 0
        """Payloads that could not be used."""
        self._areas = Areas(home)
        self._entities: dict[str, _Entity] = {}  # by identity
        self._by_device: dict[str, _Entity] = {}
        self._listeners: dict[str, list[tuple[_Entity, Reader | Availability]]] = {}
        self._topics: dict[str, tuple[bytes, float] | None] = {}  # every topic ever listened to, and its last payload
        self._filters: tuple[str, ...] = ()
        self._native: set[str] = set()  # state topics of devices that announced themselves in their own dialect
        self._waiting: list[
            tuple[float, int, _Entity, bool]
        ] = []  # a heap: when, in which order, whose, is it a question
        self._order = count()
        self._complained: set[str] = set()

    def __contains__(self, identity: str) -> bool:
        return identity in self._entities

    def subscriptions(self) -> tuple[str, ...]:
        if len(self._filters) != len(self._topics):
            self._filters = tuple(self._topics)
        return self._filters

    def handle(self, message: Message, now_seconds: float) -> None:
        if message.topic in self._topics:
            self.guarded(message, lambda: self._hear(message, now_seconds))

    def messages(self, command: Command) -> tuple[Message, ...]:
        entity = self._by_device.get(command.device)
        if entity is None:
            return ()
        write = entity.told.parts.writers.get(command.capability)
        if write is None:
            _log.warning("%s cannot be told '%s'", command.device, command.capability)
            return ()
        try:
            sent = [(topic, text.encode()) for topic, text in write(command.value, entity.state)]
        except (ValueError, ArithmeticError, TypeError) as problem:
            self.complain(command.device, f"{command.capability}: {problem}")
            return ()
        return tuple(Message(topic, payload, qos=1, retain=False) for topic, payload in sent)

    def due(self, now_seconds: float) -> tuple[Message, ...]:
        asked: list[Message] = []
        while self._waiting and self._waiting[0][0] <= now_seconds:
            _, _, entity, is_question = heapq.heappop(self._waiting)
            if self._entities.get(entity.told.identity) is not entity:
                continue
            if is_question:
                asked += entity.told.asks if entity.state.value == "unknown" else ()
            elif entity.deadline > now_seconds:
                self._wait(entity.deadline, entity)
            elif entity.deadline:
                self._run_out(entity, now_seconds)
        return tuple(dict.fromkeys(asked))

    # --- announcements ------------------------------------------------------------------------------------------------

    def announce(self, told: Announcement, now: float) -> None:
        """Puts an entity into the home, or changes it. Raises DiscoveryProblem where there is no room for more."""
        if self.degrees and told.unit in ("°C", "°F") and told.unit != self.degrees:
            parts = converted(told.parts, told.entity_id.partition(".")[0], told.unit, self.degrees)
            told = replace(told, parts=parts, unit=self.degrees)
        topics = {reader.topic for reader in told.parts.readers}
        if not told.native and not self._native.isdisjoint(topics):
            self.remove(told.identity)
            return
        old = self._entities.get(told.identity)
        if old and old.device.domain != told.entity_id.partition(".")[0]:
            self.remove(told.identity)
            old = None
        if old is None and (len(self._entities) >= ENTITIES or len(self._topics) >= _TOPICS):
            raise DiscoveryProblem(f"more than {ENTITIES} entities")
        if old:
            self._forget(old)
        if told.native:
            self._give_way(topics)
        device_id = old.device.id if old else self._free_id(told.entity_id)
        entity = _Entity(told, _device(device_id, told, self._place_of(device_id, told)))
        if old:
            entity.state, entity.extra, entity.latest = old.state, old.extra, old.latest
            entity.deadline = old.deadline
        entity.latest = entity.latest or any(source.online is True for source in told.availability)
        entity.state = replace(entity.state, attributes={**entity.state.attributes, **told.parts.attributes})
        self._entities[told.identity] = self._by_device[device_id] = entity
        self.home.put(self.inventory.refine(entity.device))
        for placed in self._areas.newly_placed():
            self._place(placed)
        self._listen(entity, now)

    def renew(self, known: dict[str, set[str]], key: str, told: Iterable[Announcement], now: float) -> None:
        """Announces all that `key` tells of, and removes what it does not any more; `known` are identities by key."""
        kept: set[str] = set()
        try:
            for one in told:
                self.announce(one, now)
                kept.add(one.identity)
        finally:
            for identity in known.pop(key, set()) - kept:
                self.remove(identity)
            if kept:
                known[key] = kept

    def remove(self, identity: str) -> None:
        entity = self._entities.pop(identity, None)
        if entity is not None:
            self._forget(entity)
            del self._by_device[entity.device.id]
            self._areas.forget(entity.device.id)
            self.home.remove(entity.device.id)

    def guarded(self, message: Message, act: Callable[[], None], limit: int = PAYLOAD_LIMIT) -> None:
        """Runs `act` on a message from outside: what is wrong with it is counted and logged, and nothing is raised."""
        try:
            if len(message.payload) > limit:
                raise DiscoveryProblem(f"payload of {len(message.payload)} bytes, {limit} are allowed")
            act()
        except (ValueError, RecursionError) as problem:
            self.complain(message.topic, str(problem))
        except Exception as error:
            _log.exception("unexpected error on a message")
            self.complain(message.topic, f"{type(error).__name__}: {error}")

    def complain(self, topic: str, problem: str) -> None:
        self.problems += 1
        if topic not in self._complained and len(self._complained) < _COMPLAINTS:
            self._complained.add(topic)
            _log.warning("ignored on '%s': %s", clean(topic, 200), clean(problem, 300))

    def device_id(self, identity: str) -> str | None:
        """The id of the device that was announced under this identity."""
        entity = self._entities.get(identity)
        return entity.device.id if entity else None

    def _give_way(self, topics: set[str]) -> None:
        """Whoever else announced what stands on these topics is removed: it is the same device."""
        for topic in topics - self._native:
            others = [entity for entity, _ in self._listeners.get(topic, ()) if not entity.told.native]
            for identity in {entity.told.identity for entity in others}:
                self.remove(identity)
        self._native |= topics

    def _place_of(self, device_id: str, told: Announcement) -> str | None:
        is_listed = bool(self.inventory.areas) or not self.home.language.startswith("en")
        return self._areas.place(device_id, told.name, told.area, make=not is_listed)

    def _place(self, device_id: str) -> None:
        entity = self._by_device.get(device_id)
        if entity is not None:
            entity.device = replace(entity.device, area=self._areas.area_of(device_id))
            self.home.put(self.inventory.refine(entity.device))

    def _free_id(self, wished: str) -> str:
        found = wished
        for number in count(2):
            if found not in self._by_device:
                break
            found = f"{wished}_{number}"
        return found

    def _listen(self, entity: _Entity, now: float) -> None:
        """Hears the entity's topics from now on, and what they said before it was known."""
        for heard in entity.heard:
            self._listeners.setdefault(heard.topic, []).append((entity, heard))
            last = self._topics.setdefault(heard.topic, None)
            if last is not None:
                self._read(heard.topic, last[0], ((entity, heard),), last[1])
        self._show(entity, now)
        if entity.told.asks and entity.state.value == "unknown":
            self._wait(now + _ASK_AFTER_SECONDS, entity, is_question=True)

    def _forget(self, entity: _Entity) -> None:
        for heard in entity.heard:
            kept = [pair for pair in self._listeners.get(heard.topic, ()) if pair[0] is not entity]
            if kept:
                self._listeners[heard.topic] = kept
            else:
                self._listeners.pop(heard.topic, None)
                self._native.discard(heard.topic)

    # --- states -------------------------------------------------------------------------------------------------------

    def _hear(self, message: Message, now: float) -> None:
        kept = len(message.payload) <= _KEPT_PAYLOAD
        self._topics[message.topic] = (message.payload, now) if kept else None
        self._read(message.topic, message.payload, self._listeners.get(message.topic, ()), now)

    def _read(self, topic: str, raw: bytes, heard: Sequence[tuple[_Entity, Reader | Availability]], now: float) -> None:
        if not heard:
            return
        try:
            payload = Payload(raw.decode("utf-8"))
        except UnicodeDecodeError:
            raise DiscoveryProblem("payload is not UTF-8") from None
        for entity, listener in heard:
            try:
                if isinstance(listener, Availability):
                    listener.online = entity.latest = listener.decode(payload)
                else:
                    self._report(entity, listener, listener.decode(_rendered(listener.template, payload)), now)
            except ValueError as problem:
                self.complain(topic, f"{entity.device.id}: {problem}")
            self._show(entity, now)

    def _report(self, entity: _Entity, reader: Reader, found: Found, now: float) -> None:
        if not found:
            return
        if reader.decode is json_attributes:
            entity.extra = dict(found)
            return
        found = settled(found, entity.state)
        text = str(found.get(STATE, entity.state.value))
        merged = {**entity.state.attributes, **{key: value for key, value in found.items() if key != STATE}}
        kept = {key: value for key, value in merged.items() if value is not None}
        entity.state = State(text, kept, now)
        told = entity.told
        lasts = told.expire_seconds or (told.off_seconds if text == "on" else 0.0)
        was_waiting, entity.deadline = entity.deadline > 0, now + lasts if lasts else 0.0
        if lasts and not was_waiting:
            self._wait(entity.deadline, entity)

    def _show(self, entity: _Entity, now: float) -> None:
        attributes = {**entity.extra, **entity.state.attributes} if entity.extra else entity.state.attributes
        text = entity.state.value if entity.available else "unavailable"
        self.home.update(entity.device.id, State(text, attributes, entity.state.changed_seconds or now))

    def _wait(self, until: float, entity: _Entity, is_question: bool = False) -> None:
        heapq.heappush(self._waiting, (until, next(self._order), entity, is_question))

    def _run_out(self, entity: _Entity, now: float) -> None:
        text = "off" if entity.told.off_seconds else "unavailable"
        entity.state, entity.deadline = replace(entity.state, value=text), 0.0
        self._show(entity, now)


def _device(device_id: str, told: Announcement, area: str | None) -> Device:
    parts, domain = told.parts, told.entity_id.partition(".")[0]
    known = {**capabilities_of(domain, told.device_class, parts.attributes), **parts.capabilities}
    return Device(
        id=device_id,
        name=told.name,
        domain=domain,
        area=area,
        aliases=told.aliases,
        device_class=told.device_class,
        unit=told.unit,
        capabilities={name: known.get(name, Capability(name)) for name in parts.writers},
        exposed=told.exposed,
        optimistic=told.optimistic or not parts.readers,
        members=told.members,
        origin=told.identity,
    )


def _rendered(template: str, payload: Payload) -> Payload:
    return Payload(value_of(template, payload)) if template else payload
