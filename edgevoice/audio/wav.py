"""Recordings: WAV, FLAC and whatever else libsndfile reads, of any rate and width, as mono int16 at 16 kHz."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from edgevoice.errors import AudioError
from edgevoice.messages import RATE, AudioChunk, Samples

CHUNK = 1280
_BLOCK_SECONDS = 1.0


def chunks(path: Path, size: int = CHUNK) -> Iterator[AudioChunk]:
    """A recording in pieces of `size` samples (the last one may be shorter), in constant memory.

    Raises AudioError where the file is missing, not audio, damaged or empty.
    """
    rest: Samples = np.empty(0, np.int16)
    start = 0
    for block in _blocks(path):
        rest = np.concatenate((rest, block))
        whole = len(rest) - len(rest) % size
        for i in range(0, whole, size):
            yield AudioChunk(rest[i : i + size], RATE, start + i)
        start += whole
        rest = rest[whole:]
    if len(rest):
        yield AudioChunk(rest, RATE, start)
    elif not start:
        raise AudioError(f"{path} holds no sound. Record it again, or check how it was copied")


def read(path: Path) -> Samples:
    """A whole recording, int16 [n] at 16 kHz. Raises AudioError as `chunks` does."""
    return np.concatenate([chunk.samples for chunk in chunks(path)])


def write(path: Path, pieces: Iterable[Samples], rate: int) -> None:
    """Writes int16 pieces as they come: FLAC where the name ends in `.flac`, else 16-bit WAV. Raises AudioError."""
    kind = "FLAC" if path.suffix.lower() == ".flac" else "WAV"
    try:
        with soundfile.SoundFile(path, "w", rate, channels=1, subtype="PCM_16", format=kind) as file:
            for piece in pieces:
                file.write(piece)
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(f"cannot write {path}: {_reason(error)}. Is the folder there, and is there room?") from error


def resample(samples: Samples, rate: int, to: int) -> Samples:
    """int16 [n] at `rate` -> int16 [about n * to / rate] at `to`."""
    return samples if rate == to else np.asarray(soxr.resample(samples, rate, to), np.int16)


class Resampler:
    """The same for a stream: `feed` what comes, `end` gives what is still inside."""

    def __init__(self, rate: int, to: int) -> None:
        self._stream = None if rate == to else soxr.ResampleStream(rate, to, 1, dtype="int16")

    def feed(self, samples: Samples, last: bool = False) -> Samples:
        if self._stream is None:
            return samples
        return np.asarray(self._stream.resample_chunk(samples, last=last), np.int16)

    def end(self) -> Samples:
        return self.feed(np.empty(0, np.int16), last=True)


def _blocks(path: Path) -> Iterator[Samples]:
    """The file as mono int16 at RATE, in blocks of varying length."""
    if not path.is_file():
        raise AudioError(f"{path}: no such file. Check the path")
    try:
        with soundfile.SoundFile(path) as file:
            resampler = Resampler(file.samplerate, RATE)
            frames = max(1, round(file.samplerate * _BLOCK_SECONDS))
            while len(block := file.read(frames, dtype="float32", always_2d=True)):
                yield resampler.feed(_int16(block.mean(axis=1)))
            yield resampler.end()
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(f"{path} cannot be read as audio: {_reason(error)}. Convert it to WAV or FLAC") from error


def _int16(mono: NDArray[np.float32]) -> Samples:
    """Float in ±1 to int16; what is no number becomes silence."""
    scaled = np.nan_to_num(mono, nan=0.0, posinf=1.0, neginf=-1.0) * 32768
    clipped: Samples = np.clip(np.round(scaled), -32768, 32767).astype(np.int16)
    return clipped


def _reason(error: Exception) -> str:
    if isinstance(error, soundfile.LibsndfileError):
        return str(error.error_string).rstrip(".")
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
