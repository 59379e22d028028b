"""WordPiece: a sentence as the token ids that BERT-like models read, from the `vocab` of a `tokenizer.json`."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

_WORD = re.compile(r"\w+|[^\w\s]")
_LONGEST = 64
"""Tokens; what goes beyond is cut off."""


class WordPiece:
    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._vocabulary = vocabulary

    def ids(self, text: str) -> list[int]:
        """[CLS], the pieces of the sentence in lower case without accents, [SEP]."""
        plain = unicodedata.normalize("NFD", text.casefold())
        plain = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in plain if not unicodedata.combining(c))
        pieces = [piece for word in _WORD.findall(plain) for piece in self._pieces(word)]
        return [self._vocabulary["[CLS]"], *pieces[: _LONGEST - 2], self._vocabulary["[SEP]"]]

    def _pieces(self, word: str) -> Iterator[int]:
        """The longest known beginning, then the longest known beginning of the rest; unknown where there is none."""
        found, at = [], 0
        while at < len(word):
            start = "##" if at else ""
            end = next((end for end in range(len(word), at, -1) if start + word[at:end] in self._vocabulary), at)
            if end == at:
                yield self._vocabulary["[UNK]"]
                return
            found.append(self._vocabulary[start + word[at:end]])
            at = end
        yield from found


def load(file: Path) -> WordPiece:
    """Raises OSError, or ValueError where the file is no tokenizer."""
    try:
        return WordPiece(json.loads(file.read_text("utf-8"))["model"]["vocab"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file}: no WordPiece vocabulary ({error})") from None
