"""The suite `turn`: what it takes from a turn's events, and what it calls right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgevoice.messages import (
    RATE,
    Command,
    CommandSent,
    Event,
    Heard,
    Intent,
    Message,
    Replied,
    SpeechEnded,
    Transcript,
    Understood,
    Utterance,
)
from evaluation import turn
from evaluation.common import Row

INTENT = Intent("HassLightSet", {"name": "Bed Light", "brightness": 50})


def events(*intents: Intent) -> Iterator[Event]:
    yield SpeechEnded(Utterance(np.zeros(RATE, np.int16), RATE, 0, RATE), decided_at=RATE + RATE // 2)
    yield Heard(Transcript("set bed light to fifty"), 40.0)
    yield Understood(intents, 3.0)
    for intent in intents:
        sent = Message("bed/set", b'{"brightness": 128}')
        yield CommandSent(Command("light.bed", "brightness", intent.slots.get("brightness")), sent, 5.0)
    yield Replied("Brightness set", 12.0)


def row(**data: Any) -> Row:
    return Row({"id": "a", **data}, Path("rows.jsonl"), 1)


def test_a_turn_is_timed_from_the_true_end_of_speech_to_the_first_message() -> None:
    result = turn.collect(events(INTENT, INTENT), end=RATE - RATE // 10)
    assert result.wait_ms == pytest.approx(600)
    assert result.compute_ms is not None
    assert result.understand_ms is not None
    assert 0 < result.understand_ms <= result.compute_ms
    assert result.ms == pytest.approx(600 + result.compute_ms, abs=0.01)
    assert result.first_audio_ms == 12.0
    assert result.messages == [{"topic": "bed/set", "payload": '{"brightness": 128}'}] * 2


def test_without_a_message_there_is_no_time() -> None:
    result = turn.collect(events(), end=RATE)
    assert (result.ms, result.messages, result.heard) == (None, [], ["set bed light to fifty"])


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        ({}, None),
        ({"intent": "HassLightSet"}, True),
        ({"intent": "HassLightSet", "slots": {"brightness": 50.0, "name": "bed light "}}, True),
        ({"intent": "HassLightSet", "slots": {"brightness": 5}}, False),
        ({"intent": "HassLightSet", "slots": {"area": "Bedroom"}}, False),
        ({"intent": "HassTurnOn"}, False),
    ],
)
def test_right_is_the_intent_with_every_labelled_slot(data: dict[str, Any], verdict: bool | None) -> None:
    assert turn.right(turn.collect(events(INTENT), RATE), row(**data)) is verdict


def test_nothing_understood_is_wrong() -> None:
    assert turn.right(turn.collect(events(), RATE), row(intent="HassTurnOn")) is False


def test_the_rows_own_end_of_speech_goes_first() -> None:
    samples = np.zeros(RATE, np.int16)
    assert turn.speech_end(row(speech_end=0.5), samples) == RATE // 2
    assert turn.speech_end(row(), samples) == RATE


def test_a_recording_is_followed_by_quiet() -> None:
    chunks = list(turn.chunks(np.ones(RATE, np.int16)))
    assert [chunk.start for chunk in chunks[:2]] == [0, RATE // 50]
    audio = np.concatenate([chunk.samples for chunk in chunks])
    assert len(audio) == 3 * RATE
    assert not audio[RATE:].any()
