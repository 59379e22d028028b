"""Trains what tells actions apart where no rule does: `models/intents-ngrams.npz` and `models/intents-minilm.npz`.

    python tools/train_intents.py [--model DIR] [--out FOLDER]

Its sentences are drawn from the templates of `tools/training/intents.yaml`, and each once more as a recogniser may
have heard it; of one in ten templates none is learned from, to be measured on. Both are logistic regressions, one on
n-grams and one on the sentence embedding.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from hassil import parse_sentence
from hassil.expression import Alternative, Expression, Group, RuleReference, Sentence, TextChunk
from numpy.typing import NDArray
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from training.slips import Channel

from edgevoice.config import EmbeddingSettings
from edgevoice.embedding import minilm
from edgevoice.model_store import Store
from edgevoice.nlu import ngrams

_DATA = Path(__file__).parent / "training" / "intents.yaml"
_OUT = Path(__file__).resolve().parent.parent / "models"
_EACH, _NONES = 900, 2
"""Sentences of an action, and how many times as many of none: most of what is said is that."""
_KEPT_BACK = 10
_EMBEDDED = 4
"""One in so many sentences is learned from by the embedding's head, which takes milliseconds for each."""
_STEPS, _RATE, _DECAY = 600, 4.0, 2e-5
_ROUNDS, _BATCH, _STEP = 12, 256, 0.5

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Example:
    action: str
    text: str
    is_kept_back: bool
    is_as_meant: bool
    """Not as a recogniser may have heard it."""


def examples(file: Path, seed: int = 0) -> list[Example]:
    """Sentences of every action, in no order."""
    data = yaml.safe_load(file.read_text("utf-8"))
    rules = {name: parse_sentence(text) for name, text in data["rules"].items()}
    words = {word for one in (data["rules"], data["actions"]) for word in re.findall(r"[a-z']+", str(one))}
    channel, chance = Channel(words), random.Random(seed)
    found = []
    for action, templates in data["actions"].items():
        share = _EACH * (_NONES if action == "none" else 1) // len(templates) + 1
        for number, template in enumerate(templates):
            sentence = parse_sentence(template)
            drawn = {" ".join(_draw(sentence.expression, rules, chance).split()) for _ in range(share)}
            heard = {channel.hear(text, chance) for text in sorted(drawn)}
            kept_back = number % _KEPT_BACK == 1
            found += [Example(action, text, kept_back, text in drawn) for text in sorted(drawn | heard)]
    chance.shuffle(found)
    return found


def _draw(one: Expression, rules: dict[str, Sentence], chance: random.Random) -> str:
    """One sentence of a template, each choice as likely, and what may be left out left out in half of them."""
    if isinstance(one, TextChunk):
        return one.original_text
    if isinstance(one, RuleReference):
        return _draw(rules[one.rule_name].expression, rules, chance)
    if isinstance(one, Alternative):
        if one.is_optional and chance.random() < 0.5:
            return ""
        return _draw(chance.choice(one.items), rules, chance)
    if isinstance(one, Group):
        return "".join(_draw(item, rules, chance) for item in one.items)
    raise ValueError(f"a template of the training data has what is not drawn from: {one}")


def fit(vectors: Floats, labels: Labels, classes: int) -> tuple[Floats, Floats]:
    """Weights [dimensions, classes] and bias [classes]; every class counts the same."""
    weights, bias = np.zeros((vectors.shape[1], classes), np.float32), np.zeros(classes, np.float32)
    wanted = np.eye(classes, dtype=np.float32)[labels]
    share = (1.0 / np.bincount(labels, minlength=classes))[labels, None] / classes
    for _ in range(_STEPS):
        wrong = (probabilities(vectors @ weights + bias) - wanted) * share
        weights -= _RATE * classes * (vectors.T @ wrong + _DECAY * weights)
        bias -= _RATE * wrong.sum(0)
    return weights.astype(np.float32), bias.astype(np.float32)


