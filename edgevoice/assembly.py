"""Settings into running parts: which engines, which models, which home. Leaving a context stops what it started."""

from __future__ import annotations

import gc
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from edgevoice import registry, resources
from edgevoice.assistant import LateLlm
from edgevoice.config import HomeSettings, Settings
from edgevoice.errors import MissingExtra, ModelError
from edgevoice.home import inventory
from edgevoice.home.homeassistant import HomeAssistantAdapter
from edgevoice.home.model import Home
from edgevoice.link import HomeLink
from edgevoice.listen import Listener
from edgevoice.model_store import Store
from edgevoice.mqtt.client import MqttClient
from edgevoice.nlu import cascade
from edgevoice.skills import chat, policy
from edgevoice.skills.conversation import Conversation
from edgevoice.skills.memory import Memory, default_path
from edgevoice.stages import Llm, Sink
from edgevoice.turn import Stages, Voice

_log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
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
    stages = (settings.wake, settings.vad, settings.asr, settings.llm, settings.tts)
    return tuple(dict.fromkeys(stage.model for stage in stages if stage.engine and stage.model))


def listener(settings: Settings, store: Store, wake: bool = True) -> Listener:
    """The ear. Without `wake` it hears only when told to."""
    detector = engine("wake", settings, store) if wake else None
    return Listener(detector, engine("vad", settings, store), settings.listen, settings.vad.threshold)


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
    home = Home(language=settings.nlu.language)
    if settings.home.latitude is not None and settings.home.longitude is not None:
        home.place = settings.home.latitude, settings.home.longitude
    adapter = HomeAssistantAdapter(home, settings.home.discovery_prefix if settings.home.discovery else "")
    if settings.home.file is not None:
        adapter.take(inventory.load(settings.home.file))
    rules = policy.rules(settings.home, settings.nlu)
    understanding = cascade.load(home, settings.nlu, llm, settings.wake.words)
    conversation = Conversation(home, understanding, llm, rules, settings.home.area)
    voice = Voice(engine("tts", settings, store) if wanted.voice else None, sink)
    asr = engine("asr", settings, store) if wanted.speech else None
    bus = MqttClient(settings.mqtt)
    link = HomeLink(home, adapter, bus, time.monotonic)
    if llm is not None:
        from edgevoice.nlu import proposal  # its grammar and prompt are only needed beside a model

        llm.start((chat.prefix(), proposal.prefix()))
    bus.start(_CONNECT_SECONDS if wanted.wait_for_broker else 0.0)
    try:
        if wanted.wait_for_broker:
            settle(link)
        conversation.prepare()
        gc.freeze()  # what is loaded stays: collecting it again in the middle of a turn took a tenth of a second
        with ExitStack() as kept:
            keep = kept.enter_context(remembered(conversation, settings.home)) if wanted.memory else _forget
            yield Stages(asr, conversation, link, voice, settings.mqtt.confirm_seconds, keep=keep)
    finally:
        bus.stop()


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


def _forget() -> None:
    """Nothing is kept of a conversation that ends with its command."""


def settle(link: HomeLink) -> None:
    """Takes in the home's retained messages until it has told them all."""
    until = time.monotonic() + _SETTLE_SECONDS
    while link.pump(_QUIET_SECONDS) and time.monotonic() < until:
        pass


@contextmanager
def demo_home(settings: Settings) -> Iterator[Settings]:
    """A simulated home on an embedded broker, and the settings that lead there."""
    from edgevoice.mqtt.broker import EmbeddedBroker  # amqtt takes a tenth of a second that `run` need not spend
    from edgevoice.simulator import Simulator

    file = resources.find("homes/demo.yaml")
    with EmbeddedBroker() as broker, Simulator(file, broker.host, broker.port):
        mqtt = replace(settings.mqtt, host=broker.host, port=broker.port, username="", password_file=None)
        yield replace(settings, mqtt=mqtt, home=replace(settings.home, file=file, discovery=True))
