"""What nobody should say, through the whole path of text: the conversation with its real understanding, in a home."""

from __future__ import annotations

import threading
import time

import pytest
from household import household
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgevoice.config import NluSettings
from edgevoice.home.model import Home
from edgevoice.messages import Command, Outcome, Understood
from edgevoice.nlu import cascade
from edgevoice.skills.conversation import Conversation

SECONDS = 1.0
"""Of computing, for the worst of them; they take a tenth of it."""
HOME = household()
UNDERSTANDING = cascade.load(HOME, NluSettings(packs=("coffee",)))


def said(text: str) -> tuple[list[Command], str]:
    """(the commands that follow at once, everything that is answered). Each text begins a conversation."""
    talk = Conversation(HOME, UNDERSTANDING)
    events = list(talk.hear(text, 0.0, threading.Event()))
    assert isinstance(events[0], Understood)
    outcomes = [event for event in events if isinstance(event, Outcome)]
    return [one for outcome in outcomes for one in outcome.commands], " ".join(one.reply for one in outcomes)


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t", "a", "?", ".", "é", "-", "0", "'", "\\", "{name}", "[the]", "<light>"]
)
def test_nothing_and_next_to_nothing(text: str) -> None:
    assert said(text)[0] == []


@pytest.mark.parametrize(
    "text",
    [
        "turn on the reading lamp " * 400,
        "turn on the reading lamp and " * 334,
        "turn off the light, " * 500,
        "word " * 2000,
        "and " * 2000,
        "the " * 2000,
        "at " * 2000,
        "when the lamp turns on " * 400,
        "one two three " * 667,
        "if " * 2000,
        "a latte " * 1000,
        "x" * 12_000,
        "9" * 12_000,
    ],
    ids=lambda text: text[:20],
)
def test_two_thousand_words_do_nothing_and_take_no_time(text: str) -> None:
    said("turn on the reading lamp")
    began = time.process_time()
    commands, reply = said(text)
    assert time.process_time() - began < SECONDS
    assert commands == []
    assert reply


@pytest.mark.parametrize(
    "text",
    [
        "включи свет",
        "打开灯",
        "أشعل الضوء",
        "ライトをつけて",
        "불 켜",
        "άναψε το φως",
        "turn on 灯",
        "💡",
        "🙂🙃",
        "turn on the 💡",
    ],
)
def test_other_scripts_and_pictures_are_not_guessed_at(text: str) -> None:
    assert said(text)[0] == []


@pytest.mark.parametrize(
    "text",
    [
        "turn on the reading lamp 💡",
        "turn\u200b on the reading lamp",
        "\ufeffturn on the reading lamp",
        "turn on the\nreading\tlamp\r\n",
        "Ｔｕｒｎ ｏｎ ｔｈｅ ｒｅａｄｉｎｇ ｌａｍｐ",
        "turn on\x00 the reading lamp\x07",
    ],
)
def test_signs_that_say_nothing_do_not_hide_a_command(text: str) -> None:
    assert said(text)[0] == [Command("light.lamp", "on", True)]


@pytest.mark.parametrize("text", ["\x00\x01\x02", "\x1b[2J", "\ud800", "\u202e\u2066", "\x7f" * 100])
def test_control_characters_alone(text: str) -> None:
    assert said(text)[0] == []


