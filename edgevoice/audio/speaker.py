"""Sinks for the voice: a speaker, WAV files, or nowhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edgevoice.audio import wav
from edgevoice.audio.devices import PORTAUDIO, choose, devices, portaudio
from edgevoice.config import AudioSettings
from edgevoice.errors import AudioError, StageError
from edgevoice.messages import Samples

_PIECE_SECONDS = 0.01


class OutputStream(Protocol):
    """An open device. `write` blocks while its buffer is full; `drain` until all is heard; `abort` drops the rest."""

    @property
    def rate(self) -> int: ...
    def write(self, samples: Samples) -> None: ...
    def drain(self) -> None: ...
    def abort(self) -> None: ...
    def close(self) -> None: ...


class Speaker:
    """A Sink on a sound device, which is opened for each reply. `cancel` silences it within about 10 ms."""

    def __init__(
        self, settings: AudioSettings, opener: Callable[[AudioSettings, int], OutputStream] | None = None
    ) -> None:
        self._settings = settings
        self.volume = settings.volume
        """Loudness, 0 to 1. May be set by any thread, in the middle of a reply too."""
        self.opener = opener or open_device
        """Opens the device of the settings at a rate."""

    def play(self, pieces: Iterable[Samples], rate: int, cancel: threading.Event) -> None:
        """Raises StageError where the device cannot be used."""
        try:
            with PORTAUDIO:
                self._play(pieces, rate, cancel)
        except AudioError as error:
            raise StageError("speaker", "no_device", str(error)) from error

    def _play(self, pieces: Iterable[Samples], rate: int, cancel: threading.Event) -> None:
        stream: OutputStream | None = None
        try:
            for piece in pieces:
                if stream is None:
                    stream = self.opener(self._settings, rate)
                    resampler = wav.Resampler(rate, stream.rate)
                if not self._write(stream, resampler.feed(piece), cancel):
                    return
            if stream is not None and self._write(stream, resampler.end(), cancel):
                stream.drain()
        finally:
            if stream is not None:
                stream.close()

    def _write(self, stream: OutputStream, samples: Samples, cancel: threading.Event) -> bool:
        """False once cancelled."""
        size = max(1, round(stream.rate * _PIECE_SECONDS))
        for i in range(0, len(samples), size):
            if cancel.is_set():
                stream.abort()
                return False
            piece = samples[i : i + size]
            volume = self.volume
            stream.write(piece if volume == 1 else (piece * volume).astype(np.int16))
        return True


class WavSink:
    """A Sink that writes each reply to its own file, `<folder>/reply-001.wav` and on; `written` lists them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.written: list[Path] = []

    def play(self, pieces: Iterable[Samples], rate: int, cancel: threading.Event) -> None:
        path = self._folder / f"reply-{len(self.written) + 1:03d}.wav"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            wav.write(path, _until(cancel, pieces), rate)
        except (AudioError, OSError) as error:
            raise StageError("speaker", "cannot_write", str(error)) from error
        self.written.append(path)


class NullSink:
    """A Sink that takes everything and plays nothing."""

    def play(self, pieces: Iterable[Samples], rate: int, cancel: threading.Event) -> None:
        for _ in _until(cancel, pieces):
            pass


def _until(cancel: threading.Event, pieces: Iterable[Samples]) -> Iterator[Samples]:
    for piece in pieces:
        if cancel.is_set():
            return
        yield piece


class _Device:
    def __init__(self, stream: Any, error: type[Exception]) -> None:
        self._stream, self._error = stream, error

    @property
    def rate(self) -> int:
        return int(self._stream.samplerate)

    def write(self, samples: Samples) -> None:
        try:
            self._stream.write(samples)
        except self._error as error:
            raise AudioError(f"the speaker was lost: {error}. See `edgevoice devices`") from error

    def drain(self) -> None:
        self._stream.stop(ignore_errors=True)

    def abort(self) -> None:
        self._stream.abort(ignore_errors=True)

    def close(self) -> None:
        self._stream.close(ignore_errors=True)


def open_device(settings: AudioSettings, rate: int) -> OutputStream:
    """Opens the device of `settings.output` at `rate`, or at its own where it cannot. Raises AudioError."""
    sounddevice = portaudio()
    device = choose(devices(), settings.output, "output")
    problem: Exception | None = None
    for chosen in (rate, device.rate):
        try:
            stream = sounddevice.OutputStream(samplerate=chosen, device=device.number, channels=1, dtype="int16")
            stream.start()
            return _Device(stream, sounddevice.PortAudioError)
        except (sounddevice.PortAudioError, ValueError) as error:
            problem = error
    raise AudioError(f"speaker '{device.name}' cannot be opened: {problem}. See `edgevoice devices`")
