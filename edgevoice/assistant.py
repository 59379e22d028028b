"""The live assistant: the only file that starts threads.

| thread        | does                                                                 |
|---------------|----------------------------------------------------------------------|
| ears          | microphone -> listener; hands what was heard to the turns            |
| turns         | the caller of `run`: turns, the home's messages, timers, the voice;  |
|               | between turns it understands ahead what was said before a pause      |
| llm loader    | loads the language model while the ears already listen               |
| llm writer    | one answer of it; the turns speak meanwhile                          |

The queue between ears and turns is bounded and counts what it loses. A wake word during a turn cancels that turn, and so
does `stop` while it speaks.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

from edgevoice import turn as turns
from edgevoice.ahead import Ahead
from edgevoice.errors import EdgeVoiceError, StageError
from edgevoice.listen import Listener
from edgevoice.messages import (
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
from edgevoice.stages import ChatMessage, Llm, Microphone

_log = logging.getLogger(__name__)

_QUEUE = 8  # more than a person says while one turn runs
_IDLE_SECONDS = 0.1
_SILENT_SECONDS = 0.05
"""How long the language model may be silent before an empty piece says so; `cancel` is looked at as often."""


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


class Assistant:
    """`mic` is opened by the ears. `observe` sees every event, on the thread that made it, and must be quick.

    `cue(name)` plays the short sound `listening` or `failed`; `beat` is called about ten times a second while all is well.
    """

    def __init__(
        self,
        mic: Microphone,
        listener: Listener,
        stages: turns.Stages,
        observe: Callable[[Event], None],
        cue: Callable[[str], None],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._mic = mic
        self._listener = listener
        self._stages = stages
        self._observe = observe
        self._cue = cue
        self._beat = beat
        self._ahead = Ahead(stages)
        self._heard: queue.Queue[ListenEvent | Wish] = queue.Queue(_QUEUE)
        self._endings: deque[tuple[Utterance, Ending]] = deque(maxlen=1)
        self._stop = threading.Event()
        self._follow_up = threading.Event()
        self._turn: Turn | None = None
        self._ears_error: BaseException | None = None
        self.lost = 0
        self.muted = False
        """While true nothing is heard, no wake word either. May be set by any thread."""

    def run(self) -> None:
        """Listens and answers until `stop`. Raises what ended the ears: AudioError where there is no microphone."""
        ears = threading.Thread(target=self._listen, name="ears", daemon=True)
        ears.start()
        numbers = count(1)
        try:
            while not self._stop.is_set():
                if self._ears_error is not None:
                    raise self._ears_error
                self._beat()
                self._take_turn(numbers)
                if not self._stages.link.pump():
                    turns.prepare(self._stages)
                self._end_timers(numbers)
        finally:
            self.stop()
            self._mic.close()
            ears.join(2.0)

    def stop(self) -> None:
        """Ends `run` soon, in the middle of a turn too. May be called from a signal handler or any thread."""
        self._stop.set()
        turn = self._turn
        if turn is not None:
            turn.cancel.set()

    def wish(self, wish: Wish) -> bool:
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
            if not self._stop.is_set():
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

    def _put(self, item: ListenEvent | Wish) -> bool:
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
        try:
            for event in events(turn):
                observe(event)
                self._observe(event)
                if isinstance(event, TurnFailed) and is_aloud:
                    self._cue("failed")
                if isinstance(event, TurnEnded) and event.expects and is_aloud:
                    self._follow_up.set()
        finally:
            self._turn = None
            self._stages.keep()

    def _end_timers(self, numbers: Iterator[int]) -> None:
        for outcome in self._stages.conversation.due(time.monotonic()):
            self._answer(next(numbers), partial(turns.carry_out, self._stages, outcome=outcome))


class LateLlm:
    """A language model that loads behind everything else; who asks too early waits, at most `patience_seconds`."""

    def __init__(self, load: Callable[[], Llm], patience_seconds: float) -> None:
        self._load = load
        self._patience_seconds = patience_seconds
        self._ready = threading.Event()
        self._llm: Llm | None = None
        self._problem = ""
        self._writing = threading.Lock()

    def start(self, prefixes: Sequence[Sequence[ChatMessage]] = ()) -> None:
        """Begins to load, and then to read the prompt `prefixes`."""
        threading.Thread(target=self._run, args=(prefixes,), name="llm loader", daemon=True).start()

    def generate(
        self, messages: Sequence[ChatMessage], max_tokens: int, cancel: threading.Event, grammar: str = ""
    ) -> Iterator[str]:
        """See `stages.Llm`. It is written by a thread of its own, so that a silent model is noticed in time, and goes on
        writing while its first sentence is spoken.
        """
        pieces: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()
        unwanted = threading.Event()

        def write() -> None:
            try:
                with self._writing:
                    for piece in self._wait(unwanted).generate(messages, max_tokens, unwanted, grammar):
                        pieces.put(piece)
                pieces.put(None)
            except Exception as error:
                pieces.put(error)

        threading.Thread(target=write, name="llm writer", daemon=True).start()
        try:
            while not cancel.is_set():
                try:
                    piece = pieces.get(timeout=_SILENT_SECONDS)
                except queue.Empty:
                    yield ""
                    continue
                if piece is None:
                    return
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            unwanted.set()

    def warm(self, messages: Sequence[ChatMessage]) -> None:
        with self._writing:
            self._wait(threading.Event()).warm(messages)

    def _run(self, prefixes: Sequence[Sequence[ChatMessage]]) -> None:
        try:
            llm = self._load()
            for prefix in prefixes:
                llm.warm(prefix)
            self._llm = llm
        except EdgeVoiceError as error:
            self._problem = str(error)
            _log.warning("no language model: %s", error)
        except Exception as error:
            self._problem = f"{type(error).__name__}: {error}"
            _log.exception("no language model")
        finally:
            self._ready.set()

    def _wait(self, unwanted: threading.Event) -> Llm:
        end = time.monotonic() + self._patience_seconds
        while not self._ready.wait(_SILENT_SECONDS):
            if unwanted.is_set() or time.monotonic() > end:
                raise StageError("llm", "loading", "the language model is still loading")
        if self._llm is None:
            raise StageError("llm", "absent", f"there is no language model: {self._problem}")
        return self._llm
