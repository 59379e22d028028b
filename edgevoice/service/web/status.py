"""The state of models, profile and process, for the page."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from edgevoice import __version__, registry
from edgevoice.config import Settings
from edgevoice.model_store import Store
from edgevoice.profiles import Profile

_MB = 2**20


class Status:
    """Of one run. `connected` tells whether the broker is there."""

    def __init__(self, settings: Settings, profile: Profile, store: Store, connected: Callable[[], bool]) -> None:
        self._settings, self._profile, self._store, self._connected = settings, profile, store, connected
        self._began = time.monotonic()

    def __call__(self) -> Mapping[str, Any]:
        board = self._profile.board
        return {
            "version": __version__,
            "profile": {
                "name": self._profile.name,
                "description": self._profile.description,
                "ram_budget_mb": board.ram_budget_mb,
                "board": f"{board.arch}, {board.cores} cores, {board.ram_mb} MB",
            },
            "uptime_seconds": round(time.monotonic() - self._began),
            "rss_mb": _rss_mb(),
            "broker": {
                "address": f"{self._settings.mqtt.host}:{self._settings.mqtt.port}",
                "connected": self._connected(),
            },
            "stages": [self._stage(stage) for stage in registry.ENGINES],
        }

    def _stage(self, stage: str) -> Mapping[str, Any]:
        chosen = getattr(self._settings, stage)
        told: dict[str, Any] = {
            "stage": stage,
            "engine": chosen.engine,
            "model": chosen.model or "",
            "state": "built in",
        }
        if not chosen.engine:
            return {**told, "state": "off"}
        known = self._store.manifest.get(chosen.model) if chosen.model else None
        if chosen.model:
            told["state"] = "missing" if known is None or self._store.missing([chosen.model]) else "ready"
        if known is not None:
            told |= {"licence": known.licence, "size_mb": known.download_mb}
        return told


def _rss_mb() -> float:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return round(pages * os.sysconf("SC_PAGE_SIZE") / _MB, 1)
