"""Ducking with Mosquitto and a simulated player, and with a real PulseAudio: what a killed assistant leaves behind."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from brokers import Mosquitto

from edgevoice import assembly, watchers
from edgevoice.assembly import Wanted
from edgevoice.audio.speaker import NullSink
from edgevoice.config import HomeSettings, MqttSettings, Settings, VoiceSettings
from edgevoice.ducking import Ducker
from edgevoice.messages import NoSpeech, WakeHeard
from edgevoice.model_store import Store
from edgevoice.simulator import Simulator
from edgevoice.turn import Stages

HOME = """
areas: [{name: Lounge}]
devices:
  - id: media_player.radio
    name: Radio
    area: Lounge
    state: playing
    attributes: {supported_features: [PLAY, PAUSE, VOLUME_SET], volume_level: 0.4}
"""
SECONDS = 10.0


@pytest.fixture
def settings(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Settings]:
    file = tmp_path / "home.yaml"
    file.write_text(HOME, "utf-8")
    made = Settings(
        mqtt=MqttSettings(port=mosquitto.port),
        home=HomeSettings(file=file, area="Lounge", state_file=tmp_path / "state.json"),
        voice=VoiceSettings(duck_percent=25),
    )
    with Simulator(file, made.mqtt):
        yield made
    gc.unfreeze()


@contextmanager
def started(settings: Settings) -> Iterator[tuple[Ducker, Stages]]:
    with assembly.stages(settings, Store(), NullSink(), Wanted(speech=False, voice=False, llm=False)) as stages:
        ducker = watchers.ducker(settings, stages)
        assert ducker is not None
        yield ducker, stages


def test_it_goes_down_and_up_and_a_killed_one_is_put_right_by_the_next(settings: Settings) -> None:
    somebody = Settings(mqtt=MqttSettings(port=settings.mqtt.port, client_id="somebody"), home=settings.home)
    with assembly.home(somebody) as watching:

        def level_is(level: float, stages: Stages) -> None:
            end = time.monotonic() + SECONDS
            while watching.home.state("media_player.radio").attributes.get("volume_level") != level:
                assert time.monotonic() < end, watching.home.state("media_player.radio")
                stages.link.pump(0.01)
                watching.pump(0.01)

        with started(settings) as (ducker, stages):
            level_is(0.4, stages)
            ducker.observe(WakeHeard("alexa", 0.9, 0))
            level_is(0.1, stages)
            assert stages.link.home.state("media_player.radio").attributes["volume_level"] == 0.4
            ducker.observe(NoSpeech(0))
            level_is(0.4, stages)
            ducker.observe(WakeHeard("alexa", 0.9, 0))
            level_is(0.1, stages)
        with started(settings) as (_, stages):  # the first never released it
            level_is(0.4, stages)


class SoundServer:
    """A PulseAudio of its own, whose sound goes nowhere."""

    def __init__(self, folder: Path) -> None:
        self._stack, self._socket = ExitStack(), folder / "native"
        self.environ = {**os.environ, "PULSE_SERVER": f"unix:{self._socket}", "HOME": str(folder), "LC_ALL": "C"}
        self.environ["XDG_RUNTIME_DIR"] = str(folder)
        (folder / "tone.raw").write_bytes(np.tile(np.int16([9000, -9000]), 44_100 * 60).tobytes())
        self._tone = folder / "tone.raw"

    def __enter__(self) -> SoundServer:
        modules = [f"module-native-protocol-unix auth-anonymous=1 socket={self._socket}", "module-null-sink"]
        self._run("pulseaudio", "-n", "--exit-idle-time=-1", "--use-pid-file=no", *(f"--load={one}" for one in modules))
        self.until(lambda: subprocess.run(["pactl", "info"], env=self.environ, capture_output=True).returncode == 0)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def play(self, name: str, *more: str) -> None:
        self._run("pacat", "--raw", "--channels=1", f"--client-name={name}", *more, str(self._tone))
        self.until(lambda: name in self.volumes())

    def volumes(self) -> dict[str, int]:
        """Percent, by the program's name."""
        asked = ["pactl", "--format=json", "list", "sink-inputs"]
        told = json.loads(subprocess.run(asked, env=self.environ, capture_output=True, check=True).stdout)
        return {
            one["properties"]["application.name"]: round(next(iter(one["volume"].values()))["value"] / 655.36)
            for one in told
        }

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < end
            time.sleep(0.02)

    def _run(self, *command: str) -> None:
        started = subprocess.Popen(command, env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._stack.callback(started.wait)
        self._stack.callback(started.terminate)


@pytest.fixture
def sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    if shutil.which("pulseaudio") is None or shutil.which("pactl") is None:
        problem = "PulseAudio is not installed: apt-get install pulseaudio"
        pytest.fail(problem) if os.environ.get("CI") else pytest.skip(problem)
    with SoundServer(tmp_path) as server:
        monkeypatch.setenv("PULSE_SERVER", server.environ["PULSE_SERVER"])
        yield server


def test_other_programs_go_down_and_up_and_our_own_voice_stays(settings: Settings, sound: SoundServer) -> None:
    sound.play("music", "--volume=52429")
    sound.play("us", f"--property=application.process.id={os.getpid()}")
    quiet, as_before = {"music": 20, "us": 100}, {"music": 80, "us": 100}
    with started(settings) as (ducker, stages):
        for begin, end in ((WakeHeard("alexa", 0.9, 0), NoSpeech(0)), (WakeHeard("alexa", 0.9, 0), None)):
            assert sound.volumes() == as_before
            ducker.observe(begin)
            stages.link.pump()
            assert sound.volumes() == quiet
            if end is not None:
                ducker.observe(end)
                stages.link.pump()
    with started(settings):  # the first never released it
        assert sound.volumes() == as_before
