"""A voice that remembers what it said: frequent replies are played without being made again. In memory only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping

from edgevoice.messages import Samples
from edgevoice.stages import Style, Tts
from edgevoice.tts.sentences import pronounced

_LONGEST = 160
"""Characters: a longer text is not said twice."""


class RememberedTts:
    """`stages.Tts` over another one. Owned by the turns worker. The least recently said goes when `megabytes` are full.

    `pronounce` is how words are written for the voice: `{"Siobhan": "Shivawn"}`.
    """

    def __init__(self, tts: Tts, megabytes: float, pronounce: Mapping[str, str]) -> None:
        self._tts, self._bytes, self._pronounce = tts, int(megabytes * 1e6), dict(pronounce)
        self._said: OrderedDict[tuple[str, Style], tuple[Samples, ...]] = OrderedDict()
        self.held_bytes = 0
        self.hits = self.misses = 0

    @property
    def rate(self) -> int:
        return self._tts.rate

    @property
    def whispers(self) -> bool:
        return self._tts.whispers

    def speak(self, sentence: str, style: Style = Style()) -> Iterator[Samples]:
        """See `stages.Tts`. What is broken off is not remembered."""
        key = sentence, style
        if key in self._said:
            self.hits += 1
            self._said.move_to_end(key)
            yield from self._said[key]
            return
        self.misses += 1
        yield from self._make(key)

    def warm(self, sentence: str, style: Style = Style()) -> bool:
        """Makes it ready; False where it was."""
        key = sentence, style
        if key in self._said or not self._fits(sentence):
            return False
        for _ in self._make(key):
            pass
        return key in self._said

    def _make(self, key: tuple[str, Style]) -> Iterator[Samples]:
        sentence, style = key
        made: list[Samples] = []
        for piece in self._tts.speak(pronounced(sentence, self._pronounce), style):
            made.append(piece)
            yield piece
        if made and self._fits(sentence):
            self._keep(key, tuple(made))

    def _fits(self, sentence: str) -> bool:
        return self._bytes > 0 and len(sentence) <= _LONGEST

    def _keep(self, key: tuple[str, Style], made: tuple[Samples, ...]) -> None:
        self._said[key] = made
        self.held_bytes += sum(piece.nbytes for piece in made)
        while self.held_bytes > self._bytes:
            _, oldest = self._said.popitem(last=False)
            self.held_bytes -= sum(piece.nbytes for piece in oldest)
