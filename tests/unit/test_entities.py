"""What all dialects share: time that passes, units, groups, and what is believed of a device."""

from __future__ import annotations

import pytest
from announced import Bench
from fakes import Clock, Wire
from household import household

from edgevoice.errors import BrokerError
from edgevoice.home import targets
from edgevoice.home.model import Device, State
from edgevoice.link import HomeLink
from edgevoice.messages import Command


def test_a_reading_that_is_not_renewed_runs_out() -> None:
    bench = Bench()
    sensor = bench.announce("sensor", stat_t="s", exp_aft=60)
    bench.say("s", "20")
    bench.adapter.due(bench.now + 59)
    assert bench.home.state(sensor).value == "20"
    bench.now += 30
    bench.say("s", "21")
    bench.adapter.due(bench.now + 59)
    assert bench.home.state(sensor).value == "21"
    bench.adapter.due(bench.now + 61)
    assert bench.home.state(sensor).value == "unavailable"
    bench.say("s", "22")
    assert bench.home.state(sensor).value == "22"


def test_a_motion_ends_by_itself() -> None:
    bench = Bench()
    motion = bench.announce("binary_sensor", stat_t="s", off_dly=5)
    bench.say("s", "ON")
    bench.adapter.due(bench.now + 4)
    assert bench.home.state(motion).value == "on"
    bench.adapter.due(bench.now + 6)
    assert bench.home.state(motion).value == "off"


def test_degrees_are_those_that_people_say() -> None:
    bench = Bench()
    bench.entities.degrees = "°C"
    keys = {"temp_cmd_t": "t", "temp_stat_t": "g", "curr_temp_t": "c", "min_temp": 50, "max_temp": 86, "temp_step": 1}
    stove = bench.announce("climate", temperature_unit="F", **keys)
    bench.say("g", "68")
    bench.say("c", "64.4")
    held, device = bench.home.state(stove).attributes, bench.home.devices[stove]
    assert (held["temperature"], held["current_temperature"], device.unit) == (20, 18, "°C")
    assert (device.capabilities["temperature"].minimum, device.capabilities["temperature"].maximum) == (10, 30)
    assert bench.sent(stove, "temperature", 21.5) == [("t", "70.7")]
    bench.say("homeassistant/sensor/o/config", {"name": "Out", "stat_t": "o", "unit_of_meas": "°F"})
    bench.say("o", "50")
    assert bench.home.state("sensor.out").value == "10"


def test_a_thermostat_without_bounds_has_the_usual_ones() -> None:
    bench = Bench()
    bound = bench.home.devices[bench.announce("climate", temp_cmd_t="t")].capabilities["temperature"]
    assert (bound.minimum, bound.maximum) == (7, 35)


def test_a_group_is_not_one_of_all_lights() -> None:
    home = household()
    home.put(Device("light.both", "Both", "light", members=("light.lamp",)))
    assert "light.both" not in {device.id for device in targets.match(home, domain="light")}
    assert [device.id for device in targets.match(home, name="both")] == ["light.both"]


# --- the link ---------------------------------------------------------------------------------------------------------


def linked(**wire: object) -> tuple[HomeLink, Wire]:
    home, clock = household(), Clock()
    made = Wire(home, clock, **wire)  # type: ignore[arg-type]
    return HomeLink(home, made, made, clock), made


def test_what_moves_has_more_time_than_a_lamp() -> None:
    blind = Command("cover.blind", "open", True)
    lamp = Command("light.lamp", "on", True)
    link, wire = linked(deaf=frozenset({"cover.blind", "light.lamp"}))
    wire.home.put(Device("cover.blind", "Blind", "cover"))
    wire.home.update("cover.blind", State("closed"))
    began = wire.clock()
    list(link.send([blind, lamp], began))
    told = list(link.confirm([blind, lamp], began, 1.0))
    assert [(event.command, event.confirmed, round(event.ms, -2)) for event in told] == [
        (lamp, False, 1000),
        (blind, False, 5000),
    ]
    assert [event.reported for event in told] == [None, None]


def test_a_device_that_does_otherwise_is_told_from_a_silent_one() -> None:
    command = Command("light.lamp", "on", True)
    link, wire = linked(deaf=frozenset({"light.lamp"}))
    began = wire.clock()
    list(link.send([command], began))
    wire.home.update("light.lamp", State("off", {}, began + 0.5))
    (told,) = link.confirm([command], began, 1.0)
    assert (told.confirmed, told.reported) == (False, "off")


def test_an_optimistic_device_is_taken_at_the_brokers_word_and_said_so() -> None:
    command = Command("switch.relay", "on", True)
    link, wire = linked(deaf=frozenset({"switch.relay"}))
    wire.home.put(Device("switch.relay", "Relay", "switch", optimistic=True))
    list(link.send([command], wire.clock()))
    (told,) = link.confirm([command], wire.clock(), 1.0)
    assert (told.confirmed, told.optimistic) == (True, True)
    assert wire.home.state("switch.relay").value == "on"  # so that "toggle" turns it off


def test_a_command_is_dropped_after_its_expiry() -> None:
    link, wire = linked(away=True)
    began = wire.clock()
    with pytest.raises(BrokerError, match="away for 5 s; it is dropped"):
        list(link.send([Command("light.lamp", "on", True)], began))
    assert (wire.sent, wire.clock() - began) == ([], 5.0)


def test_a_broker_that_goes_in_the_middle_leaves_the_rest_unsent() -> None:
    link, wire = linked()
    commands = [Command("light.lamp", "on", True), Command("switch.kettle", "on", True)]
    sending = link.send(commands, wire.clock())
    assert next(sending).command == commands[0]
    wire.away = True
    assert list(sending) == []
    assert wire.sent == commands[:1]
