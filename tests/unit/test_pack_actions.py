"""What follows from a pack's sentence: messages, Home Assistant's intents, answers; and what is asked about first."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes import Clock
from household import household
from letters import VOCABULARY

from edgevoice.asr.automaton import Automaton
from edgevoice.config import NluSettings
from edgevoice.home.model import Home
from edgevoice.home.pack_messages import PackMessages
from edgevoice.link import HomeLink
from edgevoice.messages import Command, Message, Outcome, Understood
from edgevoice.nlu import cascade
from edgevoice.skills.conversation import Conversation
from edgevoice.skills.policy import Rules

AQUARIUM = """\
intents:
  feedFish:
    sentences: ["feed the (fish|fishes)"]
    mqtt: {topic: aquarium/feed, payload: once, state_topic: aquarium/fed, state_payload: done}
    answer: The fish have been fed.
    title: feed the fish
  setPump:
    sentences: ["set the {which} pump to {level} [percent]"]
    mqtt: {topic: "aquarium/{which}/set", payload: '{"level": {level}}', state_topic: "aquarium/{which}/level", state_payload: "{level}"}
    answer: The {which} pump is at {level} percent.
  drain:
    sentences: ["(drain|empty) the tank"]
    mqtt: {topic: aquarium/drain}
    risk: confirm
    title: drain the tank
  openSesame:
    sentences: ["open sesame"]
    home: {intent: HassTurnOff, slots: {name: Front Door, domain: lock}}
    risk: pin
  moonlight:
    sentences: ["moonlight [{level}]"]
    home: {intent: HassLightSet, slots: {name: Reading Lamp, brightness: 5}}
    answer: The moon is up.
  names:
    sentences: ["who lives in the tank"]
    answer: Nemo and Dory.
  HassTurnOn:
    data: [{sentences: ["let there be light"], slots: {domain: light, name: all}}]
slots:
  which: {values: [air, water]}
  level: {minimum: 0, maximum: 100}
"""
FED = Command("pack.aquarium_feedfish", "message", ("aquarium/feed", "once", "aquarium/fed", "done"))


class Talk:
    """A conversation in a home with the aquarium's pack; PIN 4711."""

    def __init__(self, folder: Path, settings: NluSettings | None = None) -> None:
        (folder / "aquarium.yaml").write_text(AQUARIUM, "utf-8")
        self.home: Home = household()
        self.understanding = cascade.load(self.home, settings or NluSettings(packs_folder=folder))
        self.talk = Conversation(self.home, self.understanding, rules=Rules(pin="4711"))

    def __call__(self, text: str, now: float = 0.0) -> tuple[list[Command], str]:
        """(the commands that follow at once, what is answered)."""
        events = list(self.talk.hear(text, now, threading.Event()))
        assert isinstance(events[0], Understood)
        outcomes = [event for event in events if isinstance(event, Outcome)]
        return [one for outcome in outcomes for one in outcome.commands], " ".join(one.reply for one in outcomes)


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


@pytest.mark.parametrize("text", ["feed the fish", "Please feed the fishes!", "could you um feed the fish please"])
def test_a_message(talk: Talk, text: str) -> None:
    assert talk(text) == ([FED], "The fish have been fed.")


def test_slots_are_filled_in(talk: Talk) -> None:
    commands, reply = talk("set the air pump to forty percent")
    assert commands[0].value == ("aquarium/air/set", '{"level": 40}', "aquarium/air/level", "40")
    assert reply == "The air pump is at 40 percent."
    assert talk("set the air pump to 101")[0] == []
    assert talk("set the air pump to minus 5")[0] == []


@pytest.mark.parametrize(
    "text", ["did you feed the fish", "don't feed the fish", "never feed the fish", "what if I feed the fish"]
)
def test_a_question_and_a_denial_do_nothing(talk: Talk, text: str) -> None:
    assert talk(text)[0] == []


def test_what_was_heard_roughly_is_asked_about(talk: Talk) -> None:
    assert talk("empty tank") == ([], "Should I drain the tank?")


