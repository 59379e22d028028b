"""The web page over loopback: who may use it, what it tells, in what order, and what it changes."""

from __future__ import annotations

import json
import queue
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from webpage import OURS, SECONDS, Mute, Page

from edgevoice.config import WebSettings
from edgevoice.errors import SettingsError
from edgevoice.home.model import State
from edgevoice.messages import RATE, AudioChunk, Heard, Listening, Message, Transcript, TurnEnded
from edgevoice.service.web import access
from edgevoice.service.web.meter import Meter
from edgevoice.service.web.server import Server
from edgevoice.service.web.streams import Reader, Stream
from edgevoice.stages import WakeScore


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with Page(tmp_path) as made:
        yield made


def test_the_page_and_its_headers(page: Page) -> None:
    for path, kind in (("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")):
        answer = page.raw("GET", path)
        assert (answer.status, answer.getheader("Content-Type", "").split(";")[0]) == (200, kind)
        policy = answer.getheader("Content-Security-Policy", "")
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        body = answer.read().decode()
        assert "innerHTML" not in body
        assert [word for word in ("<script>", " style=", "onclick=") if word in body] == []
    assert page.ask("/../config.py")[0] == 404
    assert page.ask("/etc/passwd")[0] == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:80", 200),
        ("127.0.0.1", 200),
        ("[::1]:8321", 200),
        ("192.168.1.7:8321", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("", 421),
    ],
)
def test_a_name_that_is_not_ours_is_turned_away(page: Page, host: str, status: int) -> None:
    assert page.raw("GET", "/api/status", Host=host).status == status


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"X_EdgeVoice": ""},
    ],
)
def test_what_acts_must_come_from_our_page(page: Page, headers: dict[str, str]) -> None:
    told = {"text": "unlock the front door"}
    if "X_EdgeVoice" in headers:
        connection = page.connection()
        connection.request("POST", "/api/say", json.dumps(told), {"Content-Type": "application/json"})
        assert connection.getresponse().status == 403
    else:
        assert page.ask("/api/say", told, **headers)[0] == 403
    assert page.desk.wishes == []


def test_our_own_origin_may_act(page: Page) -> None:
    here = f"127.0.0.1:{page.server.port}"
    assert page.ask("/api/say", {"text": "lamp on", "aloud": True}, Host=here, Origin=f"http://{here}")[0] == 200
    assert [(wish.text, wish.is_aloud) for wish in page.desk.wishes] == [("lamp on", True)]


def test_a_wider_page_needs_its_token(tmp_path: Path) -> None:
    with Page(tmp_path, WebSettings(host="0.0.0.0")) as page:
        kept = tmp_path / "web-token"
        token = kept.read_text().strip()
        assert page.is_new
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert len(token) >= 40
        assert page.raw("GET", "/").status == 200  # the page itself holds nothing
        for path in ("/api/status", "/api/events", "/api/settings", "/api/taught", "/api/meters"):
            assert page.raw("GET", path).status == 401
        assert page.ask("/api/say", {"text": "hello"})[0] == 401
        assert page.ask("/api/login", {"token": token[:-1]})[0] == 401
        assert page.ask("/api/login", {"token": ""})[0] == 401
        answer = page.raw("POST", "/api/login", {"token": token})
        cookie = answer.getheader("Set-Cookie", "")
        assert token not in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert page.ask("/api/status", Cookie=cookie.partition(";")[0])[0] == 200
        assert page.ask("/api/status", Cookie="edgevoice=wrong")[0] == 401
        assert page.ask("/api/status", Authorization=f"Bearer {token}")[0] == 200
        assert page.ask("/api/status", Authorization="Bearer ü")[0] == 401
    assert access.load(WebSettings(host="0.0.0.0"), tmp_path)[0].token == token  # it is made once


