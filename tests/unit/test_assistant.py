"""The live assistant's threads: turns, follow-ups, barge-in, loss, ends."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from fakes import stages
from household import intent

from edgevoice.assistant import Assistant, Wish
from edgevoice.errors import AudioError, ModelMissing, StageError
from edgevoice.late_llm import LateLlm
from edgevoice.messages import (
    RATE,
    AudioChunk,
    Ending,
    Event,
    Heard,
    ListenEvent,
    NoSpeech,
    SpeechEnded,
    SpeechPaused,
    StopHeard,
    TurnEnded,
    Utterance,
    WakeHeard,
)

WISHES = {
    "lamp on": (intent("HassTurnOn", "default", ("light.lamp",), name="Reading Lamp"),),
    "unlock": (intent("HassTurnOff", "lock", ("lock.front",), name="Front Door"),),
}
WAKE = WakeHeard("alexa", 0.9, 0)
SPOKEN = SpeechEnded(Utterance(np.zeros(RATE, np.int16), RATE, 0, RATE), RATE)
SECONDS = 10.0  # no test waits so long unless it fails


class Script:
    """A listener that hears what the test puts in, one event a chunk."""

    def __init__(self) -> None:
        self.events: queue.Queue[ListenEvent] = queue.Queue()
        self.listened_at: list[int] = []
        self.expected: queue.Queue[tuple[Utterance, Ending]] = queue.Queue()
        self.words = ("alexa",)
        self.listening = False

    def listen_now(self, at: int) -> None:
        self.listened_at.append(at)

    def expect(self, utterance: Utterance, ending: Ending) -> None:
        self.expected.put((utterance, ending))

    def feed(self, chunk: AudioChunk) -> Iterator[ListenEvent]:
        try:
            yield self.events.get(timeout=0.01)
        except queue.Empty:
            return


class Endless:
    """A microphone in a silent room."""

    def __init__(self) -> None:
        self.closed = False

    def __enter__(self) -> Iterator[AudioChunk]:
        return (AudioChunk(np.zeros(160, np.int16), RATE, 160 * i) for i in iter(int, 1))

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.closed = True


class Running:
    """An assistant on a thread of its own, and what it did."""

    def __init__(self, text: str, mic: Endless | None = None) -> None:
        self.script = Script()
        self.seen: queue.Queue[Event] = queue.Queue()
        self.cues: list[str] = []
        self.made, self.wire = stages(WISHES, text)
        self.mic = mic or Endless()
        self.beats: set[str] = set()
        self.assistant = Assistant(self.mic, self.script, self.made, self.seen.put, self.cues.append, self.beats.add)  # type: ignore[arg-type]
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.assistant.run()
        except BaseException as error:
            self.error = error

    def __enter__(self) -> Running:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.assistant.stop()
        self.thread.join(SECONDS)
        assert not self.thread.is_alive()

    def until(self, kind: type[Event]) -> Event:  # type: ignore[valid-type]
        while True:
            event = self.seen.get(timeout=SECONDS)
            if isinstance(event, kind):
                return event


def test_speech_becomes_a_turn() -> None:
    with Running("lamp on") as running:
        running.script.events.put(WAKE)
        running.script.events.put(SPOKEN)
        running.until(TurnEnded)
    assert [command.device for command in running.wire.sent] == ["light.lamp"]
    assert running.cues == ["listening"]


def test_a_pause_is_understood_ahead_and_the_turn_takes_what_was_heard_then() -> None:
    with Running("lamp on") as running:
        running.script.events.put(SpeechPaused(SPOKEN.utterance, RATE))
        assert running.script.expected.get(timeout=SECONDS) == (SPOKEN.utterance, Ending(0.45, "complete"))
        assert running.wire.sent == []
        running.made.asr.text = "something else"  # type: ignore[union-attr]
        running.script.events.put(SPOKEN)
        running.until(TurnEnded)
    assert [command.device for command in running.wire.sent] == ["light.lamp"]


def test_no_pause_is_understood_while_a_turn_runs() -> None:
    with Running("lamp on") as running:
        speaking, go_on = threading.Event(), threading.Event()

        def play(pieces: object, rate: int, cancel: threading.Event) -> None:
            speaking.set()
            go_on.wait(SECONDS)

        running.made.voice.sink.play = play  # type: ignore[method-assign]
        running.script.events.put(SPOKEN)
        assert speaking.wait(SECONDS)
        for _ in range(20):
            running.script.events.put(SpeechPaused(SPOKEN.utterance, RATE))
        for _ in range(20):
            running.until(SpeechPaused)
        go_on.set()
        running.until(TurnEnded)
    assert running.assistant.lost == 0
    assert running.script.expected.empty()


def test_a_question_opens_the_ear_again() -> None:
    with Running("unlock") as running:
        running.script.events.put(SPOKEN)
        ended = running.until(TurnEnded)
        assert isinstance(ended, TurnEnded)
        assert ended.expects is not None
        running.made.asr.text = "yes"  # type: ignore[union-attr]
        running.script.events.put(SPOKEN)
        running.until(TurnEnded)
    assert running.script.listened_at
    assert [command.value for command in running.wire.sent] == [False]


@pytest.mark.parametrize("event", [WAKE, StopHeard("stop", RATE)])
def test_a_wake_word_or_a_stop_word_cancels_the_turn_that_speaks(event: ListenEvent) -> None:
    with Running("lamp on") as running:
        speaking, cut = threading.Event(), threading.Event()

        def play(pieces: object, rate: int, cancel: threading.Event) -> None:
            speaking.set()
            if cancel.wait(SECONDS):
                cut.set()

        running.made.voice.sink.play = play  # type: ignore[method-assign]
        running.script.events.put(SPOKEN)
        assert speaking.wait(SECONDS)
        running.script.events.put(event)
        assert cut.wait(SECONDS)
        running.until(TurnEnded)
    assert running.cues == (["listening"] if event is WAKE else [])


def test_stop_ends_a_turn_in_its_middle() -> None:
    with Running("lamp on") as running:
        speaking = threading.Event()

        def play(pieces: object, rate: int, cancel: threading.Event) -> None:
            speaking.set()
            assert cancel.wait(SECONDS)

        running.made.voice.sink.play = play  # type: ignore[method-assign]
        running.script.events.put(SPOKEN)
        assert speaking.wait(SECONDS)
    assert running.error is None
    assert running.mic.closed


def test_both_workers_beat() -> None:
    with Running("lamp on") as running:
        running.script.events.put(SPOKEN)
        running.until(TurnEnded)
    assert running.beats == {"ears", "turns"}


def test_finish_ends_the_running_turn_and_what_waits_first() -> None:
    with Running("lamp on") as running:
        speaking, go_on = threading.Event(), threading.Event()

        def play(pieces: object, rate: int, cancel: threading.Event) -> None:
            speaking.set()
            assert go_on.wait(SECONDS)
            assert not cancel.is_set()

        running.made.voice.sink.play = play  # type: ignore[method-assign]
        running.script.events.put(SPOKEN)
        assert speaking.wait(SECONDS)
        running.script.listening = True  # somebody speaks already
        running.assistant.finish()
        running.assistant.wish(Wish("lamp on"))
        go_on.set()
        running.until(TurnEnded)
        running.until(TurnEnded)
        running.script.events.put(SPOKEN)  # and is heard out
        running.until(TurnEnded)
        running.script.listening = False
        running.thread.join(SECONDS)
        assert not running.thread.is_alive()
    assert running.error is None
    assert len(running.wire.sent) == 3


def test_no_speech_is_answered_with_the_failed_cue() -> None:
    with Running("") as running:
        running.script.events.put(NoSpeech(0))
        running.script.events.put(SPOKEN)
        running.until(TurnEnded)
    assert running.cues[0] == "failed"


def test_a_microphone_that_cannot_be_opened_ends_the_run_with_its_error() -> None:
    class Absent(Endless):
        def __enter__(self) -> Iterator[AudioChunk]:
            raise AudioError("no sound device")

    with Running("", Absent()) as running:
        running.thread.join(SECONDS)
    assert isinstance(running.error, AudioError)


def test_what_the_turns_cannot_take_is_counted() -> None:
    with Running("lamp on") as running:
        speaking, go_on = threading.Event(), threading.Event()

        def play(pieces: object, rate: int, cancel: threading.Event) -> None:
            speaking.set()
            go_on.wait(SECONDS)

        running.made.voice.sink.play = play  # type: ignore[method-assign]
        running.script.events.put(SPOKEN)
        assert speaking.wait(SECONDS)
        for _ in range(20):
            running.script.events.put(NoSpeech(0))
        for _ in range(20):
            running.until(NoSpeech)
        go_on.set()
        running.until(TurnEnded)
    assert running.assistant.lost >= 20 - 8 - 1


def test_a_timer_that_runs_out_is_announced() -> None:
    wishes = {"tea": (intent("HassStartTimer", seconds=1, name="tea"),)}
    with Running("tea") as running:
        running.made.conversation._understanding.wishes = wishes  # type: ignore[attr-defined]
        running.script.events.put(SPOKEN)
        running.until(Heard)
        running.until(TurnEnded)
        running.until(TurnEnded)  # a turn of its own, when the timer is over


def test_a_language_model_that_cannot_load_says_why_when_it_is_asked() -> None:
    def load(stop: threading.Event) -> None:
        raise ModelMissing("the model is not here")

    llm = LateLlm(load, 5.0)  # type: ignore[arg-type]
    llm.start()
    with pytest.raises(StageError, match="not here"):
        list(llm.generate((), 1, threading.Event()))


def test_a_language_model_that_loads_too_long_is_not_waited_for() -> None:
    go_on = threading.Event()
    llm = LateLlm(lambda stop: go_on.wait(SECONDS), 0.05)  # type: ignore[arg-type,return-value]
    llm.start()
    with pytest.raises(StageError, match="still loading"):
        llm.warm(())
    with pytest.raises(StageError, match="still loading"):
        list(llm.generate((), 1, threading.Event()))
    go_on.set()


class Writer:
    """Writes a word for each `go_on`, and nothing after it was told that nobody listens."""

    def __init__(self) -> None:
        self.go_on = threading.Semaphore(0)
        self.written = 0
        self.ended = threading.Event()

    def generate(self, messages: object, max_tokens: int, cancel: threading.Event, grammar: str = "") -> Iterator[str]:
        for _ in range(max_tokens):
            while not self.go_on.acquire(timeout=0.01):
                if cancel.is_set():
                    self.ended.set()
                    return
            self.written += 1
            yield "word"
        self.ended.set()

    def warm(self, messages: object) -> None: ...


@pytest.fixture
def late() -> tuple[LateLlm, Writer]:
    writer = Writer()
    llm = LateLlm(lambda stop: writer, SECONDS)
    llm.start()
    return llm, writer


def test_a_silent_language_model_is_noticed_and_writes_on_while_nobody_looks(late: tuple[LateLlm, Writer]) -> None:
    llm, writer = late
    pieces = llm.generate((), 3, threading.Event())
    assert next(pieces) == ""
    writer.go_on.release(3)
    assert next(filter(None, pieces)) == "word"
    assert writer.ended.wait(SECONDS)
    assert list(filter(None, pieces)) == ["word", "word"]


@pytest.mark.parametrize("how", ["cancelled", "left"])
def test_an_answer_that_nobody_wants_is_not_written_on(late: tuple[LateLlm, Writer], how: str) -> None:
    llm, writer = late
    cancel = threading.Event()
    pieces = llm.generate((), 100, cancel)
    next(pieces)
    if how == "cancelled":
        cancel.set()
        assert list(pieces) == []
    else:
        pieces.close()  # type: ignore[attr-defined]
    assert writer.ended.wait(SECONDS)
    assert writer.written == 0
    writer.go_on.release()
    assert list(filter(None, llm.generate((), 1, threading.Event()))) == ["word"]


def test_stopping_ends_loading_and_writing_and_frees_the_model(late: tuple[LateLlm, Writer]) -> None:
    stops: list[threading.Event] = []

    class Stoppable(Writer):
        closed = False

        def generate(
            self, messages: object, max_tokens: int, cancel: threading.Event, grammar: str = ""
        ) -> Iterator[str]:
            while not stops[0].wait(0.01):
                yield "word"

        def close(self) -> None:
            self.closed = True

    made = Stoppable()
    writing = LateLlm(lambda stop: stops.append(stop) or made, SECONDS)
    writing.start()
    pieces = writing.generate((), 10, threading.Event())
    assert next(filter(None, pieces)) == "word"
    writing.stop()
    assert made.closed
    with pytest.raises(StageError, match="being stopped"):
        next(writing.generate((), 1, threading.Event()))
    loading = LateLlm(lambda stop: stop.wait(SECONDS), SECONDS)  # type: ignore[arg-type,return-value]
    loading.start()
    loading.stop()
    assert not {thread.name for thread in threading.enumerate()} & {"llm loader"}
