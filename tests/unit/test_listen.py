"""The listener with a wake word and a VAD of three lines each: where speech begins and ends, in samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgevoice.config import ListenSettings
from edgevoice.listen import Listener
from edgevoice.messages import (
    RATE,
    AudioChunk,
    Ending,
    ListenEvent,
    NoSpeech,
    Samples,
    SpeechEnded,
    SpeechPaused,
    SpeechStarted,
    WakeHeard,
)
from edgevoice.stages import SpeechProbability

WINDOW = 500  # of the fake VAD, in samples
SETTINGS = ListenSettings(
    pre_roll_seconds=0.25,
    start_seconds=2.0,
    minimum_seconds=0.2,
    maximum_seconds=5.0,
    silence_seconds=0.5,
    pause_seconds=0.0,
)
ALEXA = 20_000
"""The level that the fake detector takes for its word."""


class FakeWake:
    """Fires `delay` samples after the last sample of a stretch of the level ALEXA."""

    words = ("alexa",)

    def __init__(self, delay: int = 0, says_end: bool = True, error: int = 0) -> None:
        self.delay, self.says_end, self.error = delay, says_end, error
        self.resets = 0
        self.seen = 0
        self.reset()

    def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
        self.seen += len(chunk.samples)
        word = np.concatenate(([self.inside], chunk.samples == ALEXA))
        self.inside = bool(word[-1])
        ends = chunk.start + np.flatnonzero(word[:-1] & ~word[1:])
        self.end = int(ends[-1]) if len(ends) else self.end
        if self.end is None or chunk.start + len(chunk.samples) < self.end + self.delay:
            return []
        end, self.end = self.end, None
        return [WakeHeard("alexa", 0.9, end + self.delay, end + self.error if self.says_end else None)]

    def reset(self) -> None:
        self.inside = False
        self.end: int | None = None
        self.resets += 1


class FakeVad:
    """Speech is what is loud. Counts the samples that it was given."""

    def __init__(self) -> None:
        self.seen = 0
        self.reset()

    def reset(self) -> None:
        self.rest: Samples = np.empty(0, np.int16)

    def feed(self, chunk: AudioChunk) -> list[SpeechProbability]:
        self.seen += len(chunk.samples)
        start = chunk.start - len(self.rest)
        self.rest = np.concatenate((self.rest, chunk.samples))
        found = []
        while len(self.rest) >= WINDOW:
            start += WINDOW
            found.append(SpeechProbability(start, min(1.0, float(np.abs(self.rest[:WINDOW]).max()) / 2000)))
            self.rest = self.rest[WINDOW:]
        return found


def sound(*parts: tuple[float, int]) -> Samples:
    """(seconds, level) after (seconds, level)."""
    return np.concatenate([np.full(round(seconds * RATE), level, np.int16) for seconds, level in parts])


def events(listener: Listener, samples: Samples, size: int = 512, start: int = 0) -> list[ListenEvent]:
    return [
        event
        for i in range(0, len(samples), size)
        for event in listener.feed(AudioChunk(samples[i : i + size], RATE, start + i))
    ]


def heard(samples: Samples, settings: ListenSettings = SETTINGS, wake: FakeWake | None = None) -> list[ListenEvent]:
    return events(Listener(wake or FakeWake(), FakeVad(), settings), samples)


def seconds(sample: int) -> float:
    return sample / RATE


QUIET, SPEECH = 10, 4000


def test_a_wake_word_then_a_command() -> None:
    wake_at, begin, end = 1.0, 2.0, 3.5
    found = heard(sound((0.5, QUIET), (0.5, ALEXA), (1.0, QUIET), (1.5, SPEECH), (1.0, QUIET)))
    wake, started, ended = found
    assert isinstance(wake, WakeHeard)
    assert seconds(wake.at) == wake_at
    assert isinstance(started, SpeechStarted)
    assert seconds(started.at) == pytest.approx(begin, abs=0.04)
    assert isinstance(ended, SpeechEnded)
    utterance = ended.utterance
    assert utterance.wake_word == "alexa"
    assert seconds(utterance.start) == pytest.approx(begin - 0.25, abs=0.04)
    assert seconds(utterance.speech_end) == pytest.approx(end, abs=0.04)
    assert seconds(ended.decided_at) == pytest.approx(end + 0.5, abs=0.07)
    assert len(utterance.samples) == ended.decided_at - utterance.start
    assert np.count_nonzero(utterance.samples == SPEECH) == round(1.5 * RATE)


def test_a_command_in_the_same_breath_keeps_its_first_sample_and_leaves_out_the_wake_word() -> None:
    for delay in (0.0, 0.13, 0.3):
        samples = sound((1.0, QUIET), (0.5, ALEXA), (0.03, 500), (1.0, SPEECH), (1.0, QUIET))
        found = heard(samples, wake=FakeWake(round(delay * RATE)))
        (ended,) = (event for event in found if isinstance(event, SpeechEnded))
        assert np.count_nonzero(ended.utterance.samples == SPEECH) == RATE
        assert np.count_nonzero(ended.utterance.samples == ALEXA) == 0


@pytest.mark.parametrize("error_seconds", [-0.08, 0.08])
def test_the_cut_is_made_in_the_quiet_between_word_and_command(error_seconds: float) -> None:
    samples = sound((1.0, QUIET), (0.5, ALEXA), (0.03, 500), (1.0, SPEECH), (1.0, QUIET))
    found = heard(samples, wake=FakeWake(2000, error=round(error_seconds * RATE)))
    (ended,) = (event for event in found if isinstance(event, SpeechEnded))
    assert np.count_nonzero(ended.utterance.samples == SPEECH) == RATE
    assert np.count_nonzero(ended.utterance.samples == ALEXA) == 0


def test_a_detector_that_knows_no_end_of_the_word_is_cut_where_it_fired() -> None:
    samples = sound((1.0, QUIET), (0.5, ALEXA), (0.03, 500), (1.0, SPEECH), (1.0, QUIET))
    (ended,) = (event for event in heard(samples, wake=FakeWake(0, False)) if isinstance(event, SpeechEnded))
    assert np.count_nonzero(ended.utterance.samples == SPEECH) == RATE


@pytest.mark.parametrize("size", [1, 333, 512, 4096, 100_000])
def test_events_do_not_depend_on_how_the_stream_is_cut(size: int) -> None:
    samples = sound((1.0, QUIET), (0.5, ALEXA), (0.2, QUIET), (1.0, SPEECH), (1.0, QUIET), (0.3, ALEXA), (3, QUIET))
    if size == 1:
        samples = samples[: 2 * RATE]
    found = events(Listener(FakeWake(), FakeVad(), SETTINGS), samples, size)
    assert [type(event) for event in found] == [type(event) for event in heard(samples)]
    ends = [event.utterance.start for event in found if isinstance(event, SpeechEnded)]
    assert ends == pytest.approx(
        [event.utterance.start for event in heard(samples) if isinstance(event, SpeechEnded)], abs=1280
    )


def test_only_one_engine_runs_at_a_time() -> None:
    wake, vad = FakeWake(), FakeVad()
    listener = Listener(wake, vad, SETTINGS)
    events(listener, sound((3.0, SPEECH)))
    assert vad.seen == 0
    assert wake.seen == 3 * RATE
    listener.listen_now(3 * RATE)
    events(listener, sound((1.0, SPEECH)), start=3 * RATE)
    assert wake.seen == 3 * RATE
    assert vad.seen == RATE


def test_silence_after_the_wake_word_is_no_speech() -> None:
    wake = FakeWake()
    found = heard(sound((0.5, ALEXA), (4.0, QUIET)), wake=wake)
    assert [type(event) for event in found] == [WakeHeard, NoSpeech]
    assert isinstance(found[1], NoSpeech)
    assert seconds(found[1].at) == pytest.approx(2.5, abs=0.2)
    assert wake.resets == 2  # its own, and one as it listens again


def test_a_click_is_no_speech_and_does_not_end_the_wait() -> None:
    found = heard(sound((0.5, ALEXA), (0.3, QUIET), (0.1, SPEECH), (0.8, QUIET), (0.6, SPEECH), (1.0, QUIET)))
    assert [type(event) for event in found] == [WakeHeard, SpeechStarted, SpeechEnded]
    assert isinstance(found[1], SpeechStarted)
    assert seconds(found[1].at) == pytest.approx(1.7, abs=0.04)


def test_speech_that_begins_as_the_wait_ends_is_heard() -> None:
    found = heard(sound((0.5, ALEXA), (1.9, QUIET), (1.0, SPEECH), (1.0, QUIET)))
    assert [type(event) for event in found] == [WakeHeard, SpeechStarted, SpeechEnded]


def test_a_pause_within_the_silence_setting_does_not_end_the_speech() -> None:
    parts = ((0.5, ALEXA), (0.3, QUIET), (0.6, SPEECH), (0.4, QUIET), (0.6, SPEECH), (1.0, QUIET))
    (ended,) = (event for event in heard(sound(*parts)) if isinstance(event, SpeechEnded))
    assert np.count_nonzero(ended.utterance.samples == SPEECH) == round(1.2 * RATE)
    short = replace(SETTINGS, silence_seconds=0.3)
    (ended,) = (event for event in heard(sound(*parts), short) if isinstance(event, SpeechEnded))
    assert np.count_nonzero(ended.utterance.samples == SPEECH) == round(0.6 * RATE)


def weighed(samples: Samples, *endings: Ending | None) -> list[ListenEvent]:
    """The events where each pause in turn is answered with an ending, as long as there is one."""
    listener = Listener(None, FakeVad(), replace(SETTINGS, pause_seconds=0.12))
    listener.listen_now(0)
    left = list(endings)
    found = []
    for i in range(0, len(samples), 512):
        for event in listener.feed(AudioChunk(samples[i : i + 512], RATE, i)):
            found.append(event)
            if isinstance(event, SpeechPaused) and left and (ending := left.pop(0)) is not None:
                listener.expect(event.utterance, ending)
    return found


COMPLETE, INCOMPLETE = Ending(0.25, "complete"), Ending(1.2, "incomplete")


def test_a_pause_is_told_once_with_what_was_said_so_far() -> None:
    found = weighed(sound((0.3, QUIET), (0.6, SPEECH), (0.3, QUIET), (0.6, SPEECH), (1.0, QUIET)))
    assert [type(event) for event in found] == [SpeechStarted, SpeechPaused, SpeechPaused, SpeechEnded]
    first, second = (event for event in found if isinstance(event, SpeechPaused))
    assert np.count_nonzero(first.utterance.samples == SPEECH) == round(0.6 * RATE)
    assert seconds(first.at) == pytest.approx(0.9 + 0.12, abs=0.07)
    assert np.count_nonzero(second.utterance.samples == SPEECH) == round(1.2 * RATE)


def test_what_is_complete_ends_sooner_and_what_is_not_later() -> None:
    speech = sound((0.3, QUIET), (0.6, SPEECH), (2.0, QUIET))
    for ending, rule, silence in (
        (COMPLETE, "complete", 0.25),
        (INCOMPLETE, "incomplete", 1.2),
        (None, "silence", 0.5),
    ):
        *_, ended = weighed(speech, ending)
        assert isinstance(ended, SpeechEnded)
        assert ended.rule == rule
        assert seconds(ended.decided_at - ended.utterance.speech_end) == pytest.approx(silence, abs=0.05)


def test_half_a_sentence_may_go_on_after_a_long_pause() -> None:
    found = weighed(sound((0.3, QUIET), (0.6, SPEECH), (1.0, QUIET), (0.6, SPEECH), (1.0, QUIET)), INCOMPLETE, COMPLETE)
    assert [type(event) for event in found] == [SpeechStarted, SpeechPaused, SpeechPaused, SpeechEnded]
    ended = found[-1]
    assert isinstance(ended, SpeechEnded)
    assert np.count_nonzero(ended.utterance.samples == SPEECH) == round(1.2 * RATE)


def test_what_was_understood_counts_no_more_once_something_is_said() -> None:
    listener = Listener(None, FakeVad(), replace(SETTINGS, pause_seconds=0.12))
    listener.listen_now(0)
    begun = sound((0.3, QUIET), (0.6, SPEECH), (0.2, QUIET))
    (paused,) = (event for event in events(listener, begun) if isinstance(event, SpeechPaused))
    events(listener, sound((0.4, SPEECH)), start=len(begun))
    listener.expect(paused.utterance, COMPLETE)  # too late
    rest = events(listener, sound((0.4, QUIET)), start=len(begun) + round(0.4 * RATE))
    assert [type(event) for event in rest] == [SpeechPaused]


def test_what_is_as_loud_as_the_voice_is_no_pause_though_the_vad_has_lost_it() -> None:
    class Deaf(FakeVad):
        def feed(self, chunk: AudioChunk) -> list[SpeechProbability]:
            return [replace(one, probability=0.1) if one.end > RATE else one for one in super().feed(chunk)]

    listener = Listener(None, Deaf(), SETTINGS)
    listener.listen_now(0)
    (ended,) = (
        event
        for event in events(listener, sound((0.3, QUIET), (1.0, SPEECH), (1.0, QUIET)))
        if isinstance(event, SpeechEnded)
    )
    assert seconds(ended.utterance.speech_end) == pytest.approx(1.3, abs=0.04)
    listener.listen_now(round(2.3 * RATE))
    endless = events(listener, sound((0.7, SPEECH), (3.0, SPEECH)), start=round(2.3 * RATE))
    assert not any(isinstance(event, SpeechEnded) for event in endless)  # nothing was heard as speech at all


def test_long_speech_is_cut() -> None:
    found = heard(sound((0.5, ALEXA), (0.5, QUIET), (8.0, SPEECH), (1.0, QUIET)))
    (ended,) = (event for event in found if isinstance(event, SpeechEnded))
    assert seconds(ended.decided_at) == pytest.approx(6.0, abs=0.1)
    assert seconds(len(ended.utterance.samples)) == pytest.approx(5.25, abs=0.1)


def test_voices_far_in_the_background_do_not_hold_the_turn_open() -> None:
    babble = 300  # 22 dB under the speech, and speech to the VAD
    found = events(
        Listener(FakeWake(), FakeVad(), SETTINGS, threshold=0.1),
        sound((1.0, babble), (0.5, ALEXA), (0.3, babble), (1.5, SPEECH), (3.0, babble)),
    )
    (ended,) = (event for event in found if isinstance(event, SpeechEnded))
    assert seconds(ended.utterance.speech_end) == pytest.approx(3.3, abs=0.04)


def test_a_bang_does_not_make_the_voice_a_background() -> None:
    voice, bang = 1500, 32_000  # 27 dB apart
    parts = ((0.5, ALEXA), (0.3, QUIET), (0.6, voice), (0.06, bang), (1.5, voice), (1.0, QUIET))
    (ended,) = (event for event in heard(sound(*parts)) if isinstance(event, SpeechEnded))
    assert np.count_nonzero(ended.utterance.samples == voice) == round(2.1 * RATE)


def test_listening_without_a_wake_word_from_a_moment_on() -> None:
    listener = Listener(None, FakeVad(), SETTINGS)
    assert events(listener, sound((1.0, SPEECH))) == []
    listener.listen_now(2 * RATE)  # while the question is still being asked
    assert listener.listening
    rest = sound((1.0, SPEECH), (0.5, QUIET), (0.5, SPEECH), (1.0, QUIET))
    found = events(listener, rest, start=RATE)
    assert [type(event) for event in found] == [SpeechStarted, SpeechEnded]
    assert isinstance(found[1], SpeechEnded)
    assert found[1].utterance.wake_word is None
    assert np.count_nonzero(found[1].utterance.samples == SPEECH) == RATE // 2
    assert not listener.listening


def test_listening_from_a_moment_that_has_passed_hears_what_is_kept() -> None:
    listener = Listener(None, FakeVad(), SETTINGS)
    events(listener, sound((1.0, QUIET), (0.3, SPEECH)))
    listener.listen_now(RATE // 2)
    found = events(listener, sound((0.3, SPEECH), (1.0, QUIET)), start=round(1.3 * RATE))
    (ended,) = (event for event in found if isinstance(event, SpeechEnded))
    assert np.count_nonzero(ended.utterance.samples == SPEECH) == round(0.6 * RATE)


def test_cancel_goes_back_to_the_wake_word() -> None:
    listener = Listener(FakeWake(), FakeVad(), SETTINGS)
    events(listener, sound((0.5, ALEXA), (0.3, QUIET), (0.5, SPEECH)))
    assert listener.listening
    listener.cancel()
    found = events(listener, sound((1.0, SPEECH), (0.5, ALEXA), (2.5, QUIET)), start=round(1.3 * RATE))
    assert [type(event) for event in found] == [WakeHeard, NoSpeech]


def test_a_new_stream_forgets_the_old_one() -> None:
    listener = Listener(FakeWake(), FakeVad(), SETTINGS)
    events(listener, sound((0.5, ALEXA), (0.3, QUIET), (0.5, SPEECH)))
    found = events(listener, sound((1.0, SPEECH), (0.5, ALEXA), (0.2, QUIET), (0.5, SPEECH), (1.0, QUIET)))
    assert [type(event) for event in found] == [WakeHeard, SpeechStarted, SpeechEnded]
    assert isinstance(found[2], SpeechEnded)
    assert np.count_nonzero(found[2].utterance.samples == SPEECH) == RATE // 2


def test_two_commands_in_a_row() -> None:
    once = ((0.5, ALEXA), (0.2, QUIET), (0.6, SPEECH), (1.2, QUIET))
    found = heard(sound(*once, *once))
    assert [type(event) for event in found] == [WakeHeard, SpeechStarted, SpeechEnded] * 2


def test_an_hour_of_idling_keeps_no_more_than_a_minute() -> None:
    listener = Listener(FakeWake(), FakeVad(), SETTINGS)
    start = 3600 * RATE
    events(listener, sound((1.0, QUIET), (0.5, ALEXA), (0.2, QUIET)), start=start)
    found = events(listener, sound((0.6, SPEECH), (1.0, QUIET)), start=start + round(1.7 * RATE))
    (ended,) = (event for event in found if isinstance(event, SpeechEnded))
    assert ended.utterance.start > start
    assert np.count_nonzero(ended.utterance.samples == SPEECH) == round(0.6 * RATE)
