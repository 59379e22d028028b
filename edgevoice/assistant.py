"""The live assistant and its threads. Threads beside these: the language model's (`late_llm.py`), and what serves a network.

| thread        | does                                                                 |
|---------------|----------------------------------------------------------------------|
| ears          | microphone -> listener; hands what was heard to the turns            |
| turns         | the caller of `run`: turns, the home's messages, timers, the voice;  |
|               | between turns it understands ahead what was said before a pause      |

The queue between ears and turns is bounded and counts what it loses. A wake word during a turn cancels that turn, and so
does `stop` while it speaks.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Protocol

from edgevoice import logs
from edgevoice import turn as turns
from edgevoice.ahead import Ahead
from edgevoice.errors import StageError
from edgevoice.messages import (
    AudioChunk,
    Ending,
    Event,
    ListenEvent,
    Listening,
    NoSpeech,
    Outcome,
    SpeechEnded,
    SpeechPaused,
    StopHeard,
    Turn,
    TurnEnded,
    TurnFailed,
    Utterance,
    WakeHeard,
)
from edgevoice.stages import Microphone, WakeScore

_log = logging.getLogger(__name__)

_QUEUE = 8  # more than a person says while one turn runs
_IDLE_SECONDS = 0.1
_EARS_SECONDS = 0.5  # in which they end; they are left to themselves where a device hangs


class Ear(Protocol):
    """What the ears listen with: `listen.Listener`."""

    @property
    def words(self) -> tuple[str, ...]: ...
    @property
    def listening(self) -> bool: ...
    def listen_now(self, at: int) -> None: ...
    def expect(self, utterance: Utterance, ending: Ending) -> None: ...
    def feed(self, chunk: AudioChunk) -> Iterator[ListenEvent]: ...
    def wake_peaks(self) -> Mapping[str, WakeScore]: ...


def _nobody(event: Event) -> None:
    """For wishes whose events nobody waits for."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for by text, not by ear. Its events go to `observe` first, and then to the assistant's own observer.

    `is_speech`: the text itself is to be said; else it is answered, by voice where `is_aloud`.
    """

    text: str
    is_speech: bool = False
    is_aloud: bool = True
    observe: Callable[[Event], None] = _nobody


@dataclass(frozen=True, slots=True)
class Errand:
    """What the turns worker is to do between turns, for whoever may not touch what it owns. It raises nothing.

    The event that it is given is set when somebody wants to speak.
    """

    do: Callable[[threading.Event], None]


class Assistant:
    """`mic` is opened by the ears. `observe` sees every event, on the thread that made it, and must be quick.

    `cue(name)` plays the short sound `listening` or `failed`; `beat` is called with `ears` and with `turns`, by each of
    these threads, several times a second and at every event while it gets on.
    """

    def __init__(
        self,
        mic: Microphone,
        listener: Ear,
        stages: turns.Stages,
        observe: Callable[[Event], None],
        cue: Callable[[str], None],
        beat: Callable[[str], None] = lambda part: None,
    ) -> None:
        self._mic = mic
        self._listener = listener
        self._stages = stages
        self._observe = observe
        self._cue = cue
        self._beat = beat
        self._ahead = Ahead(stages)
        self._heard: queue.Queue[ListenEvent | Wish | Errand] = queue.Queue(_QUEUE)
        self._endings: deque[tuple[Utterance, Ending]] = deque(maxlen=1)
        self._stop = threading.Event()
        self.is_stopped = False
        """Was it told to end at once?"""
        self._finish = threading.Event()
        self._follow_up = threading.Event()
        self._turn: Turn | None = None
        self._ears_error: BaseException | None = None
        self.lost = 0
        self.muted = False
        """While true nothing is heard, no wake word either. May be set by any thread."""

    def run(self) -> None:
        """Listens and answers until `stop` or `finish`. Raises what ended the ears."""
        ears = threading.Thread(target=self._listen, name="ears", daemon=True)
        ears.start()
        numbers = count(1)
        try:
            while not self._stop.is_set() and not self._is_finished():
                if self._ears_error is not None:
                    raise self._ears_error
                self._beat("turns")
                self._take_turn(numbers)
                if not self._stages.link.pump():
                    turns.prepare(self._stages)
                    if not self._listener.listening:
                        turns.rehearse(self._stages)
                self._end_timers(numbers)
            self._mic.close()
            ears.join(_EARS_SECONDS)
            while not self._stop.is_set() and not self._heard.empty():  # heard while the ears were closing
                self._take_turn(numbers)
        finally:
            self._end()
            self._mic.close()
            ears.join(_EARS_SECONDS)

    def finish(self) -> None:
        """Ends `run` once nothing is being heard, answered or asked. May be called from a signal handler or any thread."""
        self._finish.set()

    @property
    def waiting(self) -> int:
        """What was heard or wished and has not had its turn."""
        return self._heard.qsize()

    def _is_finished(self) -> bool:
        if not self._finish.is_set():
            return False
        return not self._listener.listening and not self._follow_up.is_set() and self._heard.empty()

    def stop(self) -> None:
        """Ends `run` soon, in the middle of a turn too. May be called from a signal handler or any thread."""
        self.is_stopped = True
        self._end()

    def _end(self) -> None:
        self._stop.set()
        turn = self._turn
        if turn is not None:
            turn.cancel.set()

    def wish(self, wish: Wish | Errand) -> bool:
        """Hands a wish to the turns, from any thread. False where too many wait: it is dropped, and counted as lost."""
        return self._put(wish)

    def listen(self) -> None:
        """Opens the ear without a wake word, from any thread."""
        self._follow_up.set()

    # --- ears ---------------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        try:
            with self._mic as chunks:
                self._observe(Listening(self._listener.words))
                for chunk in chunks:
                    self._beat("ears")
                    if self._stop.is_set():
                        return
                    if self.muted:  # the gap in the stream makes the listener forget what it heard before
                        self._follow_up.clear()
                        continue
                    if self._follow_up.is_set():
                        self._follow_up.clear()
                        self._listener.listen_now(chunk.start)
                    while self._endings:
                        self._listener.expect(*self._endings.popleft())
                    for event in self._listener.feed(chunk):
                        self._hand_over(event)
            if not self._stop.is_set() and not self._finish.is_set():
                raise StageError("audio", "ended", "the microphone's stream ended")
        except Exception as error:
            self._ears_error = error

    def _hand_over(self, event: ListenEvent) -> None:
        self._observe(event)
        turn = self._turn
        if isinstance(event, (WakeHeard, StopHeard)) and turn is not None:
            turn.cancel.set()
        if isinstance(event, StopHeard):
            return  # nobody listens after it
        if isinstance(event, SpeechPaused) and (turn is not None or not self._heard.empty()):
            return  # understanding ahead is worth it only at once
        self._put(event)

    def _put(self, item: ListenEvent | Wish | Errand) -> bool:
        try:
            self._heard.put_nowait(item)
        except queue.Full:
            self.lost += 1
            _log.warning("the turns are busy: lost %s (%d so far)", type(item).__name__, self.lost)
            return False
        return True

    # --- turns --------------------------------------------------------------------------------------------------------

    def _take_turn(self, numbers: Iterator[int]) -> None:
        try:
            event = self._heard.get(timeout=_IDLE_SECONDS)
        except queue.Empty:
            return
        match event:
            case WakeHeard():
                self._cue("listening")
            case SpeechPaused(utterance=utterance):
                if (ending := self._ahead.weigh(utterance)) is not None:
                    self._endings.append((utterance, ending))
            case SpeechEnded(utterance=utterance):
                self._answer(next(numbers), partial(turns.run, self._stages, said=self._ahead.said(utterance)))
            case NoSpeech():
                self._cue("failed")
            case Wish():
                self._grant(next(numbers), event)
            case Errand():
                self._run_errand(event)

    def _run_errand(self, errand: Errand) -> None:
        self._turn = turn = Turn("", threading.Event())
        try:
            errand.do(turn.cancel)
        finally:
            self._turn = None

    def _grant(self, number: int, wish: Wish) -> None:
        if wish.is_speech:
            said = partial(turns.carry_out, self._stages, outcome=Outcome(reply=wish.text))
            self._answer(number, said, wish.observe)
            return
        stages = self._stages
        if not wish.is_aloud:
            stages = replace(stages, voice=turns.Voice(None, stages.voice.sink))
        self._answer(number, partial(turns.run, stages, said=wish.text), wish.observe, wish.is_aloud)

    def _answer(
        self,
        number: int,
        events: Callable[[Turn], Iterator[Event]],
        observe: Callable[[Event], None] = _nobody,
        is_aloud: bool = True,
    ) -> None:
        turn = Turn(f"{number:04d}", threading.Event())
        self._turn = turn
        mark = logs.turn.set(turn.id)
        try:
            for event in events(turn):
                self._beat("turns")
                observe(event)
                self._observe(event)
                if isinstance(event, TurnFailed) and is_aloud:
                    self._cue("failed")
                if isinstance(event, TurnEnded) and event.expects and is_aloud:
                    self._follow_up.set()
        finally:
            self._turn = None
            self._stages.keep()
            logs.turn.reset(mark)

    def _end_timers(self, numbers: Iterator[int]) -> None:
        for outcome in self._stages.conversation.due(time.monotonic()):
            self._answer(next(numbers), partial(turns.carry_out, self._stages, outcome=outcome))
