"""Home Assistant's sentences over one home."""

from __future__ import annotations

import pytest

from edgevoice.errors import SettingsError
from edgevoice.home.model import Area, Device, Floor, Home
from edgevoice.messages import Intent
from edgevoice.nlu import templates
from edgevoice.nlu.context import Context

ROOMS = {"kitchen": "Kitchen", "office": "Office", "garage": "Garage"}


def home() -> Home:
    return Home(
        floors=[Floor("up", "Upstairs")],
        areas=[Area(key, name, "up" if key == "office" else None) for key, name in ROOMS.items()],
        devices=[
            Device("light.bed", "Bed Light", "light", "office", aliases=("night lamp",)),
            Device("light.kitchen", "Kitchen Light", "light", "kitchen"),
            Device("light.desk_2", "Desk 2", "light", "office"),
            Device("fan.kitchen", "Fan", "fan", "kitchen"),
            Device("fan.office", "Fan", "fan", "office"),
            Device("cover.garage", "Big Door", "cover", "garage", device_class="garage"),
            Device("climate.hall", "Thermostat", "climate", "office"),
            Device("media_player.tv", "TV", "media_player", "office"),
            Device("lock.front", "Front Door", "lock"),
            Device("scene.movie", "Movie Night", "scene"),
            Device("light.secret", "Hidden Light", "light", "office", exposed=False),
        ],
    )


def understood(text: str, area: str | None = None, at: Home | None = None) -> Intent | None:
    return templates.load(at or home(), "en").match(text, Context(area))


@pytest.mark.parametrize(
    ("text", "name", "slots"),
    [
        ("Turn off lights in the office.", "HassTurnOff", {"domain": "light", "area": "Office"}),
        ("Set bed light brightness to 50%.", "HassLightSet", {"name": "Bed Light", "brightness": 50}),
        ("set the bed light brightness to fifty percent", "HassLightSet", {"name": "Bed Light", "brightness": 50}),
        ("turn the night lamp red", "HassLightSet", {"name": "Bed Light", "color": "red"}),
        (
            "set the thermostat to twenty one degrees",
            "HassClimateSetTemperature",
            {"name": "Thermostat", "temperature": 21},
        ),
        (
            "set the thermostat to 21.5 degrees",
            "HassClimateSetTemperature",
            {"name": "Thermostat", "temperature": 21.5},
        ),
        ("turn on the lights upstairs", "HassTurnOn", {"domain": "light", "floor": "Upstairs"}),
        ("is the front door locked?", "HassGetState", {"name": "Front Door", "state": "locked"}),
        ("set a timer for 5 minutes", "HassStartTimer", {"minutes": 5}),
        ("dim the bed light a bit", "HassLightSet", {"name": "Bed Light", "brightness_step": -20}),
        ("brighten the bed light by thirty percent", "HassLightSet", {"name": "Bed Light", "brightness_step": 30}),
        (
            "make the lights in the office brighter",
            "HassLightSet",
            {"domain": "light", "area": "Office", "brightness_step": 20},
        ),
        ("turn the tv down", "HassSetVolumeRelative", {"name": "TV", "volume_step": "down"}),
        ("toggle the night lamp", "HassToggle", {"name": "Bed Light"}),
        ("open the big door halfway", "HassSetPosition", {"name": "Big Door", "position": 50}),
        ("stop the big door", "HassStopMoving", {"name": "Big Door"}),
        ("set the thermostat to cooling", "HassClimateSetHvacMode", {"name": "Thermostat", "hvac_mode": "cool"}),
        (
            "turn off the bed light in 5 minutes",
            "HassStartTimer",
            {"conversation_command": "turn off the bed light", "minutes": 5},
        ),
    ],
)
def test_sentences_become_intents(text: str, name: str, slots: dict[str, object]) -> None:
    found = understood(text)
    assert found is not None
    assert (found.name, {**found.slots}, found.source, found.confidence) == (name, slots, "template", 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "what a lovely day it is",
        "turn on the hidden light",
        "he will be home in 5 minutes",
        "the cat sat on the office mat",
    ],
)
def test_what_no_template_says_is_not_understood(text: str) -> None:
    assert understood(text, "kitchen") is None


def test_a_page_of_text_is_no_command() -> None:
    assert understood("add " + "very " * 500 + "long things to the shopping list") is None


def test_names_give_the_device_and_the_response() -> None:
    found = understood("lock the front door")
    assert found is not None
    assert (found.targets, found.response) == (("lock.front",), "lock")


def test_a_name_two_devices_share_is_left_open_unless_the_area_tells() -> None:
    shared, told = understood("turn on the fan"), understood("turn on the fan in the kitchen")
    assert shared is not None
    assert told is not None
    assert shared.targets == ()
    assert told.slots["area"] == "Kitchen"


@pytest.mark.parametrize("text", ["turn on desk 2", "turn on desk two"])
def test_numbers_in_names_may_be_spelled(text: str) -> None:
    found = understood(text)
    assert found is not None
    assert found.targets == ("light.desk_2",)


def test_the_microphones_area_is_meant_where_none_is_said() -> None:
    here, anywhere = understood("turn off the lights", "kitchen"), understood("turn off the lights")
    assert here is not None
    assert anywhere is not None
    assert here.slots == {"domain": "light", "area": "Kitchen"}
    assert anywhere.slots == {"domain": "light"}


def test_the_only_one_in_the_home_is_meant_from_everywhere() -> None:
    found = understood("close the garage door", "kitchen")
    assert found is not None
    assert found.targets == ("cover.garage",)
    assert "area" not in found.slots


def test_an_area_without_any_of_several_stays_as_said() -> None:
    found = understood("turn off the lights", "garage")
    assert found is not None
    assert (found.slots, found.targets) == ({"domain": "light", "area": "Garage"}, ())


@pytest.mark.parametrize("text", ["play whatever the weather brings", "the bed light", "thermostat"])
def test_what_may_be_misheard_is_unsure(text: str) -> None:
    found = understood(text, "office")
    assert found is None or found.confidence == 0.5


def test_a_scene_needs_no_verb() -> None:
    found = understood("movie night")
    assert found is not None
    assert (found.targets, found.confidence) == (("scene.movie",), 1.0)


def test_it_follows_the_home() -> None:
    place = home()
    listener = templates.load(place, "en")
    assert listener.match("turn on the lava lamp", Context()) is None
    place.put(Device("light.lava", "Lava Lamp", "light", "office"))
    found = listener.match("turn on the lava lamp", Context())
    assert found is not None
    assert found.targets == ("light.lava",)
    place.remove("light.lava")
    assert listener.match("turn on the lava lamp", Context()) is None


def test_other_languages_and_unknown_ones() -> None:
    german = templates.load(Home(areas=[Area("k", "Küche")], language="de"), "de")
    found = german.match("schalte das Licht in der Küche ein", Context())
    assert found is not None
    assert found.slots["area"] == "Küche"
    with pytest.raises(SettingsError, match="klingon"):
        templates.load(Home(), "klingon")
