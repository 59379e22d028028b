"""Home Assistant's dialect: what is announced, reported and sent, and what is not believed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from announced import Bench

from edgevoice.errors import SettingsError
from edgevoice.home import inventory
from edgevoice.home.appliance import confirms, obey
from edgevoice.home.ha_discovery import full
from edgevoice.home.simulated import HomeAssistantDevice
from edgevoice.messages import Command, Value
from edgevoice.resources import find

ABBREVIATIONS = """
avty availability, avty_t availability_topic, avty_tpl availability_template, bri_cmd_t brightness_command_topic,
bri_scl brightness_scale, bri_val_tpl brightness_value_template, clr_temp_cmd_t color_temp_command_topic,
clr_temp_k color_temp_kelvin, clrm_stat_t color_mode_state_topic, cmd_on_tpl command_on_template, cmd_t command_topic,
cmps components, curr_temp_t current_temperature_topic, dev device, dev_cla device_class, exp_aft expire_after,
def_ent_id default_entity_id, fan_mode_cmd_t fan_mode_command_topic, fanspd_lst fan_speed_list, max_mirs max_mireds,
hum_cmd_t target_humidity_command_topic, json_attr_t json_attributes_topic, min_temp min_temp, ops options,
mode_stat_tpl mode_state_template, obj_id object_id, on_cmd_type on_command_type, opt optimistic, p platform,
pct_cmd_t percentage_command_topic, pl_arm_nite payload_arm_night, pl_avail payload_available, pl_cls payload_close,
pl_not_avail payload_not_available, pl_on payload_on, pl_prs payload_press, pl_ret payload_return_to_base,
pl_rst_pct payload_reset_percentage, pl_unlk payload_unlock, pos_clsd position_closed, pow_cmd_t power_command_topic,
pr_modes preset_modes, ret retain, set_pos_tpl set_position_template, spd_rng_max speed_range_max, stat_t state_topic,
stat_val_tpl state_value_template, sup_clrm supported_color_modes, sup_feat supported_features,
temp_cmd_t temperature_command_topic, temp_unit temperature_unit, tilt_clsd_val tilt_closed_value,
tilt_status_t tilt_status_topic, uniq_id unique_id, unit_of_meas unit_of_measurement, val_tpl value_template,
xy_cmd_t xy_command_topic
"""


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --- announcements ----------------------------------------------------------------------------------------------------


def test_abbreviations_are_those_of_home_assistant() -> None:
    for pair in ABBREVIATIONS.replace("\n", " ").split(","):
        short, long = pair.split()
        assert full(short) == long
        assert full(long) == long


def test_an_entity_is_learned_with_its_name_area_and_topics(bench: Bench) -> None:
    device = {"ids": ["1"], "name": "Kitchen Lamp", "sa": "Kitchen"}
    bench.say(
        "homeassistant/light/node/1/config",
        {"~": "z/lamp", "name": None, "cmd_t": "~/set", "stat_t": "~", "dev": device},
    )
    lamp = bench.home.devices["light.kitchen_lamp"]
    assert (lamp.name, lamp.area, lamp.origin) == ("Kitchen Lamp", "kitchen", "homeassistant/light/node/1/config")
    assert bench.home.areas["kitchen"].name == "Kitchen"
    assert "z/lamp" in bench.adapter.subscriptions()
    assert bench.sent(lamp.id, "on", True) == [("z/lamp/set", "ON")]


def test_names_follow_home_assistant(bench: Bench) -> None:
    device = {"name": "Porch"}
    bench.say("homeassistant/sensor/a/config", {"name": "Battery", "stat_t": "a", "dev": device})
    bench.say("homeassistant/sensor/b/config", {"dev_cla": "humidity", "stat_t": "a", "dev": device})
    bench.say("homeassistant/sensor/c/config", {"name": "Porch Power", "stat_t": "a", "dev": device})
    bench.say("homeassistant/sensor/back_door/config", {"stat_t": "a"})
    assert [d.name for d in bench.home.devices.values()] == [
        "Porch Battery",
        "Porch Humidity",
        "Porch Power",
        "Back Door",
    ]


def test_two_entities_of_one_name_get_two_ids(bench: Bench) -> None:
    bench.say("homeassistant/switch/a/config", {"name": "Plug", "cmd_t": "a"})
    bench.say("homeassistant/switch/b/config", {"name": "Plug", "cmd_t": "b"})
    assert bench.sent("switch.plug", "on", True) == [("a", "ON")]
    assert bench.sent("switch.plug_2", "on", True) == [("b", "ON")]


def test_a_device_announces_its_entities_together(bench: Bench) -> None:
    topic = "homeassistant/device/d/config"
    config = {
        "dev": {"ids": "d", "name": "Stove"},
        "o": {"name": "test"},
        "stat_t": "stove/state",
        "cmps": {
            "heat": {
                "p": "sensor",
                "unique_id": "1",
                "name": "Heat",
                "val_tpl": "{{ value_json.heat }}",
                "unit_of_meas": "°C",
            },
            "fan": {
                "p": "switch",
                "unique_id": "2",
                "name": "Fan",
                "cmd_t": "stove/fan",
                "val_tpl": "{{ value_json.fan }}",
            },
        },
    }
    bench.say(topic, config)
    bench.say("stove/state", {"heat": 180, "fan": "ON"})
    assert bench.home.state("sensor.stove_heat").value == "180"
    assert bench.home.state("switch.stove_fan").value == "on"
    config["cmps"]["fan"] = {"p": "switch"}  # type: ignore[index]
    bench.say(topic, config)
    assert list(bench.home.devices) == ["sensor.stove_heat"]
    bench.say(topic, b"")
    assert not bench.home.devices


def test_an_emptied_config_removes_and_a_new_one_replaces(bench: Bench) -> None:
    entity = bench.announce("switch", cmd_t="a", stat_t="s")
    bench.say("s", "ON")
    bench.announce("switch", cmd_t="b", stat_t="s")
    assert bench.sent(entity, "on", True) == [("b", "ON")]
    assert bench.home.state(entity).value == "on"
    bench.say("homeassistant/switch/it/config", b"")
    assert entity not in bench.home.devices
    bench.say("s", "OFF")
    assert bench.entities.problems == 0


def test_who_comes_late_to_a_shared_topic_hears_what_was_said_there(bench: Bench) -> None:
    bench.say("homeassistant/sensor/a/config", {"name": "A", "stat_t": "s", "val_tpl": "{{ value_json.a }}"})
    bench.say("s", {"a": 1, "b": 2})
    bench.say("homeassistant/sensor/b/config", {"name": "B", "stat_t": "s", "val_tpl": "{{ value_json.b }}"})
    assert bench.home.state("sensor.b").value == "2"


def test_diagnostic_entities_are_not_exposed_and_disabled_ones_not_there(bench: Bench) -> None:
    bench.say("homeassistant/sensor/a/config", {"name": "Uptime", "stat_t": "s", "ent_cat": "diagnostic"})
    bench.say("homeassistant/sensor/b/config", {"name": "Debug", "stat_t": "s", "en": False})
    assert [(d.name, d.exposed) for d in bench.home.devices.values()] == [("Uptime", False)]


def test_without_a_state_topic_a_device_is_optimistic(bench: Bench) -> None:
    assert bench.home.devices[bench.announce("switch", cmd_t="a")].optimistic
    assert not bench.home.devices[bench.announce("switch", cmd_t="a", stat_t="s")].optimistic


def test_the_owners_file_wins_and_brings_what_is_not_announced(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "home.yaml"
    path.write_text(
        "areas: [{name: Cellar}]\ndevices:\n"
        "  - {id: switch.it, name: Pump, area: Cellar, aliases: [water pump]}\n"
        "  - {id: light.old, name: Old Lamp, mqtt: {cmd_t: old/set, stat_t: old, name: X}}\n"
    )
    bench.discovery.take(inventory.load(path))
    entity = bench.announce("switch", cmd_t="a", dev={"sa": "Garden"})
    pump = bench.home.devices[entity]
    assert (pump.name, pump.area, pump.aliases) == ("Pump", "cellar", ("water pump",))
    assert bench.sent("light.old", "on", False) == [("old/set", "OFF")]
    assert bench.home.devices["light.old"].name == "Old Lamp"
    path.write_text("devices:\n  - {id: light.old, mqtt: {cmd_t: 'a/#'}}\n")
    with pytest.raises(SettingsError, match=r"light\.old: mqtt: command_topic"):
        bench.discovery.take(inventory.load(path))


# --- availability -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "wanted"), [("all", "unavailable"), ("any", "on"), ("latest", "unavailable")])
def test_availability_lists(bench: Bench, mode: str, wanted: str) -> None:
    both = [{"t": "a"}, {"t": "b", "val_tpl": "{{ value_json.state }}"}]
    entity = bench.announce("switch", cmd_t="c", stat_t="s", avty=both, avty_mode=mode)
    bench.say("s", "ON")
    assert bench.home.state(entity).value == "unavailable"
    bench.say("a", "online")
    bench.say("b", {"state": "offline"})
    assert bench.home.state(entity).value == wanted
    bench.say("b", {"state": "online"})
    assert bench.home.state(entity).value == "on"


# --- components -------------------------------------------------------------------------------------------------------

COMPONENTS: list[tuple[str, dict[str, Any], list[tuple[str, Any]], str, dict[str, Value]]] = [
    ("switch", {"stat_t": "s", "stat_on": "1", "stat_off": "0"}, [("s", "1")], "on", {}),
    ("light", {"stat_t": "s", "bri_stat_t": "b", "bri_scl": 100}, [("s", "ON"), ("b", "50")], "on", {"brightness": 128}),
    ("light", {"stat_t": "s", "clr_temp_stat_t": "t", "hs_stat_t": "h"}, [("t", "250"), ("h", "0,100")], "unknown",
     {"color_temp_kelvin": 4000, "rgb_color": (255, 0, 0)}),
    ("light", {"schema": "json", "stat_t": "s", "bri_scl": 254}, [("s", {"state": "ON", "brightness": 254, "color": {"h": 240, "s": 100}})],
     "on", {"brightness": 255, "rgb_color": (0, 0, 255)}),
    ("light", {"schema": "json", "stat_t": "s", "clr_temp_k": True}, [("s", {"state": "OFF", "color_temp": 2700})], "off",
     {"color_temp_kelvin": 2700}),
    ("light", {"schema": "template", "stat_t": "s", "stat_tpl": "{{ value.split(',')[0] }}",
               "bri_tpl": "{{ value.split(',')[1] }}"}, [("s", "on,51")], "on", {"brightness": 51}),
    ("fan", {"stat_t": "s", "pct_stat_t": "p", "spd_rng_max": 4}, [("s", "ON"), ("p", "2")], "on", {"percentage": 50}),
    ("cover", {"pos_t": "p", "pos_open": 0, "pos_clsd": 255}, [("p", "51")], "open", {"current_position": 80}),
    ("cover", {"stat_t": "s", "pos_t": "p"}, [("p", "0"), ("s", "stopped")], "closed", {"current_position": 0}),
    ("cover", {"stat_t": "s", "tilt_status_t": "t"}, [("s", "opening"), ("t", "30")], "opening", {"current_tilt_position": 30}),
    ("valve", {"stat_t": "s", "reports_position": True}, [("s", {"position": 40, "state": "closing"})], "closing", {"current_position": 40}),
    ("lock", {"stat_t": "s"}, [("s", "JAMMED")], "jammed", {}),
    ("climate", {"mode_stat_t": "s", "mode_stat_tpl": "{{ value_json.m }}", "temp_stat_t": "s", "temp_stat_tpl": "{{ value_json.t }}",
                 "curr_temp_t": "c"}, [("s", {"m": "heat", "t": 21.5}), ("c", "20.1")], "heat",
     {"temperature": 21.5, "current_temperature": 20.1}),
    ("vacuum", {"stat_t": "s"}, [("s", {"state": "docked", "battery_level": 80})], "docked", {"battery_level": 80}),
    ("lawn_mower", {"activity_state_topic": "s"}, [("s", "mowing")], "mowing", {}),
    ("humidifier", {"stat_t": "s", "hum_stat_t": "h"}, [("s", "OFF"), ("h", "45")], "off", {"humidity": 45}),
    ("siren", {"stat_t": "s"}, [("s", {"state": "ON"})], "on", {}),
    ("sensor", {"stat_t": "s", "val_tpl": "{{ value_json.a.b | round(1) }}"}, [("s", {"a": {"b": 2.26}})], "2.3", {}),
    ("binary_sensor", {"stat_t": "s", "pl_on": "open"}, [("s", "open")], "on", {}),
    ("number", {"stat_t": "s"}, [("s", "7")], "7", {"min": 1, "max": 100}),
    ("select", {"stat_t": "s", "ops": ["a", "b"]}, [("s", "b")], "b", {"options": ("a", "b")}),
    ("alarm_control_panel", {"stat_t": "s"}, [("s", "armed_home")], "armed_home", {}),
    ("media_player", {"stat_t": "s"}, [("s", {"state": "PLAYING", "volume_level": 0.3})], "playing", {"volume_level": 0.3}),
    ("todo", {"stat_t": "s"}, [("s", {"items": ["milk", "tea"]})], "2", {"items": ("milk", "tea")}),
    ("sensor", {"stat_t": "s", "json_attr_t": "j"}, [("s", "1"), ("j", {"battery": 80, "nested": {"a": 1}})], "1", {"battery": 80}),
]  # fmt: skip


@pytest.mark.parametrize(("component", "keys", "said", "state", "attributes"), COMPONENTS)
def test_what_is_reported(
    bench: Bench,
    component: str,
    keys: dict[str, Any],
    said: list[tuple[str, Any]],
    state: str,
    attributes: dict[str, Value],
) -> None:
    entity = bench.announce(component, **keys)
    for topic, payload in said:
        bench.say(topic, payload)
    assert bench.entities.problems == 0
    assert bench.home.state(entity).value == state
    assert {key: bench.home.state(entity).attributes.get(key) for key in attributes} == attributes


COMMANDS: list[tuple[str, dict[str, Any], str, Value, list[tuple[str, str]]]] = [
    ("switch", {"cmd_tpl": "{{ value | lower }}!"}, "on", True, [("c", "on!")]),
    ("light", {"bri_cmd_t": "b"}, "brightness", 50, [("b", "128"), ("c", "ON")]),
    ("light", {"bri_cmd_t": "b", "bri_scl": 100, "on_cmd_type": "first"}, "brightness", 50, [("c", "ON"), ("b", "50")]),
    ("light", {"bri_cmd_t": "b"}, "brightness", 0, [("c", "OFF")]),
    ("light", {"clr_temp_cmd_t": "t"}, "color_temperature", 4000, [("t", "250"), ("c", "ON")]),
    ("light", {"rgb_cmd_t": "r", "rgb_cmd_tpl": "#{{ red }}-{{ blue }}"}, "color", "blue", [("r", "#0-255"), ("c", "ON")]),
    ("light", {"hs_cmd_t": "h"}, "color", (0, 255, 0), [("h", "120,100"), ("c", "ON")]),
    ("light", {"schema": "json", "brightness": True, "bri_scl": 254}, "brightness", 100, [("c", '{"state":"ON","brightness":254}')]),
    ("light", {"schema": "json", "sup_clrm": ["hs"]}, "color", "red", [("c", '{"state":"ON","color":{"h":0.0,"s":100.0}}')]),
    ("light", {"schema": "json", "sup_clrm": ["rgb"]}, "color", "light blue", [("c", '{"state":"ON","color":{"r":173,"g":216,"b":230}}')]),
    ("light", {"schema": "json", "sup_clrm": ["color_temp"]}, "color_temperature", 2000, [("c", '{"state":"ON","color_temp":500}')]),
    ("light", {"schema": "template", "cmd_on_tpl": "on{% if brightness is defined %},{{ brightness }}{% endif %}",
               "cmd_off_tpl": "off", "bri_tpl": "{{ value }}"}, "brightness", 20, [("c", "on,51")]),
    ("fan", {"pct_cmd_t": "p", "spd_rng_max": 3}, "fan_speed", 50, [("c", "ON"), ("p", "2")]),
    ("fan", {"pct_cmd_t": "p"}, "fan_speed", 0, [("c", "OFF")]),
    ("cover", {}, "open", False, [("c", "CLOSE")]),
    ("cover", {"set_pos_t": "p", "pos_open": 0, "pos_clsd": 255}, "position", 80, [("p", "51")]),
    ("cover", {"set_pos_t": "p", "set_pos_tpl": '{"to": {{ position }}}'}, "position", 30, [("p", '{"to": 30}')]),
    ("cover", {}, "stop", None, [("c", "STOP")]),
    ("valve", {"reports_position": True}, "open", True, [("c", "100")]),
    ("valve", {}, "open", True, [("c", "OPEN")]),
    ("lock", {"pl_unlk": "auf"}, "locked", False, [("c", "auf")]),
    ("climate", {"temp_cmd_t": "t", "temp_cmd_tpl": "{{ value | round(0) | int }}"}, "temperature", 21.4, [("t", "21")]),
    ("climate", {"mode_cmd_t": "m", "modes": ["off", "cool"]}, "on", True, [("m", "cool")]),
    ("climate", {"pow_cmd_t": "w"}, "on", False, [("w", "OFF")]),
    ("vacuum", {"sup_feat": ["start", "return_home"]}, "vacuum", "dock", [("c", "return_to_base")]),
    ("lawn_mower", {"start_mowing_command_topic": "m"}, "mower", "mow", [("m", "start_mowing")]),
    ("humidifier", {"hum_cmd_t": "h"}, "humidity", 45, [("h", "45")]),
    ("siren", {}, "on", True, [("c", '{"state":"ON"}')]),
    ("button", {}, "press", None, [("c", "PRESS")]),
    ("scene", {"pl_on": "go"}, "activate", None, [("c", "go")]),
    ("number", {}, "value", 7.0, [("c", "7")]),
    ("select", {"ops": ["a"]}, "option", "a", [("c", "a")]),
    ("alarm_control_panel", {"cmd_tpl": "{{ action }}"}, "alarm", "disarm", [("c", "DISARM")]),
    ("media_player", {}, "volume", 35, [("c", '{"volume_level":0.35}')]),
    ("todo", {}, "add_item", "apples", [("c", '{"add":"apples"}')]),
]  # fmt: skip


@pytest.mark.parametrize(("component", "keys", "capability", "value", "wanted"), COMMANDS)
def test_what_is_sent(
    bench: Bench, component: str, keys: dict[str, Any], capability: str, value: Value, wanted: list[tuple[str, str]]
) -> None:
    entity = bench.announce(component, cmd_t="c", **keys)
    assert bench.entities.problems == 0
    assert capability in bench.home.devices[entity].capabilities
    assert bench.sent(entity, capability, value) == wanted


def test_what_a_device_cannot_do_is_not_sent(bench: Bench) -> None:
    entity = bench.announce("switch", cmd_t="c")
    assert bench.sent(entity, "brightness", 50) == []
    assert bench.sent("light.nowhere", "on", True) == []
    assert bench.sent(bench.announce("light", cmd_t="c", rgb_cmd_t="r"), "color", "no such colour") == []


def test_bounds_come_from_the_announcement(bench: Bench) -> None:
    entity = bench.announce("climate", temp_cmd_t="t", min_temp=7, max_temp=30, temp_step=0.5)
    bound = bench.home.devices[entity].capabilities["temperature"]
    assert (bound.minimum, bound.maximum, bound.step) == (7, 30, 0.5)


def test_every_appliance_of_the_demo_home_understands_and_confirms(bench: Bench) -> None:
    """The adapter against the appliances' own decoding, with no broker between them."""
    demo = inventory.load(find("homes/demo.yaml")).home()
    values: dict[str, Value] = {"brightness": 40, "color": "red", "color_temperature": 3000, "position": 30, "temperature": 22,
        "hvac_mode": "cool", "humidity": 50, "fan_speed": 60, "volume": 20, "playback": "pause", "media": "jazz",
        "vacuum": "start", "value": 5, "option": "wool", "add_item": "apples", "complete_item": "coffee",
        "remove_item": "apples", "press": None, "activate": None, "stop": None}  # fmt: skip
    for device in demo.devices.values():
        simulated = HomeAssistantDevice(device, device.area)
        for message in (*simulated.announcement(), simulated.online):
            bench.say(message.topic, message.payload)
        state = demo.state(device.id)
        assert set(bench.home.devices[device.id].capabilities) == set(device.capabilities)
        for capability in device.capabilities:
            for command in [
                Command(device.id, capability, value)
                for value in ([values[capability]] if capability in values else [True, False])
            ]:
                for message in bench.adapter.messages(command):
                    for done in simulated.decode(message):
                        state = obey(device, state, done)
                for report in simulated.reports(state):
                    bench.adapter.handle(report, 1.0)
                assert confirms(command, bench.home.state(device.id)), command
    assert bench.entities.problems == 0
