"""Moonshine's real weights on real recordings."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgevoice import resources
from edgevoice.asr import graphs, moonshine
from edgevoice.config import AsrSettings, NluSettings
from edgevoice.errors import ModelCorrupt
from edgevoice.home import inventory
from edgevoice.messages import RATE, AudioChunk, Samples, Transcript
from edgevoice.nlu import cascade
from evaluation.asr import distance, words

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"
MODELS = ("moonshine-tiny-en", "moonshine-base-en")
CLEAR = (
    "lock_the_front_door",
    "whats_the_weather_like_in_new_york",
    "turn_off_all_lights_in_the_office",
    "play_the_beatles",
    "yes",
    "no",
)


def recording(name: str) -> Samples:
    samples, rate = soundfile.read(RECORDINGS / f"{name}.flac", dtype="int16")
    assert rate == RATE
    return samples


def said(name: str) -> list[str]:
    """The words of a recording, from its row in the table of licences."""
    rows = (line.split("|") for line in (RECORDINGS / "LICENSES.md").read_text("utf-8").splitlines())
    return next(words(cells[2]) for cells in rows if len(cells) > 3 and cells[1].strip() == f"{name}.flac")


def chunks(samples: Samples, size: int = 1280) -> list[AudioChunk]:
    return [AudioChunk(samples[i : i + size], RATE, i) for i in range(0, len(samples), size)]


@cache
def load(folder: Path) -> moonshine.MoonshineAsr:
    return moonshine.load(AsrSettings(), folder)


@pytest.fixture(params=MODELS)
def asr(request: pytest.FixtureRequest, model: Callable[[str], Path]) -> moonshine.MoonshineAsr:
    return load(model(request.param))


@pytest.fixture
def tiny(model: Callable[[str], Path]) -> moonshine.MoonshineAsr:
    return load(model("moonshine-tiny-en"))


def final(asr: moonshine.MoonshineAsr, samples: Samples) -> Transcript:
    *partial, last = asr.transcribe(chunks(samples))
    assert last.final
    assert not any(transcript.final for transcript in partial)
    return last


def test_clear_commands_are_heard_word_for_word(asr: moonshine.MoonshineAsr) -> None:
    assert {name: words(final(asr, recording(name)).text) for name in CLEAR} == {name: said(name) for name in CLEAR}


def test_few_words_are_wrong_over_all_recordings_of_commands(asr: moonshine.MoonshineAsr) -> None:
    names = sorted(path.stem for path in RECORDINGS.glob("*.flac") if path.stem.count("_") >= 3)
    pairs = [(said(name), words(final(asr, recording(name)).text)) for name in names]
    assert sum(distance(*pair) for pair in pairs) <= 0.2 * sum(len(reference) for reference, _ in pairs)


def test_loudness_does_not_matter(tiny: moonshine.MoonshineAsr) -> None:
    loud = recording("lock_the_front_door")
    quiet = (loud // 16).astype(np.int16)
    assert words(final(tiny, quiet).text) == words(final(tiny, loud).text)


def test_clear_speech_is_surer_than_noise(tiny: moonshine.MoonshineAsr) -> None:
    noise = np.random.default_rng(3).normal(0, 1, 2 * RATE) * np.repeat(np.linspace(100, 3000, 20), RATE // 10)
    heard = final(tiny, recording("whats_the_weather_like_in_new_york"))
    assert heard.confidence > 0.8
    assert heard.alternatives[0].text == heard.text
    assert final(tiny, noise.astype(np.int16)).confidence < 0.8


def test_silence_says_nothing(asr: moonshine.MoonshineAsr) -> None:
    hiss = np.random.default_rng(3).normal(0, 8, 5 * RATE).astype(np.int16)
    assert final(asr, hiss) == Transcript("", confidence=0.0)


def test_a_long_recording_is_heard_in_parts_and_to_its_end(tiny: moonshine.MoonshineAsr) -> None:
    names = sorted(path.stem for path in RECORDINGS.glob("*.flac") if "_the_" in path.stem) * 2
    pause = np.zeros(RATE // 2, np.int16)
    samples = np.concatenate([part for name in names for part in (recording(name), pause)])
    transcripts = list(tiny.transcribe(chunks(samples)))
    assert len(transcripts) >= len(samples) / RATE // 24
    heard, expected = words(transcripts[-1].text), [word for name in names for word in said(name)]
    assert distance(expected, heard) <= 0.3 * len(expected)
    assert heard[-3:] == expected[-3:]


@pytest.fixture
def told(model: Callable[[str], Path]) -> moonshine.MoonshineAsr:
    """A recogniser that knows the demo's home."""
    asr = moonshine.load(AsrSettings(), model("moonshine-tiny-en"))
    home = inventory.load(resources.find("homes/demo.yaml")).home()
    asr.bias(cascade.load(home, NluSettings()).sayable())
    return asr


