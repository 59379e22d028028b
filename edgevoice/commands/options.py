"""What `--profile` and `--config` mean, for every command alike."""

from __future__ import annotations

import argparse
import os
import pwd
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from edgevoice import config, profiles, schema
from edgevoice.config import Settings
from edgevoice.service.web.settings_file import SettingsFile

SERVICE_STATE = Path("/var/lib/edgevoice")
"""Where systemd keeps what the machine's service keeps. Its user and root may look into it."""


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


def settings(
    options: argparse.Namespace, overrides: Mapping[str, Any] | None = None, page: Path | None = None
) -> Settings:
    """The profile's settings under the file's under what a `page` has saved under `overrides`. Raises SettingsError."""
    file, page = config_file(options), page or pages_file()
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


def services_page() -> Path | None:
    """The same of the machine's service, for who looks at it from outside; None where there is none that he may read."""
    page = SERVICE_STATE / "settings.yaml"
    return page if os.access(page, os.R_OK) else None


def named_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Files that the settings name to be read, by key; not those that the assistant makes itself."""
    for part in fields(settings):
        for one in fields(values := getattr(settings, part.name)):
            path = getattr(values, one.name)
            if isinstance(path, Path) and one.name.endswith("_file") and one.name not in ("state_file", "token_file"):
                yield f"{part.name}.{one.name}", path


def service_is_closed() -> bool:
    """Is there a service of the machine whose state this user may not look into? systemd then makes it a link into a
    folder of root's, of which nothing can be asked but whether the link is there.
    """
    return os.path.lexists(SERVICE_STATE) and not os.access(SERVICE_STATE, os.R_OK | os.X_OK)


def as_caller() -> None:
    """Who calls sudo means his own settings, models and state, and not root's."""
    if home := callers_home(os.environ, os.geteuid()):
        os.environ["HOME"] = home


def callers_home(environment: Mapping[str, str], user_id: int) -> str | None:
    """The home of who called sudo; else none."""
    caller = environment.get("SUDO_USER")
    return pwd.getpwnam(caller).pw_dir if caller and user_id == 0 else None


def settings_file(options: argparse.Namespace, running: Settings) -> SettingsFile:
    """The file that the web page changes; `running` are the settings in force."""
    file, page = config_file(options), pages_file()
    return SettingsFile(page or file or _users(), profile(options), running, under=file if page else None)
