"""Trains the small head that tells actions apart by the meaning of a sentence: `models/intents-minilm.npz`.

    python tools/train_intents.py [--model DIR] [--out FILE]

Its sentences are sampled from the templates of `tools/training/intents.yaml`; one in ten of each action's is kept back to
be measured on. The head is a logistic regression on the sentence embedding, fitted by full-batch gradient descent.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

import numpy as np
import yaml
from hassil import parse_sentence
from hassil.sample import sample_expression
from numpy.typing import NDArray
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from edgevoice.config import EmbeddingSettings
from edgevoice.embedding import minilm
from edgevoice.model_store import Store

_DATA = Path(__file__).parent / "training" / "intents.yaml"
_OUT = Path(__file__).resolve().parent.parent / "models" / "intents-minilm.npz"
_EACH = 260
_FORMS = 4000
_STEPS, _RATE, _DECAY = 600, 4.0, 2e-5

Floats = NDArray[np.float32]


def sentences(file: Path, seed: int = 0) -> list[tuple[str, str]]:
    """(action, sentence) pairs; of `none` three times as many, as most of what is said is that."""
    data = yaml.safe_load(file.read_text("utf-8"))
    rules = {name: parse_sentence(text) for name, text in data["rules"].items()}
    chance = random.Random(seed)
    pairs = []
    for action, templates in data["actions"].items():
        share = (_EACH * (3 if action == "none" else 1)) // len(templates) + 1
        for template in templates:
            forms: set[str] = set()
            for form in sample_expression(parse_sentence(template).expression, expansion_rules=rules):
                forms.add(" ".join(form.split()))
                if len(forms) == _FORMS:
                    break
            pairs += [(action, form) for form in chance.sample(sorted(forms), min(share, len(forms)))]
    chance.shuffle(pairs)
    return pairs


def fit(vectors: Floats, labels: NDArray[np.int64], classes: int) -> tuple[Floats, Floats]:
    """Weights [dimensions, classes] and bias [classes]; every class counts the same."""
    weights, bias = np.zeros((vectors.shape[1], classes), np.float32), np.zeros(classes, np.float32)
    wanted = np.eye(classes, dtype=np.float32)[labels]
    share = (1.0 / np.bincount(labels, minlength=classes))[labels, None] / classes
    for _ in range(_STEPS):
        wrong = (probabilities(vectors @ weights + bias) - wanted) * share
        weights -= _RATE * classes * (vectors.T @ wrong + _DECAY * weights)
        bias -= _RATE * wrong.sum(0)
    return weights.astype(np.float32), bias.astype(np.float32)


def probabilities(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(1, keepdims=True))
    found: Floats = powers / powers.sum(1, keepdims=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, metavar="DIR", help="folder of MiniLM (default: the model store's)")
    parser.add_argument("--out", type=Path, default=_OUT, metavar="FILE", help="where the head is written")
    args = parser.parse_args()
    model = minilm.load(EmbeddingSettings(threads=2), args.model or Store(None).folder("minilm-l6-v2"))
    pairs = sentences(_DATA)
    names = sorted({action for action, _ in pairs})
    vectors = np.stack([model.embed(text) for _, text in tqdm(pairs, desc="embedding")])
    labels = np.array([names.index(action) for action, _ in pairs], np.int64)
    kept = np.arange(len(pairs)) % 10 == 0
    weights, bias = fit(vectors[~kept], labels[~kept], len(names))
    found = (vectors[kept] @ weights + bias).argmax(1)
    print(
        f"{len(pairs)} sentences, {len(names)} actions; right on those kept back: {(found == labels[kept]).mean():.3f}"
    )
    np.savez_compressed(args.out, names=np.array(names), weights=weights.astype(np.float16), bias=bias)
    return 0


if __name__ == "__main__":
    sys.exit(main())
