"""The state of models, profile and process, for the page."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from edgevoice import __version__, registry
from edgevoice import board as machine
from edgevoice.config import Settings
from edgevoice.model_store import Store
from edgevoice.profiles import Profile


class Status:
    """Of one run. `health` is `figures.Watched.health`."""

    def __init__(
        self, settings: Settings, profile: Profile, store: Store, health: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._settings, self._profile, self._store, self._health = settings, profile, store, health
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
            "rss_mb": round(machine.rss_mb(), 1),
            "broker": f"{self._settings.mqtt.host}:{self._settings.mqtt.port}",
            "health": self._health(),
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
