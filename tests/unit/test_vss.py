"""A vehicle's signals as a home: zones, devices, units, targets, what is refused; and VISS's requests and answers."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgevoice.config import NluSettings
from edgevoice.errors import SettingsError
from edgevoice.home import inventory, vss_tree
from edgevoice.home.appliance import confirms
from edgevoice.home.model import Home, Refusal
from edgevoice.home.viss import VissAdapter
from edgevoice.home.vss import DRIVER_POSITION, SPEED, Vehicle
from edgevoice.messages import Command, Message, Outcome, Value
from edgevoice.nlu import cascade
from edgevoice.resources import find
from edgevoice.skills.conversation import Conversation

TREE = vss_tree.load(find("homes/car.json"))
WINDOW = "Vehicle.Cabin.Door.Row1.{}.Window.Position"


def vehicle(**values: str) -> Vehicle:
    """The shipped car, all of whose signals have told their defaults."""
    made = Vehicle(Home(), TREE)
    for path in made.paths:
        told = TREE.signals[path].default
        made.report(path, str(told).lower() if isinstance(told, bool) else str(told), 0.0)
    return made


def test_the_shipped_tree_is_vss_6() -> None:
    assert TREE.version == "6.0"
    with pytest.raises(SettingsError, match=r"6\.0, and 5\.1 is wanted"):
        vss_tree.load(find("homes/car.json"), "5.1")
    made = vehicle()
    assert len(made.home.devices) > 50
    assert {area.id for area in made.home.areas.values()} == {"driver", "passenger", "rear_left", "rear_right"}
    assert made.home.state("sensor.speed").value == "0"
    assert "unknown" not in {state.value for state in made.home.states.values()}


@pytest.mark.parametrize(
    ("said", "option"),
    [
        ("turn on the wipers", "medium"),
        ("start the windshield wipers", "medium"),
        ("turn the wipers off", "off"),
        ("stop the wipers", "off"),
        ("set the wipers to fast", "fast"),
    ],
)
def test_the_wipers(said: str, option: str) -> None:
    home = vehicle().home
    talk = Conversation(home, cascade.load(home, NluSettings(packs=("car",))), area="driver")
    (outcome,) = (one for one in talk.hear(said, 0.0, threading.Event()) if isinstance(one, Outcome))
    assert outcome.commands == (Command("select.wipers", "option", option),)


@pytest.mark.parametrize(
    ("position", "left", "rear_left"),
    [
        ("LEFT", "DriverSide", "DriverSide"),
        ("MIDDLE", "DriverSide", "DriverSide"),
        ("RIGHT", "PassengerSide", "PassengerSide"),
    ],
)
def test_left_follows_from_where_the_driver_sits(position: str, left: str, rear_left: str) -> None:
    made = vehicle()
    made.report(DRIVER_POSITION, position, 1.0)
    understanding = cascade.load(made.home, NluSettings(packs=("car",)))
    for name, row, side in (("left", 1, left), ("rear left", 2, rear_left), ("driver", 1, "DriverSide")):
        talk = Conversation(made.home, understanding, area="driver")
        (outcome,) = (
            one for one in talk.hear(f"open the {name} window", 0.0, threading.Event()) if isinstance(one, Outcome)
        )
        (command,) = outcome.commands
        assert made.write(command) == ((f"Vehicle.Cabin.Door.Row{row}.{side}.Window.Position", 100),)


@pytest.mark.parametrize(
    ("device", "capability", "value", "path", "written", "reported"),
    [
        ("climate.row1_driver", "temperature", 21.5, "Cabin.HVAC.Station.Row1.Driver.Temperature", 21.5, "21.5"),
        ("fan.row1_driver", "fan_speed", 60, "Cabin.HVAC.Station.Row1.Driver.FanSpeed", 60, "60"),
        ("fan.row1_driver", "on", False, "Cabin.HVAC.Station.Row1.Driver.FanSpeed", 0, "0"),
        ("cover.row1_driver_window", "position", 40, "Cabin.Door.Row1.DriverSide.Window.Position", 40, "40"),
        ("cover.row1_driver_window", "open", True, "Cabin.Door.Row1.DriverSide.Window.Position", 100, "100"),
        ("lock.row2_driver_door", "locked", False, "Cabin.Door.Row2.DriverSide.IsLocked", False, "false"),
        ("switch.row1_driver_seat_heating", "value", 70, "Cabin.Seat.Row1.DriverSide.HeatingCooling", 70, "70"),
        ("switch.row1_driver_seat_cooling", "on", True, "Cabin.Seat.Row1.DriverSide.HeatingCooling", -50, "-50"),
        ("light.row1_driver_ambient", "brightness", 30, "Cabin.Lights.AmbientLight.Row1.DriverSide.Intensity", 30, "30"),
        ("light.row1_driver_ambient", "color", "red", "Cabin.Lights.AmbientLight.Row1.DriverSide.Color", "#FF0000", "#ff0000"),
        ("select.wipers", "option", "rain_sensor", "Body.Windshield.Front.Wiping.Mode", "RAIN_SENSOR", "RAIN_SENSOR"),
        ("switch.hazard_lights", "on", True, "Body.Lights.Hazard.IsSignaling", True, "true"),
        ("cover.trunk", "open", True, "Body.Trunk.Rear.IsOpen", True, "true"),
    ],
)  # fmt: skip
def test_a_command_becomes_a_signal_and_its_current_value_confirms_it(
    device: str, capability: str, value: Value, path: str, written: Any, reported: str
) -> None:
    made, command = vehicle(), Command(device, capability, value)
    if capability in ("brightness", "color"):
        made.report("Vehicle.Cabin.Lights.AmbientLight.Row1.DriverSide.IsLightOn", "true", 1.0)
    if capability == "on" and value is False:
        assert not confirms(command, made.home.state(device))
    assert made.write(command) == ((f"Vehicle.{path}", written),)
    made.report(f"Vehicle.{path}", reported, 1.0)
    assert confirms(command, made.home.state(device))


def test_a_target_confirms_nothing_but_movement_towards_it_does() -> None:
    made, path = vehicle(), WINDOW.format("DriverSide")
    command = Command("cover.row1_driver_window", "open", True)
    made.aim(path, "100", 1.0)
    state = made.home.state(command.device)
    assert (state.value, state.attributes["target"]) == ("closed", "100")
    assert not confirms(command, state)
    made.report(path, "25", 2.0)
    assert made.home.state(command.device).value == "opening"
    assert confirms(command, made.home.state(command.device))
    made.report(path, "10", 3.0)  # somebody holds its button down
    assert made.home.state(command.device).value == "open"
    assert not confirms(command, made.home.state(command.device))
    made.report(path, "100", 4.0)
    assert "target" not in made.home.state(command.device).attributes


def test_values_stay_within_the_trees_bounds_and_nonsense_is_refused() -> None:
    made = vehicle()
    assert made.write(Command("climate.row1_driver", "temperature", 40)) == (
        ("Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature", 28.0),
    )
    assert made.write(Command("light.kitchen", "on", True)) == ()
    for path, raw in (
        (SPEED, "fast"),
        (WINDOW.format("DriverSide"), "nan"),
        ("Vehicle.Body.Trunk.Rear.IsOpen", "ajar"),
    ):
        with pytest.raises(ValueError, match=r"number|neither"):
            made.report(path, raw, 1.0)
    assert made.home.state("sensor.speed").value == "0"


def test_a_vehicle_that_is_silent_does_not_stand() -> None:
    made = vehicle()
    made.unreachable(1.0)
    assert made.home.state("sensor.speed").value == "unavailable"


def test_the_owners_file_wins(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("devices: [{id: cover.trunk, name: Cargo Hold, risk: {open: pin}}]\n")
    made = Vehicle(Home(), TREE, "car.json", inventory.load(file))
    assert made.home.devices["cover.trunk"].name == "Cargo Hold"
    assert "open" in made.home.devices["cover.trunk"].risk


def test_trees_before_version_5_name_left_and_right(tmp_path: Path) -> None:
    def branch(**children: Any) -> dict[str, Any]:
        return {"type": "branch", "children": children}

    position = branch(Position={"type": "actuator", "datatype": "uint8", "unit": "percent"})
    row = branch(Left=branch(Window=position), Right=branch(Window=position))
    file = tmp_path / "car.json"
    file.write_text(json.dumps({"Vehicle": branch(Cabin=branch(Door=branch(Row1=row)))}))
    made = Vehicle(Home(), vss_tree.load(file))
    assert {device.name for device in made.home.devices.values()} == {"Driver Window", "Passenger Window"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "cannot be read"),
        ("[]", "no tree"),
        ('{"Vehicle": {"type": "branch"}}', "no signal"),
        ('{"Vehicle": {"type": "branch", "instances": ["Row[1,2]"], "children": {}}}', "instances"),
        ('{"Vehicle": {"type": "branch", "children": {"Speed": {"type": "sensor"}}}}', "no datatype"),
        ('{"Vehicle": {"type": "branch", "children": {"Speed": 3}}}', "no branch"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_what_is_no_tree_is_told(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "car.json"
    file.write_text(text)
    with pytest.raises(SettingsError, match=problem):
        vss_tree.load(file)


# --- VISS -------------------------------------------------------------------------------------------------------------


class Wheel:
    """An adapter, its clock, and what it has published."""

    def __init__(self) -> None:
        self.vehicle = Vehicle(Home(), TREE)
        self.adapter = VissAdapter(self.vehicle, "VID1", "me")
        self.now = 100.0
        self.replies = self.adapter.subscriptions()[0]

    def due(self, seconds: float = 0.0) -> list[dict[str, Any]]:
        self.now += seconds
        return [self.request(message) for message in self.adapter.due(self.now)]

    def request(self, message: Message) -> dict[str, Any]:
        told = json.loads(message.payload)
        assert (message.topic, message.retain, told["topic"]) == ("VID1/Vehicle", False, self.replies)
        found: dict[str, Any] = told["request"]
        return found

    def answer(self, told: object) -> None:
        payload = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.adapter.handle(Message(self.replies, payload), self.now)

    def connect(self) -> None:
        subscribe, get = self.due()
        self.answer({"action": "subscribe", "requestId": subscribe["requestId"], "subscriptionId": "1"})
        self.answer({"action": "get", "requestId": get["requestId"], "data": [{"path": SPEED, "dp": {"value": "0"}}]})


def test_it_subscribes_until_it_is_answered_and_again_after_each_connection() -> None:
    wheel = Wheel()
    subscribe, get = wheel.due()
    assert (subscribe["action"], get["action"]) == ("subscribe", "get")
    assert "Speed" in get["filter"]["parameter"]
    assert wheel.due(1.0) == []
    assert [one["action"] for one in wheel.due(3.0)] == ["subscribe", "get"]
    wheel.now += 3.0
    wheel.connect()
    assert wheel.vehicle.home.state("sensor.speed").value == "0"
    wheel.adapter.handle(Message("edgevoice/me/availability", b"online"), wheel.now)
    assert [one["action"] for one in wheel.due()] == ["subscribe", "get"]


def test_the_speed_is_asked_for_and_silence_makes_it_unknown() -> None:
    wheel = Wheel()
    wheel.connect()
    (pulse,) = wheel.due(2.1)
    assert (pulse["action"], pulse["path"]) == ("get", SPEED)
    wheel.answer({"action": "get", "requestId": pulse["requestId"], "data": {"path": SPEED, "dp": {"value": "3"}}})
    assert wheel.vehicle.home.state("sensor.speed").value == "3"
    wheel.due(7.0)
    assert wheel.vehicle.home.state("sensor.speed").value == "unavailable"


def test_a_command_is_a_request_and_only_an_event_confirms_it() -> None:
    wheel, command = Wheel(), Command("switch.air_conditioning", "on", True)
    wheel.connect()
    (message,) = wheel.adapter.messages(command)
    request = wheel.request(message)
    path = "Vehicle.Cabin.HVAC.IsAirConditioningActive"
    assert (request["action"], request["path"], request["value"]) == ("set", path, "true")
    wheel.answer({"action": "set", "requestId": request["requestId"], "ts": "2026-01-01T00:00:00Z"})
    assert not confirms(command, wheel.vehicle.home.state(command.device))
    wheel.answer({"action": "subscription", "subscriptionId": "1", "data": {"path": path, "dp": {"value": "true"}}})
    assert confirms(command, wheel.vehicle.home.state(command.device))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"number": 403, "reason": "forbidden_request", "message": "No such right."}, "No such right."),
        ({"number": 403, "reason": "forbidden_request"}, "forbidden_request"),
        ({"number": 403}, "403"),
        ("not now", "not now"),
    ],
)
def test_a_refusal_is_counted_aims_at_nothing_and_keeps_its_reason(error: object, reason: str) -> None:
    wheel = Wheel()
    wheel.connect()
    (message,) = wheel.adapter.messages(Command("switch.air_conditioning", "on", True))
    wheel.answer({"action": "set", "requestId": wheel.request(message)["requestId"], "error": error})
    assert wheel.vehicle.problems == 1
    assert wheel.vehicle.home.refusals["switch.air_conditioning"] == Refusal(reason, wheel.now)
    assert "target" not in wheel.vehicle.home.state("switch.air_conditioning").attributes


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.sampled_from([SPEED, "get", "set", "1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["action", "requestId", "data", "path", "dp", "value", "error", "x"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80) | json_values.map(lambda told: json.dumps(told).encode()))
def test_whatever_the_vehicle_says_nothing_is_raised(payload: bytes) -> None:
    wheel = Wheel()
    wheel.connect()
    wheel.answer(payload)
    wheel.answer({"action": "get", "data": [{"path": SPEED, "dp": {"value": "5"}}]})
    assert wheel.vehicle.home.state("sensor.speed").value == "5"
