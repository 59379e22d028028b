"""A Whisper checkpoint as people have it: a Hugging Face folder, or OpenAI's `.pt` file with its `.tiktoken` vocabulary."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

END = b"<|endoftext|>"
_NEVER = re.compile(r"▁?[#()*+/:;<=>@\[\\\]^_`{|}~「」『』♩♪♫♬♭♮♯]+")
"""What transcripts of speech do not hold: the signs of subtitles and of markup."""
_TIMES = 1501
_OWN = {"blocks": "layers", "mlp.0": "fc1", "mlp.2": "fc2", "mlp_ln": "final_layer_norm", "ln_post": "layer_norm",
        "cross_attn_ln": "encoder_attn_layer_norm", "attn_ln": "self_attn_layer_norm", "cross_attn": "encoder_attn",
        "attn": "self_attn", "query": "q_proj", "key": "k_proj", "value": "v_proj", "out": "out_proj", "ln": "layer_norm",
        "token_embedding": "embed_tokens", "positional_embedding": "embed_positions.weight"}  # fmt: skip
"""OpenAI's names of the parts -> those of transformers."""


class CheckpointError(ValueError):
    """What was given is no checkpoint that can be used."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`folder` is in transformers' form; `weights` is OpenAI's file where it is still to be made into that."""

    folder: Path
    weights: Path | None = None
    vocabulary: Path | None = None

    @property
    def size(self) -> int:
        """Bytes of float32 weights, about."""
        if self.weights is not None:
            return 2 * self.weights.stat().st_size
        return sum(path.stat().st_size for path in self.folder.glob("*.safetensors")) or sum(
            path.stat().st_size for path in self.folder.glob("*.bin")
        )


def find(path: Path, vocabulary: Path | None, work: Path) -> Checkpoint:
    """What lies at `path`; OpenAI's is to be converted into `work`. Raises CheckpointError."""
    if (path / "config.json").is_file():
        kind = _json(path / "config.json").get("model_type")
        if kind != "whisper":
            raise CheckpointError(f"{path}/config.json: model_type is {kind!r}, not 'whisper'")
        if not any(path.glob("*.safetensors")) and not any(path.glob("pytorch_model*.bin")):
            raise CheckpointError(f"{path}: no weights in it (*.safetensors, pytorch_model*.bin)")
        return Checkpoint(path)
    weights = path if path.is_file() else _only(path, "*.pt")
    if weights is None:
        raise CheckpointError(f"{path}: neither a folder with config.json, nor a .pt file, nor a folder with one")
    words = vocabulary or _only(weights.parent, "*.tiktoken")
    if words is None or not words.is_file():
        raise CheckpointError(
            f"{words or weights.parent}: no vocabulary there. OpenAI keeps it apart from the weights: gpt2.tiktoken for the "
            ".en models, multilingual.tiktoken for the others. Put it beside the .pt file or name it with --vocabulary"
        )
    return Checkpoint(work, weights, words)


def convert(checkpoint: Checkpoint) -> None:
    """Writes OpenAI's checkpoint as a folder of transformers. Raises CheckpointError where it is something else."""
    import torch
    from transformers import WhisperConfig, WhisperForConditionalGeneration
    from transformers.models.whisper.tokenization_whisper import LANGUAGES

    assert checkpoint.weights is not None
    assert checkpoint.vocabulary is not None
    try:
        held = torch.load(checkpoint.weights, map_location="cpu", weights_only=True)
        sizes, weights = held["dims"], held["model_state_dict"]
    except Exception as error:  # whatever a file that is no checkpoint makes of the unpickler
        raise CheckpointError(f"{checkpoint.weights}: not one of OpenAI's Whisper checkpoints ({error})") from None
    pieces = tiktoken(checkpoint.vocabulary)
    controls = _controls(sizes["n_vocab"] - len(pieces), tuple(LANGUAGES))
    config = WhisperConfig(
        vocab_size=sizes["n_vocab"], num_mel_bins=sizes["n_mels"], d_model=sizes["n_audio_state"],
        encoder_layers=sizes["n_audio_layer"], encoder_attention_heads=sizes["n_audio_head"],
        encoder_ffn_dim=4 * sizes["n_audio_state"], max_source_positions=sizes["n_audio_ctx"],
        decoder_layers=sizes["n_text_layer"], decoder_attention_heads=sizes["n_text_head"],
        decoder_ffn_dim=4 * sizes["n_text_state"], max_target_positions=sizes["n_text_ctx"],
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config)
    named = {f"model.{renamed(name)}": value.float() for name, value in weights.items()}
    model.load_state_dict({**named, "proj_out.weight": named["model.decoder.embed_tokens.weight"]})
    model.save_pretrained(checkpoint.folder)
    words = {_shown(piece): i for i, piece in enumerate(pieces)}
    words |= {control: len(pieces) + i for i, control in enumerate(controls)}
    (checkpoint.folder / "vocab.json").write_text(json.dumps(words, ensure_ascii=False), "utf-8")


def renamed(name: str) -> str:
    """OpenAI's name of a weight as transformers has it."""
    for own, theirs in _OWN.items():
        name = re.sub(rf"(?<![a-z_]){re.escape(own)}(?![a-z_])", theirs, name)
    return name


