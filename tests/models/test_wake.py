"""The wake engines with real weights on real voices, beside the libraries they come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

from edgevoice.asr import moonshine
from edgevoice.audio import wav
from edgevoice.config import AsrSettings, WakeSettings
from edgevoice.errors import ModelCorrupt, SettingsError
from edgevoice.messages import RATE, AudioChunk, Samples, WakeHeard
from edgevoice.resources import find
from edgevoice.stages import WakeDetector
from edgevoice.wake import micro, openwakeword
from edgevoice.wake.several import LEAST, Wakes

ALEXA = ("alexa.flac", "alexa_2.flac", "alexa_3.flac", "alexa_turn_off_dining_room.flac")
OTHERS = ("what_a_spiteful_thing_i_am.flac", "lock_the_front_door.flac", "whats_the_temperature_of_the_ecobee.flac")


def recording(name: str) -> Samples:
    """The recording after 1.5 s of quiet and before 1 s of it."""
    quiet = np.zeros(RATE, np.int16)
    return np.concatenate((quiet, quiet[: RATE // 2], wav.read(find("recordings") / name), quiet))


def detections(wake: WakeDetector, samples: Samples, size: int = 512) -> list[WakeHeard]:
    wake.reset()
    return [
        event for i in range(0, len(samples), size) for event in wake.feed(AudioChunk(samples[i : i + size], RATE, i))
    ]


@pytest.fixture(params=["micro", "openwakeword"])
def engine(request: pytest.FixtureRequest, model: Callable[[str], Path]) -> Callable[..., WakeDetector]:
    def load(*words: str) -> WakeDetector:
        settings = WakeSettings(engine=request.param, words=words, check=False)
        if request.param == "micro":
            made: WakeDetector = micro.load(settings, None)
        else:
            made = openwakeword.load(settings, model("openwakeword"))
        return Wakes([made], dict.fromkeys(words, 2.0))

    return load


@pytest.mark.parametrize("name", ALEXA)
def test_the_wake_word_is_heard_once_and_about_when_it_ended(engine: Callable[..., WakeDetector], name: str) -> None:
    (event,) = detections(engine("alexa"), recording(name))
    assert event.word == "alexa"
    assert event.word_end is not None
    assert abs(event.word_end - event.at) < 0.25 * RATE


@pytest.mark.parametrize("name", OTHERS)
def test_other_speech_is_no_wake_word(engine: Callable[..., WakeDetector], name: str) -> None:
    assert detections(engine("alexa", "hey_jarvis"), recording(name)) == []


def test_several_words_listen_at_once(engine: Callable[..., WakeDetector]) -> None:
    wake = engine("alexa", "hey_jarvis", "hey_mycroft")
    assert wake.words == ("alexa", "hey_jarvis", "hey_mycroft")
    for word in wake.words:
        heard = detections(wake, recording(f"{word}.flac"))
        assert [event.word for event in heard][:1] == [word]


def test_an_unknown_word_is_answered_with_a_near_one(engine: Callable[..., WakeDetector]) -> None:
    with pytest.raises(SettingsError, match=r"wake\.words: .*'hey_jarviss'.*Did you mean 'hey_jarvis'"):
        engine("hey_jarviss")


@pytest.mark.parametrize("word", [model.value for model in Model])
def test_micro_hears_what_its_library_hears(word: str) -> None:
    samples = recording(f"{word}.flac")
    official, features = MicroWakeWord.from_builtin(Model(word)), MicroWakeWordFeatures()
    expected: list[float] = []
    for number, frame in enumerate(features.process_streaming(samples.tobytes()), 1):
        score = official.process_streaming_prob(frame)
        if number % official.stride == 0:
            expected.append(float(score or 0))
    wake = micro.load(WakeSettings(words=(word,)), None)
    ours = [
        score
        for i in range(0, len(samples), 700)
        for _, score, _ in wake.scores(AudioChunk(samples[i : i + 700], RATE, i))
    ]
    assert ours == expected
    assert max(ours) > official.probability_cutoff


def test_micro_fires_at_the_same_place_again_after_a_reset() -> None:
    wake = micro.load(WakeSettings(words=("alexa",)), None)
    samples = recording("alexa_2.flac")
    assert detections(wake, samples) == detections(wake, samples, size=1280)


def test_micro_takes_models_from_a_folder_too(tmp_path: Path) -> None:
    import pymicro_wakeword

    source = Path(pymicro_wakeword.__file__).parent / "models"
    (tmp_path / "computer.json").write_text((source / "alexa.json").read_text())
    (tmp_path / "alexa.tflite").write_bytes((source / "alexa.tflite").read_bytes())
    wake = micro.load(WakeSettings(words=("computer",), check=False), tmp_path)
    assert [event.word for event in detections(wake, recording("alexa.flac"))] == ["computer"]


@pytest.mark.parametrize("content", [None, b"", b"not a model", b"TFL3" * 99])
def test_micro_names_a_model_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    (tmp_path / "computer.json").write_text('{"model": "computer.tflite", "wake_word": "computer"}')
    if content is not None:
        (tmp_path / "computer.tflite").write_bytes(content)
    with pytest.raises(ModelCorrupt, match=r"'computer' cannot be loaded: .*computer\.tflite"):
        micro.load(WakeSettings(words=("computer",)), tmp_path)
    (tmp_path / "computer.json").write_text("[]")
    with pytest.raises(ModelCorrupt, match="'computer' cannot be loaded"):
        micro.load(WakeSettings(words=("computer",)), tmp_path)


# Scores of the package openwakeword 0.5.1 (onnx) for alexa_2.flac: step of 80 ms -> score; all others are under 0.0005.
OFFICIAL = {
    29: 0.1551,
    **dict.fromkeys(range(30, 37), 1.0),
    37: 0.9942,
    38: 0.9278,
    39: 0.9991,
    40: 0.9994,
    41: 0.997,
    42: 0.9964,
    43: 0.9903,
    44: 0.029,
}


def test_openwakeword_scores_what_its_package_scores(model: Callable[[str], Path]) -> None:
    scores = openwakeword_scores(model("openwakeword"), recording("alexa_2.flac"))
    expected = [OFFICIAL.get(step, 0.0) for step in range(len(scores))]
    assert scores == pytest.approx(expected, abs=0.002)


def openwakeword_scores(folder: Path, samples: Samples) -> list[float]:
    wake = openwakeword.load(WakeSettings(words=("alexa",)), folder)
    return [score for _, score, _ in wake.scores(AudioChunk(samples, RATE, 0))]


@pytest.fixture
def recogniser(model: Callable[[str], Path]) -> moonshine.MoonshineAsr:
    return moonshine.load(AsrSettings(), model("moonshine-tiny-en"))


@pytest.mark.parametrize("word", ["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"])
def test_the_recogniser_hears_in_the_word_what_it_hears_in_nothing_else(
    recogniser: moonshine.MoonshineAsr, word: str
) -> None:
    said = wav.read(find("recordings") / f"{word}.flac")
    others = [wav.read(find("recordings") / name)[: round(1.4 * RATE)] for name in OTHERS]
    text = word.replace("_", " ")
    heard = recogniser.evidence(text, said[: round(1.8 * RATE)])
    assert heard > LEAST
    assert all(recogniser.evidence(text, samples) < heard - 8.0 for samples in others)


def test_a_doubtful_wake_word_is_looked_at_again(recogniser: moonshine.MoonshineAsr) -> None:
    settings = WakeSettings(words=("alexa",), threshold=1.0)  # which no score reaches

    def wakes() -> Wakes:
        return Wakes([micro.load(settings, None)], {"alexa": 2.0}, recogniser.evidence)

    for name in ALEXA:
        assert [event.word for event in detections(wakes(), recording(name))] == ["alexa"]
    for name in OTHERS:
        assert detections(wakes(), recording(name)) == []
