"""The profile that a board can hold: which models are tried, what is taken of them, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from edgevoice import fitting, model_manifest, profiles
from edgevoice.commands import suggest
from edgevoice.fitting import Choice, Here
from edgevoice.measure import Measured, Trial, measure

MODELS = model_manifest.manifest()
NOTHING: frozenset[str] = frozenset()


class Board:
    """A machine on which each model has its price; `trials` are what was measured on it."""

    def __init__(self, scale: float = 1.0, **costs: float) -> None:
        self.scale, self.costs = scale, costs
        self.trials: list[str] = []

    def __call__(self, trial: Trial) -> Measured:
        self.trials.append(str(trial))
        cost = self.costs.get(str(trial.given.get("model", "")).replace("-", "_").replace(".", "_"), 0.01)
        threads = int(trial.given.get("threads", 1))
        return Measured(cost * self.scale / min(threads, 2), 50)


def by_stage(choices: list[Choice]) -> Mapping[str, Choice]:
    return {choice.stage: choice for choice in choices}


def test_a_fast_board_gets_the_best_of_each() -> None:
    found = by_stage(fitting.choose(Here(4, 8000), MODELS, NOTHING, Board()))
    assert {stage: choice.given.get("model") for stage, choice in found.items()} == {
        "wake": None,
        "vad": "silero-vad",
        "asr": "moonshine-base-en",
        "tts": None,
        "llm": "qwen2.5-coder-1.5b-instruct",
        "embedding": "minilm-l6-v2",
    }
    assert found["llm"].given["threads"] == 2  # a third brings nothing
    assert "deadline_seconds" not in found["llm"].given
    assert all("holds" in choice.reasons[-1] for choice in found.values())


def test_what_is_too_slow_gives_way_to_what_is_smaller() -> None:
    board = Board(moonshine_base_en=1.2, qwen2_5_coder_1_5b_instruct=0.9, qwen2_5_coder_0_5b_instruct=0.2)
    found = by_stage(fitting.choose(Here(4, 8000), MODELS, NOTHING, board))
    assert found["asr"].given["model"] == "moonshine-tiny-en"
    assert found["llm"].given["model"] == "qwen2.5-coder-0.5b-instruct"
    assert found["llm"].reasons[0].endswith("too slow, 8.0 pieces a second wanted")


def test_memory_is_never_exceeded_and_the_ears_come_first() -> None:
    for budget in range(200, 3000, 150):
        board = Board()
        choices = fitting.choose(Here(2, budget), MODELS, NOTHING, board)
        used = profiles.BASE_RAM_MB + sum(choice.ram_mb for choice in choices)
        assert used <= budget
    assert by_stage(fitting.choose(Here(2, 320), MODELS, NOTHING, Board()))["llm"].given == {"engine": ""}


def test_a_board_on_which_nothing_holds_still_hears() -> None:
    found = by_stage(fitting.choose(Here(1, 8000), MODELS, NOTHING, Board(scale=1000)))
    assert found["asr"].given["engine"] == "moonshine"
    assert "the fastest is taken" in found["asr"].reasons[-1]
    assert (found["llm"].given, found["llm"].reasons[-1]) == ({"engine": ""}, "none is taken")


def test_models_that_are_missing_are_named_and_not_tried() -> None:
    board = Board()
    found = by_stage(fitting.choose(Here(2, 8000), MODELS, frozenset(MODELS), board))
    assert board.trials == ["wake micro", "tts hibari, 1 thread"]
    assert "edgevoice models pull moonshine-tiny-en" in " ".join(found["asr"].reasons)
    assert (found["asr"].given, found["llm"].given) == ({}, {"engine": ""})


def test_what_dies_is_told_and_the_next_is_tried() -> None:
    def run(trial: Trial) -> Measured:
        if trial.given.get("model") == "qwen2.5-coder-1.5b-instruct":
            return Measured(None, problem="was killed (signal 9): too little memory?")
        return Measured(0.01)

    llm = by_stage(fitting.choose(Here(2, 8000), MODELS, NOTHING, run))["llm"]
    assert llm.given["model"] == "qwen2.5-coder-0.5b-instruct"
    assert "too little memory" in llm.reasons[0]


@pytest.mark.parametrize("missing", [NOTHING, frozenset(MODELS)], ids=["all models", "no models"])
def test_the_file_is_a_profile_that_loads_and_fits(tmp_path: Path, missing: frozenset[str]) -> None:
    here = Here(4, 2600)
    text = suggest.profile(here, 5200, fitting.choose(here, MODELS, missing, Board()))
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    made = profiles.load(str(path))
    assert made.board.ram_budget_mb == 2600
    ram = {name: model.ram_mb for name, model in MODELS.items()}
    assert profiles.check(made.settings, ram, made.board.ram_budget_mb) == []
    assert all(f"# {stage}: " in text for stage in fitting.STAGES)


def test_an_engine_is_measured_in_a_process_of_its_own(tmp_path: Path) -> None:
    measured = measure(Trial("wake", {"engine": "micro"}), tmp_path, 0.2)
    assert measured.problem == ""
    assert measured.cost is not None
    assert 0 < measured.cost < 1
    failed = measure(Trial("asr", {"engine": "moonshine", "model": "moonshine-tiny-en"}), tmp_path, 0.2)
    assert failed.cost is None
    assert "moonshine-tiny-en" in failed.problem


def test_what_a_profile_wants_and_the_machine_has_not(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 2000000 kB\nMemAvailable: 600000 kB\n")
    orin = profiles.load("jetson-agx-orin")
    told = " ".join(profiles.misfits(orin.settings, replace(orin.board, arch="riscv64"), tmp_path))
    for part in ("it is for riscv64", "585 MB are free now", "it wants a GPU", "edgevoice profiles suggest"):
        assert part in told
