"""Zigbee2MQTT, Tasmota and Homie: the adapters against the appliances' own code, and against what real ones send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgevoice.config import HomeSettings
from edgevoice.home import dialects, inventory
from edgevoice.home.appliance import confirms, obey
from edgevoice.home.entities import Entities
from edgevoice.home.model import Device, Home
from edgevoice.home.simulated import Dialect
from edgevoice.home.simulated_zigbee import bridge
from edgevoice.messages import Command, Message, Value
from edgevoice.resources import find
from edgevoice.simulator import DIALECTS


class Broker:
    """The broker's part, played by hand."""

    def __init__(self, **settings: Any) -> None:
        self.home = Home()
        self.entities = Entities(self.home)
        self.adapter = dialects.load(self.entities, HomeSettings(**settings))
        self.now = 0.0

    def say(self, topic: str, payload: Any) -> None:
        self.now += 1.0
        raw = payload if isinstance(payload, bytes) else payload if isinstance(payload, str) else json.dumps(payload)
        self.adapter.handle(Message(topic, raw if isinstance(raw, bytes) else raw.encode()), self.now)

    def sent(self, device: str, capability: str, value: Value) -> list[tuple[str, Any]]:
        messages = self.adapter.messages(Command(device, capability, value))
        assert all(message.qos == 1 and not message.retain for message in messages)
        return [(message.topic, message.payload.decode()) for message in messages]

    def state(self, device: str) -> tuple[str, Mapping[str, Value]]:
        state = self.home.state(device)
        return state.value, state.attributes


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


# --- Zigbee2MQTT ------------------------------------------------------------------------------------------------------


def zigbee(*exposes: Any, name: str = "Lamp", **more: Any) -> dict[str, Any]:
    return {"ieee_address": f"0x{name}", "friendly_name": name, "definition": {"exposes": list(exposes)}, **more}


STATE = {"type": "binary", "name": "state", "property": "state", "access": 7, "value_on": "ON", "value_off": "OFF"}
LEVEL = {
    "type": "numeric",
    "name": "brightness",
    "property": "brightness",
    "access": 7,
    "value_min": 0,
    "value_max": 254,
}
WARMTH = {
    "type": "numeric",
    "name": "color_temp",
    "property": "color_temp",
    "access": 7,
    "value_min": 150,
    "value_max": 454,
}
LIGHT = {"type": "light", "features": [STATE, LEVEL, WARMTH]}
CONTACT = {
    "type": "binary",
    "name": "contact",
    "property": "contact",
    "access": 1,
    "value_on": False,
    "value_off": True,
}


def test_a_zigbee_lamp_in_its_own_units() -> None:
    broker = Broker()
    broker.say("zigbee2mqtt/bridge/devices", [zigbee(LIGHT, name="living_room/floor_lamp")])
    lamp = broker.home.devices["light.living_room_floor_lamp"]
    assert (lamp.name, broker.home.areas[lamp.area or ""].name) == ("Floor Lamp", "Living Room")
    assert lamp.aliases == ("Living Room Floor Lamp",)
    assert (lamp.capabilities["color_temperature"].minimum, lamp.capabilities["color_temperature"].maximum) == (
        2203,
        6667,
    )
    topic = "zigbee2mqtt/living_room/floor_lamp"
    broker.say(topic, {"state": "ON", "brightness": 127, "color_temp": 250, "linkquality": 80})
    assert broker.state(lamp.id)[0] == "on"
    assert {"brightness": 128, "color_temp_kelvin": 4000}.items() <= broker.state(lamp.id)[1].items()
    assert broker.sent(lamp.id, "brightness", 50) == [(f"{topic}/set", '{"state":"ON","brightness":127}')]
    assert broker.sent(lamp.id, "brightness", 0) == [(f"{topic}/set", '{"state":"OFF"}')]
    assert broker.sent(lamp.id, "color_temperature", 1000) == [(f"{topic}/set", '{"color_temp":454}')]
    broker.say("zigbee2mqtt/bridge/state", {"state": "offline"})
    assert broker.state(lamp.id)[0] == "unavailable"
    broker.say("zigbee2mqtt/bridge/state", "online")
    assert broker.state(lamp.id)[0] == "on"


def test_a_zigbee_device_is_renamed_and_leaves() -> None:
    broker = Broker()
    broker.say("zigbee2mqtt/bridge/devices", [{**zigbee(LIGHT), "ieee_address": "0x1"}])
    broker.say("zigbee2mqtt/bridge/devices", [{**zigbee(LIGHT, name="desk"), "ieee_address": "0x1"}])
    assert {device.id: device.name for device in broker.home.devices.values()} == {"light.lamp": "Desk"}
    assert broker.sent("light.lamp", "on", True) == [("zigbee2mqtt/desk/set", '{"state":"ON"}')]
    broker.say("zigbee2mqtt/bridge/devices", [])
    assert not broker.home.devices


