"""What the assistant says that can be said."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from household import household

from edgevoice.config import NluSettings
from edgevoice.home.model import Device, Home
from edgevoice.messages import Outcome
from edgevoice.nlu import cascade
from edgevoice.skills import examples
from edgevoice.skills.conversation import Conversation


def talk() -> Conversation:
    home = household()
    return Conversation(home, cascade.load(home, NluSettings()), now=lambda: datetime(2026, 5, 1, 20, 0))


def answer(conversation: Conversation, text: str) -> Outcome:
    *_, last = conversation.hear(text, 1000.0, threading.Event())
    assert isinstance(last, Outcome)
    return last


def test_each_example_is_understood() -> None:
    said = examples.of(household())
    assert len(said) == 5
    for sentence in said:
        outcome = answer(talk(), sentence)
        assert outcome.reply
        assert outcome.reply != "Sorry, I couldn't understand that"


def test_a_home_without_devices_has_an_example() -> None:
    assert examples.of(Home()) == ("set a timer for ten minutes",)


def test_what_cannot_be_named_is_no_example() -> None:
    home = Home()
    home.put(Device("sensor.rssi", "Link Quality", "sensor", exposed=False))
    assert examples.of(home) == ("set a timer for ten minutes",)


@pytest.mark.parametrize("asked", ["help", "What can you do?", "what can I say", "what do you understand"])
def test_who_asks_hears_the_names_of_the_home(asked: str) -> None:
    outcome = answer(talk(), asked)
    assert "turn on the Ceiling Light" in outcome.reply
    assert outcome.commands == ()


@pytest.mark.parametrize(
    ("said", "reply"),
    [("thank you very much", "You're welcome."), ("good night", "Good night."), ("hey there", "Hello.")],
)
def test_manners_are_returned(said: str, reply: str) -> None:
    assert answer(talk(), said).reply == reply
