"""The engine that the settings name for a stage, loaded."""

from __future__ import annotations

import inspect
import threading
from typing import Any

from edgevoice import registry
from edgevoice.config import Settings
from edgevoice.model_store import Store


def load(stage: str, settings: Settings, store: Store, stop: threading.Event | None = None) -> Any:
    """Loads the engine that the settings name for `stage`; None where they name none. Raises ModelError, MissingExtra.

    `stop` is for engines whose `load` takes it: once it is set, loading, and whatever the engine does, ends soon.
    """
    chosen = getattr(settings, stage)
    if not chosen.engine:
        return None
    factory = registry.factory(stage, chosen.engine)
    folder = store.folder(chosen.model) if chosen.model else None
    if stop is not None and "stop" in inspect.signature(factory).parameters:
        return factory(chosen, folder, stop=stop)
    return factory(chosen, folder)
