"""Echo: what the speaker plays is taken out of what the microphone hears, and what is said stays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from edgevoice.audio.echo import REACH
from edgevoice.audio.front_end import FarEnd, FrontEnd
from edgevoice.config import AudioSettings
from edgevoice.messages import RATE, AudioChunk, Samples

CHUNK = 512
RNG = np.random.default_rng(5)


class FakeMic:
    """A microphone that hears `chunks`."""

    def __init__(self, *chunks: AudioChunk) -> None:
        self.chunks = chunks
        self.is_open = False

    def __enter__(self) -> Iterator[AudioChunk]:
        self.is_open = True
        return iter(self.chunks)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.is_open = False


class FakeOutput:
    """A device of `rate` that plays nowhere."""

    def __init__(self, rate: int = RATE) -> None:
        self.rate = rate
        self.calls: list[str] = []

    def write(self, samples: Samples) -> None:
        self.calls.append("write")

    def drain(self) -> None:
        self.calls.append("drain")

    def abort(self) -> None:
        self.calls.append("abort")

    def close(self) -> None:
        self.calls.append("close")


def noise(seconds: float, level: float = 3000) -> Samples:
    return (RNG.standard_normal(round(seconds * RATE)) * level).astype(np.int16)


def echo(far: Samples, delay: int = 1600, level: float = 0.5) -> Samples:
    """`far` as it comes back, `delay` samples later, and once more from a wall."""
    back = np.concatenate((np.zeros(delay), far))[: len(far)] * level
    wall = np.concatenate((np.zeros(delay + 700), far))[: len(far)] * level * 0.3
    return (back + wall).astype(np.int16)


def through(near: Samples, far: Samples, chunk: int = CHUNK) -> Samples:
    """What comes out where `far` is played while `near` is heard, `chunk` samples at a time."""
    played = FarEnd()
    front_end = FrontEnd(FakeMic(), played)
    out = []
    for i in range(0, len(near), chunk):
        played.put(far[i : i + chunk])
        out.append(front_end.process(AudioChunk(near[i : i + chunk], RATE, i)).samples)
    return np.concatenate(out)


def decibels(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1))


@pytest.mark.parametrize("delay", [100, 1600, 3000])
def test_the_echo_is_gone_within_seconds_and_learning_never_makes_it_louder(delay: int) -> None:
    far = noise(4)
    near = echo(far, delay)
    clean = through(near, far)
    for i in range(0, len(clean) - RATE // 10, RATE // 10):
        assert decibels(clean[i : i + RATE // 10]) <= decibels(near[i : i + RATE // 10]) + 0.1
    assert decibels(near[3 * RATE :]) - decibels(clean[3 * RATE :]) > 25


def test_what_is_said_over_the_voice_stays() -> None:
    far = noise(4)
    said = np.zeros(len(far), np.int16)
    said[3 * RATE : 3 * RATE + RATE // 2] = noise(0.5)
    clean = through(echo(far) + said, far)
    over = slice(3 * RATE, 3 * RATE + RATE // 2)
    assert decibels(clean[over]) == pytest.approx(decibels(said[over]), abs=1)
    assert decibels(clean[over] - said[over]) < decibels(said[over]) - 10


@pytest.mark.parametrize("slip", [-400, 0, 250, 512])
def test_a_later_reply_that_begins_a_little_off_is_aligned_in_half_a_second(slip: int) -> None:
    first, second = noise(4), noise(1)
    heard = np.concatenate((echo(first), np.zeros(RATE, np.int16), echo(second, 1600 + slip)))
    far = FarEnd()
    front_end = FrontEnd(FakeMic(), far)
    out = []
    for i in range(0, len(heard) - CHUNK, CHUNK):
        far.put(first[i : i + CHUNK] if i < len(first) else second[max(0, i - 5 * RATE) : max(0, i - 5 * RATE + CHUNK)])
        out.append(front_end.process(AudioChunk(heard[i : i + CHUNK], RATE, i)).samples)
    clean = np.concatenate(out)
    late = slice(5 * RATE + RATE // 2, 6 * RATE - CHUNK)
    assert decibels(heard[late]) - decibels(clean[late]) > 20


def test_where_nothing_is_played_nothing_is_changed() -> None:
    near = noise(1)
    out = through(near, near[:0])
    assert len(near) - len(out) < 256
    assert np.array_equal(out, near[: len(out)])


def test_chunks_of_any_length_become_whole_blocks_with_the_places_of_their_samples() -> None:
    near, far = noise(0.5), FarEnd()
    chunks = [AudioChunk(near[i : i + 441], RATE, 7000 + i) for i in range(0, len(near), 441)]
    mic = FakeMic(*chunks)
    with FrontEnd(mic, far) as heard:
        found = list(heard)
    assert not mic.is_open
    out = np.concatenate([chunk.samples for chunk in found])
    assert np.array_equal(out, near[: len(out)])
    assert len(near) - len(out) < 256
    end = 7000
    for chunk in found:
        assert chunk.start == end
        end += len(chunk.samples)


def test_a_microphone_that_is_looked_for_is_still_heard_of() -> None:
    """Its empty chunks tell the watchdog that the ears get on."""
    nothing = AudioChunk(noise(0), RATE, 600)
    with FrontEnd(FakeMic(AudioChunk(noise(600 / RATE), RATE, 0), nothing, nothing), FarEnd()) as heard:
        assert [(chunk.start, len(chunk.samples)) for chunk in heard] == [(0, 512), (512, 0), (512, 0)]


def test_it_is_told_where_an_echo_may_be_and_for_how_long() -> None:
    far = FarEnd()
    front_end = FrontEnd(FakeMic(), far)
    far.put(noise(0.1))
    playing = [front_end.process(AudioChunk(noise(0.032), RATE, i * CHUNK)).echo is not None for i in range(31)]
    last = RATE // 10 // CHUNK
    until = last + 1 + -(-REACH // CHUNK) - 1
    assert playing == [i < until for i in range(31)]


def test_what_is_left_and_what_was_taken_out_are_what_was_heard() -> None:
    far, played = noise(1), FarEnd()
    near, front_end = echo(far), FrontEnd(FakeMic(), played)
    for i in range(0, len(near) - CHUNK, CHUNK):
        played.put(far[i : i + CHUNK])
        out = front_end.process(AudioChunk(near[i : i + CHUNK], RATE, i))
        assert out.echo is not None
        assert np.array_equal(out.samples + out.echo, near[i : i + CHUNK])
    assert decibels(out.echo) > decibels(out.samples)


def test_a_gap_in_what_is_heard_drops_what_was_not_taken() -> None:
    far = FarEnd()
    front_end = FrontEnd(FakeMic(), far)
    front_end.process(AudioChunk(noise(0.032), RATE, 0))
    far.put(noise(1))
    front_end.process(AudioChunk(noise(0.032), RATE, 50_000))
    assert len(far.take(RATE)) == 0


def test_a_speaker_tells_the_far_end_what_it_plays_at_the_pipelines_rate() -> None:
    far, output = FarEnd(), FakeOutput(48_000)
    stream = far.tapped(lambda settings, rate: output)(AudioSettings(), 24_000)
    assert stream.rate == 48_000
    for _ in range(10):
        stream.write(np.full(4800, 1000, np.int16))
    taken = far.take(2 * RATE)
    assert len(taken) == pytest.approx(RATE, abs=0.03 * RATE)
    assert np.allclose(taken[1000:-1000], 1000, atol=2)
    stream.drain()
    stream.close()
    assert output.calls == ["write"] * 10 + ["drain", "close"]


def test_what_is_cut_off_is_not_taken_for_played() -> None:
    far, output = FarEnd(), FakeOutput()
    stream = far.tapped(lambda settings, rate: output)(AudioSettings(), RATE)
    stream.write(noise(0.5))
    stream.abort()
    assert output.calls[-1] == "abort"
    assert len(far.take(RATE)) == 0


def test_what_nobody_takes_is_bounded_and_counted() -> None:
    far = FarEnd()
    for _ in range(50):
        far.put(noise(0.1))
    assert far.lost == 2 * RATE
    assert len(far.take(10 * RATE)) == 3 * RATE
