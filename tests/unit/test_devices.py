"""Intents that act: the commands they come to."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from household import device, home_adder, household, intent, replies

from edgevoice.home.model import Capability, Home, State
from edgevoice.messages import Command, Intent, Value
from edgevoice.skills import devices, lists
from edgevoice.skills.devices import Plan


def plan(home: Home, wish: Intent, mic_area: str | None = None) -> Plan:
    found = devices.plan(home, replies(home), wish, mic_area)
    assert found is not None
    return found


def told(home: Home, wish: Intent, mic_area: str | None = None) -> list[tuple[str, str, Value]]:
    """The commands, where nothing stands in their way."""
    found = plan(home, wish, mic_area)
    assert not found.problem
    assert not found.choices
    return [(c.device, c.capability, c.value) for c in found.commands]


@pytest.mark.parametrize(
    ("key", "on", "off"),
    [
        ("light.lamp", ("on", True), ("on", False)),
        ("lock.front", ("locked", True), ("locked", False)),
        ("cover.blind", ("open", True), ("open", False)),
        ("vacuum.rover", ("vacuum", "start"), ("vacuum", "dock")),
        ("media_player.tv", ("on", True), ("on", False)),
        ("climate.living", ("on", True), ("on", False)),
    ],
)
def test_on_and_off_mean_what_the_kind_of_device_makes_of_them(
    key: str, on: tuple[str, Value], off: tuple[str, Value]
) -> None:
    assert told(household(), intent("HassTurnOn", targets=(key,))) == [(key, *on)]
    assert told(household(), intent("HassTurnOff", targets=(key,))) == [(key, *off)]


def test_a_scene_is_activated_and_cannot_be_turned_off() -> None:
    home = household()
    assert told(home, intent("HassTurnOn", "scene", name="movie night")) == [("scene.movie", "activate", None)]
    assert plan(home, intent("HassTurnOff", name="Movie Night")).problem == "The Movie Night cannot do that."


@pytest.mark.parametrize(
    ("domain", "on", "off"),
    [
        ("valve", ("open", True), ("open", False)),
        ("alarm_control_panel", ("alarm", "arm_away"), ("alarm", "disarm")),
        ("lawn_mower", ("mower", "mow"), ("mower", "dock")),
        ("humidifier", ("on", True), ("on", False)),
    ],
)
def test_rarer_kinds(domain: str, on: tuple[str, Value], off: tuple[str, Value]) -> None:
    home = Home(devices=[device(f"{domain}.it", "Thing")])
    assert told(home, intent("HassTurnOn", name="thing")) == [(f"{domain}.it", *on)]
    assert told(home, intent("HassTurnOff", name="thing")) == [(f"{domain}.it", *off)]


def test_toggle_looks_at_the_state() -> None:
    home = household()
    assert told(home, intent("HassToggle", targets=("light.kitchen",))) == [("light.kitchen", "on", False)]
    assert told(home, intent("HassToggle", targets=("light.living",))) == [("light.living", "on", True)]
    assert told(home, intent("HassToggle", targets=("cover.garage",))) == [("cover.garage", "open", True)]


def test_an_area_is_one_command_each_device() -> None:
    assert told(household(), intent("HassTurnOff", "lights_area", domain="light", area="Living Room")) == [
        ("light.living", "on", False),
        ("light.lamp", "on", False),
    ]


def test_an_area_without_a_domain_leaves_locks_and_covers_alone() -> None:
    commands = told(household(), intent("HassTurnOff", area="Living Room"))
    assert {command[0] for command in commands} == {"light.living", "light.lamp", "media_player.tv"}


def test_no_place_is_the_microphones_area_unless_all_were_meant() -> None:
    home = household()
    assert told(home, intent("HassTurnOff", "lights_area", domain="light"), "Kitchen") == [
        ("light.kitchen", "on", False)
    ]
    assert len(told(home, intent("HassTurnOff", "light_all", domain="light"), "Kitchen")) == 4
    assert len(told(home, intent("HassTurnOff", "lights_area", domain="light"))) == 4


def test_the_light_is_one_of_several() -> None:
    home = household()
    wish = Intent("HassTurnOff", {"domain": "light"}, text="turn off the light", response="lights_area")
    assert len(plan(home, wish).choices) == 4
    assert not plan(home, wish, "Kitchen").choices
    assert len(told(home, Intent("HassTurnOff", {"domain": "light"}, text="turn off every light"))) == 4


def test_one_name_for_two_devices_is_asked_about() -> None:
    home = household()
    wish = intent("HassTurnOn", name="Ceiling Light")
    assert [choice.id for choice in plan(home, wish).choices] == ["light.kitchen", "light.living"]
    assert told(home, wish, "living") == [("light.living", "on", True)]


def test_of_devices_with_one_name_only_those_that_can_do_it_are_meant() -> None:
    home = household()
    home_adder(home)("sensor.front", "Front Door", "living", "90", device_class="battery")
    assert told(home, intent("HassTurnOn", "lock", name="Front Door")) == [("lock.front", "locked", True)]


@pytest.mark.parametrize(
    ("slots", "command"),
    [
        ({"brightness": 50}, ("brightness", 50)),
        ({"brightness": 0}, ("on", False)),
        ({"brightness": 140}, ("brightness", 100)),
        ({"brightness_step": 20}, ("brightness", 70)),
        ({"brightness_step": -20}, ("brightness", 30)),
        ({"brightness_step": -90}, ("brightness", 1)),
        ({"color": "light blue"}, ("color", "light blue")),
        ({"temperature": 2700}, ("color_temperature", 2700)),
    ],
)
def test_lights(slots: dict[str, Value], command: tuple[str, Value]) -> None:
    assert told(household(), intent("HassLightSet", targets=("light.kitchen",), **slots)) == [
        ("light.kitchen", *command)
    ]


def test_kelvin_is_no_brightness() -> None:
    wish = replace(
        intent("HassLightSet", name="Reading Lamp", brightness=3000), text="set the reading lamp to 3000 kelvin"
    )
    assert told(household(), wish) == [("light.lamp", "color_temperature", 3000)]
    bright = replace(wish, slots={**wish.slots, "brightness": 300}, text="set the reading lamp to 300 percent")
    assert told(household(), bright) == [("light.lamp", "brightness", 100)]


@pytest.mark.parametrize(
    ("said", "unit", "degrees"),
    [
        ("70 degrees", "°C", 30),
        ("70 degrees fahrenheit", "°C", 21.1),
        ("70°F", "°C", 21.1),
        ("70 degrees fahrenheit", None, 21.1),
        ("20 degrees celsius", "°C", 20),
        ("20 degrees celsius", "°F", 68),
        ("20 degrees C", "°F", 68),
        ("68 fahrenheit", "°F", 68),
    ],
)
def test_degrees_of_the_other_scale(said: str, unit: str | None, degrees: float) -> None:
    home = household()
    thermostat = home.devices["climate.living"]
    if unit == "°F":
        able = {**thermostat.capabilities, "temperature": Capability("temperature", 45, 86)}
        thermostat = replace(thermostat, capabilities=able)
    home.put(replace(thermostat, unit=unit))
    number = int(re.findall(r"\d+", said)[0])
    wish = intent("HassClimateSetTemperature", name="Thermostat", temperature=number)
    assert told(home, replace(wish, text=f"set the thermostat to {said}")) == [
        ("climate.living", "temperature", degrees)
    ]


def test_a_step_darker_leaves_a_light_off() -> None:
    found = plan(household(), intent("HassLightSet", targets=("light.living",), brightness_step=-20))
    assert found == Plan((), (*found.devices,))
    brighter = told(household(), intent("HassLightSet", targets=("light.living",), brightness_step=20))
    assert brighter == [("light.living", "brightness", 20)]


def test_of_an_area_the_lights_that_can_do_it_do_it() -> None:
    home = household()
    home_adder(home)("light.strip", "Strip", "kitchen", "off", {"supported_color_modes": ("onoff",)})
    assert told(home, intent("HassLightSet", area="Kitchen", brightness=30)) == [("light.kitchen", "brightness", 30)]


def test_what_a_device_cannot_do_is_said() -> None:
    home = household()
    assert (
        plan(home, intent("HassLightSet", name="Porch Light", color="red")).problem == "The Porch Light cannot do that."
    )
    assert plan(home, intent("HassLightSet", name="Reading Lamp", color="loud")).problem == "I do not know what to set."


def test_a_value_out_of_range_is_set_to_the_limit_and_said() -> None:
    found = plan(household(), intent("HassClimateSetTemperature", name="Thermostat", temperature=45))
    assert found.commands == (Command("climate.living", "temperature", 30),)
    assert found.notes == ("The Thermostat goes up to 30 degrees, so I set that.",)
    low = plan(household(), intent("HassClimateSetTemperature", name="Thermostat", temperature=-3.5))
    assert low.notes == ("The Thermostat goes down to 7 degrees, so I set that.",)
    assert not plan(household(), intent("HassClimateSetTemperature", name="Thermostat", temperature=20.5)).notes


def test_positions() -> None:
    home = household()
    assert told(home, intent("HassSetPosition", name="Bedroom Blind", position=30)) == [("cover.blind", "position", 30)]
    home.put(device("cover.plain", "Plain", attributes={"supported_features": ("OPEN", "CLOSE")}))
    assert told(home, intent("HassSetPosition", name="Plain", position=100)) == [("cover.plain", "open", True)]
    assert plan(home, intent("HassSetPosition", name="Plain", position=40)).problem == "The Plain cannot do that."


def test_fan_speed() -> None:
    home = household()
    assert told(home, intent("HassFanSetSpeed", name="Ceiling Fan", percentage=30)) == [
        ("fan.ceiling", "fan_speed", 30)
    ]
    assert told(home, intent("HassFanSetSpeed", name="Ceiling Fan", percentage=0)) == [("fan.ceiling", "on", False)]


@pytest.mark.parametrize(
    ("name", "slots", "command"),
    [
        ("HassSetVolume", {"volume_level": 30}, ("volume", 30)),
        ("HassSetVolumeRelative", {"volume_step": "up"}, ("volume", 50)),
        ("HassSetVolumeRelative", {"volume_step": -25}, ("volume", 15)),
        ("HassSetVolumeRelative", {"volume_step": -70}, ("volume", 0)),
        ("HassMediaPlayerMute", {}, ("muted", True)),
        ("HassMediaPlayerUnmute", {}, ("muted", False)),
        ("HassMediaPause", {}, ("playback", "pause")),
        ("HassMediaNext", {}, ("playback", "next")),
        ("HassMediaPrevious", {}, ("playback", "previous")),
    ],
)
def test_the_player_that_plays_is_meant(name: str, slots: dict[str, Value], command: tuple[str, Value]) -> None:
    assert told(household(), intent(name, **slots)) == [("media_player.tv", *command)]


def test_pausing_what_does_not_play() -> None:
    home = household()
    home.update("media_player.tv", State("off"))
    assert plan(home, intent("HassMediaPause")).problem == "Sorry, no device is playing"


def test_a_step_from_an_unknown_volume() -> None:
    home = household()
    home.update("media_player.tv", State("playing"))
    assert plan(home, intent("HassSetVolumeRelative", volume_step="up")).problem == "I do not know how loud the TV is."


def test_resuming_takes_the_one_that_is_paused() -> None:
    home = household()
    home.update("media_player.tv", State("paused"))
    assert told(home, intent("HassMediaUnpause")) == [("media_player.tv", "playback", "play")]


def test_two_that_play_are_asked_about_unless_a_place_was_named() -> None:
    home = household()
    home.update("media_player.radio", State("playing", {"volume_level": 0.2}))
    assert len(plan(home, intent("HassMediaPause")).choices) == 2
    assert told(home, intent("HassMediaPause", area="Kitchen")) == [("media_player.radio", "playback", "pause")]
    assert told(home, intent("HassMediaPause"), "kitchen") == [("media_player.radio", "playback", "pause")]


def test_the_vacuum_cleans_an_area_where_it_can() -> None:
    home = household()
    assert told(home, intent("HassVacuumStart")) == [("vacuum.rover", "vacuum", "start")]
    assert told(home, intent("HassVacuumReturnToBase", name="Rover")) == [("vacuum.rover", "vacuum", "dock")]
    assert told(home, intent("HassVacuumCleanArea", area="Bedroom")) == [("vacuum.rover", "clean_area", "bedroom")]
    assert "dungeon" in plan(home, intent("HassVacuumCleanArea", area="dungeon")).problem
    home.put(device("vacuum.rover", "Rover", "living", {"supported_features": ("START", "RETURN_HOME")}))
    assert plan(home, intent("HassVacuumCleanArea", area="Bedroom")).problem == "The Rover cannot do that."


def test_a_choice_is_spelled_as_the_device_spells_it() -> None:
    able = {"fan_mode": Capability("fan_mode", choices=("auto", "high_power"))}
    home = Home(devices=[device("climate.x", "AC")])
    home.put(type(home.devices["climate.x"])("climate.x", "AC", "climate", capabilities=able))
    assert told(home, intent("HassClimateSetFanMode", fan_mode="High Power")) == [
        ("climate.x", "fan_mode", "high_power")
    ]
    assert plan(home, intent("HassClimateSetFanMode", fan_mode="turbo")).problem == "The AC knows auto and high power."


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (intent("HassTurnOn", name="unicorn"), "Sorry, I am not aware of any device called unicorn"),
        (intent("HassTurnOn", domain="light", area="Garage"), "Sorry, I am not aware of any light in the Garage area"),
        (intent("HassTurnOn", domain="light", area="Moon"), "Sorry, I am not aware of any area called Moon"),
        (intent("HassVacuumStart", floor="First Floor"), "Sorry, I am not aware of any vacuum on the First floor"),
        (intent("HassLawnMowerDock"), "Sorry, I am not aware of any lawn mower"),
    ],
)
def test_nothing_is_meant(wish: Intent, sentence: str) -> None:
    assert plan(household(), wish).problem == sentence


def test_other_intents_act_on_no_device() -> None:
    home = household()
    assert devices.plan(home, replies(home), intent("HassGetState", name="TV")) is None
    assert lists.plan(home, replies(home), intent("HassTurnOn", name="TV")) is None


@pytest.mark.parametrize(
    ("wish", "command"),
    [
        (intent("HassShoppingListAddItem", item="eggs"), ("add_item", "eggs")),
        (intent("HassListAddItem", item="eggs", name="shopping list"), ("add_item", "eggs")),
        (intent("HassShoppingListCompleteItem", item="milk"), ("complete_item", "Milk")),
        (intent("HassListRemoveItem", item="MILK", name="Shopping List"), ("remove_item", "Milk")),
    ],
)
def test_lists(wish: Intent, command: tuple[str, Value]) -> None:
    home = household()
    found = lists.plan(home, replies(home), wish)
    assert found is not None
    assert found.commands == (Command("todo.shopping", *command),)


def test_lists_and_items_that_are_not_there() -> None:
    home = household()
    for wish, sentence in (
        (intent("HassListAddItem", item="eggs", name="Chores"), "There is no list called Chores."),
        (intent("HassShoppingListCompleteItem", item="tea"), "There is no tea on Shopping List."),
    ):
        found = lists.plan(home, replies(home), wish)
        assert found is not None
        assert found.problem == sentence
