"""What is said in a room and to nobody: none of it acts, and hardly any of it is asked about."""

from __future__ import annotations

import threading
from pathlib import Path

from edgevoice import resources
from edgevoice.config import NluSettings
from edgevoice.home import inventory
from edgevoice.messages import Outcome
from edgevoice.nlu import cascade
from edgevoice.skills.conversation import Conversation

SAID = (Path(__file__).parents[1] / "data" / "small_talk.txt").read_text("utf-8").splitlines()
MOST_ASKED = 0.03


def test_what_is_said_to_nobody_is_left_alone() -> None:
    home = inventory.load(resources.find("homes/demo.yaml")).home()
    understanding = cascade.load(home, NluSettings())
    acted, asked = [], []
    for text in SAID:
        talk = Conversation(home, understanding, area="Living Room")
        for event in talk.hear(text, 1000.0, threading.Event()):
            if isinstance(event, Outcome):
                acted += [text] if event.commands else []
                asked += [f"{text}: {event.reply}"] if event.expects else []
    assert len(SAID) >= 150
    assert acted == [], (acted, asked)
    assert len(asked) <= MOST_ASKED * len(SAID), asked
