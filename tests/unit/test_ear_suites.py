"""The suites `wake` and `endpoint` with engines that are known to be right or wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgevoice.config import AsrSettings, Settings, VadSettings, WakeSettings
from edgevoice.messages import RATE, AudioChunk, Samples, Transcript, WakeHeard
from edgevoice.phrases import Phrases
from edgevoice.stages import SpeechProbability
from evaluation import endpoint, wake
from evaluation.common import Noise, Options, Row

LEVELS = {"alexa": 1000, "hey_jarvis": 2000}


class LevelWake:
    """Hears a word where the level is the word's."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words
        self.quiet_until = 0

    def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
        heard = []
        for word in self.words:
            places = chunk.start + np.flatnonzero(chunk.samples == LEVELS[word])
            if len(places) and places[0] >= self.quiet_until:
                self.quiet_until = int(places[0]) + 2 * RATE
                heard.append(WakeHeard(word, 1.0, int(places[0])))
        return heard

    def reset(self) -> None:
        self.quiet_until = 0


class LevelVad:
    """Speech is what is loud."""

    def reset(self) -> None:
        pass

    def feed(self, chunk: AudioChunk) -> list[SpeechProbability]:
        return [
            SpeechProbability(chunk.start + i + 256, float(np.abs(chunk.samples[i : i + 256]).max() > 500))
            for i in range(0, len(chunk.samples) - 255, 256)
        ]


def load_wake(settings: WakeSettings, folder: Path | None) -> LevelWake:
    return LevelWake(settings.names)


def load_vad(settings: VadSettings, folder: Path | None) -> LevelVad:
    return LevelVad()


class Barista:
    """Hears half an order in the first second of speech, and all of it after that."""

    def bias(self, phrases: Phrases | None) -> None:
        """It hears the same whatever can be said."""

    def transcribe(self, chunks: Iterable[AudioChunk]) -> Iterator[Transcript]:
        spoken = sum(np.count_nonzero(np.abs(chunk.samples) > 500) for chunk in chunks)
        yield Transcript("make me a" if spoken < 1.2 * RATE else "make me a latte with milk and sugar")


def load_asr(settings: AsrSettings, folder: Path | None) -> Barista:
    return Barista()


OPTIONS = Options(
    Settings(
        wake=WakeSettings(engine=f"{__name__}:load_wake", words=("alexa", "hey_jarvis"), check=False),
        vad=VadSettings(engine=f"{__name__}:load_vad", model=""),
        asr=AsrSettings(engine=f"{__name__}:load_asr", model=""),
    )
)


def row(folder: Path, name: str, samples: Samples, **keys: object) -> Row:
    soundfile.write(folder / f"{name}.wav", samples, RATE)
    return Row({"id": name, "audio": f"{name}.wav", **keys}, folder / "manifest.jsonl", 1)


def levels(*parts: tuple[float, int]) -> Samples:
    return np.concatenate([np.full(round(seconds * RATE), level, np.int16) for seconds, level in parts])


def test_wake_counts_misses_and_false_accepts(tmp_path: Path) -> None:
    rows = [
        row(tmp_path, "heard", levels((0.5, 7), (0.5, 1000), (1, 7)), kind="keyword", keyword="alexa"),
        row(tmp_path, "missed", levels((1, 7)), kind="keyword", keyword="Alexa"),
        row(tmp_path, "wrong", levels((1, 1000)), kind="keyword", keyword="hey jarvis"),
        row(tmp_path, "quiet", levels((355, 7)), kind="negative_speech"),
        row(tmp_path, "false", levels((4, 7), (1, 2000)), kind="other_phrase", keyword="hey jar"),
    ]
    report = wake.run(rows, OPTIONS)
    assert report.score == pytest.approx(1 / 3, abs=1e-4)
    assert report.figures["miss_rate"] == pytest.approx(2 / 3, abs=1e-4)
    assert report.figures["false_accepts_per_hour"] == 20.0  # two in a tenth of an hour
    assert {p["id"]: p["fired_at"] for p in report.predictions} == {
        "heard": [0.5],
        "missed": [],
        "wrong": [0.0],
        "quiet": [],
        "false": [4.0],
    }