def test_risk_is_asked_about_and_a_pin_is_wanted(talk: Talk) -> None:
    assert talk("drain the tank") == ([], "Should I drain the tank?")
    assert [one.device for one in talk("yes", 1.0)[0]] == ["pack.aquarium_drain"]
    assert "PIN" in talk("open sesame", 2.0)[1]
    assert talk("4711", 3.0)[0] == [Command("lock.front", "locked", False)]


def test_an_intent_of_home_assistants_and_an_answer(talk: Talk) -> None:
    assert talk("moonlight") == ([Command("light.lamp", "brightness", 5)], "The moon is up.")
    assert talk("who lives in the tank") == ([], "Nemo and Dory.")
    assert {one.device for one in talk("let there be light")[0]} >= {"light.kitchen", "light.lamp"}


def test_in_a_compound_and_for_later(talk: Talk) -> None:
    assert [one.device for one in talk("feed the fish and turn on the reading lamp")[0]] == [FED.device, "light.lamp"]
    assert talk("feed the fish in 10 minutes", 10.0)[0] == []
    assert [outcome.commands for outcome in talk.talk.due(611.0)] == [(FED,)]
    assert "drain the tank" in talk("drain the tank in 10 minutes", 700.0)[1]  # asked about now


def test_what_was_done_is_told_and_cannot_be_undone(talk: Talk) -> None:
    talk("feed the fish")
    assert "carried out “feed the fish”" in talk("what did you do", 1.0)[1]
    assert talk("undo that", 2.0)[0] == []


def test_again_is_the_same_and_something_else_is_not(talk: Talk) -> None:
    talk("feed the fish")
    assert talk("and the reading lamp", 1.0)[0] == []
    assert talk("and in the kitchen", 2.0)[0] == []
    talk("feed the fish", 3.0)
    assert talk("again", 4.0)[0] == [FED]


def test_a_question_about_a_message_survives_a_restart(talk: Talk) -> None:
    assert talk("drain the tank")[0] == []
    kept = json.loads(json.dumps(talk.talk.save(0.0, 1000.0)))
    after = Conversation(talk.home, talk.understanding)
    after.restore(kept, 0.0, 1001.0)
    outcomes = [one for one in after.hear("yes", 1.0, threading.Event()) if isinstance(one, Outcome)]
    assert [one.device for one in outcomes[0].commands] == ["pack.aquarium_drain"]


def test_what_is_off_is_not_understood(tmp_path: Path) -> None:
    talk = Talk(tmp_path, NluSettings(packs_folder=tmp_path, packs_off=("timers", "media", "aquarium")))
    for text in ("set a timer for 5 minutes", "pause the tv", "feed the fish", "mute the tv", "make it louder"):
        commands, reply = talk(text)
        assert commands == []
        assert "couldn't understand" in reply
    assert talk("turn on the reading lamp")[0] == [Command("light.lamp", "on", True)]


def test_without_the_home_the_rest_is_understood(tmp_path: Path) -> None:
    talk = Talk(tmp_path, NluSettings(packs=("coffee",), packs_off=("home",)))
    for text in ("turn on the reading lamp", "it is dark", "kill the lights", "close the blind"):
        assert talk(text)[0] == []
    assert [one.device for one in talk("make me a latte")[0]] == ["pack.coffee_orderdrink"]
    assert talk("mute the tv")[0] == [Command("media_player.tv", "muted", True)]


def test_the_words_of_a_pack_feed_the_recogniser(talk: Talk, tmp_path: Path) -> None:
    automaton = Automaton(talk.understanding.sayable(), VOCABULARY)
    without = Automaton(cascade.load(household(), NluSettings()).sayable(), VOCABULARY)
    for text in ("feed the fishes", "set the water pump to forty two percent", "let there be light", "open sesame"):
        assert automaton.accepts(VOCABULARY.encode(" " + text))
        assert not without.accepts(VOCABULARY.encode(" " + text))


