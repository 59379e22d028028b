"""The microphone with a stream handed in: resampling, losses, a device that goes away and comes back, closing."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest

from edgevoice.audio import devices
from edgevoice.audio.mic import Deliver, InputStream, Mic
from edgevoice.config import AudioSettings
from edgevoice.errors import AudioError
from edgevoice.messages import RATE, Samples


class FakeStream:
    """Delivers its blocks as it is opened, then nothing."""

    def __init__(self, deliver: Deliver, blocks: list[Samples], rate: int) -> None:
        self.rate = rate
        self.closed = False
        for block in blocks:
            deliver(block)

    def close(self) -> None:
        self.closed = True


class FakeDevice:
    """An opener: each call takes the next of `scenes`, blocks to deliver or an error to raise."""

    def __init__(self, *scenes: list[Samples] | AudioError, rate: int = RATE) -> None:
        self.scenes = list(scenes)
        self.rate = rate
        self.retries: list[bool] = []
        self.streams: list[FakeStream] = []

    def __call__(self, settings: AudioSettings, deliver: Deliver, retry: bool) -> InputStream:
        self.retries.append(retry)
        scene = self.scenes.pop(0)
        if isinstance(scene, AudioError):
            raise scene
        self.streams.append(FakeStream(deliver, scene, self.rate))
        return self.streams[-1]


def block(value: int, length: int = 512) -> Samples:
    return np.full(length, value, np.int16)


def patience(times: int) -> tuple[Callable[[float], bool], list[float]]:
    """A `wait` that lets `times` waits pass at once and then says that the mic is closing; and what it was asked for."""
    asked: list[float] = []

    def wait(seconds: float) -> bool:
        asked.append(seconds)
        return len(asked) > times

    return wait, asked


def test_chunks_are_contiguous_and_the_device_is_closed() -> None:
    device = FakeDevice([block(1), block(2, 300), block(3)])
    wait, _ = patience(0)
    with Mic(AudioSettings(), device, wait, silent_seconds=0.01) as chunks:
        taken = list(chunks)
    assert [(chunk.start, int(chunk.samples[0]), chunk.rate) for chunk in taken] == [
        (0, 1, RATE),
        (512, 2, RATE),
        (812, 3, RATE),
    ]
    assert device.streams[0].closed


def test_the_devices_rate_becomes_16_khz() -> None:
    sine = (8000 * np.sin(2 * np.pi * 300 * np.arange(48_000) / 48_000)).astype(np.int16)
    device = FakeDevice([sine[i : i + 1536] for i in range(0, len(sine), 1536)], rate=48_000)
    wait, _ = patience(0)
    with Mic(AudioSettings(), device, wait, silent_seconds=0.01) as chunks:
        samples = np.concatenate([chunk.samples for chunk in chunks])
    assert len(samples) == pytest.approx(RATE, abs=500)
    assert np.abs(samples).max() == pytest.approx(8000, rel=0.02)


def test_a_block_is_copied_because_portaudio_uses_its_buffer_again() -> None:
    buffer = block(7)
    device = FakeDevice([buffer])
    mic = Mic(AudioSettings(), device)
    with mic as chunks:
        buffer[:] = 0
        assert int(next(chunks).samples[0]) == 7


def test_a_device_that_disappears_is_waited_for_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    gone = AudioError("no microphone")
    device = FakeDevice([block(1)], gone, gone, gone, gone, gone, gone, [block(2)])
    wait, asked = patience(7)
    with caplog.at_level(logging.WARNING), Mic(AudioSettings(), device, wait, silent_seconds=0.01) as chunks:
        taken = list(chunks)
    sounding = [chunk for chunk in taken if len(chunk.samples)]
    assert [(chunk.start, int(chunk.samples[0])) for chunk in sounding] == [(0, 1), (512, 2)]
    assert len(taken) - len(sounding) == 6  # an empty one for each look in vain
    assert device.retries == [False] + [True] * 7
    assert asked[:7] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert asked[7] == 0.5  # the second loss begins anew
    assert [record.message for record in caplog.records][:2] == [
        "the microphone gives no sound; waiting for it",
        "the microphone is back",
    ]
    assert all(stream.closed for stream in device.streams)


def test_what_nobody_takes_is_dropped_and_counted() -> None:
    device = FakeDevice([block(i) for i in range(610)])
    mic = Mic(AudioSettings(), device)
    with mic as chunks:
        assert mic.dropped == 10
        assert int(next(chunks).samples[0]) == 0


def test_closing_from_another_thread_ends_the_stream() -> None:
    mic = Mic(AudioSettings(), FakeDevice([block(1)]), silent_seconds=5.0)
    with mic as chunks:
        next(chunks)
        ended: list[bool] = []
        reader = threading.Thread(target=lambda: ended.append(next(chunks, None) is None))
        reader.start()
        mic.close()
        reader.join(2.0)
        assert ended == [True]


def test_no_device_at_the_start_is_told_and_looked_for(caplog: pytest.LogCaptureFixture) -> None:
    gone = AudioError("no microphone")
    wait, asked = patience(2)
    mic = Mic(AudioSettings(), FakeDevice(gone, gone, [block(3)]), wait, silent_seconds=0.01)
    with mic as chunks:
        assert mic.problem == "no microphone"
        assert len(next(chunks).samples) == 0  # somebody still looks
        assert mic.problem == "no microphone"
        assert int(next(chunks).samples[0]) == 3
        assert mic.problem == ""
        assert list(chunks) == []
    assert asked == [0.5, 1.0, 0.5]
    assert [record.message for record in caplog.records][:2] == [
        "going on without a microphone, and looking for it: no microphone",
        "the microphone is back",
    ]


def test_a_missing_portaudio_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def find_spec(self, name: str, path: object, target: object = None) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(AudioError, match="apt install libportaudio2"):
        devices.portaudio()


def device(number: int, name: str, inputs: int = 1, default: bool = False) -> devices.SoundDevice:
    return devices.SoundDevice(number, name, inputs, 2, 48_000, default_input=default)


FOUND = (device(0, "HDA Intel: ALC257"), device(1, "HDMI 0", inputs=0), device(4, "ReSpeaker 4 Mic Array", 6, True))


@pytest.mark.parametrize(
    ("wanted", "number"), [(None, 4), ("0", 0), ("respeaker 4 mic array", 4), ("alc257", 0), ("4", 4)]
)
def test_a_device_is_chosen_by_number_name_or_part(wanted: str | None, number: int) -> None:
    assert devices.choose(FOUND, wanted, "input").number == number


@pytest.mark.parametrize(
    ("found", "wanted", "message"),
    [
        ((), None, "no microphone. Connect one, and see `edgevoice devices`"),
        (FOUND[1:2], None, "no microphone"),
        (FOUND, "HDMI 0", "there is no microphone 'HDMI 0'"),
        (FOUND, "ReSpeaker 4 Mic Aray", "Did you mean 'ReSpeaker 4 Mic Array'"),
        (FOUND, "a", "fits several devices"),
    ],
)
def test_a_device_that_is_not_there_is_named(
    found: tuple[devices.SoundDevice, ...], wanted: str | None, message: str
) -> None:
    with pytest.raises(AudioError, match=message):
        devices.choose(found, wanted, "input")
