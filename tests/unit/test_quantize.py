"""The pure parts of tools/quantize.py: vocabularies, names, rows, the rule of refusal, and what it says of bad input."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import quantize
from edgevoice import model_manifest
from edgevoice.asr import tokens
from edgevoice.model_store import Store
from evaluation.common import InputError
from quantizing import checkpoint, measure
from quantizing.checkpoint import CheckpointError, Vocabulary
from quantizing.measure import Figures, Refused

WORDS = {"!": 0, "Ġturn": 1, "ĠĊ": 2, "Ã©": 3, "[": 4, "<|endoftext|>": 5, "<|startoftranscript|>": 6}
TIMES = {"<|notimestamps|>": 7}


@pytest.mark.parametrize(
    ("openai", "transformers"),
    [
        ("encoder.blocks.3.attn.query.weight", "encoder.layers.3.self_attn.q_proj.weight"),
        ("decoder.blocks.0.cross_attn.out.bias", "decoder.layers.0.encoder_attn.out_proj.bias"),
        ("decoder.blocks.0.cross_attn_ln.weight", "decoder.layers.0.encoder_attn_layer_norm.weight"),
        ("decoder.blocks.1.attn_ln.bias", "decoder.layers.1.self_attn_layer_norm.bias"),
        ("encoder.blocks.1.mlp.0.weight", "encoder.layers.1.fc1.weight"),
        ("encoder.blocks.1.mlp_ln.weight", "encoder.layers.1.final_layer_norm.weight"),
        ("encoder.ln_post.weight", "encoder.layer_norm.weight"),
        ("decoder.ln.weight", "decoder.layer_norm.weight"),
        ("decoder.token_embedding.weight", "decoder.embed_tokens.weight"),
        ("encoder.positional_embedding", "encoder.embed_positions.weight"),
        ("encoder.conv1.weight", "encoder.conv1.weight"),
    ],
)
def test_weights_are_renamed(openai: str, transformers: str) -> None:
    assert checkpoint.renamed(openai) == transformers


def words(folder: Path, whole: bool) -> Path:
    if whole:
        added = [{"id": 7, "content": "<|notimestamps|>"}]
        data = {"model": {"vocab": WORDS}, "added_tokens": added}
        (folder / "tokenizer.json").write_text(json.dumps(data), "utf-8")
    else:
        (folder / "vocab.json").write_text(json.dumps(WORDS), "utf-8")
        (folder / "added_tokens.json").write_text(json.dumps(TIMES), "utf-8")
    return folder


@pytest.mark.parametrize("whole", [True, False])
def test_the_vocabulary_is_written_as_the_engine_reads_it(tmp_path: Path, whole: bool) -> None:
    vocabulary = checkpoint.vocabulary(words(tmp_path, whole))
    path = tmp_path / "tokenizer.bin"
    path.write_bytes(vocabulary.file())
    read = tokens.load(path)
    assert (len(read), read.end, read.text([1, 2, 3, 5, 6, 0])) == (8, 5, "turn \né!")
    assert vocabulary.prompt("en") == [6, 7]
    assert vocabulary.suppressed() == [4, 6, 7]


def test_a_checkpoint_of_many_languages_is_told_which() -> None:
    pieces = [b"x"] * 50257 + [
        f"<|{name}|>".encode() for name in ("endoftext", "startoftranscript", "en", "de", "transcribe", "notimestamps")
    ]
    many = Vocabulary(pieces)
    assert many.prompt("de") == [50258, 50260, 50261, 50262]
    with pytest.raises(CheckpointError, match="--language xx: this checkpoint has no such token"):
        many.prompt("xx")
    with pytest.raises(CheckpointError, match="knows English only"):
        Vocabulary(pieces[1:]).prompt("de")


def test_the_token_of_silence_has_two_names() -> None:
    for name in (b"<|nospeech|>", b"<|nocaptions|>"):
        pieces = [b"<|endoftext|>", b"<|startoftranscript|>", b"<|notimestamps|>", name]
        assert Vocabulary(pieces).notes("en") == {"prompt": [1, 2], "suppressed": [1, 2, 3], "silence": [3]}
    with pytest.raises(CheckpointError, match=r"no <\|nospeech\|>"):
        Vocabulary(pieces[:3]).notes("en")


def test_a_vocabulary_with_gaps_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({"a": 0, "<|endoftext|>": 2}), "utf-8")
    with pytest.raises(CheckpointError, match="gaps"):
        checkpoint.vocabulary(tmp_path)


def test_a_tiktoken_file_is_read_and_its_wrong_line_named(tmp_path: Path) -> None:
    path = tmp_path / "gpt2.tiktoken"
    lines = [f"{base64.b64encode(piece).decode()} {rank}" for rank, piece in enumerate((b"!", b" a", b"\xc3"))]
    path.write_text("\n".join(lines) + "\n", "ascii")
    assert checkpoint.tiktoken(path) == [b"!", b" a", b"\xc3"]
    path.write_text("\n".join([lines[0], lines[2]]), "ascii")
    with pytest.raises(CheckpointError, match=r"gpt2\.tiktoken:2: .*rank 2 where 1 is due"):
        checkpoint.tiktoken(path)


# --- measuring and refusing -------------------------------------------------------------------------------------------


def figures(wer: float, cpu: float = 0.1) -> Figures:
    return Figures(wer, 0.5, cpu, cpu, 100, 1)


def test_a_loss_that_was_allowed_is_borne_and_a_larger_one_refused() -> None:
    measure.judge(figures(0.10), figures(0.11), 0.011)
    measure.judge(figures(0.10), figures(0.05), 0.0)
    with pytest.raises(Refused, match=r"12\.00% word errors instead of 10\.00%: 2\.00% lost, and --max-loss is 1\.00%"):
        measure.judge(figures(0.10), figures(0.12), 0.01)


@pytest.mark.parametrize(("wer", "cpu", "helps"), [(0.1, 0.09, True), (0.1, 0.1, False), (0.11, 0.05, False)])
def test_static_is_kept_only_where_it_helps(wer: float, cpu: float, helps: bool) -> None:
    assert measure.better(figures(0.1), figures(wer, cpu)) is helps


def test_the_row_holds_the_hashes_and_the_store_verifies_them(tmp_path: Path) -> None:
    made, root = tmp_path / "made", tmp_path / "store"
    made.mkdir()
    for name in ("encoder_model.onnx", "tokenizer.bin"):
        (made / name).write_bytes(name.encode())
    row = measure.entry("whisper-own", made, 150, "tools/quantize.py x", "MIT", "OpenAI")
    quantize._keep(made, root, row)
    Store(root).verify("whisper-own")
    assert model_manifest.known(root)["whisper-own"] == row
    assert "sources:\n  - built:tools/quantize.py x\n" in (root / "manifest.yaml").read_text("utf-8")


def _holds(pattern: str, said: str) -> bool:
    return re.search(pattern, said) is not None


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs the tool on `tmp_path`/it and one good recording, without doing anything; -> (status, what it said)."""
    soundfile.write(tmp_path / "yes.wav", np.zeros(160, np.int16), 16000)
    (tmp_path / "rows.jsonl").write_text('{"id": "yes", "audio": "yes.wav", "text": "yes"}\n', "utf-8")

    def run(*more: str) -> tuple[int, str]:
        paths = (str(tmp_path / "it"), str(tmp_path / "rows.jsonl"))
        rest = ("--name", "whisper-own", "--dry-run", "--store", str(tmp_path / "not" / "yet" / "store"), *more)
        status = quantize.main((*paths, *rest))
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "neither a folder with config.json, nor a .pt file"),
        ({"config.json": '{"model_type": "bert"}'}, "config.json: model_type is 'bert', not 'whisper'"),
        ({"config.json": "{"}, "config.json: not JSON"),
        ({"config.json": '{"model_type": "whisper"}'}, "no weights in it"),
        ({"tiny.pt": "x"}, "no vocabulary there.*--vocabulary"),
    ],
)
def test_what_is_no_checkpoint_is_told(
    run: Callable[..., tuple[int, str]], tmp_path: Path, files: dict[str, str], says: str
) -> None:
    (tmp_path / "it").mkdir()
    for name, content in files.items():
        (tmp_path / "it" / name).write_text(content, "utf-8")
    status, said = run()
    assert (status, _holds(says, said)) == (2, True)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{", r"rows\.jsonl:2: not JSON"),
        ('{"id": "no", "text": "no"}', r"rows\.jsonl:2: 'audio' is missing"),
        ('{"id": "no", "audio": "no.wav", "text": "no"}', r"rows\.jsonl:2: 'audio': no .*no\.wav"),
        ('{"id": "no", "audio": "yes.wav", "text": 7}', r"rows\.jsonl:2: 'text' is 7, not text"),
    ],
)
def test_a_wrong_row_is_told_with_its_line(
    run: Callable[..., tuple[int, str]], tmp_path: Path, row: str, says: str
) -> None:
    with (tmp_path / "rows.jsonl").open("a", encoding="utf-8") as file:
        file.write(row + "\n")
    status, said = run()
    assert (status, _holds(says, said)) == (2, True)


