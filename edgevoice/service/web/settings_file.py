"""The user's settings file, as the page shows and changes it: checked before it is written, the old one kept beside it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from edgevoice import registry, schema
from edgevoice.config import Settings
from edgevoice.errors import SettingsError
from edgevoice.profiles import Profile
from edgevoice.service import systemd

LARGEST = 100_000
_LINE = re.compile(r":(\d+)(?:: |$)")


class Changed(Exception):
    """Somebody else has written the file meanwhile."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` counts from 1; 0 where it is of the whole file."""

    line: int
    text: str


class Reloading(Protocol):
    """Has the settings read anew; see `commands.reload.Reload`."""

    @property
    def problem(self) -> str: ...
    @property
    def pending(self) -> bool: ...
    def __call__(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """`path` may not exist yet; it wins over the file `under`. `running` are the settings that the assistant runs with.

    What is saved holds at once where there is a `reload`, else at the next start.
    """

    path: Path
    profile: Profile
    running: Settings
    under: Path | None = None
    reload: Reloading | None = None

    def told(self) -> Mapping[str, Any]:
        """The text, what marks its version, and every setting in force with its help."""
        text = self._text()
        return {
            "path": str(self.path),
            "under": str(self.under or ""),
            "reloads": self.reload is not None,
            "pending": self.reload is not None and self.reload.pending,
            "not_in_force": self.reload.problem if self.reload else "",
            "profile": self.profile.name,
            "text": text,
            "version": _version(text),
            "has_backup": self._backup.exists(),
            "settings": list(_rows(self.running)),
        }

    def problem(self, text: str) -> Problem | None:
        """What is wrong with it; None where it may be saved."""
        if len(text.encode()) > LARGEST:
            return Problem(0, f"more than {LARGEST // 1000} kB")
        try:
            settings = self._read(text)
            for stage in registry.ENGINES:
                self._check_engine(stage, getattr(settings, stage).engine, text)
        except SettingsError as error:
            own = error.where.startswith(str(self.path))
            found = _LINE.search(error.where.removeprefix(str(self.path))) if own else None
            told = str(error).replace(f"{self.path}:", "line ") if found else str(error)
            return Problem(int(found[1]) if found else 0, told)
        return None

    def save(self, text: str, version: str) -> str:
        """Replaces the file as a whole; the old one is kept as `….bak`. `version` is that of the text it was made from.

        Returns what is to be done beside it, in words; empty: nothing. Raises SettingsError, Changed and OSError, and then
        nothing has changed.
        """
        problem = self.problem(text)
        if problem is not None:
            raise SettingsError(str(self.path), problem.text)
        if version != _version(self._text()):
            raise Changed(f"{self.path} was changed meanwhile: load it again")
        target = self.path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        written = target.with_name(f"{target.name}.new")
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
        with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(written, mode)
            kept = self._backup.with_name(f"{self._backup.name}.new")
            shutil.copy2(target, kept)
            os.replace(kept, self._backup)
        os.replace(written, target)
        if self.reload is not None:
            self.reload()
        return self._beside(text)

    def _beside(self, text: str) -> str:
        """The page may be elsewhere then, and systemd keeps the service from networks that it was not installed for."""
        old, new = self.running, self._read(text)
        found = []
        if _address(new) != _address(old):
            found.append(f"This page is then at {_address(new)}." if new.web.port else "There is no page then.")
        known, wanted = (set(systemd.networks(systemd.hosts(one))) for one in (old, new))
        if not wanted <= known and "INVOCATION_ID" in os.environ:
            found.append("The unit may not let it reach that address: run `sudo edgevoice service install` once more.")
        return " ".join(found)

    @property
    def _backup(self) -> Path:
        resolved = self.path.resolve()
        return resolved.with_name(f"{resolved.name}.bak")

    def _text(self) -> str:
        try:
            return self.path.read_text("utf-8")
        except FileNotFoundError:
            return ""

    def _read(self, text: str) -> Settings:
        node = self.profile.node
        if self.under is not None:
            node = schema.merge(node, schema.read(self.under))
        node = schema.merge(node, schema.parse(text, str(self.path)))
        made: Settings = schema.build(node, Settings, str(self.path))
        return made

    def _check_engine(self, stage: str, engine: str, text: str) -> None:
        """An engine of one's own is code: who may use the page may not bring any."""
        if not engine or engine == getattr(self.running, stage).engine:
            return
        node = schema.parse(text, str(self.path))
        where = schema.where(_at(node, stage, "engine"), str(self.path), f"{stage}.engine")
        if ":" in engine:
            raise SettingsError(where, f"'{engine}' is code of your own", "Write that into the file by hand")
        if engine not in registry.ENGINES[stage]:
            raise SettingsError(where, f"'{engine}' is unknown", schema.suggest(engine, registry.ENGINES[stage]))


def _at(node: yaml.Node | None, *keys: str) -> yaml.Node | None:
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for name, value in node.value if name.value == key), None)
    return node


def _address(settings: Settings) -> str:
    return f"{'https' if settings.web.cert_file else 'http'}://…:{settings.web.port}"


def _rows(settings: Settings) -> Iterator[Mapping[str, Any]]:
    defaults = Settings()
    for stage in dataclasses.fields(settings):
        values = getattr(settings, stage.name)
        for field in dataclasses.fields(values):
            value = getattr(values, field.name)
            yield {
                "key": f"{stage.name}.{field.name}",
                "value": _plain(value),
                "help": field.metadata.get("help", ""),
                "is_default": value == getattr(getattr(defaults, stage.name), field.name),
            }


def _plain(value: object) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _version(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
