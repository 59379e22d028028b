"""Server-sent events: who looks, and what each of them has still to be sent. A queue that is full drops its reader."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from itertools import count

_MOST_WAITING = 256
_MOST_READERS = 8


class Reader:
    """One connection. `take` gives what to send next."""

    def __init__(self, leave: Callable[[Reader], None]) -> None:
        self._leave = leave
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_MOST_WAITING)
        self._is_over = False

    def put(self, event: bytes) -> bool:
        """False where it reads too slowly."""
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            return False
        return True

    def end(self) -> None:
        """Nothing more comes, and what waits is not sent."""
        self._is_over = True
        self.put(b"")

    def take(self, timeout_seconds: float) -> bytes | None:
        """The next event as it goes over the wire; empty after the timeout, None at the end."""
        if self._is_over:
            return None
        try:
            event = self._waiting.get(timeout=timeout_seconds)
        except queue.Empty:
            return b""
        return None if self._is_over else event

    def close(self) -> None:
        """The connection has gone."""
        self._leave(self)


class Stream:
    """Events for everybody who looks. May be used by any thread; nobody waits in `tell`.

    `lost` counts the events that were not sent to readers who were too slow, and were let go.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers: list[Reader] = []
        self._is_over = False
        self._numbers = count(1)
        self.lost = 0
        self.dropped = 0

    def __bool__(self) -> bool:
        return bool(self._readers)

    def join(self) -> Reader | None:
        """A new reader, who is told what comes from now on; None at the end, or where too many look already."""
        with self._lock:
            if self._is_over or len(self._readers) >= _MOST_READERS:
                return None
            self._readers.append(reader := Reader(self._leave))
            return reader

    def greet(self, reader: Reader, kind: str, told: object) -> None:
        """Tells one reader only."""
        with self._lock:
            reader.put(self._line(kind, told))

    def tell(self, kind: str, told: object) -> None:
        """`told` as JSON, as an event of this kind, to all in one order."""
        with self._lock:
            if not self._readers:
                return
            line = self._line(kind, told)
            for reader in [reader for reader in self._readers if not reader.put(line)]:
                self.lost += _MOST_WAITING + 1
                self.dropped += 1
                self._readers.remove(reader)
                reader.end()

    def end(self) -> None:
        """Nobody is told anything any more, and nobody new either."""
        with self._lock:
            self._is_over = True
            for reader in self._readers:
                reader.end()
            self._readers.clear()

    def _leave(self, reader: Reader) -> None:
        with self._lock:
            if reader in self._readers:
                self._readers.remove(reader)

    def _line(self, kind: str, told: object) -> bytes:
        return f"id: {next(self._numbers)}\nevent: {kind}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n".encode()
