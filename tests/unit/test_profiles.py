"""The device profiles: each parses, names engines and models that exist, and fits its board."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from edgevoice import config, model_manifest, profiles, registry
from edgevoice.errors import SettingsError

SHIPPED = ("car-head-unit", "jetson-agx-orin", "jetson-orin-nano", "raspberry-pi-4", "raspberry-pi-5", "x86-cpu")


def ram_mb() -> Mapping[str, int]:
    return {name: model.ram_mb for name, model in model_manifest.manifest().items()}


def test_the_shipped_profiles() -> None:
    assert profiles.names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_engines_are_registered_models_in_the_manifest_and_all_fits_the_ram(name: str) -> None:
    profile = profiles.load(name)
    assert profile.description
    assert profiles.check(profile.settings, ram_mb(), profile.board.ram_budget_mb) == []
    assert profile.board.ram_budget_mb <= profile.board.ram_mb * 0.75
    for stage in registry.ENGINES.keys() - {"embedding"}:
        assert getattr(profile.settings, stage).engine, f"{stage} has no engine"


@pytest.mark.parametrize("name", SHIPPED)
def test_each_model_is_one_of_its_stage_and_engine(name: str) -> None:
    settings = profiles.load(name).settings
    for stage in registry.ENGINES:
        chosen = getattr(settings, stage)
        if chosen.engine and chosen.model:
            model = model_manifest.manifest()[chosen.model]
            assert (model.stage, model.engine or chosen.engine) == (stage, chosen.engine)
            assert model.ram_mb > 0, "the RAM check would be empty"


@pytest.mark.parametrize("name", SHIPPED)
def test_threads_fit_the_cores_and_gpu_settings_the_gpu(name: str) -> None:
    profile = profiles.load(name)
    settings, board = profile.settings, profile.board
    assert (
        max(settings.asr.threads, settings.tts.threads, settings.llm.threads, settings.llm.prompt_threads)
        <= board.cores
    )
    assert settings.asr.providers[-1] == "CPUExecutionProvider"
    has_gpu = board.gpu == "cuda"
    assert (settings.asr.providers[0] == "TensorrtExecutionProvider") == has_gpu
    assert (settings.llm.gpu_layers != 0) == has_gpu
    assert settings.audio.rate is not None


def test_the_smallest_board_has_the_smallest_language_model() -> None:
    boards = sorted((profiles.load(name) for name in SHIPPED), key=lambda profile: profile.board.ram_budget_mb)
    sizes = [model_manifest.manifest()[profile.settings.llm.model].size for profile in boards]
    assert sizes == sorted(sizes)


def test_unknown_profile_is_answered_with_a_near_one() -> None:
    with pytest.raises(SettingsError, match=r"unknown profile 'raspbery-pi-4'. Did you mean 'raspberry-pi-4'\?"):
        profiles.load("raspbery-pi-4")


BOARD = "board: {arch: riscv64, cores: 2, ram_mb: 1000, ram_budget_mb: 500}\n"


def test_ones_own_profile_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"description: My board\n{BOARD}asr: {{threads: 2}}\n")
    profile = profiles.load(str(path))
    assert (profile.name, profile.board.arch, profile.settings.asr.threads) == ("mine", "riscv64", 2)
    assert config.settings(profile.node, None, {"tts": {"engine": ""}}).asr.threads == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOARD, "mine.yaml:1: 'description' is missing"),
        ("description: a\n", "mine.yaml:1: 'board' is missing"),
        (f"description: a\n{BOARD}asr: {{thread: 2}}", "mine.yaml:3: asr.thread: unknown key. Did you mean 'threads'?"),
        (f"description: a\n{BOARD}bord: 2", "mine.yaml:3: bord: unknown key. Did you mean 'board'?"),
        ("description: a\nboard: {arch: x, cores: many, ram_mb: 1, ram_budget_mb: 1}", ":2: board.cores: 'many'"),
        ("description: a\nboard: {arch: x, cores: 1, ram_mb: 1, ram_budget_mb: 0}", "'0' is not 1 or more"),
        ("[]", "mine.yaml:1: 'a list' is not a mapping"),
        ("", "mine.yaml: 'description' is missing"),
    ],
)
def test_a_bad_profile_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        profiles.load(str(path))
    assert message in str(caught.value)


def test_check_names_all_that_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        f"description: a\n{BOARD}asr: {{engine: moonshin}}\nvad: {{model: silero-vat}}\nllm: {{engine: gguf, model: big}}\n"
        "tts: {engine: 'my:voice', model: unlisted}\nwake: {engine: 'my:ear'}"
    )
    profile = profiles.load(str(path))
    unknown_model, unknown_engine, unlisted, too_much = profiles.check(
        profile.settings, {"silero-vad": 5, "big": 600}, 500
    )
    assert unknown_engine == "asr.engine: 'moonshin' is unknown. Did you mean 'moonshine'?"
    assert unknown_model == "vad.model: 'silero-vat' is not in the manifest. Did you mean 'silero-vad'?"
    assert unlisted.startswith("tts.model: 'unlisted' is not in the manifest")
    assert "720 MB needed, 500 MB allowed: the program itself 120 MB, big 600 MB" in too_much


@pytest.mark.parametrize(
    ("model", "machine", "ram", "name"),
    [
        ("Raspberry Pi 5 Model B Rev 1.0\0", "aarch64", 8192, "raspberry-pi-5"),
        ("Raspberry Pi 4 Model B Rev 1.5\0", "aarch64", 4096, "raspberry-pi-4"),
        ("NVIDIA Jetson AGX Orin Developer Kit\0", "aarch64", 30000, "jetson-agx-orin"),
        ("NVIDIA Jetson Orin Nano Engineering Reference\0", "aarch64", 7600, "jetson-orin-nano"),
        ("", "x86_64", 16000, "x86-cpu"),
        ("", "x86_64", 512, "x86-cpu"),
        ("Some New Board", "aarch64", 8000, "raspberry-pi-5"),
        ("Some New Board", "aarch64", 1000, "raspberry-pi-4"),
    ],
)
def test_the_profile_that_fits_a_machine(tmp_path: Path, model: str, machine: str, ram: int, name: str) -> None:
    tree = tmp_path / "model"
    if model:
        tree.write_text(model)
    assert profiles.detect(tree, machine, ram) == name


def test_this_machine_gets_a_profile() -> None:
    assert profiles.detect() in SHIPPED
