"""Timers, by a clock that is handed in."""

from __future__ import annotations

import json

import pytest
from household import household, intent, replies

from edgevoice.messages import Command, Intent
from edgevoice.skills.timers import MOST, Timer, Timers


@pytest.fixture
def timers() -> Timers:
    return Timers()


SAY = replies(household())


def handle(timers: Timers, wish: Intent, now: float = 0.0, area: str = "Kitchen") -> str:
    said = timers.handle(wish, SAY, now, area)
    assert said is not None
    return said


def test_a_timer_is_due_once_and_not_before(timers: Timers) -> None:
    assert handle(timers, intent("HassStartTimer", minutes=5)) == "Timer set for 5 minutes"
    assert timers.due(299.9) == ()
    assert [timer.title(SAY) for timer in timers.due(300.0)] == ["5 minute timer"]
    assert timers.due(1000.0) == ()


def test_due_timers_come_in_their_order(timers: Timers) -> None:
    handle(timers, intent("HassStartTimer", minutes=2, name="tea"))
    handle(timers, intent("HassStartTimer", minutes=1, name="egg"))
    assert [timer.title(SAY) for timer in timers.due(500.0)] == ["egg timer", "tea timer"]


def test_lengths_are_said_without_zeros(timers: Timers) -> None:
    assert (
        handle(timers, intent("HassStartTimer", hours=1, minutes=0, seconds=30))
        == "Timer set for 1 hour and 30 seconds"
    )


@pytest.mark.parametrize("slots", [{}, {"minutes": 0}, {"minutes": -3}, {"hours": 10**9}])
def test_no_timer_of_no_or_endless_length(timers: Timers, slots: dict[str, int]) -> None:
    assert handle(timers, intent("HassStartTimer", **slots)) == "For how long?"
    assert len(timers) == 0


def test_the_number_of_timers_is_bounded(timers: Timers) -> None:
    for _ in range(MOST + 5):
        handle(timers, intent("HassStartTimer", minutes=1))
    assert len(timers) == MOST


def test_pause_holds_the_rest(timers: Timers) -> None:
    handle(timers, intent("HassStartTimer", minutes=5))
    assert handle(timers, intent("HassPauseTimer"), 60.0) == "Timer paused"
    assert timers.due(10_000.0) == ()
    assert handle(timers, intent("HassTimerStatus"), 10_000.0) == "Timer is paused. 4 minutes left."
    handle(timers, intent("HassUnpauseTimer"), 10_000.0)
    assert timers.due(10_239.0) == ()
    assert len(timers.due(10_240.0)) == 1


def test_more_and_less(timers: Timers) -> None:
    handle(timers, intent("HassStartTimer", minutes=5))
    assert handle(timers, intent("HassIncreaseTimer", minutes=2), 10.0) == "2 minutes added to timer"
    assert handle(timers, intent("HassDecreaseTimer", seconds=30), 10.0) == "30 seconds removed from timer"
    assert timers.due(389.0) == ()
    assert len(timers.due(390.0)) == 1


def test_less_than_nothing_is_due_at_once(timers: Timers) -> None:
    handle(timers, intent("HassStartTimer", minutes=1))
    handle(timers, intent("HassDecreaseTimer", hours=1), 10.0)
    assert len(timers.due(10.0)) == 1


def test_a_timer_is_told_by_name_length_or_place(timers: Timers) -> None:
    handle(timers, intent("HassStartTimer", minutes=5, name="Pizza"))
    handle(timers, intent("HassStartTimer", hours=1, minutes=30))
    handle(timers, intent("HassStartTimer", minutes=9), area="Garage")
    assert handle(timers, intent("HassCancelTimer")) == "Sorry, I am unable to target multiple timers"
    assert handle(timers, intent("HassCancelTimer", name="pizza")) == "Timer cancelled"
    assert handle(timers, intent("HassCancelTimer", start_minutes=90)) == "Timer cancelled"
    assert handle(timers, intent("HassCancelTimer", area="garage")) == "Timer cancelled"
    assert handle(timers, intent("HassCancelTimer")) == "Sorry, I couldn't find that timer"


def test_resuming_means_the_one_that_is_paused(timers: Timers) -> None:
    handle(timers, intent("HassStartTimer", minutes=5, name="a"))
    handle(timers, intent("HassStartTimer", minutes=6, name="b"))
    handle(timers, intent("HassPauseTimer", name="b"))
    assert handle(timers, intent("HassUnpauseTimer"), 100.0) == "Timer resumed"
    assert [timer.name for timer in timers.due(460.0)] == ["a", "b"]


def test_all_are_cancelled(timers: Timers) -> None:
    handle(timers, intent("HassStartTimer", minutes=5))
    handle(timers, intent("HassStartTimer", minutes=5), area="Garage")
    assert handle(timers, intent("HassCancelAllTimers", "area", area="Garage")) == "Canceled 1 timer in Garage."
    assert handle(timers, intent("HassCancelAllTimers")) == "Canceled 1 timer."
    assert handle(timers, intent("HassCancelAllTimers")) == "No timers were canceled."


def test_status(timers: Timers) -> None:
    assert handle(timers, intent("HassTimerStatus")) == "No timers."
    assert handle(timers, intent("HassTimerStatus", name="tea")) == "Sorry, I couldn't find that timer"
    handle(timers, intent("HassStartTimer", hours=2, name="roast"))
    handle(timers, intent("HassStartTimer", minutes=5, name="tea"))
    said = handle(timers, intent("HassTimerStatus"), 60.0)
    assert said == "4 minutes left on the tea timer and 1 hour and 59 minutes on the roast timer."
    assert (
        handle(timers, intent("HassTimerStatus", name="roast"), 61.0)
        == "1 hour and 59 minutes left on the roast timer."
    )


def test_timers_outlive_a_restart(timers: Timers) -> None:
    command = Command("light.a", "color", (1, 2, 3))
    timers.start(100.0, 50.0, Timer(0, 0, 0, name="lamp", commands=(command,), reply="Done"))
    timers.start(500.0, 50.0)
    handle(timers, intent("HassPauseTimer", start_seconds=500), 60.0)
    saved = json.loads(json.dumps(timers.save(70.0, 1_000_000.0)))
    again = Timers()
    again.restore(saved, now_seconds=5.0, wall_seconds=1_000_030.0)
    assert again.due(54.9) == ()
    (due,) = again.due(55.0)
    assert (due.name, due.commands, due.reply) == ("lamp", (command,), "Done")
    assert handle(again, intent("HassTimerStatus"), 55.0) == "Timer is paused. 8 minutes and 10 seconds left."


@pytest.mark.parametrize(
    "saved", [{}, {"saved": 1, "timers": [{}]}, {"saved": "x", "timers": []}, {"saved": 1, "timers": 3}]
)
def test_what_is_no_saved_timers_is_refused(timers: Timers, saved: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not saved timers"):
        timers.restore(saved, 0.0, 0.0)
    assert len(timers) == 0


def test_other_intents_are_no_timers(timers: Timers) -> None:
    assert timers.handle(intent("HassTurnOn"), SAY, 0.0) is None
