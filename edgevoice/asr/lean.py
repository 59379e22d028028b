"""Moonshine's decoder without the detours of its exported graph: the same weights and sums in a quarter of the nodes.

The exported one reckons shapes, masks and paddings anew at every step, for longer than it multiplies; this one takes
one token a beam. What was heard is made keys and values of once, and the beams are put in order inside the graph.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edgevoice.asr import ort_file
from edgevoice.asr.graphs import log_softmax, value
from edgevoice.asr.onnx_graph import OnnxGraph, Shape

Floats = NDArray[np.float32]

_DECODER = "/model/decoder"
_EMBEDDED = f"{_DECODER}/embed_tokens/Gather_output_0_quantized"
_LONGEST = 512
"""Tokens that there are positions for."""
_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Sizes:
    layers: int
    heads: int
    size: int
    """Of one head."""

    @property
    def width(self) -> int:
        return self.heads * self.size

    def names(self, of: str) -> list[str]:
        """`past_key0`, `past_value0`, `past_key1`, ..."""
        return [f"{of}_{kind}{i}" for i in range(self.layers) for kind in ("key", "value")]


class LeanDecoder:
    """The two graphs, opened."""

    def __init__(self, heard: ort.InferenceSession, step: ort.InferenceSession, sizes: Sizes) -> None:
        self._heard, self._step, self._sizes = heard, step, sizes
        self.vocabulary = int(step.get_outputs()[0].shape[-1])

    def listen(self, states: ort.OrtValue, start: int) -> Steps:
        """`states`: the encoder's, f32 [1, t, width]; `start`: the token that opens a transcript."""
        names = self._sizes.names("heard")
        keys = self._heard.run_with_ort_values(names, {"states": states})
        empty = value(np.zeros((1, self._sizes.heads, 0, self._sizes.size), np.float32))
        past = dict.fromkeys(self._sizes.names("past"), empty)
        return Steps(self._step, dict(zip(names, keys, strict=True)), past, start)


class Steps:
    """`beam.Decoder` of one piece of audio."""

    silence = 0.0

    def __init__(
        self,
        graph: ort.InferenceSession,
        heard: Mapping[str, ort.OrtValue],
        past: Mapping[str, ort.OrtValue],
        start: int,
    ) -> None:
        self._graph, self._heard, self._past, self._start = graph, heard, past, start
        self._outputs = ["logits", *(name.replace("past", "present") for name in past)]
        self._length = 0
        self._rows: Sequence[int] | None = None

    def begin(self) -> Floats:
        return self.step(np.array([self._start]))

    def step(self, ids: NDArray[np.int64]) -> Floats:
        rows = np.arange(len(ids)) if self._rows is None else np.array(self._rows)
        position = np.array([self._length])
        feed = {"ids": value(ids), "rows": value(rows), "position": value(position), **self._past, **self._heard}
        logits, *presents = self._graph.run_with_ort_values(self._outputs, feed)
        self._past = dict(zip(self._past, presents, strict=True))
        self._length, self._rows = self._length + 1, None
        return log_softmax(logits.numpy())

    def select(self, rows: Sequence[int]) -> None:
        self._rows = rows


def write(exported: Path, folder: Path) -> Sizes:
    """Makes `heard.onnx` and `step.onnx` from the weights of a decoder, a file in onnxruntime's own format.

    Raises OSError, and ValueError or LookupError where the decoder is of another kind.
    """
    decoder = _Decoder(ort_file.read(exported))
    decoder.heard(folder / "heard.onnx")
    decoder.step(folder / "step.onnx")
    return decoder.sizes


