"""openWakeWord in plain onnxruntime: melspectrogram -> speech embedding -> one small head a word, in steps of 80 ms.

A head is an ONNX file of openWakeWord's own, or an `.npz` that `tools/train_wake_word.py` made.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edgevoice.config import WakeSettings, WakeWord
from edgevoice.errors import ModelCorrupt, ModelMissing, SettingsError
from edgevoice.messages import RATE, AudioChunk, Samples, WakeHeard
from edgevoice.resources import find
from edgevoice.schema import suggest
from edgevoice.stages import WakeScore
from edgevoice.wake.trigger import Trigger, fired

_STEP = 1280
_THRESHOLD, _PATIENCE = 0.85, 2
_DOUBTFUL = 0.3  # score from which a second look is worth its cost: 120 to 570 an hour of talk
_DELAY = -round(0.07 * RATE)  # the first score comes before the end of the word, median over speakers
_HOP, _BATCH = 160, 32
_CONTEXT = 480  # samples before a step that its first spectral frames need
_MEL_FRAMES, _MEL_BINS = 76, 32
EMBEDDING = 96
WEIGHTS = ("hidden", "hidden_bias", "output", "output_bias")
_FRONT_END = ("melspectrogram", "embedding_model")
_WARM_UP = 5  # steps after a reset whose scores do not count yet

Floats = NDArray[np.float32]


class Head(Protocol):
    """`frames`: how many embeddings it looks at. `threshold`: its own score from which a window counts. `least`: as in
    `WakeHeard`.
    """

    frames: int
    threshold: float
    least: float | None

    def score(self, window: Floats) -> float:
        """0..1 of embeddings [frames, 96]."""
        ...


class OnnxHead:
    """One of openWakeWord's own."""

    threshold = _THRESHOLD
    least: float | None = None

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        (first,) = session.get_inputs()
        self._input, self.frames = first.name, int(first.shape[1])

    def score(self, window: Floats) -> float:
        return float(np.ravel(self._session.run(None, {self._input: window[None]})[0])[0])