def test_a_zigbee_group_is_meant_by_its_name_only() -> None:
    broker = Broker()
    lamps = [zigbee(LIGHT, name=name) for name in ("left", "right")]
    members = [{"ieee_address": lamp["ieee_address"], "endpoint": 1} for lamp in lamps]
    group = {"id": 1, "friendly_name": "desk lamps", "members": members, "scenes": [{"id": 3, "name": "dim"}]}
    broker.say("zigbee2mqtt/bridge/groups", [group])  # before its members are known
    broker.say("zigbee2mqtt/bridge/devices", lamps)
    found = broker.home.devices["light.desk_lamps"]
    assert found.members == ("light.left", "light.right")
    assert broker.sent(found.id, "on", True) == [("zigbee2mqtt/desk lamps/set", '{"state":"ON"}')]
    (scene,) = [device.id for device in broker.home.devices.values() if device.domain == "scene"]
    assert broker.sent(scene, "activate", None) == [("zigbee2mqtt/desk lamps/set", '{"scene_recall":3}')]


def test_zigbee_sensors() -> None:
    broker = Broker()
    warmth = {"type": "numeric", "name": "temperature", "property": "temperature", "access": 1, "unit": "°C"}
    link = {"type": "numeric", "name": "linkquality", "property": "linkquality", "access": 1, "unit": "lqi"}
    broker.say("zigbee2mqtt/bridge/devices", [zigbee(CONTACT, warmth, link, name="cellar window")])
    broker.say("zigbee2mqtt/cellar window", {"contact": False, "temperature": 7.25, "linkquality": 9})
    devices = broker.home.devices
    (window,) = [one for one in devices.values() if one.domain == "binary_sensor"]
    assert (window.device_class, broker.state(window.id)[0]) == ("window", "on")
    assert broker.state("sensor.cellar_window_temperature")[0] == "7.25"
    assert devices["sensor.cellar_window_temperature"].unit == "°C"
    assert not devices["sensor.cellar_window_linkquality"].exposed


def test_a_zigbee_lamp_that_says_nothing_is_asked_once() -> None:
    broker = Broker()
    broker.say("zigbee2mqtt/bridge/devices", [zigbee(LIGHT)])
    assert broker.adapter.due(broker.now) == ()
    assert [(one.topic, one.payload) for one in broker.adapter.due(broker.now + 1)] == [
        ("zigbee2mqtt/Lamp/get", b'{"state":""}')
    ]
    assert broker.adapter.due(broker.now + 2) == ()


def test_one_device_announced_in_two_dialects_is_one() -> None:
    announced = {"name": "Lamp", "schema": "json", "cmd_t": "zigbee2mqtt/Lamp/set", "stat_t": "zigbee2mqtt/Lamp"}
    for native_first in (True, False):
        broker = Broker()
        both = [
            lambda broker=broker: broker.say("zigbee2mqtt/bridge/devices", [zigbee(LIGHT)]),
            lambda broker=broker: broker.say("homeassistant/light/0x1/light/config", announced),
        ]
        for say in both if native_first else reversed(both):
            say()
        assert [device.origin for device in broker.home.devices.values()] == ["zigbee2mqtt/0xLamp#light"]


# --- Tasmota ----------------------------------------------------------------------------------------------------------

PLUG: dict[str, Any] = {
    "dn": "Plug", "fn": ["Kettle", "Toaster"], "mac": "AABB", "ofln": "Offline", "onln": "Online", "t": "plug",
    "state": ["OFF", "ON", "TOGGLE", "HOLD"], "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"],
    "rl": [1, 1, 0, 0], "lt_st": 0, "sho": [0, 0, 0, 0], "ver": 1,
}  # fmt: skip


def tasmota(**keys: Any) -> Broker:
    broker = Broker()
    broker.say("tasmota/discovery/AABB/config", {**PLUG, **keys})
    broker.say("tele/plug/LWT", "Online")
    return broker


def test_tasmota_relays() -> None:
    broker = tasmota()
    assert [device.name for device in broker.home.devices.values()] == ["Kettle", "Toaster"]
    assert broker.state("switch.kettle")[0] == "unknown"
    assert [one.topic for one in broker.adapter.due(9.0)] == ["cmnd/plug/STATE"]
    broker.say("stat/plug/RESULT", {"POWER2": "ON"})
    broker.say("tele/plug/STATE", {"Time": "2026", "POWER1": "OFF", "POWER2": "ON", "Wifi": {"RSSI": 70}})
    assert (broker.state("switch.kettle")[0], broker.state("switch.toaster")[0]) == ("off", "on")
    assert broker.sent("switch.toaster", "on", False) == [("cmnd/plug/POWER2", "OFF")]
    broker.say("tasmota/discovery/AABB/config", b"")
    assert not broker.home.devices