class _Decoder:
    def __init__(self, exported: ort_file.OrtFile) -> None:
        self._exported = exported
        layers = sum(name.endswith("self_attn/o_proj/MatMul_output_0") for name in exported.uses)
        _, heads, _, size = exported.weights["present.0.encoder.key"].shape
        self.sizes = Sizes(layers, heads, size)

    def heard(self, file: Path) -> None:
        """`states` f32 [1, t, width] -> the keys and values of all layers, f32 [heads, t, size] each."""
        graph, sizes = OnnxGraph(), self.sizes
        apart = graph.constant(np.array([-1, 2 * sizes.heads, sizes.size]))
        for i in range(sizes.layers):
            made = self._projections(graph, "states", [f"layers.{i}/encoder_attn/{kind}_proj" for kind in "kv"])
            turned = graph.node("Transpose", graph.node("Reshape", made, apart), perm=(1, 0, 2))
            graph.split(turned, 0, 2, [f"heard_key{i}", f"heard_value{i}"])
        graph.write(file, {}, {"states": (1, "time", sizes.width)}, self._heard())

    def step(self, file: Path) -> None:
        """`ids` and `rows` [beams], `position` [1], what was heard and said -> `logits` [beams, vocabulary], what was said.

        What was said are keys and values, f32 [beams, heads, tokens, size] each; beam i goes on from `rows[i]` of them.
        """
        graph, sizes = OnnxGraph(), self.sizes
        table, scale, zero = self._weights(self._quantized(_EMBEDDED))
        found = graph.node("Gather", graph.constant(table), "ids", axis=0)
        now = graph.node("DequantizeLinear", found, graph.constant(scale), graph.constant(zero))
        rotary = self._rotary(graph)
        for i in range(sizes.layers):
            now = self._self_attention(graph, i, now, rotary)
            now = self._cross_attention(graph, i, now)
            now = self._feed_forward(graph, i, now)
        self._product(graph, self._layer_norm(graph, now, "norm"), ["logits"], output="logits")
        past = dict.fromkeys(sizes.names("past"), ("before", sizes.heads, "tokens", sizes.size))
        present = dict.fromkeys(sizes.names("present"), ("beams", sizes.heads, "with", sizes.size))
        graph.write(
            file,
            {"ids": ("beams",), "rows": ("beams",), "position": (1,)},
            {**past, **self._heard()},
            {"logits": ("beams", len(table)), **present},
        )

    def _heard(self) -> dict[str, Shape]:
        return dict.fromkeys(self.sizes.names("heard"), (self.sizes.heads, "time", self.sizes.size))

    def _self_attention(self, graph: OnnxGraph, layer: int, before: str, rotary: tuple[str, str]) -> str:
        """To what was said, with keys and queries turned by their places."""
        sizes = self.sizes
        normal = self._layer_norm(graph, before, f"layers.{layer}/input_layernorm")
        made = self._projections(graph, normal, [f"layers.{layer}/self_attn/{kind}_proj" for kind in "qkv"])
        apart = graph.constant(np.array([-1, sizes.heads, 1, sizes.size]))
        query, *new = (graph.node("Reshape", part, apart) for part in graph.split(made, 1, 3))
        turned = 2 * self._frequencies().size
        query, new[0] = (
            graph.node(
                "RotaryEmbedding",
                one,
                "position",
                *rotary,
                interleaved=1,
                num_heads=sizes.heads,
                rotary_embedding_dim=turned,
            )
            for one in (query, new[0])
        )
        both: list[str] = []
        for kind, one in zip(("key", "value"), new, strict=True):
            past = graph.node("Gather", f"past_{kind}{layer}", "rows", axis=0)
            both.append(graph.node("Concat", past, one, output=f"present_{kind}{layer}", axis=2))
        flat = graph.node("Reshape", self._attention(graph, query, *both), graph.constant(np.array([-1, sizes.width])))
        return graph.node("Add", before, self._projections(graph, flat, [f"layers.{layer}/self_attn/o_proj"]))

    def _cross_attention(self, graph: OnnxGraph, layer: int, before: str) -> str:
        """To what was heard, the same for all beams: one product a head."""
        sizes = self.sizes
        normal = self._layer_norm(graph, before, f"layers.{layer}/post_attention_layernorm")
        query = self._projections(graph, normal, [f"layers.{layer}/encoder_attn/q_proj"])
        apart = graph.node("Reshape", query, graph.constant(np.array([-1, sizes.heads, sizes.size])))
        turned = graph.node("Transpose", apart, perm=(1, 0, 2))
        found = self._attention(graph, turned, f"heard_key{layer}", f"heard_value{layer}")
        flat = graph.node(
            "Reshape",
            graph.node("Transpose", found, perm=(1, 0, 2)),
            graph.constant(np.array([-1, sizes.width])),
        )
        return graph.node("Add", before, self._projections(graph, flat, [f"layers.{layer}/encoder_attn/o_proj"]))

    def _feed_forward(self, graph: OnnxGraph, layer: int, before: str) -> str:
        normal = self._layer_norm(graph, before, f"layers.{layer}/final_layernorm")
        both = self._product(graph, normal, [f"{_DECODER}/layers.{layer}/mlp/fc1/Add_output_0"])
        plain, gate = graph.split(both, 1, 2)
        gated = graph.node("Mul", graph.node("QuickGelu", gate, alpha=1.0), plain)
        return graph.node(
            "Add", before, self._product(graph, gated, [f"{_DECODER}/layers.{layer}/mlp/fc2/Add_output_0"])
        )

    def _attention(self, graph: OnnxGraph, query: str, keys: str, values: str) -> str:
        alike = graph.node("FusedMatMul", query, keys, transB=1, alpha=1 / math.sqrt(self.sizes.size))
        return graph.node("MatMul", graph.node("Softmax", alike, axis=-1), values)

    def _layer_norm(self, graph: OnnxGraph, before: str, name: str) -> str:
        weight = self._exported.weights[self._exported.uses[f"{_DECODER}/{name}/LayerNormalization_output_0"][1]]
        return graph.node("LayerNormalization", before, graph.constant(weight), axis=-1, epsilon=_EPSILON)

    def _projections(self, graph: OnnxGraph, before: str, parts: Sequence[str]) -> str:
        return self._product(graph, before, [f"{_DECODER}/{part}/MatMul_output_0" for part in parts])

    def _product(self, graph: OnnxGraph, before: str, made: Sequence[str], output: str = "") -> str:
        """The products with the weights that the exported graph makes these values with, side by side."""
        matrices, scales, zeros = zip(*(self._weights(self._quantized(one)) for one in made), strict=True)
        if len(made) > 1:  # of each column, as each matrix has its own
            scales, zeros = (
                tuple(np.broadcast_to(one, matrix.shape[1]) for one, matrix in zip(of, matrices, strict=True))
                for of in (scales, zeros)
            )
        parts = [np.concatenate(matrices, axis=1) if len(made) > 1 else matrices[0]]
        parts += [np.concatenate(of) if len(made) > 1 else of[0] for of in (scales, zeros)]
        parts += [self._exported.weights[name] for name in self._exported.uses[made[0]] if ".bias" in name]
        return graph.node("DynamicQuantizeMatMul", before, *map(graph.constant, parts), output=output)

    def _quantized(self, made: str) -> str:
        """The name of the weights that the exported graph makes a value with."""
        used = (name.removesuffix("_quantized") for name in self._exported.uses[made] if name.endswith("_quantized"))
        found, *_ = (name for name in used if f"{name}_zero_point" in self._exported.weights)
        return found

    def _weights(self, name: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """(weights, their scale, their zero point)."""
        matrix, scale, zero = (self._exported.weights[f"{name}_{of}"] for of in ("quantized", "scale", "zero_point"))
        return matrix, scale, zero

    def _frequencies(self) -> Floats:
        """Of the turning of keys by their places, [n]."""
        name = self._exported.uses[f"{_DECODER}/rotary_emb/Expand_output_0"][0]
        found: Floats = self._exported.weights[name].reshape(-1)
        return found

    def _rotary(self, graph: OnnxGraph) -> tuple[str, str]:
        angles = np.arange(_LONGEST, dtype=np.float32)[:, None] * self._frequencies()
        return graph.constant(np.cos(angles)), graph.constant(np.sin(angles))
