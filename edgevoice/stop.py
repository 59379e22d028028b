"""Words that end the voice, such as "stop", said into it without a wake word: short speech that is nothing else."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence

import numpy as np

from edgevoice.errors import StageError
from edgevoice.messages import RATE, AudioChunk, Samples, WakeHeard
from edgevoice.stages import Vad

_log = logging.getLogger(__name__)

_BEFORE = round(0.25 * RATE)  # taken with the speech: a VAD notices its beginning late
_SHORTEST, _LONGEST = round(0.06 * RATE), round(1.2 * RATE)
_PAUSE = round(0.06 * RATE)  # a silence after which what was said is recognised
_OVER = round(0.4 * RATE)  # a silence that parts what is said before it from what is said after it
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

    def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
        end = chunk.start + len(chunk.samples)
        self._past = np.concatenate((self._past, chunk.samples))[-_KEPT - len(chunk.samples) :]
        if self._window_end is None:
            self._window_end = chunk.start
        heard = []
        for window in self._vad.feed(chunk):
            if window.probability >= self._threshold:
                if self._onset is None:
                    self._onset = self._window_end
                self._last, self._asked = window.end, False
            self._window_end = window.end
            if (word := self._said(window.end, end)) is not None:
                heard.append(WakeHeard(word, 1.0, window.end, self._last))
                self._onset = None
        return heard

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
