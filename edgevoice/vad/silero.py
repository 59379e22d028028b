"""Silero VAD on onnxruntime; webrtcvad in front of it spares the network what is surely silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import webrtcvad
from numpy.typing import NDArray

from edgevoice.config import VadSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, SettingsError
from edgevoice.messages import RATE, AudioChunk, Samples
from edgevoice.stages import SpeechProbability

WINDOW = 512
_CONTEXT = 64
_GATE_FRAME = 480  # webrtcvad takes 10, 20 or 30 ms
_GATE_HOLD = 10  # windows without speech after which the network rests


def load(settings: VadSettings, folder: Path | None) -> Silero:
    """Raises ModelMissing or ModelCorrupt."""
    if folder is None:
        raise SettingsError("vad.model", "silero needs a model", "Write `model: silero-vad`")
    path = next(iter(sorted(folder.glob("*.onnx"))), None)
    if path is None:
        raise ModelMissing(f"no .onnx file in {folder}. Run: edgevoice models pull {settings.model}")
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common base of its load errors
        raise ModelCorrupt(f"{path} cannot be loaded: {error}") from error
    return Silero(session, settings.pre_gate)


class Silero:
    """A Vad with windows of 512 samples (32 ms)."""

    def __init__(self, session: ort.InferenceSession, pre_gate: bool) -> None:
        self._session = session
        self._pre_gate = pre_gate
        self.reset()

    def reset(self) -> None:
        self._gate = webrtcvad.Vad(0) if self._pre_gate else None
        self._silent = 0
        self._rest: Samples = np.empty(0, np.int16)
        self._last: Samples = np.zeros(WINDOW, np.int16)
        self._context: Samples = np.zeros(_CONTEXT, np.int16)
        self._state: NDArray[np.float32] = np.zeros((2, 1, 128), np.float32)

    def feed(self, chunk: AudioChunk) -> list[SpeechProbability]:
        samples = np.concatenate((self._rest, chunk.samples))
        start = chunk.start + len(chunk.samples) - len(samples)
        whole = len(samples) - len(samples) % WINDOW
        self._rest = samples[whole:]
        return [
            SpeechProbability(start + i + WINDOW, self._probability(samples[i : i + WINDOW]))
            for i in range(0, whole, WINDOW)
        ]

    def _probability(self, window: Samples) -> float:
        """Probability of speech in `window` int16 [512]; 0 where the gate has heard none for a while."""
        if self._gate is not None:
            spoken = self._gate.is_speech(window[-_GATE_FRAME:].tobytes(), RATE)
            if spoken and self._silent > _GATE_HOLD:
                self._infer(self._last)  # the network hears what led up to the speech
            self._silent = 0 if spoken else self._silent + 1
        closed = self._silent > _GATE_HOLD
        probability = 0.0 if closed else self._infer(window)
        self._last = window
        return probability

    def _infer(self, window: Samples) -> float:
        audio = np.concatenate((self._context, window))[None].astype(np.float32) / 32768
        inputs = {"input": audio, "state": self._state, "sr": np.array(RATE, np.int64)}
        output, self._state = self._session.run(None, inputs)
        self._context = window[-_CONTEXT:]
        return float(np.ravel(output)[0])
