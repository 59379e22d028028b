"""Small stand-ins for the parts at the edge of a turn."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from household import household

from edgevoice.errors import BrokerError
from edgevoice.home.appliance import obey
from edgevoice.home.model import Home
from edgevoice.link import HomeLink
from edgevoice.messages import RATE, AudioChunk, Command, Intent, Message, Samples, Transcript
from edgevoice.nlu.context import Context, Thinking
from edgevoice.phrases import Phrases
from edgevoice.skills.conversation import Conversation
from edgevoice.stages import Style
from edgevoice.turn import Stages, Voice


class Clock:
    """Moves only when told to, or by a bus that is waited for."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Interrupted(threading.Event):
    """An event that is set at a moment."""

    def __init__(self, clock: Clock, at: float) -> None:
        super().__init__()
        self._clock, self._at = clock, at

    def is_set(self) -> bool:
        return self._clock() >= self._at


@dataclass
class Table:
    """Understands what stands in a table."""

    wishes: Mapping[str, tuple[Intent, ...]]

    def sayable(self) -> Phrases:
        return Phrases((), frozenset())

    def prepare(self) -> None:
        """There is nothing to prepare in a table."""

    def understand(self, text: str, context: Context, cancel: threading.Event) -> tuple[Intent, ...]:
        return self.wishes.get(text, ())

    def allows(self, intent: str) -> bool:
        return True

    def think(self, text: str, context: Context, cancel: threading.Event) -> Thinking:
        yield
        return self.understand(text, context, cancel)

    def certain(self, text: str, context: Context) -> tuple[Intent, ...]:
        return self.wishes.get(text, ())


@dataclass
class Wire:
    """Adapter, bus and appliances in one: a command's topic is its device; `deaf` devices never answer."""

    home: Home
    clock: Clock
    deaf: frozenset[str] = frozenset()
    away: bool = False
    filters: list[str] = field(default_factory=list)
    sent: list[Command] = field(default_factory=list)
    reports: list[Command] = field(default_factory=list)

    def subscriptions(self) -> tuple[str, ...]:
        return ("home/#",)

    def subscribe(self, filters: Iterable[str]) -> None:
        self.filters += filters

    def due(self, now_seconds: float) -> tuple[Message, ...]:
        return ()

    def messages(self, command: Command) -> tuple[Message, ...]:
        self.reports.append(command)
        return (Message(f"home/{command.device}/set", str(command.value).encode()),)

    def publish(self, message: Message) -> None:
        if self.away:
            raise BrokerError("not sent, as there is no connection")
        self.sent.append(self.reports[-1])

    def ready(self, timeout_seconds: float, topic: str) -> bool:
        self.clock.now += timeout_seconds if self.away else 0.0
        return not self.away

    def receive(self, timeout_seconds: float) -> Message | None:
        heard = [command for command in self.reports if command in self.sent and command.device not in self.deaf]
        if not heard:
            self.clock.now += timeout_seconds
            return None
        self.reports.remove(heard[0])
        self.clock.now += 0.003
        return Message(heard[0].device, repr(heard[0]).encode())

    def handle(self, message: Message, now_seconds: float) -> None:
        device = self.home.devices[message.topic]
        for command in self.sent:
            if command.device == device.id:
                self.home.update(device.id, obey(device, self.home.state(device.id), command))


class Ear:
    """A recogniser that always hears the same."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.phrases: Phrases | None = None

    def bias(self, phrases: Phrases | None) -> None:
        self.phrases = phrases

    def transcribe(self, chunks: Iterable[AudioChunk]) -> Iterator[Transcript]:
        yield Transcript(self.text[:4], final=False)
        yield Transcript(self.text)


class Mouth:
    """A voice of ten samples a sentence, which notes what it said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Style]] = []

    rate = RATE
    whispers = False

    def speak(self, sentence: str, style: Style = Style()) -> Iterator[Samples]:
        self.said.append((sentence, style))
        yield np.ones(10, np.int16)


class Shelf:
    """A sink that keeps what is played."""

    def __init__(self) -> None:
        self.played: list[int] = []

    def play(self, pieces: Iterable[Samples], rate: int, cancel: threading.Event) -> None:
        self.played.append(sum(len(piece) for piece in pieces))


def stages(wishes: Mapping[str, tuple[Intent, ...]], text: str = "", **wire: object) -> tuple[Stages, Wire]:
    home, clock = household(), Clock()
    made = Wire(home, clock, **wire)  # type: ignore[arg-type]
    link = HomeLink(home, made, made, clock)
    conversation = Conversation(home, Table(wishes))
    return Stages(Ear(text), conversation, link, Voice(Mouth(), Shelf()), clock=clock), made
