"""Moonshine's vocabulary file, and text from tokens."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevoice.asr import tokens
from edgevoice.errors import ModelCorrupt, ModelMissing


def written(pieces: list[bytes]) -> bytes:
    lengths = [bytes([n]) if n < 128 else bytes([128 + n % 128, n // 128]) for n in map(len, pieces)]
    return b"".join(length + piece for length, piece in zip(lengths, pieces, strict=True))


@given(
    st.lists(st.text(st.characters(exclude_characters="<▁\ufffd", exclude_categories=["Cs"]), max_size=400), min_size=3)
)
def test_any_vocabulary_is_read_back(tmp_path_factory: pytest.TempPathFactory, pieces: list[str]) -> None:
    path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.bin"
    path.write_bytes(written([*(piece.encode() for piece in pieces), b"</s>"]))
    vocabulary = tokens.load(path)
    assert (len(vocabulary), vocabulary.end) == (len(pieces) + 1, len(pieces))
    assert vocabulary.text(range(len(pieces))) == "".join(pieces).strip()


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([b"<s>", "▁turn".encode(), "▁it".encode(), b"</s>"], "turn it"),
        ([b"<unk>", b"<<ST_12>>", "▁on".encode()], "on"),
        (["▁on".encode(), b"<|endoftext|>", b"<|0.00|>"], "on"),
        ([b"K", b"\xc3", b"\xbc", b"che"], "Küche"),
        ([b"K", b"<0xC3>", b"<0xBC>", b"che"], "Küche"),
        ([b"a", b"<", b"b", b"</"], "a<b</"),
    ],
)
def test_spaces_control_tokens_and_bytes(pieces: list[bytes], text: str) -> None:
    assert tokens.Tokens([*pieces, b"</s>"]).text(range(len(pieces))) == text


def test_half_a_character_and_unknown_ids_do_no_harm() -> None:
    assert tokens.Tokens([b"a", b"\xc3", b"b", b"</s>"]).text([0, 1, 2, 99, -1]) == "a\ufffdb"


GPT2 = tokens.Tokens(
    [bytes([value]) if value != 32 else "▁".encode() for value in range(256)]
    + [piece.encode() for piece in ("he", "lo", "hel", "▁hel", "'s", "é", "hé", "99", "o9", "<|endoftext|>")]
)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (" hello", [" hel", "lo"]),  # of two pairs the one that makes the lower id comes first
        ("hello's", ["hel", "lo", "'s"]),
        ("hé", ["hé"]),
        ("o99", ["o", "99"]),  # letters and digits are never merged
        (" 日", [" ", "\ufffd", "\ufffd", "\ufffd"]),
    ],
)
def test_a_vocabulary_of_bytes_merges_inside_words(text: str, pieces: list[str]) -> None:
    ids = GPT2.encode(text)
    assert [GPT2.text([65, i, 65])[1:-1] for i in ids] == pieces
    assert GPT2.text(ids) == text.strip()


@pytest.mark.parametrize("data", [b"", b"\x01a", b"\x01a\x01b\x01c\x09xy", b"\x01a\x01b\x01c\x85"])
def test_a_file_that_is_cut_off_is_corrupt(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "tokenizer.bin"
    path.write_bytes(data)
    with pytest.raises(ModelCorrupt, match=r"tokenizer\.bin.*edgevoice models verify"):
        tokens.load(path)


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="edgevoice models pull"):
        tokens.load(tmp_path / "tokenizer.bin")