def fit_ngrams(texts: list[str], labels: Labels, classes: int) -> tuple[Floats, Floats]:
    """The same of `ngrams.features`, most of which are zero: by batches, each weight with its own step (Adagrad)."""
    sparse = [ngrams.features(text) for text in tqdm(texts, desc="n-grams")]
    weights, bias = np.zeros((ngrams.BUCKETS, classes), np.float32), np.zeros(classes, np.float32)
    moved, order = np.full_like(weights, 1e-6), np.random.default_rng(0)
    for _ in tqdm(range(_ROUNDS), desc="rounds"):
        for batch in np.array_split(order.permutation(len(texts)), len(texts) // _BATCH):
            rows = np.repeat(np.arange(len(batch)), [len(sparse[i][0]) for i in batch])
            columns = np.concatenate([sparse[i][0] for i in batch])
            used, places = np.unique(columns, return_inverse=True)
            values = np.zeros((len(batch), len(used)), np.float32)
            values[rows, places] = np.concatenate([sparse[i][1] for i in batch])
            wrong = probabilities(values @ weights[used] + bias) - np.eye(classes, dtype=np.float32)[labels[batch]]
            slope = values.T @ wrong / len(batch) + _DECAY * weights[used]
            moved[used] += slope**2
            weights[used] -= _STEP * slope / np.sqrt(moved[used])
            bias -= 0.1 * wrong.mean(0)
    return weights, bias


def probabilities(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(1, keepdims=True))
    found: Floats = powers / powers.sum(1, keepdims=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, metavar="DIR", help="folder of MiniLM (default: the model store's)")
    parser.add_argument("--out", type=Path, default=_OUT, metavar="FOLDER", help="where the two are written")
    parser.add_argument("--only-ngrams", action="store_true", help="without the embedding's head")
    args = parser.parse_args()
    found = examples(_DATA)
    names = sorted({one.action for one in found})
    _learn_ngrams(found, names, args.out / "intents-ngrams.npz")
    if not args.only_ngrams:
        model = minilm.load(EmbeddingSettings(threads=2), args.model or Store(None).folder("minilm-l6-v2"))
        _learn_embeddings(model, found[::_EMBEDDED], names, args.out / "intents-minilm.npz")
    return 0


def _learn_ngrams(found: list[Example], names: list[str], file: Path) -> None:
    labels = np.array([names.index(one.action) for one in found], np.int64)
    learned = np.array([not one.is_kept_back for one in found])
    weights, bias = fit_ngrams([one.text for one in found if not one.is_kept_back], labels[learned], len(names))
    scale = np.abs(weights).max(0) / 127
    whole = np.round(weights / scale).astype(np.int8)
    model = ngrams.Ngrams(whole * scale, bias)
    scores = np.stack([model.scores(one.text) for one in found if one.is_kept_back])
    _report(file, scores.argmax(1), labels[~learned], names)
    words = {word for one in found if one.is_as_meant for word in re.findall(r"[a-z']+", one.text)}
    lists: dict[str, Any] = {"names": np.array(" ".join(names)), "words": np.array(" ".join(sorted(words)))}
    np.savez_compressed(file, weights=whole, scale=scale.astype(np.float32), bias=bias, **lists)


def _learn_embeddings(model: minilm.MiniLm, found: list[Example], names: list[str], file: Path) -> None:
    vectors = np.stack([model.embed(one.text) for one in tqdm(found, desc="embedding")])
    labels = np.array([names.index(one.action) for one in found], np.int64)
    learned = np.array([not one.is_kept_back for one in found])
    weights, bias = fit(vectors[learned], labels[learned], len(names))
    _report(file, (vectors[~learned] @ weights + bias).argmax(1), labels[~learned], names)
    np.savez_compressed(file, names=np.array(names), weights=weights.astype(np.float16), bias=bias)


def _report(file: Path, guessed: Labels, labels: Labels, names: list[str]) -> None:
    none = names.index("none")
    print(
        f"{file.name}: right of those kept back {(guessed == labels).mean():.3f}; "
        f"of none taken for an action {(guessed[labels == none] != none).mean():.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
