"""tools/quantize.py on graphs of the exporter's shape: rebuilt for any length, then int8, and run by the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import pytest

import make_test_graphs
from edgevoice.asr import mel, whisper
from edgevoice.asr.graphs import session
from edgevoice.config import AsrSettings
from edgevoice.messages import RATE
from quantizing import graphs

NOTES = {"prompt": (5, 6), "suppressed": (3,), "silence": (4,)}


@pytest.fixture
def rebuilt(tmp_path: Path) -> Path:
    exported, target = tmp_path / "exported", tmp_path / "float"
    exported.mkdir()
    target.mkdir()
    for name, model in make_test_graphs.whisper_exported().items():
        onnx.save(model, exported / f"{name}.onnx")
    graphs.rebuild(exported, target, NOTES)
    return target


def model(folder: Path) -> whisper.Whisper:
    settings = AsrSettings(engine="whisper")
    return whisper.Whisper(*(session(folder, stem, settings, ()) for stem in ("encoder_model", "decoder_model")))


@pytest.mark.parametrize("seconds", [2, 20])
def test_the_audio_is_heard_once_at_its_own_length(rebuilt: Path, seconds: int) -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, seconds * RATE).astype(np.float32)
    heard = model(rebuilt).encode(samples).encoder["past_key_values.0.encoder.value"].numpy()
    held = {
        one.name: onnx.numpy_helper.to_array(one)
        for graph in make_test_graphs.whisper_exported().values()
        for one in graph.graph.initializer
    }
    length = max(15, seconds + 1) * RATE
    frames = mel.log_mel(np.pad(samples, (0, length - len(samples))), 80)
    sound = np.einsum("wbk,btk->tw", held["conv"], frames.reshape(80, -1, 2))
    states = sound + held["positions"][: len(sound)]
    values = (states @ held["value"] + held["bias"]).reshape(-1, 2, 3).transpose(1, 0, 2)
    assert heard.shape == (1, 2, length // mel.HOP // 2, 3)
    assert np.abs(heard[0] - values).max() < 1e-3


def test_the_notes_of_the_decoder_are_obeyed(rebuilt: Path) -> None:
    rows = model(rebuilt).listen(np.ones(RATE, np.float32))
    scores = rows.begin()
    assert scores.shape == (1, 7)
    assert np.isneginf(scores).nonzero()[1].tolist() == [3]
    assert np.exp(scores).sum() == pytest.approx(1, abs=1e-5)


def test_the_same_weights_are_the_same_bytes(rebuilt: Path, tmp_path: Path) -> None:
    before = [(rebuilt / name).read_bytes() for name in graphs.NAMES]
    graphs.rebuild(tmp_path / "exported", rebuilt, NOTES)
    assert [(rebuilt / name).read_bytes() for name in graphs.NAMES] == before


@pytest.mark.parametrize("static", [False, True])
def test_int8_hears_nearly_the_same(rebuilt: Path, tmp_path: Path, static: bool) -> None:
    (target := tmp_path / "int8").mkdir()
    rng = np.random.default_rng(2)
    ranges = (rng.normal(0, 0.5, (80, 400)).astype(np.float32) for _ in range(4)) if static else None
    graphs.quantise(rebuilt, target, ranges)
    assert sorted(path.name for path in target.iterdir()) == sorted(graphs.NAMES)
    kinds = {node.op_type for node in onnx.load(target / graphs.NAMES[0]).graph.node}
    assert ("DequantizeLinear" in kinds) is static
    assert "MatMulInteger" in kinds
    samples = rng.normal(0, 0.1, RATE).astype(np.float32)
    whole, small = (model(folder).encode(samples).encoder for folder in (rebuilt, target))
    for name in whole:
        exact, near = whole[name].numpy(), small[name].numpy()
        assert np.abs(exact - near).max() < 0.05 * np.abs(exact).max()
    scores = [model(folder).listen(samples).begin() for folder in (rebuilt, target)]
    assert scores[0].argmax() == scores[1].argmax()
    assert graphs.bins(target) == 80
