"""Who talks quietly is heard like everybody: the wake word tells how loud a voice is here."""

from __future__ import annotations

import numpy as np
import pytest
from test_listen import ALEXA, SETTINGS, FakeVad, FakeWake, sound

from edgevoice.listen import Listener
from edgevoice.messages import RATE, AudioChunk, Samples, SpeechEnded, WakeHeard
from edgevoice.stages import SpeechProbability


class LoudVad(FakeVad):
    """Keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[Samples] = []

    def feed(self, chunk: AudioChunk) -> list[SpeechProbability]:
        self.given.append(chunk.samples)
        return super().feed(chunk)


def quietly(word: int, speech: int) -> tuple[float, SpeechEnded | None]:
    """How loud the VAD hears a command at level `speech` after a wake word at `word`, and what was made of it."""

    class QuietWake(FakeWake):
        def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
            return super().feed(AudioChunk(np.where(chunk.samples == word, ALEXA, 0), RATE, chunk.start))

    vad = LoudVad()
    listener = Listener(QuietWake(), vad, SETTINGS)
    samples = sound((1.0, 0), (0.5, word), (0.5, 0), (1.0, speech), (1.0, 0))
    events = [e for i in range(0, len(samples), 512) for e in listener.feed(AudioChunk(samples[i : i + 512], RATE, i))]
    ended = next((event for event in events if isinstance(event, SpeechEnded)), None)
    return float(np.concatenate(vad.given).max()), ended


def test_a_quiet_talker_is_raised_to_a_working_level_and_a_usual_one_is_left_alone() -> None:
    loudest, ended = quietly(word=100, speech=101)
    assert ended is not None  # unraised it is below the VAD's threshold
    assert loudest == ended.utterance.samples.max() == pytest.approx(1010, rel=0.02)
    loudest, ended = quietly(word=5000, speech=4000)
    assert ended is not None
    assert loudest == ended.utterance.samples.max() == 4000


def test_the_gain_is_bounded_and_never_clips() -> None:
    assert quietly(word=2, speech=3)[0] == pytest.approx(3 * 10 ** (30 / 20), rel=0.02)
    loudest, ended = quietly(word=50, speech=30_000)
    assert ended is not None
    assert loudest == ended.utterance.samples.max() == 32_767


@pytest.mark.parametrize(("start", "loudest"), [(RATE, 221), (9 * RATE, 7)])
def test_an_answer_is_raised_as_the_wake_word_was_and_a_new_stream_is_not(start: int, loudest: int) -> None:
    class Heard(FakeWake):
        def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
            return [WakeHeard("alexa", 0.9, chunk.start + 8000)] if chunk.start == 0 else []

    vad = LoudVad()
    listener = Listener(Heard(), vad, SETTINGS)
    list(listener.feed(AudioChunk(np.full(RATE, 7, np.int16), RATE, 0)))
    listener.cancel()
    vad.given.clear()
    list(listener.feed(AudioChunk(np.full(16, 7, np.int16), RATE, start)))
    listener.listen_now(start)
    list(listener.feed(AudioChunk(np.full(RATE, 7, np.int16), RATE, start + 16)))
    assert np.concatenate(vad.given).max() == loudest


def test_without_a_wake_word_nothing_is_raised() -> None:
    vad = LoudVad()
    listener = Listener(FakeWake(), vad, SETTINGS)
    listener.listen_now(0)
    for i in range(0, 16_000, 512):
        list(listener.feed(AudioChunk(np.full(512, 7, np.int16), RATE, i)))
    assert np.concatenate(vad.given).max() == 7
