"""`profiles suggest`: measures this machine and writes the best profile that it holds."""

from __future__ import annotations

import argparse
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from edgevoice import board, fitting, profiles
from edgevoice.fitting import Choice, Here
from edgevoice.measure import Measured, Patience, Trial, measure
from edgevoice.model_store import Store

_SHARE_OF_RAM = 0.5  # the rest is the system's, and what else runs here
_SHARE_OF_FREE = 0.8
_BUSY = 0.5
_TRIAL_SECONDS = 6.0  # one on a machine that has time: loading and measuring


def suggest(options: argparse.Namespace) -> None:
    store = Store()
    models = store.manifest
    missing = frozenset(store.missing(models))
    ram = board.ram_mb()
    here = Here(
        board.cores(), int(min(ram * _SHARE_OF_RAM, board.available_mb() * _SHARE_OF_FREE)), _providers(), _has_gpu()
    )
    _tell(f"{_name()}: {_cores(here.cores)}, {ram} MB, GPU {', '.join(board.gpu_nodes()) or 'none'}")
    if (load := os.getloadavg()[0]) > _BUSY * here.cores:
        _tell(f"it is busy (load average {load:.1f}): what is measured now is slower than the board is")
    _tell(f"onnxruntime has {', '.join(here.providers)}")

    progress = Progress(fitting.expected(here, models, missing))

    def run(trial: Trial) -> Measured:
        print(f"[{progress.begin(trial.stage)}] {trial} ... ", end="", file=sys.stderr, flush=True)
        found = measure(trial, store.root, Patience(options.seconds, fitting.HOLDS[trial.stage]))
        seconds = progress.end()
        cost = "" if found.cost is None else fitting.told(trial.stage, found.cost)
        print(f"{found.problem or cost} ({seconds:.0f} s)", file=sys.stderr)
        return found

    text = profile(here, ram, fitting.choose(here, models, missing, run))
    _tell(f"measured in {progress.spent():.0f} s")
    if options.out:
        options.out.write_text(text, "utf-8")
        _tell(f"written: {options.out}. Use it: edgevoice run --profile {options.out}")
        for problem in profiles.check(
            profiles.load(str(options.out)).settings, {m.name: m.ram_mb for m in models.values()}, here.ram_budget_mb
        ):
            _tell(problem)
    else:
        print(text, end="")


class Progress:
    """How far the trials are: `trials` are those expected of each stage, in order; there may be more and fewer."""

    def __init__(self, trials: Mapping[str, int], clock: Callable[[], float] = time.monotonic) -> None:
        self._trials, self._clock = dict(trials), clock
        self._stage, self._of_stage, self._done, self._began = "", 0, 0, clock()
        self._trial_began = self._began

    def begin(self, stage: str) -> str:
        """A trial of `stage` begins: `asr, 3 of 6, about 40 s left`."""
        if stage != self._stage:
            self._stage, self._of_stage = stage, 0
        self._of_stage += 1
        names = [name for name, count in self._trials.items() if count]
        later = sum(self._trials[name] for name in names[names.index(stage) + 1 :]) if stage in names else 0
        left = max(1, self._trials.get(stage, 0) - self._of_stage + 1) + later
        each = self.spent() / self._done if self._done else _TRIAL_SECONDS
        self._trial_began = self._clock()
        place = f"{names.index(stage) + 1} of {len(names)}, " if stage in names else ""
        return f"{place}about {math.ceil(left * each)} s left"

    def end(self) -> float:
        """The seconds that the trial took."""
        self._done += 1
        return self._clock() - self._trial_began

    def spent(self) -> float:
        return self._clock() - self._began


def profile(here: Here, ram_mb: int, choices: Sequence[Choice]) -> str:
    """The file's text: the board, then each stage's settings under what was measured of it."""
    base = profiles.load(profiles.detect())
    told: dict[str, Any] = {"arch": platform.machine(), "cores": here.cores, "ram_mb": ram_mb}
    told["ram_budget_mb"] = here.ram_budget_mb
    if board.model():
        told["match"] = [board.model()]
    if here.has_gpu or len(here.providers) > 1:
        told |= {"gpu": base.board.gpu or "cuda", "devices": list(base.board.devices)}
    lines = [
        f"# Written by `edgevoice profiles suggest` on {time.strftime('%Y-%m-%d')}: over each stage stands what was "
        "measured of it.",
        _yaml("description", f"{_name()}, as measured"),
        f"# The budget: {_SHARE_OF_RAM:.0%} of the memory, and at most {_SHARE_OF_FREE:.0%} of what was free.",
        _yaml("board", told),
        _yaml("audio", {"rate": base.settings.audio.rate}),
    ]
    for choice in choices:
        lines += [f"# {choice.stage}: {reason}" for reason in choice.reasons]
        if choice.given:
            lines.append(_yaml(choice.stage, dict(choice.given)))
    return "\n".join(lines) + "\n"


def _yaml(key: str, value: object) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000, allow_unicode=True)
    return f"{key}: {text.removesuffix('...' + chr(10)).rstrip()}"


def _name() -> str:
    return board.model() or f"{platform.machine()} with {_cores(board.cores())}"


def _cores(count: int) -> str:
    return "one core" if count == 1 else f"{count} cores"


def _providers() -> tuple[str, ...]:
    from edgevoice.asr.graphs import available_providers

    useful = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "ROCMExecutionProvider", "CPUExecutionProvider")
    available = available_providers()
    return tuple(name for name in useful if name in available)


def _has_gpu() -> bool:
    from edgevoice.llm.llamacpp import offloads

    return bool(board.gpu_nodes()) and offloads()


def _tell(text: str) -> None:
    print(text, file=sys.stderr)
