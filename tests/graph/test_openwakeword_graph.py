"""The openWakeWord engine over tiny graphs: steps, warm-up, several words, and what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import make_test_graphs
from edgevoice.config import WakeSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, SettingsError
from edgevoice.messages import RATE, AudioChunk, Samples
from edgevoice.wake import openwakeword

STEP = 1280


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    onnx.save(make_test_graphs.wake_melspectrogram(), tmp_path / "melspectrogram.onnx")
    onnx.save(make_test_graphs.wake_embedding(), tmp_path / "embedding_model.onnx")
    onnx.save(make_test_graphs.wake_head(0.01), tmp_path / "alexa_v0.1.onnx")
    onnx.save(make_test_graphs.wake_head(0.001), tmp_path / "my_own_word.onnx")
    return tmp_path


def engine(folder: Path, *words: str, **settings: float) -> openwakeword.OpenWakeWord:
    return openwakeword.load(WakeSettings(engine="openwakeword", model="openwakeword", words=words, **settings), folder)


def sound(*levels: int) -> Samples:
    """One step of a constant for each level."""
    return np.repeat(np.array(levels, np.int16), STEP)


def test_the_score_follows_the_sound_once_warm(folder: Path) -> None:
    scores = engine(folder, "my_own_word").scores(AudioChunk(sound(*[5000] * 5, 0, 0, 5000, 5000), RATE, 320))
    assert [at for _, _, at in scores] == [320 + STEP * (i + 1) for i in range(9)]
    values = [score for _, score, _ in scores]
    assert values[:5] == [0.0] * 5  # five steps of warm-up
    assert values[6] < values[7] < values[8]
    assert values[8] == pytest.approx((5000 / 10 / 10 + 2) * 0.001, rel=1e-4)  # the graphs' scales and the front end's


@pytest.mark.parametrize("size", [1, 160, 512, 1279, 4000])
def test_scores_do_not_depend_on_how_the_stream_is_cut(folder: Path, size: int) -> None:
    samples = np.random.default_rng(2).integers(-9000, 9000, STEP * 9 + 700).astype(np.int16)
    wake = engine(folder, "alexa", "my_own_word")
    whole = wake.scores(AudioChunk(samples, RATE, 0))
    wake.reset()
    cut = [
        score for i in range(0, len(samples), size) for score in wake.scores(AudioChunk(samples[i : i + size], RATE, i))
    ]
    assert [(word, at) for word, _, at in cut] == [(word, at) for word, _, at in whole]
    assert [score for _, score, _ in cut] == pytest.approx([score for _, score, _ in whole], abs=1e-6)


def test_each_word_fires_by_itself_and_rests_after(folder: Path) -> None:
    wake = engine(folder, "alexa", "my_own_word", threshold=0.5, patience=1, refractory_seconds=0.4)
    heard = wake.feed(AudioChunk(sound(*[0] * 6, *[9000] * 12), RATE, 0))
    assert {event.word for event in heard} == {"alexa"}  # the other head stays at a tenth
    first, second, *_ = (event.at for event in heard)
    assert first == STEP * 7
    assert second - first == STEP * 5  # 0.4 s are five steps
    assert all(event.word_end is not None and event.word_end > event.at for event in heard)


def test_patience_asks_for_steps_in_a_row(folder: Path) -> None:
    wake = engine(folder, "alexa", threshold=0.7, patience=3)
    assert wake.feed(AudioChunk(sound(*[0] * 6, 9000, 9000, 0, 0, 0), RATE, 0)) == []
    wake.reset()
    (event,) = wake.feed(AudioChunk(sound(*[0] * 6, 9000, 9000, 9000, 9000), RATE, 0))
    assert event.at == STEP * 9
    assert event.word_end is not None
    assert event.word_end < event.at


def test_what_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"no wake word 'alexia'.*Did you mean 'alexa'"):
        engine(folder, "alexia")
    with pytest.raises(SettingsError, match=r"wake\.model"):
        openwakeword.load(WakeSettings(engine="openwakeword"), None)
    (folder / "alexa_v0.1.onnx").write_bytes(b"")
    with pytest.raises(ModelCorrupt, match=r"alexa_v0\.1"):
        engine(folder, "alexa")
    (folder / "embedding_model.onnx").unlink()
    with pytest.raises(ModelMissing, match=r"embedding_model.*edgevoice models pull openwakeword"):
        engine(folder, "my_own_word")
