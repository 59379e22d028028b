"""Suite `wake`: how often a wake word is missed, how often something else is taken for it, and what listening costs.

A row's word counts as heard when the detector fires for it anywhere in the clip; any other detection is a false accept.
Every clip stands alone, after 1.5 s of quiet and before 1 s of it; the hours are those of the clips without the quiet.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from edgevoice import hearing
from edgevoice.messages import RATE, AudioChunk, Samples, WakeHeard
from edgevoice.stages import WakeDetector
from evaluation.common import Options, Report, Row, progress

_BEFORE, _AFTER = round(1.5 * RATE), RATE
_CHUNK = 512


def run(rows: list[Row], options: Options) -> Report:
    settings = options.settings
    if options.keyword is not None:
        settings = replace(settings, wake=replace(settings.wake, words=(_name(options.keyword),)))
    asr = options.engine("asr") if settings.wake.check else None
    detector = hearing.wakes(settings.wake, options.store(), asr)
    predictions: list[dict[str, object]] = []
    said = missed = other = false = 0
    seconds = heard_seconds = cpu = 0.0
    for row in progress(rows, "wake"):
        clip = row.samples()
        audio = np.concatenate((np.zeros(_BEFORE, np.int16), clip, np.zeros(_AFTER, np.int16)))
        if options.noise is not None:
            audio = options.noise.mix(row, audio, clip)
        detector.reset()
        begun = time.process_time()
        fired = _detections(detector, audio)
        cpu += time.process_time() - begun
        heard_seconds += len(audio) / RATE
        predictions.append({"id": row.id, "fired_at": [round((event.at - _BEFORE) / RATE, 3) for event in fired]})
        word = word_of(row)
        if word in detector.words:
            said += 1
            missed += all(event.word != word for event in fired)
        else:
            other += 1
            seconds += len(clip) / RATE
        false += sum(event.word != word for event in fired)
    miss_rate = round(missed / said, 4) if said else None
    per_hour = round(false * 3600 / seconds, 3) if seconds else None
    figures = {
        "miss_rate": miss_rate,
        "false_accepts_per_hour": per_hour,
        "cpu_per_second": round(cpu / heard_seconds, 5),
        "keyword_clips": said,
        "negative_hours": round(seconds / 3600, 3),
    }
    table = [
        ("words", "clips", "missed", "other clips", "hours", "false accepts", "CPU s/s"),
        (
            ", ".join(detector.words),
            str(said),
            str(missed),
            str(other),
            f"{seconds / 3600:.2f}",
            str(false),
            f"{cpu / heard_seconds:.4f}",
        ),
    ]
    return Report(None if miss_rate is None else round(1 - miss_rate, 4), figures, predictions, table)


def _detections(detector: WakeDetector, audio: Samples) -> list[WakeHeard]:
    found: list[WakeHeard] = []
    for i in range(0, len(audio), _CHUNK):
        found += detector.feed(AudioChunk(audio[i : i + _CHUNK], RATE, i))
    return found


def word_of(row: Row) -> str | None:
    """The wake word that is said in the clip, as engines name it."""
    keyword = row.data.get("keyword")
    return _name(keyword) if row.data.get("kind") == "keyword" and isinstance(keyword, str) else None


def _name(keyword: str) -> str:
    return keyword.strip().lower().replace(" ", "_")
