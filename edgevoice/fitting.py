"""The best profile that a board holds in real time: what to try for each stage, and what to take of what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgevoice.measure import Measured, Trial
from edgevoice.model_manifest import Model
from edgevoice.profiles import BASE_RAM_MB, LIBRARY_RAM_MB

STAGES = ("wake", "vad", "asr", "tts", "llm", "embedding")
"""In the order in which they get their memory."""
# What one stage may cost: shares of a second for a second of sound, seconds for a piece of text or a sentence.
HOLDS: Mapping[str, float] = {"wake": 0.2, "vad": 0.2, "asr": 0.35, "tts": 0.5, "llm": 0.125, "embedding": 0.1}
_UNITS: Mapping[str, str] = {
    "wake": "of one core", "vad": "of one core", "asr": "of real time", "tts": "of real time",
    "llm": "pieces a second", "embedding": "ms a sentence",
}  # fmt: skip
_WORTH = 0.85  # another thread has to bring the cost below this share
# Engines of a stage, the best first. Within one the larger model is the better one.
_PREFERRED: Mapping[str, tuple[str, ...]] = {
    "asr": ("moonshine", "whisper"),
    "tts": ("hibari", "piper", "espeak"),
    "llm": ("gguf",),
}
_NEEDED = ("wake", "vad", "asr")


@dataclass(frozen=True, slots=True)
class Here:
    """The board, as far as the choice depends on it."""

    cores: int
    ram_budget_mb: int
    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    has_gpu: bool = False
    """llama.cpp was built for the GPU that is here."""


@dataclass(slots=True)
class Choice:
    """What one stage gets, and why; `given` is what the profile says of the stage."""

    stage: str
    given: Mapping[str, Any] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    ram_mb: int = 0


Run = Callable[[Trial], Measured]


def choose(here: Here, models: Mapping[str, Model], missing: frozenset[str], run: Run) -> list[Choice]:
    """One choice a stage. `run` measures a trial; models in `missing` are not tried, which is said.

    A better recogniser that leaves no room for a voice is not taken where a smaller one does.
    """
    left = here.ram_budget_mb - BASE_RAM_MB
    voice = next((_ram(*one, models) for one in _candidates("tts", models) if one[1] not in missing), 0)
    found: list[Choice] = []
    for stage in STAGES:
        choice = _stage(stage, left - (voice if stage == "asr" else 0), here, models, missing, run)
        if stage == "asr" and not choice.given:
            choice = _stage(stage, left, here, models, missing, run)
        left -= choice.ram_mb
        found.append(choice)
    return found


def expected(here: Here, models: Mapping[str, Model], missing: frozenset[str]) -> Mapping[str, int]:
    """How many trials each stage takes, where its best model that is here and that has room holds."""
    left, counts = here.ram_budget_mb - BASE_RAM_MB, dict.fromkeys(STAGES, 0)
    for stage in STAGES:
        for engine, model in _candidates(stage, models):
            if model not in missing and _ram(engine, model, models) <= left:
                counts[stage] = len(_threads(stage, here.cores))
                left -= _ram(engine, model, models)
                break
    return counts


def _ram(engine: str, model: str, models: Mapping[str, Model]) -> int:
    return models[model].ram_mb if model else LIBRARY_RAM_MB.get(engine, 0)


def _stage(stage: str, left: int, here: Here, models: Mapping[str, Model], missing: frozenset[str], run: Run) -> Choice:
    choice = Choice(stage, {"engine": ""})
    fallback: tuple[float, Mapping[str, Any], int] | None = None
    for engine, model in _candidates(stage, models):
        name = model or engine
        ram = _ram(engine, model, models)
        if model in missing:
            choice.reasons.append(f"{name}: not measured, as it is not here: edgevoice models pull {name}")
            continue
        if ram > left:
            choice.reasons.append(f"{name}: needs {ram} MB, {left} MB are left")
            continue
        best = _fastest(stage, engine, model, here, run, choice.reasons)
        if best is None:
            continue
        given, measured = best
        assert measured.cost is not None
        if measured.cost <= HOLDS[stage]:
            choice.reasons[-1] += ": holds"
            choice.given, choice.ram_mb = given, ram
            return choice
        choice.reasons[-1] += f": too slow, {told(stage, HOLDS[stage])} wanted"
        if fallback is None or measured.cost < fallback[0]:
            fallback = (measured.cost, given, ram)
    if stage in _NEEDED and fallback is not None:
        choice.given, choice.ram_mb = fallback[1:]
        choice.reasons.append("nothing holds, and there is no assistant without one: the fastest is taken")
    elif stage in _NEEDED:
        choice.given = {}
        choice.reasons.append("nothing could be measured: the settings' default is left")
    else:
        choice.reasons.append("none is taken")
    return choice


def _candidates(stage: str, models: Mapping[str, Model]) -> list[tuple[str, str]]:
    """(engine, model), the best first."""
    if stage == "wake":
        return [("micro", "")]
    found = [model for model in models.values() if model.stage == stage]
    wanted = _PREFERRED.get(stage, tuple(dict.fromkeys(model.engine for model in found)))
    in_order: list[tuple[str, str]] = []
    for engine in wanted:
        of_engine = sorted((model for model in found if model.engine == engine), key=lambda m: m.ram_mb, reverse=True)
        in_order += [(engine, model.name) for model in of_engine] or (
            [(engine, "")] if engine in LIBRARY_RAM_MB else []
        )
    return in_order


def _fastest(
    stage: str, engine: str, model: str, here: Here, run: Run, reasons: list[str]
) -> tuple[Mapping[str, Any], Measured] | None:
    """The settings with the fewest threads that are about as fast as any. Tells what was measured."""
    best: tuple[Mapping[str, Any], Measured] | None = None
    for threads in _threads(stage, here.cores):
        given: dict[str, Any] = {"engine": engine, **({"model": model} if model else {})}
        if stage not in ("wake", "vad"):
            given["threads"] = threads
        if stage == "asr":
            given["providers"] = list(here.providers)
        if stage == "llm":
            given |= {"prompt_threads": here.cores, "gpu_layers": -1 if here.has_gpu else 0, "deadline_seconds": 60.0}
        measured = run(Trial(stage, given))
        if measured.cost is None:
            reasons.append(f"{model or engine}: {measured.problem}")
            return best
        if best is not None and best[1].cost is not None and measured.cost > best[1].cost * _WORTH:
            break
        best = given, measured
        if measured.cost > HOLDS[stage] * here.cores:
            break  # all cores together could not
    if best is not None and best[1].cost is not None:
        given, measured = dict(best[0]), best[1]
        given.pop("deadline_seconds", None)
        threads_told = f", {given['threads']} thread{'s' * (given['threads'] > 1)}" if "threads" in given else ""
        first = f", first after {measured.first_seconds * 1e3:.0f} ms" if measured.first_seconds else ""
        cost, ram = told(stage, best[1].cost), measured.ram_mb
        reasons.append(f"{model or engine}{threads_told}: {cost}{first}, {ram} MB with its libraries")
        return given, measured
    return best


def _threads(stage: str, cores: int) -> tuple[int, ...]:
    if stage in ("asr", "llm"):
        return tuple(sorted({1, max(1, cores // 2), max(1, cores - 1), min(cores, 4)}))
    return (1,)


def told(stage: str, cost: float) -> str:
    """A cost in its unit, as people read it."""
    if stage == "llm":
        return f"{1 / cost:.1f} {_UNITS[stage]}"
    return f"{cost * 1e3:.0f} {_UNITS[stage]}" if stage == "embedding" else f"{cost:.3f} {_UNITS[stage]}"
