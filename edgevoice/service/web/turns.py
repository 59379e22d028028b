"""A turn as a picture: its events, from whichever thread, put together into what was said, done and answered, and when."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from edgevoice.messages import (
    RATE,
    Command,
    CommandSent,
    Event,
    Heard,
    Intent,
    NoSpeech,
    Replied,
    Samples,
    SpeechEnded,
    SpeechStarted,
    StateConfirmed,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    Understood,
    WakeHeard,
)
from edgevoice.stages import Sink

_KEPT = 30
_MOST_STAGES = 60
_HIDDEN = "••••"
_AHEAD_MS = 1.0
"""No recogniser is faster: what took less was recognised before."""
_LOST_SECONDS = 60.0
"""Speech that no turn has taken up by then was lost."""


@dataclass(slots=True)
class Bar:
    """A stage: from `begin`, in milliseconds since the turn began, for `ms`."""

    stage: str
    begin: float
    ms: float
    told: str = ""


@dataclass(slots=True)
class Deed:
    """A command as it is shown. `became`: `sent`, `confirmed`, `assumed`, `refused`, `otherwise` or `silent`."""

    device: str
    what: str
    became: str = "sent"
    why: str = ""


@dataclass(slots=True)
class Record:
    """One turn as the page shows it. `began` is in seconds of the wall clock, `at` when it was told last."""

    id: int
    began: float
    turn: str = ""
    word: str = ""
    score: float = 0.0
    heard: str = ""
    confidence: float = 1.0
    is_spoken: bool = False
    intents: list[dict[str, Any]] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    failed: str = ""
    expects: str = ""
    bars: list[Bar] = field(default_factory=list)
    state: str = "listening"
    at: float = 0.0


class Turns:
    """Follows the assistant's events; `tell` is given each record that changed, as JSON values, in order."""

    def __init__(
        self,
        tell: Callable[[Mapping[str, Any]], None],
        name_of: Callable[[str], str] = str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tell, self._name_of, self._clock = tell, name_of, clock
        self._lock = threading.Lock()
        self._number = int(clock() * 1000)  # a page that is still open knows the turns of the last run by theirs
        self._kept: deque[Record] = deque(maxlen=_KEPT)
        self._ear: Record | None = None
        self._waiting: deque[Record] = deque(maxlen=_KEPT)
        self._turn: Record | None = None
        self._voice_at: float | None = None
        self._is_secret = False

    def all(self) -> list[dict[str, Any]]:
        """The last turns, oldest first."""
        with self._lock:
            return [asdict(record) for record in self._kept]

    def observe(self, event: Event) -> None:
        with self._lock:
            now = self._clock()
            record = self._of(event, now)
            if record is None:
                return
            match event:
                case WakeHeard(word=word, score=score):
                    record.word, record.score = word, round(score, 3)
                    self._bar(record, "wake", now, 0.0, word.replace("_", " "))
                case SpeechStarted():
                    self._bar(record, "speech", now, 0.0)
                case SpeechEnded(utterance=said, decided_at=decided):
                    self._endpoint(record, now, (decided - said.speech_end) / RATE * 1e3, event.rule)
                case NoSpeech():
                    record.state = "nobody spoke"
                case _:
                    self._follow(record, event, now)  # type: ignore[arg-type]
            record.at = now
            self._tell(asdict(record))

    def watched(self, sink: Sink) -> Sink:
        """The same sink; when it begins to play is when the sentence was ready."""
        return _Watched(sink, self._plays)

    def _plays(self) -> None:
        self._voice_at = self._clock()

    def _of(self, event: Event, now: float) -> Record | None:
        """The record that an event belongs to; a new one where it begins one."""
        match event:
            case WakeHeard():
                self._ear = self._new(now)
                return self._ear
            case SpeechStarted():
                self._ear = self._ear or self._new(now)
                return self._ear
            case SpeechEnded() | NoSpeech():
                record, self._ear = self._ear or self._new(now), None
                if isinstance(event, SpeechEnded):
                    self._waiting.append(record)
                return record
            case Heard():
                while self._waiting and now - self._waiting[0].at > _LOST_SECONDS:
                    self._waiting.popleft()
                is_spoken = bool(self._waiting)
                self._turn = self._waiting.popleft() if is_spoken else self._new(now)
                self._turn.is_spoken = is_spoken
                return self._turn
            case CommandSent() | Understood() | StateConfirmed() | Replied() | TurnFailed() | TurnEnded():
                self._turn = self._turn or self._new(now)
                return self._turn
            case _:
                return None

    def _new(self, now: float) -> Record:
        self._number += 1
        record = Record(self._number, now)
        self._kept.append(record)
        return record

    def _endpoint(self, record: Record, now: float, ms: float, rule: str) -> None:
        record.state = "thinking"
        for bar in record.bars:
            if bar.stage == "speech":
                bar.ms = max(0.0, round((now - record.began) * 1e3 - bar.begin - ms, 1))
        self._bar(record, "endpoint", now, ms, rule)

    def _follow(self, record: Record, event: TurnEvent, now: float) -> None:
        match event:
            case Heard(transcript=transcript, ms=ms):
                record.heard = _HIDDEN if self._is_secret else transcript.text
                record.confidence, record.state = round(transcript.confidence, 3), "thinking"
                if record.is_spoken:
                    self._bar(record, "asr", now, ms if ms > _AHEAD_MS else 0.0, "ahead")
            case Understood(intents=intents, ms=ms):
                hidden = self._is_secret
                record.intents += [intent_told(one, hidden) for one in intents]
                self._bar(record, "nlu", now, ms)
            case CommandSent(command=command, ms=ms):
                if not any(_same(deed, command) for deed in record.deeds):
                    record.deeds.append(Deed(command.device, _what(command)))
                self._bar(record, "sent", now, ms, self._name_of(command.device))
            case StateConfirmed(command=command, ms=ms):
                self._settle(record, event)
                self._bar(record, "confirmed", now, ms, self._name_of(command.device))
            case Replied(text=text, ms=ms):
                begin = now if self._voice_at is None else self._voice_at
                record.replies.append(text)
                record.state = "speaking"
                if self._voice_at is not None:
                    self._bar(record, "first audio", begin + ms / 1e3, ms)
                    self._bar(record, "voice", now, max(0.0, (now - begin) * 1e3 - ms))
                self._voice_at = None
            case TurnFailed(stage=stage, message=message):
                record.failed = f"{stage}: {message}"
            case TurnEnded(turn=turn, expects=expects):
                record.turn, record.expects = turn, expects.kind if expects else ""
                record.state = "asked" if expects else "failed" if record.failed else "done"
                self._is_secret = expects is not None and expects.kind == "pin"
                self._turn = None

    def _settle(self, record: Record, event: StateConfirmed) -> None:
        for deed in record.deeds:
            if _same(deed, event.command):
                deed.why = event.refused or event.reported or ""
                deed.became = (
                    ("assumed" if event.optimistic else "confirmed")
                    if event.confirmed
                    else ("refused" if event.refused else "silent" if event.reported is None else "otherwise")
                )

    def _bar(self, record: Record, stage: str, end: float, ms: float, told: str = "") -> None:
        """A stage that took `ms` and ended at `end`, in seconds of the wall clock."""
        if len(record.bars) < _MOST_STAGES:
            begin = max(0.0, (end - record.began) * 1e3 - ms)
            if not record.bars and ms:  # its first stage began before we heard of it
                record.began, begin = end - ms / 1e3, 0.0
            record.bars.append(Bar(stage, round(begin, 1), round(ms, 1), told))


def intent_told(intent: Intent, is_hidden: bool = False) -> dict[str, Any]:
    """An intent as the page shows it."""
    slots = {} if is_hidden else {name: _plain(value) for name, value in intent.slots.items()}
    return {
        "name": intent.name,
        "slots": slots,
        "confidence": round(intent.confidence, 3),
        "source": intent.source,
        "targets": list(intent.targets),
        "unexplained": "" if is_hidden else intent.unexplained,
    }


class _Watched:
    def __init__(self, sink: Sink, begins: Callable[[], None]) -> None:
        self._sink, self._begins = sink, begins

    def play(self, pieces: Iterable[Samples], rate: int, cancel: threading.Event) -> None:
        self._begins()
        self._sink.play(pieces, rate, cancel)


def _same(deed: Deed, command: Command) -> bool:
    return deed.device == command.device and deed.what == _what(command)


def _what(command: Command) -> str:
    if command.capability == "message" and isinstance(command.value, tuple):
        return f"message to {command.value[0]}"
    return command.capability if command.value is None else f"{command.capability} = {_plain(command.value)}"


def _plain(value: object) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
