"""What is said after a confirmed command."""

from __future__ import annotations

import pytest
from household import home_adder, household, intent

from edgevoice.messages import Command, Intent, Value
from edgevoice.skills.devices import Plan
from edgevoice.skills.done import sentence

TURN_ON = intent("HassTurnOn")


def said(commands: list[tuple[str, str, Value]], wish: Intent = TURN_ON, seed: int = 1, language: str = "en") -> str:
    home = household()
    home.language = language
    told = tuple(Command(*command) for command in commands)
    devices = tuple(home.devices[key] for key in dict.fromkeys(command.device for command in told))
    return sentence(home, wish, Plan(told, devices), seed)


@pytest.mark.parametrize(
    ("commands", "wish", "expected"),
    [
        ([("light.lamp", "on", True)], TURN_ON, "The Reading Lamp is on."),
        ([("light.kitchen", "on", False)], TURN_ON, "The Ceiling Light in the Kitchen is off."),
        ([("lock.front", "locked", True)], TURN_ON, "The Front Door is already locked."),
        ([("cover.garage", "open", True)], TURN_ON, "The Garage Door is opening."),
        ([("light.lamp", "brightness", 40)], TURN_ON, "The Reading Lamp is at 40 percent."),
        ([("light.lamp", "color", "red")], TURN_ON, "The Reading Lamp is red."),
        ([("climate.living", "temperature", 21.5)], TURN_ON, "The Thermostat is set to 21.5 degrees."),
        ([("climate.living", "hvac_mode", "heat_cool")], TURN_ON, "The Thermostat is set to heat cool."),
        ([("media_player.tv", "muted", False)], TURN_ON, "The TV is no longer muted."),
        (
            [("light.living", "on", True), ("light.lamp", "on", True)],
            intent("HassTurnOn", area="lounge"),
            "The lights in the Living Room are on.",
        ),
        (
            [("light.living", "on", True), ("light.kitchen", "on", True)],
            intent("HassTurnOn", floor="Ground Floor"),
            "The lights on the Ground Floor are on.",
        ),
        (
            [("light.lamp", "on", False), ("light.porch", "on", False)],
            TURN_ON,
            "The Reading Lamp and the Porch Light are already off.",
        ),
        (
            [(key, "on", False) for key in ("light.lamp", "light.porch", "switch.kettle", "fan.ceiling")],
            TURN_ON,
            "4 devices are already off.",
        ),
        ([("scene.movie", "activate", None)], TURN_ON, ""),
        ([("media_player.tv", "playback", "pause")], TURN_ON, ""),
        ([("light.lamp", "brightness", 40), ("light.kitchen", "brightness", 60)], TURN_ON, ""),
        ([("light.lamp", "color", (1, 2, 3))], TURN_ON, ""),
        ([], TURN_ON, ""),
    ],
)
def test_what_is_so_and_where(commands: list[tuple[str, str, Value]], wish: Intent, expected: str) -> None:
    assert said(commands, wish) == expected


def test_it_varies_with_the_turn_and_only_with_it() -> None:
    lamp: list[tuple[str, str, Value]] = [("light.lamp", "on", True)]
    ways = [said(lamp, seed=seed) for seed in range(6)]
    assert ways[:3] == ways[3:]
    assert len(set(ways)) == 3
    assert all("eading Lamp is on" in way for way in ways)


def test_other_languages_keep_their_templates() -> None:
    assert said([("light.lamp", "on", True)], language="de") == ""


def test_an_owned_thing_has_no_article() -> None:
    home = household()
    lamp = home_adder(home)("light.mine", "My Lamp")
    plan = Plan((Command("light.mine", "on", True),), (lamp,))
    assert sentence(home, TURN_ON, plan, 1) == "My Lamp is on."
