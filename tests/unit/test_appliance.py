"""What an ideal appliance does, and what counts as having done it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevoice.home import colors
from edgevoice.home.appliance import confirms, obey
from edgevoice.home.capabilities import capabilities_of
from edgevoice.home.model import CAPABILITIES, Device, State
from edgevoice.messages import Command, Value

BEFORE = {
    "light": State("off", {"brightness": 3, "rgb_color": (1, 2, 3), "color_temp_kelvin": 2000}),
    "cover": State("open", {"current_position": 60, "current_tilt_position": 0}),
    "valve": State("open", {"current_position": 60}),
    "lock": State("unlocked"),
    "climate": State(
        "cool", {"temperature": 16, "fan_mode": "low", "humidity": 30, "hvac_modes": ("off", "heat", "cool")}
    ),
    "humidifier": State("off", {"humidity": 40}),
    "fan": State("off", {"percentage": 0}),
    "media_player": State("idle", {"volume_level": 0.9, "is_volume_muted": False, "source": "radio"}),
    "vacuum": State("docked"),
    "lawn_mower": State("docked"),
    "number": State("3"),
    "text": State(""),
    "select": State("cotton"),
    "alarm_control_panel": State("disarmed"),
    "todo": State("1", {"items": ("Milk",), "completed_items": ()}),
    "switch": State("off"),
    "scene": State("unknown"),
    "button": State("unknown"),
}
ALREADY = {("light", 0), ("fan", 0), ("media_player", "pause"), ("vacuum", "dock")}  # what they were before will do
DONE: list[tuple[str, str, Value, str, dict[str, Value]]] = [
    ("light", "on", True, "on", {}),
    ("light", "brightness", 50, "on", {"brightness": 128}),
    ("light", "brightness", 1, "on", {"brightness": 3}),
    ("light", "brightness", 0, "off", {}),
    ("light", "color", "red", "on", {"rgb_color": (255, 0, 0), "color": "red"}),
    ("light", "color", (0, 0, 255), "on", {"rgb_color": (0, 0, 255)}),
    ("light", "color_temperature", 4000, "on", {"color_temp_kelvin": 4000}),
    ("switch", "on", True, "on", {}),
    ("fan", "fan_speed", 33, "on", {"percentage": 33}),
    ("fan", "fan_speed", 0, "off", {"percentage": 0}),
    ("cover", "open", False, "closed", {"current_position": 0}),
    ("cover", "position", 30, "open", {"current_position": 30}),
    ("cover", "position", 0, "closed", {"current_position": 0}),
    ("cover", "tilt", 40, "open", {"current_tilt_position": 40}),
    ("valve", "open", True, "open", {"current_position": 100}),
    ("lock", "locked", True, "locked", {}),
    ("climate", "temperature", 22.5, "cool", {"temperature": 22.5}),
    ("climate", "hvac_mode", "heat", "heat", {}),
    ("climate", "on", False, "off", {}),
    ("climate", "fan_mode", "high", "cool", {"fan_mode": "high"}),
    ("humidifier", "humidity", 55, "off", {"humidity": 55}),
    ("media_player", "volume", 35, "idle", {"volume_level": 0.35}),
    ("media_player", "muted", True, "idle", {"is_volume_muted": True}),
    ("media_player", "playback", "pause", "paused", {}),
    ("media_player", "media", "the beatles", "playing", {"media_title": "the beatles"}),
    ("media_player", "source", "TV", "idle", {"source": "TV"}),
    ("media_player", "on", False, "off", {}),
    ("vacuum", "vacuum", "start", "cleaning", {}),
    ("vacuum", "vacuum", "dock", "returning", {}),
    ("vacuum", "clean_area", "kitchen", "cleaning", {"area": "kitchen"}),
    ("lawn_mower", "mower", "mow", "mowing", {}),
    ("number", "value", 7.5, "7.5", {}),
    ("select", "option", "wool", "wool", {}),
    ("text", "text", "Welcome", "Welcome", {}),
    ("alarm_control_panel", "alarm", "arm_night", "armed_night", {}),
    ("todo", "add_item", "apples", "2", {"items": ("Milk", "apples")}),
    ("todo", "complete_item", "milk", "0", {"items": (), "completed_items": ("Milk",)}),
    ("todo", "remove_item", "milk", "0", {"items": ()}),
]


def device(domain: str) -> Device:
    before = BEFORE[domain]
    return Device(f"{domain}.it", "It", domain, capabilities=capabilities_of(domain, None, before.attributes))


@pytest.mark.parametrize(("domain", "capability", "value", "text", "attributes"), DONE)
def test_an_ideal_appliance_does_it_and_that_confirms_it(
    domain: str, capability: str, value: Value, text: str, attributes: dict[str, Value]
) -> None:
    before, command = BEFORE[domain], Command(f"{domain}.it", capability, value)
    after = obey(device(domain), before, command)
    assert after.value == text
    assert {key: after.attributes.get(key) for key in attributes} == attributes
    assert confirms(command, after)
    assert confirms(command, before) == ((domain, value) in ALREADY)


def test_every_capability_is_obeyed_here_or_leaves_no_state_behind() -> None:
    traceless = {"stop", "press", "activate", "locked", "on", "message"}
    assert {capability for _, capability, *_ in DONE} | traceless == set(CAPABILITIES)


@pytest.mark.parametrize(
    ("command", "state"),
    [
        (Command("light.it", "brightness", 50), State("on", {"brightness": 127})),
        (Command("light.it", "brightness", 50), State("on", {"brightness": 130})),
        (Command("light.it", "color", "red"), State("on", {"rgb_color": (255, 18, 0)})),
        (Command("light.it", "color", "orange"), State("on", {"rgb_color": (128, 84, 2)})),
        (Command("light.it", "color_temperature", 6500), State("on", {"color_temp_kelvin": 6536})),
        (Command("cover.it", "open", True), State("opening", {"current_position": 0})),
        (Command("cover.it", "position", 50), State("opening", {"current_position": 10})),
        (Command("cover.it", "position", 50), State("open", {"current_position": 51})),
        (Command("fan.it", "fan_speed", 50), State("on", {"percentage": 66, "percentage_step": 33.33})),
        (Command("climate.it", "temperature", 21), State("heat", {"temperature": 21.1})),
        (Command("vacuum.it", "vacuum", "dock"), State("docked")),
        (Command("media_player.it", "on", True), State("idle")),
        (Command("alarm_control_panel.it", "alarm", "arm_away"), State("arming")),
    ],
)
def test_rounding_and_movement_confirm(command: Command, state: State) -> None:
    assert confirms(command, state)


@pytest.mark.parametrize(
    ("command", "state"),
    [
        (Command("light.it", "on", True), State("unavailable")),
        (Command("light.it", "on", False), State("unknown")),
        (Command("light.it", "brightness", 50), State("off", {"brightness": 128})),
        (Command("light.it", "brightness", 50), State("on", {"brightness": 140})),
        (Command("light.it", "color", "red"), State("on", {"rgb_color": (0, 255, 0)})),
        (Command("light.it", "color", "no such colour"), State("on", {"rgb_color": (0, 255, 0)})),
        (Command("lock.it", "locked", True), State("locking")),
        (Command("lock.it", "locked", True), State("jammed")),
        (Command("lock.it", "locked", False), State("unlocking")),
        (Command("cover.it", "open", False), State("opening")),
        (Command("cover.it", "open", True), State("open", {"current_position": 60})),
        (Command("cover.it", "position", 50), State("closing", {"current_position": 10})),
        (Command("cover.it", "position", 50), State("open")),
        (Command("climate.it", "temperature", 21), State("heat", {"temperature": 21.5})),
        (Command("climate.it", "temperature", 21), State("heat", {"temperature": "warm"})),
        (Command("vacuum.it", "vacuum", "start"), State("error")),
    ],
)
def test_another_state_does_not_confirm(command: Command, state: State) -> None:
    assert not confirms(command, state)


def test_a_cover_without_positions_reports_none() -> None:
    garage = Device(
        "cover.it", "It", "cover", capabilities=capabilities_of("cover", "garage", {"supported_features": 3})
    )
    assert obey(garage, State("closed"), Command("cover.it", "open", True)) == State("open")


def test_a_thermostat_goes_to_the_mode_it_has() -> None:
    state = State("off", {"hvac_modes": ("off", "cool")})
    assert obey(device("climate"), state, Command("climate.it", "on", True)).value == "cool"


def test_supported_features_come_as_a_mask_or_as_names() -> None:
    named = capabilities_of("cover", None, {"supported_features": ("cover.CoverEntityFeature.SET_POSITION",)})
    assert set(named) == set(capabilities_of("cover", None, {"supported_features": 4})) == {"open", "position"}


def test_color_modes_decide_what_a_light_can() -> None:
    assert set(capabilities_of("light", None, {"supported_color_modes": ("onoff",)})) == {"on"}
    assert "color" in capabilities_of("light", None, {"supported_color_modes": ("rgbw",)})
    assert set(capabilities_of("light", None, {})) == {"on", "brightness", "color", "color_temperature"}


@given(st.tuples(*[st.integers(0, 255)] * 3).filter(lambda color: max(color) > 60))
def test_a_colour_survives_the_units_that_lamps_use(color: colors.Rgb) -> None:
    assert colors.alike(color, colors.from_hs(*colors.to_hs(color)))
    assert colors.alike(color, colors.from_xy(*colors.to_xy(color)))
