"""Ducking with Mosquitto and a simulated player: how soon, and what a killed assistant leaves behind."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
        home=HomeSettings(file=file, area="Lounge"),
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
