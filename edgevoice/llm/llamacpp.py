"""The few calls of llama.cpp's C API that the GGUF engine needs, as one object.

The high-level `llama_cpp.Llama` is passed over for two reasons: it silences the whole process's stdout and stderr
while it loads (another thread's output would be lost), and it has one sequence only, so that two warm prompt prefixes
would have to be copied in and out. Here a prefix stays in the KV cache as a sequence of its own, and to begin with
it costs nothing.
"""

from __future__ import annotations

import ctypes
import logging
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path

import llama_cpp as c
import numpy as np
from llama_cpp.llama_chat_format import Jinja2ChatFormatter
from numpy.typing import NDArray

from edgevoice.config import LlmSettings
from edgevoice.errors import ModelCorrupt, StageError

SEQUENCES = 4
"""One to write in and three prefixes."""
BATCH = 128
"""Tokens evaluated in one call; between calls an answer can be cancelled."""

_log = logging.getLogger(__name__)
_CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@c.llama_log_callback  # type: ignore[untyped-decorator]
def _log_line(level: int, text: bytes, _data: object) -> None:
    if level == 4:  # GGML_LOG_LEVEL_ERROR; what matters of it is raised as well
        _log.debug("llama.cpp: %s", text.decode("utf-8", "replace").rstrip())


def offloads() -> bool:
    """Was llama.cpp built for a GPU?"""
    return bool(c.llama_supports_gpu_offload())


class Model:
    """Weights and a context. Positions and tokens of each sequence are the caller's to keep."""

    def __init__(self, file: Path, settings: LlmSettings, cancel: threading.Event) -> None:
        """Raises ModelCorrupt where llama.cpp cannot read the file, StageError where memory does not suffice, or once
        `cancel` is set.
        """
        c.llama_log_set(_log_line, ctypes.c_void_p(0))
        c.llama_backend_init()
        options = c.llama_model_default_params()
        options.n_gpu_layers = settings.gpu_layers if settings.gpu_layers >= 0 else 0x7FFFFFFF
        options.progress_callback = c.llama_progress_callback(lambda _share, _data: not cancel.is_set())
        model = c.llama_model_load_from_file(str(file).encode(), options)
        if model is None and cancel.is_set():
            raise StageError("llm", "cancelled", f"{file.name}: not loaded, as it is no longer wanted")
        if model is None:
            raise ModelCorrupt(
                f"{file}: not a GGUF model that llama.cpp can read. Fetch it again: edgevoice models pull"
            )
        context = c.llama_init_from_model(model, _context_options(settings))
        if context is None:
            c.llama_model_free(model)
            raise StageError("llm", "no_memory", f"{file.name}: no memory for a context of {settings.context} tokens")
        self._model, self._context = model, context
        self._memory = c.llama_get_memory(context)
        self._vocabulary = c.llama_model_get_vocab(model)
        self._batch = c.llama_batch_init(BATCH, 0, 1)
        self.vocabulary_size: int = c.llama_vocab_n_tokens(self._vocabulary)
        self._formatter = Jinja2ChatFormatter(
            template=self._metadata("tokenizer.chat_template") or _CHATML,
            eos_token=self._special(c.llama_vocab_eos(self._vocabulary)),
            bos_token=self._special(c.llama_vocab_bos(self._vocabulary)),
        )
        self.close = weakref.finalize(self, _free, model, context, self._batch)
        self.close.atexit = False  # a thread may be inside llama.cpp then, and the process gives it all back anyway

    def prompt(self, messages: Sequence[dict[str, str]], answer: bool) -> list[int]:
        """Tokens of the messages in the model's own chat template; with `answer`, up to where it begins to write."""
        self._formatter.add_generation_prompt = answer
        text = self._formatter(messages=messages).prompt.encode()  # type: ignore[arg-type]
        tokens = (c.llama_token * (len(text) + 8))()
        count = c.llama_tokenize(self._vocabulary, text, len(text), tokens, len(tokens), False, True)
        return list(tokens[:count])

    def evaluate(self, tokens: Sequence[int], position: int, sequence: int) -> None:
        """Puts at most `BATCH` tokens into a sequence, from `position` on; what stood there is forgotten."""
        c.llama_memory_seq_rm(self._memory, sequence, position, -1)
        batch = self._batch
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i], batch.pos[i] = token, position + i
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, sequence
            batch.logits[i] = i == len(tokens) - 1
        status = c.llama_decode(self._context, batch)
        if status:
            raise StageError("llm", "decode_failed", f"llama.cpp could not evaluate the prompt (status {status})")

    def copy(self, source: int, target: int, length: int) -> None:
        """Makes `target` the first `length` tokens of `source`; cells are shared, nothing is computed."""
        c.llama_memory_seq_rm(self._memory, target, -1, -1)
        c.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def forget(self, sequence: int) -> None:
        c.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def logits(self) -> NDArray[np.float32]:
        """Scores of the next token after the last `evaluate`, float32 [vocabulary_size]; valid until the next one."""
        return np.ctypeslib.as_array(c.llama_get_logits_ith(self._context, -1), (self.vocabulary_size,))

    def ends(self, token: int) -> bool:
        """Whether a token ends the answer."""
        return bool(c.llama_vocab_is_eog(self._vocabulary, token))

    def piece(self, token: int) -> bytes:
        """Bytes of a token; may be a part of a UTF-8 character."""
        room = ctypes.create_string_buffer(256)
        length = c.llama_token_to_piece(self._vocabulary, token, room, len(room), 0, False)
        return room.raw[: max(0, length)]

    def grammar(self, text: str) -> Grammar:
        """Raises StageError for a grammar that llama.cpp cannot parse."""
        sampler = c.llama_sampler_init_grammar(self._vocabulary, text.encode(), b"root")
        if not sampler:
            raise StageError("llm", "bad_grammar", "llama.cpp cannot parse the grammar")
        return Grammar(sampler)

    def _metadata(self, key: str) -> str:
        room = ctypes.create_string_buffer(65_536)
        length = c.llama_model_meta_val_str(self._model, key.encode(), room, len(room))
        return room.value.decode("utf-8", "replace") if length > 0 else ""

    def _special(self, token: int) -> str:
        return (c.llama_vocab_get_text(self._vocabulary, token) or b"").decode() if token >= 0 else ""


