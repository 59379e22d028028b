"""What can be said in a home and to a pack: hassil's templates as a graph of words."""

from __future__ import annotations

from pathlib import Path

import pytest
from household import household
from letters import VOCABULARY

from edgevoice.asr.automaton import Automaton, State
from edgevoice.config import NluSettings
from edgevoice.home.model import Device
from edgevoice.nlu import cascade, packs, sayable

HOME = household()
CASCADE = cascade.load(HOME, NluSettings(packs=("coffee",)), None, ("hey_jarvis",))


def says(text: str, automaton: Automaton) -> bool:
    return automaton.accepts(VOCABULARY.encode(" " + text))


@pytest.fixture(scope="module")
def automaton() -> Automaton:
    return Automaton(CASCADE.sayable(), VOCABULARY)


@pytest.mark.parametrize(
    "text",
    [
        "Turn off the book light.",
        "Hey Jarvis, turn off the book light, please.",
        "Could you turn on the lights in the living room",
        "Set a timer for 3 hours and ten minutes",
        "Set the reading lamp brightness to 50%",
        "set reading lamp brightness to fifty percent",
        "Set the thermostat to twenty point five degrees",
        "Is the front door locked?",
        "What's the time?",
        "Add six eggs to my shopping list.",
        "Nevermind",
        "I want a large latte with some almond milk",
    ],
)
def test_what_the_home_understands_can_be_said(automaton: Automaton, text: str) -> None:
    assert says(text, automaton)


@pytest.mark.parametrize(
    "text",
    [
        "Turn off the attic light",
        "Lock the book light",
        "Is the front door",
        "Set a timer for minutes",
        "The best emetic is that which is at hand",
    ],
)
def test_what_is_not_of_this_home_cannot(automaton: Automaton, text: str) -> None:
    assert not says(text, automaton)


def test_names_follow_the_home_and_the_sentences_stay() -> None:
    home = household()
    understanding = cascade.load(home, NluSettings())
    before = understanding.sayable()
    assert understanding.sayable() is before
    home.put(Device("light.attic", "Attic Spot", "light", None))
    after = understanding.sayable()
    assert after.arcs is before.arcs
    assert says("turn on the attic spot", Automaton(after, VOCABULARY))
    assert not says("turn on the attic spot", Automaton(before, VOCABULARY))


def test_a_pack_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lift.yaml"
    path.write_text(
        "intents: {go: {sentences: ['(go|take me) to [the] {floor} floor[s]', '[now ](up;{floor})']}}\n"
        "slots: {floor: {values: [twelfth, twenty one]}}\n"
    )
    phrases = sayable.pack(packs.load(path).sentences)
    automaton = Automaton(phrases, VOCABULARY)
    assert phrases.closed
    assert says("go to twelfth floor", automaton)
    assert says("take me to the 21 floors", automaton)
    assert says("now up twelfth", automaton)
    assert says("twenty-one up", automaton)
    assert not says("go to the floor", automaton)
    assert not says("up", automaton)


def test_opposites_of_the_language_come_along() -> None:
    assert ("on", "off") in CASCADE.sayable().opposites
    assert ("lock", "unlock") in CASCADE.sayable().opposites


def test_small_talk_costs_more_than_a_command(automaton: Automaton) -> None:
    costs: dict[str, float | None] = {}
    for text in ("Hello", "Nevermind"):
        state: State | None = automaton.start
        for token in VOCABULARY.encode(" " + text):
            assert state is not None
            state = automaton.step(state, token)
        assert state is not None
        costs[text] = state.ends
    assert costs == {"Hello": 3.0, "Nevermind": 0.0}