def test_wake_listens_for_the_keyword_alone_where_one_is_named(tmp_path: Path) -> None:
    rows = [
        row(tmp_path, "heard", levels((0.5, 2000)), kind="keyword", keyword="hey jarvis"),
        row(tmp_path, "other", levels((0.5, 1000)), kind="keyword", keyword="alexa"),
    ]
    report = wake.run(rows, replace(OPTIONS, keyword="Hey Jarvis"))
    assert (report.score, report.figures["false_accepts_per_hour"]) == (1.0, 0.0)
    assert (report.figures["keyword_clips"], report.figures["negative_hours"]) == (1, 0.0)


def test_wake_without_a_keyword_clip_has_no_score(tmp_path: Path) -> None:
    report = wake.run([row(tmp_path, "quiet", levels((1, 7)), kind="negative_speech")], OPTIONS)
    assert report.score is None


def test_endpoint_tells_right_early_and_undecided(tmp_path: Path) -> None:
    settings = replace(OPTIONS.settings.listen, silence_seconds=0.5, pause_seconds=0.0)
    options = replace(OPTIONS, settings=replace(OPTIONS.settings, listen=settings))
    speech = levels((0.5, 5), (1.0, 4000), (0.5, 5))
    rows = [
        row(tmp_path, "right", speech),
        row(tmp_path, "labelled", speech, speech_end=1.2),
        row(tmp_path, "early", levels((0.5, 5), (1.0, 4000), (0.7, 5), (1.0, 4000), (0.5, 5))),
        row(tmp_path, "unheard", levels((2, 5))),
    ]
    report = endpoint.run(rows, options)
    assert (report.score, report.figures["cut_rate"], report.figures["undecided_rate"]) == (0.5, 0.25, 0.25)
    decided = {p["id"]: p["decided_at"] for p in report.predictions}
    assert decided["right"] == decided["labelled"] == pytest.approx(2.0, abs=0.03)
    assert decided["unheard"] is None
    assert report.figures["p50_ms"] == pytest.approx(650, abs=40)  # one 0.5 s after its end, one 0.8 s after its label


def test_endpoint_waits_for_half_an_order_and_not_after_a_whole_one(tmp_path: Path) -> None:
    speech = levels((0.5, 5), (1.0, 4000), (0.7, 5), (1.0, 4000), (0.5, 5))
    report = endpoint.run([row(tmp_path, "a", speech, intent="orderDrink")], OPTIONS)
    assert (report.figures["cut_rate"], report.figures["fixed_500_cut_rate"]) == (0.0, 1.0)
    assert report.figures["p50_ms"] == pytest.approx(250, abs=60)
    assert report.figures["fixed_800_p50_ms"] == pytest.approx(800, abs=60)
    assert (report.figures["by_complete"], report.figures["heard_ahead_per_row"]) == (1, 2.0)


def test_endpoint_finds_the_end_before_the_noise_is_mixed_in(tmp_path: Path) -> None:
    hiss = np.random.default_rng(0).normal(0, 1000, RATE).astype(np.int16)
    noise = Noise((row(tmp_path, "hiss", hiss),), snr_db=10.0)
    report = endpoint.run([row(tmp_path, "a", levels((0.5, 5), (1, 4000), (0.5, 5)))], replace(OPTIONS, noise=noise))
    assert report.figures["undecided_rate"] == 1.0  # to this VAD the noise is speech for ever


@pytest.mark.parametrize("floor", [0, 3, 60])
def test_the_span_of_the_speech_is_found_over_its_floor(floor: int) -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(0, floor, 3 * RATE)
    samples[RATE : 2 * RATE] += rng.normal(0, 3000, RATE)
    samples[round(2.5 * RATE) :][:400] += 9000  # a click
    start, end = endpoint.speech_span(samples.astype(np.int16))
    assert start / RATE == pytest.approx(1.0, abs=0.05)
    assert end / RATE == pytest.approx(2.0, abs=0.05)


def test_what_has_no_speech_is_all_span() -> None:
    assert endpoint.speech_span(np.zeros(100, np.int16)) == (0, 100)
    assert endpoint.speech_span(np.zeros(0, np.int16)) == (0, 0)
