"""The page's HTTP server: a few files, JSON, and server-sent events, by the standard library. What it answers is the app's.

Every answer forbids other people's pages to frame, script or read it. A body is small, a connection slow at most for
seconds, and there are only so many of them.
"""

from __future__ import annotations

import contextlib
import json
import logging
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from socket import AF_INET, AF_INET6, socket
from typing import Any
from urllib.parse import urlsplit

from edgevoice.config import WebSettings
from edgevoice.errors import SettingsError, StageError
from edgevoice.service.web.access import Access
from edgevoice.service.web.streams import Reader
from edgevoice.stages import Running

_MOST_CONNECTIONS = 32
_LARGEST = 262_144
_PATIENCE_SECONDS = 20.0
_ALIVE_SECONDS = 10.0
"""How often a silent stream shows that it is still there, and finds out that its reader is not."""
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_log = logging.getLogger(__name__)


class Refused(Exception):
    """An answer other than 200, with its reason for the user."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True, slots=True)
class App:
    """What stands behind the paths. Each is called on a thread of the server.

    `posts` take the request's JSON object and raise Refused or ValueError; `streams` give None where too many read.
    """

    gets: Mapping[str, Callable[[], object]]
    posts: Mapping[str, Callable[[Mapping[str, Any]], object]]
    streams: Mapping[str, Callable[[], Reader | None]]


class Server(Running):
    """Listens from the moment it is made. Port 0 of the settings is any free one. Raises SettingsError."""

    def __init__(self, settings: WebSettings, access: Access, app: App) -> None:
        try:
            self._http = _Http(settings, access, app)
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise SettingsError(
                "web.port", f"{where} cannot be served: {error.strerror or error}", "Free it, or name another"
            ) from None
        scheme = "https" if settings.cert_file else "http"
        host = "localhost" if settings.host in ("127.0.0.1", "::1") else settings.host
        self.url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/"

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def start(self) -> None:
        threading.Thread(target=partial(self._http.serve_forever, 0.2), name="web page", daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, settings: WebSettings, access: Access, app: App) -> None:
        self.access, self.app = access, app
        self.files = {path: (_file(name), kind) for path, (name, kind) in _FILES.items()}
        self.address_family = AF_INET6 if ":" in settings.host else AF_INET
        self._tls = _tls(settings)
        self._places = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__((settings.host, settings.port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            _log.warning("the web page has too many connections: one is turned away")
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            request.settimeout(_PATIENCE_SECONDS)
            if self._tls is not None:
                request = self._tls.wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)
        except OSError as error:  # a handshake that failed, such as that of a browser that does not trust us yet
            _log.debug("no connection: %s", error)
            self.shutdown_request(request)
        finally:
            self._places.release()

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        _log.debug("a connection of the web page ended", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "EdgeVoice", ""
    timeout = _PATIENCE_SECONDS

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_HEAD(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are nobody's business."""

    def _answer(self, work: Callable[[str], None]) -> None:
        try:
            if not self.server.access.is_ours(self.headers.get("Host", "")):
                raise Refused(HTTPStatus.MISDIRECTED_REQUEST, "not a name of this machine: add it to web.names")
            work(urlsplit(self.path).path)
        except Refused as error:
            self._refuse(error)
        except SettingsError as error:
            self._refuse(Refused(HTTPStatus.BAD_REQUEST, str(error)))
        except ValueError as error:
            self._refuse(Refused(HTTPStatus.BAD_REQUEST, str(error)))
        except StageError as error:
            self._refuse(Refused(HTTPStatus.SERVICE_UNAVAILABLE, f"{error.stage}: {error}"))
        except (ConnectionError, TimeoutError, ssl.SSLError):
            self.close_connection = True
        except Exception:
            _log.exception("%s %s failed", self.command, urlsplit(self.path).path)
            self._refuse(Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "that went wrong: see the log"))

    def _get(self, path: str) -> None:
        app = self.server.app
        if path in self.server.files:
            body, kind = self.server.files[path]
            self._send(HTTPStatus.OK, body, kind)
            return
        if path not in app.gets and path not in app.streams:
            raise Refused(HTTPStatus.NOT_FOUND, "there is no such page")
        self._check_token()
        if path in app.gets:
            self._send_json(app.gets[path]())
        else:
            self._stream(app.streams[path])

    def _post(self, path: str) -> None:
        access, app = self.server.access, self.server.app
        told = self._body()
        if not access.is_same_origin(self.headers):
            raise Refused(HTTPStatus.FORBIDDEN, "that did not come from this page")
        if path == "/api/login":
            if not access.fits(str(told.get("token", ""))):
                raise Refused(HTTPStatus.UNAUTHORIZED, "that is not the token")
            self._send_json({}, cookie=access.cookie())
            return
        if path not in app.posts:
            raise Refused(HTTPStatus.NOT_FOUND, "there is no such page")
        self._check_token()
        self._send_json(app.posts[path](told))

    def _check_token(self) -> None:
        if not self.server.access.knows(self.headers):
            raise Refused(HTTPStatus.UNAUTHORIZED, "the token is needed")

    def _body(self) -> Mapping[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "the length of the body is not told")
        if int(length) > _LARGEST:
            self.close_connection = True
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {_LARGEST // 1024} kB")
        body = self.rfile.read(int(length))
        if self.headers.get_content_type() != "application/json":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "JSON is wanted")
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            raise Refused(HTTPStatus.BAD_REQUEST, "not JSON") from None
        if not isinstance(told, dict):
            raise Refused(HTTPStatus.BAD_REQUEST, "a JSON object is wanted")
        return told

    def _stream(self, join: Callable[[], Reader | None]) -> None:
        reader = join()
        if reader is None:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many pages are open")
        self.close_connection = True
        try:
            self._head(HTTPStatus.OK, {"Content-Type": "text/event-stream", "Connection": "close"})
            if self.command == "HEAD":
                return
            self.wfile.write(b"retry: 1000\n\n")  # ms; a page is back soon after the settings were read anew
            while (event := reader.take(_ALIVE_SECONDS)) is not None:
                self.wfile.write(event or b": still here\n\n")
        finally:
            reader.close()

    def _send_json(self, told: object, cookie: str = "", status: HTTPStatus = HTTPStatus.OK) -> None:
        body = json.dumps(told, ensure_ascii=False).encode()
        self._send(status, body, "application/json", {"Set-Cookie": cookie} if cookie else {})

    def _send(self, status: HTTPStatus, body: bytes, kind: str, more: Mapping[str, str] | None = None) -> None:
        self._head(status, {"Content-Type": kind, "Content-Length": str(len(body)), **(more or {})})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _refuse(self, why: Refused) -> None:
        if self.command == "POST" and why.status in (HTTPStatus.MISDIRECTED_REQUEST,):
            self.close_connection = True  # its body was not read
        with contextlib.suppress(OSError):
            self._send_json({"error": why.reason}, status=why.status)


def _file(name: str) -> bytes:
    return files("edgevoice.service").joinpath("page", name).read_bytes()


def _tls(settings: WebSettings) -> ssl.SSLContext | None:
    if settings.cert_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.cert_file, settings.key_file)
    except OSError as error:
        raise SettingsError(
            "web.cert_file", f"{settings.cert_file} cannot be used: {error}", "Name PEM files"
        ) from None
    return context
