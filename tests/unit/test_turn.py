"""One turn: its events, what it sends, what it says when something fails."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from fakes import Interrupted, Mouth, Shelf, stages
from household import intent

from edgevoice import turn as turns
from edgevoice.errors import StageError
from edgevoice.messages import (
    RATE,
    CommandSent,
    Heard,
    Outcome,
    Replied,
    StateConfirmed,
    Turn,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    Understood,
    Utterance,
)
from edgevoice.stages import Style

WISHES = {
    "lamp on": (intent("HassTurnOn", "default", ("light.lamp",), name="Reading Lamp"),),
    "unlock": (intent("HassTurnOff", "lock", ("lock.front",), name="Front Door"),),
    "both": (
        intent("HassTurnOn", "default", ("light.lamp",), name="Reading Lamp"),
        intent("HassTurnOn", "default", ("switch.kettle",), name="Kettle"),
    ),
}


def run(made: turns.Stages, said: str | Utterance) -> list[TurnEvent]:
    return list(turns.run(made, Turn("1", threading.Event()), said))


def test_a_turn_hears_understands_sends_confirms_and_answers_in_this_order() -> None:
    made, wire = stages(WISHES, "lamp on")
    events = run(made, Utterance(np.zeros(RATE, np.int16), RATE, 0, RATE))
    kinds = [type(event) for event in events]
    assert kinds == [Heard, Understood, CommandSent, StateConfirmed, Replied, TurnEnded]
    assert [command.device for command in wire.sent] == ["light.lamp"]
    assert isinstance(events[3], StateConfirmed)
    assert events[3].confirmed
    assert isinstance(events[4], Replied)
    assert events[4].samples is not None
    assert len(events[4].samples) == 10


def test_a_device_that_does_not_answer_is_named_and_nothing_is_called_done() -> None:
    made, _ = stages(WISHES, deaf=frozenset({"light.lamp"}))
    events = run(made, "both")
    confirmed = {e.command.device: e.confirmed for e in events if isinstance(e, StateConfirmed)}
    replies = [event.text for event in events if isinstance(event, Replied)]
    assert confirmed == {"light.lamp": False, "switch.kettle": True}
    assert "Reading Lamp" in replies[0]
    assert "not" in replies[0]


def test_the_timeout_of_a_silent_device_is_the_settings() -> None:
    made, wire = stages(WISHES, deaf=frozenset({"light.lamp"}))
    made.confirm_seconds = 0.5
    began = wire.clock.now
    run(made, "lamp on")
    assert 0.5 <= wire.clock.now - began < 0.7


def test_a_broker_that_is_away_is_said_and_the_turn_ends() -> None:
    made, _ = stages(WISHES, away=True)
    events = run(made, "lamp on")
    failed = next(event for event in events if isinstance(event, TurnFailed))
    assert failed.stage == "mqtt"
    assert any(isinstance(event, Replied) for event in events)
    assert isinstance(events[-1], TurnEnded)


def test_a_risky_command_waits_for_a_yes() -> None:
    made, wire = stages(WISHES)
    asked = run(made, "unlock")
    assert wire.sent == []
    assert isinstance(asked[-1], TurnEnded)
    assert asked[-1].expects is not None
    assert asked[-1].expects.kind == "yes_no"
    answered = run(made, "yes")
    assert [(command.device, command.value) for command in wire.sent] == [("lock.front", False)]
    assert isinstance(answered[-1], TurnEnded)
    assert answered[-1].expects is None


def test_who_types_may_not_what_only_a_voice_may_nor_say_yes_to_it() -> None:
    made, wire = stages({**WISHES, "unlock it": WISHES["unlock"]}, "unlock it")
    home = made.link.home
    home.put(replace(home.devices["lock.front"], who=("voice",)))

    def said(what: str | Utterance) -> list[str]:
        return [event.text for event in run(made, what) if isinstance(event, Replied)]

    barred = ["The Front Door may not be commanded from here."]
    aloud = Utterance(np.zeros(RATE, np.int16), RATE, 0, RATE)
    assert said("unlock") == barred
    assert said(aloud) == ["Should I unlock the Front Door?"]
    assert said("yes") == barred
    assert wire.sent == []


def test_no_words_are_a_failure_with_an_answer() -> None:
    made, _ = stages(WISHES, "")
    events = run(made, Utterance(np.zeros(RATE, np.int16), RATE, 0, RATE))
    assert [(e.stage, e.code) for e in events if isinstance(e, TurnFailed)] == [("asr", "nothing_heard")]
    assert any(isinstance(event, Replied) for event in events)


def test_a_cancelled_turn_sends_nothing_more_and_asks_nothing() -> None:
    made, wire = stages(WISHES)
    turn = Turn("1", threading.Event())
    events = []
    for event in turns.run(made, turn, "unlock"):
        events.append(event)
        if isinstance(event, Heard):
            turn.cancel.set()
    assert wire.sent == []
    assert isinstance(events[-1], TurnEnded)
    assert events[-1].expects is None


@pytest.mark.parametrize("wire", [{"away": True}, {"deaf": frozenset({"light.lamp"})}])
def test_an_interrupted_turn_waits_for_nothing(wire: dict[str, object]) -> None:
    made, bus = stages(WISHES, **wire)
    made.confirm_seconds = 60.0
    began = bus.clock()
    events = list(turns.run(made, Turn("1", Interrupted(bus.clock, began + 0.6)), "lamp on"))
    assert bus.clock() - began < 1.2
    assert not any(isinstance(event, Replied) for event in events)


def test_an_unexpected_error_ends_the_turn_with_words() -> None:
    made, _ = stages({})
    made.conversation.hear = lambda *_: iter([1 // 0])  # type: ignore[method-assign,assignment]
    events = run(made, "lamp on")
    failed = next(event for event in events if isinstance(event, TurnFailed))
    assert failed.code == "internal"
    assert "ZeroDivisionError" in failed.message
    assert any(isinstance(event, Replied) for event in events)


def test_a_voice_that_fails_is_a_failed_turn_and_not_the_end_of_the_worker() -> None:
    class Broken(Mouth):
        def speak(self, sentence: str, style: Style = Style()):  # type: ignore[no-untyped-def]
            raise StageError("tts", "broken", "no voice today")
            yield

    made, wire = stages(WISHES)
    made.voice = turns.Voice(Broken(), Shelf())
    events = run(made, "lamp on")
    assert [event.stage for event in events if isinstance(event, TurnFailed)] == ["tts"]
    assert len(wire.sent) == 1
    assert isinstance(events[-1], TurnEnded)


def test_sentences_are_spoken_as_they_come() -> None:
    made, _ = stages({})
    spoken_before_the_second = []
    sink = made.voice.sink
    assert isinstance(sink, Shelf)

    def sentences():  # type: ignore[no-untyped-def]
        yield "One."
        spoken_before_the_second.append(len(sink.played))
        yield "Two."

    events = list(turns.carry_out(made, Turn("1", threading.Event()), Outcome(sentences=sentences())))
    assert [event.text for event in events if isinstance(event, Replied)] == ["One.", "Two."]
    assert spoken_before_the_second == [1]


def test_timings_name_each_stage() -> None:
    made, _ = stages(WISHES, "lamp on")
    ended = run(made, "lamp on")[-1]
    assert isinstance(ended, TurnEnded)
    assert [timing.stage for timing in ended.timings] == ["asr", "nlu", "sent", "confirmed", "first_audio", "turn"]


def test_an_unexpected_error_in_what_a_timer_waited_for_is_said_and_ends_nothing_else() -> None:
    made, _ = stages({})

    def sentences():  # type: ignore[no-untyped-def]
        yield "One."
        raise ZeroDivisionError

    events = list(turns.carry_out(made, Turn("1", threading.Event()), Outcome(sentences=sentences())))
    assert [event.code for event in events if isinstance(event, TurnFailed)] == ["internal"]
    assert isinstance(events[-1], TurnEnded)
