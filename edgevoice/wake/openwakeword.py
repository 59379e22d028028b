"""openWakeWord in plain onnxruntime: melspectrogram -> speech embedding -> one small head a word, in steps of 80 ms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edgevoice.config import WakeSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, SettingsError
from edgevoice.messages import RATE, AudioChunk, Samples, WakeHeard
from edgevoice.schema import suggest
from edgevoice.stages import WakeScore
from edgevoice.wake.trigger import Trigger, fired

_STEP = 1280
_THRESHOLD, _PATIENCE = 0.85, 2
_DELAY = -round(0.07 * RATE)  # the first score comes before the end of the word, median over speakers
_CONTEXT = 480  # samples before a step that its first spectral frames need
_MEL_FRAMES, _MEL_BINS = 76, 32
_FRONT_END = ("melspectrogram", "embedding_model")
_WARM_UP = 5  # steps after a reset whose scores do not count yet

Floats = NDArray[np.float32]


def load(settings: WakeSettings, folder: Path | None) -> OpenWakeWord:
    """The words of `settings` from `folder`: the front end and any number of heads named `<word>[_v<version>].onnx`.

    Raises ModelMissing, ModelCorrupt, or SettingsError for a word that has no head.
    """
    if folder is None:
        raise SettingsError("wake.model", "openwakeword needs a model", "Write `model: openwakeword`")
    files = {re.sub(r"_v\d[\d.]*$", "", path.stem): path for path in sorted(folder.glob("*.onnx"))}
    for name in _FRONT_END:
        if name not in files:
            raise ModelMissing(f"{folder / name}.onnx is missing. Run: edgevoice models pull {settings.model}")
    mel, embedding = (_session(files.pop(name)) for name in _FRONT_END)
    heads: dict[str, ort.InferenceSession] = {}
    for word in settings.words:
        if word not in files:
            raise SettingsError("wake.words", f"openwakeword has no wake word '{word}'", suggest(word, files))
        heads[word] = _session(files[word])
    return OpenWakeWord(_FrontEnd(mel, embedding), heads, settings)


def _session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common base of its load errors
        raise ModelCorrupt(f"{path} cannot be loaded: {error}") from error


class _FrontEnd:
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

    def _spectrum(self, samples: Samples) -> Floats:
        (spectrum,) = self._mel.run(None, {"input": samples[None].astype(np.float32)})
        # The scale of the original TensorFlow front end, which the embedding was trained on.
        return np.asarray(spectrum, np.float32).reshape(-1, _MEL_BINS) / np.float32(10) + np.float32(2)

    def _embed(self, windows: Floats) -> Floats:
        (embedding,) = self._embedding.run(None, {"input_1": windows[..., None]})
        return np.asarray(embedding, np.float32).reshape(len(windows), -1)


class OpenWakeWord:
    """A WakeDetector. Front end and embedding are shared by all words."""

    def __init__(self, front_end: _FrontEnd, heads: dict[str, ort.InferenceSession], settings: WakeSettings) -> None:
        self._front_end = front_end
        self._heads = heads
        self._windows = {word: int(head.get_inputs()[0].shape[1]) for word, head in heads.items()}
        threshold = _THRESHOLD if settings.threshold is None else settings.threshold
        patience = _PATIENCE if settings.patience is None else settings.patience
        delay = _DELAY + (patience - 1) * _STEP
        self._triggers = {
            word: Trigger(word, threshold, patience, settings.refractory_seconds, delay) for word in heads
        }
        self.reset()

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self._heads)

    def reset(self) -> None:
        self._front_end.reset()
        self._embeddings = self._front_end.blank(max(self._windows.values()))
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
                window = self._embeddings[-self._windows[word] :][None]
                (output,) = head.run(None, {head.get_inputs()[0].name: window})
                score = float(np.ravel(output)[0]) if self._steps > _WARM_UP else 0.0
                scored.append((word, score, end + i + _STEP))
        self._rest = samples[whole:]
        return scored
