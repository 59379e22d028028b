"""What a model hears and costs before and after, whether the loss is borne, and its row of the manifest."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgevoice.asr import levels, mel
from edgevoice.model_manifest import Model, ModelFile
from evaluation.common import InputError, Row, read_rows

_CALIBRATION_ROWS = 40


class Refused(Exception):
    """The result is worse than what was to be borne."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one form of a model; `wer` is a share of the words, `cpu_per_second` is of one thread."""

    wer: float
    exact_rate: float
    cpu_per_second: float
    rtf: float
    ram_mb: int
    size: int


def rows(manifest: Path) -> list[Row]:
    """Those with a text. Raises InputError with file and line for a row that cannot be used."""
    found = read_rows([manifest])
    for row in found:
        path = manifest.parent / row.need("audio", str)
        if not path.is_file():
            raise row.error(f"'audio': no {path}")
        if row.data.get("text") is not None:
            row.need("text", str)
    texts = [row for row in found if row.data.get("text")]
    if not texts:
        raise InputError(f"{manifest}: no row has a 'text'")
    return texts


def features(rows: Sequence[Row], bins: int) -> Iterator[NDArray[np.float32]]:
    """Log-mel frames of a few recordings, evenly spread, as the engine hands them to the encoder."""
    for row in rows[:: -(-len(rows) // _CALIBRATION_ROWS)]:
        speech = levels.speech(row.samples())
        if speech is not None:
            yield mel.log_mel(np.pad(speech, (0, -len(speech) % (2 * mel.HOP))), bins)


def measure(store: Path, name: str, manifest: Path, language: str, limit: int | None) -> Figures:
    """Runs the suite `asr` on a model of the store, in a process of its own so that memory is its own too."""
    settings = store / f"{name}.yaml"
    settings.write_text(
        f"asr: {{engine: whisper, model: {name}, threads: 1}}\nnlu: {{language: {language}}}\n", "utf-8"
    )
    suite = Path(__file__).parents[1] / "evaluate.py"
    command = [sys.executable, str(suite), "asr", str(manifest), "--no-grammar", "--no-llm", "--models", str(store),
               "--config", str(settings), *(["--limit", str(limit)] if limit else [])]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise InputError(f"{name} could not be measured: `{' '.join(command)}` ended with {done.returncode}")
    told = json.loads(done.stdout.splitlines()[-1])
    if told["wer"] is None:
        raise InputError(f"{manifest}: no row of the settings' language has words")
    size = sum(path.stat().st_size for path in (store / name).iterdir())
    return Figures(told["wer"], told["exact_rate"], told["cpu_per_second"], told["rtf"], told["ram_mb"], size)


def judge(before: Figures, after: Figures, max_loss: float) -> None:
    """Raises Refused where `after` makes more than `max_loss` more errors a word."""
    loss = after.wer - before.wer
    if loss > max_loss:
        raise Refused(
            f"{after.wer:.2%} word errors instead of {before.wer:.2%}: {loss:.2%} lost, and --max-loss is {max_loss:.2%}. "
            "Nothing was put into the store"
        )


def better(dynamic: Figures, static: Figures) -> bool:
    """Whether static convolutions help: no more errors, and less work."""
    return static.wer <= dynamic.wer and static.cpu_per_second < dynamic.cpu_per_second


def entry(name: str, folder: Path, ram_mb: int, source: str, licence: str, publisher: str) -> Model:
    """The row of the manifest for the files of `folder`."""
    files = tuple(
        ModelFile(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.iterdir())
    )
    return Model(name, "asr", "whisper", licence, publisher, ram_mb, 0, files, (f"built:{source}",))
