"""One turn: what was said in, events out. Speech -> text -> intent -> commands -> confirmed state -> spoken reply.

A generator with no thread of its own; whoever iterates it does the work. Errors of the stages end here, as a
`TurnFailed` and a short spoken sentence.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np

from edgevoice import logs
from edgevoice.audio.cues import cue
from edgevoice.errors import BrokerError, EdgeVoiceError, StageError
from edgevoice.link import HomeLink
from edgevoice.messages import (
    RATE,
    AudioChunk,
    Command,
    CommandSent,
    Expects,
    Heard,
    Outcome,
    Replied,
    Samples,
    StateConfirmed,
    Timing,
    Transcript,
    Turn,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    Understood,
    Utterance,
)
from edgevoice.skills.conversation import Conversation
from edgevoice.skills.explained import Explainer
from edgevoice.skills.taught import Taught
from edgevoice.stages import Asr, Sink, Style, Tts
from edgevoice.tts.remembered import RememberedTts

_log = logging.getLogger(__name__)
_Event = TypeVar("_Event")


@dataclass(slots=True)
class Voice:
    """The stages that answer. Without a `tts` replies are events only."""

    tts: Tts | None
    sink: Sink
    likely: tuple[tuple[str, bool], ...] = ()
    """What is often said, and whether it tells of a failure."""
    rehearsed: Style | None = None
    """How the likely replies are ready to be said."""


class Names(Protocol):
    """What learns how odd names are heard: `names_aloud.NamesAloud`."""

    def follow(self) -> None: ...
    def step(self) -> bool: ...


@dataclass(slots=True)
class Condition:
    """How the parts do, by their names; may be looked at from any thread."""

    problems: dict[str, Callable[[], str]] = field(default_factory=dict)
    """Why a part does not work, in words; empty while it does."""
    queues: dict[str, Callable[[], int]] = field(default_factory=dict)
    """What waits."""
    lost: dict[str, Callable[[], int]] = field(default_factory=dict)
    """What was dropped, as a queue was full."""


@dataclass(slots=True)
class Stages:
    """What a turn is made of. `asr` may be None where only text comes in."""

    asr: Asr | None
    conversation: Conversation
    link: HomeLink
    voice: Voice
    confirm_seconds: float = 2.0
    clock: Callable[[], float] = field(default=time.monotonic)
    keep: Callable[[], None] = lambda: None
    """Called after a turn: what it changed outlives a restart."""
    taught: Taught | None = None
    """What sentences were taught to mean, in other words."""
    explainer: Explainer | None = None
    names: Names | None = None
    condition: Condition = field(default_factory=Condition)


def run(stages: Stages, turn: Turn, said: Utterance | Transcript | str) -> Iterator[TurnEvent]:
    """The events of one turn; the last one is always `TurnEnded`. A transcript is what was recognised already."""
    timings: list[Timing] = []
    expects: Expects | None = None
    began = stages.clock()
    for event in _caught(stages, turn, _events(stages, turn, said)):
        if isinstance(event, Expects):
            expects = event
            continue
        timings.extend(_timing(event))
        yield event
    timings.append(Timing("turn", (stages.clock() - began) * 1e3))
    yield TurnEnded(turn.id, tuple(timings), None if turn.cancel.is_set() else expects)


def prepare(stages: Stages) -> None:
    """Gets ready for the home as it is now; for idle moments, and free where nothing changed."""
    if stages.names is not None:
        stages.names.follow()
    stages.conversation.prepare()
    if stages.asr is not None:
        stages.asr.bias(stages.conversation.sayable())


def rehearse(stages: Stages) -> None:
    """Makes one more likely reply ready, then says one more odd name to the recogniser; for idle moments, free after them."""
    voice, manner = stages.voice, stages.conversation.manner
    if isinstance(voice.tts, RememberedTts) and voice.rehearsed != manner.style():
        if not any(voice.tts.warm(said, manner.style(is_failure)) for said, is_failure in voice.likely):
            voice.rehearsed = manner.style()
    elif stages.names is not None:
        stages.names.step()


def transcribe(stages: Stages, utterance: Utterance) -> Transcript:
    """What was said. Raises StageError."""
    if stages.asr is None:
        raise StageError("asr", "absent", "no speech recogniser is configured")
    stages.asr.bias(stages.conversation.sayable())
    heard = deque(stages.asr.transcribe([AudioChunk(utterance.samples, utterance.rate, utterance.start)]), maxlen=1)
    return stages.conversation.meant(heard[0], stages.clock()) if heard else Transcript("")


def carry_out(stages: Stages, turn: Turn, outcome: Outcome) -> Iterator[TurnEvent]:
    """What nobody asked for just now, such as what a timer waited for: acts and speaks as a turn does."""
    began = stages.clock()
    yield from _caught(stages, turn, _act(stages, turn, outcome, began))
    yield TurnEnded(turn.id, (Timing("turn", (stages.clock() - began) * 1e3),))


def _caught(stages: Stages, turn: Turn, events: Iterator[_Event]) -> Iterator[_Event | TurnEvent]:
    """The events until a stage fails, and then what is told of the failure."""
    try:
        yield from events
    except EdgeVoiceError as error:
        yield from _failed(stages, turn, error)
    except Exception as error:
        _log.exception("unexpected error")
        yield from _failed(
            stages, turn, StageError("turn", "internal", type(error).__name__)
        )  # its text may hold words


def _events(stages: Stages, turn: Turn, said: Utterance | Transcript | str) -> Iterator[TurnEvent | Expects]:
    began = stages.clock()
    transcript = transcribe(stages, said) if isinstance(said, Utterance) else said
    if isinstance(transcript, str):
        transcript = Transcript(transcript)
    heard_at = stages.clock()
    yield Heard(transcript, (heard_at - began) * 1e3)
    if not transcript.text.strip():
        raise StageError("asr", "nothing_heard", "no words were heard")
    stages.link.pump()
    by = "text" if isinstance(said, str) else "voice"
    text = stages.taught.meaning(transcript.text) if stages.taught is not None else transcript.text
    answers = stages.conversation.hear(text, heard_at, turn.cancel, transcript.confidence, by)
    for item in answers:
        if turn.cancel.is_set():
            return
        if isinstance(item, Understood):
            yield item
        else:
            yield from _act(stages, turn, item, heard_at)
            if item.expects:
                yield item.expects


def _act(stages: Stages, turn: Turn, outcome: Outcome, heard_at: float) -> Iterator[TurnEvent]:
    failed: list[Command] = []
    reported: dict[str, str] = {}
    refused: dict[str, str] = {}
    if outcome.commands:
        sent: list[Command] = []
        sending_at = stages.clock()
        for event in stages.link.send(outcome.commands, heard_at, turn.cancel):
            if event.command not in sent:
                sent.append(event.command)
            yield event
        for confirmed in stages.link.confirm(sent, sending_at, stages.confirm_seconds, turn.cancel):
            if not confirmed.confirmed:
                failed.append(confirmed.command)
                if confirmed.refused:
                    refused[confirmed.command.device] = confirmed.refused
                elif confirmed.reported is not None:
                    reported[confirmed.command.device] = confirmed.reported
            yield confirmed
        failed += [command for command in outcome.commands if command not in sent]
    reply = stages.conversation.report(outcome, tuple(failed), reported, refused)
    said = outcome.sentences if outcome.sentences is not None else [reply]
    yield from _speak(stages, turn, said, is_failure=bool(failed))


def _speak(stages: Stages, turn: Turn, sentences: Iterable[str], is_failure: bool = False) -> Iterator[TurnEvent]:
    for sentence in sentences:
        if turn.cancel.is_set():
            return
        if not sentence.strip():
            continue
        ready = stages.clock()
        style = stages.conversation.manner.style(is_failure)
        if stages.conversation.is_cue(sentence):
            sound = cue("done", RATE, style.volume)
            stages.voice.sink.play([sound], RATE, turn.cancel)
            yield Replied(sentence, 0.0, sound, RATE)
            continue
        if stages.voice.tts is None:
            yield Replied(sentence, 0.0)
            continue
        spoken = _Recorder(stages.voice.tts.speak(sentence, style), stages.clock)
        stages.voice.sink.play(spoken, stages.voice.tts.rate, turn.cancel)
        first = spoken.first_at if spoken.first_at is not None else stages.clock()
        yield Replied(sentence, (first - ready) * 1e3, spoken.samples(), stages.voice.tts.rate)


class _Recorder:
    """Passes audio on, and notes when the first piece came and what was said."""

    def __init__(self, pieces: Iterable[Samples], clock: Callable[[], float]) -> None:
        self._pieces = pieces
        self._clock = clock
        self._taken: list[Samples] = []
        self.first_at: float | None = None

    def __iter__(self) -> Iterator[Samples]:
        for piece in self._pieces:
            if self.first_at is None:
                self.first_at = self._clock()
            self._taken.append(piece)
            yield piece

    def samples(self) -> Samples:
        return np.concatenate(self._taken) if self._taken else np.zeros(0, np.int16)


def _failed(stages: Stages, turn: Turn, error: EdgeVoiceError) -> Iterator[TurnEvent]:
    if isinstance(error, StageError):
        stage, code = error.stage, error.code
    elif isinstance(error, BrokerError):
        stage, code = "mqtt", "away"
    else:
        stage, code = "turn", type(error).__name__
    _log.info("%s failed: %s: %s", stage, code, logs.private(str(error)))
    yield TurnFailed(stage, code, str(error))
    try:
        yield from _speak(stages, turn, [stages.conversation.apology(stage, code)], is_failure=True)
    except EdgeVoiceError as second:
        _log.warning("the apology failed too: %s", logs.private(str(second)))


def _timing(event: TurnEvent) -> Iterator[Timing]:
    match event:
        case Heard(ms=ms):
            yield Timing("asr", ms)
        case Understood(ms=ms):
            yield Timing("nlu", ms)
        case CommandSent(ms=ms):
            yield Timing("sent", ms)
        case StateConfirmed(ms=ms):
            yield Timing("confirmed", ms)
        case Replied(ms=ms):
            yield Timing("first_audio", ms)
        case _:
            return
