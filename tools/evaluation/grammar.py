"""What the recogniser is told that can be said: the sentences of a home."""

from __future__ import annotations

import json
from pathlib import Path

from edgevoice import resources
from edgevoice.config import Settings
from edgevoice.errors import SettingsError
from edgevoice.home import inventory
from edgevoice.home.model import Home
from edgevoice.nlu import cascade
from edgevoice.phrases import Phrases
from evaluation import homes
from evaluation.common import InputError

_CALLED = ("alexa", "computer", "hey computer", "hey google", "hey siri", "okay nabu", "hey mycroft")
"""Recordings of others begin with the names of their assistants."""


def phrases(settings: Settings, files: tuple[Path, ...]) -> Phrases:
    """What `understanding` understands."""
    return understanding(settings, files).sayable()


def understanding(settings: Settings, files: tuple[Path, ...]) -> cascade.Cascade:
    """Of the settings' home, else the demo's, and beside it the names of JSON or YAML homes. Raises InputError."""
    home = inventory.load(settings.home.file or resources.find("homes/demo.yaml")).home(settings.nlu.language)
    for file in files:
        add(home, file)
    return listener(home, settings)


def listener(home: Home, settings: Settings) -> cascade.Cascade:
    """What understands in a home, without the language model."""
    return cascade.load(home, settings.nlu, None, (*settings.wake.names, *_CALLED))


def add(home: Home, file: Path) -> None:
    """Adds the floors, areas and devices of one file."""
    if file.suffix in (".yaml", ".yml"):
        for part in (other := inventory.load(file).home(home.language)).floors.values():
            home.put_floor(part)
        for area in other.areas.values():
            home.put_area(area)
        for device in other.devices.values():
            home.put(device)
        return
    try:
        data = json.loads(file.read_text("utf-8"))
        homes.add(home, data.get("_fixtures.yaml", data))
    except (OSError, ValueError, KeyError, TypeError, SettingsError) as error:
        raise InputError(f"{file}: no home: {error}") from None
