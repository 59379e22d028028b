"""A 4-bit GGUF model in this process, by llama.cpp."""

from __future__ import annotations

import codecs
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgevoice.config import LlmSettings
from edgevoice.errors import ModelMissing, StageError
from edgevoice.llm.plain import plain
from edgevoice.stages import ChatMessage

if TYPE_CHECKING:
    from edgevoice.llm.llamacpp import Model

_WRITE = 0
"""The sequence that answers are written in; the others hold prefixes."""
_REPEAT_PENALTY, _REPEAT_TOKENS = 1.1, 64


class Gguf:
    """Satisfies `stages.Llm`. Greedy, so that the same words give the same answer. For one thread at a time.

    Once `stop` is set, whatever it is doing ends soon.
    """

    def __init__(self, model: Model, settings: LlmSettings, stop: threading.Event) -> None:
        self._model, self._settings, self._stop = model, settings, stop
        self._written: list[int] = []  # tokens of the sequence _WRITE
        self._prefixes: dict[int, list[int]] = {}  # sequence -> tokens, the oldest first

    def warm(self, messages: Sequence[ChatMessage]) -> None:
        """Keeps the messages evaluated. The last three such prefixes are kept. Raises StageError."""
        from edgevoice.llm.llamacpp import SEQUENCES

        tokens = self._tokens(messages, answer=False)
        if tokens in self._prefixes.values():
            return
        sequence = len(self._prefixes) + 1 if len(self._prefixes) < SEQUENCES - 1 else next(iter(self._prefixes))
        self._prefixes.pop(sequence, None)
        self._model.forget(sequence)
        for _ in self._evaluate(tokens, 0, sequence):
            pass
        self._prefixes[sequence] = tokens

    def generate(
        self, messages: Sequence[ChatMessage], max_tokens: int, cancel: threading.Event, grammar: str = ""
    ) -> Iterator[str]:
        """See `stages.Llm`. Raises StageError, also when the prompt does not fit the context."""
        end = time.monotonic() + self._settings.deadline_seconds
        prompt = self._tokens(messages, answer=True)
        self._make_room(len(prompt), max_tokens)
        rules = self._model.grammar(grammar) if grammar else None
        for _ in self._evaluate(prompt, self._begin(prompt), _WRITE):
            if self._is_over(cancel, end):
                return
        text = codecs.getincrementaldecoder("utf-8")("replace")
        for _ in range(max_tokens):
            token = rules.choose(self._model.logits()) if rules else self._choose(len(prompt))
            if self._model.ends(token):
                return
            if piece := text.decode(self._model.piece(token)):
                yield piece
            if self._is_over(cancel, end):
                return
            self._model.evaluate([token], len(self._written), _WRITE)
            self._written.append(token)

    def close(self) -> None:
        """Frees the memory; the object must not be used after."""
        self._model.close()

    def _is_over(self, cancel: threading.Event, end: float) -> bool:
        """Whether it was cancelled. Raises StageError past the deadline."""
        if not cancel.is_set() and time.monotonic() > end:
            raise StageError(
                "llm", "deadline", f"no end of it within llm.deadline_seconds: {self._settings.deadline_seconds:g}"
            )
        return cancel.is_set() or self._stop.is_set()

    def _tokens(self, messages: Sequence[ChatMessage], answer: bool) -> list[int]:
        contents = [{"role": m.role, "content": plain(m.content)} for m in messages]
        return self._model.prompt(contents, answer)

    def _begin(self, prompt: list[int]) -> int:
        """How many tokens of the prompt need no evaluation; they stand in the sequence _WRITE then."""
        best, length = _WRITE, _common(self._written, prompt)
        for sequence, tokens in self._prefixes.items():
            if (common := _common(tokens, prompt)) > length:
                best, length = sequence, common
        length = min(length, len(prompt) - 1)  # the last one is evaluated again: its logits are needed
        if best != _WRITE:
            self._model.copy(best, _WRITE, length)
        return length

    def _evaluate(self, tokens: list[int], begin: int, sequence: int) -> Iterator[None]:
        from edgevoice.llm.llamacpp import BATCH

        if sequence == _WRITE:
            self._written = tokens[:begin]
        for start in range(begin, len(tokens), BATCH):
            self._model.evaluate(tokens[start : start + BATCH], start, sequence)
            if sequence == _WRITE:
                self._written = tokens[: start + BATCH]
            if self._stop.is_set():
                raise StageError("llm", "cancelled", "the language model is being stopped")
            yield

    def _make_room(self, prompt: int, answer: int) -> None:
        """Gives prefixes up, the oldest first, where prompt and answer need their cells."""
        room = self._settings.context
        if prompt + answer > room:
            raise StageError("llm", "prompt_too_long", f"{prompt} + {answer} tokens do not fit llm.context: {room}")
        while self._prefixes and prompt + answer + sum(map(len, self._prefixes.values())) > room:
            sequence = next(iter(self._prefixes))
            del self._prefixes[sequence]
            self._model.forget(sequence)

    def _choose(self, answer_begin: int) -> int:
        """The likeliest token; those just written count less, or small models turn in circles."""
        logits = self._model.logits()
        recent = np.unique(self._written[answer_begin:][-_REPEAT_TOKENS:]).astype(int)
        scores = logits[recent]
        logits[recent] = np.where(scores > 0, scores / _REPEAT_PENALTY, scores * _REPEAT_PENALTY)
        return int(logits.argmax())


def load(settings: LlmSettings, folder: Path | None, stop: threading.Event | None = None) -> Gguf:
    """The only `*.gguf` file of the folder. Raises ModelMissing, ModelCorrupt, and StageError once `stop` is set."""
    stop = stop or threading.Event()
    files = sorted(folder.glob("*.gguf")) if folder is not None else []
    if len(files) != 1:
        raise ModelMissing(
            f"{folder}: {len(files)} *.gguf files, one is needed. edgevoice models pull {settings.model}"
        )
    return Gguf(library()(files[0], settings, stop), settings, stop)


def library() -> type[Model]:
    """llama.cpp, which is loaded by this. Raises StageError where it is not here or cannot be loaded."""
    # Threads that spin while they wait make a busy small machine several times slower. libgomp reads this once.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    try:
        from edgevoice.llm.llamacpp import Model
    except (ImportError, OSError, RuntimeError) as error:
        remedy = "apt install libgomp1" if "libgomp" in str(error) else "pip install llama-cpp-python, with a compiler"
        raise StageError("llm", "absent", f"llama.cpp cannot be loaded: {error}. Try: {remedy}") from error
    return Model


def _common(a: list[int], b: list[int]) -> int:
    for i, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return i
    return min(len(a), len(b))
