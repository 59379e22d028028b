"""KUKSA's own client library against a databroker of a few lines that speaks its protocol over gRPC."""

from __future__ import annotations

import os
import queue
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgevoice.errors import BrokerError, SettingsError
from edgevoice.home import vss_tree
from edgevoice.home.kuksa import Buses, KuksaAdapter
from edgevoice.home.model import Home
from edgevoice.home.vss import SPEED, Vehicle
from edgevoice.link import HomeLink
from edgevoice.messages import Command, Message
from edgevoice.resources import find

if not os.environ.get("CI"):
    pytest.importorskip("kuksa_client", reason="pip install 'edgevoice[kuksa]'")

import grpc
from kuksa.val.v1 import types_pb2 as types_v1
from kuksa.val.v1 import val_pb2 as val_v1
from kuksa.val.v1 import val_pb2_grpc as grpc_v1
from kuksa.val.v2 import types_pb2 as types_v2
from kuksa.val.v2 import val_pb2 as val_v2
from kuksa.val.v2 import val_pb2_grpc as grpc_v2

from edgevoice.kuksa.databroker import Databroker

TREE = vss_tree.load(find("homes/car.json"))
_TYPES = {"boolean": "BOOLEAN", "string": "STRING", "float": "FLOAT"}
_FIELDS = {"boolean": "bool", "string": "string", "float": "float"}


class V1(grpc_v1.VALServicer):
    """Types, current values and targets; what is set becomes the current value at once."""

    def __init__(self) -> None:
        self.values = {path: signal.default for path, signal in TREE.signals.items()}
        self.streams: list[queue.Queue[str]] = []
        self.refuses = False

    def point(self, path: str) -> dict[str, Any]:
        datatype = TREE.signals[path].datatype
        return {_FIELDS.get(datatype, "uint32" if datatype.startswith("u") else "int32"): self.values[path]}

    def GetServerInfo(self, request: Any, context: Any) -> Any:
        return val_v1.GetServerInfoResponse(name="broker of the test", version="0")

    def Get(self, request: Any, context: Any) -> Any:
        entries = []
        for one in request.entries:
            datatype = TREE.signals[one.path].datatype
            kind = getattr(types_v1, f"DATA_TYPE_{_TYPES.get(datatype, datatype.upper())}")
            value = types_v1.Datapoint(**self.point(one.path))
            entries.append(types_v1.DataEntry(path=one.path, value=value, metadata=types_v1.Metadata(data_type=kind)))
        return val_v1.GetResponse(entries=entries)

    def Set(self, request: Any, context: Any) -> Any:
        if self.refuses:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no right to this signal")
        for update in request.updates:
            target = update.entry.actuator_target
            self.change(update.entry.path, getattr(target, target.WhichOneof("value")))
        return val_v1.SetResponse()

    def change(self, path: str, value: Any) -> None:
        self.values[path] = value
        for stream in self.streams:
            stream.put(path)


class V2(grpc_v2.VALServicer):
    def __init__(self, v1: V1) -> None:
        self._v1 = v1

    def Subscribe(self, request: Any, context: Any) -> Iterator[Any]:
        changed: queue.Queue[str] = queue.Queue()
        self._v1.streams.append(changed)
        yield val_v2.SubscribeResponse(entries={path: self._point(path) for path in request.signal_paths})
        while context.is_active():
            try:
                path = changed.get(timeout=0.05)
            except queue.Empty:
                continue
            yield val_v2.SubscribeResponse(entries={path: self._point(path)})

    def _point(self, path: str) -> Any:
        return types_v2.Datapoint(value=types_v2.Value(**self._v1.point(path)))


