"""The Silero engine over a tiny graph: windows, context, state, the gate, and files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import make_test_graphs
from edgevoice.config import VadSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, SettingsError
from edgevoice.messages import RATE, AudioChunk, Samples
from edgevoice.vad import silero


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    onnx.save(make_test_graphs.silero(), tmp_path / "silero_vad_16k_op15.onnx")
    return tmp_path


def probabilities(vad: silero.Silero, samples: Samples, size: int = 512, start: int = 0) -> list[tuple[int, float]]:
    return [
        (window.end, round(window.probability, 4))
        for i in range(0, len(samples), size)
        for window in vad.feed(AudioChunk(samples[i : i + size], RATE, start + i))
    ]


def test_a_window_sees_the_end_of_the_one_before_and_the_state_is_carried(folder: Path) -> None:
    vad = silero.load(VadSettings(pre_gate=False), folder)
    loud = np.full(512, 16384, np.int16)
    samples = np.concatenate((loud, np.zeros(512, np.int16), np.zeros(512, np.int16)))
    assert probabilities(vad, samples, start=100) == [(612, 0.25), (1124, 0.251), (1636, 0.002)]


@pytest.mark.parametrize("size", [1, 160, 511, 1280, 5000])
def test_windows_do_not_depend_on_how_the_stream_is_cut(folder: Path, size: int) -> None:
    noise = np.random.default_rng(1).integers(-9000, 9000, 5000).astype(np.int16)
    vad = silero.load(VadSettings(pre_gate=False), folder)
    whole = probabilities(vad, noise, 5000)
    vad.reset()
    assert probabilities(vad, noise, size) == whole
    assert [end for end, _ in whole] == [512 * (i + 1) for i in range(9)]


def test_the_gate_answers_for_long_silence_and_lets_sound_through(folder: Path) -> None:
    vad = silero.load(VadSettings(), folder)
    buzz = (8000 * np.sign(np.sin(np.arange(512 * 8) * 2 * np.pi * 150 / RATE))).astype(np.int16)
    heard = [p for _, p in probabilities(vad, np.concatenate((np.zeros(512 * 40, np.int16), buzz)))]
    assert heard[-29:-8] == [0.0] * 21
    assert all(p > 0.1 for p in heard[-8:])
    # The network saw the first windows, then one before the sound, then the sound: its state counts the calls.
    assert heard[-1] < 0.001 * 30 + 8000 / 32768


def test_a_missing_or_broken_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="edgevoice models pull silero-vad"):
        silero.load(VadSettings(), tmp_path)
    (tmp_path / "vad.onnx").write_bytes(b"not a graph")
    with pytest.raises(ModelCorrupt, match=r"vad\.onnx"):
        silero.load(VadSettings(), tmp_path)
    with pytest.raises(SettingsError, match="silero-vad"):
        silero.load(VadSettings(), None)
