"""Kilobyte ONNX graphs with the inputs and outputs of the real models, for tests: one function a graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
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


def whisper_encoder(layers: int = 2) -> onnx.ModelProto:
    """Frames [1, 80, n] -> keys and values [1, 2, n // 2, 3] for each layer, each the mean of two frames."""
    names = [f"present.{i}.encoder.{kind}" for i in range(layers) for kind in ("key", "value")]
    outputs = ", ".join(f'float[B,2,T,3] "{name}"' for name in names)
    said = "\n".join(f'"{name}" = Expand(column, wide)' for name in names)
    return onnx.parser.parse_model(f"""{_HEADER}
        encoder (float[B,80,N] "encoder/input_features") => ({outputs})
        <int64[4] shape = {{1, 1, -1, 1}}, int64[4] wide = {{1, 2, 1, 3}}> {{
            level = ReduceMean <axes = [1]> ("encoder/input_features")
            means = AveragePool <kernel_shape = [2], strides = [2]> (level)
            column = Reshape(means, shape)
            {said}
        }}""")


def whisper_decoder(
    follows: Sequence[int],
    prompt: Sequence[int],
    suppressed: Sequence[int] = (),
    sure: float = 5,
    silent: float = 0,
) -> onnx.ModelProto:
    """A decoder with 2 layers and 2 heads of size 3 that says `follows[i]` after token i, scored `sure`; second best,
    one less, is the token after that one. As long as the cache holds less than the prompt, it scores 0 for all but
    token 0, which stands for silence: `silent`."""
    size, length = len(follows), len(prompt)
    quiet = ", ".join("0" if column else str(silent) for column in range(size))
    kinds = [f"{i}.{side}.{kind}" for i in range(2) for side in ("decoder", "encoder") for kind in ("key", "value")]
    pasts = ", ".join(f'float[B,2,P,3] "past_key_values.{kind}"' for kind in kinds)
    own = [kind for kind in kinds if "decoder" in kind]
    presents = ", ".join(f'float[B,2,P2,3] "present.{kind}"' for kind in own)
    keeps = "\n".join(f'"present.{kind}" = Concat <axis = 2> ("past_key_values.{kind}", fresh)' for kind in own)
    scores = ", ".join(
        str(sure) if column == after else str(sure - 1) if column == (after + 1) % size else "0"
        for after in follows
        for column in range(size)
    )
    model = onnx.parser.parse_model(f"""{_HEADER}
        decoder (int64[B,t] input_ids, {pasts}) => (float[B,t,{size}] logits, {presents})
        <float[{size},{size}] table = {{{scores}}}, float[{size}] quiet = {{{quiet}}}, float zero = {{0}}, int64[1] read = {{{length - 1}}},
         int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] three = {{3}}> {{
            batch = Shape <start = 0, end = 1> (input_ids)
            fresh_shape = Concat <axis = 0> (batch, two, one, three)
            fresh = Expand(zero, fresh_shape)
            {keeps}
            kept = Shape <start = 2, end = 3> ("past_key_values.0.decoder.key")
            early = Less(kept, read)
            said = Gather(table, input_ids)
            logits = Where(early, quiet, said)
        }}""")
    notes = {"prompt": prompt, "suppressed": suppressed, "silence": (0,)}
    onnx.helper.set_model_props(model, {name: " ".join(map(str, ids)) for name, ids in notes.items()})
    return model


def whisper_exported(heads: int = 2, size: int = 3, words: int = 7) -> dict[str, onnx.ModelProto]:
    """By file name, what the exporter writes of a Whisper checkpoint, with one layer and random weights.

    As its own graphs: positions fixed at 1,500, the audio's keys and values in the branch without a cache, in a shape
    that is taken from the number of tokens' rows.
    """
    width, rng = heads * size, np.random.default_rng(0)
    weights = {
        "conv": (width, 80, 2), "positions": (1500, width), "key": (width, width), "value": (width, width),
        "bias": (width,), "table": (words, width), "out": (width, words),
    }  # fmt: skip
    held = {name: rng.normal(0, 1, shape).astype(np.float32) for name, shape in weights.items()}

    def graph(text: str, *names: str) -> onnx.ModelProto:
        model = onnx.parser.parse_model(f"{_HEADER}\n{text}")
        model.graph.initializer.extend(onnx.numpy_helper.from_array(held[name], name) for name in names)
        return model

    encoder = graph(
        f"""encoder (float[B,80,3000] input_features) => (float[B,1500,{width}] last_hidden_state) {{
            sound = Conv <kernel_shape = [2], strides = [2]> (input_features, conv)
            column = Transpose <perm = [0, 2, 1]> (sound)
            last_hidden_state = Add(column, positions)
        }}""",
        "conv", "positions",
    )  # fmt: skip
    audio = ", ".join(f'float[B,{heads},T,{size}] "present.0.encoder.{kind}"' for kind in ("key", "value"))
    decoder = graph(
        f"""decoder (int64[B,t] input_ids, float[B,T,{width}] encoder_hidden_states) => (float[B,t,{words}] logits, {audio})
        <int64[1] rest = {{-1}}, int64[2] parts = {{{heads}, {size}}}> {{
            rows = Shape <start = 0, end = 1> (input_ids)
            shape = Concat <axis = 0> (rows, rest, parts)
            keys = MatMul(encoder_hidden_states, key)
            key_parts = Reshape(keys, shape)
            "present.0.encoder.key" = Transpose <perm = [0, 2, 1, 3]> (key_parts)
            products = MatMul(encoder_hidden_states, value)
            values = Add(bias, products)
            value_parts = Reshape(values, shape)
            "present.0.encoder.value" = Transpose <perm = [0, 2, 1, 3]> (value_parts)
            read = Gather(table, input_ids)
            logits = MatMul(read, out)
        }}""",
        "key", "value", "bias", "table", "out",
    )  # fmt: skip
    kinds = [f"0.{side}.{kind}" for side in ("decoder", "encoder") for kind in ("key", "value")]
    pasts = ", ".join(f'float[B,{heads},P,{size}] "past_key_values.{kind}"' for kind in kinds)
    presents = ", ".join(f'float[B,{heads},P2,{size}] "present.{kind}"' for kind in kinds[:2])
    cached = graph(
        f"""decoder (int64[B,t] input_ids, {pasts}) => (float[B,t,{words}] logits, {presents})
        <int64[4] shape = {{0, 1, {heads}, {size}}}> {{
            read = Gather(table, input_ids)
            parts = Reshape(read, shape)
            fresh = Transpose <perm = [0, 2, 1, 3]> (parts)
            "present.0.decoder.key" = Concat <axis = 2> ("past_key_values.0.decoder.key", fresh)
            "present.0.decoder.value" = Concat <axis = 2> ("past_key_values.0.decoder.value", fresh)
            logits = MatMul(read, out)
        }}""",
        "table", "out",
    )  # fmt: skip
    return {"encoder_model": encoder, "decoder_model": decoder, "decoder_with_past_model": cached}


def silero() -> onnx.ModelProto:
    """Samples [1, 64 + 512] -> mean level of the context / 2 + of the window / 2, plus 0.001 for each call so far."""
    return onnx.parser.parse_model(f"""{_HEADER}
        vad (float[B,N] input, float[2,B,128] state, int64 sr) => (float[B,1] output, float[2,B,128] stateN)
        <int64[1] axis = {{1}}, int64[1] zero = {{0}}, int64[1] edge = {{64}}, int64[1] end = {{576}}, float half = {{0.5}},
         float tick = {{0.001}}, int64[2] column = {{-1, 1}}> {{
            level = Abs(input)
            context = Slice(level, zero, edge, axis)
            window = Slice(level, edge, end, axis)
            before = ReduceMean <axes = [1]> (context)
            now = ReduceMean <axes = [1]> (window)
            sum = Add(before, now)
            mean = Mul(sum, half)
            calls = ReduceMean <axes = [0, 2]> (state)
            called = Reshape(calls, column)
            output = Add(mean, called)
            stateN = Add(state, tick)
        }}""")


def wake_melspectrogram() -> onnx.ModelProto:
    """Samples [1, n] -> [frames, 1, 1, 32], a frame every 160 samples, of the level / 10 of 640."""
    return onnx.parser.parse_model(f"""{_HEADER}
        mel (float[B,N] input) => (float[T,B,1,32] output)
        <int64[1] middle = {{1}}, float scale = {{0.1}}, int64[3] bins = {{1, 1, 32}}, int64[1] two = {{2}}> {{
            level = Abs(input)
            channel = Unsqueeze(level, middle)
            means = AveragePool <kernel_shape = [640], strides = [160]> (channel)
            frames = Transpose <perm = [2, 0, 1]> (means)
            wide = Expand(frames, bins)
            scaled = Mul(wide, scale)
            output = Unsqueeze(scaled, two)
        }}""")


def wake_embedding() -> onnx.ModelProto:
    """Frames [B, 76, 32, 1] -> [B, 1, 1, 96], all the mean of the last eight frames."""
    return onnx.parser.parse_model(f"""{_HEADER}
        embedding (float[B,76,32,1] input_1) => (float[B,1,1,96] conv2d_19)
        <int64[1] one = {{1}}, int64[1] first = {{68}}, int64[1] end = {{76}}, int64[4] wide = {{1, 1, 1, 96}}> {{
            last = Slice(input_1, first, end, one)
            mean = ReduceMean <axes = [1, 2]> (last)
            conv2d_19 = Expand(mean, wide)
        }}""")


def wake_head(scale: float = 0.001) -> onnx.ModelProto:
    """Embeddings [1, 16, 96] -> [1, 1]: the last one times `scale`, from 0 to 1."""
    return onnx.parser.parse_model(f"""{_HEADER}
        head (float[1,16,96] embeddings) => (float[1,1] score)
        <int64[1] axis = {{1}}, int64[1] first = {{15}}, int64[1] end = {{16}}, float scale = {{{scale}}},
         float low = {{0}}, float high = {{1}}, int64[2] shape = {{1, 1}}> {{
            last = Slice(embeddings, first, end, axis)
            mean = ReduceMean <keepdims = 0> (last)
            scaled = Mul(mean, scale)
            clipped = Clip(scaled, low, high)
            score = Reshape(clipped, shape)
        }}""")
