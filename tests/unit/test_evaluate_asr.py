"""The `asr` suite: words as they are counted, errors, and which rows are scored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgevoice import config
from edgevoice.messages import AudioChunk, Transcript
from edgevoice.phrases import Phrases
from evaluation import asr
from evaluation.common import Noise, Options, Row


@pytest.mark.parametrize(
    ("text", "language", "counted"),
    [
        ("Set Bed-Light to 50%, please!", "en", "set bed light to fifty percent please"),
        ("What's the EcoBee's 21.5°?", "en", "whats the ecobees twenty one point five degrees"),
        ("1,250 on the 3rd at 9:30", "en", "one thousand two hundred fifty on the third at nine thirty"),
        ("ten of clubs", "en", "ten of clubs"),
        ("minuteur 5 minutes, s’il te plaît", "fr", "minuteur cinq minutes sil te plaît"),
        ("…", "en", ""),
    ],
)
def test_words(text: str, language: str, counted: str) -> None:
    assert asr.words(text, language) == counted.split()


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "b c", 1),
        ("a", "a b c", 2),
        ("", "a", 1),
        ("a b", "", 2),
    ],
)
def test_distance(said: str, heard: str, errors: int) -> None:
    assert asr.distance(said.split(), heard.split()) == errors


class Parrot:
    """Says what it was told to, whatever it hears; notes how many samples came."""

    def __init__(self, *texts: str) -> None:
        self.texts, self.lengths, self.peaks = iter(texts), [], []
        self.phrases: Phrases | None = None

    def bias(self, phrases: Phrases | None) -> None:
        self.phrases = phrases

    def transcribe(self, chunks: Iterable[AudioChunk]) -> Iterator[Transcript]:
        samples = np.concatenate([chunk.samples for chunk in chunks])
        self.lengths.append(len(samples))
        self.peaks.append(int(np.abs(samples).max()))
        yield Transcript("partial", final=False)
        yield Transcript(next(self.texts))


def options(monkeypatch: pytest.MonkeyPatch, engine: Parrot, noise: Noise | None = None) -> Options:
    monkeypatch.setattr(Options, "engine", lambda self, stage: engine)
    return Options(config.Settings(), noise)


def row(folder: Path, name: str, samples: np.ndarray, **data: object) -> Row:
    soundfile.write(folder / f"{name}.wav", samples, 16_000)
    return Row({"id": name, "audio": f"{name}.wav", **data}, folder / "rows.jsonl", len(name))


def test_only_rows_with_text_in_the_settings_language_are_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = np.zeros(16_000, np.int16)
    rows = [
        row(tmp_path, "a", silence, text="turn it on", set="x"),
        row(tmp_path, "b", silence, text="cinq minutes", lang="fr", set="y"),
        row(tmp_path, "c", silence, text=None, lang="en", set="x"),
        row(tmp_path, "d", silence, text="lights off", lang="en", set="y"),
    ]
    engine = Parrot("Turn it.", "sank", "hm", "Lights off!")
    report = asr.run(rows, options(monkeypatch, engine))
    assert (report.n, report.score, report.figures["wer"]) == (2, 0.8, 0.2)
    assert [prediction["text"] for prediction in report.predictions] == ["Turn it.", "sank", "hm", "Lights off!"]
    assert engine.lengths == [16_000] * 4
    assert [[line[0], *line[2:5]] for line in report.table[1:]] == [
        ["x", "3", "1", "33.33%"],
        ["y", "2", "0", "0.00%"],
        ["all", "5", "1", "20.00%"],
    ]


def test_nothing_scored_has_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(tmp_path, "a", np.zeros(8_000, np.int16), text=None)]
    report = asr.run(rows, options(monkeypatch, Parrot("hm")))
    assert (report.n, report.score, report.figures["wer"]) == (0, None, None)


def test_noise_is_mixed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    hiss = row(tmp_path, "hiss", rng.normal(0, 1000, 16_000).astype(np.int16))
    quiet = row(tmp_path, "quiet", np.full(16_000, 100, np.int16), text="on")
    engine = Parrot("on")
    asr.run([quiet], options(monkeypatch, engine, Noise((hiss,), snr_db=0)))
    assert engine.peaks[0] > 200


def test_a_silent_stretch_of_noise_is_drawn_again(tmp_path: Path) -> None:
    mostly_silent = np.zeros(160_000, np.int16)
    mostly_silent[:1600] = 500
    noise = Noise((row(tmp_path, "hiss", mostly_silent),), snr_db=0)
    speech = np.full(1600, 100, np.int16)
    mixed = [noise.mix(row(tmp_path, f"row{i}", speech), speech) for i in range(5)]
    assert all(not np.array_equal(samples, speech) for samples in mixed)
