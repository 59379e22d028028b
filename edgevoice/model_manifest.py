"""The rows of the manifest: what each model is, where it comes from, and the bytes that it must have.

One manifest came with the package; `<root>/manifest.yaml` in the model store lists what was built on this machine.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import yaml

from edgevoice import model_sources, resources, schema
from edgevoice.model_sources import Source

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
"""What a model may be called."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """`name` is its path inside the model's folder; `sources` win over those of the model."""

    name: str
    size: int = field(metadata={"min": 0})
    sha256: str
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if PurePosixPath(self.name).is_absolute() or set(self.name.split("/")) & {"", ".", ".."}:
            raise ValueError(f"'{self.name}' is not a relative path inside the model's folder")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"sha256 '{self.sha256}' is not 64 hexadecimal digits in lower case")


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the manifest. `{file}` in a source of the model stands for a file's name."""

    name: str
    stage: str
    engine: str
    """A name of `registry.ENGINES[stage]`; empty where the stage reads the model without one."""
    licence: str
    publisher: str
    ram_mb: int = field(metadata={"min": 0})
    """Resident memory that loading and running it adds to the process, measured on x86-64."""
    download_mb: int = field(metadata={"min": 0})
    """What the first source sends over the line."""
    files: tuple[ModelFile, ...]
    sources: tuple[str, ...] = ()
    note: str = ""
    """What a user should know before picking it, such as a non-commercial licence."""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"name '{self.name}': use lower-case letters, digits, '.', '-' and '_'")
        names = [file.name for file in self.files]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"{self.name}: `files` is empty or names a file twice")
        for file in self.files:
            if not self.alternatives(file):
                raise ValueError(f"{self.name}: {file.name} has no source")

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.size for file in self.files)

    @property
    def built(self) -> bool:
        """Whether it was made on some user's machine, and cannot be fetched."""
        return all(part.scheme == "built" for file in self.files for parts in self.alternatives(file) for part in parts)

    def alternatives(self, file: ModelFile) -> tuple[tuple[Source, ...], ...]:
        """In the order to be tried, the sources that make up a file. Raises ValueError for a malformed one."""
        return tuple(model_sources.parse(s.replace("{file}", file.name)) for s in file.sources or self.sources)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest file: a list of models."""

    models: tuple[Model, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for model in self.models:
            if model.name in seen:
                raise ValueError(f"model '{model.name}' is listed twice")
            seen.add(model.name)

    def by_name(self) -> Mapping[str, Model]:
        return MappingProxyType({model.name: model for model in self.models})


@functools.cache
def manifest(path: Path | None = None) -> Mapping[str, Model]:
    """The models of a manifest file, or of the one that came with the package. Raises SettingsError."""
    return schema.load(path or resources.find("models/manifest.yaml"), Manifest).by_name()


def known(root: Path) -> Mapping[str, Model]:
    """The models of the package's manifest, and those that were built into the store at `root`. Raises SettingsError."""
    return MappingProxyType({**_built(root), **manifest()})


def put(root: Path, model: Model) -> None:
    """Lists a model that was built into the store at `root`, in the place of an earlier one of its name."""
    rows = {**_built(root), model.name: model}
    partial = root / "manifest.yaml.partial"
    partial.write_text(text(rows.values()), "utf-8")
    partial.replace(root / "manifest.yaml")


def text(models: Iterable[Model]) -> str:
    """A manifest file of these rows."""
    rows = [_lean(dataclasses.asdict(model)) for model in models]
    return yaml.safe_dump({"models": rows}, sort_keys=False, allow_unicode=True, width=120)


def _lean(row: dict[str, Any]) -> dict[str, Any]:
    """Without what the schema adds by itself."""
    kept = {key: value for key, value in row.items() if key == "engine" or value not in ("", ())}
    return kept if "files" not in kept else {**kept, "files": [_lean(file) for file in kept["files"]]}


def _built(root: Path) -> Mapping[str, Model]:
    path = root / "manifest.yaml"
    return schema.load(path, Manifest).by_name() if path.exists() else {}
