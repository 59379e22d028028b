"""What is said in training: what sounds near the wake word, and what people say at home."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Collection
from itertools import product
from pathlib import Path

import hibari
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

_LEXICON = Path(hibari.__file__).parent / "assets" / "lexicon_us_gold.json.gz"
_STRESS = str.maketrans("", "", "ˈˌ")
_NEAR = 40  # neighbours of each word


def lexicon() -> dict[str, str]:
    """English word -> its sounds in IPA, without stress."""
    with gzip.open(_LEXICON, "rt", encoding="utf-8") as file:
        entries = json.load(file)
    sounds = {word: one if isinstance(one, str) else one.get("DEFAULT") for word, one in entries.items()}
    return {w: s.translate(_STRESS) for w, s in sounds.items() if s and w.isalpha() and w.islower() and len(w) > 1}


def near(phrase: str, words: dict[str, str]) -> list[str]:
    """Phrases that sound like `phrase`, and its parts. What holds its sounds whole is not among them."""
    said = phrase.split()
    options = [_neighbours(word, words) for word in said]
    chance = random.Random(phrase)
    few = [[word, *chance.sample(one, min(len(one), 11))] for word, one in zip(said, options, strict=True)]
    whole = [*(" ".join(pick) for pick in product(*few)), *(word for one in options for word in one)]
    for k in range(1, len(said)):
        whole += [" ".join(said[:k]), " ".join(said[k:])]
    return sorted({one for one in whole if phrase not in one})


def _neighbours(word: str, words: dict[str, str]) -> list[str]:
    sounds = words.get(word)
    if sounds is None:
        found = process.extract(word, list(words), scorer=Levenshtein.distance, limit=_NEAR)
        return [one for one, _, _ in found if word not in one]
    near = process.extract(sounds, words, scorer=Levenshtein.distance, limit=2 * _NEAR)
    return [one for other, _, one in near if sounds not in other][:_NEAR]


def general(words: Collection[str], commands: list[str], phrase: str, count: int, seed: int) -> list[str]:
    """Sentences without `phrase`: half commands to a home, half `words` at random."""
    chance = random.Random(seed)
    known = sorted(word for word in words if len(word) < 9 and phrase not in word)
    commands = [text for text in commands if phrase not in text]
    salad = [" ".join(chance.sample(known, chance.randint(4, 8))) for _ in range(count - count // 2)]
    return [*chance.choices(commands, k=count // 2), *salad]
