"""Log lines: which turn they belong to, how urgent they are to the journal, and nothing of what was said unless asked."""

from __future__ import annotations

import copy
import logging
import threading
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TextIO

turn: ContextVar[str] = ContextVar("turn", default="")
"""Id of the turn that this thread works for; empty between turns."""

_allowed, _is_terminal = threading.Event(), threading.Event()
_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


class Formatter(logging.Formatter):
    """`is_journal`: the line begins with syslog's priority, and has no level in words.

    Unless words are allowed an exception is told by its type and its place only: its text may hold what was said.
    """

    def __init__(self, is_journal: bool) -> None:
        super().__init__(
            "%(name)s: %(turn)s%(message)s" if is_journal else "%(levelname)s %(name)s: %(turn)s%(message)s"
        )
        self._is_journal = is_journal

    def format(self, record: logging.LogRecord) -> str:
        id = turn.get()
        record = copy.copy(record)
        record.exc_text = None  # as another formatter may have written it
        record.turn = f"turn {id}: " if id else ""
        text = super().format(record)
        if not self._is_journal:
            return text
        priority = next((number for level, number in _PRIORITIES if record.levelno >= level), 7)
        return "\n".join(f"<{priority}>{line}" for line in text.splitlines())

    def formatException(self, ei: object) -> str:
        if _allowed.is_set():
            return super().formatException(ei)  # type: ignore[arg-type]
        error: BaseException | None = ei[1]  # type: ignore[index]
        told: list[str] = []
        while error is not None:
            frames = traceback.extract_tb(error.__traceback__)
            told.append(
                "\n".join(f"  {f.filename}:{f.lineno} in {f.name}" for f in frames) + f"\n{type(error).__name__}"
            )
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(reversed(told))


def setup(level: str, stream: TextIO, environ: Mapping[str, str]) -> None:
    """Logs to `stream`, in the journal's form where that is where it goes. A terminal's reader may see every word."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter("JOURNAL_STREAM" in environ))
    if stream.isatty():
        _is_terminal.set()
    allow_words(False)
    logging.basicConfig(level=getattr(logging, level.upper()), handlers=[handler])


def allow_words(is_allowed: bool = True) -> None:
    """From now on logs may hold what was said, or may not; a terminal's reader sees every word."""
    if is_allowed or _is_terminal.is_set():
        _allowed.set()
    else:
        _allowed.clear()


def private(text: str) -> str:
    """A text that may hold what was said, as a log may tell it."""
    return text if _allowed.is_set() else "(not told: service.log_words)"