def test_a_token_that_is_named_is_needed_here_too(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a-token-of-my-own-choosing\n")
    with Page(tmp_path, WebSettings(token_file=tmp_path / "mine")) as page:
        assert page.ask("/api/status")[0] == 401
        assert page.ask("/api/status", Authorization="Bearer a-token-of-my-own-choosing")[0] == 200
    (tmp_path / "mine").write_text("short")
    with pytest.raises(SettingsError, match=r"mine: the token is shorter"):
        access.load(WebSettings(token_file=tmp_path / "mine"), tmp_path)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"[1]", {}, 400),
        (b"{", {}, 400),
        (b'{"text": 1}', {}, 400),
        (b'{"text": "  "}', {}, 400),
        (b"", {"Content-Length": "999999999"}, 413),
        (b"", {"Content-Length": "-1"}, 411),
        (b"{}", {"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_bad_requests_are_told_so(page: Page, body: bytes, headers: dict[str, str], status: int) -> None:
    connection = page.connection()
    connection.putrequest("POST", "/api/say")
    for name, value in {**OURS, "Content-Length": str(len(body)), **headers}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    assert answer.status == status
    assert json.loads(answer.read())["error"]


def test_a_busy_assistant_is_said_to_be(page: Page) -> None:
    page.desk.busy = True
    for path, told in (("/api/say", {"text": "hello"}), ("/api/explain", {"text": "hello"})):
        status, answer = page.ask(path, told)
        assert (status, "busy" in answer["error"]) == (503, True)


def test_events_come_in_order(page: Page) -> None:
    events = page.events()
    assert next(events)[1] == "hello"
    page.web.observe(Listening(("alexa",)))
    for i in range(50):
        page.web.observe(Heard(Transcript(f"sentence {i}"), 0.0))
        page.web.observe(TurnEnded(f"{i:04d}", ()))
    page.web.due(100.0)
    told = [next(events) for _ in range(101)]
    assert [number for number, _, _ in told] == list(range(2, 103))
    heard = [data["heard"] for _, kind, data in told if kind == "turn" and data["state"] == "thinking"]
    assert heard == [f"sentence {i}" for i in range(50)]
    _, kind, home = told[-1]
    assert kind == "home"
    assert {"id": "kitchen", "name": "Kitchen", "floor": "Ground Floor"} in home["areas"]


def test_a_state_is_told_when_it_changes_and_only_then(page: Page) -> None:
    events = page.events()
    assert next(events)[1] == "hello"
    page.web.due(1.0)
    assert next(events)[1] == "home"
    page.home.update("light.lamp", State("on", {"brightness": 128}))
    page.web.handle(Message("x", b""), 2.0)
    page.web.due(2.0)
    assert next(events)[1:] == ("device", {"id": "light.lamp", "state": "on · 50 %", "active": True, "known": True})
    page.home.update("light.lamp", State("on", {"brightness": 128}))
    page.home.update("fan.ceiling", State("on", {"percentage": 30}))
    page.web.handle(Message("x", b""), 3.0)
    page.web.due(3.0)
    assert next(events)[2]["id"] == "fan.ceiling"


def test_who_reads_too_slowly_is_let_go_and_counted() -> None:
    stream = Stream()
    slow, quick = stream.join(), stream.join()
    assert isinstance(slow, Reader)
    assert isinstance(quick, Reader)
    for i in range(300):
        stream.tell("turn", i)
        assert quick.take(SECONDS)
    assert (stream.dropped, stream.lost) == (1, 257)
    assert slow.take(SECONDS) is None
    stream.tell("turn", 300)
    assert b"data: 300" in (quick.take(SECONDS) or b"")


def test_no_more_readers_than_there_is_room_for(page: Page) -> None:
    open_ones = [page.events() for _ in range(8)]
    assert [next(one)[1] for one in open_ones] == ["hello"] * 8
    assert page.raw("GET", "/api/events").status == 503
    assert page.raw("GET", "/").status == 200


def test_no_more_connections_than_there_is_room_for(page: Page) -> None:
    held = [socket.create_connection(("127.0.0.1", page.server.port), SECONDS) for _ in range(40)]
    turned_away = queue.SimpleQueue[bool]()
    for one in held[32:]:
        one.settimeout(SECONDS)
        turned_away.put(one.recv(1) == b"")
    assert [turned_away.get_nowait() for _ in range(8)] == [True] * 8
    for one in held:
        one.close()


def test_why_a_sentence_is_understood(page: Page) -> None:
    status, told = page.ask("/api/explain", {"text": "Turn on the book light, please."})
    assert status == 200
    assert told["decided"] == "templates"
    assert [(one["name"], one["targets"]) for one in told["intents"]] == [("HassTurnOn", ["light.lamp"])]
    by_name = {layer["name"]: layer for layer in told["layers"]}
    assert set(by_name["meaning"]["scores"]) & {"turn_on"}
    assert page.desk.wishes == []


def test_a_name_that_is_taught_is_used_at_once_and_forgotten_at_once(page: Page, tmp_path: Path) -> None:
    def meant() -> list[list[str]]:
        return [one["targets"] for one in page.ask("/api/explain", {"text": "turn on the gizmo"})[1]["intents"]]

    assert ["light.lamp"] not in meant()
    assert page.ask("/api/teach", {"said": "gizmo", "device": "light.lamp"})[0] == 200
    assert meant() == [["light.lamp"]]
    assert "gizmo" in (tmp_path / "taught.yaml").read_text()
    assert page.ask("/api/taught")[1]["names"] == [{"said": "gizmo", "device": "light.lamp"}]
    assert page.ask("/api/forget", {"said": "gizmo"})[0] == 200
    assert ["light.lamp"] not in meant()
    assert page.ask("/api/forget", {"said": "gizmo"})[0] == 400


def test_a_sentence_that_is_taught_is_used_at_once(page: Page) -> None:
    status, told = page.ask("/api/teach", {"said": "make it cosy", "means": "turn on the reading lamp"})
    assert (status, told["explained"]["decided"]) == (200, "templates")
    told = page.ask("/api/explain", {"text": "Make it cosy!"})[1]
    assert (told["meaning"], told["intents"][0]["targets"]) == ("turn on the reading lamp", ["light.lamp"])
    words = [arc.label for arc in page.cascade.sayable().arcs]
    assert words[-3:] == ["make", "it", "cosy"]  # the recogniser knows of it


@pytest.mark.parametrize(
    ("lesson", "problem"),
    [
        ({"said": "gizmo", "device": "light.nowhere"}, "no device"),
        ({"said": "Kettle", "device": "light.lamp"}, "called already"),
        ({"said": "{gizmo}", "device": "light.lamp"}, "plain words"),
        ({"said": "cosy", "means": "flurbl the snork"}, "not understood"),
        ({"said": "turn on the kettle", "means": "Turn on the kettle!"}, "means itself"),
        ({"said": "cosy"}, "'means' is missing"),
    ],
)
def test_what_cannot_be_taught_is_refused_and_nothing_is_kept(
    page: Page, tmp_path: Path, lesson: dict[str, str], problem: str
) -> None:
    status, told = page.ask("/api/teach", lesson)
    assert status == 400
    assert problem in told["error"]
    assert not (tmp_path / "taught.yaml").exists()


def test_bad_settings_are_refused_by_line_and_nothing_is_lost(page: Page) -> None:
    page.file.path.write_text("wake:\n  words: [alexa]\n")
    version = page.ask("/api/settings")[1]["version"]
    for text, line in (
        ("wake:\n  wurds: [x]\n", 2),
        ("mqtt:\n  host: a\n  port: 99999\n", 3),
        ("a: [\n", 2),
        ("asr:\n  engine: my.code:load\n", 2),
        ("llm: {engine: ggguf}\n", 1),
        ("web: {key_file: key.pem}\n", 1),
    ):
        assert page.ask("/api/settings/check", {"text": text})[1]["problem"]["line"] == line, text
        assert page.ask("/api/settings", {"text": text, "version": version})[1]["problem"]["line"] == line
    assert page.file.path.read_text() == "wake:\n  words: [alexa]\n"
    assert [one.name for one in page.folder.glob("settings*")] == ["settings.yaml"]


def test_settings_are_saved_with_a_backup_and_never_over_somebody_elses(page: Page) -> None:
    page.file.path.write_text("# one\n")
    page.file.path.chmod(0o640)
    version = page.ask("/api/settings")[1]["version"]
    status, told = page.ask("/api/settings", {"text": "mqtt: {host: hub}\n", "version": version})
    assert (status, told["problem"]) == (200, None)
    assert page.file.path.read_text() == "mqtt: {host: hub}\n"
    assert stat.S_IMODE(page.file.path.stat().st_mode) == 0o640
    assert (page.folder / "settings.yaml.bak").read_text() == "# one\n"
    status, told = page.ask("/api/settings", {"text": "# two\n", "version": version})
    assert (status, "changed meanwhile" in told["error"]) == (409, True)
    assert page.file.path.read_text() == "mqtt: {host: hub}\n"


def test_settings_that_do_not_exist_yet_are_made(page: Page) -> None:
    told = page.ask("/api/settings")[1]
    assert told["text"] == ""
    rows = {row["key"]: row for row in told["settings"]}
    assert rows["web.port"]["value"] == 0
    assert all(row["help"] for row in rows.values())
    assert page.ask("/api/settings", {"text": "# mine\n", "version": told["version"]})[1]["problem"] is None
    assert page.file.path.read_text() == "# mine\n"


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with Page(tmp_path) as page, pytest.raises(SettingsError, match=r"web.port: 127.0.0.1:\d+ cannot be served"):
        Server(WebSettings(port=page.server.port), page.access, page.web.app())


def test_by_tls(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
    ]
    names = [
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-out",
        str(cert),
        "-keyout",
        str(key),
    ]
    subprocess.run([*made, *names], check=True, capture_output=True)
    with Page(tmp_path, WebSettings(host="0.0.0.0", cert_file=cert, key_file=key)) as page:
        answer = page.raw("POST", "/api/login", {"token": page.access.token})
        assert "Secure" in answer.getheader("Set-Cookie", "")
        plain = HTTPConnection("127.0.0.1", page.server.port, timeout=SECONDS)
        plain.request("GET", "/")
        with pytest.raises((ConnectionError, HTTPException)):
            plain.getresponse()
        assert page.raw("GET", "/").status == 200
    key.write_text("")
    with pytest.raises(SettingsError, match=r"web.cert_file: .*cannot be used"):
        Page(tmp_path, WebSettings(cert_file=cert, key_file=key))


def test_nothing_is_left_of_those_who_looked(page: Page) -> None:
    for _ in range(40):
        events = page.events()
        assert next(events)[1] == "hello"
        del events
        while page.web.stream:  # it is noticed by who writes to them
            page.web.stream.tell("device", {})
    events = page.events()
    assert next(events)[1] == "hello"
    page.web.stop()
    assert list(events) == []
    assert page.raw("GET", "/api/events").status == 503  # at the end nobody new is let in
    for thread in [thread for thread in threading.enumerate() if "process_request" in thread.name]:
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_the_meter_measures_only_while_somebody_looks() -> None:
    class Loud(Mute):
        def __enter__(self) -> Iterator[AudioChunk]:
            loud = np.full(160, 16384, np.int16)
            return (AudioChunk(loud, RATE, 160 * i) for i in range(100))

        def wake_peaks(self) -> dict[str, WakeScore]:
            return {"alexa": WakeScore(0.25, 0.9)}

    readings: list[Any] = []
    watched = False
    meter = Meter(Loud(), Loud())
    meter.is_watched, meter.tell = lambda: watched, readings.append
    with meter as chunks:
        for number, _ in enumerate(chunks):
            watched = number >= 50
    assert len(readings) == 5  # of the half second that was watched
    assert readings[0] == {
        "rms": -6.0,
        "peak": -6.0,
        "listening": False,
        "words": {"alexa": {"score": 0.25, "threshold": 0.9}},
    }
