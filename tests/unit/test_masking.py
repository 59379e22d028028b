"""Numbers and people's names in words that leave the process."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from household import household
from hypothesis import given
from hypothesis import strategies as st

from edgevoice.assistant import Wish
from edgevoice.config import MqttSettings
from edgevoice.messages import Message, TurnFailed
from edgevoice.service import masking
from edgevoice.service.presence import Presence, Sources


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("four seven one one", "#"),
        ("my pin is 4711", "my pin is #"),
        ("one two three four", "#"),
        ("twenty-one degrees", "# degrees"),
        ("set a timer for two hours and ten minutes", "set a timer for # hours and # minutes"),
        ("a hundred and fifty", "a #"),
        ("call 0151 234-5678", "call #"),
        ("the first one please", "the first one please"),
        ("which one", "which one"),
        ("write to ada@example.org now", "write to # now"),
        ("is Ada at home", "is # at home"),
        ("remind ADA's brother", "remind #'s brother"),
        ("Adaptive lights on", "Adaptive lights on"),
        ("call Mary Smith", "call #"),
        ("my name is Joe", "my name is #"),
        ("call me back", "call me back"),
        ("密码是四七一一", "密码是#"),
        ("turn on the kitchen lights", "turn on the kitchen lights"),
    ],
)
def test_what_is_said_and_what_is_told(said: str, told: str) -> None:
    assert masking.mask(said, masking.people(household())) == told


def test_slots() -> None:
    slots = {"name": "Bed Light", "brightness": 40, "on": True, "items": ("2 eggs", "milk"), "person": "ada"}
    told = masking.mask_slots(slots, masking.people(household()))
    assert told == {"name": "Bed Light", "brightness": "#", "on": True, "items": ["# eggs", "milk"], "person": "#"}


@given(st.text(max_size=200))
def test_no_digit_is_told(text: str) -> None:
    assert not any(one.isdecimal() for one in masking.mask(text))


class Broker:
    """A bus, and a desk with a switch."""

    muted = False

    def __init__(self) -> None:
        self.told: dict[str, bytes] = {}

    def publish(self, message: Message) -> None:
        self.told[message.topic] = message.payload

    def subscribe(self, filters: Iterable[str]) -> None:
        """Nothing comes."""

    def receive(self, timeout_seconds: float) -> Message | None:
        return None

    def ready(self, timeout_seconds: float, topic: str) -> bool:
        return True

    def wish(self, wish: Wish) -> bool:
        return False

    def listen(self) -> None:
        """Nobody does."""


@pytest.mark.parametrize(
    ("words", "masked", "told"),
    [(False, True, None), (True, True, "cannot say '# is # now'"), (True, False, "cannot say 'Ada is 41 now'")],
)
def test_why_a_stage_failed_is_told_as_words_are(words: bool, masked: bool, told: str | None) -> None:
    broker, settings = Broker(), MqttSettings(announce_words=words, mask_words=masked)
    made = Presence(settings, "homeassistant", broker, broker, None, Sources(names=lambda: ("Ada",)))
    made.observe(TurnFailed("tts", "synthesis", "cannot say 'Ada is 41 now'"))
    error = json.loads(broker.told["edgevoice/edgevoice/error"])
    assert (error["stage"], error["code"], error.get("message")) == ("tts", "synthesis", told)