class TrainedHead:
    """One hidden layer: `hidden` [frames * 96, n] and `hidden_bias` [n], rectified, `output` [n] and `output_bias`."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.arrays = {name: np.asarray(arrays[name], np.float32) for name in WEIGHTS}
        self._hidden, self._hidden_bias, self._output, self._output_bias = self.arrays.values()
        self.frames, self.threshold = len(self._hidden) // EMBEDDING, float(arrays["threshold"])
        self.least = float(arrays["least"]) if "least" in arrays else None
        if not self.frames or self._hidden.shape != (self.frames * EMBEDDING, len(self._output)):
            raise ValueError(f"`hidden` is {self._hidden.shape}, which fits no windows of {EMBEDDING} numbers a step")

    def score(self, window: Floats) -> float:
        return float(self.scores(window[None])[0])

    def scores(self, windows: Floats) -> Floats:
        """Of windows [n, frames, 96]."""
        hidden = np.maximum(windows.reshape(len(windows), -1) @ self._hidden + self._hidden_bias, 0)
        found: Floats = 1 / (1 + np.exp(-np.clip(hidden @ self._output + self._output_bias, -30, 30)))
        return found


def load(settings: WakeSettings, folder: Path | None) -> OpenWakeWord:
    """The words of `settings`: heads `<word>[_v<version>].onnx` or `<word>.npz` of `folder`, beside the front end, or
    of those that this package brings.

    Raises ModelMissing, ModelCorrupt, or SettingsError for a word that has no head.
    """
    front_end = load_front_end(folder)
    files = {path.stem: path for path in sorted(find("models/wake").glob("*.npz"))}
    if folder is not None:
        files |= {path.stem: path for path in sorted(folder.glob("*.npz"))}
        files |= {re.sub(r"_v\d[\d.]*$", "", path.stem): path for path in sorted(folder.glob("*.onnx"))}
    heads: dict[str, Head] = {}
    for word in settings.names:
        if word not in files or word in _FRONT_END:
            known = files.keys() - set(_FRONT_END)
            raise SettingsError("wake.words", f"openwakeword has no wake word '{word}'", suggest(word, known))
        heads[word] = _head(files[word])
    return OpenWakeWord(front_end, heads, settings)


def load_front_end(folder: Path | None) -> FrontEnd:
    """Raises SettingsError without a folder, ModelMissing, ModelCorrupt."""
    if folder is None:
        raise SettingsError("wake.model", "openwakeword needs a model", "Write `model: openwakeword`")
    for name in _FRONT_END:
        if not (folder / f"{name}.onnx").is_file():
            raise ModelMissing(f"{folder / name}.onnx is missing. Run: edgevoice models pull {folder.name}")
    mel, embedding = (_session(folder / f"{name}.onnx") for name in _FRONT_END)
    return FrontEnd(mel, embedding)


def _head(path: Path) -> Head:
    if path.suffix == ".onnx":
        return OnnxHead(_session(path))
    try:
        with np.load(path) as arrays:
            return TrainedHead(arrays)
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ModelCorrupt(f"{path} cannot be loaded: {error}") from error


def _session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common base of its load errors
        raise ModelCorrupt(f"{path} cannot be loaded: {error}") from error


class FrontEnd:
    """Keeps the last samples, spectral frames and embeddings of the stream."""

    def __init__(self, mel: ort.InferenceSession, embedding: ort.InferenceSession) -> None:
        self._mel, self._embedding = mel, embedding
        self._blank: dict[int, Floats] = {}
        self.reset()

    def reset(self) -> None:
        self._samples: Samples = np.empty(0, np.int16)
        self._frames: Floats = np.ones((_MEL_FRAMES, _MEL_BINS), np.float32)

    def step(self, samples: Samples) -> Floats:
        """The embedding [96] of the 0.76 s that end with `samples` [1280]."""
        self._samples = np.concatenate((self._samples, samples))[-_STEP - _CONTEXT :]
        self._frames = np.concatenate((self._frames, self._spectrum(self._samples)))[-_MEL_FRAMES:]
        embedding: Floats = self._embed(self._frames[None])[0]
        return embedding

    def blank(self, count: int) -> Floats:
        """Embeddings [count, 96] of faint noise: what a head looks at before the stream has filled its window."""
        if count not in self._blank:
            noise = np.random.default_rng(0).integers(-1000, 1000, _STEP * (count + 10)).astype(np.int16)
            spectrum = self._spectrum(noise)
            windows = np.stack([spectrum[8 * i : 8 * i + _MEL_FRAMES] for i in range(count)])
            self._blank[count] = self._embed(windows)
        return self._blank[count]

    def embeddings(self, samples: Samples) -> Floats:
        """[steps, 96] of a whole recording, the first of its first 0.76 s; for training."""
        spectrum = self._spectrum(samples)
        starts = range(0, len(spectrum) - _MEL_FRAMES + 1, _STEP // _HOP)
        windows = np.stack([spectrum[i : i + _MEL_FRAMES] for i in starts])
        return np.concatenate([self._embed(windows[i : i + _BATCH]) for i in range(0, len(windows), _BATCH)])

    def _spectrum(self, samples: Samples) -> Floats:
        (spectrum,) = self._mel.run(None, {"input": samples[None].astype(np.float32)})
        # The scale of the original TensorFlow front end, which the embedding was trained on.
        return np.asarray(spectrum, np.float32).reshape(-1, _MEL_BINS) / np.float32(10) + np.float32(2)

    def _embed(self, windows: Floats) -> Floats:
        (embedding,) = self._embedding.run(None, {"input_1": windows[..., None]})
        return np.asarray(embedding, np.float32).reshape(len(windows), -1)


def _trigger(one: WakeWord, head: Head, check: bool) -> Trigger:
    threshold = head.threshold if one.threshold is None else one.threshold
    patience = one.patience or _PATIENCE
    delay = _DELAY + (patience - 1) * _STEP
    return Trigger(one.word, threshold, patience, delay, _DOUBTFUL if check else None, head.least)


class OpenWakeWord:
    """A WakeDetector. Front end and embedding are shared by all words."""

    def __init__(self, front_end: FrontEnd, heads: dict[str, Head], settings: WakeSettings) -> None:
        self._front_end = front_end
        self._heads = heads
        self._triggers = {one.word: _trigger(one, heads[one.word], settings.check) for one in settings.each()}
        self.reset()

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self._heads)

    def reset(self) -> None:
        self._front_end.reset()
        self._embeddings = self._front_end.blank(max(head.frames for head in self._heads.values()))
        self._rest: Samples = np.empty(0, np.int16)
        self._steps = 0
        for trigger in self._triggers.values():
            trigger.reset()

    def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
        return fired(self._triggers, self.scores(chunk))

    def peaks(self) -> Mapping[str, WakeScore]:
        return {word: trigger.peak() for word, trigger in self._triggers.items()}

    def scores(self, chunk: AudioChunk) -> list[tuple[str, float, int]]:
        """(word, score 0..1, stream index of the step's end) of each 80 ms step that `chunk` completes."""
        samples = np.concatenate((self._rest, chunk.samples))
        end = chunk.start + len(chunk.samples) - len(samples)
        scored: list[tuple[str, float, int]] = []
        whole = len(samples) - len(samples) % _STEP
        for i in range(0, whole, _STEP):
            new = self._front_end.step(samples[i : i + _STEP])
            self._embeddings = np.concatenate((self._embeddings[1:], new[None]))
            self._steps += 1
            for word, head in self._heads.items():
                score = head.score(self._embeddings[-head.frames :]) if self._steps > _WARM_UP else 0.0
                scored.append((word, score, end + i + _STEP))
        self._rest = samples[whole:]
        return scored
