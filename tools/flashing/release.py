"""What a board is given: wheels, models, settings and units, each file with its sha256, under one id."""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from edgevoice import assembly, profiles
from edgevoice.model_store import Store
from edgevoice.profiles import Profile
from edgevoice.service import systemd
from flashing import first_boot, receive
from flashing.wheels import Board, Packages, each, sha256

CURRENT = PurePosixPath("/") / receive.HOME / "current"
SETUP = "edgevoice-setup.service"

_SETUP_UNIT = f"""\
[Unit]
Description=EdgeVoice: first boot of a release, from the wheels that came with it
ConditionPathExists={CURRENT}/first_boot.py
Before={systemd.NAME}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/env {{python}} -I {CURRENT}/first_boot.py
Nice=10
TimeoutStartSec=2h

[Install]
WantedBy=multi-user.target
"""

_SETTINGS = """\
# What is set here wins over the profile '{profile}'. `edgevoice check` shows every setting and what it is for.
# A flash keeps this file.
mqtt:
  host: 127.0.0.1
"""


# Not only the service: a person who types `edgevoice` finds the same profile and models.
_PROGRAM = f"""\
#!/bin/sh
export EDGEVOICE_MODELS="${{EDGEVOICE_MODELS:-{CURRENT}/models}}"
exec {CURRENT}/venv/bin/edgevoice "$@"
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a release: its path there and where its bytes are here."""

    path: str
    source: Path
    size: int
    sha256: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Release:
    """`manifest` is release.json."""

    manifest: dict[str, Any]
    entries: tuple[Entry, ...]

    @property
    def id(self) -> str:
        return str(self.manifest["id"])

    @property
    def text(self) -> str:
        """release.json."""
        return json.dumps(self.manifest, indent=1)

    def missing(self, have: Iterable[str]) -> tuple[Entry, ...]:
        """What a board lacks that has these sha256 already, each contents once."""
        left = {entry.sha256: entry for entry in self.entries}
        for sha in have:
            left.pop(sha, None)
        return tuple(left.values())


def add_options(parser: argparse.ArgumentParser) -> None:
    """What tells a board's Python, and what is taken along to it."""
    parser.add_argument(
        "--python", metavar="X.Y", help="the board's Python (what is found there; 3.11, as in Debian 12)"
    )
    parser.add_argument(
        "--glibc", type=int, metavar="N", help="its glibc is 2.N or newer (what is found there; 36, as in Debian 12)"
    )
    parser.add_argument(
        "--wheels", type=Path, metavar="DIR", help="wheels of your own, such as a compiled llama-cpp-python"
    )
    parser.add_argument("--settings", type=Path, metavar="FILE", help="settings.yaml for a board that has none yet")


def extras(profile: Profile) -> tuple[str, ...]:
    """The extras of the package that a profile's engines need."""
    settings = profile.settings
    wanted = {
        "vosk": settings.asr.engine == "vosk",
        "piper": settings.tts.engine == "piper",
        "kuksa": bool(settings.home.kuksa),
        "chinese": settings.nlu.language.casefold().startswith("zh"),
    }
    return tuple(extra for extra, is_wanted in wanted.items() if is_wanted)


def without(profile: Profile) -> tuple[str, ...]:
    """What the package asks for and this profile's engines do not: it would be compiled for nothing."""
    return () if profile.settings.llm.engine == "gguf" else ("llama-cpp-python",)


def build(profile: Profile, board: Board, packages: Packages, settings: Path | None, scratch: Path) -> Release:
    """A release for a board. The models must be in the store. `scratch` keeps its small files while it is sent."""
    entries = [_written(scratch, path, text) for path, text in _texts(profile, board, packages, settings).items()]
    entries += [_entry(f"wheels/{path.name}", path) for path in each(packages)]
    entries += _models(profile)
    told: dict[str, Any] = {
        "profile": profile.name,
        "arch": board.arch,
        "python": board.python,
        "sources": [path.name.rsplit("-", 1)[0] for path in packages.sources],
        "gpu": profile.board.gpu,
        "units": [SETUP, systemd.NAME],
        "files": [{"path": e.path, "size": e.size, "sha256": e.sha256, "mode": e.mode} for e in entries],
    }
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return Release({"id": f"{profile.name}-{digest[:12]}"} | told, tuple(entries))


def _texts(profile: Profile, board: Board, packages: Packages, settings: Path | None) -> dict[str, str]:
    return {
        "requirements.txt": packages.requirements,
        "settings.yaml": settings.read_text("utf-8") if settings else _SETTINGS.format(profile=profile.name),
        receive.PROGRAM: _PROGRAM,
        systemd.NAME: unit(profile),
        SETUP: _SETUP_UNIT.format(python=f"python{board.python}"),
        f"{profile.name}.yaml": profile.file.read_text("utf-8"),
        "first_boot.py": Path(str(first_boot.__file__)).read_text("utf-8"),
        "receive.py": Path(str(receive.__file__)).read_text("utf-8"),
    }


def unit(profile: Profile) -> str:
    """The service's unit for a flashed board."""
    command = (
        f"{CURRENT}/venv/bin/edgevoice",
        "run",
        "--log-level",
        "info",
        "--profile",
        f"{CURRENT}/{profile.name}.yaml",
        "--config",
        f"/{receive.SETTINGS}",
    )
    house = ("0.0.0.0",)  # the settings are the user's, and may name any broker in it
    service = systemd.Service(command, Path(f"{CURRENT}/models"), profile.board, house)
    return systemd.unit(service).replace("\n[Service]\n", f"\nRequires={SETUP}\nAfter={SETUP}\n\n[Service]\n", 1)


def models(profile: Profile) -> tuple[str, ...]:
    return assembly.models_of(profile.settings)


def check(profile: Profile) -> list[str]:
    """What of the profile does not fit its own board."""
    ram_mb = {name: model.ram_mb for name, model in Store().manifest.items()}
    return profiles.check(profile.settings, ram_mb, profile.board.ram_budget_mb)


def _models(profile: Profile) -> list[Entry]:
    store = Store()
    found = []
    for name in models(profile):
        folder = store.folder(name)
        found += [
            Entry(f"models/{name}/{file.name}", folder / file.name, file.size, file.sha256)
            for file in store.model(name).files
        ]
    return found


def _entry(path: str, source: Path) -> Entry:
    mode = 0o755 if path == receive.PROGRAM else 0o644
    return Entry(path, source, source.stat().st_size, sha256(source), mode)


def _written(scratch: Path, path: str, text: str) -> Entry:
    made = scratch / path
    made.write_text(text, "utf-8")
    return _entry(path, made)


def temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="edgevoice-flash-")
