"""What every suite is given and gives back: rows, options, noise, engines, and the report.

A suite is a module `evaluation/<suite>.py` (dashes become underscores) with one function:

    def run(rows: list[Row], options: Options) -> Report: ...
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import soundfile
import soxr
import yaml
from numpy.typing import NDArray
from tqdm import tqdm

from edgevoice import assembly, registry
from edgevoice.config import Settings
from edgevoice.messages import RATE, Samples
from edgevoice.model_store import Store
from edgevoice.stages import Embed

T = TypeVar("T")


class InputError(ValueError):
    """A row or a file of the input is wrong; the message begins with `file:line`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a manifest. `data` is its JSON object as it stands there."""

    data: Mapping[str, Any]
    file: Path
    line: int

    @property
    def id(self) -> str:
        return self.need("id", str)

    def need(self, key: str, kind: type[T]) -> T:
        """The value under `key`. Raises InputError where it is missing or of another type."""
        value = self.data.get(key)
        if not isinstance(value, kind):
            problem = f"is {json.dumps(value)[:60]}" if key in self.data else "is missing"
            raise self.error(f"'{key}' {problem}, not {_JSON_NAMES.get(kind, kind.__name__)}")
        return value

    def samples(self) -> Samples:
        """The row's recording as mono int16 [n] at 16 kHz. Its path is relative to the manifest."""
        path = self.file.parent / self.need("audio", str)
        try:
            return read_audio(path)
        except (OSError, soundfile.LibsndfileError) as error:
            raise self.error(f"'audio': cannot read {path}: {error}") from None

    def error(self, problem: str) -> InputError:
        return InputError(f"{self.file}:{self.line}: {problem}")


_JSON_NAMES = {str: "text", dict: "an object", list: "a list", int: "a whole number", float: "a number"}


@dataclass(frozen=True, slots=True)
class Noise:
    """Recordings to mix in at `snr_db`. The choice depends on `seed` and the row's id only, not on the other rows."""

    rows: tuple[Row, ...]
    snr_db: float
    seed: int = 0
    _read: dict[str, Samples] = field(default_factory=dict, repr=False)

    def pick(self, row: Row, length: int) -> tuple[Samples, NDArray[np.int16]]:
        """(a whole noise recording, `length` samples of it from a random offset, repeated where it is shorter).

        An offset from which all is digital silence is drawn again.
        """
        rng = np.random.default_rng((self.seed, zlib.crc32(row.id.encode())))
        whole = self._samples(self.rows[int(rng.integers(len(self.rows)))])
        while True:
            start = int(rng.integers(len(whole)))
            stretch = np.take(whole, range(start, start + length), mode="wrap")
            if stretch.any() or not length:
                return whole, stretch

    def mix(self, row: Row, samples: Samples, speech: Samples | None = None) -> Samples:
        """`samples` with noise under them: `snr_db` is mean power of `speech` (default: all of them) over the noise's."""
        noise = self.pick(row, len(samples))[1].astype(np.float64)
        scale = np.sqrt(_power(samples if speech is None else speech) / (_power(noise) * 10 ** (self.snr_db / 10)))
        return _int16(samples + scale * noise)

    def mix_by_peak(self, row: Row, samples: Samples, frame: int = 2048) -> Samples:
        """The rule of the published speech-to-intent table.

        The ratio is that of the loudest frames' energies; the mixture is scaled to half of full scale.
        """
        whole, noise = self.pick(row, len(samples))
        scale = np.sqrt(_peak_energy(samples, frame) / (_peak_energy(whole, frame) * 10 ** (self.snr_db / 10)))
        mixture = samples + scale * noise.astype(np.float64)
        return _int16(mixture / (2 * max(float(np.abs(mixture).max()), 1e-9)) * 32767)

    def _samples(self, noise: Row) -> Samples:
        if noise.id not in self._read:
            samples = noise.samples()
            if not samples.any():
                raise noise.error("the noise is silent")
            self._read[noise.id] = samples
        return self._read[noise.id]


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, read. `settings` already holds the profile, the settings file and `--no-llm`."""

    settings: Settings
    noise: Noise | None = None
    keyword: str | None = None
    pack: Path | None = None
    homes: Path | None = None
    home: tuple[Path, ...] | None = ()
    """asr: homes whose names can be said, beside the settings' home; None: anything alike."""
    models: Path | None = None
    """The model store's folder; None: the user's own."""
    perturb: int | None = None
    """Seed of the slips to make in the sentences; None: none."""

    def store(self) -> Store:
        return Store(self.models)

    def engine(self, stage: str) -> Any:
        """The stage's engine as the settings name it, loaded from the local model store."""
        chosen = getattr(self.settings, stage)
        folder = self.store().folder(chosen.model) if chosen.model else None
        return registry.factory(stage, chosen.engine)(chosen, folder)

    def embed(self) -> Embed | None:
        """The sentence embedding of the settings; None where there is none in the store."""
        return assembly.late_embedding(self.settings, self.store())

    def home_file(self, row: Row, name: str) -> Path:
        """Path of the JSON home `name`: in `--homes`, else in the folder `homes` beside the manifest's folder."""
        folder = self.homes or row.file.parent.parent / "homes"
        path = folder / f"{name}.json"
        if not path.is_file():
            raise row.error(f"home '{name}': no {path}. Say where the homes are with --homes DIR")
        return path


