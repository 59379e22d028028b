"""Mosquitto on a free loopback port, with a configuration of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

_START_SECONDS = 5.0


class Mosquitto:
    """A broker process that may be started, stopped, killed and started again on the same port."""

    def __init__(self, folder: Path, settings: str = "allow_anonymous true\n") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        self._config.write_text(f"listener {self.port} 127.0.0.1\npersistence false\nlog_type error\n{settings}")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers."""
        self._process = subprocess.Popen([find("mosquitto") or "mosquitto", "-c", str(self._config)])
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            self._process.poll()
            if self._process.returncode is not None:
                break
        raise RuntimeError(f"mosquitto did not start on port {self.port}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.send_signal(signal.SIGCONT)
            self._process.wait(10.0)
            self._process = None

    def pause(self) -> None:
        """It hangs: nothing is closed, and nothing answers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.stop(signal.SIGKILL)


def find(name: str) -> str | None:
    """Path of a program of the broker's; None where it is not installed."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
