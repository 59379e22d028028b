"""The assistant on recordings: audio in, events out, on one thread. The tests' and the demo's way through the pipeline."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from itertools import count

from edgevoice import turn as turns
from edgevoice.listen import Listener
from edgevoice.messages import AudioChunk, Event, SpeechEnded, Turn, TurnEnded


def replay(
    chunks: Iterable[AudioChunk], listener: Listener, stages: turns.Stages, cancel: threading.Event | None = None
) -> Iterator[Event]:
    """Feeds `chunks` to the listener and runs a turn on each utterance; the stream stands still meanwhile.

    A turn that ends with a question opens the ear at once, with no wake word, as the live assistant does.
    """
    cancel = cancel or threading.Event()
    numbers = count(1)
    for chunk in chunks:
        if cancel.is_set():
            return
        for event in listener.feed(chunk):
            yield event
            if not isinstance(event, SpeechEnded):
                continue
            for answer in turns.run(stages, Turn(f"replay-{next(numbers)}", cancel), event.utterance):
                yield answer
                if isinstance(answer, TurnEnded) and answer.expects:
                    listener.listen_now(chunk.start + len(chunk.samples))
