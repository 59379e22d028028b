"""Zigbee2MQTT, Tasmota and Homie: the adapters against the appliances' own code, and against what real ones send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dialect_home import LEVEL, LIGHT, PLUG, STATE, WARMTH, Broker, zigbee
from hypothesis import given, settings
from hypothesis import strategies as st

from edgevoice.home import inventory
from edgevoice.home.appliance import confirms, obey
from edgevoice.home.model import Device, Home
from edgevoice.home.simulated import Dialect
from edgevoice.home.simulated_zigbee import bridge
from edgevoice.messages import Command, Value
from edgevoice.resources import find
from edgevoice.simulator import DIALECTS

VALUES: dict[str, Value] = {
    "brightness": 40, "color": "red", "color_temperature": 3000, "position": 30, "temperature": 22, "hvac_mode": "cool",
    "fan_speed": 60, "value": 5, "option": "wool", "stop": None,
}  # fmt: skip


@pytest.mark.parametrize("dialect", ["zigbee2mqtt", "tasmota", "homie"])
def test_every_appliance_of_the_demo_home_understands_and_confirms(dialect: str) -> None:
    demo = inventory.load(find("homes/demo.yaml")).home()
    broker = Broker()
    made: dict[str, Dialect] = {}
    for device in demo.devices.values():
        one = DIALECTS[dialect](device, demo.areas[device.area].name if device.area else None)
        if one is not None:
            made[device.id] = one
    for message in bridge(tuple(made.values())) if dialect == "zigbee2mqtt" else ():
        broker.say(message.topic, message.payload)
    checked = 0
    for device_id, appliance in made.items():
        device, state = demo.devices[device_id], demo.state(device_id)
        for message in (*appliance.announcement(), *appliance.reports(state), appliance.online):
            broker.say(message.topic, message.payload)
        known = learned(broker.home, device)
        if device.domain not in ("sensor", "binary_sensor"):
            assert broker.home.state(known.id).value == state.value
        for capability in device.capabilities:
            if capability not in known.capabilities:
                assert capability in ("on", "stop")  # a thermostat without `off`, a lamp without a stop
                continue
            wishes = [VALUES[capability]] if capability in VALUES else [True, False]
            for wish in wishes:
                command = Command(known.id, capability, wish)
                for message in broker.adapter.messages(command):
                    for done in appliance.decode(message):
                        state = obey(device, state, done)
                for message in appliance.reports(state):
                    broker.say(message.topic, message.payload)
                assert confirms(command, broker.home.state(known.id)), (command, broker.home.state(known.id))
                checked += 1
        broker.say(appliance.offline.topic, appliance.offline.payload)
        assert broker.home.state(known.id).value == "unavailable"
    assert checked >= 20
    assert problems(broker) == 0


def learned(home: Home, device: Device) -> Device:
    """The device that was announced under this one's name, or is a reading of it."""
    found = [
        one
        for one in home.devices.values()
        if one.domain == device.domain and one.name.casefold().startswith(device.name.casefold())
    ]
    assert found, f"{device.id} is not among {list(home.devices)}"
    return found[0]


def problems(broker: Broker) -> int:
    return broker.entities.problems


# --- areas, and what is not believed ----------------------------------------------------------------------------------


def test_an_area_is_found_in_a_name_whichever_comes_first(tmp_path: Path) -> None:
    file = tmp_path / "home.yaml"
    file.write_text(
        "areas: [{name: Cellar, aliases: [basement]}]\ndevices: [{id: switch.office_basement, area: Cellar}]\n"
    )
    broker = Broker(file=file)
    broker.say("tasmota/discovery/AABB/config", {**PLUG, "rl": [1], "dn": "Office Basement"})
    broker.say("tasmota/discovery/AACC/config", {**PLUG, "rl": [1], "dn": "Office Printer", "t": "p"})
    assert broker.home.devices["switch.office_printer"].area is None
    broker.say("homeassistant/switch/x/config", {"name": "It", "cmd_t": "a", "dev": {"sa": "Office"}})
    assert broker.home.devices["switch.office_printer"].area == "office"
    assert broker.home.devices["switch.office_basement"].area == "cellar"


def test_a_home_that_names_no_areas_has_the_rooms_of_its_names() -> None:
    broker = Broker()
    for number, name in enumerate(("Living Room Lamp", "office_desk", "Lamp by the Garage", "Hallway", "Kitchenaid")):
        broker.say(f"tasmota/discovery/A{number}/config", {**PLUG, "rl": [1], "dn": name, "t": f"p{number}"})
    assert [device.area for device in broker.home.devices.values()] == ["living_room", "office", None, "hallway", None]
    assert broker.home.areas["living_room"].name == "Living Room"
    broker.say("homeassistant/switch/x/config", {"name": "It", "cmd_t": "a", "dev": {"sa": "Garage"}})
    assert broker.home.devices["switch.lamp_by_the_garage"].area == "garage"


BAD: list[Any] = [
    b"{", b"\xff", b"[]", b"7", b"null", b"[7]", b"[{}]", b'{"nodes": 7}', b"[" * 50_000, {"t": 1}, {**PLUG, "ft": 7}, {**PLUG, "t": "#"},
    {**PLUG, "rl": "x"}, {**PLUG, "rl": [{}]}, {**PLUG, "fn": 3, "lt_st": "x"}, [zigbee(LIGHT, name="a/#")], [zigbee("x", None, 7, {})],
    [zigbee({"type": "light", "features": 7})], [zigbee({"type": "cover", "features": [{}]})], {"nodes": {"a": {"properties": {"b": 7, "+": {}}}}},
]  # fmt: skip


@pytest.mark.parametrize("payload", BAD)
def test_a_bad_announcement_raises_nothing(payload: Any) -> None:
    broker = Broker()
    for topic in ("zigbee2mqtt/bridge/devices", "zigbee2mqtt/bridge/groups", "tasmota/discovery/A/config",
                  "tasmota/discovery/A/sensors", "homie/5/a/$description"):  # fmt: skip
        broker.say(topic, payload)
    broker.say("homeassistant/switch/x/config", {"name": "It", "cmd_t": "a"})
    assert "switch.it" in broker.home.devices


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.floats() | st.text(max_size=5) | st.sampled_from(["ON", "OPEN", "0,1,2"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["state", "brightness", "color", "color_temp", "x", "y",
        "POWER", "Dimmer", "HSBColor", "CT", "Shutter1", "Position", "system_mode", "StatusSTS"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_nonsense_on_a_state_topic_raises_nothing(data: st.DataObject) -> None:
    broker = Broker()
    color = {"type": "composite", "name": "color_xy", "property": "color", "access": 7}
    light = {"type": "light", "features": [STATE, LEVEL, WARMTH, color]}
    broker.say("zigbee2mqtt/bridge/devices", [zigbee(light)])
    broker.say("tasmota/discovery/AABB/config", {**PLUG, "rl": [2, 3, 3], "lt_st": 5})
    broker.say("tele/plug/LWT", "Online")
    topics = [
        "zigbee2mqtt/Lamp",
        "zigbee2mqtt/Lamp/availability",
        "stat/plug/RESULT",
        "tele/plug/STATE",
        "tele/plug/LWT",
    ]
    for _ in range(4):
        topic = data.draw(st.sampled_from(topics))
        broker.say(topic, json.dumps(data.draw(JSON)))
    broker.say("zigbee2mqtt/Lamp/availability", "online")
    broker.say("zigbee2mqtt/Lamp", {"state": "OFF"})
    assert broker.state("light.lamp")[0] == "off"
