"""Slips of the tongue, of the hand and of the recogniser, made in the text of rows: one a row, the same for one seed."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from evaluation.common import Row

_FILLERS = ("um", "uh", "er", "like", "well", "you know", "hmm", "i mean")
_AT_THE_BEGINNING = ("well", "hmm")
_POLITE_BEFORE = ("please", "could you", "can you please", "would you", "i'd like you to", "kindly", "could you please")
_POLITE_AFTER = ("please", "thanks", "for me", "thank you", "would you")
_NO_COMMAND = frozenset(
    ["what", "whats", "what's", "is", "are", "how", "when", "which", "who", "where", "did", "do", "does", "was", "any"]
)


def perturbed(rows: Sequence[Row], seed: int) -> list[Row]:
    """The rows with one slip each, of a kind that can happen to them; a row that none can happen to is left out.

    The slip's kind is put into `data` as `slip`. It depends on the seed and the row's id only.
    """
    return [row for one in rows for row in _slipped(one, random.Random(f"{seed} {one.id}"))]


def _slipped(row: Row, chance: random.Random) -> Iterator[Row]:
    kinds = sorted(SLIPS)
    chance.shuffle(kinds)
    text = row.need("text", str)
    for kind in kinds:
        slipped = SLIPS[kind](text, row, chance)
        if slipped is not None and slipped != text:
            yield replace(row, data={**row.data, "text": slipped, "slip": kind})
            return


def _filler(text: str, row: Row, chance: random.Random) -> str | None:
    words, filler = text.split(), chance.choice(_FILLERS)
    is_first = filler in _AT_THE_BEGINNING or len(words) < 3
    words.insert(0 if is_first else chance.randrange(4), filler)
    return " ".join(words)


def _polite(text: str, row: Row, chance: random.Random) -> str | None:
    if text.casefold().split()[0] in _NO_COMMAND:
        return None
    bare = text.rstrip(" .!?")
    return (
        f"{chance.choice(_POLITE_BEFORE)} {bare}" if chance.random() < 0.5 else f"{bare} {chance.choice(_POLITE_AFTER)}"
    )


def _article(text: str, row: Row, chance: random.Random) -> str | None:
    """Another article, or none."""
    instead = chance.choice(("a ", ""))
    return re.sub(r"\b(?:the|my|our) ", instead, text, count=1) if re.search(r"\b(?:the|my|our) ", text) else None


def _letter(text: str, row: Row, chance: random.Random) -> str | None:
    """One wrong letter in a name of the home that the label holds: added, lost, changed, or exchanged with its neighbour."""
    if "Timer" in row.need("intent", str):
        return None  # a timer is called as it was called before
    slots = [str(row.data["slots"].get(key) or "") for key in ("name", "area", "floor")]
    names = {word for name in slots for word in name.casefold().split() if len(word) >= 4 and word.isalpha()}
    found = [match for match in re.finditer(r"\w+", text) if match[0].casefold() in names]
    if not found:
        return None
    match = chance.choice(found)
    word, at = match[0], chance.randrange(1, len(match[0]))
    letter = chance.choice(string.ascii_lowercase)
    wrong = chance.choice(
        (
            word[:at] + letter + word[at:],
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at + 1 :],
            word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :],
        )
    )
    return text[: match.start()] + wrong + text[match.end() :]


def _off(text: str, row: Row, chance: random.Random) -> str | None:
    return re.sub(r"\boff\b", "of", text, count=1)


def _to(text: str, row: Row, chance: random.Random) -> str | None:
    return (
        re.sub(r"\bto (?=\S)", "", text, count=1) if re.match(r"(?i)(?:set|change|turn|make|adjust)\b", text) else None
    )


def _again(text: str, row: Row, chance: random.Random) -> str | None:
    words = text.split()
    at = chance.randrange(len(words))
    return " ".join((*words[: at + 1], *words[at:])) if words[at].isalpha() else None


SLIPS: dict[str, Callable[[str, Row, random.Random], str | None]] = {
    "filler": _filler,
    "polite": _polite,
    "article": _article,
    "letter": _letter,
    "off": _off,
    "to": _to,
    "again": _again,
}
