"""Conversations in which a sentence leans on the one before, or corrects itself."""

from __future__ import annotations

import threading

import pytest
from household import household

from edgevoice.config import NluSettings
from edgevoice.home import appliance
from edgevoice.messages import Outcome
from edgevoice.nlu import cascade, repair
from edgevoice.skills.conversation import Conversation


def talk(*sentences: str, seconds: float = 5.0) -> list[list[tuple[str, str, object]]]:
    """The commands that follow from each sentence, `seconds` apart, in a home that obeys."""
    home = household()
    conversation = Conversation(home, cascade.load(home, NluSettings()), area="living")
    told = []
    for i, text in enumerate(sentences):
        heard = list(conversation.hear(text, i * seconds, threading.Event()))
        commands = [command for event in heard if isinstance(event, Outcome) for command in event.commands]
        for command in commands:
            device = home.devices[command.device]
            home.update(device.id, appliance.obey(device, home.state(device.id), command))
        told.append([(command.device, command.capability, command.value) for command in commands])
    return told


@pytest.mark.parametrize(
    ("sentences", "last"),
    [
        (("turn on the reading lamp", "and the porch light"), [("light.porch", "on", True)]),
        (("turn on the reading lamp", "and in the kitchen?"), [("light.kitchen", "on", True)]),
        (("turn on the reading lamp", "what about the kitchen"), [("light.kitchen", "on", True)]),
        (("turn on the reading lamp", "the porch light too"), [("light.porch", "on", True)]),
        (("turn on the reading lamp", "make it blue"), [("light.lamp", "color", "blue")]),
        (
            ("turn on the reading lamp", "no, the other one"),
            [("light.lamp", "on", False), ("light.living", "on", True)],
        ),
        (("set the tv volume to 40%", "turn up the volume", "again"), [("media_player.tv", "volume", 60)]),
        (("turn on the kettle", "turn on the porch light", "turn it off"), [("light.porch", "on", False)]),
        (("again",), []),
        (("and the kitchen",), []),
        (("turn on the reading lamp", "and the moon"), []),
        (("turn on the reading lamp", "don't turn it off"), []),
    ],
)
def test_what_is_left_out_was_said_before(sentences: tuple[str, ...], last: list[tuple[str, str, object]]) -> None:
    assert talk(*sentences)[-1] == last


def test_what_was_said_long_ago_is_forgotten() -> None:
    assert talk("turn on the reading lamp", "and the porch light", seconds=600)[-1] == []


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("turn on the reading lamp, no, the porch light", [("light.porch", "on", True)]),
        ("turn on the kettle i mean the ceiling fan", [("fan.ceiling", "on", True)]),
        ("set the reading lamp to 20 no 30 percent", [("light.lamp", "brightness", 30)]),
        ("turn on the kettle, no wait, turn on the porch light", [("light.porch", "on", True)]),
    ],
)
def test_a_sentence_that_corrects_itself(text: str, commands: list[tuple[str, str, object]]) -> None:
    assert talk(text) == [commands]


@pytest.mark.parametrize("text", ["", "no", "no the kitchen", "turn it on no", "there is no light"])
def test_what_corrects_nothing(text: str) -> None:
    assert list(repair.corrections(text)) == []