def test_a_tasmota_lamp() -> None:
    broker = tasmota(rl=[2, 0], lt_st=5)
    broker.say("stat/plug/RESULT", {"POWER": "ON", "Dimmer": 40, "HSBColor": "240,100,40", "CT": 200})
    text, held = broker.state("light.plug")
    assert (text, held["brightness"], held["rgb_color"], held["color_temp_kelvin"]) == ("on", 102, (0, 0, 255), 5000)
    assert broker.sent("light.plug", "brightness", 55) == [("cmnd/plug/Dimmer", "55")]
    assert broker.sent("light.plug", "color_temperature", 9000) == [("cmnd/plug/CT", "153")]
    assert broker.sent("light.plug", "color", "lime") == [("cmnd/plug/Color2", "0,255,0")]


def test_a_tasmota_shutter_that_counts_the_other_way() -> None:
    broker = tasmota(rl=[3, 3], sho=[1, 0])
    broker.say("stat/plug/RESULT", {"Shutter1": {"Position": 80, "Direction": 0, "Target": 80}})
    assert (broker.state("cover.plug")[0], broker.state("cover.plug")[1]["current_position"]) == ("open", 20)
    assert broker.sent("cover.plug", "position", 30) == [("cmnd/plug/ShutterPosition1", "70")]
    assert broker.sent("cover.plug", "open", True) == [("cmnd/plug/ShutterOpen1", "")]
    broker.say("stat/plug/RESULT", {"Shutter1": {"Position": 50, "Direction": 1, "Target": 100}})
    assert broker.state("cover.plug")[0] == "closing"


def test_tasmota_readings() -> None:
    broker = tasmota(rl=[0])
    told = {"sn": {"Time": "x", "AM2301": {"Temperature": 70.1, "Humidity": 40}, "TempUnit": "F"}}
    broker.say("tasmota/discovery/AABB/sensors", told)
    broker.say("tele/plug/LWT", "Online")
    broker.say("tele/plug/SENSOR", {"AM2301": {"Temperature": 70.5}, "TempUnit": "F"})
    broker.say("stat/plug/STATUS10", {"StatusSNS": {"AM2301": {"Humidity": 41}}})
    assert (broker.state("sensor.plug_temperature")[0], broker.home.devices["sensor.plug_temperature"].unit) == (
        "70.5",
        "°F",
    )
    assert broker.state("sensor.plug_humidity")[0] == "41"


# --- Homie ------------------------------------------------------------------------------------------------------------


def homie(kind: str, **properties: dict[str, Any]) -> Broker:
    broker = Broker()
    about = {one.replace("_", "-"): told for one, told in properties.items()}
    told = {"homie": "5.0", "version": 1, "name": "Thing", "nodes": {"main": {"type": kind, "properties": about}}}
    broker.say("homie/5/thing/$description", told)
    broker.say("homie/5/thing/$state", "ready")
    return broker


ON = {"datatype": "boolean", "settable": True}


def test_a_homie_lamp() -> None:
    level = {"datatype": "integer", "format": "0:255:1", "settable": True}
    broker = homie(
        "dimmable light", on=ON, brightness=level, color={"datatype": "color", "format": "hsv,rgb", "settable": True}
    )
    base = "homie/5/thing/main"
    broker.say(f"{base}/on", "true")
    broker.say(f"{base}/brightness", "51")
    broker.say(f"{base}/color", "hsv,120,100,100")
    text, held = broker.state("light.thing")
    assert (text, held["brightness"], held["rgb_color"]) == ("on", 51, (0, 255, 0))
    assert broker.sent("light.thing", "brightness", 40) == [
        (f"{base}/on/set", "true"),
        (f"{base}/brightness/set", "102"),
    ]
    assert broker.sent("light.thing", "color", "red") == [(f"{base}/color/set", "hsv,0,100,100")]
    broker.say("homie/5/thing/$state", "lost")
    assert broker.state("light.thing")[0] == "unavailable"


def test_what_is_no_whole_is_its_properties() -> None:
    broker = homie(
        "box", mode={"datatype": "enum", "format": "a,b", "settable": True}, humidity={"datatype": "float", "unit": "%"}
    )
    broker.say("homie/5/thing/main/humidity", "45.5")
    assert broker.state("sensor.thing_humidity")[0] == "45.5"
    assert broker.home.devices["select.thing_mode"].capabilities["option"].choices == ("a", "b")
    assert broker.sent("select.thing_mode", "option", "b") == [("homie/5/thing/main/mode/set", "b")]
    broker.say("homie/5/thing/$description", b"")
    assert not broker.home.devices


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
