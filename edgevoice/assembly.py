"""Settings into running parts: which engines, which models, which home. Leaving a context stops what it started."""

from __future__ import annotations

import functools
import gc
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from edgevoice import registry, resources
from edgevoice.assistant import Assistant, LateLlm
from edgevoice.audio.speaker import Speaker
from edgevoice.config import HomeSettings, Settings, WakeSettings, WakeWord
from edgevoice.errors import MissingExtra, ModelError
from edgevoice.home import dialects
from edgevoice.home.adapters import Adapter, Adapters
from edgevoice.home.entities import Entities
from edgevoice.home.model import Home
from edgevoice.home.pack_messages import PackMessages
from edgevoice.link import HomeLink
from edgevoice.listen import Listener
from edgevoice.model_store import Store
from edgevoice.mqtt.client import MqttClient
from edgevoice.nlu import cascade
from edgevoice.service.presence import Presence
from edgevoice.skills import chat, policy
from edgevoice.skills.conversation import Conversation
from edgevoice.skills.memory import Memory, default_path
from edgevoice.stages import Asr, Bus, Embed, Llm, Sink, Spotter
from edgevoice.turn import Stages, Voice, prepare
from edgevoice.wake.several import Wakes

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
    memory: bool = False
    """Go on with the timers, lists and questions of the last time, and keep them for the next."""


def engine(stage: str, settings: Settings, store: Store) -> Any:
    """Loads the engine that the settings name for `stage`; None where they name none. Raises ModelError, MissingExtra."""
    chosen = getattr(settings, stage)
    if not chosen.engine:
        return None
    load = registry.factory(stage, chosen.engine)
    return load(chosen, store.folder(chosen.model) if chosen.model else None)


def models_of(settings: Settings) -> tuple[str, ...]:
    """The names of the models that these settings need."""
    stages = (settings.vad, settings.asr, settings.embedding, settings.llm, settings.tts)
    named = [word.model for word in settings.wake.each() if word.model]
    named += [stage.model for stage in stages if stage.engine and stage.model]
    return tuple(dict.fromkeys([*named, settings.asr.second] if settings.asr.second else named))


def listener(settings: Settings, store: Store, wake: bool = True, asr: Asr | None = None) -> Listener:
    """The ear. Without `wake` it hears only when told to. `asr` looks at wake words again, where it can."""
    detector = wakes(settings.wake, store, asr) if wake else None
    return Listener(detector, engine("vad", settings, store), settings.listen, settings.vad.threshold)


def wakes(settings: WakeSettings, store: Store, asr: Asr | None = None) -> Wakes:
    """All wake words of the settings, each by its engine. Raises ModelError, SettingsError."""
    spotter = asr if settings.check and isinstance(asr, Spotter) else None
    groups: dict[tuple[str, str], list[str | WakeWord]] = {}
    for word in settings.each():
        groups.setdefault((word.engine, word.model), []).append(word)
    detectors = []
    for (name, model), words in groups.items():
        chosen = replace(settings, engine=name, model=model, words=tuple(words), check=spotter is not None)
        detectors.append(registry.factory("wake", name)(chosen, store.folder(model) if model else None))
    rest = {word.word: word.refractory_seconds or 0.0 for word in settings.each()}
    return Wakes(detectors, rest, spotter.evidence if spotter is not None else None)


def late_embedding(settings: Settings, store: Store) -> Embed | None:
    """The sentence embedding, loaded with the first sentence that needs it; None where there is none: that is logged."""
    if not settings.embedding.engine:
        return None
    try:
        store.folder(settings.embedding.model)
    except ModelError as error:
        _log.warning("Goes without sentence embeddings: %s", error)
        return None
    load = functools.cache(lambda: engine("embedding", settings, store))
    return lambda text: load().embed(text)


def late_llm(settings: Settings, store: Store) -> LateLlm | None:
    """The language model, not yet loading; None where none is configured, or it is not to be had: that is logged."""
    if not settings.llm.engine:
        return None
    try:
        if settings.llm.model:
            store.folder(settings.llm.model)
        registry.factory("llm", settings.llm.engine)
    except (ModelError, MissingExtra) as error:
        _log.warning("going on without a language model: %s", error)
        return None

    def load() -> Llm:
        llm: Llm = engine("llm", settings, store)
        return llm

    return LateLlm(load, settings.llm.deadline_seconds)


@contextmanager
def stages(settings: Settings, store: Store, sink: Sink, wanted: Wanted) -> Iterator[Stages]:
    """Everything a turn needs, connected to the broker of the settings."""
    llm = late_llm(settings, store) if wanted.llm else None
    home, wires, link = _linked(settings)
    nlu, area = settings.nlu, settings.home.area
    if settings.home.vss is not None:
        area = area or "driver"
        nlu = replace(nlu, packs=tuple(dict.fromkeys((*nlu.packs, "car"))))
    rules = policy.rules(settings.home, settings.nlu)
    understanding = cascade.load(home, nlu, llm, settings.wake.names, late_embedding(settings, store))
    link.join(PackMessages(home, [told for pack in understanding.packs for told in pack.devices().values()]))
    conversation = Conversation(home, understanding, llm, rules, area)
    voice = Voice(engine("tts", settings, store) if wanted.voice else None, sink)
    asr = engine("asr", settings, store) if wanted.speech else None
    if llm is not None:
        from edgevoice.nlu import proposal  # its grammar and prompt are only needed beside a model

        llm.start((chat.prefix(), proposal.prefix()))
    try:
        wires.start(_CONNECT_SECONDS if wanted.wait_for_broker else 0.0)
        if wanted.wait_for_broker:
            settle(link)
        made = Stages(asr, conversation, link, voice, settings.mqtt.confirm_seconds)
        prepare(made)
        gc.freeze()  # what is loaded stays: collecting it again in the middle of a turn took a tenth of a second
        with ExitStack() as kept:
            if wanted.memory:
                made.keep = kept.enter_context(remembered(conversation, settings.home))
            yield made
    finally:
        wires.stop()


def presence(settings: Settings, stages: Stages, assistant: Assistant) -> Presence | None:
    """The assistant as a device on its broker, from now on; None where the settings do not want it."""
    if not settings.mqtt.announce:
        return None
    sink, link = stages.voice.sink, stages.link
    loud = sink if isinstance(sink, Speaker) else None
    made = Presence(settings.mqtt, settings.home.discovery_prefix, link.bus, assistant, loud)
    stages.voice.sink = made.watched(sink)
    link.join(made)
    return made


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


@contextmanager
def remembered(conversation: Conversation, settings: HomeSettings) -> Iterator[Callable[[], None]]:
    """Gives the conversation what was kept, and a call that keeps it; it is kept at the end too."""
    memory = Memory(settings.state_file or default_path())

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
