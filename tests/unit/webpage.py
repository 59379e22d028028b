"""The web page's server with a household behind it, and what a browser asks of it."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any

from household import household

from edgevoice import config, profiles
from edgevoice.assistant import Errand, Wish
from edgevoice.config import NluSettings, WebSettings
from edgevoice.nlu import cascade
from edgevoice.service.web import access
from edgevoice.service.web.meter import Meter
from edgevoice.service.web.server import Server
from edgevoice.service.web.settings_file import SettingsFile
from edgevoice.service.web.web import Mind, Web
from edgevoice.skills.explained import Explainer
from edgevoice.skills.taught import Taught
from edgevoice.stages import WakeScore

SECONDS = 10.0  # no test waits so long unless it fails
OURS = {"X-EdgeVoice": "test", "Content-Type": "application/json"}


class Desk:
    """Does errands at once, as the turns worker would, and keeps the wishes. `busy`: takes neither."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.muted, self.busy, self.lost = False, False, 0

    def wish(self, wish: Wish | Errand) -> bool:
        if self.busy:
            return False
        if isinstance(wish, Errand):
            wish.do(threading.Event())
        else:
            self.wishes.append(wish)
        return True


class Mute:
    """A microphone and an ear of which nothing comes."""

    listening = False

    def wake_peaks(self) -> dict[str, WakeScore]:
        return {}

    def __enter__(self) -> Iterator[Any]:
        return iter(())

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing was opened."""


class Page:
    """The server on a free port, and a browser's requests to it."""

    def __init__(self, folder: Path, settings: WebSettings = WebSettings()) -> None:
        self.home, self.desk, self.folder = household(), Desk(), folder
        understanding = cascade.load(self.home, NluSettings())
        self.taught = Taught(folder / "taught.yaml", self.home, understanding)
        self.cascade = understanding
        mind = Mind(self.home, Explainer(self.home, understanding, "Kitchen"), self.taught, lambda: None)
        profile = profiles.load("x86-cpu")
        self.file = SettingsFile(folder / "settings.yaml", profile, config.settings(profile.node))
        self.web = Web(self.desk, mind, self.file, dict, Meter(Mute(), Mute()))
        self.settings = settings
        self.access, self.is_new = access.load(settings, folder)
        self.server = Server(replace(settings, port=0), self.access, self.web.app())

    def __enter__(self) -> Page:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.web.stop()
        self.server.stop()

    def ask(self, path: str, told: object = None, **headers: str) -> tuple[int, Any]:
        """GET, or POST where something is told: the status, and the JSON that came."""
        answer = self.raw("GET" if told is None else "POST", path, told, **headers)
        return answer.status, json.loads(answer.read() or b"{}")

    def connection(self) -> HTTPConnection:
        if self.settings.cert_file is None:
            return HTTPConnection("127.0.0.1", self.server.port, timeout=SECONDS)
        trust = ssl.create_default_context(cafile=str(self.settings.cert_file))
        return HTTPSConnection("localhost", self.server.port, timeout=SECONDS, context=trust)

    def raw(self, method: str, path: str, told: object = None, **headers: str) -> HTTPResponse:
        connection = self.connection()
        body = None if told is None else json.dumps(told)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {**(OURS if told is not None else {}), **given})
        return connection.getresponse()

    def events(self, path: str = "/api/events") -> Iterator[tuple[int, str, Any]]:
        """(id, kind, data) of each event as it comes."""
        answer = self.raw("GET", path)
        assert answer.status == 200
        found: dict[str, str] = {}
        while line := answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                found[name] = value
            elif "data" in found:  # and not only how soon to come back
                yield int(found["id"]), found["event"], json.loads(found["data"])
                found = {}
