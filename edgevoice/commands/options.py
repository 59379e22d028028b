"""What `--profile` and `--config` mean, for every command alike."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgevoice import config, profiles
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
    file = config_file(options)
    made = config.settings(profile(options).node, file, overrides)
    packs = (file or _users()).parent / "packs"
    if made.nlu.packs_folder is not None or not packs.is_dir():
        return made
    return replace(made, nlu=replace(made.nlu, packs_folder=packs))


def settings_file(options: argparse.Namespace, running: Settings) -> SettingsFile:
    """The file of the user's settings, or where it would be; `running` are those in force."""
    return SettingsFile(config_file(options) or _users(), profile(options), running)