@dataclass(frozen=True, slots=True)
class Report:
    """What a suite found. `table` is a header and its lines; `n` is the number of scored rows where not all were."""

    score: float | None
    figures: Mapping[str, float | int | str | None]
    predictions: Sequence[Mapping[str, Any]]
    table: Sequence[Sequence[str]] = ()
    n: int | None = None


def read_rows(files: Iterable[Path]) -> list[Row]:
    """All rows of JSON-lines files, and of YAML files of conversations. Raises InputError with `file:line` for what is no row, or an id given twice."""
    rows: list[Row] = []
    seen: dict[str, Row] = {}
    for file in files:
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: cannot be read: {error}") from None
        for row in _scripted(file, text) if file.suffix == ".yaml" else _lines(file, text):
            if row.id in seen:
                raise row.error(f"id '{row.id}' was given already at {seen[row.id].file}:{seen[row.id].line}")
            seen[row.id] = row
            rows.append(row)
    return rows


def _lines(file: Path, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{file}:{number}: not JSON: {error}") from None
        if not isinstance(data, dict):
            raise InputError(f"{file}:{number}: not a JSON object")
        yield Row(data, file, number)


def _scripted(file: Path, text: str) -> Iterator[Row]:
    """One row a conversation; what the file says outside `conversations` is said of each. All values are texts."""
    try:
        whole = yaml.load(text, yaml.CBaseLoader)
        for name, told in whole.pop("conversations").items():
            number = text[: text.find(f"\n  {name}:") + 1].count("\n") + 1
            yield Row({**whole, **(told if isinstance(told, dict) else {"turns": told}), "id": name}, file, number)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise InputError(f"{file}: not a file of conversations: {error!r}") from None


def read_audio(path: Path) -> Samples:
    """Mono int16 [n] at 16 kHz of any file libsndfile reads."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE)
    return _int16(mono * 32768)


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """`items`, with a progress bar on standard error."""
    return iter(tqdm(items, desc=what, unit="row", dynamic_ncols=True))


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Linear between neighbours; None without values."""
    return round(float(np.percentile(values, percent)), 3) if len(values) else None


def latency(milliseconds: Sequence[float]) -> dict[str, float | None]:
    """The figures `p50_ms` and `p95_ms`."""
    return {"p50_ms": percentile(milliseconds, 50), "p95_ms": percentile(milliseconds, 95)}


def show(table: Sequence[Sequence[str]]) -> str:
    """A header and lines in aligned columns."""
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))] if table else []
    rule = ["-" * width for width in widths]
    lines = [table[0], rule, *table[1:]] if table else []
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _int16(samples: NDArray[Any]) -> Samples:
    clipped: Samples = np.clip(np.round(samples), -32768, 32767).astype(np.int16)
    return clipped


def _power(samples: NDArray[Any]) -> float:
    return float(np.mean(samples.astype(np.float64) ** 2)) if len(samples) else 0.0


def _peak_energy(samples: NDArray[Any], frame: int) -> float:
    frames = [samples[i : i + frame].astype(np.float64) for i in range(0, max(len(samples) - frame, 0) + 1, frame)]
    return max(float(np.sum(f**2)) for f in frames)
