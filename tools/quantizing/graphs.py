"""The exporter's graphs as the `whisper` engine runs them: two without branches, for audio of any length.

encoder_model.onnx   features [1, bins, frames] -> keys and values of the audio for each layer of the decoder
decoder_model.onnx   one token a row, the cache, the audio's keys and values -> logits, the grown cache
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper
from onnx.utils import Extractor

_STATES = "encoder_hidden_states"


NAMES = ("encoder_model.onnx", "decoder_model.onnx")


def export(checkpoint: Path, target: Path) -> None:
    """Has optimum write its three graphs of a transformers checkpoint into `target`."""
    from optimum.exporters.onnx import main_export

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer, about shapes that `rebuild` makes free
        main_export(
            str(checkpoint), str(target), task="automatic-speech-recognition-with-past", no_post_process=True,
            do_validation=False,
        )  # fmt: skip


def rebuild(exported: Path, target: Path, notes: Mapping[str, Sequence[int]]) -> None:
    """Reads what optimum exported and writes both graphs into `target`.

    `notes` are token ids, kept in the decoder's metadata: the `prompt`, what is `suppressed`, and what tells `silence`.
    """
    whole = onnx.load(exported / "decoder_model.onnx")
    sound = compose.add_prefix(_any_length(onnx.load(exported / "encoder_model.onnx")), "encoder/")
    encoder = compose.merge_models(sound, _cross(whole), [("encoder/last_hidden_state", _STATES)])
    onnx.save(_plain(encoder), target / "encoder_model.onnx")
    decoder = _plain(onnx.load(exported / "decoder_with_past_model.onnx"))
    helper.set_model_props(decoder, {name: " ".join(map(str, ids)) for name, ids in notes.items()})
    onnx.save(decoder, target / "decoder_model.onnx")


def _cross(decoder: onnx.ModelProto) -> onnx.ModelProto:
    """The part of the decoder that looks at the audio alone, and so need not run again for each token."""
    outputs = [output for output in decoder.graph.output if ".encoder." in output.name]
    names = [output.name for output in outputs]
    _, heads, _, size = (dimension.dim_value for dimension in outputs[0].type.tensor_type.shape.dim)
    decoder.graph.initializer.append(helper.make_tensor("heads", TensorProto.INT64, [4], [0, 0, heads, size]))
    producers = {output: node for node in decoder.graph.node for output in node.output}
    for name in names:
        node = producers[name]
        while node.op_type != "Reshape":
            node = producers[node.input[0]]
        node.input[1] = "heads"  # the exporter takes the number of rows from the tokens
    return Extractor(decoder).extract_model([_STATES], names)


def _any_length(encoder: onnx.ModelProto) -> onnx.ModelProto:
    """Cuts the table of positions to the length of the audio: the exporter fixes it at 30 s."""
    graph = encoder.graph
    tables = {table.name: table.dims[0] for table in graph.initializer if len(table.dims) == 2}
    at, node = next((i, n) for i, n in enumerate(graph.node) if n.op_type == "Add" and set(n.input) & tables.keys())
    table = next(name for name in node.input if name in tables)
    (sound,) = (name for name in node.input if name != table)
    graph.initializer.append(helper.make_tensor("positions/begin", TensorProto.INT64, [1], [0]))
    for new in (
        helper.make_node("Slice", [table, "positions/begin", "positions/length"], ["positions/cut"]),
        helper.make_node("Shape", [sound], ["positions/length"], start=1, end=2),
    ):
        graph.node.insert(at, new)
    node.input[list(node.input).index(table)] = "positions/cut"
    graph.input[0].type.tensor_type.shape.dim[2].dim_param = "frames"
    graph.output[0].type.tensor_type.shape.dim[1].dim_param = "encoder_sequence_length"
    return encoder


def _plain(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without notes on the machine that made it: the same weights are the same bytes."""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del model.graph.value_info[:], model.metadata_props[:]
    model.producer_name, model.producer_version, model.graph.doc_string = "", "", ""
    model.graph.name = "whisper"
    version = max(known.version for known in model.opset_import)
    del model.opset_import[:]  # merging leaves one set under two names
    model.opset_import.append(helper.make_opsetid("", version))
    onnx.checker.check_model(model)
    return model


def bins(folder: Path) -> int:
    """Mel bins that the encoder takes."""
    (sound,) = onnx.load(folder / NAMES[0]).graph.input
    return int(sound.type.tensor_type.shape.dim[1].dim_value)


def quantise(source: Path, target: Path, features: Iterator[NDArray[np.float32]] | None = None) -> None:
    """Makes the weights of all matrix products and of the token table int8, per channel; activations as they come.

    Weights are unsigned: products of u8 and s8 overflow on x86 processors without VNNI. With `features`, log-mel [bins,
    frames], the encoder's convolutions are static, in the ranges that these give them. The matrix products never are:
    fixed ranges cost the encoder a third more word errors.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    encoder = source / NAMES[0]
    if features is not None:
        encoder = _static(encoder, target / "static.onnx", features)
    for path, name in zip((encoder, source / NAMES[1]), NAMES, strict=True):
        quantize_dynamic(
            path, target / name, op_types_to_quantize=["MatMul", "Gather"], per_channel=True,
            weight_type=QuantType.QUInt8,
        )  # fmt: skip
    if features is not None:
        encoder.unlink()


def _static(encoder: Path, target: Path, features: Iterator[NDArray[np.float32]]) -> Path:
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

    (name,) = (one.name for one in onnx.load(encoder).graph.input)

    class Features(CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            one = next(features, None)
            return None if one is None else {name: one[None]}

    quantize_static(
        encoder, target, Features(), op_types_to_quantize=["Conv"], per_channel=True, weight_type=QuantType.QInt8
    )
    return target
