"""A board flashed from here runs with no network: this processor's is installed and asked, aarch64's is looked into."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

import flash
from flashing import receive, wheels

_PYTHON = f"3.{sys.version_info.minor}"
_PROFILE = """\
description: a board for this test
board: {arch: %s, cores: 2, ram_mb: 4096, ram_budget_mb: 1600}
wake: {engine: micro}
vad: {engine: silero, model: silero-vad}
asr: {engine: moonshine, model: moonshine-tiny-en}
tts: {engine: hibari}
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    flash.CACHE = folder
    return folder


def flashed(tmp_path: Path, arch: str) -> Path:
    """The release's folder on a board of its own."""
    profile = tmp_path / "bench.yaml"
    profile.write_text(_PROFILE % arch)
    root = tmp_path / "board"
    assert flash.main(["--profile", str(profile), "--target", str(root), "--python", _PYTHON]) == 0
    return root / receive.HOME / "current"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="its models' wheels are fetched for x86-64")
def test_a_flashed_board_installs_and_answers_with_no_network(tmp_path: Path, cache: Path, model) -> None:  # type: ignore[no-untyped-def]
    for name in ("silero-vad", "moonshine-tiny-en"):
        model(name)
    current = flashed(tmp_path, "x86_64")
    environment = {
        "PATH": os.defpath, "HOME": str(tmp_path), "EDGEVOICE_MODELS": str(current / "models"),
        "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0",
    }  # fmt: skip
    subprocess.run([sys.executable, "-I", str(current / "first_boot.py")], env=environment, check=True, timeout=280)
    profile = ["--profile", str(current / "bench.yaml")]
    asked = subprocess.run(
        [current / "venv/bin/edgevoice", "ask", *profile, "--demo-home", "--json", "turn off the office lights"],
        env=environment, check=True, timeout=60, capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    events = [json.loads(line) for line in asked.stdout.splitlines()]
    confirmed = [event for event in events if event.get("event") == "StateConfirmed"]
    assert confirmed
    assert all(event["confirmed"] for event in confirmed)
    checked = subprocess.run(
        [current / "venv/bin/edgevoice", "models", "verify", *profile], env=environment, check=False, timeout=60
    )
    assert checked.returncode == 0


def test_what_is_resolved_here_for_aarch64_is_for_aarch64(tmp_path: Path, cache: Path) -> None:
    own = wheels.own_wheel(flash.CHECKOUT, tmp_path)
    board = wheels.Board("aarch64", "3.11")
    packages = wheels.gather(own, (), ("llama-cpp-python",), board, cache)
    assert wheels.problems(packages, board) == []
    assert wheels.problems(packages, wheels.Board("x86_64", "3.11"))  # the look does find what is for another board
    names = {path.name.split("-")[0] for path in packages.wheels}
    assert {"edgevoice", "onnxruntime", "numpy", "pymicro_wakeword", "webrtcvad_wheels", "soundfile"} <= names
    assert all(line.count("--hash=sha256:") == 1 for line in packages.requirements.splitlines())
