"""Suite `turn`: recordings through the whole pipeline, with a simulated home on a real broker.

Time is the recording's from the true end of speech (the row's `speech_end` in seconds, else measured as the suite
`endpoint` does) to the decision that it has ended, and the clock's from there on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from edgevoice import assembly, hearing, resources
from edgevoice.audio.speaker import NullSink
from edgevoice.config import Settings
from edgevoice.listen import Listener
from edgevoice.messages import (
    RATE,
    AudioChunk,
    CommandSent,
    Event,
    Heard,
    Intent,
    Replied,
    Samples,
    SpeechEnded,
    Understood,
)
from edgevoice.mqtt.broker import EmbeddedBroker
from edgevoice.replay import replay
from edgevoice.simulator import Simulator
from edgevoice.turn import Stages
from evaluation.asr import distance, words
from evaluation.common import Options, Report, Row, percentile, progress
from evaluation.endpoint import speech_span

_CHUNK = RATE // 50
_TAIL_SECONDS = 2.0  # longer than any endpoint waits
_HOUR = 3600.0


@dataclass(slots=True)
class Result:
    """What one recording brought about."""

    heard: list[str] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    wait_ms: float = 0.0
    """From the last sample of speech to the decision that it has ended."""
    compute_ms: float | None = None
    """From that decision to the first message on the wire."""
    understand_ms: float | None = None
    """From the transcript to the first message on the wire."""
    first_audio_ms: float | None = None

    @property
    def ms(self) -> float | None:
        return None if self.compute_ms is None else round(self.wait_ms + self.compute_ms, 3)


def run(rows: list[Row], options: Options) -> Report:
    """All rows speak to one home, each an hour after the one before, so that no row answers another one's question."""
    results: list[Result] = []
    with stages(options.settings, options) as made:
        now = _LateClock()
        made.clock = now
        vad = options.engine("vad")
        for row in progress(rows, "turn"):
            samples = row.samples()
            end = speech_end(row, samples)
            if options.noise is not None:
                samples = options.noise.mix(row, samples)
            wake = hearing.wakes(options.settings.wake, options.store(), made.asr) if row.data.get("wake") else None
            listener = Listener(wake, vad, options.settings.listen, options.settings.vad.threshold)
            if wake is None:
                listener.listen_now(0)
            results.append(collect(replay(chunks(samples), listener, made), end))
            now.later_seconds += _HOUR
    return _report(rows, results, options.settings.nlu.language)


class _LateClock:
    """The monotonic clock, and later."""

    def __init__(self) -> None:
        self.later_seconds = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.later_seconds


@contextmanager
def stages(settings: Settings, options: Options) -> Iterator[Stages]:
    """The stages of a turn, connected to the simulated home: the settings' `home.file`, else the demo's."""
    file = settings.home.file or resources.find("homes/demo.yaml")
    with EmbeddedBroker() as broker, Simulator(file, broker.reached_by(settings.mqtt)):
        mqtt = broker.reached_by(settings.mqtt)
        there = replace(settings, mqtt=mqtt, home=replace(settings.home, file=file))
        wanted = assembly.Wanted(llm=bool(settings.llm.engine))
        with assembly.stages(there, options.store(), NullSink(), wanted) as made:
            yield made


def chunks(samples: Samples) -> Iterator[AudioChunk]:
    """A recording and the quiet after it, as a microphone would hand them over."""
    audio = np.concatenate([samples, np.zeros(round(_TAIL_SECONDS * RATE), np.int16)])
    for start in range(0, len(audio), _CHUNK):
        yield AudioChunk(audio[start : start + _CHUNK], RATE, start)


def speech_end(row: Row, samples: Samples) -> int:
    """Index of the last sample of speech."""
    told = row.data.get("speech_end")
    return round(told * RATE) if isinstance(told, (int, float)) else speech_span(samples)[1]


def collect(events: Iterator[Event], end: int) -> Result:
    """What the events tell of a recording whose speech ends at sample `end`."""
    result = Result()
    decided = heard = 0.0
    for event in events:
        match event:
            case SpeechEnded(decided_at=at):
                decided = time.perf_counter()
                if result.compute_ms is None:
                    result.wait_ms = (at - end) / RATE * 1e3
            case Heard(transcript=transcript):
                heard = time.perf_counter()
                result.heard.append(transcript.text)
            case Understood(intents=intents):
                result.intents.extend(intents)
            case CommandSent(message=message):
                if result.compute_ms is None:
                    now = time.perf_counter()
                    result.compute_ms, result.understand_ms = (now - decided) * 1e3, (now - heard) * 1e3
                payload = message.payload.decode("utf-8", "replace")
                result.messages.append({"topic": message.topic, "payload": payload})
            case Replied(text=text, ms=ms):
                result.replies.append(text)
                if result.first_audio_ms is None:
                    result.first_audio_ms = ms
    return result


def right(result: Result, row: Row) -> bool | None:
    """The labelled intent first, with every labelled slot; None without a label."""
    wanted = row.data.get("intent")
    if not isinstance(wanted, str):
        return None
    if not result.intents or result.intents[0].name != wanted:
        return False
    slots: Mapping[str, Any] = row.data.get("slots") or {}
    found = result.intents[0].slots
    return all(key in found and _plain(found[key]) == _plain(value) for key, value in slots.items())


def _plain(value: Any) -> str:
    return (
        (f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value))
        .strip()
        .lower()
    )


def _prediction(row: Row, result: Result) -> dict[str, Any]:
    first = result.intents[0] if result.intents else None
    return {
        "id": row.id,
        "text": " ".join(result.heard),
        "intent": first.name if first else None,
        "slots": dict(first.slots) if first else {},
        "messages": result.messages,
        "reply": " ".join(result.replies),
        "ms": result.ms,
    }


def _report(rows: Sequence[Row], results: Sequence[Result], language: str) -> Report:
    judged = [verdict for row, result in zip(rows, results, strict=True) if (verdict := right(result, row)) is not None]
    errors = total = 0
    for row, result in zip(rows, results, strict=True):
        if isinstance(row.data.get("text"), str) and row.data.get("lang", language) == language:
            said = words(row.data["text"], language)
            errors += distance(said, words(" ".join(result.heard), language))
            total += len(said)
    sent = [result for result in results if result.ms is not None]
    ms = [result.ms for result in sent if result.ms is not None]
    compute = [result.compute_ms for result in sent if result.compute_ms is not None]
    audio = [result.first_audio_ms for result in results if result.first_audio_ms is not None]
    figures: dict[str, float | None] = {
        "wer": round(errors / total, 5) if total else None,
        "message_rate": round(len(sent) / len(results), 5),
        "p50_ms": percentile(ms, 50),
        "p95_ms": percentile(ms, 95),
        "compute_p50_ms": percentile(compute, 50),
        "compute_p95_ms": percentile(compute, 95),
        "first_audio_p50_ms": percentile(audio, 50),
        "first_audio_p95_ms": percentile(audio, 95),
    }
    table = [("figure", "value"), *((name, "-" if value is None else f"{value:g}") for name, value in figures.items())]
    predictions = [_prediction(row, result) for row, result in zip(rows, results, strict=True)]
    return Report(round(sum(judged) / len(judged), 5) if judged else None, figures, predictions, table)
