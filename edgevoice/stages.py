"""The contract of each stage, one Protocol a stage: read this first.

An engine is a class with these methods and a `load` function beside it, named in `registry.ENGINES`:

    def load(settings: <Stage>Settings, folder: Path | None) -> <Stage>: ...

`settings` is the stage's part of `config.Settings`; `folder` holds the model's files under the names that
`models/manifest.yaml` gives them, or None for an engine whose model lives inside a library. Engines raise
`StageError` while they work, and `ModelError` or `MissingExtra` when they load.
All audio is int16 mono at `messages.RATE`, except what a Tts yields, which is at its own `rate`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from edgevoice.messages import AudioChunk, Message, Samples, Transcript, WakeHeard
from edgevoice.phrases import Phrases


class Running:
    """What is started and stopped: `with` does both."""

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Microphone(AbstractContextManager[Iterable[AudioChunk]], Protocol):
    """Entering opens it; `close`, from any thread, ends its chunks."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class WakeScore:
    """`score`, 0..1, and the `threshold` from which it counts."""

    score: float
    threshold: float


class WakeDetector(Protocol):
    """Hears its words in a stream. Takes chunks of any length; keeps its own buffers."""

    @property
    def words(self) -> tuple[str, ...]: ...
    def feed(self, chunk: AudioChunk) -> list[WakeHeard]: ...
    def reset(self) -> None:
        """Forgets the stream: the next chunk starts a new one."""
        ...

    def peaks(self) -> Mapping[str, WakeScore]:
        """The highest score of each word since this was asked last."""
        ...


@runtime_checkable
class Spotter(Protocol):
    """A recogniser that can tell how surely a given text was said."""

    def evidence(self, text: str, samples: Samples) -> float:
        """Log-probability of `text` as what `samples` begin with, above that of it in silence. Raises StageError."""
        ...


@runtime_checkable
class Speller(Protocol):
    """A recogniser that can tell how it would write what it does not know."""

    def spellings(self, opening: str, samples: Samples) -> tuple[str, ...]:
        """What is heard after the words of `opening` where anything could follow, likeliest first. Raises StageError."""
        ...


@dataclass(frozen=True, slots=True)
class SpeechProbability:
    """How likely the samples of the window that ends before stream index `end` are speech, 0..1."""

    end: int
    probability: float


class Vad(Protocol):
    """Voice activity. One `SpeechProbability` for each full window (512 samples for Silero)."""

    def feed(self, chunk: AudioChunk) -> list[SpeechProbability]: ...
    def reset(self) -> None: ...


class Asr(Protocol):
    """Speech to text."""

    def bias(self, phrases: Phrases | None) -> None:
        """What can be said from now on; the same object again costs nothing. Where it is not `closed`, what is said
        beside it is still heard. None: anything alike."""
        ...

    def transcribe(self, chunks: Iterable[AudioChunk]) -> Iterator[Transcript]:
        """Partial transcripts where the engine has them, then the final one, always. Raises StageError."""
        ...


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """`role` is `system`, `user` or `assistant`."""

    role: str
    content: str


class Llm(Protocol):
    """A local language model."""

    def generate(
        self, messages: Sequence[ChatMessage], max_tokens: int, cancel: threading.Event, grammar: str = ""
    ) -> Iterator[str]:
        """Pieces of the answer as they come, empty ones while nothing does; ends early once `cancel` is set.

        `grammar` (GBNF) limits what may be written. Raises StageError, `deadline` once that of the settings has passed.
        """
        ...

    def warm(self, messages: Sequence[ChatMessage]) -> None:
        """Evaluates a prompt prefix so that the next call that begins with it is fast."""
        ...


@dataclass(frozen=True, slots=True)
class Style:
    """How something is said. `rate`, `pitch` and `volume` are factors, 1 is the engine's own."""

    rate: float = 1.0
    pitch: float = 1.0
    volume: float = 1.0
    whisper: bool = False
    """Without the vocal cords; the voice alone where the engine cannot: see `Tts.whispers`."""


class Tts(Protocol):
    """Text to speech."""

    @property
    def rate(self) -> int: ...
    @property
    def whispers(self) -> bool:
        """Whether it has a whisper of its own."""
        ...

    def speak(self, sentence: str, style: Style = Style()) -> Iterator[Samples]:
        """Audio of one sentence, in pieces as they are made, int16 [n] at `rate`. Raises StageError.

        What an engine has no control for, it leaves out of `style`.
        """
        ...


class Sink(Protocol):
    """Where the voice goes: a speaker, a WAV file, or nowhere."""

    def play(self, pieces: Iterable[Samples], rate: int, cancel: threading.Event) -> None:
        """Returns when the last piece was played, or soon after `cancel` is set."""
        ...


class Bus(Protocol):
    """A message bus that the home is reached by. Only `ready` waits for the network."""

    def subscribe(self, filters: Iterable[str]) -> None:
        """Asks for topics matching the MQTT filters, now and after every reconnect; known ones cost nothing."""
        ...

    def publish(self, message: Message) -> None:
        """Raises BrokerError where the broker is away: a command is sent now or not at all."""
        ...

    def ready(self, timeout_seconds: float, topic: str) -> bool:
        """Waits until who takes `topic` is there and answers; False where it is not in time."""
        ...

    def receive(self, timeout_seconds: float) -> Message | None:
        """The oldest message not yet taken; None after the timeout."""
        ...


class Embedding(Protocol):
    """What sentences mean, as directions: those of nearly the same meaning lie near each other."""

    def embed(self, text: str) -> NDArray[np.float32]:
        """float32 [n] of length 1."""
        ...


Embed: TypeAlias = Callable[[str], NDArray[np.float32]]
"""`Embedding.embed`, of an engine that may only be loaded when it is first called."""
