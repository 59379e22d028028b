"""How long a silence ends what was said, and what was understood ahead of that."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from fakes import Clock, stages
from household import intent

from edgevoice import replay as replays
from edgevoice import turn as turns
from edgevoice.ahead import Ahead
from edgevoice.config import ListenSettings
from edgevoice.dialogue.state import Option, Question
from edgevoice.listen import Listener
from edgevoice.messages import (
    RATE,
    AudioChunk,
    CommandSent,
    Ending,
    Heard,
    Intent,
    SpeechEnded,
    SpeechPaused,
    Transcript,
    Turn,
    Utterance,
)
from edgevoice.phrases import Arc, Phrases
from edgevoice.skills.ending import Weigher
from edgevoice.stages import SpeechProbability

SAYABLE = Phrases((Arc(0, "lights", 1), Arc(1, "on", 2), Arc(0, "stop", 3), Arc(3, "now", 4)), frozenset({2, 3, 4}))
MUSIC = (Intent("HassMediaPause", confidence=0.9),)
ON = {"lamp on": (intent("HassTurnOn", "default", ("light.lamp",), name="Reading Lamp"),)}


def certain(text: str) -> tuple[Intent, ...]:
    return MUSIC if text.startswith("hush") else (Intent("Chat", confidence=0.4),) if text.startswith("well") else ()


def weighed(text: str, asked: Question | None = None, confidence: float = 0.9) -> tuple[str, float] | None:
    found = Weigher("en", 4).weigh(Transcript(text, confidence=confidence), SAYABLE, asked, certain)
    return None if found is None else (found.rule, found.silence_seconds)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("Lights on.", ("complete", 0.25)),
        ("Stop", ("complete", 0.35)),  # now?
        ("Lights", ("incomplete", 1.2)),
        ("hush", ("complete", 0.45)),  # understood, though it is in no template
        ("hush and", ("incomplete", 1.2)),
        ("tell me of the", ("incomplete", 1.2)),
        ("tell me a story", None),
        ("well well", None),
        ("  ", None),
    ],
)
def test_a_sentence(text: str, ending: tuple[str, float] | None) -> None:
    assert weighed(text) == ending


def test_what_was_hardly_heard_tells_nothing() -> None:
    assert weighed("lights on", confidence=0.1) is None
    assert weighed("lights", confidence=0.1) is None


def test_english_words_that_hang_are_words_like_others_elsewhere() -> None:
    assert Weigher("de").weigh(Transcript("mach mal an"), SAYABLE) is None


def question(kind: str, *names: str) -> Question:
    options = tuple(Option(name, (name,)) for name in names)
    return Question(kind, "?", "?", Intent("HassTurnOn"), options=options)


@pytest.mark.parametrize(
    ("kind", "text", "rule"),
    [
        ("yes_no", "Yes.", "answer"),
        ("yes_no", "no, don't", "answer"),
        ("yes_no", "lights on", "complete"),
        ("yes_no", "lights", "incomplete"),
        ("pin", "one two", "incomplete"),
        ("pin", "one two three four", "answer"),
        ("pin", "never mind", "answer"),
        ("choice", "the first one", "answer"),
        ("choice", "Kitchen lamp", "answer"),
        ("choice", "the", "incomplete"),
    ],
)
def test_an_answer_waits_for_what_was_asked(kind: str, text: str, rule: str) -> None:
    found = weighed(text, question(kind, "kitchen lamp", "hall lamp"))
    assert found is not None
    assert found[0] == rule


def utterance(end: int = RATE) -> Utterance:
    return Utterance(np.zeros(end, np.int16), RATE, 0, end)


def test_a_turn_takes_what_was_recognised_ahead_of_the_same_speech_only() -> None:
    made, wire = stages(ON, "lamp on")
    ahead = Ahead(made)
    assert ahead.weigh(utterance()) == Ending(0.45, "complete")
    assert wire.sent == []
    made.asr.text = "something else"  # type: ignore[union-attr]
    said = ahead.said(utterance())
    assert said == Transcript("lamp on")
    events = list(turns.run(made, Turn("1", threading.Event()), said))
    assert [event.transcript.text for event in events if isinstance(event, Heard)] == ["lamp on"]
    assert [command.device for command in wire.sent] == ["light.lamp"]
    longer = utterance(2 * RATE)
    assert ahead.said(longer) is longer


def test_a_recogniser_that_fails_ahead_fails_in_its_turn() -> None:
    made, _ = stages(ON)
    made.asr = None
    ahead = Ahead(made)
    assert ahead.weigh(utterance()) is None
    assert isinstance(ahead.said(utterance()), Utterance)


class LoudVad:
    def reset(self) -> None:
        """It remembers nothing."""

    def feed(self, chunk: AudioChunk) -> list[SpeechProbability]:
        return [SpeechProbability(chunk.start + len(chunk.samples), float(chunk.samples.max() > 1000))]


def test_a_replayed_command_is_done_once_after_its_endpoint() -> None:
    made, wire = stages(ON, "lamp on")
    ear = Listener(None, LoudVad(), ListenSettings())
    ear.listen_now(0)
    samples = np.repeat(np.array([5, 4000, 5], np.int16), [RATE // 2, RATE, RATE])
    chunks = (AudioChunk(samples[i : i + 320], RATE, i) for i in range(0, len(samples), 320))
    found = list(replays.replay(chunks, ear, made))
    kinds = [type(event) for event in found]
    assert kinds.index(SpeechPaused) < kinds.index(SpeechEnded) < kinds.index(CommandSent)
    (ended,) = (event for event in found if isinstance(event, SpeechEnded))
    assert ended.rule == "complete"
    assert len(wire.sent) == 1


def test_what_took_long_is_told_late() -> None:
    told: list[Ending] = []

    class Ear:
        def expect(self, utterance: Utterance, ending: Ending) -> None:
            told.append(ending)

    clock = Clock()

    def weigh(_: Utterance) -> Ending:
        clock.now += 0.5
        return Ending(0.25, "complete")

    late = replays.Late(weigh, clock)
    late.weigh(SpeechPaused(utterance(), RATE))
    for now in (RATE, RATE + RATE // 2 - 1):
        late.tell(Ear(), now)  # type: ignore[arg-type]
        assert not told
    for now in (RATE + RATE // 2, 2 * RATE):
        late.tell(Ear(), now)  # type: ignore[arg-type]
        assert told == [Ending(0.25, "complete")]
