"""A language model behind an OpenAI-compatible URL: llama.cpp's server, Ollama, vLLM, on this machine or another."""

from __future__ import annotations

import http.client
import json
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edgevoice.config import LlmSettings
from edgevoice.errors import SettingsError, StageError
from edgevoice.stages import ChatMessage

_LONGEST_LINE = 1 << 20
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
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
        }
        try:
            if grammar and self._takes_grammar:
                answer = self._ask({**body, "grammar": grammar}, cancel, end)
                if not isinstance(answer, _Refused):
                    yield from answer
                    return
                self._takes_grammar = False
            answer = self._ask(body, cancel, end)
            if isinstance(answer, _Refused):
                raise self._error("refused", f"HTTP {answer.status}: {answer.reason}")
            yield from answer
        except (OSError, http.client.HTTPException) as error:
            raise self._error("unreachable", str(error) or type(error).__name__) from error

    def _ask(self, body: Mapping[str, Any], cancel: threading.Event, end: float) -> Iterator[str] | _Refused:
        connection = self._connect(end)
        stream = _Stream(connection, cancel, end)
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            path = urlsplit(self._settings.url).path.rstrip("/") + "/chat/completions"
            connection.request("POST", path, json.dumps(body).encode(), headers)
            if not stream.begin():
                connection.close()
                return iter(())
            if stream.status == 400:
                refused = _Refused(stream.status, stream.reason())
                connection.close()
                return refused
            if stream.status != 200:
                raise self._error("refused", f"HTTP {stream.status}: {stream.reason()}")
        except BaseException:
            connection.close()
            raise
        return self._pieces(connection, stream)

    def _pieces(self, connection: http.client.HTTPConnection, stream: _Stream) -> Iterator[str]:
        with closing(connection):
            for line in stream.lines():
                data = line.removeprefix(b"data:").strip()
                if not line.startswith(b"data:") or not data:
                    continue
                if data == b"[DONE]":
                    return
                if piece := self._piece(data):
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

    def _connect(self, end: float) -> http.client.HTTPConnection:
        parts = urlsplit(self._settings.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=max(0.1, min(5.0, end - time.monotonic())))
        connection.connect()
        return connection

    def _error(self, code: str, problem: str) -> StageError:
        if self._key:
            problem = problem.replace(self._key, "***")
        return StageError("llm", code, f"{self._settings.url}: {problem}. Check llm.url, llm.model and llm.key_file")


class _Refused:
    """The server calls the request bad."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason


class _Stream:
    """Reads an answer line by line, and stops soon after `cancel` is set or the deadline `end` (monotonic) passes."""

    def __init__(self, connection: http.client.HTTPConnection, cancel: threading.Event, end: float) -> None:
        self._connection, self._cancel, self._end = connection, cancel, end
        self._socket: socket.socket = connection.sock  # the connection drops it once it has a response
        self._response: http.client.HTTPResponse | None = None
        self.status = 0

    def begin(self) -> bool:
        """Waits for the answer's head; False where it is not waited for any longer."""
        if self._waits():
            self._response = self._connection.getresponse()
            self.status = self._response.status
        return self._response is not None

    def reason(self) -> str:
        """The beginning of an error's text."""
        return self._response.read(200).decode("utf-8", "replace") if self._response else ""

    def lines(self) -> Iterator[bytes]:
        while self._response is not None and self._waits():
            line = self._response.readline(_LONGEST_LINE)
            if not line:
                return
            yield line

    def _waits(self) -> bool:
        while not self._cancel.is_set() and (left := self._end - time.monotonic()) > 0:
            if self._has_buffered() or select.select([self._socket], [], [], min(left, _LOOK_SECONDS))[0]:
                return True
        return False

    def _has_buffered(self) -> bool:
        if self._response is None or self._response.fp is None:
            return self._response is not None
        timeout = self._socket.gettimeout()
        self._socket.settimeout(0)
        try:
            return bool(self._response.fp.peek(1))
        except ssl.SSLWantReadError:
            return False
        finally:
            self._socket.settimeout(timeout)


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
