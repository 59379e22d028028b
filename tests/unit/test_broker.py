"""The MQTT client against the embedded broker, in one process."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest

from edgevoice.config import MqttSettings
from edgevoice.errors import BrokerError, SettingsError
from edgevoice.messages import Message
from edgevoice.mqtt.broker import EmbeddedBroker
from edgevoice.mqtt.client import PAYLOAD_LIMIT, MqttClient


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as running:
        yield running


@pytest.fixture
def client(broker: EmbeddedBroker) -> Iterator[MqttClient]:
    made = MqttClient(MqttSettings(port=broker.port, version="3.1.1"), inbox=5)
    made.start(5.0)
    yield made
    made.stop()


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Waits for `true`; False after `seconds`."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not true() and time.monotonic() < end:
        pause.wait(0.01)
    return true()


def test_what_is_published_is_received(client: MqttClient) -> None:
    client.subscribe(["room/+/state"])
    client.publish(Message("room/a/state", b"on"))
    received = client.receive(2.0)
    assert received is not None
    assert (received.topic, received.payload, received.qos, received.retain) == ("room/a/state", b"on", 1, False)
    assert client.receive(0.0) is None


def test_it_says_online_and_goodbye_and_both_stay(broker: EmbeddedBroker, client: MqttClient) -> None:
    watcher, late = (
        MqttClient(MqttSettings(port=broker.port, version="3.1.1", client_id=name)) for name in ("watcher", "late")
    )
    watcher.subscribe(["edgevoice/edgevoice/availability"])
    watcher.start(5.0)
    online = watcher.receive(2.0)
    client.stop()
    said: set[bytes] = set()
    assert until(lambda: said.add((watcher.receive(0.1) or Message("", b"")).payload) or b"offline" in said)
    late.subscribe(["edgevoice/edgevoice/availability"])
    late.start(5.0)
    offline = late.receive(2.0)
    watcher.stop()
    late.stop()
    assert online is not None
    assert online.payload == b"online"
    assert offline is not None
    assert (offline.payload, offline.retain) == (b"offline", True)


def test_a_full_inbox_and_a_huge_payload_are_counted(client: MqttClient) -> None:
    client.subscribe(["flood"])
    client.publish(Message("flood", b"x" * (PAYLOAD_LIMIT + 1)))
    assert until(lambda: client.lost == 1)
    for number in range(12):
        client.publish(Message("flood", str(number).encode()))
    assert until(lambda: client.lost == 8)
    kept = [client.receive(1.0) for _ in range(5)]
    assert [message.payload for message in kept if message] == [b"0", b"1", b"2", b"3", b"4"]
    assert client.connected


def test_without_a_broker_nothing_is_sent_and_nothing_is_kept_to_send() -> None:
    with EmbeddedBroker() as gone:
        port = gone.port
    client = MqttClient(MqttSettings(port=port, version="3.1.1"))
    with pytest.raises(BrokerError, match=rf"127\.0\.0\.1:{port} cannot be reached"):
        client.start(0.3)
    with pytest.raises(BrokerError, match="not sent"):
        client.publish(Message("lamp/set", b"ON"))
    witness = MqttClient(MqttSettings(port=port, version="3.1.1", client_id="witness"))
    witness.subscribe(["#"])
    with EmbeddedBroker(port):
        witness.start(5.0)
        assert until(lambda: client.connected, 10.0)
        client.publish(Message("after", b""))
        topics = []
        while "after" not in topics:
            message = witness.receive(2.0)
            assert message is not None
            topics.append(message.topic)
        client.stop()
        witness.stop()
    assert "lamp/set" not in topics


def test_it_comes_back_and_listens_again(client: MqttClient, broker: EmbeddedBroker) -> None:
    client.subscribe(["state"])
    broker.stop()
    assert until(lambda: not client.connected)
    assert until(lambda: "closed the connection" in client.problem or "cannot be reached" in client.problem)
    with EmbeddedBroker(broker.port):
        assert until(lambda: client.connected, 10.0)
        assert (client.problem, client.connections) == ("", 2)
        client.publish(Message("state", b"on"))
        received = client.receive(2.0)
        assert received is not None
        assert received.payload == b"on"


def test_a_topic_with_a_wildcard_is_not_published_to(client: MqttClient) -> None:
    with pytest.raises(BrokerError, match="'a/#' cannot be published to"):
        client.publish(Message("a/#", b""))
    assert client.connected


def test_a_password_file_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    client = MqttClient(MqttSettings(username="me", password_file=tmp_path / "none"))
    with pytest.raises(SettingsError, match="password_file"):
        client.start()


def test_the_broker_stops_while_clients_owe_it_acknowledgements(broker: EmbeddedBroker) -> None:
    debtor = paho.Client(paho.CallbackAPIVersion.VERSION2, manual_ack=True)
    heard = threading.Event()
    debtor.on_message = lambda *_: heard.set()
    debtor.on_subscribe = lambda owner, *_: owner.publish("x", "1", 1)
    debtor.connect(broker.host, broker.port)
    debtor.subscribe("x", 1)
    debtor.loop_start()
    assert heard.wait(5.0)
    began = time.monotonic()
    broker.stop()
    assert time.monotonic() - began < 3.0
    debtor.loop_stop()
    with EmbeddedBroker(broker.port) as again:
        assert again.port == broker.port


def test_a_taken_port_is_said(broker: EmbeddedBroker) -> None:
    with pytest.raises(BrokerError, match=f"cannot listen on 127.0.0.1:{broker.port}"):
        EmbeddedBroker(broker.port).start()


def test_the_embedded_broker_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), EmbeddedBroker() as running:
        client = MqttClient(MqttSettings(port=running.port, version="3.1.1"))
        client.start(5.0)
        client.stop()
    assert not [record for record in caplog.records if record.name.startswith(("amqtt", "transitions"))]


def test_a_message_delivered_twice_is_received_once() -> None:
    """A broker that lost our acknowledgement sends again, with the mark of a duplicate; what is new is not passed over."""

    def publish(payload: bytes, dup: bool = False) -> bytes:
        body = b"\x00\x01t" + b"\x00\x01" + payload
        return bytes([0x3A if dup else 0x32, len(body)]) + body

    def serve(listening: socket.socket) -> None:
        connected, _ = listening.accept()
        connected.recv(1024)
        connected.sendall(
            b"\x20\x02\x00\x00" + publish(b"toggle") + publish(b"toggle", dup=True) + publish(b"new", dup=True)
        )
        connected.recv(1024)
        stop.wait(10.0)
        connected.close()

    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        with MqttClient(MqttSettings(port=listening.getsockname()[1], version="3.1.1")) as client:
            told = [client.receive(5.0), client.receive(5.0), client.receive(0.2)]
        stop.set()
    assert [message and message.payload for message in told] == [b"toggle", b"new", None]


def test_the_version_that_the_broker_speaks_is_found(broker: EmbeddedBroker) -> None:
    """The embedded broker knows 3.1.1 only."""
    with MqttClient(MqttSettings(port=broker.port)) as client:
        assert client.ready(10.0)
    only_new = MqttClient(MqttSettings(port=broker.port, version="5"))
    with pytest.raises(BrokerError):
        only_new.start(2.0)
    only_new.stop()
