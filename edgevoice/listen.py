"""When a turn's speech begins and ends: wake word, voice activity and endpoint as a state machine.

    idle ── wake word ──> waiting ── speech ──> speaking ── silence ──> idle, with the utterance
                             └─── nothing for start_seconds ──> idle

How long the silence must be depends on what was said: at each short pause the listener tells of it, and whoever has
understood it by then says so with `expect`.
The wake word tells how loud its speaker is here: who is quiet is made louder, for the VAD and in the utterance. So nothing
but a voice sets the gain, and noise alone is never raised.
No thread and no clock: time is the stream's samples. Only one engine runs at a time, the wake word's while idle and the
VAD otherwise; while the speaker plays, the words that end the voice are listened for beside the wake word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgevoice.config import ListenSettings
from edgevoice.messages import (
    RATE,
    AudioChunk,
    Ending,
    ListenEvent,
    NoSpeech,
    Samples,
    SpeechEnded,
    SpeechPaused,
    SpeechStarted,
    StopHeard,
    Utterance,
    WakeHeard,
)
from edgevoice.stages import SpeechProbability, Vad, WakeDetector, WakeScore

_PIECE = 1280  # longer chunks are taken in pieces, so that events do not depend on how the stream is cut
_SPARE_SECONDS = 2.0  # kept beyond the longest utterance: where the wake word ended, what `listen_now` asks for
_HYSTERESIS = 0.15  # speech goes on while the probability stays above the threshold less this
_DROP_DB = 15.0  # what is so far under the voice is another one in the background
_LOUD_DB = 12.0  # what is nearly as loud as the voice still is the voice, though the VAD has lost it
_LOST = round(0.5 * RATE)  # for so long
_LOUDEST = 5
_ONSET_GAP = round(0.2 * RATE)  # speech shorter than the minimum is forgotten after such a gap
_CUT_REACH, _CUT_FRAME = round(0.12 * RATE), 320
_WORD, _LEVEL_FRAME = round(0.6 * RATE), 320  # how loud the wake word is, by the loudest frames of it
_WORKING_DB, _LARGEST_GAIN_DB = 60.0, 30.0  # a quieter voice is raised to the first, over one step of int16


class Listener:
    """`feed` every chunk of one stream, without gaps; take the events. `wake` None: only `listen_now` starts a turn.

    `threshold` is the VAD's probability from which a window is speech. `stops` hear the words that end the voice;
    they may share `vad`.
    """

    def __init__(
        self,
        wake: WakeDetector | None,
        vad: Vad,
        settings: ListenSettings,
        threshold: float = 0.5,
        stops: Sequence[WakeDetector] = (),
    ) -> None:
        self._wake = wake
        self._stops = stops
        self._is_over_voice = False
        self._vad = vad
        self._settings = settings
        self._threshold = threshold
        self._ring = _Ring(_samples(settings.pre_roll_seconds + settings.maximum_seconds + _SPARE_SECONDS))
        self._heard: WakeHeard | None = None
        self._attempt: _Attempt | None = None
        self._gain = 1.0

    @property
    def words(self) -> tuple[str, ...]:
        """The wake words that are waited for."""
        return self._wake.words if self._wake is not None else ()

    def wake_peaks(self) -> Mapping[str, WakeScore]:
        """The highest score of each wake word since this was asked last; the words are not waited for while listening."""
        return self._wake.peaks() if self._wake is not None else {}

    @property
    def listening(self) -> bool:
        """Is a turn's speech being waited for or taken down?"""
        return self._attempt is not None or self._heard is not None

    def listen_now(self, at: int) -> None:
        """Listens for speech from stream index `at` on, with no wake word: push to talk, or the answer to a question."""
        self._begin(at, None)

    def expect(self, utterance: Utterance, ending: Ending) -> None:
        """What a `SpeechPaused` told of is understood; that counts while nothing more is said."""
        if self._attempt is not None and utterance.speech_end == self._attempt.last:
            self._attempt.ending = ending

    def cancel(self) -> None:
        """Back to waiting for the wake word; what was said is dropped."""
        self._heard = self._attempt = None
        if self._wake is not None:
            self._wake.reset()

    def feed(self, chunk: AudioChunk) -> Iterator[ListenEvent]:
        """The events that `chunk` (int16 at RATE, any length) brings about. A chunk out of order begins a new stream."""
        if chunk.start != self._ring.end:
            self.cancel()
            self._is_over_voice, self._gain = False, 1.0
        for i in range(0, len(chunk.samples), _PIECE):
            piece = chunk.part(i, i + _PIECE)
            self._ring.append(piece)
            if not self.listening and self._wake is not None:
                self._heard = next(iter(self._wake.feed(piece)), None)
                if self._heard is not None:
                    yield self._heard
            yield from self._ended(piece)
            if self._heard is not None and self._ring.end >= _word_end(self._heard) + _CUT_REACH:
                self._gain = self._gain_for(self._heard)
                self._begin(self._cut(self._heard), self._heard.word)
            if self._attempt is not None:
                yield from self._listen(self._attempt)

    def _ended(self, piece: AudioChunk) -> Iterator[StopHeard]:
        was_over_voice, self._is_over_voice = self._is_over_voice, piece.echo is not None and not self.listening
        if not self._is_over_voice:
            return
        for stop in self._stops:
            if not was_over_voice:
                stop.reset()
            if heard := stop.feed(piece):
                yield StopHeard(heard[0].word, heard[0].at)
                self._is_over_voice = False  # heard once more, by another detector, it would end what is said next
                return

    def _begin(self, at: int, word: str | None) -> None:
        self._vad.reset()
        begin = max(at, self._ring.start)
        self._heard, self._attempt = None, _Attempt(begin, begin, word, begin)

    def _cut(self, heard: WakeHeard) -> int:
        """Where the wake word gives way to the command: the quietest moment around its estimated end.

        Said in one breath, a command begins before the detector fires, and a late cut would lose its first syllable.
        """
        end = _word_end(heard)
        start = max(self._ring.start, end - _CUT_REACH)
        around = self._ring.slice(start, end + _CUT_REACH).astype(np.float64)
        energy = np.convolve(around**2, np.ones(_CUT_FRAME), "valid")
        return start + int(energy.argmin()) + _CUT_FRAME // 2

    def _gain_for(self, heard: WakeHeard) -> float:
        end = _word_end(heard)
        word = self._ring.slice(end - _WORD, end)
        word = word[: len(word) // _LEVEL_FRAME * _LEVEL_FRAME].reshape(-1, _LEVEL_FRAME)
        loudest = sorted(_level(frame) for frame in word)[-_LOUDEST:]
        return float(10 ** (np.clip(_WORKING_DB - np.mean(loudest or _WORKING_DB), 0, _LARGEST_GAIN_DB) / 20))

    def _listen(self, attempt: _Attempt) -> Iterator[ListenEvent]:
        fresh = self._ring.slice(attempt.next, self._ring.end)
        if not len(fresh):
            return
        windows = self._vad.feed(AudioChunk(_raised(fresh, self._gain), RATE, attempt.next))
        attempt.next += len(fresh)
        for window in windows:
            if (event := self._step(attempt, window)) is None:
                continue
            goes_on = isinstance(event, (SpeechStarted, SpeechPaused))
            if not goes_on:
                self.cancel()
            yield event
            if not goes_on:
                return

    def _step(self, attempt: _Attempt, window: SpeechProbability) -> ListenEvent | None:
        settings = self._settings
        started = attempt.started
        level = _level(self._ring.slice(attempt.window_end, window.end))
        attempt.hear(window, level, self._threshold)
        if not attempt.started:
            if attempt.onset is not None and attempt.last - attempt.onset >= _samples(settings.minimum_seconds):
                attempt.started = True
            elif attempt.onset is None and window.end - attempt.begin >= _samples(settings.start_seconds):
                return NoSpeech(window.end)
            elif window.end - attempt.last >= _ONSET_GAP:
                attempt.onset = None
        if not attempt.started or attempt.onset is None:
            return None
        if not started:
            return SpeechStarted(attempt.onset)
        silence = window.end - attempt.last
        rule = self._over(attempt, silence, window.end - attempt.onset)
        if rule:
            return SpeechEnded(self._utterance(attempt, attempt.onset, window.end), window.end, rule)
        if 0 < _samples(settings.pause_seconds) <= silence and not attempt.paused:
            attempt.paused = True
            return SpeechPaused(self._utterance(attempt, attempt.onset, window.end), window.end)
        return None

    def _over(self, attempt: _Attempt, silence: int, length: int) -> str:
        """By what rule the speech has ended; empty where it has not."""
        if length >= _samples(self._settings.maximum_seconds):
            return "length"
        ending = attempt.ending or Ending(self._settings.silence_seconds, "silence")
        return ending.rule if silence >= _samples(ending.silence_seconds) else ""

    def _utterance(self, attempt: _Attempt, onset: int, end: int) -> Utterance:
        start = max(attempt.begin, onset - _samples(self._settings.pre_roll_seconds))
        samples = _raised(self._ring.slice(start, end), self._gain)
        return Utterance(samples, RATE, start, attempt.last, attempt.word)


@dataclass(slots=True)
class _Attempt:
    """One wait for speech. All but `word` are stream indices."""

    begin: int
    next: int
    """First sample that the VAD has not seen."""
    word: str | None
    window_end: int
    """End of the last window that the VAD has judged."""
    onset: int | None = None
    last: int = 0
    """End of the last window of the voice."""
    in_speech: bool = False
    spoken: int = 0
    """End of the last window that the VAD took for speech, however faint."""
    started: bool = False
    paused: bool = False
    """The pause after `last` was told of; `ending` is how long it may be, once that is known."""
    ending: Ending | None = None
    loudest: list[float] = field(default_factory=list)
    """Levels of the loudest windows of speech, in decibels; several, so that one bang does not set the scale."""

    def hear(self, window: SpeechProbability, level: float, threshold: float) -> None:
        self.in_speech = window.probability >= threshold - (_HYSTERESIS if self.in_speech else 0)
        if self.in_speech:
            self.loudest = sorted((*self.loudest, level))[-_LOUDEST:]
            self.spoken = window.end
        is_voice = self.in_speech and (not self.started or level > self.loudest[0] - _DROP_DB)
        is_lost = self.started and len(self.loudest) == _LOUDEST and window.end - self.spoken < _LOST
        if is_voice or (is_lost and level > self.loudest[0] - _LOUD_DB):
            if self.onset is None:
                self.onset = self.window_end
            self.last, self.paused, self.ending = window.end, False, None
        self.window_end = window.end


class _Ring:
    """The last `capacity` samples of the stream."""

    def __init__(self, capacity: int) -> None:
        self._buffer: Samples = np.zeros(capacity, np.int16)
        self.start = self.end = 0

    def append(self, chunk: AudioChunk) -> None:
        if chunk.start != self.end:  # the first chunk, or a new stream
            self.start = chunk.start
        self.end = chunk.start + len(chunk.samples)
        self._buffer[np.arange(chunk.start, self.end) % len(self._buffer)] = chunk.samples
        self.start = max(self.start, self.end - len(self._buffer))

    def slice(self, start: int, end: int) -> Samples:
        """Samples `start` to `end` of the stream, as far as they are kept."""
        start, end = max(start, self.start), min(end, self.end)
        return self._buffer[np.arange(start, max(start, end)) % len(self._buffer)]


def _word_end(heard: WakeHeard) -> int:
    return heard.at if heard.word_end is None else heard.word_end


def _raised(samples: Samples, gain: float) -> Samples:
    """`gain` times as loud, less where that would clip."""
    if gain == 1 or not len(samples):
        return samples
    loudest = float(np.abs(samples.astype(np.float32)).max())
    louder: Samples = np.round(samples * min(gain, 32767 / max(loudest, 1.0))).astype(np.int16)
    return louder


def _level(samples: Samples) -> float:
    """Mean power in decibels over one step of int16."""
    return float(10 * np.log10(np.mean(samples.astype(np.float32) ** 2) + 1))


def _samples(seconds: float) -> int:
    return round(seconds * RATE)
