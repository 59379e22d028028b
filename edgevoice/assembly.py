"""Settings into running parts: which engines, which models, which home. Leaving a context stops what it started."""

from __future__ import annotations

import functools
import gc
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgevoice import engines, hearing, names_aloud, registry, resources
from edgevoice.audio.speaker import Speaker
from edgevoice.config import STOP_MODEL, HomeSettings, Settings
from edgevoice.errors import EdgeVoiceError, MissingExtra, ModelError, StageError
from edgevoice.home import dialects
from edgevoice.home.adapters import Adapter, Adapters
from edgevoice.home.entities import Entities
from edgevoice.home.model import Home
from edgevoice.home.pack_messages import PackMessages
from edgevoice.late_llm import LateLlm
from edgevoice.link import HomeLink
from edgevoice.model_store import Store
from edgevoice.mqtt.client import MqttClient
from edgevoice.nlu import cascade
from edgevoice.skills import chat, failures, policy
from edgevoice.skills.conversation import Conversation
from edgevoice.skills.explained import Explainer
from edgevoice.skills.manner import Level, Manner
from edgevoice.skills.memory import Memory, default_path
from edgevoice.skills.reply import Replies
from edgevoice.skills.taught import Taught
from edgevoice.stages import Bus, Embed, Llm, Sink, Tts
from edgevoice.tts.remembered import RememberedTts
from edgevoice.turn import Stages, Voice, prepare

if TYPE_CHECKING:
    from edgevoice.kuksa.databroker import Databroker
    from edgevoice.vehicle import SimulatedVehicle

