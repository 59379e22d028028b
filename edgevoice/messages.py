"""What flows between the stages of a turn: one frozen type an arrow, and the events a turn emits.

    mic ─ AudioChunk ─> wake, VAD ─ Utterance ─> asr ─ Transcript ─> nlu ─ Intent ─> dialogue, skills ─ Outcome
        ─ Command ─> home adapter ─ Message ─> MQTT

Times are counted in samples of the stream (`start`) or in seconds of a monotonic clock, never in wall time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Samples a second of all audio inside the pipeline; sources resample to it."""

Samples: TypeAlias = NDArray[np.int16]
"""Mono PCM, shape [n]."""

Scalar: TypeAlias = str | int | float | bool | None
Value: TypeAlias = Scalar | tuple[Scalar, ...]
"""What a slot, a command or a state's attribute holds; lists become tuples so that types stay frozen."""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """`samples` int16 [n] at `rate` Hz; `start` is the index of the first one since the stream began."""

    samples: Samples
    rate: int
    start: int
    echo: Samples | None = None
    """What was taken out of `samples`, int16 [n], while the speaker plays or has just played; None where it does not."""

    def part(self, begin: int, end: int) -> AudioChunk:
        """Samples `begin` to `end` of it."""
        echo = None if self.echo is None else self.echo[begin:end]
        return AudioChunk(self.samples[begin:end], self.rate, self.start + begin, echo)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One piece of speech, pre-roll and trailing silence included, as the listener cut it."""

    samples: Samples
    rate: int
    start: int
    speech_end: int
    """Index in the stream of the last sample judged speech; the endpoint decision came later."""
    wake_word: str | None = None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    text: str
    score: float
    """Log-probability of the whole text, natural logarithm; comparable within one transcript only."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What the recogniser heard. A partial one has `final=False`. `confidence` is in 0..1."""

    text: str
    alternatives: tuple[Hypothesis, ...] = ()
    confidence: float = 1.0
    final: bool = True


@dataclass(frozen=True, slots=True)
class Intent:
    """What was meant. Names and slots are Home Assistant's (`HassTurnOn`, `name`, `area`, `brightness`, ...).

    `targets` holds ids of the home's devices once resolved. `source` is the layer that decided
    (`template`, `pack`, `llm`, ...). `unexplained` is what of the sentence the layer did not use.
    """

    name: str
    slots: Mapping[str, Value] = field(default_factory=dict)
    confidence: float = 1.0
    source: str = ""
    text: str = ""
    targets: tuple[str, ...] = ()
    response: str = ""
    """Key of Home Assistant's response template for this intent; empty: `default`."""
    unexplained: str = ""
    action: Action | None = None
    """What it comes to, where a pack says that itself."""


class Risk(StrEnum):
    """What must happen before a command is sent."""

    FREE = "free"
    CONFIRM = "confirm"
    PIN = "pin"
    DENY_WHILE_MOVING = "deny_while_moving"


@dataclass(frozen=True, slots=True)
class Command:
    """Set `capability` (a key of `home.model.CAPABILITIES`) of one device to `value`, in that table's unit."""

    device: str
    capability: str
    value: Value


@dataclass(frozen=True, slots=True)
class Action:
    """What a pack says of its intent: `commands` to send, what to `answer` then, and the least `risk` that it has."""

    commands: tuple[Command, ...] = ()
    answer: str = ""
    risk: Risk = Risk.FREE


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Expects:
    """The turn ends with a question: what an answer may be. `kind` is `yes_no`, `choice`, `slot` or `pin`."""

    kind: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a skill decided. `reply` is said once every command is confirmed; `sentences` streams a longer one."""

    commands: tuple[Command, ...] = ()
    reply: str = ""
    sentences: Iterator[str] | None = None
    expects: Expects | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange. Setting `cancel` stops it: workers look at it between tokens and audio chunks."""

    id: str
    cancel: threading.Event


# --- events of a turn, in the order they may come ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listening:
    """The microphone is open and the wake words are waited for."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WakeHeard:
    word: str
    score: float
    at: int
    """Index in the stream of the sample at which the detector fired."""
    word_end: int | None = None
    """The detector's estimate of the sample at which the word ended; it fires somewhat later."""
    is_early: bool = False
    """A first sign of the word, which may not have ended yet."""
    least: float | None = None
    """Log odds that this word must have when it is looked at again, where its engine knows."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    at: int


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """A short silence, and perhaps the end: what was said so far may be understood already, but not yet acted on."""

    utterance: Utterance
    at: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How long a silence ends what was said so far, and by what rule: one of `SpeechEnded.rule`."""

    silence_seconds: float
    rule: str


@dataclass(frozen=True, slots=True)
class StopHeard:
    """A word that ends the voice was said into it, with no wake word; `at` as in `WakeHeard`."""

    word: str
    at: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    utterance: Utterance
    decided_at: int
    """Index in the stream at which the end of speech was decided."""
    rule: str = "silence"
    """What decided: `silence` or `length` by the settings, `complete`, `incomplete` or `answer` by what was said."""


@dataclass(frozen=True, slots=True)
class NoSpeech:
    """The wake word was heard and nothing followed."""

    at: int


@dataclass(frozen=True, slots=True)
class Heard:
    transcript: Transcript
    ms: float


@dataclass(frozen=True, slots=True)
class Understood:
    intents: tuple[Intent, ...]
    ms: float


@dataclass(frozen=True, slots=True)
class CommandSent:
    command: Command
    message: Message
    ms: float
    """Since the transcript."""


@dataclass(frozen=True, slots=True)
class StateConfirmed:
    command: Command
    confirmed: bool
    """False: the device did not answer in time, or reports another state."""
    ms: float
    optimistic: bool = False
    """It reports no state: the broker has the command, and that must do."""
    reported: str | None = None
    """Where not confirmed: the state that it reported since; None where it was silent."""
    refused: str = ""
    """Where not confirmed: the reason that it gave."""


@dataclass(frozen=True, slots=True)
class Replied:
    """One sentence was handed to the voice; `ms` until its first audio, counted from the sentence being ready."""

    text: str
    ms: float
    samples: Samples | None = None
    rate: int = 0


@dataclass(frozen=True, slots=True)
class TurnFailed:
    stage: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Timing:
    stage: str
    ms: float


@dataclass(frozen=True, slots=True)
class TurnEnded:
    turn: str
    timings: tuple[Timing, ...]
    expects: Expects | None = None


ListenEvent: TypeAlias = Listening | WakeHeard | StopHeard | SpeechStarted | SpeechPaused | SpeechEnded | NoSpeech
TurnEvent: TypeAlias = Heard | Understood | CommandSent | StateConfirmed | Replied | TurnFailed | TurnEnded
Event: TypeAlias = ListenEvent | TurnEvent