def test_rows_without_a_text_cannot_be_measured(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("", "utf-8")
    with pytest.raises(InputError, match="no row has a 'text'"):
        measure.rows(tmp_path / "rows.jsonl")


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A folder that passes for a checkpoint."""
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "config.json").write_text('{"model_type": "whisper"}', "utf-8")
    (tmp_path / "it" / "model.safetensors").write_bytes(bytes(1000))
    return tmp_path / "it"


def test_a_dry_run_writes_nothing(
    run: Callable[..., tuple[int, str]], whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantize, "_NEEDED", {})
    status, said = run()
    assert (status, _holds(r"it -> .*not/yet/store/whisper-own, measured on 1 recordings", said)) == (0, True)
    assert sorted(path.name for path in whole.parent.iterdir()) == ["it", "rows.jsonl", "yes.wav"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--name", "Whisper"), "--name Whisper: use lower-case letters"),
        (("--name", "silero-vad"), "--name silero-vad: the package's manifest has a model of this name"),
    ],
)
def test_names_are_checked_before_anything_is_done(
    run: Callable[..., tuple[int, str]], whole: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], says: str
) -> None:
    monkeypatch.setattr(quantize, "_NEEDED", {})
    status, said = run(*more)
    assert (status, _holds(says, said)) == (2, True)


def test_a_missing_extra_and_a_full_disk_are_told(
    run: Callable[..., tuple[int, str]], whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantize, "_NEEDED", {"no_such.module": "optimum"})
    status, said = run()
    assert (status, _holds(r"optimum is not installed. Run: pip install '\.\[quantize\]'", said)) == (2, True)
    monkeypatch.setattr(quantize, "_NEEDED", {})
    monkeypatch.setattr(quantize, "_SPACE", 10**15)
    status, said = run()
    assert (status, _holds(r"MB free, \d+ MB needed. --work and --store name others", said)) == (2, True)
