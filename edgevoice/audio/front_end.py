"""The front end, between microphone and listener: takes the echo of what the speaker plays out of what is heard.

    speaker ── FarEnd.tapped ──> FarEnd ──┐
    mic ─────────────────────────────> FrontEnd ──> listener

No clock: what the speaker is given is taken with the microphone's next samples. They were recorded before it could be
heard, so the echo always comes after its reference, by the delay of device, air and room.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TypeAlias

import numpy as np
import soxr

from edgevoice.audio.echo import BLOCK, REACH, EchoCanceller
from edgevoice.audio.speaker import OutputStream
from edgevoice.config import AudioSettings
from edgevoice.messages import RATE, AudioChunk, Samples
from edgevoice.stages import Microphone

_HELD_SECONDS = 3.0  # more than any device buffers; then nobody takes it

Opener: TypeAlias = Callable[[AudioSettings, int], OutputStream]


class FarEnd:
    """What the speaker plays: its thread puts in, the ears take as many samples as they hear. `lost` counts samples
    that nobody took.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: deque[Samples] = deque()
        self._length = 0
        self.lost = 0

    def tapped(self, opener: Opener) -> Opener:
        """Opens what `opener` does, and hears what is played there."""
        return lambda settings, rate: _Tapped(opener(settings, rate), self)

    def put(self, samples: Samples) -> None:
        """`samples` int16 [n] at RATE."""
        with self._lock:
            self._pieces.append(samples)
            self._length += len(samples)
            while self._length > _HELD_SECONDS * RATE:
                dropped = len(self._pieces.popleft())
                self._length -= dropped
                self.lost += dropped

    def clear(self) -> None:
        """What was not taken will not be played."""
        with self._lock:
            self._pieces.clear()
            self._length = 0

    def take(self, count: int) -> Samples:
        """The next `count` samples, fewer where there are no more."""
        with self._lock:
            held = np.concatenate(self._pieces) if self._pieces else np.empty(0, np.int16)
            taken, rest = held[:count], held[count:]
            self._pieces = deque((rest,) if len(rest) else ())
            self._length = len(rest)
            return taken


class _Tapped:
    """An OutputStream that tells of all that is written to it."""

    def __init__(self, stream: OutputStream, far: FarEnd) -> None:
        self._stream, self._far = stream, far
        # The better kinds of resampling hold back more than a device buffers: the echo would come first.
        self._to_near = soxr.ResampleStream(stream.rate, RATE, 1, dtype="int16", quality="LQ")

    @property
    def rate(self) -> int:
        return self._stream.rate

    def write(self, samples: Samples) -> None:
        self._far.put(np.asarray(self._to_near.resample_chunk(samples), np.int16))
        self._stream.write(samples)

    def drain(self) -> None:
        self._stream.drain()

    def abort(self) -> None:
        self._stream.abort()
        self._far.clear()

    def close(self) -> None:
        self._stream.close()


class FrontEnd:
    """A Microphone: `mic` without the echo of `far`. Where nothing is played it passes on what it gets, at no cost."""

    def __init__(self, mic: Microphone, far: FarEnd) -> None:
        self._mic, self._far = mic, far
        self._canceller = EchoCanceller()
        self._rest: Samples = np.empty(0, np.int16)
        self._next = 0
        self._quiet = REACH

    def __enter__(self) -> Iterator[AudioChunk]:
        return self._cleaned(self._mic.__enter__())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._mic.__exit__(kind, error, at)

    def close(self) -> None:
        self._mic.close()

    def _cleaned(self, chunks: Iterable[AudioChunk]) -> Iterator[AudioChunk]:
        return (self.process(chunk) for chunk in chunks)

    def process(self, chunk: AudioChunk) -> AudioChunk:
        """All whole blocks that are there by now, maybe none, and the `echo` where one may have been in them."""
        if chunk.start != self._next:  # the first one, or a gap
            self._rest = np.empty(0, np.int16)
            self._far.clear()
        self._next = chunk.start + len(chunk.samples)
        samples = np.concatenate((self._rest, chunk.samples))
        start = self._next - len(samples)
        whole = len(samples) - len(samples) % BLOCK
        near, self._rest = samples[:whole], samples[whole:]
        far = self._far.take(whole)
        was_quiet = self._quiet >= REACH
        self._quiet = 0 if len(far) else self._quiet + whole
        if not whole or self._quiet >= REACH:
            return AudioChunk(near, chunk.rate, start)
        if was_quiet:
            self._canceller.begin()
        clean = self._canceller.process(near, np.pad(far, (0, whole - len(far))))
        echo = np.clip(near.astype(np.int32) - clean, -32768, 32767).astype(np.int16)
        return AudioChunk(clean, chunk.rate, start, echo)
