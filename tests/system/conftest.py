"""What the system tests share: brokers, and the command as a process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from brokers import Mosquitto, program
from processes import Watched

MODELS = ("silero-vad", "moonshine-tiny-en")
SILENT_SOUND = """
pcm.null0 { type null }
pcm.!default { type asym playback.pcm null0 capture.pcm null0 }
"""


@pytest.fixture
def make_mosquitto(tmp_path: Path) -> Iterator[Callable[[str], Mosquitto]]:
    """`make_mosquitto(settings)`: a broker with these lines in its configuration, not yet started."""
    made: list[Mosquitto] = []

    def make(settings: str = "allow_anonymous true\n") -> Mosquitto:
        program("mosquitto")
        made.append(Mosquitto(tmp_path, settings))
        return made[-1]

    yield make
    for broker in made:
        broker.stop()


@pytest.fixture
def mosquitto(make_mosquitto: Callable[[], Mosquitto]) -> Mosquitto:
    """A broker that runs and lets everybody in."""
    broker = make_mosquitto()
    broker.start()
    return broker


@pytest.fixture
def account(tmp_path: Path, model: Callable[[str], Path]) -> dict[str, str]:
    """The environment of an account with models, without settings, with a sound device that is always silent."""
    for name in MODELS:
        model(name)
    sound = tmp_path / "asound.conf"
    sound.write_text(SILENT_SOUND, "utf-8")
    own = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    return {**os.environ, **own, "ALSA_CONFIG_PATH": str(sound), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def watched(account: dict[str, str]) -> Iterator[Callable[..., Watched]]:
    started: list[Watched] = []

    def start(*words: object) -> Watched:
        started.append(Watched(account, *words))
        return started[-1]

    yield start
    for one in started:
        one.kill()
