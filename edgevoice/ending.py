"""The end of the process: in time, whatever hangs, and without Python's own teardown."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

_log = logging.getLogger(__name__)
_SECONDS = 1.7
"""In which an ordered end is over; two are promised."""


@contextmanager
def in_time(seconds: float = _SECONDS) -> Iterator[None]:
    """SIGTERM and SIGINT end the process `seconds` later, where it has not ended by itself. For the main thread.

    A sound device, a broker or a loading model may hold the main thread, and with it Python's signal handlers. The bytes
    on the wakeup descriptor come all the same.
    """
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    over = threading.Event()

    def watch() -> None:
        while number := reading.recv(1):
            if number[0] in (signal.SIGTERM, signal.SIGINT) and not over.wait(seconds):
                held = [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]
                _log.warning("still not ended: leaving it at that. Threads: %s", ", ".join(held))
                leave(128 + number[0])

    before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    watcher = threading.Thread(target=watch, name="ending", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(before)
        writing.close()
        watcher.join()
        reading.close()


@contextmanager
def on_signals(do: Callable[..., object], *numbers: signal.Signals) -> Iterator[None]:
    """Calls `do` at these signals, in the main thread, while the context lasts."""
    before = {number: signal.signal(number, do) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def leave(status: int) -> NoReturn:
    """Ends the process now. What is to be done at its end has been done by contexts.

    Python would first take every object apart, which takes seconds with a large home on a busy board, and would crash
    where a thread is still inside llama.cpp.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(status)
