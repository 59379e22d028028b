"""Kilobyte ONNX graphs with the inputs and outputs of the real models, for tests: one function a graph."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
import onnx.parser

_HEADER = '<ir_version: 8, opset_import: ["": 17]>'


def moonshine_encoder(masked: bool = True) -> onnx.ModelProto:
    """Samples [B, n] -> states [B, n // 384, 4], each the mean of its samples. `masked` adds the mask input."""
    mask = ", int64[B,N] attention_mask" if masked else ""
    return onnx.parser.parse_model(f"""{_HEADER}
        encoder (float[B,N] input_values{mask}) => (float[B,T,4] last_hidden_state)
        <int64[1] middle = {{1}}, int64[3] width = {{1, 1, 4}}> {{
            channel = Unsqueeze(input_values, middle)
            means = AveragePool <kernel_shape = [384], strides = [384]> (channel)
            column = Transpose <perm = [0, 2, 1]> (means)
            last_hidden_state = Expand(column, width)
        }}""")


def moonshine_decoder(follows: Sequence[int], masked: bool = True, layers: int = 2) -> onnx.ModelProto:
    """A decoder with 2 heads of size 3 that says `follows[i]` after token i.

    It wants what Moonshine's wants: the key-value caches of both sides, one entry more a token; where
    `use_cache_branch` is set and the cache of the audio is empty, it says token 0.
    """
    mask = ", int64[B,N] encoder_attention_mask" if masked else ""
    sides = [
        f"{i}.{side}.{kind}" for i in range(layers) for side in ("decoder", "encoder") for kind in ("key", "value")
    ]
    pasts = ", ".join(f'float[B,2,P,3] "past_key_values.{side}"' for side in sides)
    presents = ", ".join(f'float[B,2,P2,3] "present.{side}"' for side in sides)
    keeps = "\n".join(
        f'"present.{side}" = Concat <axis = 2> ("past_key_values.{side}", {"fresh" if "decoder" in side else "audio"})'
        for side in sides
    )
    size = len(follows)
    scores = ", ".join("5" if column == after else "0" for after in follows for column in range(size))
    lost = ", ".join("9" if column == 0 else "0" for column in range(size))
    return onnx.parser.parse_model(f"""{_HEADER}
        decoder (int64[B,t] input_ids, float[B,T,4] encoder_hidden_states{mask}, bool[1] use_cache_branch, {pasts})
            => (float[B,t,{size}] logits, {presents})
        <float[{size},{size}] table = {{{scores}}}, float[{size}] lost = {{{lost}}}, float[1] zero = {{0}},
         int64[1] one = {{1}}, int64[1] none = {{0}}, int64[1] two = {{2}}, int64[1] three = {{3}}> {{
            batch = Shape <start = 0, end = 1> (input_ids)
            length = Shape <start = 1, end = 2> (input_ids)
            frames = Shape <start = 1, end = 2> (encoder_hidden_states)
            heard = Where(use_cache_branch, none, frames)
            fresh_shape = Concat <axis = 0> (batch, two, length, three)
            audio_shape = Concat <axis = 0> (batch, two, heard, three)
            fresh = Expand(zero, fresh_shape)
            audio = Expand(zero, audio_shape)
            {keeps}
            kept = Shape <start = 2, end = 3> ("past_key_values.0.encoder.key")
            empty = Equal(kept, none)
            deaf = And(use_cache_branch, empty)
            said = Gather(table, input_ids)
            logits = Where(deaf, lost, said)
        }}""")