_log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
COLLECT_EVERY = 100_000
"""Objects between two searches for garbage: a large home makes many that stay, and next to none that are garbage."""
_QUIET_SECONDS = 0.25  # a home that has been silent for so long has told us all its devices
_SETTLE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a command needs of the whole: `speech` the recogniser, `voice` the TTS, `llm` the language model."""

    speech: bool = True
    voice: bool = True
    llm: bool = True
    wait_for_broker: bool = True
    """Raise BrokerError where the broker is away, and wait for the home to tell its devices; else go on without."""
    degrades: bool = False
    """Go on without a part that cannot be loaded, as text and MQTT still work; else that is an error."""
    memory: bool = False
    """Go on with the timers, lists and questions of the last time, and keep them for the next."""


def models_of(settings: Settings) -> tuple[str, ...]:
    """The names of the models that these settings need."""
    stages = (settings.vad, settings.asr, settings.embedding, settings.llm, settings.tts)
    named = [word.model for word in settings.wake.each() if word.model]
    named += [STOP_MODEL] if hearing.spotted_stops(settings) else []
    named += [stage.model for stage in stages if stage.engine and stage.model]
    return tuple(dict.fromkeys([*named, settings.asr.second] if settings.asr.second else named))


def remembering(settings: Settings, tts: Tts | None) -> Tts | None:
    """The voice with what it said often at hand; None where there is none."""
    return tts and RememberedTts(tts, settings.tts.cache_mb, settings.tts.pronounce)


class Parts:
    """Loads what a turn is made of. Where it `degrades`, what cannot be loaded is left out, and `problems` tells why."""

    def __init__(self, settings: Settings, store: Store, degrades: bool) -> None:
        self._settings, self._store, self._degrades = settings, store, degrades
        self.problems: dict[str, Callable[[], str]] = {}

    def load(self, stage: str, wanted: bool = True) -> Any:
        """The engine of a stage; None where none is wanted or configured, or it is left out."""
        if not wanted or not getattr(self._settings, stage).engine:
            return None
        self.problems[stage] = str
        try:
            return engines.load(stage, self._settings, self._store)
        except (ModelError, MissingExtra, StageError) as error:
            if not self._degrades:
                raise
            self.leave_out(stage, error)
            return None

    def leave_out(self, stage: str, error: EdgeVoiceError) -> None:
        problem = str(error)
        self.problems[stage] = lambda: problem
        _log.warning("going on without %s: %s", stage, error)


def late_embedding(settings: Settings, store: Store, parts: Parts) -> Embed | None:
    """The sentence embedding, loaded with the first sentence that needs it; None where there is none: that is told."""
    if not settings.embedding.engine:
        return None
    parts.problems["embedding"] = str
    try:
        store.folder(settings.embedding.model)
    except ModelError as error:
        parts.leave_out("embedding", error)
        return None
    load = functools.cache(lambda: engines.load("embedding", settings, store))
    return lambda text: load().embed(text)


def late_llm(settings: Settings, store: Store, parts: Parts) -> LateLlm | None:
    """The language model, not yet loading; None where none is configured, or it is not to be had: that is told."""
    if not settings.llm.engine:
        return None
    try:
        if settings.llm.model:
            store.folder(settings.llm.model)
        registry.factory("llm", settings.llm.engine)
    except (ModelError, MissingExtra) as error:
        parts.leave_out("llm", error)
        return None

    def load(stop: threading.Event) -> Llm:
        llm: Llm = engines.load("llm", settings, store, stop)
        return llm

    made = LateLlm(load, settings.llm.deadline_seconds)
    parts.problems["llm"] = lambda: made.problem
    return made


@contextmanager
def stages(settings: Settings, store: Store, sink: Sink, wanted: Wanted) -> Iterator[Stages]:
    """Everything a turn needs, connected to the broker of the settings."""
    parts = Parts(settings, store, wanted.degrades)
    llm = late_llm(settings, store, parts) if wanted.llm else None
    home, wires, link = _linked(settings)
    nlu, area = settings.nlu, settings.home.area
    if settings.home.vss is not None:
        area = area or "driver"
        nlu = replace(nlu, packs=tuple(dict.fromkeys((*nlu.packs, "car"))))
    understanding = cascade.load(home, nlu, llm, settings.wake.names, late_embedding(settings, store, parts))
    link.join(PackMessages(home, [told for pack in understanding.packs for told in pack.devices().values()]))
    conversation = Conversation(home, understanding, llm, policy.rules(settings.home, settings.nlu), area)
    taught = Taught(state_file(settings.home).with_name("taught.yaml"), home, understanding, settings.wake.names)
    taught.load()
    tts = parts.load("tts", wanted.voice)
    voice = Voice(remembering(settings, tts), sink, failures.likely(Replies(home)))
    loud = sink if isinstance(sink, Speaker) else Level()
    conversation.manner = Manner(settings.voice, loud, voice.tts is None or voice.tts.whispers)
    asr = parts.load("asr", wanted.speech)
    if llm is not None:
        from edgevoice.nlu import proposal  # its grammar and prompt are only needed beside a model

        llm.start((chat.prefix(), proposal.prefix()))
    try:
        wires.start(_CONNECT_SECONDS if wanted.wait_for_broker else 0.0)
        if wanted.wait_for_broker:
            settle(link)
        made = Stages(asr, conversation, link, voice, settings.mqtt.confirm_seconds, taught=taught)
        made.explainer = Explainer(home, understanding, area)
        if wanted.memory:
            made.names = names_aloud.load(settings, home, understanding, tts, asr, state_file(settings.home))
        made.condition.problems |= parts.problems | {"mqtt": lambda: wires.mqtt.problem}
        made.condition.queues["mqtt"] = lambda: wires.mqtt.waiting
        made.condition.lost["mqtt"] = lambda: wires.mqtt.lost
        prepare(made)
        gc.freeze()  # what is loaded stays: collecting it again in the middle of a turn took a tenth of a second
        with ExitStack() as kept:
            if wanted.memory:
                made.keep = kept.enter_context(remembered(conversation, settings.home))
            yield made
    finally:
        wires.stop()
        if llm is not None:
            llm.stop()
        gc.unfreeze()  # what is left may be collected: settings that are read anew make all of it again


def car(home: Home, settings: Settings, bus: Bus) -> tuple[Adapter, Bus, Databroker | None]:
    """The vehicle of the settings, from its tree of signals, and the bus that it is reached by.

    Raises SettingsError, and MissingExtra where a databroker is wanted and its client is not installed.
    """
    from edgevoice.home import inventory, kuksa, viss, vss, vss_tree  # what no home needs

    wanted = settings.home
    assert wanted.vss is not None
    owners = inventory.load(wanted.file) if wanted.file is not None else None
    vehicle = vss.Vehicle(home, vss_tree.load(wanted.vss, wanted.vss_version), str(wanted.vss), owners)
    if not wanted.kuksa:
        return viss.VissAdapter(vehicle, wanted.vehicle_id, settings.mqtt.client_id), bus, None
    try:
        from edgevoice.kuksa.databroker import Databroker
    except ImportError as error:
        raise MissingExtra("kuksa-client", "kuksa") from error
    databroker = Databroker(wanted.kuksa, vehicle.paths, wanted.kuksa_token_file, wanted.kuksa_ca_file)
    return kuksa.KuksaAdapter(vehicle), kuksa.Buses(bus, databroker), databroker


@contextmanager
def home(settings: Settings) -> Iterator[HomeLink]:
    """The home alone, once it has told its devices. Raises BrokerError where the broker is away."""
    _, wires, link = _linked(settings)
    try:
        wires.start(_CONNECT_SECONDS)
        settle(link)
        yield link
    finally:
        wires.stop()


@dataclass(frozen=True, slots=True)
class _Wires:
    """What connects to the home and, for some cars, to their databroker."""

    mqtt: MqttClient
    databroker: Databroker | None = None

    def start(self, wait_seconds: float) -> None:
        if self.databroker is not None:
            self.databroker.start()
        self.mqtt.start(wait_seconds)  # the only one that may raise: `stop` can end both then

    def stop(self) -> None:
        if self.databroker is not None:
            self.databroker.stop()
        self.mqtt.stop()


def _linked(settings: Settings) -> tuple[Home, _Wires, HomeLink]:
    gc.set_threshold(COLLECT_EVERY)
    known, mqtt = Home(language=settings.nlu.language), MqttClient(settings.mqtt)
    if settings.home.latitude is not None and settings.home.longitude is not None:
        known.place = settings.home.latitude, settings.home.longitude
    unit = settings.home.temperature_unit
    adapter: Adapter = dialects.load(Entities(known, f"°{unit}" if unit else ""), settings.home)
    bus: Bus = mqtt
    databroker = None
    if settings.home.vss is not None:
        vehicle, bus, databroker = car(known, settings, mqtt)
        adapter = Adapters(adapter, vehicle)
    return known, _Wires(mqtt, databroker), HomeLink(known, adapter, bus, time.monotonic, settings.mqtt.expiry_seconds)


def state_file(settings: HomeSettings) -> Path:
    """What outlives a restart; other such files lie beside it."""
    return settings.state_file or default_path()


@contextmanager
def remembered(conversation: Conversation, settings: HomeSettings) -> Iterator[Callable[[], None]]:
    """Gives the conversation what was kept, and a call that keeps it; it is kept at the end too."""
    memory = Memory(state_file(settings))

    def keep() -> None:
        # At moments that do not move, what is saved only differs where something changed.
        fingerprint = json.dumps(conversation.save(0.0, 0.0))
        memory.keep(conversation.save(time.monotonic(), time.time()), fingerprint)

    try:
        conversation.restore(memory.load(), time.monotonic(), time.time())
    except ValueError as error:
        memory.set_aside(error)
    try:
        yield keep
    finally:
        keep()


def settle(link: HomeLink) -> None:
    """Takes in the home's retained messages until it has told them all."""
    until = time.monotonic() + _SETTLE_SECONDS
    while link.pump(_QUIET_SECONDS) and time.monotonic() < until:
        pass


