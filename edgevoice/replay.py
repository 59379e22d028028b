"""The assistant on recordings: audio in, events out, on one thread. The tests' and the demo's way through the pipeline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from edgevoice import turn as turns
from edgevoice.ahead import Ahead
from edgevoice.listen import Listener
from edgevoice.messages import RATE, AudioChunk, Ending, Event, SpeechEnded, SpeechPaused, Turn, TurnEnded, Utterance


def replay(
    chunks: Iterable[AudioChunk], listener: Listener, stages: turns.Stages, cancel: threading.Event | None = None
) -> Iterator[Event]:
    """Feeds `chunks` to the listener and runs a turn on each utterance; the stream stands still meanwhile.

    A turn that ends with a question opens the ear at once, with no wake word, as the live assistant does. What is
    understood ahead at a pause is known once the stream has gone on for as long as that took.
    """
    cancel = cancel or threading.Event()
    numbers = count(1)
    ahead = Ahead(stages)
    late = Late(ahead.weigh)
    for chunk in chunks:
        if cancel.is_set():
            return
        late.tell(listener, chunk.start)
        for event in listener.feed(chunk):
            yield event
            if isinstance(event, SpeechPaused):
                late.weigh(event)
            if not isinstance(event, SpeechEnded):
                continue
            for answer in turns.run(stages, Turn(f"replay-{next(numbers)}", cancel), ahead.said(event.utterance)):
                yield answer
                if isinstance(answer, TurnEnded) and answer.expects:
                    listener.listen_now(chunk.start + len(chunk.samples))


class Late:
    """Weighs pauses with `weigh`, and tells the listener as late in the stream as that took by `clock`, in seconds."""

    def __init__(
        self, weigh: Callable[[Utterance], Ending | None], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._weigh, self._clock = weigh, clock
        self._found: tuple[int, Utterance, Ending] | None = None

    def weigh(self, paused: SpeechPaused) -> None:
        began = self._clock()
        ending = self._weigh(paused.utterance)
        took = round((self._clock() - began) * RATE)
        self._found = None if ending is None else (paused.at + took, paused.utterance, ending)

    def tell(self, listener: Listener, now: int) -> None:
        """`now`: the samples of the stream that were heard."""
        if self._found is not None and self._found[0] <= now:
            _, utterance, ending = self._found
            listener.expect(utterance, ending)
            self._found = None