@pytest.mark.parametrize(
    "name", ["cancel_timer", "resume_timer", "timer_status", "set_a_timer_for_3_hours_and_10_minutes"]
)
def test_what_can_be_said_is_heard_where_anything_alike_was(
    tiny: moonshine.MoonshineAsr, told: moonshine.MoonshineAsr, name: str
) -> None:
    assert words(final(tiny, recording(name)).text) != said(name)
    assert words(final(told, recording(name)).text) == said(name)


def test_several_readings_come_with_their_likelihood(told: moonshine.MoonshineAsr) -> None:
    heard = final(told, recording("resume_timer"))
    assert heard.alternatives[0].text == heard.text
    assert len(heard.alternatives) > 1
    assert [one.score for one in heard.alternatives] == sorted((one.score for one in heard.alternatives), reverse=True)


@pytest.mark.parametrize(
    "name", ["the_best_emetic_is_that_which_is_at_hand", "what_a_spiteful_thing_i_am", "yes", "no"]
)
def test_what_is_no_command_is_not_made_one(
    tiny: moonshine.MoonshineAsr, told: moonshine.MoonshineAsr, name: str
) -> None:
    free, held = (distance(said(name), words(final(asr, recording(name)).text)) for asr in (tiny, told))
    assert held <= free + (free > 0)  # a word that it does not know may come out as another one


@pytest.mark.parametrize("name", ["cancel_timer", "resume_timer"])
def test_a_second_model_is_asked_where_the_first_is_not_sure(model: Callable[[str], Path], name: str) -> None:
    model("moonshine-base-en")
    asr = moonshine.load(AsrSettings(second="moonshine-base-en"), model("moonshine-tiny-en"))
    assert words(final(asr, recording(name)).text) == said(name)


@pytest.mark.parametrize("name", ["encoder_model", "decoder_model_merged"])
def test_a_truncated_model_file_is_named(model: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    for path in model("moonshine-tiny-en").iterdir():
        (tmp_path / path.name).symlink_to(path)
    (path,) = tmp_path.glob(f"{name}.*")
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelCorrupt, match=f"{name}.*edgevoice models verify"):
        moonshine.load(AsrSettings(), tmp_path)


def test_the_lean_decoder_says_what_the_exported_one_says(model: Callable[[str], Path]) -> None:
    folder = model("moonshine-tiny-en")
    encoder, exported = (
        graphs.session(folder, stem, AsrSettings(), []) for stem in ("encoder_model", "decoder_model_merged")
    )
    samples = recording("whats_the_weather_like_in_new_york").astype(np.float32) / 32768
    one = moonshine.Moonshine(moonshine.Encoder(encoder), exported).listen(samples)
    lean = moonshine.load(AsrSettings(), folder).model
    assert isinstance(lean, moonshine.Lean)
    other = lean.listen(samples)
    found = one.begin(), other.begin()
    for rows in ([0, 0, 0], [2, 0], [1, 1, 0, 1]):
        assert found[1] == pytest.approx(found[0], abs=1.0)  # activations are rounded in whole batches
        likely = np.argsort(found[0][rows, :], axis=1)[np.arange(len(rows)), -1 - np.arange(len(rows))]
        for decoder in (one, other):
            decoder.select(rows)
        found = one.step(likely), other.step(likely)
    assert found[1].argmax(axis=1).tolist() == found[0].argmax(axis=1).tolist()


def test_where_no_file_can_be_made_the_exported_decoder_is_used(
    model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    asr = moonshine.load(AsrSettings(), model("moonshine-tiny-en"))
    assert isinstance(asr.model, moonshine.Moonshine)
    assert "as it was exported" in caplog.text
    assert words(final(asr, recording("lock_the_front_door")).text) == said("lock_the_front_door")
