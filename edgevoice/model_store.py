"""The models on this machine: what the manifest lists, fetched, verified and kept under one folder.

    <root>/<model name>/<file name>      root: $EDGEVOICE_MODELS, else ~/.local/share/edgevoice/models

Only `pull` uses the network; the assistant itself calls `folder`, which compares sizes and reads nothing.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import logging
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edgevoice import model_manifest, model_sources, schema
from edgevoice.errors import ModelCorrupt, ModelError, ModelMissing, SettingsError
from edgevoice.model_manifest import Manifest, Model, ModelFile
from edgevoice.model_sources import Fetcher, FetchError, Source

_log = logging.getLogger(__name__)
_MARGIN_BYTES = 64 << 20


def default_root() -> Path:
    """Where models are kept unless told otherwise."""
    return Path(os.environ.get("EDGEVOICE_MODELS") or "~/.local/share/edgevoice/models").expanduser()


class State(StrEnum):
    PRESENT = "present"
    MISSING = "missing"
    DAMAGED = "damaged"
    """A file has the wrong size; `verify` finds wrong contents too."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A model of the manifest and how it stands here."""

    model: Model
    folder: Path
    state: State


class Store:
    """The models under one folder. Every error is a ModelError, or a SettingsError for an unknown name."""

    def __init__(self, root: Path | None = None, manifest: Mapping[str, Model] | None = None) -> None:
        self.root = root or default_root()
        self.manifest = model_manifest.known(self.root) if manifest is None else manifest

    def model(self, name: str) -> Model:
        """The manifest's row. Raises SettingsError with a near name."""
        if name not in self.manifest:
            raise SettingsError("models", f"unknown model '{name}'", schema.suggest(name, self.manifest))
        return self.manifest[name]

    def folder(self, name: str) -> Path:
        """Where a model's files are. Looks at their sizes only. Raises ModelMissing, ModelCorrupt."""
        self._check(self.model(name), _size_problem)
        return self.root / name

    def verify(self, name: str) -> None:
        """Reads every byte of a model. Raises ModelMissing, ModelCorrupt."""
        self._check(self.model(name), _problem)

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of `names` that `pull` must fetch or mend, each once. Sizes only."""
        return tuple(n for n in dict.fromkeys(names) if self._state(self.model(n)) is not State.PRESENT)

    def list(self) -> tuple[Stored, ...]:
        """All models of the manifest, in its order."""
        return tuple(Stored(m, self.root / m.name, self._state(m)) for m in self.manifest.values())

    def pull(self, name: str, progress: bool = True) -> Path:
        """Fetches what is missing or wrong of a model; what an interrupted pull left is used. Returns its folder.

        Waits while another process pulls into the same root. Raises ModelError with what to fetch and where to put it.
        """
        model = self.model(name)
        with self._writing(f"{name} cannot be written"):
            wrong = [file for file in model.files if _problem(self.root / name / file.name, file)]
            if wrong:
                self._fetch(model, wrong, progress)
        return self.root / name

    def pull_many(self, names: Iterable[str], progress: bool = True) -> None:
        """`pull` for each name, each once; what is here already is hashed again. Use `missing` first to skip that."""
        for model in [self.model(name) for name in dict.fromkeys(names)]:
            self.pull(model.name, progress)

    def export(self, names: Iterable[str], archive: Path) -> None:
        """Writes one tar file with the manifest's rows and the files of models, verified before. Raises ModelError."""
        models = [self.model(name) for name in dict.fromkeys(names)]
        for model in models:
            self.verify(model.name)
        partial = archive.with_name(archive.name + ".partial")
        try:
            rows = model_manifest.text(models).encode()
            with tarfile.open(partial, "w") as tar, tempfile.TemporaryFile() as text:
                text.write(rows)
                text.seek(0)
                tar.addfile(_tar_info("manifest.yaml", len(rows)), text)
                for model in models:
                    for file in model.files:
                        with (self.root / model.name / file.name).open("rb") as data:
                            tar.addfile(_tar_info(f"{model.name}/{file.name}", file.size), data)
            partial.replace(archive)
        except OSError as error:
            raise ModelError(f"{archive} cannot be written: {error}") from error
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def import_(self, archive: Path) -> tuple[str, ...]:
        """Takes the models of an exported archive, all of them or none. Returns their names.

        Raises ModelCorrupt where a byte differs from this version's manifest, ModelError.
        """
        with self._writing(f"{archive} cannot be imported"):
            self._need_space(archive.stat().st_size)
            with tempfile.TemporaryDirectory(dir=self._staging, prefix="import-") as scratch:
                try:
                    models = self._unpack(archive, Path(scratch))
                except tarfile.TarError as error:
                    raise ModelCorrupt(f"{archive} is truncated or no archive of models ({error})") from None
                for model in models:
                    for file in model.files:
                        target = self.root / model.name / file.name
                        target.parent.mkdir(parents=True, exist_ok=True)
                        (Path(scratch) / model.name / file.name).replace(target)
                    if model.built:
                        model_manifest.put(self.root, model)
        return tuple(model.name for model in models)

    @property
    def _staging(self) -> Path:
        return self.root / ".staging"

    def _state(self, model: Model) -> State:
        problems = [_size_problem(self.root / model.name / file.name, file) for file in model.files]
        if "is missing" in problems:
            return State.MISSING
        return State.DAMAGED if any(problems) else State.PRESENT

    def _check(self, model: Model, look: Callable[[Path, ModelFile], str]) -> None:
        problems = {file.name: look(self.root / model.name / file.name, file) for file in model.files}
        wrong = [f"{name} {problem}" for name, problem in problems.items() if problem]
        if wrong:
            kind = ModelMissing if "is missing" in problems.values() else ModelCorrupt
            raise kind(
                f"model {model.name} in {self.root / model.name}: {', '.join(wrong)}. "
                f"Fetch it with: edgevoice models pull {model.name}"
            )

    @contextmanager
    def _writing(self, failure: str) -> Iterator[None]:
        """Holds the store's lock; what the disk refuses becomes a ModelError."""
        try:
            self._staging.mkdir(parents=True, exist_ok=True)
            with (self.root / ".lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    _log.warning("waiting for another process that writes to %s", self.root)
                    fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except ModelError:
            raise
        except OSError as error:
            where = f"models are kept in {self.root}; EDGEVOICE_MODELS names another folder"
            raise ModelError(f"{failure}: {error} ({where})") from error

    def _need_space(self, size: int) -> None:
        free = shutil.disk_usage(self.root).free
        if free < size + _MARGIN_BYTES:
            raise ModelError(
                f"{self.root}: {free >> 20} MB free, {(size + _MARGIN_BYTES) >> 20} MB needed. "
                "Make room, or name another folder in EDGEVOICE_MODELS"
            )

    def _fetch(self, model: Model, files: Iterable[ModelFile], progress: bool) -> None:
        staging = self._staging / model.name
        there = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file())
        self._need_space(sum(file.size for file in files) + max(0, model.download_mb * 10**6 - there))
        with _bar(model, progress) as report:
            fetcher = Fetcher(staging, report)
            for file in files:
                self._fetch_file(model, file, fetcher)
        shutil.rmtree(staging)

    def _fetch_file(self, model: Model, file: ModelFile, fetcher: Fetcher) -> None:
        target, tried = self.root / model.name / file.name, []
        for parts in model.alternatives(file):
            try:
                return fetcher.save(parts, target, file.size, file.sha256)
            except FetchError as error:
                more = f" (and {len(parts) - 1} more parts)" if len(parts) > 1 else ""
                tried.append(f"  {parts[0]}{more}: {error}")
        raise ModelError(
            f"{model.name}: {file.name} could not be fetched from any of its sources:\n"
            + "\n".join(tried)
            + f"\nCheck the network and run again: edgevoice models pull {model.name}\n"
            f"Or put the file there by hand: {target} ({file.size} bytes, sha256 {file.sha256})\n"
            "Or carry it over: `edgevoice models export` on a machine that has it, `edgevoice models import` here"
        )

    def _unpack(self, archive: Path, scratch: Path) -> tuple[Model, ...]:
        with tarfile.open(archive, "r|") as tar:
            members = iter(tar)
            first = next(members, None)
            if first is None or first.name != "manifest.yaml" or not first.isreg() or first.size > 1 << 20:
                raise ModelCorrupt(
                    f"{archive} does not begin with a manifest. Was it made by `edgevoice models export`?"
                )
            models = self._accept(archive, _content(tar, first))
            wanted = {f"{model.name}/{file.name}": file for model in models for file in model.files}
            for member in members:
                file = wanted.pop(member.name, None)
                if file is None or not member.isreg() or member.size != file.size:
                    what = f"unexpected member '{member.name}' of {member.size} bytes"
                    raise ModelCorrupt(f"{archive}: {what}; nothing was imported")
                path = scratch / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                data = tar.extractfile(member)
                assert data is not None  # isreg() above
                with path.open("wb") as out:
                    shutil.copyfileobj(data, out, model_sources.BLOCK)
                if problem := _problem(path, file):
                    raise ModelCorrupt(f"{archive}: {member.name} {problem}; nothing was imported")
        if wanted:
            raise ModelCorrupt(f"{archive} is truncated: {', '.join(wanted)} missing; nothing was imported")
        return models

    def _accept(self, archive: Path, text: bytes) -> tuple[Model, ...]:
        """This version's rows for what the archive says it holds."""
        try:
            node = schema.parse(text.decode("utf-8"), f"{archive}/manifest.yaml")
        except UnicodeDecodeError as error:
            raise ModelCorrupt(f"{archive}: its manifest is not text ({error})") from None
        rows: Manifest = schema.build(node, Manifest)
        for row in rows.models:
            own = self.manifest.get(row.name, row if row.built else None) or self.model(row.name)
            if own.built and row.built:
                continue
            if {(f.name, f.size, f.sha256) for f in own.files} != {(f.name, f.size, f.sha256) for f in row.files}:
                raise ModelCorrupt(
                    f"{archive}: {row.name} is not the one of this version's manifest. "
                    "Export it with the version of EdgeVoice that is installed here"
                )
        return tuple(row if row.built else self.manifest[row.name] for row in rows.models)


