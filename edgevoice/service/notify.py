"""systemd's notification protocol: one datagram a message on the socket that `NOTIFY_SOCKET` names."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterable, Mapping

START_SECONDS = 180
"""What building an assistant may take, at a start and at a reload: nothing beats meanwhile."""
_BEATS = 4  # in the watchdog's period
_log = logging.getLogger(__name__)


class Notifier:
    """Tells the service manager that we are ready, alive, or ending. Without an `address` every call does nothing.

    `interval_seconds` is how often `beat` sends at most, None: never; `clock` is monotonic. No call raises or waits.
    """

    def __init__(
        self, address: str = "", interval_seconds: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._reloads = False
        self._sent_at = float("-inf")
        self._broken = False

    @property
    def active(self) -> bool:
        """Is there a service manager to be told?"""
        return bool(self._address)

    def ready(self) -> None:
        """The assistant listens."""
        again = self._watchdog(_BEATS * (self._interval_seconds or 0)) if self._reloads else ""
        self._reloads = False
        self._send("READY=1" + again)

    def reloading(self) -> None:
        """The settings are read anew; `ready` says when that is done."""
        self._reloads = True
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}" + self._watchdog(START_SECONDS))

    def _watchdog(self, seconds: float) -> str:
        """How long there may be no beat from now on; nothing where nobody waits for one."""
        return "" if self._interval_seconds is None else f"\nWATCHDOG_USEC={round(seconds * 1e6)}"

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send("STATUS=" + " ".join(text.split()))

    def beat(self) -> None:
        """All is well. May be called as often as one likes."""
        now = self._clock()
        if self._interval_seconds is not None and now - self._sent_at >= self._interval_seconds:
            self._sent_at = now
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sock:
                sock.sendto(state.encode(), self._address)
        except OSError as error:
            if not self._broken:
                _log.warning("the service manager cannot be told %s: %s", state, error)
            self._broken = True


class Heartbeat:
    """Calls `beat` when one of `parts` gets on, as long as all of them do: one that is stuck brings a restart.

    A part is stuck that has said nothing for `patience_seconds`. May be called by any thread.
    """

    def __init__(
        self,
        beat: Callable[[], None],
        parts: Iterable[str],
        patience_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._beat = beat
        self._patience_seconds = patience_seconds
        self._clock = clock
        self._at = dict.fromkeys(parts, clock())

    def __call__(self, part: str) -> None:
        self._at[part] = self._clock()
        if not self.stuck():
            self._beat()

    def stuck(self) -> tuple[str, ...]:
        """The parts that do not get on."""
        now = self._clock()
        return tuple(part for part, at in self._at.items() if now - at > self._patience_seconds)


def from_environment(environ: Mapping[str, str], process: int, clock: Callable[[], float] = time.monotonic) -> Notifier:
    """The notifier that systemd asks for in `environ`; `process` is our process id."""
    watched = environ.get("WATCHDOG_PID", str(process)) == str(process)
    period = environ.get("WATCHDOG_USEC", "")
    interval = int(period) / 1e6 / _BEATS if watched and period.isdecimal() else None
    return Notifier(environ.get("NOTIFY_SOCKET", ""), interval, clock)