class Grammar:
    """A GBNF grammar in the state that the tokens accepted so far have brought it to."""

    def __init__(self, sampler: object) -> None:
        self._sampler = sampler
        self.close = weakref.finalize(self, c.llama_sampler_free, sampler)
        self.close.atexit = False

    def choose(self, logits: NDArray[np.float32]) -> int:
        """The best token that the grammar allows; it is accepted.

        The best one of all is tried first: to test a whole vocabulary takes longer than to compute a token.
        """
        best = int(logits.argmax())
        if not self._allowed(np.array([best]), logits).size:
            order = np.argpartition(logits, -256)[-256:]
            allowed = self._allowed(order, logits)
            if not allowed.size:
                allowed = self._allowed(np.arange(logits.size), logits)
            if not allowed.size:
                raise StageError("llm", "grammar_stuck", "no token fits the grammar")
            best = int(allowed[logits[allowed].argmax()])
        c.llama_sampler_accept(self._sampler, best)
        return best

    def _allowed(self, tokens: NDArray[np.int_], logits: NDArray[np.float32]) -> NDArray[np.int_]:
        data = np.zeros(tokens.size, dtype=[("id", np.int32), ("logit", np.float32), ("p", np.float32)])
        data["id"], data["logit"] = tokens, logits[tokens]
        pointer = data.ctypes.data_as(ctypes.POINTER(c.llama_token_data))
        candidates = c.llama_token_data_array(data=pointer, size=tokens.size, selected=-1, sorted=False)
        c.llama_sampler_apply(self._sampler, ctypes.byref(candidates))
        kept: NDArray[np.int_] = tokens[np.isfinite(data["logit"])]
        return kept


def _context_options(settings: LlmSettings) -> object:
    options = c.llama_context_default_params()
    options.n_ctx = settings.context
    options.n_batch = options.n_ubatch = BATCH
    options.n_seq_max = SEQUENCES
    options.kv_unified = True
    options.n_threads = settings.threads
    options.n_threads_batch = settings.prompt_threads
    options.no_perf = True
    return options


def _free(model: object, context: object, batch: object) -> None:
    c.llama_batch_free(batch)
    c.llama_free(context)
    c.llama_model_free(model)
