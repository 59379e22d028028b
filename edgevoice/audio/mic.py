"""The microphone: any device, its own rate, resampled to 16 kHz mono. A device that disappears is waited for."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from edgevoice.audio.devices import choose, devices, portaudio
from edgevoice.audio.wav import Resampler
from edgevoice.config import AudioSettings
from edgevoice.errors import AudioError
from edgevoice.messages import RATE, AudioChunk, Samples

_log = logging.getLogger(__name__)

_BLOCK_SECONDS = 0.016
_QUEUE = 600  # blocks: ten seconds
_SILENT_SECONDS = 3.0  # a device that gives nothing for so long is gone
_RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)

Deliver = Callable[[Samples], None]


class InputStream(Protocol):
    """An open device that calls `Deliver` with mono samples at `rate`, from its own thread."""

    @property
    def rate(self) -> int: ...
    def close(self) -> None: ...


Opener = Callable[[AudioSettings, Deliver, bool], InputStream]
"""(settings, where samples go, is this a retry) -> an open stream. Raises AudioError."""


class Mic:
    """`with Mic(settings) as chunks:` yields AudioChunk without end, until `close`.

    `dropped` counts blocks lost because nobody took them; `wait(seconds)` returns True once the mic is being closed.
    Where there is no such device, or no longer, it is looked for again and again; an empty chunk after each look tells
    that somebody still looks.
    """

    def __init__(
        self,
        settings: AudioSettings,
        opener: Opener | None = None,
        wait: Callable[[float], bool] | None = None,
        silent_seconds: float = _SILENT_SECONDS,
    ) -> None:
        self._settings = settings
        self._open = opener or open_device
        self._closing = threading.Event()
        self._wait = wait or self._closing.wait
        self._silent_seconds = silent_seconds
        self._blocks: queue.Queue[Samples] = queue.Queue(_QUEUE)
        self._stream: InputStream | None = None
        self.dropped = 0
        self.problem = ""
        """Why nothing is heard, in words; empty while the device is there."""

    @property
    def waiting(self) -> int:
        """Blocks that nobody has taken yet."""
        return self._blocks.qsize()

    def __enter__(self) -> Iterator[AudioChunk]:
        try:
            self._stream = self._open(self._settings, self._deliver, False)
        except AudioError as error:
            self.problem = str(error)
            _log.warning("going on without a microphone, and looking for it: %s", error)
        return self._chunks()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the stream; the iterator stops soon. May be called from any thread."""
        self._closing.set()
        with contextlib.suppress(queue.Full):
            self._blocks.put_nowait(np.empty(0, np.int16))  # wakes who waits for a block
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _deliver(self, samples: Samples) -> None:
        try:
            self._blocks.put_nowait(samples.copy())
        except queue.Full:
            self.dropped += 1

    def _chunks(self) -> Iterator[AudioChunk]:
        start = 0
        resampler = Resampler(self._stream.rate, RATE) if self._stream is not None else None
        while not self._closing.is_set():
            block = self._block() if resampler is not None else None
            if block is None or resampler is None:
                yield from (AudioChunk(np.empty(0, np.int16), RATE, start) for _ in self._reopen())
                stream = self._stream
                if stream is None:
                    return
                resampler = Resampler(stream.rate, RATE)
                continue
            samples = resampler.feed(block)
            if len(samples) and not self._closing.is_set():
                yield AudioChunk(samples, RATE, start)
                start += len(samples)

    def _block(self) -> Samples | None:
        """The next block of sound; None where the device has been silent for too long."""
        try:
            return self._blocks.get(timeout=self._silent_seconds)
        except queue.Empty:
            return None

    def _reopen(self) -> Iterator[None]:
        """Tries until the device is there, or the mic is closed; yields after each try."""
        if self._closing.is_set():
            return
        if self._stream is not None:
            self.problem = "the microphone gives no sound"
            _log.warning("the microphone gives no sound; waiting for it")
            self._stream.close()
            self._stream = None
        attempt = 0
        while not self._wait(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)]):
            attempt += 1
            try:
                self._stream = self._open(self._settings, self._deliver, True)
            except AudioError as error:
                _log.debug("still no microphone: %s", error)
                yield
                continue
            if self._closing.is_set():
                self.close()
                return
            self.problem = ""
            _log.warning("the microphone is back")
            return


class _Device:
    """A PortAudio input stream; the first channel is the one taken, which array microphones put their best in."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    @property
    def rate(self) -> int:
        return int(self._stream.samplerate)

    def close(self) -> None:
        self._stream.close(ignore_errors=True)


def open_device(settings: AudioSettings, deliver: Deliver, retry: bool) -> InputStream:
    """Opens and starts the device of `settings.input`. A retry looks for newly connected devices first."""
    sounddevice = portaudio()
    device = choose(devices(rescan=retry), settings.input, "input")
    rate = settings.rate or device.rate

    def callback(block: Any, frames: int, time: Any, status: Any) -> None:
        deliver(block[:, 0])

    problem: Exception | None = None
    for channels in dict.fromkeys((1, min(2, device.inputs), device.inputs)):
        try:
            stream = sounddevice.InputStream(
                samplerate=rate,
                blocksize=round(rate * _BLOCK_SECONDS),
                device=device.number,
                channels=channels,
                dtype="int16",
                callback=callback,
            )
            stream.start()
            return _Device(stream)
        except (sounddevice.PortAudioError, ValueError) as error:
            problem = error
    raise AudioError(
        f"microphone '{device.name}' cannot be opened at {rate} Hz: {problem}. Is another program using it? "
        "See `edgevoice devices`, and the settings audio.input and audio.rate"
    )