def tiktoken(path: Path) -> list[bytes]:
    """The pieces of a `.tiktoken` file: base64 and rank a line. Raises CheckpointError with the line."""
    pieces: list[bytes] = []
    for number, line in enumerate(path.read_text("ascii", "replace").splitlines(), 1):
        piece, _, rank = line.partition(" ")
        try:
            if int(rank) != len(pieces):
                raise ValueError(f"rank {rank} where {len(pieces)} is due")
            pieces.append(base64.b64decode(piece, validate=True))
        except (ValueError, binascii.Error) as error:
            raise CheckpointError(f"{path}:{number}: no line of a vocabulary: {error}") from None
    return pieces


def _controls(count: int, languages: Sequence[str]) -> list[str]:
    """OpenAI's control tokens, in the order of their ids; how many languages there are follows from the count."""
    spoken = count - 8 - _TIMES
    if not 0 < spoken <= len(languages):
        raise CheckpointError(f"the vocabulary does not fit the weights: {count} tokens are left for controls")
    names = ["endoftext", "startoftranscript", *languages[:spoken], "translate", "transcribe", "startoflm",
             "startofprev", "nospeech", "notimestamps", *(f"{i * 0.02:.2f}" for i in range(_TIMES))]  # fmt: skip
    return [f"<|{name}|>" for name in names]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`pieces[i]` is token i; U+2581 stands for a space, control tokens are written `<|name|>`."""

    pieces: Sequence[bytes]

    def prompt(self, language: str) -> list[int]:
        """What the decoder reads before the first word. Raises CheckpointError for a language that it has not."""
        names = ["startoftranscript", "notimestamps"]
        if self.pieces.index(END) > 50256:  # the English models have one token less, and were trained without these
            names[1:1] = [language, "transcribe"]
        elif language != "en":
            raise CheckpointError(f"--language {language}: this checkpoint knows English only")
        try:
            return [self.pieces.index(f"<|{name}|>".encode()) for name in names]
        except ValueError:
            raise CheckpointError(f"--language {language}: this checkpoint has no such token") from None

    def notes(self, language: str) -> dict[str, list[int]]:
        """The tokens that the engine must know, by what they are for. Raises CheckpointError."""
        spoken = [i for i, p in enumerate(self.pieces) if p in (b"<|nospeech|>", b"<|nocaptions|>")]
        if not spoken:
            raise CheckpointError("the vocabulary has no <|nospeech|>; is it Whisper's?")
        return {"prompt": self.prompt(language), "suppressed": self.suppressed(), "silence": spoken}

    def suppressed(self) -> list[int]:
        """What is never written: controls but the end, and signs that nobody speaks."""
        end = self.pieces.index(END)
        return [i for i, p in enumerate(self.pieces) if i > end or _NEVER.fullmatch(p.decode("utf-8", "replace"))]

    def file(self) -> bytes:
        """As `edgevoice.asr.tokens.load` reads it."""
        sizes = ((len(piece), piece) for piece in self.pieces)
        return b"".join((bytes([n]) if n < 128 else bytes([128 + n % 128, n // 128])) + piece for n, piece in sizes)


def vocabulary(folder: Path) -> Vocabulary:
    """Of a folder of transformers: tokenizer.json, else vocab.json and added_tokens.json. Raises CheckpointError."""
    whole, words = folder / "tokenizer.json", folder / "vocab.json"
    if whole.is_file():
        data = _json(whole)
        ids = {**data["model"]["vocab"], **{token["content"]: token["id"] for token in data.get("added_tokens", ())}}
    elif words.is_file():
        added = folder / "added_tokens.json"
        ids = {**_json(words), **(_json(added) if added.is_file() else {})}
    else:
        raise CheckpointError(f"{folder}: no tokenizer.json and no vocab.json")
    if sorted(ids.values()) != list(range(len(ids))) or END.decode() not in ids:
        raise CheckpointError(f"{folder}: its vocabulary has gaps or no {END.decode()}; is it Whisper's?")
    return Vocabulary([_piece(text) for text in sorted(ids, key=lambda text: int(ids[text]))])


def _letters() -> Mapping[int, str]:
    """GPT-2's way to write any byte as a letter: those that show stand for themselves, the others follow 255."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = (value for value in range(256) if value not in shown)
    return {value: chr(value) for value in shown} | {value: chr(256 + i) for i, value in enumerate(hidden)}


_LETTER = _letters()
_BYTE = {letter: value for value, letter in _LETTER.items()}


def _shown(piece: bytes) -> str:
    return "".join(_LETTER[value] for value in piece)


def _piece(text: str) -> bytes:
    if re.fullmatch(r"<\|[^|]*\|>", text):
        return text.encode()
    return bytes(_BYTE[letter] for letter in text).replace(b" ", "▁".encode())


def _only(folder: Path, pattern: str) -> Path | None:
    found = sorted(folder.glob(pattern)) if folder.is_dir() else []
    return found[0] if len(found) == 1 else None


def _json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path}: not JSON: {error}") from None
    if not isinstance(data, dict):
        raise CheckpointError(f"{path}: not a JSON object")
    return data
