"""Free wording: what is meant, how surely, and what is no command."""

from __future__ import annotations

from dataclasses import replace

import pytest
from household import household

from edgevoice.config import NluSettings
from edgevoice.home.model import Home, State
from edgevoice.messages import Intent
from edgevoice.nlu import cascade
from edgevoice.nlu.context import Context

SURE = NluSettings().llm_confidence
LIVING = Context("living")


def heard(text: str, home: Home | None = None, context: Context = LIVING) -> Intent | None:
    found = cascade.load(home or household(), NluSettings()).understand(text, context)
    return found[0] if len(found) == 1 else None


def sure(text: str, context: Context = LIVING) -> Intent:
    found = heard(text, context=context)
    assert found is not None, text
    assert found.confidence >= SURE, found
    return found


@pytest.mark.parametrize(
    ("text", "name", "targets"),
    [
        ("the reading lamp should be off so shut it down", "HassTurnOff", "light.lamp"),
        ("lamp for reading on please", "HassTurnOn", "light.lamp"),
        ("would you be so kind to get the book light off", "HassTurnOff", "light.lamp"),
        ("reeding lamp off", "HassTurnOff", "light.lamp"),
        ("switch of the porch light", "HassTurnOff", "light.porch"),
        ("kettle on", "HassTurnOn", "switch.kettle"),
        ("i can't see so turn the reading lamp on", "HassTurnOn", "light.lamp"),
        ("don't leave the reading lamp on", "HassTurnOff", "light.lamp"),
        ("fire up the ceiling fan", "HassTurnOn", "fan.ceiling"),
        ("roll the bedroom blind down", "HassTurnOff", "cover.blind"),
        ("send the rover back to its base", "HassVacuumReturnToBase", "vacuum.rover"),
        ("please get the rover going", "HassVacuumStart", "vacuum.rover"),
        ("bolt the front door", "HassTurnOn", "lock.front"),
    ],
)
def test_a_thing_is_found_by_what_is_said_of_it(text: str, name: str, targets: str) -> None:
    found = sure(text)
    assert (found.name, found.targets) == (name, (targets,))


@pytest.mark.parametrize(
    ("text", "name", "slots"),
    [
        ("it is far too bright in here", "HassLightSet", {"brightness_step": -20}),
        ("give me a bit more light", "HassLightSet", {"brightness_step": 20}),
        ("could the lights be a little less bright", "HassLightSet", {"brightness_step": -20}),
        ("bring the lights down by thirty percent", "HassLightSet", {"brightness_step": -30}),
        ("take the lights down to thirty percent", "HassLightSet", {"brightness": 30}),
        ("paint the lights purple", "HassLightSet", {"color": "purple"}),
        ("crank up the volume", "HassSetVolumeRelative", {"volume_step": "up"}),
        ("this is way too loud", "HassSetVolumeRelative", {"volume_step": "down"}),
        ("i can barely hear it", "HassSetVolumeRelative", {"volume_step": "up"}),
        ("i can't hear you and need you to turn up the volume", "HassSetVolumeRelative", {"volume_step": "up"}),
        ("put the volume at twenty percent", "HassSetVolume", {"volume_level": 20}),
        ("don't make any noise", "HassMediaPlayerMute", {}),
    ],
)
def test_what_is_not_named_is_meant_by_its_work(text: str, name: str, slots: dict[str, object]) -> None:
    found = sure(text)
    assert found.name == name
    assert {key: found.slots.get(key) for key in slots} == slots


def test_darkness_is_about_lights_that_are_off() -> None:
    home = household()
    found = heard("it is so dark in here", home)
    assert found is not None
    assert found.name == "HassTurnOn"
    for light in ("light.living", "light.lamp"):
        home.update(light, State("on", {"brightness": 50}))
    found = heard("it is so dark in the living room", home)
    assert found is not None
    assert found.slots["brightness_step"] == 20


@pytest.mark.parametrize(
    "text",
    [
        "how do i turn on the kettle",
        "is the reading lamp on or off",
        "should i switch the reading lamp off",
        "do you know whether the fan is on",
        "tell me if the lights are on",
        "what happens when the lights are turned off",
        "why is it so dark in here",
        "can i turn the kettle on",
    ],
)
def test_a_question_never_acts(text: str) -> None:
    found = heard(text)
    assert found is None or found.name in ("HassGetState", "HassClimateGetTemperature")


@pytest.mark.parametrize(
    "text",
    [
        "don't turn off the reading lamp",
        "turn on the reading lamp when i get home",
        "turn the reading lamp off at eleven pm",
        "if it rains turn on the reading lamp",
        "turn on the disco ball with the reading lamp stand",
        "remind me to turn the reading lamp off",
        "write an email about the reading lamp being on",
        "buy a new kettle and a toaster online",
        "turn on the washing machine",
        "pay my bill",
    ],
)
def test_what_is_not_plainly_wanted_now_is_not_done(text: str) -> None:
    found = heard(text)
    assert found is None or found.confidence < SURE or "conversation_command" in found.slots


@pytest.mark.parametrize(
    "text", ["turn the reading lamp on off", "open close the bedroom blind", "lights on lights off on off"]
)
def test_a_tie_decides_nothing(text: str) -> None:
    found = heard(text)
    assert found is None or found.confidence < SURE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "?",
        "...",
        "turn " * 2000,
        "light on " * 700,
        "включи свет",
        "打开灯",
        "💡💡💡",
        "\x00\x07\x1b[31m",
        "on",
        "ﬁ" * 50,
        "'" * 300,
        "9" * 400,
    ],
)
def test_bad_input_is_not_understood(text: str) -> None:
    found = heard(text)
    assert found is None or found.confidence < SURE


def test_it_is_what_was_spoken_of_last() -> None:
    found = sure("please get it off", replace(LIVING, recent=("light.lamp",)))
    assert found.targets == ("light.lamp",)


def test_each_clause_in_its_own_words() -> None:
    found = cascade.load(household(), NluSettings()).understand(
        "um get the reading lamp off and then fire up the kettle", LIVING
    )
    assert [(one.name, one.targets) for one in found] == [
        ("HassTurnOff", ("light.lamp",)),
        ("HassTurnOn", ("switch.kettle",)),
    ]


def test_the_home_is_followed() -> None:
    home = household()
    layers = cascade.load(home, NluSettings())
    assert layers.understand("fire up the toaster", LIVING) == ()
    home.put(replace(home.devices["switch.kettle"], id="switch.toaster", name="Toaster"))
    assert layers.understand("fire up the toaster", LIVING)[0].targets == ("switch.toaster",)
