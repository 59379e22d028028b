"""Graphs that are written and files that are read without `onnx` and `flatbuffers`, beside onnxruntime itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

import make_test_graphs
from edgevoice.asr import lean, ort_file
from edgevoice.asr.onnx_graph import OnnxGraph

TABLE = np.arange(600, dtype=np.float32).reshape(200, 3)


def test_a_written_graph_is_one_that_onnxruntime_runs(tmp_path: Path) -> None:
    graph = OnnxGraph()
    row = graph.node("Gather", graph.constant(TABLE), "ids", axis=0)
    turned = graph.node("Transpose", row, perm=(1, 0))
    first, rest = graph.split(graph.node("Concat", turned, turned, axis=0), 0, 2)
    scaled = graph.node("FusedMatMul", first, rest, transA=1, alpha=-0.5)
    graph.node("Add", scaled, "more", output="sum")
    graph.write(tmp_path / "a.onnx", {"ids": ("n",)}, {"more": (1,)}, {"sum": ("n", "n")})
    onnx.checker.check_model(str(tmp_path / "a.onnx"))
    session = ort.InferenceSession(str(tmp_path / "a.onnx"), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"ids": np.array([199, 1]), "more": np.array([7], np.float32)})
    chosen = TABLE[[199, 1]]
    assert found == pytest.approx(-0.5 * chosen @ chosen.T + 7)


def as_ort(model: onnx.ModelProto, path: Path) -> Path:
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(path)
    options.add_session_config_entry("session.save_model_format", "ORT")
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return path


def test_weights_and_their_uses_are_read_from_onnxruntimes_own_files(tmp_path: Path) -> None:
    model = make_test_graphs.moonshine_decoder([3, 1, 2, 0])
    found = ort_file.read(as_ort(model, tmp_path / "decoder.ort"))
    table = next(one for one in model.graph.initializer if one.name == "table")
    assert found.weights["table"] == pytest.approx(onnx.numpy_helper.to_array(table))
    assert found.uses["said"] == ("table", "input_ids")


def test_a_decoder_of_another_kind_cannot_be_made_lean(tmp_path: Path) -> None:
    path = as_ort(make_test_graphs.moonshine_decoder([3, 1, 2, 0]), tmp_path / "decoder.ort")
    with pytest.raises(LookupError):
        lean.write(path, tmp_path)
    path.write_bytes(b"no graph at all")
    with pytest.raises(ValueError, match="format"):
        lean.write(path, tmp_path)
