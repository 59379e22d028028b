"""Events as people read them, and as programs do."""

from __future__ import annotations

import dataclasses
import json
import sys
from enum import Enum
from typing import Any, TextIO

import numpy as np

from edgevoice.messages import (
    CommandSent,
    Event,
    Heard,
    Listening,
    NoSpeech,
    Replied,
    SpeechEnded,
    StateConfirmed,
    StopHeard,
    TurnEnded,
    TurnFailed,
    Understood,
    Utterance,
    WakeHeard,
)


def as_json(value: Any) -> Any:
    """Any of the pipeline's types as plain JSON values. Sound is left out: only its length in samples is told."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return {"samples": len(value)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def json_line(event: Event) -> str:
    """One event as one line: its type under `event`, its fields beside it."""
    return json.dumps({"event": type(event).__name__} | as_json(event), ensure_ascii=False)


class Printer:
    """Writes each event as one line, or as JSON; the way a turn is told in `run`, `replay`, `ask` and `demo`."""

    def __init__(self, as_json_lines: bool = False, out: TextIO | None = None) -> None:
        self.json = as_json_lines
        self._out = out or sys.stdout
        self._colour = not as_json_lines and self._out.isatty()

    def __call__(self, event: Event) -> None:
        if self.json:
            self.line(json_line(event))
            return
        told = _told(event)
        if told is not None:
            label, text, ms = told
            self.row(label, text, ms)

    def row(self, label: str, text: str, ms: float | None = None) -> None:
        """`label   text   12.3 ms`, aligned."""
        tail = "" if ms is None else f"{ms:8.1f} ms"
        width = max(72 - 12, len(text))
        head = f"\033[2m{label:<12}\033[0m" if self._colour else f"{label:<12}"
        self.line(f"  {head}{text:<{width}}{tail}".rstrip())

    def line(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def _told(event: Event) -> tuple[str, str, float | None] | None:
    match event:
        case Listening(words=words):
            return "listening", f"say {' or '.join(word.replace('_', ' ') for word in words)}. Ctrl-C ends.", None
        case WakeHeard(word=word, score=score):
            return "wake word", f"{word} ({score:.2f})", None
        case StopHeard(word=word):
            return "stopped", f"“{word}” was said", None
        case NoSpeech():
            return "listened", "nobody spoke", None
        case SpeechEnded(utterance=Utterance(rate=rate, speech_end=end), decided_at=decided, rule=rule):
            return "endpoint", f"end of speech ({rule}) decided after silence of", (decided - end) / rate * 1e3
        case Heard(transcript=transcript, ms=ms):
            return "heard", f"“{transcript.text}”", ms
        case Understood(intents=intents, ms=ms):
            return "understood", "; ".join(map(_intent, intents)) or "nothing this home can do", ms
        case CommandSent(message=message, ms=ms):
            payload = message.payload.decode("utf-8", "replace")
            return "sent", f"{message.topic}  {payload}", ms
        case StateConfirmed():
            return *_settled(event), event.ms
        case Replied(text=text, ms=ms):
            return "answered", f"“{text}”", ms
        case TurnFailed(stage=stage, message=message):
            return "failed", f"{stage}: {message}", None
        case TurnEnded(expects=expects) if expects is not None:
            return (
                "asks",
                expects.kind.replace("_", " or ") + "".join(f", {choice}" for choice in expects.choices),
                None,
            )
        case _:
            return None


def _settled(event: StateConfirmed) -> tuple[str, str]:
    command = event.command
    value = "" if command.value is None else f" = {command.value}"
    if isinstance(command.value, tuple) and command.capability == "message":
        value = f" to {command.value[0]}"
    wanted = f"{command.device}: {command.capability}{value}"
    if event.confirmed:
        return ("assumed" if event.optimistic else "confirmed"), wanted
    if event.refused:
        return "refused", f"{wanted}: {event.refused}"
    return ("no answer", wanted) if event.reported is None else ("otherwise", f"{wanted}, but it says {event.reported}")


def _intent(intent: Any) -> str:
    slots = " ".join(f"{key}={value}" for key, value in intent.slots.items())
    return f"{intent.name} {slots} ({intent.source} {intent.confidence:.2f})".replace("  ", " ")
