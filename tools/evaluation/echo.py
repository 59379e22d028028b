"""Suite `echo`: the wake word, or a stop word, said into the assistant's own voice, with and without the front end.

A simulated room: what the speaker plays comes back through a small loudspeaker, which distorts it, the delay of device
and air, and the room's reverberation, each row its own. The voice has spoken for two seconds when the clip begins, and goes
on through it: as its `first` words ever, and as a `later` reply, after six seconds that the front end has learned from.
It gets what a device's buffer would give it, and the microphone's chunks.

The voice is cut when the chunk has been recorded in which the word is heard, the computation that it took is done (as CPU
time), and the piece that the speaker is playing is over.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgevoice import hearing
from edgevoice.audio import wav
from edgevoice.audio.front_end import FarEnd, FrontEnd
from edgevoice.audio.mic import Mic
from edgevoice.config import AudioSettings
from edgevoice.messages import RATE, AudioChunk, Samples, WakeHeard
from edgevoice.stages import Tts, WakeDetector
from evaluation.common import Options, Report, Row, percentile, progress
from evaluation.endpoint import speech_span
from evaluation.wake import word_of

LEVELS_DB = (5.0, 0.0, -5.0)
_SENTENCES = (
    "The living room lights are now on, and the heating is set to twenty one degrees.",
    "There is one timer of ten minutes for the pasta. It rings at half past six.",
    "The front door is locked, two windows in the bedroom are open, and the garage is closed.",
    "Rivers wash salt out of rocks and carry it into the sea, where it stays.",
)
_WAYS = ("plain", "first", "later")
_EARLIER, _PAUSE, _BEFORE, _AFTER = 6 * RATE, 23_456, 2 * RATE, RATE // 2
_CHUNK, _AHEAD = 256, RATE // 10  # the microphone's blocks, and the speaker's buffer
_CUT = round(0.01 * RATE)  # the piece that the speaker is playing
_DIRECT_DB = 10.0  # the sound that comes straight from the loudspeaker, over that of the room
_FAINT = 3.0  # the microphone's own noise
_PEAK = 30_000.0  # it does not clip


@dataclass(slots=True)
class Heard:
    """What one way of listening gave at one level."""

    said: int = 0
    missed: int = 0
    false: int = 0
    seconds: float = 0.0
    cut_ms: list[float] = field(default_factory=list)


def run(rows: list[Row], options: Options) -> Report:
    settings = options.settings
    if options.keyword is not None:
        word = options.keyword.strip().lower().replace(" ", "_")
        settings = replace(settings, wake=replace(settings.wake, words=(word,)))
    asr = options.engine("asr")
    detectors = [
        hearing.wakes(settings.wake, options.store(), asr),
        *hearing.stop_detectors(settings, options.store(), options.engine("vad"), asr),
    ]
    levels = LEVELS_DB if options.noise is None else (options.noise.snr_db,)
    played = _voice(options.engine("tts")) if options.noise is None else []
    found = {(level, way): Heard() for level in levels for way in _WAYS}
    erle: list[float] = []
    predictions: list[dict[str, object]] = []
    cpu = seconds = 0.0
    for row in progress(rows, "echo"):
        clip = row.samples()
        near = np.concatenate((np.zeros(_BEFORE), clip, np.zeros(_AFTER)))
        rng = np.random.default_rng(zlib.crc32(row.id.encode()))
        if options.noise is None:
            far = np.concatenate([played[i] for i in rng.permutation(len(played))])
            far = np.resize(far, len(near))
        else:
            far = options.noise.pick(row, len(near))[1]
        earlier = np.resize(np.roll(far, int(rng.integers(len(far)))), _EARLIER)
        both = np.concatenate((earlier, np.zeros(_PAUSE, np.int16), far))
        last = slice(len(both) - len(far), None)
        whole = room(both, rng)
        echo = whole[last]
        prediction: dict[str, object] = {"id": row.id}
        begin, end = speech_span(clip)
        for level in levels:
            scale = np.sqrt(_power(clip[begin:end]) / _power(echo) / 10 ** (level / 10))
            heard_all = scale * whole + _FAINT * rng.standard_normal(len(whole))
            heard_all[last] += near
            learned = (heard_all * min(1.0, _PEAK / np.abs(heard_all).max())).astype(np.int16)
            plain = learned[last]
            begun = time.process_time()
            later = _last(cancelled(learned, (0, earlier), (last.start, far)), last.start)
            cpu += time.process_time() - begun
            seconds += (len(learned) - _PAUSE) / RATE
            left = np.concatenate([chunk.samples for chunk in later])
            erle.append(float(10 * np.log10(_power(plain[RATE:_BEFORE]) / _power(left[RATE:_BEFORE]))))
            for way, heard in (("plain", _chunks(plain)), ("first", cancelled(plain, (0, far))), ("later", later)):
                events = _listen(detectors, heard)
                _count(found[level, way], row, detectors, events, len(clip), _BEFORE + end)
                prediction[f"{way}_{level:g}"] = [round((at - _BEFORE) / RATE, 3) for at, _ in events]
        predictions.append(prediction)
    return _report(found, erle, predictions, cpu / seconds)


def room(far: Samples, rng: np.random.Generator) -> NDArray[np.float64]:
    """The echo of `far` as the microphone hears it, float64 [n]."""
    delay, decay_seconds = rng.uniform(0.02, 0.2), rng.uniform(0.2, 0.6)
    time = np.arange(round(decay_seconds * RATE)) / RATE
    response = rng.standard_normal(len(time)) * 10 ** (-3 * time / decay_seconds)
    response[:20] = 0
    response *= 10 ** (-_DIRECT_DB / 20) / np.sqrt(np.sum(response**2))
    response[0] = 1.0
    x = far / 32768.0
    x = np.concatenate((np.zeros(round(delay * RATE)), x - 0.1 * x**3))[: len(far)]
    size = 1 << (len(x) + len(response)).bit_length()
    return np.asarray(np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(response, size), size)[: len(x)]) * 32768


def cancelled(heard: Samples, *played: tuple[int, Samples]) -> list[AudioChunk]:
    """What the front end makes of a microphone that hears `heard`, int16 [n], while each `played` is given to the
    speaker, from its place in the stream on.
    """
    far = FarEnd()
    front_end = FrontEnd(Mic(AudioSettings()), far)
    out: list[AudioChunk] = []
    given = [0] * len(played)
    for chunk in _chunks(heard):
        for k, (start, samples) in enumerate(played):
            if chunk.start + _CHUNK > start and given[k] < len(samples):
                until = chunk.start + _CHUNK - start + _AHEAD
                far.put(samples[given[k] : until])
                given[k] = until
        out.append(front_end.process(chunk))
    return out


def _chunks(samples: Samples) -> list[AudioChunk]:
    return [AudioChunk(samples[i : i + _CHUNK], RATE, i) for i in range(0, len(samples), _CHUNK)]


def _last(chunks: list[AudioChunk], start: int) -> list[AudioChunk]:
    """Those from `start` of the stream on, as a stream of their own."""
    first = -(-start // _CHUNK)
    return [replace(chunk, start=chunk.start - first * _CHUNK) for chunk in chunks[first:]]


def _voice(tts: Tts) -> list[Samples]:
    return [wav.resample(np.concatenate(list(tts.speak(one))), tts.rate, RATE) for one in _SENTENCES]


def _listen(detectors: Sequence[WakeDetector], chunks: Sequence[AudioChunk]) -> list[tuple[int, WakeHeard]]:
    """(end of the chunk in which it was heard, and of what was computed for it; the event)."""
    for detector in detectors:
        detector.reset()
    found = []
    for chunk in chunks:
        for detector in detectors:
            begun = time.process_time()
            events = detector.feed(chunk)
            done = chunk.start + len(chunk.samples) + round((time.process_time() - begun) * RATE)
            found += [(done, event) for event in events]
    return found


def _count(
    heard: Heard,
    row: Row,
    detectors: Sequence[WakeDetector],
    events: Sequence[tuple[int, WakeHeard]],
    length: int,
    end: int,
) -> None:
    wake, *stops = [{name.replace(" ", "_") for name in detector.words} for detector in detectors]
    stop: set[str] = set().union(*stops)
    word = word_of(row)
    same = stop if word in stop else wake & {word}  # one stop word does as well as another
    right = [at for at, event in events if event.word.replace(" ", "_") in same and at > _BEFORE]
    heard.false += len(events) - len(right)
    heard.seconds += _BEFORE / RATE  # of the voice alone
    if same:
        heard.said += 1
        heard.missed += not right
        heard.cut_ms += [(at + _CUT - end) * 1e3 / RATE for at in right[:1]]
    else:
        heard.seconds += length / RATE


def _report(
    found: dict[tuple[float, str], Heard], erle: list[float], predictions: list[dict[str, object]], cpu: float
) -> Report:
    figures: dict[str, float | int | str | None] = {}
    table: list[tuple[str, ...]] = [
        ("clip over echo", "front end", "clips", "missed", "false", "hours", "cut p50 ms", "p90")
    ]
    said = missed = 0
    for (level, way), one in found.items():
        name = f"{way}_{level:g}_db"
        figures[f"{name}_miss_rate"] = round(one.missed / one.said, 4) if one.said else None
        figures[f"{name}_false_accepts"] = one.false
        p50, p90 = percentile(one.cut_ms, 50), percentile(one.cut_ms, 90)
        table.append(
            (
                f"{level:g} dB",
                way,
                str(one.said),
                str(one.missed),
                str(one.false),
                f"{one.seconds / 3600:.2f}",
                f"{p50}",
                f"{p90}",
            )
        )
        if way == "later":
            said, missed = said + one.said, missed + one.missed
            figures[f"cut_{level:g}_db_p50_ms"], figures[f"cut_{level:g}_db_p90_ms"] = p50, p90
    figures |= {
        "erle_p50_db": percentile(erle, 50),
        "erle_p10_db": percentile(erle, 10),
        "cpu_per_second": round(cpu, 5),
    }
    return Report(round(1 - missed / said, 4) if said else None, figures, predictions, table)


def _power(samples: NDArray[Any]) -> float:
    return float(np.mean(samples.astype(np.float64) ** 2)) + 1.0
