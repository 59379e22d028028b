"""Sinks and cues: volume, resampling, cancelling, files, and a device that fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgevoice.audio.cues import cue
from edgevoice.audio.speaker import NullSink, OutputStream, Speaker, WavSink
from edgevoice.config import AudioSettings
from edgevoice.errors import AudioError, StageError
from edgevoice.messages import Samples


class FakeOutput:
    """Notes what it was given; sets `cancel` once it has `enough` samples."""

    def __init__(self, rate: int = 24_000, cancel: threading.Event | None = None, enough: int = 0) -> None:
        self.rate = rate
        self.cancel, self.enough = cancel, enough
        self.written: list[Samples] = []
        self.calls: list[str] = []

    def write(self, samples: Samples) -> None:
        self.written.append(samples.copy())
        if self.cancel is not None and sum(map(len, self.written)) >= self.enough:
            self.cancel.set()

    def drain(self) -> None:
        self.calls.append("drain")

    def abort(self) -> None:
        self.calls.append("abort")

    def close(self) -> None:
        self.calls.append("close")


def speaker(output: OutputStream, volume: float = 1.0) -> Speaker:
    return Speaker(AudioSettings(volume=volume), lambda settings, rate: output)


def pieces(*lengths: int) -> Iterator[Samples]:
    return (np.full(length, 1000, np.int16) for length in lengths)


def test_all_is_played_and_waited_for() -> None:
    output = FakeOutput()
    speaker(output, volume=0.5).play(pieces(3000, 10, 5000), 24_000, threading.Event())
    played = np.concatenate(output.written)
    assert len(played) == 8010
    assert set(played.tolist()) == {500}
    assert output.calls == ["drain", "close"]


def test_a_device_of_another_rate_gets_its_own() -> None:
    output = FakeOutput(rate=48_000)
    speaker(output).play(pieces(12_000, 12_000), 24_000, threading.Event())
    assert sum(map(len, output.written)) == 48_000


def test_cancel_silences_at_once_and_takes_no_more() -> None:
    cancel = threading.Event()
    output = FakeOutput(cancel=cancel, enough=2400)
    left = pieces(24_000, 24_000)
    speaker(output).play(left, 24_000, cancel)
    assert sum(map(len, output.written)) == 2400  # two pieces of 50 ms
    assert output.calls == ["abort", "close"]
    assert len(list(left)) == 1


class SoundCard:
    """Plays at its own pace: its clock is `heard`, the samples that came out. What is written waits in its buffer, and
    `cancel` is set when the clock comes to `at`.
    """

    def __init__(self, rate: int, buffer: int, cancel: threading.Event, at: int) -> None:
        self.rate, self._buffer, self._cancel, self._at = rate, buffer, cancel, at
        self._waiting = self.heard = 0

    def write(self, samples: Samples) -> None:
        self._waiting += len(samples)
        if self._waiting > self._buffer:
            self.heard += self._waiting - self._buffer
            self._waiting = self._buffer
        if self.heard >= self._at:
            self._cancel.set()

    def drain(self) -> None:
        self.heard += self._waiting

    def abort(self) -> None:
        self._waiting = 0

    def close(self) -> None:
        pass


@pytest.mark.parametrize("buffer_ms", [10, 40, 200])
def test_it_is_silent_a_hundredth_of_a_second_after_a_cancel_however_much_the_card_has_buffered(buffer_ms: int) -> None:
    cancel = threading.Event()
    card = SoundCard(16_000, buffer_ms * 16, cancel, at=8000)
    speaker(card).play(pieces(40_000), 16_000, cancel)
    assert 0 <= card.heard - 8000 <= 160


def test_nothing_to_say_opens_no_device() -> None:
    Speaker(AudioSettings(), lambda settings, rate: pytest.fail("opened")).play([], 24_000, threading.Event())


def test_a_voice_that_fails_closes_the_device() -> None:
    def broken() -> Iterator[Samples]:
        yield np.ones(100, np.int16)
        raise StageError("tts", "broken", "the voice failed")

    output = FakeOutput()
    with pytest.raises(StageError, match="the voice failed"):
        speaker(output).play(broken(), 24_000, threading.Event())
    assert output.calls == ["close"]


def test_a_missing_device_is_a_stage_error() -> None:
    def absent(settings: AudioSettings, rate: int) -> OutputStream:
        raise AudioError("no speaker. Connect one")

    with pytest.raises(StageError, match=r"no speaker\. Connect one") as caught:
        Speaker(AudioSettings(), absent).play(pieces(10), 24_000, threading.Event())
    assert (caught.value.stage, caught.value.code) == ("speaker", "no_device")


def test_replies_become_numbered_files(tmp_path: Path) -> None:
    sink = WavSink(tmp_path / "replies")
    for length in (100, 250):
        sink.play(pieces(length, length), 24_000, threading.Event())
    assert [path.name for path in sink.written] == ["reply-001.wav", "reply-002.wav"]
    samples, rate = soundfile.read(sink.written[1], dtype="int16")
    assert (len(samples), rate, int(samples[0])) == (500, 24_000, 1000)


def test_a_folder_that_cannot_be_made_is_a_stage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StageError, match="file"):
        WavSink(tmp_path / "file").play(pieces(10), 24_000, threading.Event())


def test_a_cancelled_voice_is_not_spoken_to_its_end(tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    for sink in (WavSink(tmp_path), NullSink()):
        left = pieces(10, 10, 10)
        sink.play(left, 24_000, cancel)
        assert len(list(left)) == 2


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_cues_are_short_soft_and_differ(rate: int) -> None:
    listening, failed = cue("listening", rate), cue("failed", rate)
    for sound in (listening, failed):
        assert 0.05 * rate < len(sound) < 0.3 * rate
        assert 1000 < np.abs(sound).max() < 10_000
        assert abs(int(sound[0])) < 100  # no click at either end
        assert abs(int(sound[-1])) < 100
    assert not np.array_equal(listening, failed)
