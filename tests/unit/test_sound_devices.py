"""Opening devices through PortAudio, with a PortAudio of our own in the place of the library."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgevoice.audio import devices, mic, speaker
from edgevoice.config import AudioSettings
from edgevoice.errors import AudioError, StageError
from edgevoice.messages import Samples


class FakePortAudio(SimpleNamespace):
    """One card with two inputs and two outputs that opens only at `rate` and with `channels`, and notes what is done."""

    class PortAudioError(Exception):
        pass

    def __init__(self, rate: int = 48_000, channels: tuple[int, ...] = (1, 2)) -> None:
        super().__init__(default=SimpleNamespace(device=(0, 0)), done=[])
        self.rate, self.channels = rate, channels
        self.InputStream = self.OutputStream = self.open

    def query_devices(self) -> list[dict[str, object]]:
        card = {"max_input_channels": 2, "max_output_channels": 2, "default_samplerate": 48_000.0}
        return [{"name": "USB Audio", **card}]

    def _terminate(self) -> None:
        self.done.append("terminate")

    def _initialize(self) -> None:
        self.done.append("initialize")

    def open(self, samplerate: int, channels: int, callback: Callable[..., None] | None = None, **_: object) -> Any:
        if samplerate != self.rate or channels not in self.channels:
            raise self.PortAudioError("Invalid sample rate or number of channels")
        self.done.append(f"{channels} at {samplerate}")
        self.callback = callback
        note = self.done.append
        return SimpleNamespace(
            samplerate=float(samplerate),
            start=lambda: note("start"),
            write=lambda samples: note(f"write {len(samples)}"),
            stop=lambda ignore_errors: note("stop"),
            close=lambda ignore_errors: note("close"),
        )


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakePortAudio]:
    def install(*args: Any) -> FakePortAudio:
        fake = FakePortAudio(*args)
        monkeypatch.setitem(sys.modules, "sounddevice", fake)
        return fake

    return install


def test_devices_are_listed_with_their_defaults(portaudio: Callable[..., FakePortAudio]) -> None:
    portaudio()
    (found,) = devices.devices()
    assert found == devices.SoundDevice(0, "USB Audio", 2, 2, 48_000, default_input=True, default_output=True)


@pytest.mark.parametrize(("channels", "opened"), [((1, 2), 1), ((2,), 2)])
def test_the_first_channel_of_what_the_microphone_has_is_taken(
    portaudio: Callable[..., FakePortAudio], channels: tuple[int, ...], opened: int
) -> None:
    fake = portaudio(48_000, channels)
    taken: list[Samples] = []
    stream = mic.open_device(AudioSettings(), taken.append, False)
    assert stream.rate == 48_000
    fake.callback(np.array([[1, 9], [2, 9]], np.int16)[:, :opened], 2, None, None)
    assert taken[0].tolist() == [1, 2]
    stream.close()
    assert fake.done == [f"{opened} at 48000", "start", "close"]


def test_a_retry_looks_for_new_devices_first(portaudio: Callable[..., FakePortAudio]) -> None:
    fake = portaudio()
    mic.open_device(AudioSettings(), lambda samples: None, True)
    assert fake.done == ["terminate", "initialize", "1 at 48000", "start"]


def test_a_microphone_that_does_not_open_is_named_with_its_rate(portaudio: Callable[..., FakePortAudio]) -> None:
    portaudio(44_100)
    with pytest.raises(AudioError, match=r"'USB Audio' cannot be opened at 48000 Hz: Invalid.*audio\.rate"):
        mic.open_device(AudioSettings(), lambda samples: None, False)
    assert mic.open_device(AudioSettings(rate=44_100), lambda samples: None, False).rate == 44_100


def test_a_speaker_plays_at_its_own_rate_where_it_must(portaudio: Callable[..., FakePortAudio]) -> None:
    fake = portaudio()
    speaker.Speaker(AudioSettings()).play([np.ones(24_000, np.int16)], 24_000, threading.Event())
    assert fake.done[:2] == ["1 at 48000", "start"]
    assert sum(int(note.split()[1]) for note in fake.done if note.startswith("write")) == 48_000
    assert fake.done[-2:] == ["stop", "close"]


def test_a_speaker_lost_in_mid_reply_is_a_stage_error(portaudio: Callable[..., FakePortAudio]) -> None:
    fake = portaudio(24_000)
    stream = fake.open(24_000, 1)

    def lost(samples: Samples) -> None:
        raise fake.PortAudioError("device unavailable")

    stream.write = lost
    fake.OutputStream = lambda **_: stream
    with pytest.raises(StageError, match="the speaker was lost: device unavailable"):
        speaker.Speaker(AudioSettings()).play([np.ones(100, np.int16)], 24_000, threading.Event())
    assert fake.done[-1] == "close"