def _size_problem(path: Path, file: ModelFile) -> str:
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return "is missing"
    return "" if size == file.size else f"has {size} bytes instead of {file.size}"


def _problem(path: Path, file: ModelFile) -> str:
    if problem := _size_problem(path, file):
        return problem
    with path.open("rb") as data:
        found = hashlib.file_digest(data, "sha256").hexdigest()
    return "" if found == file.sha256 else f"has sha256 {found} instead of {file.sha256}"


def _tar_info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    return info


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    data = tar.extractfile(member)
    return data.read() if data else b""


@contextmanager
def _bar(model: Model, shown: bool) -> Iterator[Callable[[Source, int], None]]:
    """A progress bar in bytes over all downloads of a model; yields what a Fetcher reports to."""
    from tqdm import tqdm  # only a pull shows one

    arrived: dict[Source, int] = {}
    seconds = 0.1 if sys.stderr.isatty() else 5.0
    total = model.download_mb * 10**6
    bar = tqdm(total=total, desc=model.name, unit="B", unit_scale=True, disable=not shown, mininterval=seconds)

    def report(source: Source, count: int) -> None:
        arrived[dataclasses.replace(source, member="")] = count
        bar.update(min(sum(arrived.values()), total) - bar.n)

    with bar:
        yield report
        bar.update(total - bar.n)
