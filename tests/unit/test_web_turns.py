"""A turn's events as the picture of a turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from edgevoice.messages import (
    RATE,
    Command,
    CommandSent,
    Event,
    Expects,
    Heard,
    Intent,
    Message,
    NoSpeech,
    Replied,
    SpeechEnded,
    SpeechStarted,
    StateConfirmed,
    Transcript,
    TurnEnded,
    TurnFailed,
    Understood,
    Utterance,
    WakeHeard,
)
from edgevoice.service.web.turns import Turns

ON = Command("light.lamp", "on", True)
SENT = CommandSent(ON, Message("home/light", b"ON"), 20.0)
ENDED = SpeechEnded(Utterance(np.zeros(RATE, np.int16), RATE, 0, RATE), RATE + RATE // 2, "complete")


class Scene:
    """Events at times of the test's own, and what the page is told of them."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.told: list[Mapping[str, Any]] = []
        self.turns = Turns(self.told.append, clock=lambda: self.now)

    def at(self, seconds: float, *events: Event) -> Mapping[str, Any]:
        self.now = 1000.0 + seconds
        for event in events:
            self.turns.observe(event)
        return self.told[-1]


def test_a_spoken_turn_has_its_stages_where_they_were() -> None:
    scene = Scene()
    scene.at(0.0, WakeHeard("alexa", 0.95, 0))
    scene.at(1.0, SpeechStarted(RATE))
    scene.at(3.0, ENDED)
    scene.at(3.1, Heard(Transcript("Lamp on.", confidence=0.9), 90.0))
    scene.at(3.11, Understood((Intent("HassTurnOn", {"name": "Lamp"}, 1.0, "template"),), 10.0))
    scene.at(3.12, SENT)
    scene.at(3.15, StateConfirmed(ON, True, 30.0))
    sink = scene.turns.watched(Plays(scene, 3.16, 4.0))
    sink.play([], RATE, None)  # type: ignore[arg-type]
    scene.at(4.0, Replied("The lamp is on.", 40.0))
    told = scene.at(4.0, TurnEnded("0001", ()))
    assert {one["id"] for one in scene.told} == {told["id"]}
    assert (told["heard"], told["word"], told["is_spoken"], told["state"]) == ("Lamp on.", "alexa", True, "done")
    assert [(bar["stage"], bar["begin"], bar["ms"]) for bar in told["bars"]] == [
        ("wake", 0.0, 0.0),
        ("speech", 1000.0, 1500.0),
        ("endpoint", 2500.0, 500.0),
        ("asr", 3010.0, 90.0),
        ("nlu", 3100.0, 10.0),
        ("sent", 3100.0, 20.0),
        ("confirmed", 3120.0, 30.0),
        ("first audio", 3160.0, 40.0),
        ("voice", 3200.0, 800.0),
    ]
    assert told["deeds"] == [{"device": "light.lamp", "what": "on = True", "became": "confirmed", "why": ""}]


class Plays:
    """A speaker that plays from one time of the scene to another."""

    def __init__(self, scene: Scene, begin: float, end: float) -> None:
        self.scene, self.begin, self.end = scene, begin, end
        scene.now = 1000.0 + begin

    def play(self, pieces: object, rate: int, cancel: object) -> None:
        self.scene.now = 1000.0 + self.end


def test_a_typed_turn_between_wake_word_and_speech_is_one_of_its_own() -> None:
    scene = Scene()
    scene.at(0.0, WakeHeard("alexa", 0.95, 0))
    typed = scene.at(0.5, Heard(Transcript("lamp on"), 0.0), TurnEnded("0001", ()))
    spoken = scene.at(2.0, ENDED, Heard(Transcript("lamp off"), 0.0), TurnEnded("0002", ()))
    assert (typed["heard"], typed["is_spoken"], typed["word"]) == ("lamp on", False, "")
    assert (spoken["heard"], spoken["is_spoken"], spoken["word"]) == ("lamp off", True, "alexa")
    assert [bar["told"] for bar in spoken["bars"] if bar["stage"] == "asr"] == ["ahead"]


def test_speech_that_no_turn_took_up_is_not_mistaken_for_the_next() -> None:
    scene = Scene()
    scene.at(0.0, WakeHeard("alexa", 0.95, 0), ENDED)
    told = scene.at(100.0, Heard(Transcript("lamp on"), 0.0))
    assert told["is_spoken"] is False
    assert told["id"] == scene.told[0]["id"] + 1


def test_what_became_of_a_command() -> None:
    for event, became in (
        (StateConfirmed(ON, True, 1.0, optimistic=True), ("assumed", "")),
        (StateConfirmed(ON, False, 1.0), ("silent", "")),
        (StateConfirmed(ON, False, 1.0, reported="off"), ("otherwise", "off")),
        (StateConfirmed(ON, False, 1.0, refused="busy"), ("refused", "busy")),
    ):
        told = Scene().at(0.0, Heard(Transcript("lamp on"), 0.0), SENT, SENT, event)
        assert [(deed["became"], deed["why"]) for deed in told["deeds"]] == [became]


def test_a_pin_is_shown_nowhere() -> None:
    scene = Scene()
    scene.at(0.0, Heard(Transcript("unlock the door"), 0.0), TurnEnded("0001", (), Expects("pin")))
    scene.at(1.0, Heard(Transcript("one two three four"), 0.0))
    scene.at(1.1, Understood((Intent("Answer", {"digits": "1234"}, unexplained="1234"),), 0.0), TurnEnded("0002", ()))
    after = scene.at(2.0, Heard(Transcript("lamp on"), 0.0))
    assert after["heard"] == "lamp on"
    assert "1234" not in str(scene.told)
    assert "one two" not in str(scene.told)
    assert "1234" not in str(scene.turns.all())


def test_silence_failure_and_what_comes_by_itself() -> None:
    scene = Scene()
    assert scene.at(0.0, WakeHeard("alexa", 0.95, 0), NoSpeech(0))["state"] == "nobody spoke"
    told = scene.at(1.0, Heard(Transcript("x"), 0.0), TurnFailed("mqtt", "away", "gone"), TurnEnded("0001", ()))
    assert (told["state"], told["failed"]) == ("failed", "mqtt: gone")
    told = scene.at(2.0, Replied("Your timer is done.", 0.0), TurnEnded("0002", ()))
    assert (told["heard"], told["replies"], told["state"]) == ("", ["Your timer is done."], "done")
    for i in range(60):
        scene.at(3.0 + i, Heard(Transcript("x"), 0.0), TurnEnded(str(i), ()))
    assert len(scene.turns.all()) == 30
