"""Which of the sentences that a recogniser may have heard was meant: what makes sense in this home.

Sentences that come to the same count together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from edgevoice.messages import Intent, Transcript

_NEAR = 3.0
"""A sentence this much less likely than the best one, natural logarithm, was not said."""


def meant(heard: Transcript, understand: Callable[[str], tuple[Intent, ...]]) -> Transcript:
    """`heard` with the text that is likeliest to mean something, and no surer than that it means this and no other."""
    near = [one for one in heard.alternatives if one.score >= heard.alternatives[0].score - _NEAR]
    if len(near) < 2:
        return heard
    weights: Counter[object] = Counter()
    texts: dict[object, str] = {}
    for one in near:
        found = understand(one.text)
        if found:
            meaning = tuple((intent.name, frozenset(intent.slots.items()), intent.targets) for intent in found)
            weights[meaning] += math.exp(one.score - near[0].score)  # type: ignore[assignment]
            texts.setdefault(meaning, one.text)
    if not weights:
        return heard
    (best, most), *others = weights.most_common(2)
    other = others[0][1] if others else 0
    return replace(heard, text=texts[best], confidence=min(heard.confidence, (most - other) / (most + other)))
