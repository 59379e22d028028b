"""Suite `endpoint`: is the end of speech found, when, and never before it.

Each recording is given to the listener as after a wake word, with 0.5 s of its own quiet before it and 1.5 s after. The true end is the
row's `speech_end` (or `end`) in seconds; without one it is measured on the clean recording: the end of the last 80 ms or
more whose level is a quarter of the way, in decibels, from the recording's floor (10th percentile of 10 ms frames) to its
peak (95th), and within 30 dB of the peak. Noise is mixed in afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edgevoice.listen import Listener
from edgevoice.messages import RATE, AudioChunk, Samples, SpeechEnded
from evaluation.common import Options, Report, Row, latency, progress

_FRAME = 160
_RUN = 8
_BEFORE, _AFTER = RATE // 2, round(1.5 * RATE)
_CHUNK = 512
_LEAST_QUIET = RATE // 20


def run(rows: list[Row], options: Options) -> Report:
    vad = options.engine("vad")
    listen = replace(options.settings.listen, start_seconds=60.0, maximum_seconds=120.0)
    predictions: list[dict[str, object]] = []
    late_ms: list[float] = []
    early = unheard = 0
    for row in progress(rows, "endpoint"):
        speech = row.samples()
        end = _true_end(row, speech)
        audio = np.concatenate((_quiet(speech, _BEFORE), speech, _quiet(speech, _AFTER)))
        if options.noise is not None:
            audio = options.noise.mix(row, audio, speech)
        listener = Listener(None, vad, listen, options.settings.vad.threshold)
        listener.listen_now(0)
        ends = [(event.decided_at - _BEFORE) / RATE for event in _events(listener, audio)]
        predictions.append({"id": row.id, "decided_at": round(ends[0], 3) if ends else None})
        if not ends:
            unheard += 1
        elif ends[0] < end:
            early += 1
        else:
            late_ms.append(1000 * (ends[0] - end))
    figures = {"cut_rate": round(early / len(rows), 4), "undecided_rate": round(unheard / len(rows), 4)}
    figures |= {key: value for key, value in latency(late_ms).items() if value is not None}
    table: list[tuple[str, ...]] = [("rows", "cut off", "undecided", "p50 ms", "p95 ms")]
    table.append((str(len(rows)), str(early), str(unheard), *(str(figures.get(k, "-")) for k in ("p50_ms", "p95_ms"))))
    return Report(round(1 - (early + unheard) / len(rows), 4), figures, predictions, table)


def speech_span(samples: Samples) -> tuple[int, int]:
    """First and last sample of the speech in a clean recording, by the rule above. (0, n) where nothing stands out."""
    frames = samples[: len(samples) - len(samples) % _FRAME].astype(np.float64).reshape(-1, _FRAME)
    if not len(frames):
        return 0, len(samples)
    level = 10 * np.log10(np.mean(frames**2, axis=1) + 1)
    level = np.convolve(np.pad(level, 2, mode="edge"), np.ones(5) / 5, "valid")
    floor, peak = np.percentile(level, [10, 95])
    above = level > max(floor + (peak - floor) / 4, peak - 30)
    runs = np.convolve(above, np.ones(_RUN), "valid") == _RUN
    starts = np.flatnonzero(runs)
    if not len(starts):
        return 0, len(samples)
    return int(starts[0]) * _FRAME, (int(starts[-1]) + _RUN) * _FRAME


def _true_end(row: Row, samples: Samples) -> float:
    """Seconds from the start of the clip."""
    for key in ("speech_end", "end"):
        value = row.data.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    return speech_span(samples)[1] / RATE


def _quiet(samples: Samples, length: int) -> Samples:
    """`length` samples of the recording's own background: the longer part outside its speech, to and fro.

    Zeros where the recording is cut so close to its speech that it has none.
    """
    start, end = speech_span(samples)
    quiet = max(samples[:start], samples[end:], key=len)
    if len(quiet) < _LEAST_QUIET:
        return np.zeros(length, np.int16)
    return np.resize(np.concatenate((quiet, quiet[::-1])), length)


def _events(listener: Listener, audio: Samples) -> Iterator[SpeechEnded]:
    for i in range(0, len(audio), _CHUNK):
        for event in listener.feed(AudioChunk(audio[i : i + _CHUNK], RATE, i)):
            if isinstance(event, SpeechEnded):
                yield event
