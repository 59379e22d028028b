"""Who may use the web page: the token, and what keeps other people's pages away from it.

A page of somebody else's that the user's browser shows could ask this server for things: by a name of its own that leads
here (DNS rebinding), which the Host header gives away, or across sites (CSRF), which Origin and our own header do.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import os
import secrets
import socket
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any, Protocol

from edgevoice.config import WebSettings
from edgevoice.errors import SettingsError, reason


class Headers(Protocol):
    """A request's, in whatever case their names are asked for."""

    def __contains__(self, name: str, /) -> bool: ...
    def get(self, name: str, default: str) -> Any: ...


COOKIE = "edgevoice"
_OWN_HEADER = "X-EdgeVoice"
"""Set by our page. A form or an image of another site cannot set it, and a script there has to ask us first: we refuse."""
_SHORTEST = 20
_log = logging.getLogger(__name__)


class Access:
    """`token` is empty where none is needed. `names` are the host names we are called by, beside addresses."""

    def __init__(self, token: str, names: frozenset[str], is_tls: bool = False) -> None:
        self.token, self._names, self._is_tls = token, names, is_tls
        self._session = hmac.new(token.encode(), b"session of the web page", hashlib.sha256).hexdigest()

    def is_ours(self, host: str) -> bool:
        """Whether a Host header names us: by address, or by a name that is ours."""
        name = _name(host)
        return is_address(name) or name in self._names

    def is_same_origin(self, headers: Headers) -> bool:
        """Whether a request that acts comes from our own page, or from a program of the user's."""
        origin = headers.get("Origin", "")
        scheme = "https" if self._is_tls else "http"
        return _OWN_HEADER in headers and origin in ("", f"{scheme}://{headers.get('Host', '')}")

    def knows(self, headers: Headers) -> bool:
        """Whether the request brings the token, or the cookie that stands for it."""
        if not self.token:
            return True
        kind, _, given = headers.get("Authorization", "").partition(" ")
        if kind.casefold() == "bearer" and self.fits(given.strip()):
            return True
        try:
            cookie = SimpleCookie(headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and _same(cookie.value, self._session)

    def fits(self, token: str) -> bool:
        return bool(self.token) and _same(token, self.token)

    def cookie(self) -> str:
        """For a browser that brought the token; the token itself is not in it."""
        secure = "; Secure" if self._is_tls else ""
        return f"{COOKIE}={self._session}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000{secure}"


def load(settings: WebSettings, beside: Path) -> tuple[Access, bool]:
    """The access that the settings want, and whether its token was made just now, in a file in the folder `beside`.

    Raises SettingsError where the token cannot be kept or is too short.
    """
    names = frozenset({"localhost", *_machine(), *map(_name, settings.names), _name(settings.host)} - {""})
    is_tls = settings.cert_file is not None
    if is_loopback(settings.host) and settings.token_file is None:
        return Access("", names, is_tls), False
    file = token_file(settings, beside)
    try:
        token, is_new = file.read_text("utf-8").strip(), False
    except FileNotFoundError:
        token, is_new = secrets.token_urlsafe(32), True
        _make(file, token)
    except (OSError, ValueError) as error:
        raise SettingsError(
            "web.token_file", f"{file} cannot be read: {reason(error)}", "Remove it to have one made"
        ) from None
    if len(token) < _SHORTEST:
        raise SettingsError("web.token_file", f"{file}: the token is shorter than {_SHORTEST}", "Remove it")
    if file.stat().st_mode & 0o077:
        _log.warning("%s can be read by other users of this machine: chmod 600 it", file)
    return Access(token, names, is_tls), is_new


def token_file(settings: WebSettings, beside: Path) -> Path:
    return settings.token_file or beside / "web-token"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host == "localhost":
        return True
    return is_address(host) and ipaddress.ip_address(host).is_loopback


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _make(file: Path, token: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as made:
            made.write(f"{token}\n")
    except OSError as error:
        raise SettingsError(
            "web.token_file", f"{file} cannot be made: {reason(error)}", "Name a file that can"
        ) from None


def _name(host: str) -> str:
    """The name or address of a Host header, without its port."""
    host = host.strip().casefold()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host if host.count(":") > 1 else host.partition(":")[0].rstrip(".")


def _machine() -> tuple[str, ...]:
    name = socket.gethostname().casefold()
    return name, f"{name.partition('.')[0]}.local"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
