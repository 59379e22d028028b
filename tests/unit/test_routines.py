"""What is wanted later: at a time, at sunset, when something is so."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from household import home_adder, household

from edgevoice.config import NluSettings
from edgevoice.home import sun
from edgevoice.home.model import Home, State
from edgevoice.messages import Command, Outcome
from edgevoice.nlu import cascade
from edgevoice.skills import later
from edgevoice.skills.conversation import Conversation

BEGIN = datetime(2026, 3, 1, 15, 0)
PORCH = Command("light.porch", "on", True)
UNLOCK = Command("lock.front", "locked", False)


class Talk:
    """A conversation whose clock is moved by hand."""

    def __init__(self, home: Home | None = None) -> None:
        self.home, self.now = home or household(), BEGIN
        self.conversation = Conversation(self.home, cascade.load(self.home, NluSettings()), now=lambda: self.now)

    def say(self, text: str) -> str:
        self.now += timedelta(seconds=2)
        heard = self.conversation.hear(text, self.now.timestamp(), threading.Event())
        outcomes = [one for one in heard if isinstance(one, Outcome)]
        assert not any(one.commands for one in outcomes), "it was to be done later"
        return " ".join(one.reply for one in outcomes)

    def due(self, at: datetime | None = None) -> list[Command]:
        self.now = at or self.now
        return [c for one in self.conversation.due(self.now.timestamp()) for c in one.commands]


@pytest.fixture
def talk() -> Talk:
    return Talk()


def at(hour: int, minute: int = 0, day: int = 1) -> datetime:
    return BEGIN.replace(day=day, hour=hour, minute=minute)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("at 7 pm turn on the porch light", at(19)),
        ("At half past seven, turn on the porch light.", at(19, 30)),
        ("turn on the porch light at 7:30 pm", at(19, 30)),
        ("turn on the porch light tomorrow at seven", at(7, day=2)),
        ("tonight at nine turn on the porch light", at(21)),
        ("turn the porch light on at noon", at(12, day=2)),
    ],
)
def test_at_a_time(talk: Talk, text: str, when: datetime) -> None:
    assert "I turn on the Porch Light." in talk.say(text)
    assert talk.due(when - timedelta(seconds=1)) == []
    assert talk.due(when) == [PORCH]
    assert talk.due(when + timedelta(days=1)) == []


CLOSED, OPEN = State("closed"), State("open")


@pytest.mark.parametrize(
    ("text", "key", "states"),
    [
        ("when the garage door is open turn on the porch light", "cover.garage", (CLOSED, OPEN)),
        ("turn on the porch light as soon as the garage opens", "cover.garage", (CLOSED, OPEN)),
        ("when the front door unlocks turn on the porch light", "lock.front", (State("locked"), State("unlocked"))),
        ("if ada comes home, then turn on the porch light", "person.ada", (State("work"), State("home"))),
        ("when the bedroom drops below 17 degrees turn on the porch light", "sensor.bedroom", (State("17"), State("16.9"))),
        ("if the outdoor humidity is above seventy percent turn on the porch light", "sensor.outdoor", (State("70"), State("71"))),
        ("turn on the porch light when the washer is done", "sensor.washer", (State("washing"), State("finished"))),
        ("when there is motion in the garage turn on the porch light", "binary_sensor.garage", (State("off"), State("on"))),
    ],
)  # fmt: skip
def test_when_something_is_so(text: str, key: str, states: tuple[State, State]) -> None:
    home = household()
    home_adder(home)("sensor.washer", "Washer", None, "washing")
    home_adder(home)("binary_sensor.garage", "Eye", "garage", "off", device_class="motion")
    talk = Talk(home)
    assert "I turn on the Porch Light. I wait a day for that." in talk.say(text)
    talk.home.update(key, states[0])
    assert talk.due() == []
    talk.home.update(key, State("unavailable"))
    assert talk.due() == []
    talk.home.update(key, states[1])
    assert talk.due() == [PORCH]
    assert talk.due() == []


def test_when_waits_for_the_next_time_and_if_does_not(talk: Talk) -> None:
    talk.home.update("cover.garage", OPEN)
    assert "That is so already" in talk.say("when the garage door is open turn on the porch light")
    assert talk.due() == []
    talk.home.update("cover.garage", CLOSED)
    assert talk.due() == []
    talk.home.update("cover.garage", OPEN)
    assert talk.due() == [PORCH]
    events = talk.conversation.hear("if the garage door is open turn on the porch light", 0.0, threading.Event())
    assert [one.commands for one in events if isinstance(one, Outcome)] == [(PORCH,)]


def test_all_and_any(talk: Talk) -> None:
    home_adder(talk.home)("person.bob", "Bob", None, "home")
    talk.home.update("person.ada", State("home"))
    talk.say("when everyone leaves turn on the porch light")
    talk.home.update("person.ada", State("not_home"))
    assert talk.due() == []
    talk.home.update("person.bob", State("not_home"))
    assert talk.due() == [PORCH]


def test_it_is_not_waited_for_ever(talk: Talk) -> None:
    talk.say("when the garage door is open turn on the porch light")
    talk.due(BEGIN + timedelta(days=1, minutes=1))
    talk.home.update("cover.garage", OPEN)
    assert talk.due() == []


def test_what_is_risky_is_asked_about_now(talk: Talk) -> None:
    assert talk.say("unlock the front door at 8 pm") == "Should I unlock the Front Door at 8 PM?"
    assert talk.due(at(20)) == []
    talk.now = BEGIN
    talk.say("unlock the front door at 8 pm")
    assert talk.say("yes") == "All right, at 8 PM I unlock the Front Door."
    assert talk.due(at(20)) == [UNLOCK]


def test_they_are_listed_and_cancelled(talk: Talk) -> None:
    assert talk.say("what have you planned") == "Nothing is planned."
    talk.say("at 7 pm turn on the porch light")
    talk.say("remind me to call mum at 6 pm")
    said = "At 7 PM I turn on the Porch Light. At 6 PM I remind you: call mum."
    assert talk.say("what is planned?") == said
    assert talk.say("cancel the routine").startswith("Which one?")
    assert talk.say("cancel the kettle routine") == "No such thing is planned."
    assert talk.say("cancel the porch light routine") == "All right, I will not turn on the Porch Light."
    assert talk.due(at(19)) == []
    talk.say("at 8 pm turn on the porch light")
    talk.say("at 9 pm turn on the porch light")
    talk.say("cancel all plans")
    assert talk.say("what is planned") == "Nothing is planned."


def test_a_reminder_is_said(talk: Talk) -> None:
    assert (
        talk.say("remind me in ten minutes to water the plants")
        == "All right, at 3:10 PM I remind you: water the plants."
    )
    talk.now += timedelta(minutes=10)
    assert [one.reply for one in talk.conversation.due(0.0)] == ["Reminder: water the plants."]


def test_what_cannot_be_done_is_said(talk: Talk) -> None:
    assert "no other rhythm" in talk.say("every other day at 7 turn on the porch light")
    assert "home.latitude" in talk.say("turn on the porch light at sunset")
    assert talk.say("what is planned") == "Nothing is planned."


@pytest.mark.parametrize(
    "text",
    [
        "when is the garage door open", "is the porch light on when the garage door is open", "at the end of the day",
        "turn on the porch light if the house is haunted", "do whatever you like at 7 pm", "when the cows are open turn on the tea",
        "if if if if if", "at at at at 7 pm",
    ],
)  # fmt: skip
def test_other_sentences_plan_nothing(talk: Talk, text: str) -> None:
    talk.say(text)
    assert talk.say("what is planned") == "Nothing is planned."


def test_a_routine_may_not_make_routines_without_end(talk: Talk) -> None:
    talk.say("at 7 pm turn on the porch light at 8 pm when the garage door is open")
    for _ in range(60):
        talk.say("at 7 pm turn on the porch light")
    assert talk.say("at 7 pm turn on the porch light") == "I have too much planned already."


def test_they_outlive_a_restart_and_what_was_missed_is_said(talk: Talk) -> None:
    talk.say("at 7 pm turn on the porch light")
    talk.say("when the garage door is open turn on the porch light")
    saved = json.loads(json.dumps(talk.conversation.save(5.0, BEGIN.timestamp())))
    again = Talk()
    again.conversation.restore(saved, 0.0, BEGIN.timestamp())
    assert again.due(at(19, 5)) == [PORCH]
    again.home.update("cover.garage", OPEN)
    assert again.due() == [PORCH]
    late = Talk()
    late.conversation.restore(saved, 0.0, BEGIN.timestamp())
    late.now = at(21)
    said = "I was not running at 7 PM, so I did not turn on the Porch Light."
    assert [(one.commands, one.reply) for one in late.conversation.due(0.0)] == [((), said)]


# --- the sun ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latitude", "longitude", "day", "is_sunset", "expected"),
    [
        (51.507, -0.128, (2026, 6, 21), True, (20, 21)),
        (51.507, -0.128, (2026, 6, 21), False, (3, 43)),
        (52.52, 13.405, (2026, 12, 21), True, (14, 54)),
        (52.52, 13.405, (2026, 12, 21), False, (7, 15)),
        (-33.869, 151.209, (2026, 1, 1), True, (9, 9)),
        (40.713, -74.006, (2026, 3, 20), True, (23, 8)),
    ],
)
def test_sunset_and_sunrise(
    latitude: float, longitude: float, day: tuple[int, int, int], is_sunset: bool, expected: tuple[int, int]
) -> None:
    noon = datetime(*day, 12, tzinfo=UTC) - timedelta(hours=longitude / 15)
    found = sun.event(latitude, longitude, is_sunset, noon)
    assert found is not None
    wanted = datetime(*day, *expected, tzinfo=UTC)
    assert abs(found.astimezone(UTC) - wanted) <= timedelta(minutes=3)


def test_the_midnight_sun_does_not_set() -> None:
    assert sun.event(69.65, 18.96, True, datetime(2026, 6, 21, 12, tzinfo=UTC)) is None


@pytest.mark.parametrize("is_reported", [True, False])
def test_at_sunset(talk: Talk, is_reported: bool) -> None:
    if is_reported:
        home_adder(talk.home)("sun.sun", "Sun", None, "above_horizon", {"next_setting": "2026-03-01T18:10:00"})
    else:
        talk.home.place = (52.52, 13.405)
    assert talk.say("turn on the porch light at sunset") == "All right, at sunset I turn on the Porch Light."
    when = sun.next_event(talk.home, True, BEGIN)
    assert when is not None
    assert talk.due(when - timedelta(seconds=1)) == []
    assert talk.due(when) == [PORCH]
    talk.now = BEGIN
    talk.say("half an hour before sunset turn on the porch light")
    assert talk.due(when - timedelta(minutes=31)) == []
    assert talk.due(when - timedelta(minutes=30)) == [PORCH]


def test_any_words_may_follow_a_time() -> None:
    for text in ("x" * 200 + " at 7 pm", " ".join(["when"] * 60), ""):
        assert list(later.readings(household(), text, BEGIN)) == []
