"""Where a command ends, by Silero, Moonshine and the home's sentences, on real recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgevoice import resources
from edgevoice.asr import moonshine
from edgevoice.config import AsrSettings, ListenSettings, NluSettings, VadSettings
from edgevoice.home import inventory
from edgevoice.listen import Listener
from edgevoice.messages import RATE, AudioChunk, Ending, Samples, SpeechEnded, SpeechPaused, Utterance
from edgevoice.nlu import cascade
from edgevoice.nlu.context import NOWHERE
from edgevoice.skills.ending import Weigher
from edgevoice.vad import silero

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"


@pytest.fixture
def ends(model: Callable[[str], Path]) -> Callable[[Samples], list[SpeechEnded]]:
    weigh = weigher(model("moonshine-tiny-en"))
    vad = silero.load(VadSettings(), model("silero-vad"))

    def run(samples: Samples) -> list[SpeechEnded]:
        listener = Listener(None, vad, ListenSettings())
        listener.listen_now(0)
        return list(_ends(listener, samples, weigh))

    return run


@cache
def weigher(folder: Path) -> Callable[[Utterance], Ending | None]:
    understanding = cascade.load(inventory.load(resources.find("homes/demo.yaml")).home(), NluSettings())
    asr = moonshine.load(AsrSettings(), folder)
    asr.bias(understanding.sayable())
    one = Weigher("en")

    def weigh(utterance: Utterance) -> Ending | None:
        *_, heard = asr.transcribe([AudioChunk(utterance.samples, RATE, utterance.start)])
        return one.weigh(heard, understanding.sayable(), certain=lambda text: understanding.certain(text, NOWHERE))

    return weigh


def _ends(listener: Listener, samples: Samples, weigh: Callable[[Utterance], Ending | None]) -> Iterator[SpeechEnded]:
    for i in range(0, len(samples), 512):
        for event in listener.feed(AudioChunk(samples[i : i + 512], RATE, i)):
            if isinstance(event, SpeechPaused) and (ending := weigh(event.utterance)) is not None:
                listener.expect(event.utterance, ending)
            if isinstance(event, SpeechEnded):
                yield event


def recording(name: str) -> Samples:
    samples, _ = soundfile.read(RECORDINGS / f"{name}.flac", dtype="int16")
    return np.concatenate((samples, np.zeros(2 * RATE, np.int16)))


@pytest.mark.parametrize(
    "name", ["lock_the_front_door", "turn_off_all_lights_in_the_office", "what_is_the_outdoor_humidity", "timer_status"]
)
def test_a_complete_command_ends_at_once(ends: Callable[[Samples], list[SpeechEnded]], name: str) -> None:
    (ended,) = ends(recording(name))
    assert ended.rule == "complete"
    assert ended.decided_at - ended.utterance.speech_end < 0.4 * RATE


def test_half_a_question_is_waited_for(ends: Callable[[Samples], list[SpeechEnded]]) -> None:
    samples = recording("what_is_the_outdoor_humidity")
    cut = round(1.35 * RATE)  # What is | the outdoor humidity?
    (ended,) = ends(np.concatenate((samples[:cut], np.zeros(round(0.8 * RATE), np.int16), samples[cut:])))
    assert ended.rule == "complete"
    assert ended.utterance.speech_end > 3 * RATE


def test_what_is_no_command_waits_for_the_fixed_silence(ends: Callable[[Samples], list[SpeechEnded]]) -> None:
    ended = ends(recording("what_a_spiteful_thing_i_am"))[-1]
    assert ended.rule == "silence"
    assert ended.decided_at - ended.utterance.speech_end >= 0.55 * RATE
