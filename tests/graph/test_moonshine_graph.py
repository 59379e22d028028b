"""The Moonshine engine over tiny graphs: caches, masks, cutting, loops, silence, and files that cannot be read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import make_test_graphs
from edgevoice.asr import graphs, levels, moonshine
from edgevoice.config import AsrSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, StageError
from edgevoice.messages import RATE, AudioChunk, Samples
from edgevoice.phrases import Arc, Phrases

VOCABULARY = [b"<unk>", b"<s>", b"</s>", "▁turn".encode(), "▁it".encode(), "▁off".encode(), b".", "▁no".encode()]
SENTENCE = [7, 3, 2, 4, 5, 6, 2, 7]  # <s> turn it off . </s>; a decoder that lost its caches says <unk>
LOOP = [7, 3, 2, 4, 3, 6, 2, 7]  # <s> turn it turn it turn it ...


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def make(follows: list[int] = SENTENCE, masked: bool = True, layers: int = 2) -> Path:
        onnx.save(make_test_graphs.moonshine_encoder(masked), tmp_path / "encoder_model.onnx")
        onnx.save(make_test_graphs.moonshine_decoder(follows, masked, layers), tmp_path / "decoder_model_merged.onnx")
        (tmp_path / "tokenizer.bin").write_bytes(b"".join(bytes([len(piece)]) + piece for piece in VOCABULARY))
        return tmp_path

    return make


def voice(seconds: float, pauses: tuple[float, ...] = ()) -> Samples:
    """A hum that rises and falls three times a second, with a half second of silence at each of `pauses`."""
    at = np.arange(round(seconds * RATE))
    samples = (8000 * np.sin(at / 8) * (1.2 - np.cos(2 * np.pi * 3 * at / RATE)) / 2.2).astype(np.int16)
    for at in pauses:
        samples[round(at * RATE) : round((at + 0.5) * RATE)] = 0
    return samples


def hear(asr: moonshine.MoonshineAsr, samples: Samples, chunk: int = 1600) -> list[tuple[str, bool]]:
    chunks = [AudioChunk(samples[i : i + chunk], RATE, i) for i in range(0, len(samples), chunk)]
    return [(transcript.text, transcript.final) for transcript in asr.transcribe(chunks)]


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("layers", [1, 3])
def test_says_the_sentence_with_either_kind_of_graph(folder: Callable[..., Path], masked: bool, layers: int) -> None:
    asr = moonshine.load(AsrSettings(), folder(masked=masked, layers=layers))
    assert hear(asr, voice(2)) == [("turn it off.", True)]


def test_speech_is_never_nothing(folder: Callable[..., Path]) -> None:
    ends_at_once = [3, 2, 2, 4, 5, 6, 2, 7]  # <s> </s>; second best to </s> is <unk>, and then: turn it off .
    asr = moonshine.load(AsrSettings(), folder(ends_at_once))
    (transcript,) = asr.transcribe([AudioChunk(voice(1), RATE, 0)])
    assert transcript.text == "turn it off."
    assert transcript.confidence < 0.1


def test_the_final_transcript_has_its_best_hypothesis_and_confidence(folder: Callable[..., Path]) -> None:
    asr = moonshine.load(AsrSettings(), folder())
    (transcript,) = asr.transcribe([AudioChunk(voice(2), RATE, 0)])
    assert [best.text for best in transcript.alternatives] == ["turn it off."]
    # Each token of the graph scores 5 above the seven others.
    assert transcript.alternatives[0].score == pytest.approx(-5 * np.log(1 + 7 * np.exp(-5)), abs=1e-4)
    assert 0.9 < transcript.confidence <= 1


def exported(path: Path) -> tuple[moonshine.Encoder, moonshine.Moonshine]:
    opened = [graphs.session(path, stem, AsrSettings(), []) for stem in ("encoder_model", "decoder_model_merged")]
    encoder = moonshine.Encoder(opened[0])
    return encoder, moonshine.Moonshine(encoder, opened[1])


def test_a_step_takes_several_beams_and_grows_the_cache(folder: Callable[..., Path]) -> None:
    encoder, model = exported(folder())
    encoded = encoder.encode(np.zeros(RATE, np.float32))
    scores, cache = model.step(np.array([[1], [3]]), encoded, model.start())
    assert scores.argmax(axis=1).tolist() == [SENTENCE[1], SENTENCE[3]]
    assert np.exp(scores).sum(axis=1) == pytest.approx([1, 1], abs=1e-4)
    assert {tuple(value.shape()) for value in cache.encoder.values()} == {(2, 2, RATE // 384, 3)}
    scores, cache = model.step(np.array([[4], [5]]), encoded, cache)
    assert scores.argmax(axis=1).tolist() == [SENTENCE[4], SENTENCE[5]]
    assert (cache.length, {value.shape()[2] for value in cache.decoder.values()}) == (2, {2})


def test_a_cache_is_reordered_by_row(folder: Callable[..., Path]) -> None:
    encoder, model = exported(folder())
    encoded = encoder.encode(np.zeros(RATE, np.float32))
    _, cache = model.step(np.array([[1]]), encoded, model.start())
    wide = cache.select([0, 0, 0])
    assert {tuple(value.shape()) for value in wide.decoder.values()} == {(3, 2, 1, 3)}
    assert {tuple(value.shape()) for value in wide.encoder.values()} == {(1, 2, RATE // 384, 3)}
    scores, _ = model.step(np.array([[3], [4], [5]]), encoded, wide)
    assert scores.argmax(axis=1).tolist() == [SENTENCE[3], SENTENCE[4], SENTENCE[5]]


LETTERS = [bytes([letter]) for letter in b"turnofi"] + ["▁".encode()]
ONLY_IT = Phrases((Arc(0, "it", 1),), frozenset({1}))


@pytest.mark.parametrize(("closed", "text"), [(False, "turn it off."), (True, "it")])
def test_a_closed_language_is_all_that_is_heard(folder: Callable[..., Path], closed: bool, text: str) -> None:
    path = folder(SENTENCE + [2] * len(LETTERS))
    (path / "tokenizer.bin").write_bytes(b"".join(bytes([len(one)]) + one for one in VOCABULARY + LETTERS))
    asr = moonshine.load(AsrSettings(), path)
    asr.bias(replace(ONLY_IT, closed=closed))
    assert hear(asr, voice(2)) == [(text, True)]
    asr.bias(None)
    assert hear(asr, voice(2)) == [("turn it off.", True)]


STEADY_NOISE = np.random.default_rng(0).normal(0, 3000, RATE).astype(np.int16)


@pytest.mark.parametrize("samples", [voice(0), np.zeros(RATE, np.int16), voice(1) // 2000, STEADY_NOISE])
def test_silence_and_steady_noise_are_an_empty_transcript(folder: Callable[..., Path], samples: Samples) -> None:
    assert hear(moonshine.load(AsrSettings(), folder()), samples) == [("", True)]


def test_where_one_model_hears_nothing_the_other_is_asked(folder: Callable[..., Path]) -> None:
    pieces = [b"<unk>", b"<s>", b"</s>", b"\xe2\x99\xaa", "▁it".encode(), b"-", b"-", b"-"]
    first, second = [7, 3, 2, 2, 2, 2, 2, 2], [7, 4, 2, 2, 2, 2, 2, 2]  # together they say the note, too
    path = folder(first)
    (path / "tokenizer.bin").write_bytes(b"".join(bytes([len(piece)]) + piece for piece in pieces))
    other = path / "other"
    other.mkdir()
    onnx.save(make_test_graphs.moonshine_encoder(True), other / "encoder_model.onnx")
    onnx.save(make_test_graphs.moonshine_decoder(second, True, 2), other / "decoder_model_merged.onnx")
    assert hear(moonshine.load(AsrSettings(), path), voice(1)) == [("", True)]
    settings = AsrSettings(second=f"{path.name}/other")
    assert hear(moonshine.load(settings, path), voice(1)) == [("it", True)]


@pytest.mark.parametrize("invented", ["♪", "©", "▁You", "▁Music", "▁[Music]", "▁(applause)"])
def test_what_subtitles_have_in_the_place_of_speech_is_dropped(folder: Callable[..., Path], invented: str) -> None:
    path = folder()
    pieces = [invented.encode() if piece == b"." else piece for piece in VOCABULARY]
    (path / "tokenizer.bin").write_bytes(b"".join(bytes([len(piece)]) + piece for piece in pieces))
    onnx.save(make_test_graphs.moonshine_decoder([7, 6, 2, 4, 5, 6, 2, 7]), path / "decoder_model_merged.onnx")
    assert hear(moonshine.load(AsrSettings(), path), voice(1)) == [("", True)]


def test_a_very_short_sound_is_padded(folder: Callable[..., Path]) -> None:
    assert hear(moonshine.load(AsrSettings(), folder()), voice(0.2)) == [("turn it off.", True)]


def test_long_audio_is_cut_in_its_pauses_with_partial_transcripts(folder: Callable[..., Path]) -> None:
    asr = moonshine.load(AsrSettings(), folder())
    heard = hear(asr, voice(50, pauses=(18, 36)))
    assert heard == [
        ("turn it off.", False),
        ("turn it off. turn it off.", False),
        ("turn it off. turn it off. turn it off.", True),
    ]


def test_cutting_loses_no_sample_and_falls_into_the_pause() -> None:
    whole = voice(60, pauses=(20, 40))
    parts = list(levels.segments(whole[i : i + 1600] for i in range(0, len(whole), 1600)))
    assert np.array_equal(np.concatenate(parts), whole)
    assert [20 <= len(parts[0]) / RATE <= 20.5, 40 <= (len(parts[0]) + len(parts[1])) / RATE <= 40.5] == [True, True]
    assert max(map(len, parts)) <= levels.SEGMENT_SECONDS * RATE


def test_a_loop_is_said_once(folder: Callable[..., Path]) -> None:
    assert hear(moonshine.load(AsrSettings(), folder(LOOP)), voice(10)) == [("turn it", True)]


def test_audio_at_another_rate_is_refused(folder: Callable[..., Path]) -> None:
    asr = moonshine.load(AsrSettings(), folder())
    with pytest.raises(StageError, match="8000 Hz") as caught:
        list(asr.transcribe([AudioChunk(voice(1), 8000, 0)]))
    assert (caught.value.stage, caught.value.code) == ("asr", "rate")


@pytest.mark.parametrize("name", ["encoder_model.onnx", "decoder_model_merged.onnx", "tokenizer.bin"])
def test_a_missing_or_truncated_file_is_named(folder: Callable[..., Path], name: str) -> None:
    path = folder() / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3 - 1])
    with pytest.raises(ModelCorrupt, match=f"{name}.*edgevoice models verify"):
        moonshine.load(AsrSettings(), path.parent)
    path.unlink()
    with pytest.raises(ModelMissing, match=f"{path.stem}.*edgevoice models pull"):
        moonshine.load(AsrSettings(), path.parent)


def test_a_graph_of_another_model_is_refused(folder: Callable[..., Path]) -> None:
    path = folder()
    (path / "decoder_model_merged.onnx").write_bytes((path / "encoder_model.onnx").read_bytes())
    with pytest.raises(ModelCorrupt, match="not Moonshine's merged one"):
        moonshine.load(AsrSettings(), path)


def test_graphs_that_do_not_fit_each_other_are_a_stage_error(folder: Callable[..., Path]) -> None:
    path = folder()
    decoder = make_test_graphs.moonshine_decoder(SENTENCE)
    states = next(i for i in decoder.graph.input if i.name == "encoder_hidden_states")
    states.type.tensor_type.shape.dim[2].dim_value = 416
    onnx.save(decoder, path / "decoder_model_merged.onnx")
    with pytest.raises(StageError, match="Moonshine failed") as caught:
        hear(moonshine.load(AsrSettings(), path), voice(1))
    assert (caught.value.stage, caught.value.code) == ("asr", "inference")


def test_a_vocabulary_of_another_model_is_refused(folder: Callable[..., Path]) -> None:
    path = folder()
    (path / "tokenizer.bin").write_bytes((path / "tokenizer.bin").read_bytes() + b"\x02ab")
    with pytest.raises(ModelCorrupt, match=r"9 tokens.*writes 8"):
        moonshine.load(AsrSettings(), path)


def test_providers_that_are_not_there_are_skipped_with_one_line(
    folder: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    settings = AsrSettings(providers=("NoSuchExecutionProvider", "OtherExecutionProvider", "CPUExecutionProvider"))
    with caplog.at_level(logging.WARNING):
        asr = moonshine.load(settings, folder())
    assert len([r for r in caplog.records if "NoSuchExecutionProvider, OtherExecutionProvider" in r.message]) == 1
    assert hear(asr, voice(1)) == [("turn it off.", True)]


def test_the_evidence_is_what_the_sound_adds_to_silence(folder: Callable[..., Path]) -> None:
    path = folder()
    letters = [*VOCABULARY[:3], "▁".encode(), b"A", b".", b"b", b"B"]
    (path / "tokenizer.bin").write_bytes(b"".join(bytes([len(piece)]) + piece for piece in letters))
    asr = moonshine.load(AsrSettings(), path)
    assert asr.evidence("ab", voice(1.4)) == pytest.approx(0.0)  # these graphs say the same of any sound
    assert asr.evidence("a b", voice(1.4)) == pytest.approx(0.0)
    assert asr.evidence("aurora", voice(1.4)) == np.inf  # nothing to spell it with
