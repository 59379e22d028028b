"""A simulated vehicle that answers VISS, with Mosquitto between it and the assistant."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from brokers import Mosquitto

from edgevoice.config import MqttSettings
from edgevoice.home import vss_tree
from edgevoice.home.adapters import Adapters
from edgevoice.home.model import Home
from edgevoice.home.viss import VissAdapter
from edgevoice.home.vss import SPEED, Vehicle
from edgevoice.link import HomeLink
from edgevoice.messages import Command
from edgevoice.mqtt.client import MqttClient
from edgevoice.resources import find
from edgevoice.simulator import Manner
from edgevoice.skills import policy
from edgevoice.vehicle import SimulatedVehicle

TREE = find("homes/car.json")
MEDIAN_MS = 25.0
"""From the command to the current value that confirms it; with nothing else running it is about 1 ms."""
WINDOW = "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position"
UNLOCK = Command("lock.row1_driver_door", "locked", False)


class Side:
    """The assistant's side of the broker."""

    def __init__(self, port: int) -> None:
        self.home = Home()
        self.vehicle = Vehicle(self.home, vss_tree.load(TREE))
        self.client = MqttClient(MqttSettings(port=port))
        adapter = Adapters(VissAdapter(self.vehicle, "car", "edgevoice"))
        self.link = HomeLink(self.home, adapter, self.client, time.monotonic)

    def until(self, true: Callable[[], bool], seconds: float = 15.0) -> bool:
        end = time.monotonic() + seconds
        while not true() and time.monotonic() < end:
            self.link.pump(0.05)
        return true()

    def state(self, device: str) -> str:
        return self.home.state(device).value

    def do(self, *commands: Command, seconds: float = 3.0) -> list[bool]:
        began = time.monotonic()
        list(self.link.send(commands, began))
        return [event.confirmed for event in self.link.confirm(commands, began, seconds)]

    def stands(self) -> bool:
        return policy.stands(self.home, policy.Rules())


@pytest.fixture
def assistant(mosquitto: Mosquitto) -> Iterator[Side]:
    made = Side(mosquitto.port)
    made.client.start(5.0)
    yield made
    made.client.stop()


def test_commands_are_confirmed_by_current_values(mosquitto: Mosquitto, assistant: Side) -> None:
    with SimulatedVehicle(TREE, MqttSettings(port=mosquitto.port)) as car:
        assert assistant.until(lambda: assistant.state("sensor.speed") == "0")
        spent = []
        for percent in (10, 50, 90) * 30:
            began = time.monotonic()
            assert assistant.do(Command("cover.row1_driver_window", "position", percent)) == [True]
            spent.append((time.monotonic() - began) * 1e3)
        print(f"command to confirmed value, median of {len(spent)}: {statistics.median(spent):.2f} ms")
        assert statistics.median(spent) < MEDIAN_MS
        assert car.value(WINDOW) == "90"
        assert assistant.do(Command("switch.front_defroster", "on", True), UNLOCK) == [True, True]


def test_a_slow_window_is_on_its_way_and_a_deaf_car_does_not_confirm(mosquitto: Mosquitto, assistant: Side) -> None:
    with SimulatedVehicle(TREE, MqttSettings(port=mosquitto.port), manner=Manner(0.4)):
        assert assistant.until(lambda: assistant.state("sensor.speed") == "0")
        assert assistant.do(Command("cover.row1_driver_window", "open", True)) == [True]
        assert assistant.state("cover.row1_driver_window") == "opening"
        assert assistant.until(lambda: assistant.state("cover.row1_driver_window") == "open")
        assert assistant.do(Command("switch.front_defroster", "on", True), seconds=0.1) == [False]
        assert assistant.home.state("switch.front_defroster").attributes["target"] == "true"


def test_a_car_that_drives_or_falls_silent_does_not_stand(mosquitto: Mosquitto, assistant: Side) -> None:
    with SimulatedVehicle(TREE, MqttSettings(port=mosquitto.port)) as car:
        assert assistant.until(assistant.stands)
        car.set(SPEED, "50")
        assert assistant.until(lambda: not assistant.stands())
        assert policy.is_denied(assistant.home, [UNLOCK], policy.Rules())
        car.set(SPEED, "0")
        assert assistant.until(assistant.stands)
    assert assistant.until(lambda: assistant.state("sensor.speed") == "unavailable")
    assert not assistant.stands()


def test_after_the_broker_was_away_the_car_is_known_again(mosquitto: Mosquitto, assistant: Side) -> None:
    with SimulatedVehicle(TREE, MqttSettings(port=mosquitto.port)) as car:
        assert assistant.until(assistant.stands)
        mosquitto.kill()
        mosquitto.start()
        car.set(SPEED, "20")
        assert assistant.until(lambda: assistant.state("sensor.speed") == "20")
        assert assistant.until(lambda: assistant.do(Command("light.dome", "on", True), seconds=1.0) == [True])


def test_a_car_that_hears_nothing_is_not_there(mosquitto: Mosquitto, assistant: Side) -> None:
    with SimulatedVehicle(TREE, MqttSettings(port=mosquitto.port), manner=Manner(loss=1.0)):
        assert not assistant.until(assistant.stands, 1.0)
        assert assistant.state("switch.front_defroster") == "unknown"


def test_a_refusal_ends_the_wait_and_gives_its_reason(mosquitto: Mosquitto, assistant: Side, tmp_path: Path) -> None:
    tree = json.loads(TREE.read_text("utf-8"))
    del tree["Vehicle"]["children"]["Body"]["children"]["Lights"]["children"]["Hazard"]  # this car has none
    (tmp_path / "car.json").write_text(json.dumps(tree), "utf-8")
    with SimulatedVehicle(tmp_path / "car.json", MqttSettings(port=mosquitto.port)):
        assert assistant.until(assistant.stands)
        command, began = Command("switch.hazard_lights", "on", True), time.monotonic()
        list(assistant.link.send([command], began))
        told = next(assistant.link.confirm([command], began, 20.0))
        assert (told.confirmed, told.refused) == (False, "The requested data was not found.")
        assert time.monotonic() - began < 10.0
        assert assistant.do(Command("light.dome", "on", True)) == [True]


def test_the_cars_demo_goes_well(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edgevoice", "demo", "--car", "--profile", "car-head-unit", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 of 10 scenes went as they should." in done.stdout
    assert list(tmp_path.glob("*.wav"))


def test_a_car_may_be_simulated_by_a_process_of_its_own(mosquitto: Mosquitto, assistant: Side, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"mqtt: {{port: {mosquitto.port}}}\n", "utf-8")
    command = [sys.executable, "-m", "edgevoice", "simulate", "--dialect", "viss", "--config", str(settings)]
    with subprocess.Popen([*command, "--delay", "10"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "car/Vehicle" in process.stdout.readline()
            assert assistant.until(assistant.stands)
            assert assistant.do(UNLOCK) == [True]
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(10.0) == 130
