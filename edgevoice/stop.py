"""Words that end the voice, such as "stop", said into it without a wake word: short speech that is nothing else."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edgevoice.errors import StageError
from edgevoice.messages import RATE, AudioChunk, Samples, WakeHeard
from edgevoice.stages import Vad, WakeScore

_log = logging.getLogger(__name__)

_BEFORE = round(0.25 * RATE)  # taken with the speech: a VAD notices its beginning late
_SHORTEST, _LONGEST = round(0.06 * RATE), round(1.2 * RATE)
_PAUSE = round(0.06 * RATE)  # a silence after which what was said is recognised
_OVER = round(0.4 * RATE)  # a silence that parts what is said before it from what is said after it
_ABOVE_DB = 6.0  # what is said is so much louder than what is left of the voice
_LEVELS = 60  # windows by which that is known
_KEPT = _BEFORE + _LONGEST + _OVER + RATE


class StopWords:
    """A WakeDetector of `words`, for while the speaker plays: `transcribe` is asked at each short pause, and they are
    heard where that is all that was said. `threshold` is the VAD's probability from which a window is speech.
    """

    def __init__(
        self, words: Sequence[str], vad: Vad, transcribe: Callable[[Samples], str], threshold: float = 0.5
    ) -> None:
        self.words = tuple(words)
        self._vad, self._transcribe, self._threshold = vad, transcribe, threshold
        self.reset()

    def reset(self) -> None:
        self._vad.reset()
        self._past: Samples = np.empty(0, np.int16)
        self._window_end: int | None = None
        self._onset: int | None = None
        self._last = 0
        self._asked = False
        self._levels: deque[float] = deque(maxlen=_LEVELS)

    def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
        end = chunk.start + len(chunk.samples)
        self._past = np.concatenate((self._past, chunk.samples))[-_KEPT - len(chunk.samples) :]
        if self._window_end is None:
            self._window_end = chunk.start
        heard = []
        for window in self._vad.feed(chunk):
            level = self._level(end - self._window_end, end - window.end)
            above = not self._levels or level > float(np.percentile(self._levels, 75)) + _ABOVE_DB
            is_voice = above and window.probability >= self._threshold
            if not is_voice or (self._onset is not None and window.end - self._onset > _LONGEST):
                self._levels.append(level)
            if is_voice:
                if self._onset is None:
                    self._onset = self._window_end
                self._last, self._asked = window.end, False
            self._window_end = window.end
            if (word := self._said(window.end, end)) is not None:
                heard.append(WakeHeard(word, 1.0, window.end, self._last))
                self._onset = None
        return heard

    def peaks(self) -> Mapping[str, WakeScore]:
        """None: its words are recognised, not scored."""
        return {}

    def _level(self, begin: int, until: int) -> float:
        """Decibels of the samples kept from `begin` before their end to `until` before it."""
        samples = self._past[len(self._past) - begin : len(self._past) - until].astype(np.float64)
        return float(10 * np.log10(np.mean(samples**2) + 1))

    def _said(self, now: int, end: int) -> str | None:
        """The word that was said by `now`, where `end` is that of the samples kept."""
        silence = now - self._last
        if self._onset is None or silence < _PAUSE:
            return None
        if silence >= _OVER:
            self._onset = None
            return None
        if self._asked or not _SHORTEST <= self._last - self._onset <= _LONGEST:
            return None
        self._asked = True
        begin = len(self._past) - (end - self._onset) - _BEFORE
        try:
            text = self._transcribe(self._past[max(0, begin) : len(self._past) - (end - now)])
        except StageError as error:
            _log.warning("not heard whether that was to stop: %s", error)
            return None
        said = " ".join(re.findall(r"\w+", text.casefold()))
        return said if said in self.words else None
