"""Questions about the home: sums, superlatives, what happened, what is on the lists."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest
from hassil.expression import Alternative, Group, ListReference, Permutation, RuleReference, TextChunk
from hassil.intents import RangeSlotList, TextSlotList
from household import home_adder, household
from hypothesis import given, settings
from hypothesis import strategies as st

from edgevoice.config import NluSettings
from edgevoice.home.model import Home, State
from edgevoice.messages import Outcome
from edgevoice.nlu import cascade, evidence, templates
from edgevoice.skills.asks import ask, kinds
from edgevoice.skills.asks.wording import Moment
from edgevoice.skills.conversation import Conversation
from edgevoice.skills.questions import QUESTIONS

NOW = Moment(10_000.0, datetime(2026, 3, 1, 15, 4))


def told(text: str, home: Home | None = None, mic_area: str | None = None) -> str | None:
    found = ask.answer(home or household(), text, NOW, mic_area)
    return found.reply if found else None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hey Jarvis, is anything open?", "Yes, the Kitchen Window is open."),
        ("is anything open upstairs", "I do not know of any things that could be open upstairs."),
        ("Is anything open in the garage?", "No, nothing is open in the Garage."),
        ("are all doors locked", "Yes, the Front Door is locked."),
        ("are all the windows closed", "No, the Kitchen Window is open."),
        ("are there any open windows in the kitchen, please", "Yes, the Kitchen Window is open."),
        ("which windows are not closed", "The Kitchen Window is open."),
        ("how many lights are on", "1: the Ceiling Light."),
        ("how many lights are on in the lounge", "No lights are on in the Living Room."),
        ("how many lights are there downstairs", "There are 3 lights on the Ground Floor."),
        ("did i leave the lights on", "Yes, the Ceiling Light is on."),
        ("who is home", "Nobody is home."),
        ("what's the warmest room?", "The Living Room, at 20.6 degrees."),
        ("which room is the coldest", "The Bedroom, at 18 degrees."),
        ("which room is the most humid", "I do not know the humidity of any room."),
        ("what is the average temperature upstairs", "18 degrees on average."),
        ("what's on my shopping list", "On the Shopping List: Milk."),
        ("is milk on my list", "Yes, Milk is on the Shopping List."),
        ("do I have eggs on the grocery list", "No, eggs is not on the Shopping List."),
        ("how many things are on my list", "There is 1 thing on the Shopping List."),
        ("what rooms do you know?", "Kitchen, Living Room, Bedroom and Garage."),
        ("which lights do I have", "The Ceiling Light, Reading Lamp and Porch Light."),
        ("what devices are in the bedroom", "The Ceiling Fan, Bedroom Blind and Bedroom Temperature."),
        ("list the locks upstairs", "I know of no locks upstairs."),
        ("what's the status of the kitchen", "The Ceiling Light and Radio are on. The Kitchen Window is open."),
        ("what's going on in the garage", "Nothing is on in the Garage."),
        ("is the house secure", "No. The Kitchen Window is open."),
        ("what is on my wish list", None),
        ("what's on tv", None),
        ("are you open to ideas", None),
        ("did you like the film", None),
        ("turn on all the lights", None),
        ("open the window", None),
        ("x" * 5000, None),
        ("", None),
    ],
)
def test_answers(text: str, said: str | None) -> None:
    assert told(text) == said


def test_here_is_where_the_microphone_is() -> None:
    assert told("is anything open in this room", mic_area="Garage") == "No, nothing is open here."


def test_what_nobody_knows_is_not_counted() -> None:
    home = household()
    home.update("lock.front", State("unavailable"))
    assert told("are the doors locked", home) == "I do not know of any doors that could be locked."


def test_superlatives_over_several_rooms() -> None:
    home = household()
    add = home_adder(home)
    add("sensor.bath", "Bath", "garage", "71", device_class="humidity", unit="%")
    add("sensor.hall", "Hall", "kitchen", "40", device_class="humidity", unit="%")
    assert told("which is the most humid room", home) is not None
    assert told("where is it the driest", home) == "The Kitchen, at 40 percent."


def test_what_happened() -> None:
    home = household()
    assert told("did I lock the door", home) == "Yes, the Front Door is locked."
    assert told("when was the garage opened last", home) == "I have not seen that, since I was started."
    home.update("cover.garage", State("open", changed_seconds=10_000.0 - 3 * 3600))
    home.update("cover.garage", State("closed", changed_seconds=10_000.0 - 3600))
    home.update("lock.front", State("unlocked", changed_seconds=10_000.0 - 600))
    assert told("when was the garage door opened last?", home) == "The Garage Door was opened at 12:04 PM."
    assert told("did I close the garage", home) == "Yes, the Garage Door is closed, since 2:04 PM."
    assert told("how long has the front door been unlocked", home) == "For 10 minutes, since 2:54 PM."
    assert told("did we turn the kettle off", home) == "Yes, the Kettle is off."
    assert told("did I lock the front door", home) == "No, the Front Door is unlocked."
    assert told("was the garage opened", home) == "No, the Garage Door is closed. It was open at 12:04 PM."


def test_the_history_is_bounded_and_forgets_what_is_gone() -> None:
    home = household()
    for n in range(1000):
        home.update("lock.front", State(("locked", "unlocked")[n % 2], changed_seconds=float(n)))
        home.update("sensor.bedroom", State(str(n)))
    assert len(home.history.of("lock.front")) == 16
    assert home.history.of("lock.front")[-1].seconds == 999.0
    assert home.history.of("sensor.bedroom") == ()
    home.remove("lock.front")
    assert home.history.of("lock.front") == ()


# --- a question never acts --------------------------------------------------------------------------------------------


def sentences(home: Home, chance: random.Random) -> Iterator[str]:
    """Six of every question template, Home Assistant's and ours, with words drawn at random."""
    known = templates.load(home, "en").language
    for name in sorted(QUESTIONS & known.intents.intents.keys()):
        for data in known.intents.intents[name].data:
            lists = {**known.intents.slot_lists, **data.slot_lists, **known.lists}
            rules = {**known.intents.expansion_rules, **data.expansion_rules}
            for sentence in data.sentences:
                yield from (" ".join(drawn(sentence.expression, lists, rules, chance).split()) for _ in range(6))


