"""The figures of `tools/bench.py home`, in small: a large home, a flood of states, a flood of nonsense."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from brokers import Mosquitto, program

from benchmark import home as bench
from edgevoice import assembly
from edgevoice.cli import main
from edgevoice.config import HomeSettings, MqttSettings, Settings
from edgevoice.messages import Command
from edgevoice.resources import find
from edgevoice.simulator import Simulator


def test_a_large_home_is_known_soon_and_a_flood_delays_no_turn(tmp_path: Path) -> None:
    program("mosquitto")
    found = {figure.name.partition(": ")[2]: figure for figure in bench.large(tmp_path, 2000)}
    value = {name: figure.median or 0.0 for name, figure in found.items()}
    assert value["discovery to ready"] < 10.0
    assert value["memory of the home, what can be said there included"] < 100.0
    assert (found["a name resolved"].p95 or 0.0) < 5.0
    assert value["states lost in the flood"] == 0
    flooded = next(figure for name, figure in found.items() if name.startswith("the same"))
    assert (flooded.ratio or 0.0) < 3.0  # below 2 on a machine that does nothing else


def test_nonsense_on_every_topic_raises_nothing_and_stays_nowhere() -> None:
    exceptions, unforeseen, refused, memory = bench.nonsense(5000)
    assert (exceptions.median, unforeseen.median) == (0, 0)
    assert (refused.median or 0) > 1000
    assert (memory.median or 0.0) < 10.0


@pytest.mark.parametrize("dialect", ["homeassistant", "zigbee2mqtt", "tasmota", "homie"])
def test_a_simulated_home_in_every_dialect(
    mosquitto: Mosquitto, dialect: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With the broker's address and no more."""
    settings = Settings(mqtt=MqttSettings(port=mosquitto.port), home=HomeSettings())
    with Simulator(find("homes/demo.yaml"), settings.mqtt, dialect), assembly.home(settings) as link:
        lamp = next(device for device in link.home.devices.values() if device.name == "Kitchen Ceiling")
        assert link.home.state(lamp.id).value == "off"
        command = Command(lamp.id, "brightness", 40)
        began = time.monotonic()
        assert list(link.send([command], began))
        assert [event.confirmed for event in link.confirm([command], began, 3.0)] == [True]
        file = tmp_path / "settings.yaml"
        owners = tmp_path / "home.yaml"
        owners.write_text(f"devices: [{{id: {lamp.id}, who: [voice], risk: {{on: confirm}}}}]\n")
        file.write_text(f"mqtt: {{port: {mosquitto.port}, client_id: looking}}\nhome: {{file: {owners}}}\n")
        assert main(["devices", "--home", "--config", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "Kitchen Ceiling" in shown
    assert f"{lamp.origin}  (on: confirm; only voice)" in shown
    assert "11.5 °C" in shown


def test_without_a_broker_the_home_is_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("mqtt: {port: 1}\n")
    assert main(["devices", "--home", "--config", str(file)]) == 1
    assert "cannot be reached" in capsys.readouterr().err