@pytest.mark.parametrize(
    ("text", "commands", "reply"),
    [
        ("set the reading lamp to a million percent", [Command("light.lamp", "brightness", 100)], "up to 100 percent"),
        ("set the reading lamp to 101 percent", [Command("light.lamp", "brightness", 100)], "up to 100 percent"),
        ("set the reading lamp to -5 percent", [Command("light.lamp", "on", False)], "down to 0 percent"),
        ("set the reading lamp to minus five percent", [Command("light.lamp", "on", False)], "down to 0 percent"),
        ("set the thermostat to 1000 degrees", [Command("climate.living", "temperature", 30)], "up to 30 degrees"),
        ("set the thermostat to minus 300 degrees", [Command("climate.living", "temperature", 7)], "down to 7 degrees"),
        ("open the bedroom blind to 4000 percent", [Command("cover.blind", "position", 100)], "up to 100 percent"),
        ("set the reading lamp to 1e309 percent", [], ""),
        ("set the reading lamp to 1e309", [], ""),
        ("set the reading lamp to nan percent", [], ""),
        ("set the volume to infinity", [], ""),
        ("set it to a million", [], ""),
        (f"set the reading lamp to {'9' * 400} percent", [], ""),
        ("set a timer for 1e309 seconds", [], ""),
        ("set a timer for a million years", [], ""),
        ("set a timer for -5 minutes", [], ""),
        ("what is 9 to the power of 9 to the power of 9", [], "too large"),
        ("what is 1 divided by 0", [], "zero"),
    ],
)
def test_numbers_out_of_range_are_bounded_and_told(text: str, commands: list[Command], reply: str) -> None:
    done, told = said(text)
    assert done == commands
    assert reply in told


@pytest.mark.parametrize(
    "text",
    [
        "turn the reading lamp on and off",
        "turn on and off the reading lamp",
        "turn the reading lamp on and turn the reading lamp off",
        "turn on the reading lamp, turn off the reading lamp",
        "lock and unlock the front door",
        "lock the front door and unlock the front door",
        "open and close the bedroom blind",
        "set the reading lamp to 20 percent and 80 percent",
        "set the reading lamp to red and blue",
        "make it brighter and darker",
    ],
)
def test_of_two_that_contradict_neither_is_done(text: str) -> None:
    commands, reply = said(text)
    assert commands == []
    assert reply


def test_one_after_the_other_is_no_contradiction() -> None:
    commands, _ = said("turn on the reading lamp and then turn off the reading lamp")
    assert commands == [Command("light.lamp", "on", True), Command("light.lamp", "on", False)]


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("when the reading lamp turns on turn the reading lamp on", "follow from itself"),
        ("turn on the reading lamp when the reading lamp turns on", "follow from itself"),
        ("every time the reading lamp turns on turn on the reading lamp", ""),
        ("every time you do this do it again", ""),
        ("do it again", ""),
        ("remind me to remind me to remind me", ""),
        ("in 5 minutes do this again in 5 minutes", ""),
        ("set a timer to set a timer for 5 minutes", ""),
        ("in five minutes in five minutes turn on the reading lamp", ""),
        ("when the kitchen window opens when the kitchen window opens turn on the reading lamp", ""),
    ],
)
def test_what_refers_to_itself_does_nothing(text: str, reply: str) -> None:
    talk = Conversation(household(), UNDERSTANDING)
    events = list(talk.hear(text, 0.0, threading.Event()))
    assert not any(event.commands for event in events if isinstance(event, Outcome))
    assert reply in " ".join(event.reply for event in events if isinstance(event, Outcome))
    assert not list(talk.due(1e6))


def test_the_opposite_once_is_a_wish_like_any_other() -> None:
    assert "turn off the Reading Lamp" in said("when the reading lamp turns on turn the reading lamp off")[1]


WORDS = """turn on off the a lamp reading light kitchen and or not don't when if every time in at five 5 % percent
minutes set to it again lock unlock door front is what how many play stop add milk list timer for 1e309 - … , ? ' " latte
please um"""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WORDS.split()), max_size=25).map(" ".join)))
def test_anything_has_an_answer_in_time(text: str) -> None:
    began = time.process_time()
    said(text)
    assert time.process_time() - began < SECONDS


def test_a_home_without_devices() -> None:
    home = Home()
    talk = Conversation(home, cascade.load(home, NluSettings()))
    for text in ("turn on everything", "turn on the lamp", "set it to a million", "", "💡"):
        events = list(talk.hear(text, 0.0, threading.Event()))
        assert not any(event.commands for event in events if isinstance(event, Outcome))
