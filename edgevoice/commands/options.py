"""What `--profile` and `--config` mean, for every command alike."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgevoice import config, profiles
from edgevoice.config import Settings


def profile(options: argparse.Namespace) -> profiles.Profile:
    return profiles.load(options.profile or profiles.detect())


def config_file(options: argparse.Namespace) -> Path | None:
    """The file given, else the user's, else the machine's, else none."""
    if options.config is not None:
        given: Path = options.config
        return given
    user = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "edgevoice" / "settings.yaml"
    return next((path for path in (user, Path("/etc/edgevoice/settings.yaml")) if path.exists()), None)


def settings(options: argparse.Namespace, overrides: Mapping[str, Any] | None = None) -> Settings:
    """The profile's settings under the file's under `overrides`. Raises SettingsError."""
    return config.settings(profile(options).node, config_file(options), overrides)
