"""Device profiles: what a board has, and the settings that fit it. One YAML file a board in `device_profiles/`.

A profile holds `description`, `board` and the keys of `config.Settings`.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from edgevoice import board, config, registry, resources, schema
from edgevoice.errors import SettingsError

BASE_RAM_MB = 120
"""Resident memory of the interpreter, the libraries and our own code, before any model is loaded."""

LIBRARY_RAM_MB: Mapping[str, int] = {"micro": 10, "hibari": 160, "espeak": 10}
"""Resident memory of the engines whose model lives in a library."""


@dataclass(frozen=True, slots=True)
class Board:
    """What the hardware has. `devices` are device nodes that the engines need beside the sound card."""

    arch: str
    cores: int = field(metadata={"min": 1})
    ram_mb: int = field(metadata={"min": 1})
    ram_budget_mb: int = field(metadata={"min": 1})
    """What the assistant may use of it."""
    match: tuple[str, ...] = ()
    """Texts in the device tree's model that tell the board."""
    gpu: str = ""
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """`node` is the settings' part of the file, to be merged with the user's by `config.settings`."""

    name: str
    file: Path
    description: str
    board: Board
    node: yaml.Node | None
    settings: config.Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class _File(config.Settings):
    """The schema of a profile: the settings, and what they are for."""

    description: str
    board: Board


def names() -> tuple[str, ...]:
    """The shipped profiles."""
    return tuple(sorted(path.stem for path in resources.find("device_profiles").glob("*.yaml")))


def load(name_or_path: str) -> Profile:
    """A shipped profile by its name, or any by its path. Raises SettingsError."""
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        if name_or_path not in names():
            raise SettingsError("profile", f"unknown profile '{name_or_path}'", schema.suggest(name_or_path, names()))
        path = resources.find("device_profiles") / f"{name_or_path}.yaml"
    root = schema.read(path)
    file: _File = schema.build(root, _File, str(path))
    node = root
    if isinstance(root, yaml.MappingNode):
        settings = [pair for pair in root.value if pair[0].value not in ("description", "board")]
        node = yaml.MappingNode(root.tag, settings, root.start_mark, root.end_mark)
    return Profile(path.stem, path, file.description, file.board, node, config.settings(node))


def check(settings: config.Settings, models: Mapping[str, int], ram_budget_mb: int) -> list[str]:
    """What does not fit, a sentence each: engines nobody registered, models that are not in `models`, too much memory.

    `models` gives the resident megabytes of each model in the manifest.
    """
    problems: list[str] = []
    stages = [(name, getattr(settings, name)) for name in registry.ENGINES if name != "wake"]
    for stage, chosen in (*(("wake", word) for word in settings.wake.each()), *stages):
        engines = registry.ENGINES[stage]
        if chosen.engine and ":" not in chosen.engine and chosen.engine not in engines:
            problems.append(f"{stage}.engine: '{chosen.engine}' is unknown. {schema.suggest(chosen.engine, engines)}")
        elif chosen.engine and chosen.model and chosen.model not in models:
            problems.append(
                f"{stage}.model: '{chosen.model}' is not in the manifest. {schema.suggest(chosen.model, models)}"
            )
        elif stage == "asr" and chosen.second and chosen.second not in models:
            problems.append(
                f"asr.second: '{chosen.second}' is not in the manifest. {schema.suggest(chosen.second, models)}"
            )
    needed = needs(settings, models)
    if (total := sum(needed.values())) > ram_budget_mb:
        problems.append(f"board.ram_budget_mb: {total} MB needed, {ram_budget_mb} MB allowed: {_parts(needed)}")
    return problems


def needs(settings: config.Settings, models: Mapping[str, int]) -> Mapping[str, int]:
    """The resident megabytes of each part that these settings load."""
    needed = {"the program itself": BASE_RAM_MB}
    stages = [getattr(settings, name) for name in registry.ENGINES if name != "wake"]
    for chosen in (*settings.wake.each(), *stages):
        named = [chosen.model, getattr(chosen, "second", "")] if chosen.engine and chosen.model else []
        needed |= {name: models[name] for name in named if name in models}
        if chosen.engine in LIBRARY_RAM_MB and not named:
            needed[chosen.engine] = LIBRARY_RAM_MB[chosen.engine]
    return needed


def _parts(needed: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {ram} MB" for name, ram in needed.items())


def misfits(settings: config.Settings, wanted: Board, models: Mapping[str, int], root: Path = board.ROOT) -> list[str]:
    """What of a profile this machine does not have, a sentence each. `models` is as for `check`."""
    problems: list[str] = []
    cores, free = board.cores(), board.available_mb(root)
    needed = needs(settings, models)
    total = sum(needed.values())
    if wanted.arch != platform.machine():
        problems.append(f"it is for {wanted.arch}, this machine is {platform.machine()}")
    for stage, key in (("asr", "threads"), ("llm", "threads"), ("llm", "prompt_threads"), ("tts", "threads")):
        chosen = getattr(settings, stage)
        if chosen.engine and getattr(chosen, key) > cores:
            problems.append(
                f"{stage}.{key}: {getattr(chosen, key)}, and there {'is one core' if cores == 1 else f'are {cores} cores'} to use"
            )
    if free and free < total:
        spare = (
            settings.llm.model,
            settings.embedding.model,
            settings.asr.second,
            settings.tts.model or settings.tts.engine,
        )
        enough = next((name for name in spare if name in needed and total - needed[name] <= free), "")
        remedy = f"; without {enough} it would" if enough else ""
        problems.append(
            f"memory: {total} MB are needed and {free} MB are free now, so it does not fit{remedy}: {_parts(needed)}"
        )
    uses_gpu = settings.llm.gpu_layers != 0 or any(name[:3] in ("CUD", "Ten") for name in settings.asr.providers)
    if uses_gpu and not board.gpu_nodes(root):
        problems.append("it wants a GPU, and there is no device of one")
    if problems:
        problems.append("what this machine can hold: edgevoice profiles suggest")
    return problems


def detect(device_tree: Path = Path("/proc/device-tree/model"), machine: str = "", ram_mb: int = 0) -> str:
    """Name of the shipped profile that fits this machine best.

    First by the board's name in the device tree, then the one of its architecture that uses most of its RAM.
    """
    model = device_tree.read_bytes().decode(errors="replace").lower() if device_tree.exists() else ""
    machine = machine or platform.machine()
    ram_mb = ram_mb or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    found = [load(name) for name in names()]
    for profile in found:
        if any(text.lower() in model for text in profile.board.match):
            return profile.name
    plain = [p for p in found if p.board.arch == machine and not p.board.gpu] or found
    fitting = [p for p in plain if p.board.ram_budget_mb <= ram_mb]
    if fitting:
        return max(fitting, key=lambda p: (p.board.ram_budget_mb, p.name)).name
    return min(plain, key=lambda p: p.board.ram_budget_mb).name
