"""Words that end the voice: short speech that is one of them and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_ear_suites import LevelVad
from test_listen import QUIET as FAINT
from test_listen import SETTINGS, SPEECH, FakeVad, FakeWake

from edgevoice import assembly, hearing
from edgevoice.config import STOP_MODEL, Settings
from edgevoice.errors import StageError
from edgevoice.listen import Listener
from edgevoice.messages import (
    RATE,
    AudioChunk,
    ListenEvent,
    Samples,
    SpeechEnded,
    SpeechStarted,
    StopHeard,
    Transcript,
    WakeHeard,
)
from edgevoice.model_store import Store
from edgevoice.phrases import Phrases
from edgevoice.stop import StopWords

LOUD, QUIET = 4000, 5


def sound(*parts: tuple[float, int]) -> Samples:
    return np.concatenate([np.full(round(seconds * RATE), level, np.int16) for seconds, level in parts])


def heard(samples: Samples, transcribe: Callable[[Samples], str], start: int = 0) -> list[WakeHeard]:
    words = StopWords(("stop", "be quiet"), LevelVad(), transcribe)
    return [
        event
        for i in range(0, len(samples), 512)
        for event in words.feed(AudioChunk(samples[i : i + 512], RATE, start + i))
    ]


@pytest.mark.parametrize("said", ["stop", "Stop.", " BE QUIET!"])
def test_a_stop_word_is_heard_within_a_tenth_of_a_second_of_its_end(said: str) -> None:
    (event,) = heard(sound((1, QUIET), (0.4, LOUD), (1, QUIET)), lambda _: said, start=8000)
    end = 8000 + round(1.4 * RATE)
    assert event.word == " ".join(said.lower().strip(" .!").split())
    assert event.word_end == pytest.approx(end, abs=300)
    assert 0 < event.at - end < 0.1 * RATE


def test_the_recogniser_gets_the_speech_and_what_came_just_before_it() -> None:
    given: list[Samples] = []

    def transcribe(samples: Samples) -> str:
        given.append(samples)
        return "stop"

    heard(sound((5, QUIET), (0.4, LOUD), (1, QUIET)), transcribe)
    (samples,) = given
    assert np.count_nonzero(samples == LOUD) == round(0.4 * RATE)
    assert len(samples) < 0.8 * RATE


@pytest.mark.parametrize("said", ["stop the music", "don't stop", "shop", ""])
def test_what_is_more_or_else_ends_nothing(said: str) -> None:
    assert heard(sound((1, QUIET), (0.4, LOUD), (1, QUIET)), lambda _: said) == []


def test_long_speech_and_clicks_are_not_recognised_at_all() -> None:
    def transcribe(samples: Samples) -> str:
        return pytest.fail("recognised")

    assert heard(sound((1, QUIET), (2, LOUD), (1, QUIET), (0.02, LOUD), (1, QUIET)), transcribe) == []


def test_it_is_recognised_again_when_more_is_said_after_a_short_pause() -> None:
    answers = iter(["be", "be quiet"])
    samples = sound((1, QUIET), (0.2, LOUD), (0.15, QUIET), (0.3, LOUD), (1, QUIET))
    assert [event.word for event in heard(samples, lambda _: next(answers))] == ["be quiet"]


def test_a_recogniser_that_fails_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def transcribe(samples: Samples) -> str:
        raise StageError("asr", "inference", "broken")

    assert heard(sound((1, QUIET), (0.4, LOUD), (1, QUIET)), transcribe) == []
    assert "broken" in caplog.text


class FakeStop(FakeWake):
    """Takes the level STOP for a word that ends the voice."""

    words = ("stop",)

    def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
        self.seen += len(chunk.samples)
        found = np.flatnonzero(chunk.samples == STOP)
        return [WakeHeard("stop", 1.0, chunk.start + int(found[0]))] if len(found) else []


STOP = 15_000


def over_voice(listener: Listener, samples: Samples, playing: bool) -> list[ListenEvent]:
    return [
        event
        for i in range(0, len(samples), 512)
        for event in listener.feed(AudioChunk(samples[i : i + 512], RATE, i, samples[i : i + 512] if playing else None))
    ]


def test_a_stop_word_is_listened_for_only_while_the_speaker_plays() -> None:
    samples = sound((1.024, FAINT), (0.032, STOP), (1.0, FAINT))
    stop = FakeStop()
    assert over_voice(Listener(FakeWake(), FakeVad(), SETTINGS, stops=[stop]), samples, playing=True) == [
        StopHeard("stop", 1024 * 16)
    ]
    assert stop.resets == 3  # its own, as the voice began, and once it was heard
    stop = FakeStop()
    assert over_voice(Listener(FakeWake(), FakeVad(), SETTINGS, stops=[stop]), samples, playing=False) == []
    assert stop.seen == 0


def test_a_stop_word_that_several_hear_ends_the_voice_once() -> None:
    class Late(FakeStop):
        """Hears it a tenth of a second later."""

        def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
            self.seen += len(chunk.samples)
            return [WakeHeard("stop", 1.0, chunk.start)] if self.seen > 1.1 * RATE else []

        def reset(self) -> None:
            super().reset()
            self.seen = 0

    listener = Listener(FakeWake(), FakeVad(), SETTINGS, stops=[FakeStop(), Late()])
    samples = sound((1.024, FAINT), (0.032, STOP), (0.896, FAINT), (0.032, STOP))
    at = [event.at for event in over_voice(listener, samples, playing=True) if isinstance(event, StopHeard)]
    assert at == [1024 * 16, round(1.952 * RATE)]


def test_what_was_said_before_a_gap_is_no_part_of_a_stop_word() -> None:
    stop = FakeStop()
    listener = Listener(FakeWake(), FakeVad(), SETTINGS, stops=[stop])
    over_voice(listener, sound((0.5, FAINT)), playing=True)
    resets = stop.resets
    list(listener.feed(AudioChunk(sound((0.5, FAINT)), RATE, 20 * RATE, sound((0.5, FAINT)))))
    assert stop.resets == resets + 1


class Recogniser:
    """Can look at wake words again."""

    def bias(self, phrases: Phrases | None) -> None:
        """Hears anything."""

    def transcribe(self, chunks: Iterable[AudioChunk]) -> Iterator[Transcript]:
        yield Transcript("stop it")

    def evidence(self, text: str, samples: Samples) -> float:
        return 0.0


def test_stop_words_with_a_head_need_its_model_and_a_recogniser_that_looks_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings()
    assert hearing.spotted_stops(settings) == ("stop",)
    assert STOP_MODEL in assembly.models_of(settings)
    (recognised,) = hearing.stop_detectors(settings, Store(tmp_path), LevelVad(), Recogniser())
    assert recognised.words == settings.listen.stop_words
    assert f"edgevoice models pull {STOP_MODEL}" in caplog.text
    for other in (
        replace(settings, asr=replace(settings.asr, engine="vosk")),
        replace(settings, listen=replace(settings.listen, stop_words=("be quiet",))),
    ):
        assert hearing.spotted_stops(other) == ()
        assert STOP_MODEL not in assembly.models_of(other)


def test_a_stop_word_leaves_the_vad_alone_while_speech_is_listened_to() -> None:
    stop = FakeStop()
    listener = Listener(FakeWake(), FakeVad(), SETTINGS, stops=[stop])
    listener.listen_now(0)
    found = over_voice(listener, sound((1.024, SPEECH), (0.032, STOP), (0.4, SPEECH), (1.0, FAINT)), playing=True)
    assert [type(event) for event in found] == [SpeechStarted, SpeechEnded]
    assert stop.seen < RATE  # only after the end of the speech
