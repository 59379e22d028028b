"""The engines work under the system call filter that the systemd unit sets."""

from __future__ import annotations

import ctypes.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgevoice import profiles
from edgevoice.service import systemd

FOLDER = Path(__file__).parent
CLIP = FOLDER.parent / "data/recordings/lock_the_front_door.flac"


def members(group: str) -> set[str]:
    """The system calls of one of systemd's groups, and of the groups in it."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True)
    found: set[str] = set()
    for line in map(str.strip, listed.stdout.splitlines()[1:]):
        if line.startswith("@"):
            found |= members(line)
        elif line and not line.startswith("#"):
            found.add(line)
    return found


def allowed() -> set[str]:
    board = profiles.load("x86-cpu").board
    unit = systemd.unit(systemd.Service(("edgevoice", "run"), Path("/models"), board))
    found = members("@default")
    for line in unit.splitlines():
        key, _, value = line.partition("=")
        if key == "SystemCallFilter":
            calls = set().union(*(members(group) for group in value.lstrip("~").split()))
            found = found - calls if value.startswith("~") else found | calls
    return found


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.skipif(ctypes.util.find_library("seccomp") is None, reason="libseccomp is not installed")
def test_every_engine_works_under_the_units_filter(model: Callable[[str], Path]) -> None:
    for name in ("moonshine-tiny-en", "silero-vad", "smollm2-135m-instruct"):
        model(name)
    done = subprocess.run(
        [sys.executable, FOLDER / "sandboxed.py", CLIP],
        input="\n".join(sorted(allowed())), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    assert told["heard"].lower().rstrip(".") == "lock the front door"
    assert int(told["spoke"]) > 2400
    assert told["wrote"]
    assert told["connected"] == "True"
