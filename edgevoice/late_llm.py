"""The language model behind everything else: it loads and writes in threads of its own.

| thread     | does                                                 |
|------------|------------------------------------------------------|
| llm loader | loads the model while the ears already listen        |
| llm writer | one answer of it; the turns speak meanwhile          |
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from functools import partial

from edgevoice.errors import EdgeVoiceError, StageError
from edgevoice.stages import ChatMessage, Llm

_log = logging.getLogger(__name__)

_STOP_SECONDS = 0.5  # while the rest of the process waits to end
_SILENT_SECONDS = 0.05
"""How long the language model may be silent before an empty piece says so; `cancel` is looked at as often."""


class LateLlm:
    """A language model that loads behind everything else; who asks too early waits, at most `patience_seconds`.

    `load` is given an event: once it is set, loading, and whatever the model does, ends soon.
    """

    def __init__(self, load: Callable[[threading.Event], Llm], patience_seconds: float) -> None:
        self._load = load
        self._patience_seconds = patience_seconds
        self._ready = threading.Event()
        self._stop = threading.Event()
        self._llm: Llm | None = None
        self.problem = ""
        """Why there is no language model, in words; empty while it loads and works."""
        self._writing = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def start(self, prefixes: Sequence[Sequence[ChatMessage]] = ()) -> None:
        """Begins to load, and then to read the prompt `prefixes`."""
        self._begin(partial(self._run, prefixes), "llm loader")

    def stop(self) -> None:
        """Ends loading and writing, and frees the model: soon, or once llama.cpp gets round to it.

        Python tears a process apart under the feet of daemon threads, and llama.cpp would crash: its threads are none.
        """
        self._stop.set()
        end = time.monotonic() + _STOP_SECONDS
        for thread in list(self._threads):
            thread.join(max(0.0, end - time.monotonic()))
        self._free()

    def _free(self) -> None:
        close = getattr(self._llm, "close", None)
        if close is not None and self._stop.is_set() and not self._threads:
            close()

    def generate(
        self, messages: Sequence[ChatMessage], max_tokens: int, cancel: threading.Event, grammar: str = ""
    ) -> Iterator[str]:
        """See `stages.Llm`. It is written by a thread of its own, so that a silent model is noticed in time, and goes on
        writing while its first sentence is spoken.
        """
        pieces: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()
        unwanted = threading.Event()

        def write() -> None:
            try:
                with self._writing:
                    if unwanted.is_set():
                        return
                    for piece in self._wait(unwanted).generate(messages, max_tokens, unwanted, grammar):
                        pieces.put(piece)
                pieces.put(None)
            except Exception as error:
                pieces.put(error)

        self._begin(write, "llm writer")
        try:
            while not cancel.is_set():
                try:
                    piece = pieces.get(timeout=_SILENT_SECONDS)
                except queue.Empty:
                    yield ""
                    continue
                if piece is None:
                    return
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            unwanted.set()

    def warm(self, messages: Sequence[ChatMessage]) -> None:
        with self._writing:
            self._wait(threading.Event()).warm(messages)

    def _begin(self, work: Callable[[], None], name: str) -> None:
        if self._stop.is_set():
            raise StageError("llm", "cancelled", "the language model is being stopped")

        def run() -> None:
            try:
                work()
            finally:
                self._threads.discard(thread)
                self._free()

        thread = threading.Thread(target=copy_context().run, args=(run,), name=name)
        self._threads.add(thread)
        thread.start()

    def _run(self, prefixes: Sequence[Sequence[ChatMessage]]) -> None:
        try:
            llm = self._load(self._stop)
            for prefix in prefixes:
                llm.warm(prefix)
            self._llm = llm
        except EdgeVoiceError as error:
            self.problem = str(error)
            if not self._stop.is_set():
                _log.warning("no language model: %s", error)
        except Exception as error:
            self.problem = f"{type(error).__name__}: {error}"
            _log.exception("no language model")
        finally:
            self._ready.set()

    def _wait(self, unwanted: threading.Event) -> Llm:
        end = time.monotonic() + self._patience_seconds
        while not self._ready.wait(_SILENT_SECONDS):
            if unwanted.is_set() or self._stop.is_set() or time.monotonic() > end:
                raise StageError("llm", "loading", "the language model is still loading")
        if self._llm is None:
            raise StageError("llm", "absent", f"there is no language model: {self.problem}")
        return self._llm
