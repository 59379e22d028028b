"""Trimming, gain and cutting: what a recogniser is given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevoice.asr import levels
from edgevoice.messages import RATE, Samples


def word(seconds: float, amplitude: float) -> Samples:
    """A tone that swells and fades."""
    at = np.arange(round(seconds * RATE))
    return (amplitude * np.sin(at / 8) * np.sin(np.pi * at / len(at))).astype(np.int16)


def test_decibels_are_relative_to_full_scale() -> None:
    assert levels.decibels(np.full(RATE, -32768, np.int16)) == pytest.approx(0, abs=1e-4)
    assert levels.decibels(np.full(RATE, 0.1, np.float32)) == pytest.approx(-20, abs=1e-4)


def test_silence_around_a_word_is_trimmed() -> None:
    quiet = np.random.default_rng(0).normal(0, 10, 3 * RATE).astype(np.int16)
    samples = np.concatenate([quiet, word(0.5, 8000), quiet])
    speech = levels.speech(samples)
    assert speech is not None
    margins = 2 * levels.MARGIN_FRAMES * levels.FRAME
    assert 0.4 * RATE < len(speech) - margins - 2 * levels.QUIET <= 0.5 * RATE + levels.FRAME


@pytest.mark.parametrize("amplitude", [500, 3000, 30000])
def test_loudness_is_made_even_and_never_clips(amplitude: float) -> None:
    speech = levels.speech(word(1, amplitude))
    assert speech is not None
    assert np.abs(speech).max() <= 1
    assert levels.decibels(speech).max() == pytest.approx(levels.TARGET_DB, abs=1)


def test_gain_is_bounded() -> None:
    speech = levels.speech(word(1, 80))
    assert speech is not None
    assert levels.decibels(speech).max() < levels.TARGET_DB - 10


@pytest.mark.parametrize("samples", [word(0, 1), np.zeros(RATE, np.int16), word(1, 20), np.full(RATE, 9000, np.int16)])
def test_silence_and_steady_sound_are_no_speech(samples: Samples) -> None:
    assert levels.speech(samples) is None


@given(st.lists(st.integers(0, 40 * RATE), max_size=5))
def test_cutting_keeps_every_sample_in_bounded_parts(lengths: list[int]) -> None:
    chunks = [np.arange(length).astype(np.int16) for length in lengths]
    parts = list(levels.segments(chunks))
    assert np.array_equal(
        np.concatenate([np.zeros(0, np.int16), *parts]), np.concatenate([np.zeros(0, np.int16), *chunks])
    )
    assert all(0 < len(part) <= levels.SEGMENT_SECONDS * RATE for part in parts)


def test_the_cut_is_in_the_pause() -> None:
    samples = np.concatenate([word(20, 9000), np.zeros(RATE // 2, np.int16), word(20, 9000)])
    first, second = levels.segments([samples])
    assert 20 * RATE <= len(first) <= 20.5 * RATE
    assert len(first) + len(second) == len(samples)
