"""The profile that a board can hold: which models are tried, what is taken of them, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from edgevoice import fitting, model_manifest, profiles
from edgevoice.commands import suggest
from edgevoice.commands.suggest import Progress
from edgevoice.config import LlmSettings
from edgevoice.fitting import Choice, Here
from edgevoice.measure import Measured, Patience, Trial, measure

MODELS = model_manifest.manifest()
RAM = {name: model.ram_mb for name, model in MODELS.items()}
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
    assert profiles.check(made.settings, RAM, made.board.ram_budget_mb) == []
    assert all(f"# {stage}: " in text for stage in fitting.STAGES)


def test_an_engine_is_measured_in_a_process_of_its_own(tmp_path: Path) -> None:
    measured = measure(Trial("wake", {"engine": "micro"}), tmp_path, Patience(0.2))
    assert measured.problem == ""
    assert measured.cost is not None
    assert 0 < measured.cost < 1
    failed = measure(Trial("asr", {"engine": "moonshine", "model": "moonshine-tiny-en"}), tmp_path, Patience(0.2))
    assert failed.cost is None
    assert "moonshine-tiny-en" in failed.problem


def test_what_a_profile_wants_and_the_machine_has_not(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 2000000 kB\nMemAvailable: 600000 kB\n")
    orin = profiles.load("jetson-agx-orin")
    told = " ".join(profiles.misfits(orin.settings, replace(orin.board, arch="riscv64"), RAM, tmp_path))
    needed = sum(profiles.needs(orin.settings, RAM).values())
    for part in (
        "it is for riscv64",
        f"{needed} MB are needed and 585 MB are free now",
        f"{orin.settings.llm.model} {RAM[orin.settings.llm.model]} MB",
        "it wants a GPU",
        "edgevoice profiles suggest",
    ):
        assert part in told


def test_one_part_that_is_too_much_is_named(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    pi = profiles.load("raspberry-pi-4")
    without = sum(profiles.needs(replace(pi.settings, llm=LlmSettings()), RAM).values())
    (tmp_path / "proc/meminfo").write_text(f"MemTotal: 2000000 kB\nMemAvailable: {without * 1024} kB\n")
    told = " ".join(profiles.misfits(pi.settings, pi.board, RAM, tmp_path))
    assert f"without {pi.settings.llm.model} it would" in told


def test_a_recogniser_leaves_room_for_a_voice_where_it_can() -> None:
    def chosen(budget: int) -> tuple[object, object]:
        found = by_stage(fitting.choose(Here(1, budget), MODELS, NOTHING, Board()))
        return found["asr"].given["model"], found["tts"].given["engine"]

    assert chosen(420) == ("moonshine-tiny-en", "hibari")
    assert chosen(580) == ("moonshine-base-en", "hibari")
    assert chosen(280) == ("moonshine-tiny-en", "espeak")


def test_measuring_ends_once_it_is_clear_and_at_the_latest_with_its_time() -> None:
    patience = Patience(10.0, holds=0.3)
    clear, near = [0.1, 0.11, 0.12], [0.29, 0.3, 0.31]
    assert not patience.ends(clear[:2], 5.0)
    assert not patience.ends(clear, 0.5)
    assert patience.ends(clear, 1.0)
    assert patience.ends([0.5, 0.6, 0.7], 1.0)
    assert not patience.ends(near, 9.9)
    assert patience.ends(near, 10.0)
    assert not Patience(10.0).ends([], 9.0)


def test_progress_counts_down_and_takes_more_trials_than_expected() -> None:
    now = [0.0]
    progress = Progress({"wake": 1, "asr": 2, "tts": 0, "llm": 1}, lambda: now[0])
    told = []
    for stage in ("wake", "asr", "asr", "asr", "llm"):
        told.append(progress.begin(stage))
        now[0] += 5.0
        assert progress.end() == 5.0
    assert told == [
        "1 of 3, about 24 s left",
        "2 of 3, about 15 s left",
        "2 of 3, about 10 s left",
        "2 of 3, about 10 s left",
        "3 of 3, about 5 s left",
    ]


def test_as_many_trials_are_expected_as_a_fast_board_takes() -> None:
    for cores in (1, 2, 4, 8):
        for budget in (300, 900, 8000):
            board, here = Board(), Here(cores, budget)
            fitting.choose(here, MODELS, NOTHING, board)
            assert sum(fitting.expected(here, MODELS, NOTHING).values()) >= len(board.trials) > 0


def test_what_all_cores_together_could_not_is_tried_once() -> None:
    board = Board(moonshine_base_en=5.0)
    fitting.choose(Here(4, 8000), MODELS, NOTHING, board)
    assert [trial for trial in board.trials if "base" in trial] == ["asr moonshine-base-en, 1 thread"]
