"""Settings into running parts: which engine, which model, which home."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from edgevoice import registry
from edgevoice.assistant import LateLlm
from edgevoice.config import Settings
from edgevoice.errors import ModelError, MissingExtra
from edgevoice.home import inventory
from edgevoice.home.homeassistant import HomeAssistantAdapter
from edgevoice.home.model import Home
from edgevoice.link import HomeLink
from edgevoice.listen import Listener
from edgevoice.model_store import Store
from edgevoice.nlu import cascade
from edgevoice.skills.conversation import Conversation
from edgevoice.stages import Asr, Bus, Llm, Sink, Tts
from edgevoice.turn import Stages, Voice

_log = logging.getLogger(__name__)


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


def listener(settings: Settings, store: Store) -> Listener:
    return Listener(engine("wake", settings, store), engine("vad", settings, store), settings.listen, settings.vad)


def late_llm(settings: Settings, store: Store) -> LateLlm | None:
    """The language model, loading behind; None where there is none configured or it is not in the store."""
    if not settings.llm.engine:
        return None
    try:
        if settings.llm.model:
            store.folder(settings.llm.model)
        registry.factory("llm", settings.llm.engine)
    except (ModelError, MissingExtra) as error:
        _log.warning("going on without a language model: %s", error)
        return None
    return LateLlm(lambda: _load_llm(settings, store), settings.llm.deadline_seconds)


def _load_llm(settings: Settings, store: Store) -> Llm:
    llm: Llm = engine("llm", settings, store)
    return llm


def home(settings: Settings) -> tuple[Home, HomeAssistantAdapter]:
    """The home as the user's file tells it, ready to learn the rest from discovery."""
    built = Home(language=settings.nlu.language)
    adapter = HomeAssistantAdapter(built, settings.home.discovery_prefix if settings.home.discovery else "")
    if settings.home.file is not None:
        adapter.take(inventory.load(settings.home.file))
    return built, adapter
