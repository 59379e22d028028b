"""What a recogniser makes of a sentence: words that sound alike, words lost at the edges, split or run together."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable

from edgevoice.nlu.sounds import exchange, sounds

_LITTLE = frozenset(["the", "a", "an", "my", "our", "please", "to", "of", "in", "for", "me", "some"])
_KEPT = frozenset(
    [
        "on",
        "off",
        "up",
        "down",
        "open",
        "close",
        "lock",
        "unlock",
        "mute",
        "unmute",
        "more",
        "less",
        "not",
        "no",
        "don't",
    ]
)
"""What says which way: never made into anything else."""
_ONSETS = ("and", "the", "a", "so", "what", "i", "oh", "hey", "is", "can", "uh", "do")


class Channel:
    """`words` are all that it may write."""

    def __init__(self, words: Iterable[str]) -> None:
        self._alike: dict[str, list[str]] = defaultdict(list)
        for word in sorted(set(words)):
            for key in _near(sounds(word)):
                self._alike[key].append(word)

    def hear(self, text: str, chance: random.Random) -> str:
        """The sentence with one to three slips."""
        words = text.split()
        for _ in range(chance.choice((1, 1, 2, 3))):
            at = chance.randrange(len(words))
            words[at : at + 1] = self._slip(words[at], at, chance)
            if not words:
                return text
        if chance.random() < 0.15 and len(words) > 2 and words[0] not in _KEPT:
            del words[0]
        if chance.random() < 0.2:
            words.insert(0, chance.choice(_ONSETS))
        return " ".join(words)

    def _slip(self, word: str, at: int, chance: random.Random) -> list[str]:
        if word in _KEPT:
            return [word]
        if word in _LITTLE:
            return [] if at and chance.random() < 0.7 else [chance.choice(sorted(_LITTLE))]
        others = sorted({one for key in _near(sounds(word)) for one in self._alike.get(key, ())} - {word} - _KEPT)
        if not others:
            return [word]
        return [chance.choice(others)]


def _near(key: str) -> set[str]:
    """The sounds themselves, and without one weak sound."""
    return {key, *(key[:i] + key[i + 1 :] for i in range(len(key)) if len(key) > 2 and exchange(key[i], "a") < 100)}
