"""What a broker may do to us: stop, die, hang, refuse, show an old certificate; and what becomes of commands then."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from brokers import Mosquitto, program

from benchmark import restarts
from edgevoice.config import MqttSettings
from edgevoice.errors import BrokerError, SettingsError
from edgevoice.link import HomeLink
from edgevoice.messages import Command, Message, StateConfirmed
from edgevoice.mqtt.client import MqttClient


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_a_broker_that_comes_and_goes(tmp_path: Path, kill: bool) -> None:
    program("mosquitto")
    account = restarts.run(tmp_path, commands=100, restarts=4, kill=kill, seed=7)
    assert account.given == 100 == account.confirmed + account.unconfirmed + account.dropped
    assert (account.twice, account.late, account.ghosts) == (0, 0, 0)
    assert account.confirmed >= 40


def test_a_command_waits_for_its_expiry_and_is_dropped(mosquitto: Mosquitto, tmp_path: Path) -> None:
    settings = MqttSettings(port=mosquitto.port, expiry_seconds=1.0)
    command = Command("number.n1", "value", 5)
    with restarts.linked(tmp_path, settings) as (link, simulator, bus):
        mosquitto.stop()
        while bus.connected:
            link.pump(0.01)
        began = time.monotonic()
        with pytest.raises(BrokerError, match=r"away for 1 s; it is dropped"):
            list(link.send([command], began))
        assert 0.9 < time.monotonic() - began < 3.0
        back = threading.Timer(0.3, mosquitto.start)
        back.start()
        sent = list(link.send([command], time.monotonic()))  # the broker is back within the expiry
        assert [event.command for event in sent] == [command]
        back.join()
        assert len(simulator.heard(command.device)) <= 1


def test_a_broker_that_hangs_is_not_sent_to(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """What a stopped process has in its sockets it would deliver an hour later."""
    settings = MqttSettings(port=mosquitto.port, expiry_seconds=1.0)
    with restarts.linked(tmp_path, settings) as (link, simulator, bus):
        link.pump(0.6)  # long enough to be asked whether it is there
        mosquitto.pause()
        with pytest.raises(BrokerError, match="is dropped"):
            list(link.send([Command("number.n1", "value", 5)], time.monotonic()))
        mosquitto.resume()
        end = time.monotonic() + 10.0
        while not bus.ready(0.1) and time.monotonic() < end:
            link.pump(0.1)
        assert [one.confirmed for one in do(link, Command("number.n2", "value", 7))] == [True]
        assert simulator.heard("number.n1") == ()


def do(link: HomeLink, command: Command) -> list[StateConfirmed]:
    for _ in range(40):  # the appliances come back in their own time
        began = time.monotonic()
        list(link.send([command], began))
        told = list(link.confirm([command], began, 0.3))
        if told[0].confirmed:
            return told
    return told


def test_a_host_that_accepts_and_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = MqttClient(MqttSettings(port=silent.getsockname()[1], version="5"))
        with pytest.raises(BrokerError, match="accepts the connection and does not answer"):
            client.start(8.0)
        client.stop()


def test_the_broker_is_told_when_a_command_ends(mosquitto: Mosquitto) -> None:
    """A subscriber that is away gets nothing that is older than its expiry."""
    settings = MqttSettings(port=mosquitto.port, expiry_seconds=1.0)
    late = MqttClient(MqttSettings(port=mosquitto.port, client_id="late"))
    late.subscribe(["lamp/set", "lamp/state"])
    late.start(5.0)
    late.ready(2.0)
    late.stop()
    with MqttClient(settings) as client:
        assert client.ready(5.0)
        client.publish(Message("lamp/set", b"ON"))
        client.publish(Message("lamp/state", b"on", retain=True))
        assert client.ready(1.0)
        threading.Event().wait(2.2)
    late.start(5.0)
    heard: list[str] = []
    while message := late.receive(0.5):
        heard.append(message.topic)
    assert set(heard) == {"lamp/state"}
    late.stop()


def test_who_dies_is_offline_by_last_will(mosquitto: Mosquitto) -> None:
    topic = "edgevoice/mortal/availability"
    code = (
        "import threading; from edgevoice.config import MqttSettings; from edgevoice.mqtt.client import MqttClient;"
        f"MqttClient(MqttSettings(port={mosquitto.port}, client_id='mortal')).start(5.0); threading.Event().wait(60)"
    )
    with (
        MqttClient(MqttSettings(port=mosquitto.port)) as watcher,
        subprocess.Popen([sys.executable, "-c", code]) as mortal,
    ):
        watcher.subscribe([topic])
        told = []
        end = time.monotonic() + 15.0
        while b"offline" not in told and time.monotonic() < end:
            message = watcher.receive(0.1)
            told += [message.payload] if message else []
            if told == [b"online"]:
                mortal.kill()
        mortal.kill()
    assert told == [b"online", b"offline"]


@pytest.mark.parametrize(("seconds", "kept"), [(60, [b"open"]), (0, [])])
def test_what_comes_while_we_are_away_is_kept_by_the_broker(
    mosquitto: Mosquitto, seconds: int, kept: list[bytes]
) -> None:
    client = MqttClient(MqttSettings(port=mosquitto.port, session_seconds=seconds))
    client.subscribe(["door/state"])
    client.start(5.0)
    assert client.ready(5.0)
    client.stop()
    with MqttClient(MqttSettings(port=mosquitto.port, client_id="door")) as door:
        assert door.ready(5.0)
        door.publish(Message("door/state", b"open"))
        assert door.ready(5.0)
        threading.Event().wait(0.6)  # so long that the next `ready` asks the broker, which has the message then
        assert door.ready(5.0)
    client.start(5.0)
    assert client.ready(5.0)
    heard = []
    while message := client.receive(0.5):
        heard.append(message.payload)
    client.stop()
    assert heard == kept


# --- certificates -----------------------------------------------------------------------------------------------------


@pytest.fixture
def papers(tmp_path: Path) -> Callable[..., Path]:
    """`papers(days)`: a folder with an authority, the broker's certificate for so many days, and a client's."""

    def make(days: int) -> Path:
        ssl = ("openssl",)
        run(*ssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-subj",
            "/CN=authority", "-days", "2", cwd=tmp_path)  # fmt: skip
        (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        for name, valid in (("broker", days), ("client", 2)):
            run(*ssl, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
                f"/CN={name}", cwd=tmp_path)  # fmt: skip
            run(*ssl, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out",
                f"{name}.crt", "-extfile", "names", "-days", str(valid), cwd=tmp_path)  # fmt: skip
        for file in tmp_path.iterdir():
            file.chmod(0o644)
        return tmp_path

    return make


def run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)


def encrypted(make: Callable[[str], Mosquitto], folder: Path) -> Mosquitto:
    files = f"cafile {folder}/ca.crt\ncertfile {folder}/broker.crt\nkeyfile {folder}/broker.key\n"
    broker = make(f"{files}require_certificate true\nallow_anonymous true\nuser root\n")
    broker.start()
    return broker


def test_both_show_certificates(make_mosquitto: Callable[[str], Mosquitto], papers: Callable[..., Path]) -> None:
    folder = papers(2)
    broker = encrypted(make_mosquitto, folder)
    ours = {"tls": True, "ca_file": folder / "ca.crt"}
    mine = {"cert_file": folder / "client.crt", "key_file": folder / "client.key"}
    with MqttClient(MqttSettings(port=broker.port, **ours, **mine)) as client:  # type: ignore[arg-type]
        assert client.ready(5.0)
    for wrong in ({"tls": True, **mine}, ours):
        nobody = MqttClient(MqttSettings(port=broker.port, **wrong))  # type: ignore[arg-type]
        with pytest.raises(BrokerError, match=r"certificate|closed the connection|does not encrypt|cannot be reached"):
            nobody.start(3.0)
        nobody.stop()


def test_an_expired_certificate_is_named(
    make_mosquitto: Callable[[str], Mosquitto], papers: Callable[..., Path]
) -> None:
    folder = papers(-1)
    broker = encrypted(make_mosquitto, folder)
    client = MqttClient(MqttSettings(port=broker.port, tls=True, ca_file=folder / "ca.crt"))
    with pytest.raises(BrokerError, match=r"certificate has expired\. Renew it"):
        client.start(3.0)
    client.stop()


def test_files_of_certificates_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nothing")
    for keys in ({"ca_file": tmp_path / "x"}, {"cert_file": tmp_path / "none"}):
        with pytest.raises(SettingsError, match=f"mqtt.{next(iter(keys))}"):
            MqttClient(MqttSettings(tls=True, **keys)).start()  # type: ignore[arg-type]
