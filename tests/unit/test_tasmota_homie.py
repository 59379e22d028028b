"""Tasmota and Homie as they are spoken."""

from __future__ import annotations

from typing import Any

import pytest
from dialect_home import PLUG, Broker


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


def test_a_flood_of_announcements_stays_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgevoice.home.tasmota._DEVICES", 3)
    broker = tasmota(rl=[1])
    for number in range(9):
        broker.say(f"tasmota/discovery/{number}/sensors", {"sn": {"AM2301": {"Temperature": 7}}})
    assert broker.entities.problems == 7
    broker.say("tasmota/discovery/AABB/sensors", {"sn": {"AM2301": {"Temperature": 7}}})
    assert set(broker.home.devices) == {"switch.plug", "sensor.plug_temperature"}
    broker.say("tasmota/discovery/AABB/config", b"")
    assert not broker.home.devices
    broker.say("tasmota/discovery/AABB/config", {**PLUG, "rl": [1]})
    assert set(broker.home.devices) == {"switch.plug"}
    broker.say("tasmota/discovery/AABB/config", b"")
    broker.say("tasmota/discovery/8/sensors", {"sn": {"AM2301": {"Temperature": 7}}})
    assert broker.entities.problems == 7


def test_a_reading_is_not_named_twice() -> None:
    broker = tasmota(rl=[0], dn="Outdoor Temperature")
    broker.say("tasmota/discovery/AABB/sensors", {"sn": {"DS18B20": {"Temperature": 7}, "TempUnit": "C"}})
    assert [device.name for device in broker.home.devices.values()] == ["Outdoor Temperature"]


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
