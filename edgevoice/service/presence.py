"""The assistant as a device on the broker: what it tells of itself, and what it may be told.

Everything is below `edgevoice/<client_id>/`; `announcement` says the same to Home Assistant. What was heard and answered
is told only where the settings allow it. A retained command is an old one, and is not obeyed.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from edgevoice.assistant import Wish
from edgevoice.config import MqttSettings
from edgevoice.errors import BrokerError
from edgevoice.home.capabilities import number
from edgevoice.home.names import clean
from edgevoice.messages import (
    RATE,
    Command,
    Event,
    Expects,
    Heard,
    Message,
    NoSpeech,
    Replied,
    Samples,
    SpeechEnded,
    Timing,
    TurnEnded,
    TurnFailed,
    Understood,
    Value,
    WakeHeard,
)
from edgevoice.service import announcement, hermes, masking
from edgevoice.stages import Bus, Sink

_LONGEST = 1000  # characters of a text that somebody wants answered or said
_FIGURES_SECONDS = 60.0
_REMEMBERED = 64  # questions whose ids are known, so that one delivered twice is answered once
_log = logging.getLogger(__name__)


class Desk(Protocol):
    """Who takes wishes: `assistant.Assistant`."""

    muted: bool

    def wish(self, wish: Wish) -> bool: ...
    def listen(self) -> None: ...


class Loud(Protocol):
    """What has a volume, 0 to 1: `audio.speaker.Speaker`."""

    volume: float


@dataclass(slots=True)
class _Now:
    """What the assistant is doing, as far as its events tell."""

    ear_is_open: bool = False
    turn: bool = False
    speaks: bool = False
    is_silent: bool = False  # the turn is a program's, which no voice answers

    def __str__(self) -> str:
        return "listening" if self.ear_is_open else "speaking" if self.speaks else "thinking" if self.turn else "idle"


@dataclass(frozen=True, slots=True)
class Sources:
    """What is asked for beside the events: `figures`, the few numbers that a hub shows, told once a minute; `names`, those
    of the people here, which are masked with the numbers in the words that are told.
    """

    figures: Callable[[], Mapping[str, Any]] = dict
    names: Callable[[], Iterable[str]] = tuple


class Presence:
    """An `Adapter` beside the home's, and an observer of the assistant's events, from any thread.

    `prefix` is Home Assistant's discovery prefix. `speaker` is None where the voice has no volume.
    """

    def __init__(
        self,
        settings: MqttSettings,
        prefix: str,
        bus: Bus,
        desk: Desk,
        speaker: Loud | None,
        sources: Sources = Sources(),
    ) -> None:
        self._names = sources.names
        self._settings, self._prefix, self._bus, self._desk, self._speaker = settings, prefix, bus, desk, speaker
        self._figures = sources.figures
        self._figures_at = float("-inf")
        self._base = f"edgevoice/{settings.client_id}"
        self._hermes = hermes.Hermes(settings.client_id, self._publish) if settings.hermes else None
        self._lock = threading.RLock()
        self._retained: dict[str, bytes] = {}
        self._now = _Now()
        self._wakes: Counter[str] = Counter()
        self._endpoint: tuple[Timing, ...] = ()
        self._answers: list[str] = []
        self._is_announced = False
        self._asked: deque[str] = deque(maxlen=_REMEMBERED)
        self._verbs: Mapping[str, Callable[[str], None]] = {
            f"{self._base}/mute/set": self._mute,
            f"{self._base}/volume/set": self._set_volume,
            f"{self._base}/text/set": self._text,
            f"{self._base}/say/set": self._say,
            f"{self._base}/ask": self._ask,
            **({hermes.SAY: self._hermes_say, hermes.START: self._hermes_start} if settings.hermes else {}),
        }
        for name in () if settings.announce_words else ("heard", "answer"):
            self._retained[f"{self._base}/{name}"] = b""  # takes back what an earlier run may have told
        self._show("state", str(self._now))
        self._show("mute", _switch(desk.muted))
        self._show("wake", {"count": 0})
        self._show_volume()

    # --- Adapter ------------------------------------------------------------------------------------------------------

    def subscriptions(self) -> tuple[str, ...]:
        return (f"{self._prefix}/status", f"{self._base}/availability", *self._verbs)

    def messages(self, command: Command) -> tuple[Message, ...]:
        return ()

    def due(self, now_seconds: float) -> tuple[Message, ...]:
        if not self._is_announced:
            self._is_announced = True
            self._tell_everything()
        if now_seconds - self._figures_at >= _FIGURES_SECONDS:
            self._figures_at = now_seconds
            if figures := self._figures():
                self._show("figures", figures)
        return ()

    def handle(self, message: Message, now_seconds: float) -> None:
        if message.topic in (f"{self._prefix}/status", f"{self._base}/availability"):
            # Home Assistant has started, or we are connected, maybe to a broker that has forgotten everything.
            if message.payload == b"online":
                self._tell_everything()
            return
        verb = self._verbs.get(message.topic)
        if verb is None or message.retain:
            return
        try:
            verb(message.payload.decode("utf-8"))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            _log.warning("ignored on '%s': %s", message.topic, clean(str(error), 300))

    def _tell_everything(self) -> None:
        has_words, has_volume = self._settings.announce_words, self._speaker is not None
        with self._lock:
            self._publish(announcement.message(self._settings.client_id, self._prefix, has_words, has_volume))
            for topic, told in self._retained.items():
                self._publish(Message(topic, told, retain=True))

    # --- what it may be told ------------------------------------------------------------------------------------------

    def _mute(self, text: str) -> None:
        self._desk.muted = {"ON": True, "OFF": False}.get(text.strip().upper(), self._desk.muted)
        with self._lock:
            self._now.ear_is_open = False
            self._show("mute", _switch(self._desk.muted))
            self._show("state", str(self._now))

    def _set_volume(self, text: str) -> None:
        percent = number(text)
        if percent is None or self._speaker is None:
            raise ValueError("not a number" if self._speaker else "the voice has no volume")
        self._speaker.volume = min(max(percent, 0.0), 100.0) / 100
        self._show_volume()

    def _show_volume(self) -> None:
        if self._speaker is not None:
            self._show("volume", str(round(100 * self._speaker.volume)))

    def _text(self, text: str) -> None:
        self._desk.wish(Wish(_sentence(text)))

    def _say(self, text: str) -> None:
        self._desk.wish(Wish(_sentence(text), is_speech=True))

    def _ask(self, payload: str) -> None:
        asked: Any = json.loads(payload)
        if not isinstance(asked, dict) or not isinstance(asked.get("id"), (str, int)):
            raise ValueError("an object with 'id' and 'text' is wanted")
        id = str(asked["id"])[:100]
        if id in self._asked:
            return
        self._asked.append(id)
        try:
            text = _sentence(asked.get("text"))
        except ValueError as error:
            self._answer(_Answer(id, problem=str(error)))
            return
        answer = _Answer(id)
        if not self._desk.wish(Wish(text, is_aloud=False, observe=lambda event: self._collect(answer, event))):
            self._answer(_Answer(id, problem="busy"))

    def _collect(self, answer: _Answer, event: Event) -> None:
        self._now.is_silent = True
        answer.add(event)
        if isinstance(event, TurnEnded):
            self._answer(answer)

    def _answer(self, answer: _Answer) -> None:
        self._publish(Message(f"{self._base}/ask/answer", _json(answer.told())))

    def _hermes_say(self, payload: str) -> None:
        told: Any = json.loads(payload)
        if self._is_for_us(told):
            id = str(told.get("id", ""))

            def said(event: Event) -> None:
                if isinstance(event, TurnEnded) and self._hermes is not None:
                    self._hermes.said(id)

            self._desk.wish(Wish(_sentence(told.get("text")), is_speech=True, observe=said))

    def _hermes_start(self, payload: str) -> None:
        """A `notification` is said; an `action` is said, and then the ear opens."""
        told: Any = json.loads(payload)
        if not self._is_for_us(told):
            return
        start = told.get("init", {})
        opens = start.get("type") == "action"

        def said(event: Event) -> None:
            if isinstance(event, TurnEnded) and opens:
                self._desk.listen()

        if start.get("text"):
            self._desk.wish(Wish(_sentence(start["text"]), is_speech=True, observe=said))
        elif opens:
            self._desk.listen()

    def _is_for_us(self, told: Any) -> bool:
        return isinstance(told, dict) and told.get("siteId", "default") in (self._settings.client_id, "default")

    # --- what it tells ------------------------------------------------------------------------------------------------

    def observe(self, event: Event) -> None:
        """Tells the broker what happened. Never raises for a broker that is away, and never waits."""
        with self._lock:
            if self._hermes is not None and not self._now.is_silent:
                self._hermes.observe(event)
            self._follow(event)
            self._show("state", str(self._now))

    def _follow(self, event: Event) -> None:
        words, now = self._settings.announce_words, self._now
        match event:
            case WakeHeard(word=word, score=score):
                now.ear_is_open = True
                self._wakes[word] += 1
                told = {"count": self._wakes.total(), "word": word, "score": round(score, 3), "words": self._wakes}
                self._show("wake", told)
            case SpeechEnded(utterance=utterance, decided_at=decided):
                now.ear_is_open, now.turn = False, True
                self._endpoint = (Timing("endpoint", (decided - utterance.speech_end) * 1e3 / RATE),)
            case NoSpeech():
                now.ear_is_open = False
            case Heard(transcript=transcript):
                now.turn = True
                self._answers.clear()
                if words:
                    self._show("heard", self._masked(transcript.text))
            case Understood(intents=intents):
                found = [
                    {"name": one.name, "source": one.source, "confidence": one.confidence}
                    | ({"slots": self._masked_slots(one.slots)} if words else {})
                    for one in intents
                ]
                self._show("intent", {"intents": found})
            case Replied(text=text):
                self._answers.append(text)
                if words:
                    self._show("answer", self._masked(" ".join(self._answers)))
            case TurnFailed(stage=stage, code=code, message=message):
                # An engine's message may quote what was said.
                why = {"message": self._masked(message)} if words else {}
                self._show("error", {"stage": stage, "code": code, "time": round(time.time())} | why)
            case TurnEnded(timings=timings, expects=expects):
                self._ended((*self._endpoint, *timings), expects)
                self._show_volume()

    def _masked(self, text: str) -> str:
        return masking.mask(text, self._names()) if self._settings.mask_words else text

    def _masked_slots(self, slots: Mapping[str, Value]) -> Mapping[str, Any]:
        return masking.mask_slots(slots, self._names()) if self._settings.mask_words else dict(slots)

    def _ended(self, timings: Iterable[Timing], expects: Expects | None) -> None:
        # A wake word may have opened the ear while the turn still ran: then it stays open.
        opens = self._now.ear_is_open or (expects is not None and not self._now.is_silent)
        self._now = _Now(ear_is_open=opens)
        self._endpoint = ()
        self._answers.clear()
        first: dict[str, float] = {}
        for timing in timings:
            first.setdefault(timing.stage, round(timing.ms, 1))
        self._show("latency", first)

    def watched(self, sink: Sink) -> Sink:
        """The same sink, whose playing is told as `speaking`."""
        return _Watched(sink, self._speaks)

    def _speaks(self) -> None:
        with self._lock:
            self._now.speaks = True
            self._show("state", str(self._now))

    def _show(self, name: str, told: str | Mapping[str, Any]) -> None:
        """Retained, once for each change."""
        payload = told.encode() if isinstance(told, str) else _json(told)
        topic = f"{self._base}/{name}"
        with self._lock:
            if self._retained.get(topic) != payload:
                self._retained[topic] = payload
                self._publish(Message(topic, payload, retain=True))

    def _publish(self, message: Message) -> None:
        try:
            self._bus.publish(message)
        except BrokerError as error:
            _log.debug("not told: %s", error)  # what is retained is told again after the next connection


class _Answer:
    """What comes of a question: collected from its turn's events, and told as one JSON object."""

    def __init__(self, id: str, problem: str = "") -> None:
        self._told: dict[str, Any] = {"id": id, "text": "", "intents": [], "ms": 0.0}
        if problem:
            self._told["error"] = problem

    def add(self, event: Event) -> None:
        told = self._told
        match event:
            case Understood(intents=intents):
                told["intents"] = [
                    {"name": one.name, "slots": dict(one.slots), "source": one.source} for one in intents
                ]
            case Replied(text=text):
                told["text"] = f"{told['text']} {text}".strip()
            case TurnFailed(stage=stage, code=code):
                told["error"] = f"{stage}: {code}"
            case TurnEnded(timings=timings, expects=expects):
                told["ms"] = next((round(timing.ms, 1) for timing in timings if timing.stage == "turn"), 0.0)
                if expects:
                    told["expects"] = expects.kind

    def told(self) -> Mapping[str, Any]:
        return self._told


class _Watched:
    def __init__(self, sink: Sink, begins: Callable[[], None]) -> None:
        self._sink, self._begins = sink, begins

    def play(self, pieces: Iterable[Samples], rate: int, cancel: threading.Event) -> None:
        self._begins()
        self._sink.play(pieces, rate, cancel)


def _sentence(text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValueError("there is no text")
    if len(text) > _LONGEST:
        raise ValueError(f"more than {_LONGEST} characters")
    return clean(text, _LONGEST)


def _switch(on: bool) -> str:
    return "ON" if on else "OFF"


def _json(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()
