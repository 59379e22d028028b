"""How fast this machine runs one engine: measured in a process of its own, so that what kills it is a finding.

`python -m edgevoice.measure`: a `Trial` as JSON on standard input, a `Measured` on standard output.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from edgevoice import board, config, engines, resources
from edgevoice.messages import RATE, AudioChunk
from edgevoice.model_store import Store

_CLIPS = 8
_LOAD_SECONDS = 120.0  # what loading may take beside the measuring
_CLEAR, _CLEAR_SECONDS, _CLEAR_COUNT = 1.5, 1.0, 3
"""It ends early once so many costs, over so long, are all so many times below or above what is looked for."""
_SENTENCES = (
    "The lights in the Office are off.",
    "Should I lock the Front Door?",
    "The outdoor humidity is fifty four percent.",
    "A timer of three hours and ten minutes is running.",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Trial:
    """One engine and its settings: `given` are keys of `config.Settings`' part `stage`."""

    stage: str
    given: Mapping[str, Any]

    def __str__(self) -> str:
        threads = self.given.get("threads")
        name = self.given.get("model") or self.given["engine"]
        return f"{self.stage} {name}" + (f", {threads} thread{'s' * (threads > 1)}" if threads else "")


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """`cost` is the time taken for a second of sound (`asr`, `tts`: by the clock; `wake`, `vad`: of one core), or for
    one piece of text (`llm`) or one sentence (`embedding`), in seconds; None where it could not run: `problem` says why.
    """

    cost: float | None
    ram_mb: int = 0
    """What loading and running it added."""
    first_seconds: float = 0.0
    """`tts`, `llm`: until the first audio or piece, with the prompt's beginning read before."""
    problem: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Patience:
    """How long is measured: at most `seconds`, less once it is clear on which side of the cost `holds` this is."""

    seconds: float
    holds: float = 0.0

    def ends(self, costs: Sequence[float], spent_seconds: float) -> bool:
        if spent_seconds >= self.seconds or len(costs) < _CLEAR_COUNT or spent_seconds < _CLEAR_SECONDS:
            return spent_seconds >= self.seconds
        return max(costs) * _CLEAR < self.holds or min(costs) > self.holds * _CLEAR


def measure(trial: Trial, models: Path, patience: Patience) -> Measured:
    """Runs the trial, loading not counted. Never raises: a process that dies is told."""
    seconds = patience.seconds
    asked = json.dumps(
        {"stage": trial.stage, "given": trial.given, "models": str(models), "patience": dataclasses.asdict(patience)}
    )
    try:
        done = subprocess.run(
            [sys.executable, "-m", "edgevoice.measure"],
            input=asked, capture_output=True, text=True, check=False, timeout=_LOAD_SECONDS + 3 * seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Measured(None, problem=f"was not done after {_LOAD_SECONDS + 3 * seconds:.0f} s")
    if done.returncode < 0:
        return Measured(None, problem=f"was killed (signal {-done.returncode}): too little memory?")
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return Measured(None, problem=lines[-1] if lines else f"status {done.returncode}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    asked = json.load(sys.stdin)
    stage, given, patience = asked["stage"], asked["given"], Patience(**asked["patience"])
    settings = config.settings(None, None, {stage: given})
    before = board.rss_mb()
    engine = engines.load(stage, settings, Store(Path(asked["models"])))
    cost, first = _MEASURES[stage](engine, patience)
    grown = round(board.rss_mb() - before)
    print(json.dumps(dataclasses.asdict(Measured(cost, grown, first))))


def _clips() -> list[list[AudioChunk]]:
    from edgevoice.audio import wav

    files = sorted(resources.find("recordings").glob("*.flac"))[::3][:_CLIPS]
    return [list(wav.chunks(file)) for file in files]


def _length(clip: list[AudioChunk]) -> float:
    return sum(len(chunk.samples) for chunk in clip) / RATE


def _stream(engine: Any, patience: Patience) -> tuple[float, float]:
    """Of one core, as it runs all day. The stream goes on from clip to clip."""
    at = 0

    def listen(clip: list[AudioChunk]) -> float:
        nonlocal at
        spent = time.process_time()
        for chunk in clip:
            engine.feed(AudioChunk(chunk.samples, RATE, at))
            at += len(chunk.samples)
        return (time.process_time() - spent) / _length(clip)

    return _repeated(patience, _clips(), listen), 0.0


def _asr(engine: Any, patience: Patience) -> tuple[float, float]:
    shares = _repeated(patience, _clips(), lambda clip: _timed(lambda: list(engine.transcribe(clip))) / _length(clip))
    return shares, 0.0


def _tts(engine: Any, patience: Patience) -> tuple[float, float]:
    firsts: list[float] = []

    def speak(sentence: str) -> float:
        began, samples = time.perf_counter(), 0
        for piece in engine.speak(sentence):
            if not samples:
                firsts.append(time.perf_counter() - began)
            samples += len(piece)
        return (time.perf_counter() - began) * float(engine.rate) / max(1, samples)

    return _repeated(patience, _SENTENCES, speak), statistics.median(firsts)


def _llm(engine: Any, patience: Patience) -> tuple[float, float]:
    from edgevoice.skills import chat
    from edgevoice.stages import ChatMessage

    engine.warm(chat.prefix())
    firsts: list[float] = []

    def write(word: str) -> float:
        messages = [*chat.prefix(), ChatMessage("user", f"Tell me a story about a {word}.")]
        began, times = time.perf_counter(), []
        for _ in engine.generate(messages, 24, threading.Event()):
            times.append(time.perf_counter())
        firsts.append(times[0] - began)
        return (times[-1] - times[0]) / max(1, len(times) - 1)

    return _repeated(patience, ("lamp", "door", "kettle", "garden"), write), statistics.median(firsts)


def _embedding(engine: Any, patience: Patience) -> tuple[float, float]:
    return _repeated(patience, _SENTENCES, lambda sentence: _timed(lambda: engine.embed(sentence))), 0.0


def _repeated(patience: Patience, items: Any, cost: Callable[[Any], float]) -> float:
    """The median cost of the items, again and again until that is enough; the first one warms up and does not count."""
    around: Iterator[Any] = cycle(items)
    cost(next(around))
    costs: list[float] = []
    began = time.monotonic()
    while not costs or not patience.ends(costs, time.monotonic() - began):
        costs.append(cost(next(around)))
    return statistics.median(costs)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


_MEASURES: Mapping[str, Callable[[Any, Patience], tuple[float, float]]] = {
    "wake": _stream, "vad": _stream, "asr": _asr, "tts": _tts, "llm": _llm, "embedding": _embedding,
}  # fmt: skip

if __name__ == "__main__":
    main()
