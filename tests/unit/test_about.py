"""Questions that no template knows are answered by the states of what they are about, and by nothing else."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from household import home_adder, household

from edgevoice.config import NluSettings
from edgevoice.home.model import Home
from edgevoice.messages import Outcome
from edgevoice.nlu import cascade
from edgevoice.nlu.about import About
from edgevoice.skills.conversation import Conversation

JOBS = ("Call the plumber", "Mow the lawn", "Pay rent")
WEEK = ("Lunch with Omar", "Dentist", "Run", "Run")


@pytest.fixture
def home() -> Home:
    home = household()
    add = home_adder(home)
    add("switch.heater", "Aquarium Socket", "bedroom", "off")
    add("sensor.heater", "Aquarium Socket Power", "bedroom", "0", unit="W", device_class="power")
    add("todo.jobs", "Jobs", None, "3", {"items": JOBS})
    add("calendar.ada", "Family", None, "off", {"events": WEEK})
    return home


def said(home: Home, text: str) -> str:
    talk = Conversation(home, cascade.load(home, NluSettings()), now=lambda: datetime(2026, 1, 2, 3, 4))
    outcomes = [one for one in talk.hear(text, 0.0, threading.Event()) if isinstance(one, Outcome)]
    assert not any(one.commands for one in outcomes)
    return " ".join(one.reply for one in outcomes)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Did somebody leave the aquarium's socket on?", "Aquarium Socket is off."),
        ("Is the tv in the living room playing or paused? Answer in one word.", "TV is playing."),
        ("Which of my jobs was about the plumber?", "On Jobs: Call the plumber."),
        ("According to the family calendar, who am I having lunch with?", "On Family: Lunch with Omar."),
        ("how many times do I run this week, by the family calendar", "On Family: 2, Run."),
        ("what do I have on the family agenda", "On Family: Lunch with Omar, Dentist and Run."),
    ],
)
def test_states_and_lists_are_read_out(home: Home, text: str, answer: str) -> None:
    assert said(home, text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "why is the aquarium socket off",
        "how do I change the fuse of the aquarium socket",
        "what is the best food for an aquarium",
        "the aquarium socket seems to be off",
        "who painted the lawn in that movie",
        "?",
        "",
    ],
)
def test_what_no_state_tells_is_not_answered(home: Home, text: str) -> None:
    assert About(home).asked(text) is None


def test_an_item_added_and_a_device_removed_are_followed(home: Home) -> None:
    about = About(home)
    assert about.asked("is the aquarium socket on") is not None
    home.remove("switch.heater")
    home.remove("sensor.heater")
    assert about.asked("is the aquarium socket on") is None


def test_hidden_devices_are_not_told(home: Home) -> None:
    home_adder(home)("switch.secret", "Vault Heater", None, "on", exposed=False)
    assert About(home).asked("is the vault heater on") is None
