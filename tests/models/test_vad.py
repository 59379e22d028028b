"""Silero with real weights on real voices and noises, alone and under the listener."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgevoice.audio import wav
from edgevoice.audio.cues import cue
from edgevoice.config import ListenSettings, VadSettings, WakeSettings
from edgevoice.listen import Listener
from edgevoice.messages import RATE, AudioChunk, ListenEvent, Samples, SpeechEnded, WakeHeard
from edgevoice.resources import find
from edgevoice.vad import silero
from edgevoice.wake import micro


def recording(name: str, before: float = 0.5, after: float = 1.5) -> Samples:
    samples = wav.read(find("recordings") / name)
    return np.concatenate((hiss(before), samples, hiss(after)))


def hiss(seconds: float) -> Samples:
    return np.random.default_rng(0).normal(0, 8, round(seconds * RATE)).astype(np.int16)


def probabilities(vad: silero.Silero, samples: Samples) -> list[float]:
    vad.reset()
    return [window.probability for window in vad.feed(AudioChunk(samples, RATE, 0))]


def events(listener: Listener, samples: Samples) -> list[ListenEvent]:
    return [
        event for i in range(0, len(samples), 512) for event in listener.feed(AudioChunk(samples[i : i + 512], RATE, i))
    ]


@pytest.fixture
def vad(model: Callable[[str], Path]) -> silero.Silero:
    return silero.load(VadSettings(), model("silero-vad"))


def test_speech_is_speech_and_noise_is_not(vad: silero.Silero) -> None:
    assert max(probabilities(vad, recording("what_a_spiteful_thing_i_am.flac"))) > 0.95
    hum = (6000 * np.sin(2 * np.pi * 100 * np.arange(3 * RATE) / RATE)).astype(np.int16)
    white = np.random.default_rng(0).normal(0, 2000, 3 * RATE).astype(np.int16)
    for noise in (np.zeros(3 * RATE, np.int16), hum, white):
        assert max(probabilities(vad, noise)) < 0.5


@pytest.mark.parametrize("name", ["listening", "failed"])
def test_our_own_cues_are_no_speech(vad: silero.Silero, name: str) -> None:
    assert max(probabilities(vad, np.concatenate((hiss(0.5), cue(name, RATE), hiss(0.5))))) < 0.3


def test_the_gate_spares_silence_and_changes_nothing_that_matters(model: Callable[[str], Path]) -> None:
    open_vad = silero.load(VadSettings(pre_gate=False), model("silero-vad"))
    gated = silero.load(VadSettings(), model("silero-vad"))
    samples = recording("lock_the_front_door.flac", before=2.0, after=3.0)
    without, with_gate = probabilities(open_vad, samples), probabilities(gated, samples)
    assert with_gate.count(0.0) > 0.3 * len(with_gate)
    assert sum((a > 0.5) != (b > 0.5) for a, b in zip(without, with_gate, strict=True)) <= 3


@pytest.mark.parametrize("name", ["yes.flac", "no.flac", "turn_off_all_lights_in_the_office.flac"])
def test_an_answer_is_taken_whole_and_ended_in_time(vad: silero.Silero, name: str) -> None:
    samples = recording(name)
    listener = Listener(None, vad, ListenSettings())
    listener.listen_now(0)
    (ended,) = (event for event in events(listener, samples) if isinstance(event, SpeechEnded))
    loud = np.flatnonzero(np.abs(samples.astype(int)) > np.abs(samples.astype(int)).max() // 2)
    assert ended.utterance.start < loud[0]
    assert ended.utterance.speech_end > loud[-1] - 0.2 * RATE
    assert ended.decided_at - len(samples) + 1.5 * RATE < 0.8 * RATE


def test_wake_word_and_command_in_one_breath(vad: silero.Silero) -> None:
    wake = micro.load(WakeSettings(words=("alexa",)), None)
    samples = recording("alexa_turn_off_dining_room.flac", before=1.5)
    found = events(Listener(wake, vad, ListenSettings()), samples)
    (heard,) = (event for event in found if isinstance(event, WakeHeard))
    (ended,) = (event for event in found if isinstance(event, SpeechEnded))
    assert heard.word_end is not None
    assert abs(ended.utterance.start - heard.word_end) < 0.2 * RATE  # "turn" follows at once
    assert len(ended.utterance.samples) > RATE


@pytest.mark.parametrize("pause", [0.1, 0.5, 1.5])
def test_the_end_of_the_wake_word_is_no_command(vad: silero.Silero, pause: float) -> None:
    wake = micro.load(WakeSettings(words=("alexa",)), None)
    word, command = recording("alexa.flac", 1.5, pause), recording("turn_off_all_lights_in_the_office.flac", 0.0)
    found = events(Listener(wake, vad, ListenSettings()), np.concatenate((word, command)))
    (ended,) = (event for event in found if isinstance(event, SpeechEnded))
    assert ended.utterance.wake_word == "alexa"
    assert ended.utterance.speech_end > len(word) + RATE
    assert ended.utterance.start > len(word) - (pause + 0.35) * RATE
