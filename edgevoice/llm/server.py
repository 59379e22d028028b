"""A language model behind an OpenAI-compatible URL: llama.cpp's server, Ollama, vLLM, on this machine or another."""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edgevoice.config import LlmSettings
from edgevoice.errors import SettingsError, StageError
from edgevoice.llm.plain import plain
from edgevoice.stages import ChatMessage

_LONGEST_LINE = 1 << 20
_CONNECT_SECONDS = 3.0
_LOOK_SECONDS = 0.05
"""How often `cancel` and the deadline are looked at while the server is silent."""


class Server:
    """Satisfies `stages.Llm`. One connection a call."""

    def __init__(self, settings: LlmSettings, key: str = "") -> None:
        self._settings, self._key = settings, key
        self._takes_grammar = True

    def warm(self, messages: Sequence[ChatMessage]) -> None:
        """Does nothing: a server keeps its own prompt cache, and it may not be up yet."""

    def generate(
        self, messages: Sequence[ChatMessage], max_tokens: int, cancel: threading.Event, grammar: str = ""
    ) -> Iterator[str]:
        """See `stages.Llm`. A server that refuses `grammar` (it is llama.cpp's own) is asked without it from then on."""
        end = time.monotonic() + self._settings.deadline_seconds
        body: dict[str, Any] = {
            "model": self._settings.model,
            "messages": [{"role": message.role, "content": plain(message.content)} for message in messages],
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
        }
        try:
            if grammar and self._takes_grammar:
                try:
                    yield from self._pieces({**body, "grammar": grammar}, cancel, end)
                    return
                except _BadRequest:
                    self._takes_grammar = False
            yield from self._pieces(body, cancel, end)
        except _Cancelled:
            return
        except _TooLate:
            raise self._error(
                "deadline", f"no end of it within llm.deadline_seconds: {self._settings.deadline_seconds:g}"
            ) from None
        except _BadRequest as error:
            raise self._error("refused", str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._error("unreachable", str(error) or type(error).__name__) from error

    def _pieces(self, body: Mapping[str, Any], cancel: threading.Event, end: float) -> Iterator[str]:
        connection = self._connect()
        with closing(connection.sock) as connected:
            connection.sock = _Watched(connected, cancel, end)
            headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
            if self._key:
                headers["Authorization"] = f"Bearer {self._key}"
            path = urlsplit(self._settings.url).path.rstrip("/") + "/chat/completions"
            connection.request("POST", path, json.dumps(body).encode(), headers)
            with closing(connection.getresponse()) as response:
                if response.status != 200:
                    problem = f"HTTP {response.status}: {response.read(200).decode('utf-8', 'replace')}"
                    raise _BadRequest(problem) if response.status == 400 else self._error("refused", problem)
                while line := response.readline(_LONGEST_LINE):
                    data = line.removeprefix(b"data:").strip()
                    if data == b"[DONE]":
                        return
                    if data and line.startswith(b"data:") and (piece := self._piece(data)):
                        yield piece

    def _piece(self, data: bytes) -> str:
        try:
            event = json.loads(data)
            if "error" in event:
                raise self._error("refused", str(event["error"])[:200])
            choices = event["choices"]
            return str(choices[0]["delta"].get("content") or "") if choices else ""
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise self._error("bad_answer", f"its stream cannot be read: {data[:80]!r}") from error

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self._settings.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(
            parts.hostname or "", parts.port, timeout=min(_CONNECT_SECONDS, self._settings.deadline_seconds)
        )
        connection.connect()
        return connection

    def _error(self, code: str, problem: str) -> StageError:
        if self._key:
            problem = problem.replace(self._key, "***")
        return StageError("llm", code, f"{self._settings.url}: {problem}. Check llm.url, llm.model and llm.key_file")


class _Cancelled(Exception):
    """Nobody wants the answer any more."""


class _TooLate(Exception):
    """The deadline has passed."""


class _BadRequest(Exception):
    """The server does not like the request."""


class _Watched:
    """A connected socket, as http.client uses it, whose reads raise `_Cancelled` or `_TooLate` soon."""

    def __init__(self, connected: socket.socket, cancel: threading.Event, end: float) -> None:
        self._socket = connected
        self._cancel, self._end = cancel, end
        self.sendall = connected.sendall

    def close(self) -> None:
        """Left to the owner: http.client closes before it reads, where the server says that it will close."""

    def makefile(self, mode: str) -> io.BufferedReader:
        self._socket.settimeout(_LOOK_SECONDS)
        return io.BufferedReader(_Reader(self._receive))

    def _receive(self, buffer: Any) -> int:
        while not self._cancel.is_set() and time.monotonic() < self._end:
            try:
                return self._socket.recv_into(buffer)
            except TimeoutError:
                continue
        raise _Cancelled if self._cancel.is_set() else _TooLate


class _Reader(io.RawIOBase):
    def __init__(self, receive: Callable[[Any], int]) -> None:
        self._receive = receive

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._receive(buffer)


def load(settings: LlmSettings, folder: Path | None = None) -> Server:
    """Connects to nothing yet. Raises SettingsError for an unusable URL or key file."""
    parts = urlsplit(settings.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError("llm.url", f"'{settings.url}' is no URL", "Write one such as http://127.0.0.1:8080/v1")
    key = ""
    if settings.key_file is not None:
        try:
            key = settings.key_file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError("llm.key_file", f"cannot be read ({error})", "Write the key into that file") from None
        if not key.isprintable():
            raise SettingsError("llm.key_file", f"{settings.key_file} holds more than one line", "Write the key only")
    return Server(settings, key)