@contextmanager
def demo_car(settings: Settings) -> Iterator[tuple[Settings, SimulatedVehicle]]:
    """A simulated vehicle on an embedded broker, and the settings that lead there, for whoever drives it."""
    from edgevoice.mqtt.broker import EmbeddedBroker
    from edgevoice.vehicle import SimulatedVehicle

    tree = settings.home.vss or resources.find("homes/car.json")
    with EmbeddedBroker() as broker:
        mqtt = broker.reached_by(settings.mqtt)
        home = replace(settings.home, vss=tree, vehicle_id="car", kuksa="")
        with SimulatedVehicle(tree, mqtt) as vehicle:
            yield replace(settings, mqtt=mqtt, home=home), vehicle


@contextmanager
def demo_home(settings: Settings) -> Iterator[Settings]:
    """A simulated home on an embedded broker, and the settings that lead there."""
    from edgevoice.mqtt.broker import EmbeddedBroker  # amqtt takes a tenth of a second that `run` need not spend
    from edgevoice.simulator import Simulator

    is_chinese = settings.nlu.language.casefold().startswith("zh")
    file = resources.find("homes/demo_zh.yaml" if is_chinese else "homes/demo.yaml")
    with EmbeddedBroker() as broker:
        mqtt = broker.reached_by(settings.mqtt)
        with Simulator(file, mqtt):
            yield replace(settings, mqtt=mqtt, home=replace(settings.home, file=file, discovery=True))
