"""MiniLM sentence embeddings on onnxruntime: sentences that mean nearly the same lie near each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edgevoice.config import EmbeddingSettings
from edgevoice.embedding import wordpiece
from edgevoice.errors import StageError


class MiniLm:
    def __init__(self, session: ort.InferenceSession, words: wordpiece.WordPiece) -> None:
        self._session, self._words = session, words

    def embed(self, text: str) -> NDArray[np.float32]:
        """The direction of a sentence's meaning, float32 [384] of length 1."""
        ids = np.array([self._words.ids(text)], np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        states = self._session.run(None, feeds)[0][0]
        mean = states.mean(axis=0)
        found: NDArray[np.float32] = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
        return found


def load(settings: EmbeddingSettings, folder: Path) -> MiniLm:
    """Raises StageError where the files of the folder are no such model."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = settings.threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    try:
        session = ort.InferenceSession(str(folder / "model.onnx"), options, ["CPUExecutionProvider"])
        return MiniLm(session, wordpiece.load(folder / "tokenizer.json"))
    except Exception as error:  # onnxruntime raises classes of its own
        raise StageError("nlu", "bad_model", f"{folder}: {error}. Run: edgevoice models verify") from error
