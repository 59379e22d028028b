"""A KUKSA databroker as a bus: `kuksa/<path>` holds a signal's current value as JSON, and takes its target.

An empty payload asks for the current value. `kuksa/$state` says `online` and `offline` as the connection comes and goes,
`kuksa/$refused/<path>` why a target was not taken.
"""

from __future__ import annotations

import json
import logging
import queue
import random
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kuksa_client.grpc import Datapoint, VSSClient, VSSClientError

from edgevoice.errors import BrokerError, SettingsError
from edgevoice.messages import Message

PREFIX = "kuksa/"
STATE = "kuksa/$state"
REFUSED = "kuksa/$refused/"
_REFUSALS = frozenset({3, 5, 7, 9, 11, 16})  # gRPC: invalid, not found, no right, not now, out of range, who are you
_RPC_SECONDS = 1.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.25, 10.0
_log = logging.getLogger(__name__)


class Databroker:
    """A `stages.Bus` of the signals in `paths`. It connects behind the caller's back, again and again until `stop`.

    `address` is host:port; `token_file` holds a JWT, `ca_file` the certificate that makes the connection TLS.
    """

    def __init__(
        self,
        address: str,
        paths: Iterable[str],
        token_file: Path | None = None,
        ca_file: Path | None = None,
        inbox: int = 10_000,
    ) -> None:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal():
            raise SettingsError("home.kuksa", f"'{address}' is no address", "Write host:port, such as 127.0.0.1:55555")
        self._where = f"the databroker at {address}"
        self._settings: dict[str, Any] = {"host": host, "port": int(port), "token": _token(token_file)}
        self._settings["root_certificates"] = ca_file
        self._paths = tuple(paths)
        self._inbox: queue.Queue[Message] = queue.Queue(inbox)
        self._client: Any = None  # set while connected
        self._connected, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="kuksa", daemon=True)
        self._problem = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the connection and its thread."""
        self._stop.set()
        client = self._client
        if client is not None:
            client.disconnect()  # ends the stream that the thread reads
        self._thread.join(2.0)

    def subscribe(self, filters: Iterable[str]) -> None:
        """Nothing: the signals are known from the start."""

    def ready(self, timeout_seconds: float, topic: str = "") -> bool:
        """Waits for a connection; False where there is none by then."""
        return self._connected.wait(timeout_seconds)

    def publish(self, message: Message) -> None:
        """Sets a target, or asks for a value. Raises BrokerError where the databroker is away."""
        client, path = self._client, message.topic.removeprefix(PREFIX)
        if client is None:
            raise BrokerError(f"not sent, as there is no connection to {self._where}")
        try:
            if message.payload:
                client.set_target_values({path: Datapoint(json.loads(message.payload))}, timeout=_RPC_SECONDS)
            else:
                self._take(client.get_current_values([path], timeout=_RPC_SECONDS))
        except (VSSClientError, ValueError) as error:
            if message.payload and _is_refusal(error):
                self._put(Message(f"{REFUSED}{path}", _reason(error).encode()))
                return
            raise BrokerError(f"{self._where} does not take '{path}': {_reason(error)}") from None

    def receive(self, timeout_seconds: float) -> Message | None:
        try:
            return self._inbox.get(timeout=timeout_seconds) if timeout_seconds > 0 else self._inbox.get_nowait()
        except queue.Empty:
            return None

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            try:
                with VSSClient(**self._settings) as client:
                    pause = _FIRST_PAUSE_SECONDS
                    for updates in client.subscribe_current_values(self._paths):
                        if self._client is None:
                            self._client = client
                            self._connected.set()
                            self._put(Message(STATE, b"online"))
                        self._take(updates)
            except Exception as error:  # gRPC raises many kinds; each means that the stream is over
                if (problem := _reason(error)) != self._problem and not self._stop.is_set():
                    self._problem = problem
                    _log.warning("%s: %s", self._where, problem)
            self._client = None
            self._connected.clear()
            self._put(Message(STATE, b"offline"))
            self._stop.wait(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _take(self, updates: Any) -> None:
        for path, point in updates.items():
            if point is not None and point.value is not None:
                self._put(Message(f"{PREFIX}{path}", json.dumps(point.value).encode()))

    def _put(self, message: Message) -> None:
        try:
            self._inbox.put_nowait(message)
        except queue.Full:
            _log.warning("dropped a value of %s, as %d are waiting", message.topic, self._inbox.maxsize)


def _is_refusal(error: VSSClientError | ValueError) -> bool:
    """It is there, and does not want to."""
    code = int(error.error.get("code") or 0) if isinstance(error, VSSClientError) else 400
    return code in _REFUSALS or 400 <= code < 500


def _reason(error: Exception) -> str:
    if isinstance(error, VSSClientError):
        return str(error.error.get("message") or error.error.get("reason"))
    return f"{type(error).__name__}: {error}"


def _token(file: Path | None) -> str | None:
    try:
        return None if file is None else file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("home.kuksa_token_file", f"cannot be read ({error})", "It must hold a JWT") from None