class Broker:
    """A bus, and the aquarium that answers on it."""

    def __init__(self, answers: dict[str, tuple[str, bytes]], clock: Clock) -> None:
        self.answers, self.sent, self.filters, self.clock = answers, list[Message](), list[str](), clock
        self.waiting: list[Message] = []

    def subscribe(self, filters: Sequence[str]) -> None:
        self.filters = list(filters)

    def publish(self, message: Message) -> None:
        self.sent.append(message)
        if message.topic in self.answers:
            self.waiting.append(Message(*self.answers[message.topic]))

    def ready(self, timeout_seconds: float, topic: str = "") -> bool:
        return True

    def receive(self, timeout_seconds: float) -> Message | None:
        self.clock.now += 0.0 if self.waiting else timeout_seconds
        return self.waiting.pop() if self.waiting else None


def linked(talk: Talk, **answers: tuple[str, bytes]) -> tuple[HomeLink, Broker, Clock]:
    clock = Clock()
    broker = Broker({key.replace("_", "/"): value for key, value in answers.items()}, clock)
    made = [told for pack in talk.understanding.packs for told in pack.devices().values()]
    link = HomeLink(talk.home, PackMessages(talk.home, made), broker, lambda: clock.now)
    link.pump()
    return link, broker, clock


def confirmed(link: HomeLink, commands: list[Command], clock: Clock) -> list[tuple[bool, bool]]:
    list(link.send(commands, clock.now))
    events = []
    for event in link.confirm(commands, clock.now, 1.0):
        events.append((event.confirmed, event.optimistic))
    return events


def test_a_message_is_sent_once_at_qos_1_and_confirmed_by_its_topic(talk: Talk) -> None:
    link, broker, clock = linked(talk, aquarium_feed=("aquarium/fed", b"done"))
    assert set(broker.filters) == {"aquarium/fed", "aquarium/+/level"}
    assert confirmed(link, [FED], clock) == [(True, False)]
    assert broker.sent == [Message("aquarium/feed", b"once", qos=1, retain=False)]


def test_another_answer_or_none_is_no_confirmation(talk: Talk) -> None:
    link, _, clock = linked(talk, aquarium_feed=("aquarium/fed", b"jammed"))
    assert confirmed(link, [FED], clock) == [(False, False)]


def test_what_was_told_before_is_no_confirmation(talk: Talk) -> None:
    link, broker, clock = linked(talk)
    broker.waiting.append(Message("aquarium/fed", b"done", retain=True))
    link.pump()
    assert confirmed(link, [FED], clock) == [(False, False)]


def test_each_slot_has_its_own_state(talk: Talk) -> None:
    link, _, clock = linked(talk, aquarium_air_set=("aquarium/air/level", b"40"))
    air, water = talk("set the air pump to 40")[0], talk("set the water pump to 40")[0]
    assert confirmed(link, air, clock) == [(True, False)]
    assert confirmed(link, water, clock) == [(False, False)]


def test_without_a_state_topic_the_brokers_word_will_do(talk: Talk) -> None:
    link, broker, clock = linked(talk)
    talk("drain the tank")
    assert confirmed(link, talk("yes", 1.0)[0], clock) == [(True, True)]
    assert broker.sent[-1].topic == "aquarium/drain"


def test_a_flood_of_states_stays_bounded(talk: Talk) -> None:
    link, broker, _ = linked(talk)
    broker.waiting += [Message(f"aquarium/{i}/level", b"1") for i in range(5000)]
    broker.waiting += [Message("aquarium/x/level", b"1" * 100_000), Message("aquarium/fed/level/no", b"\xff")]
    for _ in range(6):
        link.pump()
    assert len(talk.home.state("pack.aquarium_setpump").attributes) <= 1000


def test_a_vehicle_that_moves_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "lift.yaml"
    file.write_text(
        "intents: {up: {sentences: [lift the car], mqtt: {topic: lift}, risk: deny_while_moving}}\n", "utf-8"
    )
    home = household()
    talk = Conversation(home, cascade.load(home, NluSettings(packs=(str(file),))))
    outcome = list(talk.hear("lift the car", 0.0, threading.Event()))[1]
    assert isinstance(outcome, Outcome)
    assert outcome.commands == ()
    assert "whether the car stands" in outcome.reply
