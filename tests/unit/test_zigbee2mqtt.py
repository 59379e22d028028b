"""Zigbee2MQTT as it is spoken."""

from __future__ import annotations

from dialect_home import LIGHT, Broker, zigbee

CONTACT = {
    "type": "binary", "name": "contact", "property": "contact", "access": 1, "value_on": False, "value_off": True,
}  # fmt: skip


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
