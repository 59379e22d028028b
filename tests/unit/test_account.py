"""What did you do, why, undo that."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import pytest
from household import household

from edgevoice.config import NluSettings
from edgevoice.home.appliance import obey
from edgevoice.home.model import CAPABILITIES, Home, State
from edgevoice.home.restore import back
from edgevoice.messages import Command, Outcome, Value
from edgevoice.nlu import cascade
from edgevoice.skills.conversation import Conversation


class Talk:
    """A conversation with a home of ideal appliances."""

    def __init__(self, home: Home) -> None:
        self.home, self.now = home, 0.0
        self.conversation = Conversation(home, cascade.load(home, NluSettings()))

    def say(self, text: str, seconds: float = 5.0) -> str:
        self.now += seconds
        said = []
        for one in self.conversation.hear(text, self.now, threading.Event()):
            if isinstance(one, Outcome):
                for command in one.commands:
                    device = self.home.devices[command.device]
                    self.home.update(device.id, obey(device, self.home.state(device.id), command))
                said.append(self.conversation.report(one))
        return " ".join(said)


@pytest.fixture
def talk() -> Talk:
    return Talk(household())


def test_it_says_what_it_did_and_why(talk: Talk) -> None:
    assert talk.say("what did you do") == "Nothing yet."
    talk.say("turn on the reading lamp")
    assert talk.say("What did you just do?") == "I turned on the Reading Lamp."
    why = 'I heard "turn on the reading lamp". It fits one of my sentence patterns. So I turned on the Reading Lamp.'
    assert talk.say("why did you do that?") == why
    assert talk.say("why") == why
    talk.say("colourless green ideas")
    assert talk.say("why") == 'I heard "colourless green ideas", and found no meaning in it.'
    assert talk.say("what did you do").startswith('I did nothing in the home. I heard "colourless green ideas"')
    assert talk.say("what did you say") == "Sorry, I couldn't understand that"


def test_an_answer_is_accounted_for_by_its_question(talk: Talk) -> None:
    talk.say("unlock the front door")
    talk.say("yes")
    said = 'I asked "Should I unlock the Front Door?", and heard "yes". So I unlocked the Front Door.'
    assert talk.say("why") == said


def test_undo(talk: Talk) -> None:
    talk.say("turn on the reading lamp")
    assert talk.say("undo that") == "I turned off the Reading Lamp."
    assert talk.home.state("light.lamp").value == "off"
    talk.say("undo that")
    assert talk.home.state("light.lamp").value == "on"


def test_undo_of_many(talk: Talk) -> None:
    before = {key: state.value for key, state in talk.home.states.items()}
    talk.say("turn on the lights in the living room")
    assert {key: state.value for key, state in talk.home.states.items()} != before
    talk.say("back to how it was")
    assert {key: state.value for key, state in talk.home.states.items()} == before


def test_undoing_a_lock_is_asked_about(talk: Talk) -> None:
    talk.home.update("lock.front", State("unlocked"))
    talk.say("lock the front door")
    assert talk.say("undo that") == "Should I unlock the Front Door?"
    assert talk.home.state("lock.front").value == "locked"
    talk.say("yes")
    assert talk.home.state("lock.front").value == "unlocked"


def test_nothing_to_undo(talk: Talk) -> None:
    assert talk.say("undo that") == "There is nothing to undo."
    talk.say("turn on the reading lamp")
    assert talk.say("undo", 1000.0) == "There is nothing to undo."
    talk.say("activate movie night")
    assert talk.say("take that back") == "I cannot undo that: started the Movie Night."


def test_what_was_not_sent_or_not_answered_is_told(talk: Talk) -> None:
    (_, outcome) = talk.conversation.hear("turn on the reading lamp", 0.0, threading.Event())
    assert isinstance(outcome, Outcome)
    talk.conversation.report(outcome, outcome.commands)
    assert talk.say("what did you do") == "I turned on the Reading Lamp. The Reading Lamp did not answer."
    talk.say("turn on the reading lamp")
    talk.conversation.apology("mqtt", "away")
    assert talk.say("what did you do").startswith("I did nothing")


@pytest.mark.parametrize(
    "text", ["why is the sky blue", "undo the zip", "what did you do yesterday in berlin", "put it back in"]
)
def test_other_sentences_are_left(talk: Talk, text: str) -> None:
    assert talk.say(text) == "Sorry, I couldn't understand that"


VALUES: Mapping[str, tuple[Value, ...]] = {
    "switch": (True, False),
    "percent": (0, 35, 100),
    "number": (22,),
    "choice": ("play", "pause", "heat", "off", "start", "dock", "arm_home"),
    "text": ("red",),
}  # fmt: skip
LASTING = {"media", "clean_area", "option", "source", "complete_item", "stop", "press", "activate"}
CASES = [
    (device.id, Command(device.id, name, value))
    for device in household().devices.values()
    for name in device.capabilities
    if name not in LASTING
    for value in VALUES.get(CAPABILITIES[name].kind, ())
]


@pytest.mark.parametrize(("key", "command"), CASES, ids=lambda one: str(getattr(one, "capability", one)))
def test_what_was_told_is_taken_back(key: str, command: Command) -> None:
    home = household()
    device, before = home.devices[key], home.state(key)
    after = obey(device, before, command)
    for again in back(device, before, [command]):
        after = obey(device, after, again)
    assert settled(after.value) == settled(before.value)
    for name in ("current_position", "temperature", "items"):
        if name in before.attributes:
            assert after.attributes[name] == before.attributes[name]
    if before.value == "on" and "brightness" in before.attributes:
        assert after.attributes["brightness"] == before.attributes["brightness"]


def settled(value: str) -> str:
    return {"returning": "docked", "opening": "open", "closing": "closed"}.get(value, value)
