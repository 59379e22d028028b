"""The Whisper engine over tiny graphs: the prompt, caches, what is never written, lengths, and graphs of other models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

import make_test_graphs
from edgevoice.asr import mel, whisper
from edgevoice.config import AsrSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, StageError
from edgevoice.messages import RATE, AudioChunk
from edgevoice.phrases import Arc, Phrases

LETTERS = b"turnofiTUBFO."
PIECES = [
    *(bytes([value]) for value in LETTERS),
    *(piece.encode() for piece in ("▁", "▁t", "▁it", "▁turn", "▁off", "[", "<|endoftext|>", "<|startoftranscript|>")),
    b"<|notimestamps|>",
]
END, START, NO_TIMES = 19, 20, 21
IT, TURN, OFF, BRACKET, DOT = 15, 16, 17, 18, 12
PROMPT = (START, NO_TIMES)


def follows(**after: int) -> list[int]:
    """turn it off. <end> after the prompt; letters lead nowhere."""
    said = {NO_TIMES: TURN, TURN: IT, IT: OFF, OFF: DOT, DOT: END} | {globals()[k]: v for k, v in after.items()}
    return [said.get(token, END) for token in range(len(PIECES))]


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def make(
        said: list[int] | None = None, suppressed: tuple[int, ...] = (), name: str = "whisper", **scores: float
    ) -> Path:
        path = tmp_path / name
        path.mkdir(exist_ok=True)
        onnx.save(make_test_graphs.whisper_encoder(), path / "encoder_model.onnx")
        decoder = make_test_graphs.whisper_decoder(said or follows(), PROMPT, suppressed, **scores)
        onnx.save(decoder, path / "decoder_model.onnx")
        (path / "tokenizer.bin").write_bytes(b"".join(bytes([len(piece)]) + piece for piece in PIECES))
        return path

    return make


SETTINGS = AsrSettings(engine="whisper")


def voice(seconds: float) -> NDArray[np.int16]:
    """A hum that rises and falls three times a second."""
    at = np.arange(round(seconds * RATE))
    return (8000 * np.sin(at / 8) * (1.2 - np.cos(2 * np.pi * 3 * at / RATE)) / 2.2).astype(np.int16)


def hear(folder: Path, phrases: Phrases | None = None, seconds: float = 2) -> str:
    asr = whisper.load(SETTINGS, folder)
    asr.bias(phrases)
    *_, last = asr.transcribe([AudioChunk(voice(seconds), RATE, 0)])
    return last.text


def test_says_the_sentence_after_its_prompt(folder: Callable[..., Path]) -> None:
    assert hear(folder()) == "turn it off."


def test_what_is_suppressed_gives_way_to_the_second_best(folder: Callable[..., Path]) -> None:
    assert hear(folder(follows(IT=BRACKET))) == "turn it["
    assert hear(folder(follows(IT=OFF), suppressed=(OFF,))) == "turn it["
    assert hear(folder(follows(DOT=BRACKET), suppressed=(BRACKET,))) == "turn it off."


@pytest.mark.parametrize(("sure", "silent", "text"), [(5, 9, "turn it off."), (1.5, 0, "turn it off."), (1.5, 9, "")])
def test_what_is_unsure_and_likely_silence_was_not_said(
    folder: Callable[..., Path], sure: float, silent: float, text: str
) -> None:
    assert hear(folder(sure=sure, silent=silent)) == text


@pytest.mark.parametrize(("closed", "text"), [(False, "turn it off."), (True, "it")])
def test_it_is_held_to_a_language(folder: Callable[..., Path], closed: bool, text: str) -> None:
    assert hear(folder(), replace(Phrases((Arc(0, "it", 1),), frozenset({1})), closed=closed)) == text


@pytest.mark.parametrize(("seconds", "frames"), [(0.5, 1500), (5, 1500), (14, 1500), (20, 2100), (24.8, 2580)])
def test_the_encoder_hears_15_seconds_at_least_and_one_of_silence(
    folder: Callable[..., Path], seconds: float, frames: int
) -> None:
    cache = whisper.load(SETTINGS, folder()).model.encode(np.ones(round(seconds * RATE), np.float32) / 10)
    assert {tuple(value.shape()) for value in cache.encoder.values()} == {(1, 2, frames // 2, 3)}
    assert {value.shape()[2] for value in cache.decoder.values()} == {0}


def test_an_odd_number_of_samples_is_filled_up(folder: Callable[..., Path]) -> None:
    cache = whisper.load(SETTINGS, folder()).model.encode(np.ones(20 * RATE + 1, np.float32) / 10)
    assert {value.shape()[2] for value in cache.encoder.values()} == {1051}


def test_beams_share_the_audio_and_keep_caches_of_their_own(folder: Callable[..., Path]) -> None:
    model = whisper.load(SETTINGS, folder()).model
    rows = model.listen(np.ones(RATE, np.float32) / 10)
    assert rows.begin().argmax(axis=1).tolist() == [TURN]
    rows.select([0, 0, 0])
    assert rows.step(np.array([TURN, IT, OFF])).argmax(axis=1).tolist() == [IT, OFF, DOT]
    rows.select([2, 0])
    assert rows.step(np.array([DOT, IT])).argmax(axis=1).tolist() == [END, OFF]


def test_a_mel_spectrogram_is_that_of_transformers() -> None:
    at = np.arange(2 * RATE) / RATE
    chirp = (0.3 * np.sin(2 * np.pi * (100 + 1500 * at) * at) * (at > 0.25)).astype(np.float32)
    known = np.load(Path(__file__).parent.parent / "data" / "log_mel.npz")
    for bins in (80, 128):
        assert np.abs(mel.log_mel(chirp, bins)[:, ::10] - known[f"bins_{bins}"]).max() < 1e-3


@pytest.mark.parametrize("name", ["encoder_model.onnx", "decoder_model.onnx", "tokenizer.bin"])
def test_a_missing_or_truncated_file_is_named(folder: Callable[..., Path], name: str) -> None:
    path = folder() / name
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ModelCorrupt, match=f"{name}.*edgevoice models verify"):
        whisper.load(SETTINGS, path.parent)
    path.unlink()
    with pytest.raises(ModelMissing, match=path.stem):
        whisper.load(SETTINGS, path.parent)


def test_graphs_of_another_maker_are_refused(folder: Callable[..., Path]) -> None:
    path = folder()
    onnx.save(make_test_graphs.moonshine_decoder(follows()), path / "decoder_model.onnx")
    with pytest.raises(ModelCorrupt, match=r"not of tools/quantize\.py"):
        whisper.load(SETTINGS, path)


def test_graphs_that_fail_are_a_stage_error(folder: Callable[..., Path]) -> None:
    path = folder()
    onnx.save(make_test_graphs.whisper_decoder([99] * len(PIECES), (99,)), path / "decoder_model.onnx")
    with pytest.raises(StageError, match="Whisper failed") as caught:
        hear(path)
    assert (caught.value.stage, caught.value.code) == ("asr", "inference")


def test_a_second_model_is_asked_where_the_first_is_not_sure(folder: Callable[..., Path]) -> None:
    folder(suppressed=(OFF,), name="second")
    first = folder(follows(TURN=OFF), name="first")
    for second, text in (("", "turn off."), ("second", "turn it[")):
        asr = whisper.load(replace(SETTINGS, second=second), first)
        *_, last = asr.transcribe([AudioChunk(voice(2), RATE, 0)])
        assert last.text == text
