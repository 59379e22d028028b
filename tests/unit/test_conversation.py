"""The conversation: outcomes, questions that wait for an answer, and what an answer does."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest
from household import home_adder, household, intent

from edgevoice.home.model import Home, State
from edgevoice.messages import Command, Expects, Intent, Outcome, Risk, Understood
from edgevoice.nlu.context import Context, Thinking
from edgevoice.phrases import Phrases
from edgevoice.skills.conversation import Conversation
from edgevoice.skills.policy import Rules
from edgevoice.stages import ChatMessage

UNLOCK = Command("lock.front", "locked", False)
OPEN = Command("cover.garage", "open", True)
LAMP = Command("light.lamp", "on", True)

CEILINGS = ("Ceiling Light in the Kitchen", "Ceiling Light in the Living Room")

WISHES: Mapping[str, tuple[Intent, ...]] = {
    "unlock": (intent("HassTurnOff", "lock", ("lock.front",), name="Front Door"),),
    "open garage": (intent("HassTurnOn", "cover", ("cover.garage",), name="Garage Door"),),
    "lamp": (intent("HassTurnOn", "default", ("light.lamp",), name="Reading Lamp"),),
    "ceiling": (intent("HassTurnOn", "default", name="Ceiling Light"),),
    "front": (intent("HassTurnOff", name="Front"),),
    "both": (
        intent("HassTurnOff", "lock", ("lock.front",), name="Front Door"),
        intent("HassTurnOn", "default", ("light.lamp",), name="Reading Lamp"),
        intent("HassTurnOn", "cover", ("cover.garage",), name="Garage Door"),
    ),
    "ceiling and unlock": (
        intent("HassTurnOn", "default", name="Ceiling Light"),
        intent("HassTurnOff", "lock", ("lock.front",), name="Front Door"),
    ),
    "guess": (replace(intent("HassTurnOn", targets=("light.lamp",)), source="llm", confidence=0.4),),
    "bold guess": (replace(intent("HassTurnOn", targets=("light.lamp",)), source="llm", confidence=0.9),),
    "is it on": (intent("HassGetState", "one_yesno", ("light.kitchen",), name="Ceiling Light", state="on"),),
    "timer": (intent("HassStartTimer", minutes=1, name="tea"),),
    "lamp later": (intent("HassStartTimer", "command", minutes=1, conversation_command="lamp"),),
    "unlock later": (intent("HassStartTimer", "command", minutes=1, conversation_command="unlock"),),
    "nonsense later": (intent("HassStartTimer", "command", minutes=1, conversation_command="blah"),),
    "never mind": (intent("HassNevermind"),),
    "order": (intent("orderDrink", size="large"),),
    "chat": (Intent("Chat", {"text": "why is the sky blue"}, source="llm"),),
}


@dataclass
class Table:
    """Understands what stands in a table."""

    contexts: list[Context] = field(default_factory=list)
    prepared: int = 0

    def sayable(self) -> Phrases:
        return Phrases((), frozenset())

    def prepare(self) -> None:
        self.prepared += 1

    def understand(self, text: str, context: Context, cancel: threading.Event) -> tuple[Intent, ...]:
        self.contexts.append(context)
        return WISHES.get(text, ())

    def allows(self, intent: str) -> bool:
        return True

    def think(self, text: str, context: Context, cancel: threading.Event) -> Thinking:
        yield
        return self.understand(text, context, cancel)

    def certain(self, text: str, context: Context) -> tuple[Intent, ...]:
        return WISHES.get(text, ())


def conversation(home: Home | None = None, rules: Rules = Rules(), area: str = "") -> Conversation:
    return Conversation(home or household(), Table(), None, rules, area, lambda: datetime(2026, 1, 2, 3, 4))


def hear(talk: Conversation, text: str, now: float = 0.0, confidence: float = 1.0) -> list[Outcome]:
    events: Iterator[Understood | Outcome] = talk.hear(text, now, threading.Event(), confidence)
    first, *rest = events
    assert isinstance(first, Understood)
    assert all(isinstance(event, Outcome) for event in rest)
    return [event for event in rest if isinstance(event, Outcome)]


def commands(outcomes: list[Outcome]) -> list[Command]:
    return [command for outcome in outcomes for command in outcome.commands]


def test_what_is_free_is_done_at_once() -> None:
    (outcome,) = hear(conversation(), "lamp")
    assert outcome == Outcome((LAMP,), "The Reading Lamp is on.")


def test_a_question_never_acts() -> None:
    (outcome,) = hear(conversation(), "is it on", confidence=0.0)
    assert outcome == Outcome(reply="Yes")


def test_a_risky_command_waits_for_a_yes() -> None:
    talk = conversation()
    (asked,) = hear(talk, "unlock")
    assert asked == Outcome(reply="Should I unlock the Front Door?", expects=Expects("yes_no"))
    assert hear(talk, "Yes, please.", 5.0) == [Outcome((UNLOCK,), "The Front Door is unlocked.")]
    assert commands(hear(talk, "yes", 6.0)) == []


@pytest.mark.parametrize(
    "refusal", ["no", "No thanks.", "never mind", "stop", "don't do it", "cancel that", "yes no wait"]
)
def test_a_no_drops_it(refusal: str) -> None:
    talk = conversation()
    hear(talk, "unlock")
    assert hear(talk, refusal, 1.0) == [Outcome(reply="All right, I leave it.")]
    assert commands(hear(talk, "yes", 2.0)) == []


def test_an_unclear_answer_is_asked_about_once_more() -> None:
    talk = conversation()
    hear(talk, "unlock")
    (again,) = hear(talk, "banana", 1.0)
    assert again.expects == Expects("yes_no")
    assert "yes or no" in again.reply
    assert hear(talk, "pineapple", 2.0) == [Outcome(reply="All right, I leave it.")]
    assert commands(hear(talk, "yes", 3.0)) == []


def test_a_yes_that_was_hardly_heard_is_asked_about_again() -> None:
    talk = conversation()
    hear(talk, "unlock")
    assert commands(hear(talk, "yes", 1.0, confidence=0.2)) == []
    assert commands(hear(talk, "yes", 2.0, confidence=0.9)) == [UNLOCK]


def test_nobody_answers() -> None:
    talk = conversation()
    hear(talk, "unlock", 0.0)
    assert commands(hear(talk, "yes", 30.1)) == []
    hear(talk, "unlock", 100.0)
    assert commands(hear(talk, "yes", 129.9)) == [UNLOCK]


def test_a_question_that_was_cut_off_was_not_asked() -> None:
    talk = conversation()
    cancel = threading.Event()
    for event in talk.hear("unlock", 0.0, cancel):
        if isinstance(event, Outcome):
            cancel.set()  # while the question is spoken
    assert commands(hear(talk, "yes", 1.0)) == []


def test_a_question_that_was_not_come_to_was_not_asked() -> None:
    talk = conversation()
    events = talk.hear("both", 0.0, threading.Event())
    assert isinstance(next(events), Understood)
    assert isinstance(next(events), Outcome)
    assert commands(hear(talk, "yes", 1.0)) == []


def test_a_new_wish_takes_the_place_of_the_question() -> None:
    talk = conversation()
    hear(talk, "unlock")
    assert commands(hear(talk, "lamp", 1.0)) == [LAMP]
    assert commands(hear(talk, "yes", 2.0)) == []


def test_a_guess_is_no_answer() -> None:
    talk = conversation()
    hear(talk, "unlock")
    assert hear(talk, "bold guess", 1.0)[0].expects == Expects("yes_no")
    assert commands(hear(talk, "yes", 2.0)) == [UNLOCK]


def test_a_yes_does_exactly_what_was_asked_about() -> None:
    home = household()
    talk = conversation(home)
    hear(talk, "unlock")
    home.remove("lock.front")
    assert commands(hear(talk, "yes", 1.0)) == [UNLOCK]


def test_several_wishes_the_free_ones_first_then_one_question() -> None:
    talk = conversation()
    outcomes = hear(talk, "both")
    assert commands(outcomes) == [LAMP]
    assert outcomes[-1] == Outcome(
        reply="Should I unlock the Front Door and open the Garage Door?", expects=Expects("yes_no")
    )
    assert hear(talk, "yes", 1.0) == [
        Outcome((UNLOCK, OPEN), "The Front Door is unlocked. The Garage Door is opening.")
    ]


def test_several_questions_come_one_by_one() -> None:
    talk = conversation()
    assert hear(talk, "ceiling and unlock")[0].expects == Expects("choice", CEILINGS)
    second = hear(talk, "the kitchen one", 1.0)
    assert commands(second) == [Command("light.kitchen", "on", True)]
    assert second[-1].reply == "Should I unlock the Front Door?"
    assert commands(hear(talk, "sure", 30.5)) == [UNLOCK]


def test_what_is_not_sure_is_asked_about() -> None:
    assert hear(conversation(), "guess")[0].expects == Expects("yes_no")
    assert commands(hear(conversation(), "bold guess")) == [LAMP]
    assert hear(conversation(), "lamp", confidence=0.2)[0].reply == "Should I turn on the Reading Lamp?"


def test_which_one() -> None:
    talk = conversation()
    (asked,) = hear(talk, "ceiling")
    assert asked.reply == "Which one: Ceiling Light in the Kitchen or Ceiling Light in the Living Room?"
    assert asked.expects is not None
    assert asked.expects.kind == "choice"
    assert len(asked.expects.choices) == 2
    assert commands(hear(talk, "the one in the kitchen", 1.0)) == [Command("light.kitchen", "on", True)]


def test_which_one_is_not_needed_where_the_microphone_stands() -> None:
    assert commands(hear(conversation(area="Living Room"), "ceiling")) == [Command("light.living", "on", True)]


def test_a_chosen_one_may_still_need_a_yes() -> None:
    home = household()
    home.put(replace(home.devices["lock.front"], aliases=("front",)))
    home.put(replace(home.devices["cover.garage"], aliases=("front",)))
    talk = conversation(home)
    (asked,) = hear(talk, "front")
    assert asked.reply == "Which one: Front Door or Garage Door?"
    (confirm,) = hear(talk, "the first one", 1.0)
    assert confirm == Outcome(reply="Should I unlock the Front Door?", expects=Expects("yes_no"))
    assert commands(hear(talk, "yeah", 2.0)) == [UNLOCK]


def pin_home() -> Home:
    home = household()
    home.put(replace(home.devices["lock.front"], risk={"locked=false": Risk.PIN}))
    return home


def test_a_pin() -> None:
    talk = conversation(pin_home(), Rules(pin="4711"))
    assert hear(talk, "unlock") == [Outcome(reply="What is the PIN to unlock the Front Door?", expects=Expects("pin"))]
    assert commands(hear(talk, "yes", 1.0)) == []
    assert commands(hear(talk, "four seven one one", 2.0)) == [UNLOCK]


def test_a_wrong_pin_has_one_more_try() -> None:
    talk = conversation(pin_home(), Rules(pin="4711"))
    hear(talk, "unlock")
    wrong, again = hear(talk, "1234", 1.0)
    assert wrong.reply == "That is not the PIN."
    assert again.expects == Expects("pin")
    assert hear(talk, "12 34", 2.0) == [Outcome(reply="That is not the PIN.")]
    assert commands(hear(talk, "4711", 3.0)) == []


def test_no_pin_is_set_up() -> None:
    assert hear(conversation(pin_home()), "unlock") == [Outcome(reply="That needs a PIN, and none is set up.")]


def test_not_while_moving() -> None:
    home = household()
    home.put(replace(home.devices["light.lamp"], risk={"on": Risk.DENY_WHILE_MOVING}))
    talk = conversation(home)
    assert hear(talk, "lamp") == [Outcome(reply="I do not know whether the car stands, so I leave that.")]
    home_adder(home)("sensor.speed", "Speed", None, "30", device_class="speed")
    assert hear(talk, "lamp") == [Outcome(reply="Not while the car is moving.")]
    home.update("sensor.speed", State("0"))
    assert commands(hear(talk, "lamp"))


def test_a_car_that_sets_off_between_the_question_and_the_answer() -> None:
    home = household()
    home.put(replace(home.devices["lock.front"], risk={"locked=false": Risk.DENY_WHILE_MOVING}))
    home_adder(home)("sensor.speed", "Speed", None, "0", device_class="speed")
    talk = conversation(home)
    assert hear(talk, "unlock")[-1].expects
    home.update("sensor.speed", State("30"))
    assert hear(talk, "yes") == [Outcome(reply="Not while the car is moving.")]


def test_not_understood() -> None:
    assert hear(conversation(), "colourless green ideas") == [Outcome(reply="Sorry, I couldn't understand that")]


def test_a_pack_nobody_serves_and_chat_without_a_model() -> None:
    assert commands(hear(conversation(), "order")) == []
    assert hear(conversation(), "order")[0].reply == "I understood, but nothing here can do that."
    assert hear(conversation(), "chat")[0].reply


@dataclass
class Talker:
    """A language model that says two sentences and keeps what it was asked."""

    asked: list[list[ChatMessage]] = field(default_factory=list)

    def generate(
        self, messages: Sequence[ChatMessage], max_tokens: int, cancel: threading.Event, grammar: str = ""
    ) -> Iterator[str]:
        self.asked.append(list(messages))
        yield from ("Light scat", "ters. Blue most", " of all.")

    def warm(self, messages: Sequence[ChatMessage]) -> None: ...


def test_free_talk_is_streamed_and_remembered_for_a_while() -> None:
    llm = Talker()
    talk = Conversation(household(), Table(), llm, now=lambda: datetime(2026, 1, 2, 3, 4))

    def ask(now: float) -> list[str]:
        (outcome,) = hear(talk, "chat", now)
        assert outcome.sentences is not None
        return list(outcome.sentences)

    assert ask(0.0) == ["Light scatters.", "Blue most of all."]
    assert llm.asked[0][-1].content.endswith("why is the sky blue")
    ask(10.0)
    assert len(llm.asked[1]) == len(llm.asked[0]) + 2
    assert llm.asked[1][-2] == ChatMessage("assistant", "Light scatters. Blue most of all.")
    ask(500.0)
    assert len(llm.asked[2]) == len(llm.asked[0])


@pytest.mark.parametrize("text", ["never mind", "stop", "No."])
def test_never_mind_is_answered_by_nothing(text: str) -> None:
    assert hear(conversation(), text) == [Outcome()]


def test_a_timer_is_announced() -> None:
    talk = conversation()
    assert hear(talk, "timer", 10.0)[0].reply == "Tea timer set for 1 minute."
    assert list(talk.due(69.0)) == []
    assert list(talk.due(70.0)) == [Outcome(reply="Your tea timer is done.")]


def test_a_command_for_later_is_done_later() -> None:
    talk = conversation()
    (outcome,) = hear(talk, "lamp later", 0.0)
    assert outcome == Outcome(reply="Command will be executed in 1 minute")
    assert list(talk.due(60.0)) == [Outcome((LAMP,), "The Reading Lamp is on.")]


def test_a_risky_command_for_later_is_asked_about_now() -> None:
    talk = conversation()
    asked = Outcome(reply="Should I unlock the Front Door in 1 minute?", expects=Expects("yes_no"))
    assert hear(talk, "unlock later", 0.0) == [asked]
    assert list(talk.due(100.0)) == []
    hear(talk, "unlock later", 200.0)
    assert commands(hear(talk, "yes", 210.0)) == []
    assert [outcome.commands for outcome in talk.due(270.0)] == [(UNLOCK,)]


def test_what_is_not_understood_is_no_command_for_later() -> None:
    talk = conversation()
    assert hear(talk, "nonsense later")[0].reply == "Sorry, I couldn't understand that"
    assert len(talk.timers) == 0


def test_the_context_says_where_and_what_was_spoken_of() -> None:
    table = Table()
    talk = Conversation(household(), table, area="Living Room")
    hear(talk, "lamp")
    hear(talk, "bold guess")
    assert table.contexts == [Context("living", ()), Context("living", ("light.lamp",))]


def test_a_cancelled_turn_does_nothing() -> None:
    cancel = threading.Event()
    cancel.set()
    events = list(conversation().hear("lamp", 0.0, cancel))
    assert [type(event) for event in events] == [Understood]


def test_it_gets_ready_once_for_each_state_of_the_home() -> None:
    home, table = household(), Table()
    talk = Conversation(home, table)
    talk.prepare()
    talk.prepare()
    assert table.prepared == 1
    home.remove("light.lamp")
    talk.prepare()
    assert table.prepared == 2
