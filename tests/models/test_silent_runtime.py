"""The neural runtime keeps and sends nothing of its own: run where its own checks for tests and CI do not help it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SPEAK = """
from edgevoice.config import TtsSettings
from edgevoice.tts import hibari
print(sum(len(piece) for piece in hibari.load(TtsSettings(), None).speak("Hello.")))
"""


def test_a_voice_leaves_no_trace(tmp_path: Path) -> None:
    hidden = {"CI", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "PYTEST_CURRENT_TEST"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    environment |= {
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    root = str(Path(__file__).parents[2])
    environment["PYTHONPATH"] = root
    done = subprocess.run(
        [sys.executable, "-c", SPEAK], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1000
    assert [path.name for path in tmp_path.rglob("*")] == []
