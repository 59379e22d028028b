"""The vocabulary of a recogniser: token ids to text, and text to the ids that the model writes it with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from edgevoice.errors import ModelCorrupt, ModelMissing

_BYTE = re.compile(rb"<0x([0-9A-Fa-f]{2})>")
_CONTROL = re.compile(rb"<unk>|</?s>|<<ST_\d+>>|<\|[^|]*\|>")
_ENDS = (b"</s>", b"<|endoftext|>")
_SPACES = bytes.maketrans(b"-", b" ")
_GPT2 = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+")
"""How GPT-2 parts a text before it merges anything."""


class Tokens:
    """`pieces[i]` is token i: UTF-8 text in which U+2581 stands for a space, one raw byte (also as `<0xNN>`), or a
    control token, which is never written.

    `end` is the id of the token that closes a transcript: `</s>`, or `<|endoftext|>` in a vocabulary of GPT-2's kind,
    whose merges begin with bytes and stay inside a word."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        ends = [piece for piece in _ENDS if piece in pieces]
        if not ends:
            raise ValueError("no token in it ends a transcript")
        self.end = pieces.index(ends[0])
        self._parts = _GPT2 if ends[0] == _ENDS[1] else None
        self._pieces = tuple(_written(piece) for piece in pieces)
        self._ids = {piece: i for i, piece in enumerate(self._pieces) if piece}  # of two alike, the last is no raw byte

    def __len__(self) -> int:
        return len(self._pieces)

    def text(self, ids: Iterable[int]) -> str:
        """What the ids say, without spaces at either end. An id outside the vocabulary says nothing."""
        pieces = (self._pieces[i] for i in ids if 0 <= i < len(self._pieces))
        return b"".join(pieces).decode("utf-8", "replace").strip()

    def begins(self, token: int) -> bool:
        """Whether the token begins a word."""
        return self._pieces[token][:1] == b" "

    def plain(self, token: int) -> bytes:
        """The token in small letters, without marks; a hyphen parts words as a space does."""
        return self._pieces[token].lower().translate(_SPACES, b",.?!")

    def encode(self, text: str) -> tuple[int, ...]:
        """The ids that the model writes `text` with; a space in it belongs to the word after it. Empty: it has none.

        Byte-pair merging without the list of merges: their order is that of the ids of what they make.
        """
        if self._parts is None:
            return self._merged([letter.encode() for letter in text])
        merged = [self._merged([_byte(value) for value in part.encode()]) for part in self._parts.findall(text)]
        return tuple(i for ids in merged for i in ids)

    def _merged(self, parts: list[bytes]) -> tuple[int, ...]:
        while True:
            pairs = (
                (self._ids[pair], k) for k in range(len(parts) - 1) if (pair := parts[k] + parts[k + 1]) in self._ids
            )
            best = min(pairs, default=None)
            if best is None:
                break
            parts[best[1] : best[1] + 2] = [parts[best[1]] + parts[best[1] + 1]]
        ids = [self._ids.get(unit) for part in parts for unit in ([part] if part in self._ids else map(_byte, part))]
        return () if None in ids else tuple(i for i in ids if i is not None)


def _byte(value: int) -> bytes:
    return bytes([value])


def _written(piece: bytes) -> bytes:
    if byte := _BYTE.fullmatch(piece):
        return bytes([int(byte[1], 16)])
    if _CONTROL.fullmatch(piece):
        return b""
    return piece.replace("▁".encode(), b" ")


def load(path: Path) -> Tokens:
    """Reads `tokenizer.bin`: for each token its length and then its bytes.

    A length of 128 or more takes two bytes, the low seven bits first. Raises ModelMissing and ModelCorrupt.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ModelMissing(f"{path}: no such file. Fetch the model again: edgevoice models pull") from None
    pieces, at = [], 0
    try:
        while at < len(data):
            length, at = data[at], at + 1
            if length >= 128:
                length, at = data[at] * 128 + length - 128, at + 1
            if at + length > len(data):
                raise IndexError
            pieces.append(data[at : at + length])
            at += length
    except IndexError:
        raise ModelCorrupt(f"{path}: cut off after {len(pieces)} tokens. Check it: edgevoice models verify") from None
    try:
        return Tokens(pieces)
    except ValueError as error:
        raise ModelCorrupt(f"{path}: no vocabulary: {error}. Check it: edgevoice models verify") from None
