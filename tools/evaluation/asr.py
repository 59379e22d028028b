"""Suite `asr`: word error rate, and what recognition costs."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from unicode_rbnf import FormatPurpose, RbnfEngine

from edgevoice.messages import RATE, AudioChunk, Samples, Transcript
from edgevoice.stages import Asr
from evaluation import grammar
from evaluation.common import Options, Report, Row, latency, progress

CHUNK = RATE // 10  # as a microphone would hand it over


@dataclass(frozen=True, slots=True)
class Result:
    """What one row gave; `errors` and `words` are 0 where the row is not scored."""

    row: Row
    text: str
    ms: float
    cpu_seconds: float
    seconds: float
    errors: int = 0
    words: int = 0


def run(rows: list[Row], options: Options) -> Report:
    """Rows with no `text`, or in another language than the settings', are recognised and not scored."""
    before = _memory_mb("VmRSS")
    engine: Asr = options.engine("asr")
    language = options.settings.nlu.language
    engine.bias(None if options.home is None else grammar.phrases(options.settings, options.home))
    results = []
    for row in progress(rows, "asr"):
        samples = row.samples()
        if options.noise is not None:
            samples = options.noise.mix(row, samples)
        results.append(_recognise(engine, row, samples, language))
    scored = [result for result in results if result.words]
    audio = sum(result.seconds for result in results)
    wer = _rate(scored)
    figures = {
        "wer": wer,
        "exact_rate": round(sum(not result.errors for result in scored) / len(scored), 5) if scored else None,
        **latency([result.ms for result in results]),
        "rtf": round(sum(result.ms for result in results) / 1000 / audio, 5) if audio else None,
        "cpu_per_second": round(sum(result.cpu_seconds for result in results) / audio, 5) if audio else None,
        "ram_mb": round(_memory_mb("VmHWM") - before),
    }
    return Report(
        score=None if wer is None else round(1 - wer, 5),
        figures=figures,
        predictions=[{"id": result.row.id, "text": result.text} for result in results],
        table=_table(results),
        n=len(scored),
    )


def _recognise(engine: Asr, row: Row, samples: Samples, language: str) -> Result:
    started, cpu = time.perf_counter(), time.process_time()
    last = hear(engine, samples)
    ms, cpu = (time.perf_counter() - started) * 1000, time.process_time() - cpu
    result = Result(row, last.text, ms, cpu, len(samples) / RATE)
    if row.data.get("text") is None or row.data.get("lang", language) != language:
        return result
    said, heard = (words(text, language) for text in (row.need("text", str), last.text))
    return Result(row, last.text, ms, cpu, len(samples) / RATE, distance(said, heard), len(said))


def hear(engine: Asr, samples: Samples) -> Transcript:
    """What the engine makes of a recording in the end."""
    chunks = (AudioChunk(samples[i : i + CHUNK], RATE, i) for i in range(0, len(samples), CHUNK))
    *_, last = engine.transcribe(chunks)
    return last


def _memory_mb(kind: str) -> float:
    """Of this process: `VmRSS` now, `VmHWM` at most; what getrusage tells is the parent's where that was larger."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{kind}:")[2].split()[0]) / 1024


def _rate(results: Sequence[Result]) -> float | None:
    count = sum(result.words for result in results)
    return round(sum(result.errors for result in results) / count, 5) if count else None


def _table(results: Sequence[Result]) -> list[list[str]]:
    sets: dict[str, list[Result]] = {}
    for result in results:
        sets.setdefault(str(result.row.data.get("set", "-")), []).append(result)
    lines = [["set", "rows", "words", "errors", "WER", "exact", "median ms", "audio s"]]
    for name, part in [*sorted(sets.items()), ("all", list(results))]:
        judged = [result for result in part if result.words]
        wer, p50 = _rate(judged), latency([result.ms for result in part])["p50_ms"]
        lines.append(
            [
                name,
                str(len(part)),
                str(sum(result.words for result in part)),
                str(sum(result.errors for result in part)),
                "-" if wer is None else f"{wer:.2%}",
                f"{sum(not result.errors for result in judged)}/{len(judged)}",
                f"{p50:.1f}",
                f"{sum(result.seconds for result in part):.0f}",
            ]
        )
    return lines


# --- text as words ----------------------------------------------------------------------------------------------------

_SIGNS = {"%": " percent ", "°": " degrees ", "&": " and "}
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)\b")


def words(text: str, language: str = "en") -> list[str]:
    """Lower case, punctuation out (an apostrophe joins, all else parts), numbers as words in `language`."""
    text = unicodedata.normalize("NFKC", text).lower()
    if language == "en":
        text = _ORDINAL.sub(lambda m: _spelled(m[1], language, ordinal=True), text)
        for sign, spoken in _SIGNS.items():
            text = text.replace(sign, spoken)
    text = _NUMBER.sub(lambda m: f" {_spelled(m[0], language)} ", text)
    text = re.sub(r"['’‘`´]", "", text)
    return re.sub(r"[\W_]+", " ", text).split()


def _spelled(number: str, language: str, ordinal: bool = False) -> str:
    """`number` in words: 1,000 and 3.5 are one number, 9:30 and 1.2.3 are several."""
    number = re.sub(r",(?=\d{3}(?!\d))", "", number)
    if not re.fullmatch(r"\d+(\.\d+)?", number):
        return " ".join(_spelled(part, language) for part in re.split(r"\D", number))
    engine = _engine(language)
    if ordinal:
        return str(engine.format_number(int(number), FormatPurpose.ORDINAL).text)
    whole, _, decimals = number.partition(".")
    spoken = [engine.format_number(int(whole)).text]
    if decimals:
        spoken += ["point", *(engine.format_number(int(digit)).text for digit in decimals)]
    return " ".join(spoken)


@lru_cache(maxsize=4)
def _engine(language: str) -> RbnfEngine:
    return RbnfEngine.for_language(language)


def distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Fewest substitutions, deletions and insertions of words that turn one into the other."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]
