"""The openWakeWord engine over tiny graphs: steps, warm-up, several words, and what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

import make_test_graphs
from edgevoice.config import WakeSettings, WakeWord
from edgevoice.errors import ModelCorrupt, ModelMissing, SettingsError
from edgevoice.messages import RATE, AudioChunk, Samples
from edgevoice.wake import openwakeword

STEP = 1280


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "openwakeword"
    made.mkdir()
    onnx.save(make_test_graphs.wake_melspectrogram(), made / "melspectrogram.onnx")
    onnx.save(make_test_graphs.wake_embedding(), made / "embedding_model.onnx")
    onnx.save(make_test_graphs.wake_head(0.01), made / "alexa_v0.1.onnx")
    onnx.save(make_test_graphs.wake_head(0.001), made / "my_own_word.onnx")
    return made


def engine(folder: Path, *words: str | WakeWord, check: bool = False, **settings: float) -> openwakeword.OpenWakeWord:
    return openwakeword.load(WakeSettings(engine="openwakeword", words=words, check=check, **settings), folder)


def trained(frames: int, scale: float, middle: float, threshold: float = 0.6) -> dict[str, NDArray[np.float32]]:
    """A head of one neuron: the mean of its window, and half as likely as not where that is `middle`."""
    return {
        "hidden": np.full((frames * 96, 1), 1 / (frames * 96), np.float16),
        "hidden_bias": np.zeros(1, np.float16),
        "output": np.array([scale], np.float32),
        "output_bias": np.float32(-scale * middle),
        "threshold": np.float32(threshold),
    }


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


def test_each_word_fires_by_itself_once_until_it_was_quiet(folder: Path) -> None:
    wake = engine(folder, "alexa", "my_own_word", threshold=0.5, patience=1)
    heard = wake.feed(AudioChunk(sound(*[0] * 6, *[9000] * 5, *[0] * 3, *[9000] * 4), RATE, 0))
    assert {event.word for event in heard} == {"alexa"}  # the other head stays at a tenth
    assert [event.at for event in heard] == [STEP * 7, STEP * 15]
    assert all(event.word_end is not None and event.word_end > event.at for event in heard)


def test_what_is_looked_at_again_fires_past_its_peak_too(folder: Path) -> None:
    wake = engine(folder, "alexa", threshold=0.99, patience=1, check=True)
    stream = AudioChunk(sound(*[0] * 6, 6000, 0, 0), RATE, 0)
    peak, at = max((score, at) for _, score, at in wake.scores(stream))
    assert 0.3 < peak < 0.99
    wake.reset()
    assert [(event.score, event.at) for event in wake.feed(stream) if not event.is_early] == [(peak, at + STEP)]


def test_a_trained_head_looks_at_its_own_window_and_has_its_own_threshold(folder: Path) -> None:
    np.savez_compressed(folder / "hey_aurora.npz", **trained(3, 1.0, 30.0))
    wake = engine(folder, "hey_aurora")
    stream = AudioChunk(sound(*[0] * 6, *[5000] * 4), RATE, 0)
    values = [score for _, score, _ in wake.scores(stream)]
    assert values[5] < 0.01
    assert values[8:] == pytest.approx([1.0, 1.0], abs=0.01)  # its three steps are loud
    wake.reset()
    assert [event.word for event in wake.feed(stream)] == ["hey_aurora"]
    np.savez_compressed(folder / "hey_aurora.npz", **trained(3, 0.001, 30.0))  # about a half for anything
    assert engine(folder, "hey_aurora").feed(stream) == []
    own = WakeWord("hey_aurora", threshold=0.4)
    assert [event.word for event in engine(folder, own).feed(stream)] == ["hey_aurora"]


def test_stop_comes_with_the_package(folder: Path) -> None:
    assert engine(folder, "stop").words == ("stop",)


@pytest.mark.parametrize("broken", [b"", b"PK\x03\x04 and no more", None])
def test_a_trained_head_that_cannot_be_read_is_named(folder: Path, broken: bytes | None) -> None:
    path = folder / "hey_aurora.npz"
    if broken is None:
        np.savez_compressed(path, **{**trained(3, 1.0, 30.0), "hidden": np.ones((100, 1), np.float16)})
    else:
        path.write_bytes(broken)
    with pytest.raises(ModelCorrupt, match=r"hey_aurora\.npz cannot be loaded"):
        engine(folder, "hey_aurora")


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
