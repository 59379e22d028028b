"""What `--profile` and `--config` mean, for every command alike."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgevoice import config, profiles, schema
from edgevoice.config import Settings
from edgevoice.service.web.settings_file import SettingsFile


def profile(options: argparse.Namespace) -> profiles.Profile:
    return profiles.load(options.profile or profiles.detect())


def config_file(options: argparse.Namespace) -> Path | None:
    """The file given, else the user's, else the machine's, else none."""
    if options.config is not None:
        given: Path = options.config
        return given
    return next((path for path in (_users(), Path("/etc/edgevoice/settings.yaml")) if path.exists()), None)


def _users() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "edgevoice" / "settings.yaml"


def settings(options: argparse.Namespace, overrides: Mapping[str, Any] | None = None) -> Settings:
    """The profile's settings under the file's under `overrides`. Raises SettingsError."""
    file, page = config_file(options), pages_file()
    node = profile(options).node
    is_over = page is not None and page.exists()
    if is_over and file is not None:
        node = schema.merge(node, schema.read(file))
    made = config.settings(node, page if is_over else file, overrides)
    packs = (file or _users()).parent / "packs"
    if made.nlu.packs_folder is not None or not packs.is_dir():
        return made
    return replace(made, nlu=replace(made.nlu, packs_folder=packs))


def pages_file() -> Path | None:
    """What the web page of a systemd service saves, and wins over the file: a service may not write into /etc."""
    folder = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(folder) / "settings.yaml" if folder else None


def settings_file(options: argparse.Namespace, running: Settings) -> SettingsFile:
    """The file that the web page changes; `running` are the settings in force."""
    file, page = config_file(options), pages_file()
    return SettingsFile(page or file or _users(), profile(options), running, under=file if page else None)
