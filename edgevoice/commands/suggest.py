"""`profiles suggest`: measures this machine and writes the best profile that it holds."""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Sequence
from typing import Any

import yaml

from edgevoice import board, fitting, profiles
from edgevoice.fitting import Choice, Here
from edgevoice.measure import Measured, Trial, measure
from edgevoice.model_store import Store

_SHARE_OF_RAM = 0.5  # the rest is the system's, and what else runs here
_SHARE_OF_FREE = 0.8


def suggest(options: argparse.Namespace) -> None:
    store = Store()
    models = store.manifest
    missing = frozenset(store.missing(models))
    ram = board.ram_mb()
    here = Here(
        board.cores(), int(min(ram * _SHARE_OF_RAM, board.available_mb() * _SHARE_OF_FREE)), _providers(), _has_gpu()
    )
    _tell(f"{_name()}: {here.cores} cores, {ram} MB, GPU {', '.join(board.gpu_nodes()) or 'none'}")
    _tell(f"onnxruntime has {', '.join(here.providers)}")

    def run(trial: Trial) -> Measured:
        began = time.monotonic()
        print(f"measuring {trial} ... ", end="", file=sys.stderr, flush=True)
        found = measure(trial, store.root, options.seconds / 2 if trial.stage in ("asr", "llm") else options.seconds)
        print(f"{found.problem or 'done'} ({time.monotonic() - began:.0f} s)", file=sys.stderr)
        return found

    text = profile(here, ram, fitting.choose(here, models, missing, run))
    if options.out:
        options.out.write_text(text, "utf-8")
        _tell(f"written: {options.out}. Use it: edgevoice run --profile {options.out}")
        for problem in profiles.check(
            profiles.load(str(options.out)).settings, {m.name: m.ram_mb for m in models.values()}, here.ram_budget_mb
        ):
            _tell(problem)
    else:
        print(text, end="")


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
    return board.model() or f"{platform.machine()} with {board.cores()} cores"


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
