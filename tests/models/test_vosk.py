"""Vosk's real weights on real recordings."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgevoice import registry
from edgevoice.asr.vosk import VoskAsr
from edgevoice.config import AsrSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, StageError
from edgevoice.messages import RATE, AudioChunk, Samples, Transcript
from edgevoice.phrases import Arc, Listed, Phrases

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"


def recording(name: str) -> Samples:
    samples, _ = soundfile.read(RECORDINGS / f"{name}.flac", dtype="int16")
    return samples


@pytest.fixture(scope="module")
def load() -> Callable[[Path], VoskAsr]:
    pytest.importorskip("vosk")
    factory = registry.factory("asr", "vosk")
    return lambda folder: factory(AsrSettings(engine="vosk", model="vosk-small-en"), folder)


def hear(asr: VoskAsr, samples: Samples) -> list[Transcript]:
    return list(asr.transcribe(AudioChunk(samples[i : i + 1600], RATE, i) for i in range(0, len(samples), 1600)))


def test_partial_transcripts_grow_into_the_final_one(
    load: Callable[[Path], VoskAsr], model: Callable[[str], Path]
) -> None:
    *partial, last = hear(load(model("vosk-small-en")), recording("lock_the_front_door"))
    assert len(partial) >= 2
    assert not any(transcript.final for transcript in partial)
    assert (last.text, last.final) == ("lock the front door", True)
    assert [best.text for best in last.alternatives] == [last.text]
    assert 0.5 < last.confidence <= 1


def test_one_engine_hears_one_recording_after_another(
    load: Callable[[Path], VoskAsr], model: Callable[[str], Path], capfd: pytest.CaptureFixture[str]
) -> None:
    asr = load(model("vosk-small-en"))
    assert [hear(asr, recording(name))[-1].text for name in ("yes", "no", "yes")] == ["yes", "no", "yes"]
    assert hear(asr, np.zeros(RATE, np.int16)) == [Transcript("", confidence=0.0)]
    assert capfd.readouterr().err == ""


def test_audio_at_another_rate_is_refused(load: Callable[[Path], VoskAsr], model: Callable[[str], Path]) -> None:
    asr = load(model("vosk-small-en"))
    with pytest.raises(StageError, match="8000 Hz"):
        list(asr.transcribe([AudioChunk(recording("yes"), 8000, 0)]))


def test_a_truncated_model_is_corrupt_and_an_empty_folder_missing(
    load: Callable[[Path], VoskAsr], model: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(model("vosk-small-en"), tmp_path / "vosk")
    acoustic = folder / "am" / "final.mdl"
    acoustic.write_bytes(acoustic.read_bytes()[:100_000])
    with pytest.raises(ModelCorrupt, match="edgevoice models verify"):
        load(folder)
    with pytest.raises(ModelMissing, match="edgevoice models pull"):
        load(tmp_path)


def test_a_closed_domain_limits_the_words(load: Callable[[Path], VoskAsr], model: Callable[[str], Path]) -> None:
    asr = load(model("vosk-small-en"))
    labels = ("turn", "off", "lights", "in", "the", Listed("room"))
    arcs = tuple(Arc(i, label, i + 1) for i, label in enumerate(labels))
    phrases = Phrases(arcs, frozenset({len(labels)}), {"room": ("office", "living room")}, closed=True)
    asr.bias(phrases)
    heard = hear(asr, recording("lock_the_front_door"))[-1].text.split()
    assert set(heard) <= {"turn", "off", "lights", "in", "the", "office", "living", "room"}
    assert hear(asr, recording("turn_off_lights_in_the_office"))[-1].text == "turn off lights in the office"
    asr.bias(None)
    assert "door" in hear(asr, recording("lock_the_front_door"))[-1].text
