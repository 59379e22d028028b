"""The command as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable

EDGEVOICE = (sys.executable, "-m", "edgevoice")


class Watched:
    """A process whose output is read as it comes; `says` waits for a text in it."""

    def __init__(self, account: dict[str, str], *words: object) -> None:
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [*EDGEVOICE, *map(str, words)], env=account, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self.lines.append(line)
                self._news.notify_all()

    def says(self, text: str) -> None:
        self.until(lambda lines: any(text in line for line in lines))

    def until(self, holds: Callable[[list[str]], bool]) -> None:
        with self._news:
            assert self._news.wait_for(lambda: holds(self.lines), 60), self.lines

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ends_on(self, number: signal.Signals) -> int:
        self._process.send_signal(number)
        status = self._process.wait(15)
        self._reader.join()
        return status

    def kill(self) -> None:
        self._process.kill()
        self._reader.join()