class Broker:
    """The databroker on a port that stays its own."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.v1 = V1()

    def start(self) -> None:
        self._server = grpc.server(ThreadPoolExecutor(8))
        grpc_v1.add_VALServicer_to_server(self.v1, self._server)
        grpc_v2.add_VALServicer_to_server(V2(self.v1), self._server)
        self._server.add_insecure_port(self.address)
        self._server.start()

    def stop(self) -> None:
        self._server.stop(None).wait(5.0)


class Nothing:
    """An MQTT bus on which nothing happens."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def subscribe(self, filters: object) -> None:
        """There is nothing to hear."""

    def ready(self, timeout_seconds: float, topic: str) -> bool:
        return True

    def publish(self, message: Message) -> None:
        self.sent.append(message)

    def receive(self, timeout_seconds: float) -> Message | None:
        time.sleep(timeout_seconds)
        return None


class Side:
    def __init__(self, address: str) -> None:
        self.home = Home()
        vehicle = Vehicle(self.home, TREE)
        self.databroker = Databroker(address, vehicle.paths)
        self.mqtt = Nothing()
        bus = Buses(self.mqtt, self.databroker)
        self.link = HomeLink(self.home, KuksaAdapter(vehicle), bus, time.monotonic, expiry_seconds=0.5)
        self.databroker.start()

    def until(self, true: Callable[[], bool], seconds: float = 15.0) -> bool:
        end = time.monotonic() + seconds
        while not true() and time.monotonic() < end:
            self.link.pump(0.05)
        return true()

    def is_at(self, speed: str) -> bool:
        return self.until(lambda: self.home.state("sensor.speed").value == speed)

    def do(self, command: Command) -> bool:
        began = time.monotonic()
        list(self.link.send([command], began))
        return next(self.link.confirm([command], began, 3.0)).confirmed


@pytest.fixture
def broker() -> Iterator[Broker]:
    made = Broker()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def side(broker: Broker) -> Iterator[Side]:
    made = Side(broker.address)
    yield made
    made.databroker.stop()


@pytest.mark.parametrize(
    ("command", "path", "value"),
    [
        (Command("climate.row1_driver", "temperature", 23.5), "Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature", 23.5),
        (Command("cover.row1_driver_window", "position", 40), "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position", 40),
        (Command("switch.row1_driver_seat_cooling", "on", True), "Vehicle.Cabin.Seat.Row1.DriverSide.HeatingCooling", -50),
        (Command("lock.row1_driver_door", "locked", False), "Vehicle.Cabin.Door.Row1.DriverSide.IsLocked", False),
        (Command("select.wipers", "option", "fast"), "Vehicle.Body.Windshield.Front.Wiping.Mode", "FAST"),
    ],
)  # fmt: skip
def test_a_target_is_set_and_its_current_value_confirms(
    broker: Broker, side: Side, command: Command, path: str, value: object
) -> None:
    assert side.is_at("0")
    assert side.do(command)
    assert broker.v1.values[path] == value


def test_values_come_as_they_change(broker: Broker, side: Side) -> None:
    assert side.is_at("0")
    broker.v1.change(SPEED, 42.0)
    assert side.is_at("42")


def test_a_refusal_gives_its_reason_and_mqtt_keeps_its_own(broker: Broker, side: Side) -> None:
    assert side.is_at("0")
    broker.v1.refuses = True
    command, began = Command("switch.front_defroster", "on", True), time.monotonic()
    list(side.link.send([command], began))
    told = next(side.link.confirm([command], began, 3.0))
    assert (told.confirmed, told.refused) == (False, "no right to this signal")
    assert time.monotonic() - began < 1.5
    side.link.bus.publish(Message("home/lamp/set", b"ON"))
    assert side.mqtt.sent == [Message("home/lamp/set", b"ON")]


def test_a_databroker_that_goes_and_comes_back(broker: Broker, side: Side) -> None:
    assert side.is_at("0")
    broker.stop()
    assert side.is_at("unavailable")
    with pytest.raises(BrokerError, match=r"away for 0\.5 s; it is dropped"):
        side.do(Command("switch.front_defroster", "on", True))
    broker.start()
    assert side.is_at("0")
    assert side.do(Command("switch.front_defroster", "on", True))


def test_settings_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="host:port"):
        Databroker("here", ())
    with pytest.raises(SettingsError, match="JWT"):
        Databroker("127.0.0.1:1", (), tmp_path / "none")
