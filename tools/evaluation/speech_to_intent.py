"""Suite `speech-to-intent`: a recording in a closed domain to its intent and slots."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from edgevoice.messages import RATE, AudioChunk, Intent, Samples
from edgevoice.nlu import packs, sayable
from edgevoice.stages import Asr
from evaluation.common import Options, Report, Row, latency, progress

_CHUNK = RATE // 10  # as a microphone would hand it over


def run(rows: list[Row], options: Options) -> Report:
    """The domain is closed: every recording is an order, and the pack gives its likeliest reading."""
    pack = packs.load(options.pack or packs.path("coffee"))
    engine: Asr = options.engine("asr")
    engine.bias(sayable.pack(pack.sentences))
    predictions: list[dict[str, Any]] = []
    missed: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    right, cpu, seconds = 0, 0.0, 0.0
    for row in progress(rows, "speech-to-intent"):
        samples = row.samples()
        if options.noise is not None:
            samples = options.noise.mix_by_peak(row, samples)
        begun, spent = time.perf_counter(), time.process_time()
        text, intent = hear(engine, pack, samples)
        ms = (time.perf_counter() - begun) * 1000
        cpu += time.process_time() - spent
        seconds += len(samples) / RATE
        predictions.append(
            {
                "id": row.id,
                "intent": intent.name if intent else None,
                "slots": dict(intent.slots) if intent else {},
                "entities": [],
                "layer": intent.source if intent else None,
                "confidence": intent.confidence if intent else 0.0,
                "ms": round(ms, 3),
                "text": text,
            }
        )
        wrong = _wrong(intent, row)
        right += not wrong
        missed.update(wrong)
        asked.update(list(row.need("slots", dict)))
    lines = [(slot, str(n), str(missed[slot])) for slot, n in sorted(asked.items())]
    return Report(
        score=round(right / len(rows), 5),
        figures={
            **latency([one["ms"] for one in predictions]),
            "cpu_per_second": round(cpu / seconds, 5) if seconds else None,
            "unanswered": sum(one["intent"] is None for one in predictions),
        },
        predictions=predictions,
        table=[("slot", "rows", "wrong"), *lines],
    )


def hear(engine: Asr, pack: packs.Pack, samples: Samples) -> tuple[str, Intent | None]:
    """(what was recognised, what it asks for)."""
    chunks = (AudioChunk(samples[i : i + _CHUNK], RATE, i) for i in range(0, len(samples), _CHUNK))
    final = None
    for transcript in engine.transcribe(chunks):
        final = transcript
    text = final.text if final else ""
    return text, pack.match(text, closed=True)


def _wrong(intent: Intent | None, row: Row) -> list[str]:
    """The slots that are not as labelled; all of them where the intent is another one or none."""
    slots = row.need("slots", dict)
    if intent is None or intent.name != row.data["intent"]:
        return [*slots, "intent"]
    return [name for name, value in slots.items() if str(intent.slots.get(name, "")).strip() != str(value).strip()]