def drawn(part: Any, lists: Mapping[str, Any], rules: Mapping[str, Any], chance: random.Random) -> str:
    match part:
        case TextChunk():
            return str(part.original_text)
        case Alternative():
            return drawn(chance.choice(part.items), lists, rules, chance)
        case Group():
            items = chance.sample(part.items, len(part.items)) if isinstance(part, Permutation) else part.items
            return "".join(drawn(item, lists, rules, chance) for item in items)
        case RuleReference():
            return drawn(rules[part.rule_name].expression, lists, rules, chance)
        case ListReference():
            values = lists[part.list_name]
            if isinstance(values, TextSlotList):
                return drawn(chance.choice(values.values).text_in, lists, rules, chance)
            return str(chance.randint(values.start, values.stop)) if isinstance(values, RangeSlotList) else "something"
    raise AssertionError(f"a part of another kind: {part!r}")


def acts(talk: Conversation, text: str) -> bool:
    """Anything sent, or asked about before it is sent."""
    events = talk.hear(text, 0.0, threading.Event())
    return any(isinstance(one, Outcome) and (one.commands or one.expects) for one in events)


HOME = household()
TALK = Conversation(HOME, cascade.load(HOME, NluSettings()))


def test_no_question_of_the_templates_acts() -> None:
    # "[are] all fans off" without its "are" is a command too.
    asked = {text for text in sentences(HOME, random.Random(1)) if evidence.read(text).is_question}
    assert len(asked) > 500
    assert "\n".join(text for text in sorted(asked) if acts(TALK, text)) == ""


STATES, WORDS = sorted(kinds.CONDITIONS), sorted({word for kind in kinds.KINDS for word in (*kind.one, *kind.many)})
OPENERS = (
    ["is the", "is any", "are all", "are the", "which", "how many", "did i leave the", "who is", "when was the"]
    + ["did i lock the", "what is on my", "is it", "what did you do to the", "why is the", "how long has the", "was the"]
)  # fmt: skip
NAMES = [device.name for device in HOME.exposed()] + WORDS
PLACES = ["", "upstairs", "downstairs", "in the kitchen", "here", "in the house", "right now"]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(OPENERS), st.sampled_from(NAMES), st.sampled_from(["is", "are", "been", ""]),
    st.sampled_from(STATES), st.sampled_from(PLACES),
)  # fmt: skip
def test_no_generated_question_acts(opener: str, name: str, verb: str, state: str, place: str) -> None:
    text = " ".join(f"{opener} {name} {verb} {state} {place}".split())
    assert not acts(TALK, text)
