"""ONNX graphs of a recogniser: opened for few cores, and fed without copies."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edgevoice.config import AsrSettings
from edgevoice.errors import ModelCorrupt, ModelMissing

Floats = NDArray[np.float32]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cache:
    """What a decoder remembers, by input name: keys and values of the `length` tokens so far, and of the audio."""

    length: int
    decoder: Mapping[str, ort.OrtValue]
    encoder: Mapping[str, ort.OrtValue]

    def select(self, rows: Sequence[int]) -> Cache:
        """The cache whose row i is row `rows[i]` of this one; the audio's has one row for all."""
        decoder = {name: value(held.numpy()[rows]) for name, held in self.decoder.items()}
        return Cache(self.length, decoder, self.encoder)


class Rows:
    """`beam.Decoder` over the step of a model that remembers nothing itself: ids [rows, 1] and a cache -> the next."""

    def __init__(
        self,
        step: Callable[[NDArray[np.int64], Cache], tuple[Floats, Cache]],
        cache: Cache,
        prompt: Sequence[int],
        silence: float = 0.0,
    ) -> None:
        """`prompt`: the tokens that are read, in one row, before the first is written."""
        self._step, self._cache, self._prompt, self.silence = step, cache, prompt, silence

    def begin(self) -> Floats:
        for token in self._prompt[:-1]:
            self.step(np.array([token]))
        return self.step(np.array(self._prompt[-1:]))

    def step(self, ids: NDArray[np.int64]) -> Floats:
        scored, self._cache = self._step(ids[:, None], self._cache)
        return scored

    def select(self, rows: Sequence[int]) -> None:
        self._cache = self._cache.select(rows)


def value(array: NDArray[Any]) -> ort.OrtValue:
    return ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))


def log_softmax(logits: Floats) -> Floats:
    """Over the last axis."""
    shifted: Floats = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def providers(wanted: Sequence[str]) -> list[str]:
    """Those of `wanted` that this onnxruntime has, in order; the CPU is always last."""
    available = ort.get_available_providers()
    if missing := [name for name in wanted if name not in available]:
        log.warning("onnxruntime lacks %s; available: %s", ", ".join(missing), ", ".join(available))
    return list(dict.fromkeys([*(name for name in wanted if name in available), "CPUExecutionProvider"]))


def session(folder: Path, stem: str, settings: AsrSettings, providers: Sequence[str]) -> ort.InferenceSession:
    """Opens `stem`.ort or `stem`.onnx of `folder`. Raises ModelMissing, ModelCorrupt."""
    path = next((p for p in (folder / f"{stem}.ort", folder / f"{stem}.onnx") if p.is_file()), None)
    if path is None:
        raise ModelMissing(
            f"{folder}: no {stem}.ort or {stem}.onnx. Fetch the model: edgevoice models pull {folder.name}"
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = settings.threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = False  # every step has shapes of its own
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(path, options, providers=providers)
    except Exception as error:  # onnxruntime raises classes of its own with no public base
        raise ModelCorrupt(
            f"{path}: onnxruntime cannot read it ({error}). Check it: edgevoice models verify {folder.name}"
        ) from error
