"""Suite `endpoint`: is the end of speech found, when, and never before it.

Each recording is given to the listener as after a wake word, with 0.5 s of its own quiet before it and 1.5 s after. The true end is the
row's `speech_end` (or `end`) in seconds; without one it is measured on the clean recording: the end of the last 80 ms or
more whose level is a quarter of the way, in decibels, from the recording's floor (10th percentile of 10 ms frames) to its
peak (95th), and within 30 dB of the peak. Noise is mixed in afterwards.

What was said so far is recognised and weighed at each short pause, as in a turn, and known later by the CPU time that
this takes, which does not depend on what else the machine does. Beside it stand rules that look at the silence only.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from edgevoice.listen import Listener
from edgevoice.messages import RATE, AudioChunk, Ending, Intent, Samples, SpeechEnded, SpeechPaused, Utterance
from edgevoice.nlu import packs, sayable
from edgevoice.nlu.cascade import Cascade
from edgevoice.nlu.context import NOWHERE
from edgevoice.phrases import Phrases
from edgevoice.replay import Late
from edgevoice.skills.ending import Weigher
from edgevoice.stages import Asr, SpeechProbability
from evaluation import grammar
from evaluation.common import Options, Report, Row, latency, percentile, progress

_FRAME = 160
_RUN = 8
_BEFORE, _AFTER = RATE // 2, round(1.5 * RATE)
_CHUNK = 512
_LEAST_QUIET = RATE // 20
_FIXED_SECONDS = (0.5, 0.8)
_AHEAD = "ahead"

Weigh = Callable[[Utterance], Ending | None]


@dataclass(slots=True)
class _Rule:
    """What one rule did, over all rows."""

    late_ms: list[float] = field(default_factory=list)
    early: int = 0
    undecided: int = 0

    def note(self, end: float, decided: float | None) -> None:
        if decided is None:
            self.undecided += 1
        elif decided < end:
            self.early += 1
        else:
            self.late_ms.append(1000 * (decided - end))

    def figures(self, rows: int) -> dict[str, float]:
        rates = {"cut_rate": round(self.early / rows, 4), "undecided_rate": round(self.undecided / rows, 4)}
        times = {**latency(self.late_ms), "p90_ms": percentile(self.late_ms, 90)}
        return rates | {key: value for key, value in sorted(times.items()) if value is not None}


def run(rows: list[Row], options: Options) -> Report:
    """A row with an intent of the pack is an order in that closed domain; the others are spoken to the home."""
    vad = options.engine("vad")
    listen = replace(options.settings.listen, start_seconds=60.0, maximum_seconds=120.0)
    fixed = {_fixed(seconds): replace(listen, silence_seconds=seconds, pause_seconds=0.0) for seconds in _FIXED_SECONDS}
    settings = {_AHEAD: listen, **fixed}
    rules = {name: _Rule() for name in settings}
    understood = _Understood(options)
    predictions: list[dict[str, object]] = []
    said: Counter[str] = Counter()
    for row in progress(rows, "endpoint"):
        speech = row.samples()
        end = _true_end(row, speech)
        audio = np.concatenate((_quiet(speech, _BEFORE), speech, _quiet(speech, _AFTER)))
        if options.noise is not None:
            audio = options.noise.mix(row, audio, speech)
        vad.reset()
        heard = _Known(vad.feed(AudioChunk(audio, RATE, 0)))
        for name, rule in rules.items():
            listener = Listener(None, heard, settings[name], options.settings.vad.threshold)
            ended = _ended(listener, audio, understood.weigh(row))
            decided = None if ended is None else (ended.decided_at - _BEFORE) / RATE
            rule.note(end, decided)
            if name == _AHEAD:
                said[ended.rule if ended is not None else "undecided"] += 1
                predictions.append(
                    {
                        "id": row.id,
                        "decided_at": None if decided is None else round(decided, 3),
                        "rule": None if ended is None else ended.rule,
                        "text": understood.text,
                    }
                )
    return _report(rules, predictions, said, understood)


class _Understood:
    """What is understood at a pause, and what that costs."""

    def __init__(self, options: Options) -> None:
        self._engine: Asr = options.engine("asr")
        self._pack = packs.load(options.pack or packs.path("coffee"))
        self._orders = sayable.pack(self._pack.sentences)
        self._options = options
        self._weigher = Weigher(options.settings.nlu.language)
        self.text = ""
        self.count = 0
        self.cpu_seconds = 0.0

    def weigh(self, row: Row) -> Weigh:
        """For one row, as `Ahead.weigh` does it."""
        self.text = ""
        is_order = self._pack.knows(str(row.data.get("intent")))
        phrases = self._orders if is_order else self._home.sayable()

        def weigh(utterance: Utterance) -> Ending | None:
            began = time.process_time()
            ending = self._heard(utterance, phrases, (lambda text: ()) if is_order else self._certain)
            self.cpu_seconds += time.process_time() - began
            self.count += 1
            return ending

        return weigh

    @cached_property
    def _home(self) -> Cascade:
        return grammar.understanding(self._options.settings, self._options.home or ())

    def _certain(self, text: str) -> tuple[Intent, ...]:
        return self._home.certain(text, NOWHERE)

    def _heard(
        self, utterance: Utterance, phrases: Phrases, certain: Callable[[str], tuple[Intent, ...]]
    ) -> Ending | None:
        self._engine.bias(phrases)
        *_, heard = self._engine.transcribe([AudioChunk(utterance.samples, RATE, utterance.start)])
        self.text = heard.text
        return self._weigher.weigh(heard, phrases, certain=certain)


def _report(
    rules: dict[str, _Rule], predictions: list[dict[str, object]], said: Counter[str], understood: _Understood
) -> Report:
    rows = len(predictions)
    columns = ("cut_rate", "undecided_rate", "p50_ms", "p90_ms", "p95_ms")
    found = {name: rule.figures(rows) for name, rule in rules.items()}
    table: list[tuple[str, ...]] = [("rule", "rows", *columns)]
    table += [(name, str(rows), *(str(one.get(key, "-")) for key in columns)) for name, one in found.items()]
    figures: dict[str, float] = dict(found[_AHEAD])
    for name, one in found.items():
        if name != _AHEAD:
            figures |= {f"{name}_{key}": one[key] for key in columns if key in one}
    figures |= {f"by_{name}": count for name, count in sorted(said.items())}
    figures |= {
        "heard_ahead_per_row": round(understood.count / rows, 3),
        "cpu_ms_per_row": round(1000 * understood.cpu_seconds / rows, 1),
    }
    ahead = rules[_AHEAD]
    return Report(round(1 - (ahead.early + ahead.undecided) / rows, 4), figures, predictions, table)


def _fixed(seconds: float) -> str:
    return f"fixed_{round(seconds * 1000)}"


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


class _Known:
    """A Vad whose answers are known."""

    def __init__(self, windows: list[SpeechProbability]) -> None:
        self._windows = windows

    def feed(self, chunk: AudioChunk) -> list[SpeechProbability]:
        return [one for one in self._windows if chunk.start < one.end <= chunk.start + len(chunk.samples)]

    def reset(self) -> None:
        """It knows the whole recording, whatever is asked first."""


def _ended(listener: Listener, audio: Samples, weigh: Weigh) -> SpeechEnded | None:
    late = Late(weigh, time.process_time)
    listener.listen_now(0)
    for i in range(0, len(audio), _CHUNK):
        late.tell(listener, i)
        for event in listener.feed(AudioChunk(audio[i : i + _CHUNK], RATE, i)):
            if isinstance(event, SpeechPaused):
                late.weigh(event)
            if isinstance(event, SpeechEnded):
                return event
    return None
