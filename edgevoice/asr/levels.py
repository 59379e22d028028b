"""How loud audio is, used to keep silence from a recogniser: trimming, gain, and cutting long audio at quiet places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from edgevoice.messages import RATE, Samples

Floats = NDArray[np.float32]

FRAME = RATE // 50
"""Samples of one level: 20 ms."""
SILENCE_DB = -60.0
"""What is not louder than this, relative to full scale, holds no speech."""
RANGE_DB = 35.0
"""Frames this far below the loudest are not speech."""
ABOVE_NOISE_DB = 6.0
STEADY_DB = 3.0
"""Sound whose loud and quiet frames are this near to each other is noise: speech rises and falls."""
MARGIN_FRAMES = 10
QUIET = RATE * 2 // 5
"""Samples of silence put before and after speech: Moonshine repeats itself or mishears without, most of all one word."""
TARGET_DB = -20.0
"""Level of the loudest frames after gain."""
LARGEST_GAIN_DB = 20.0
SEGMENT_SECONDS, EARLIEST_CUT_SECONDS = 24, 14


def decibels(samples: Samples | Floats) -> Floats:
    """Level of each whole frame, dB relative to full scale, f32 [n // FRAME]; int16 is full at 32768, floats at 1."""
    whole = len(samples) // FRAME * FRAME
    frames = samples[:whole].reshape(-1, FRAME).astype(np.float32)
    if samples.dtype == np.int16:
        frames /= 32768
    power: Floats = np.square(frames).mean(axis=1)
    levels: Floats = 10 * np.log10(power + np.float32(1e-12))
    return levels


def speech(samples: Samples) -> Floats | None:
    """The part of `samples` int16 [n] that may be speech, f32 in -1..1, between silences and at an even loudness.

    None where there is none.
    Looks at levels only: any sound that stands out of steady noise may be speech.
    """
    if not len(samples):
        return None
    padded = np.pad(samples, (0, -len(samples) % FRAME))
    levels = decibels(padded)
    ordered = np.sort(levels)
    # Neither a click nor the first frame of a word decides: the fifth loudest frame and the quietest tenth do.
    loudest, floor = float(ordered[-min(5, len(ordered))]), float(ordered[len(ordered) // 10])
    if loudest < SILENCE_DB or loudest - floor < STEADY_DB:
        return None
    threshold = max(loudest - RANGE_DB, min(floor + ABOVE_NOISE_DB, loudest - ABOVE_NOISE_DB))
    (loud,) = np.nonzero(levels > threshold)
    first, last = max(0, loud[0] - MARGIN_FRAMES), loud[-1] + 1 + MARGIN_FRAMES
    part = padded[first * FRAME : last * FRAME].astype(np.float32) / 32768
    gain = 10 ** (np.clip(TARGET_DB - loudest, -LARGEST_GAIN_DB, LARGEST_GAIN_DB) / 20)
    peak = float(np.abs(part).max())
    return np.pad(part * np.float32(min(gain, 1 / peak)), QUIET)


def segments(chunks: Iterable[Samples]) -> Iterator[Samples]:
    """Joins `chunks` and cuts them at quiet places, so that no part is longer than SEGMENT_SECONDS."""
    longest, earliest = SEGMENT_SECONDS * RATE, EARLIEST_CUT_SECONDS * RATE
    held: list[Samples] = []
    length = 0
    for chunk in chunks:
        held.append(chunk)
        length += len(chunk)
        while length > longest:
            joined = np.concatenate(held)
            cut = earliest + quietest(joined[earliest:longest])
            yield joined[:cut]
            held, length = [joined[cut:]], length - cut
    if length:
        yield np.concatenate(held)


def quietest(samples: Samples, frames: int = 15) -> int:
    """Index of the middle of the `frames` frames in a row that are quietest together."""
    power = 10 ** (decibels(samples) / 10)
    around = np.convolve(power, np.ones(frames), "valid")
    return (int(around.argmin()) + frames // 2) * FRAME
