"""Wake words: triggers, several engines as one, and the second look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgevoice import config, hearing
from edgevoice.config import WakeSettings, WakeWord
from edgevoice.errors import SettingsError, StageError
from edgevoice.messages import RATE, AudioChunk, Samples, WakeHeard
from edgevoice.model_store import Store
from edgevoice.wake.openwakeword import TrainedHead
from edgevoice.wake.several import Wakes
from edgevoice.wake.trigger import Trigger

LOADED: list[WakeSettings] = []


class Planned:
    """Fires where it was told to: (word, score, stream index)."""

    def __init__(self, words: tuple[str, ...], *fires: tuple[str, float, int]) -> None:
        self.words, self.fires = words, fires

    def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
        end = chunk.start + len(chunk.samples)
        return [WakeHeard(word, score, at) for word, score, at in self.fires if chunk.start < at <= end]

    def reset(self) -> None:
        pass


def load_planned(settings: WakeSettings, folder: Path | None) -> Planned:
    LOADED.append(settings)
    return Planned(settings.names)


def triggered(trigger: Trigger, scores: Sequence[float]) -> list[tuple[int, float] | None]:
    """(step, score) of what each score brings about, early signs left out."""
    found = [trigger.update(score, 1000 * (i + 1)) for i, score in enumerate(scores)]
    return [(event.at // 1000, event.score) if event and not event.is_early else None for event in found]


def heard(wakes: Wakes, seconds: float = 4.0, size: int = 512) -> list[tuple[str, int]]:
    samples = np.arange(round(seconds * RATE)).astype(np.int16)
    chunks = (AudioChunk(samples[i : i + size], RATE, i) for i in range(0, len(samples), size))
    return [(event.word, event.at) for chunk in chunks for event in wakes.feed(chunk)]


def test_the_trigger_wants_scores_in_a_row_and_low_ones_between() -> None:
    trigger = Trigger("alexa", threshold=0.5, patience=2, delay=100)
    assert triggered(trigger, [0.9, 0.1, 0.6, 0.5, 0.9]) == [None, None, None, (4, 0.5), None]
    assert triggered(trigger, [0.9, 0.2, 0.9, 0.9]) == [None, None, None, (4, 0.9)]
    trigger.reset()
    assert trigger.update(0.9, 1000) is None
    event = trigger.update(0.9, 2000)
    assert event is not None
    assert event.word_end == 1900


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.1, 0.4, 0.7, 0.6, 0.1], [None, None, None, (4, 0.7), None]),  # past its peak
        ([0.1, 0.4, 0.7, 0.1, 0.1], [None, None, None, (4, 0.7), None]),
        ([0.1, 0.2, 0.29, 0.2, 0.1], [None] * 5),
        ([0.8, 0.95, 1.0, 0.9, 0.1], [None, (2, 0.95), None, (4, 1.0), None]),  # once as it fires, once past its peak
        ([0.4, 0.3, 0.95, 0.1, 0.4], [None, (2, 0.4), (3, 0.95), None, None]),
    ],
)
def test_what_is_looked_at_again_may_be_doubtful(scores: list[float], expected: list[tuple[int, float] | None]) -> None:
    assert triggered(Trigger("alexa", threshold=0.9, patience=1, delay=0, doubtful=0.3), scores) == expected


def test_what_is_looked_at_again_is_told_early_as_its_score_rises() -> None:
    trigger = Trigger("alexa", threshold=0.9, patience=1, delay=500, doubtful=0.3)
    scores = [0.05, 0.15, 0.2, 0.5, 0.7, 0.95, 1.0, 0.05, 0.2]
    found = [trigger.update(score, 1000 * (i + 1)) for i, score in enumerate(scores)]
    assert [event and event.is_early for event in found] == [None, True, None, True, True, False, None, False, True]
    assert [event.word_end for event in found if event and event.is_early] == [2000, 4000, 5000, 9000]


def test_an_early_sign_counts_only_over_the_voice() -> None:
    class Early(Planned):
        def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
            return [replace(event, is_early=True) for event in super().feed(chunk)]

    wakes = Wakes([Early(("alexa",), ("alexa", 0.4, 500), ("alexa", 0.4, 1500))], {"alexa": 0.0}, lambda *_: 10.0)
    samples = np.full(1000, 300, np.int16)
    assert wakes.feed(AudioChunk(samples, RATE, 0)) == []
    assert [event.at for event in wakes.feed(AudioChunk(samples, RATE, 1000, samples))] == [1500]


def test_engines_are_heard_as_one_and_each_word_rests() -> None:
    micro = Planned(("alexa",), ("alexa", 1.0, 9_000), ("alexa", 1.0, 20_000), ("alexa", 1.0, 50_000))
    trained = Planned(("stop", "go"), ("stop", 1.0, 8_990), ("stop", 1.0, 17_000))
    wakes = Wakes([micro, trained], {"alexa": 2.0, "stop": 0.5, "go": 0.5})
    assert wakes.words == ("alexa", "stop", "go")
    expected = [("stop", 8_990), ("alexa", 9_000), ("stop", 17_000), ("alexa", 50_000)]
    assert heard(wakes) == expected
    wakes.reset()
    assert heard(wakes, size=70_000) == expected


@pytest.mark.parametrize("size", [160, 512, 64_000])
def test_the_second_look_is_at_the_sound_before_the_detection(size: int) -> None:
    looks: list[tuple[str, int, int]] = []

    def evidence(text: str, samples: Samples) -> float:
        looks.append((text, len(samples), int(samples[-1])))
        return 10.0

    engine = Planned(("hey_jarvis",), ("hey_jarvis", 0.9, 10_000), ("hey_jarvis", 0.9, 30_001))
    wakes = Wakes([engine], {"hey_jarvis": 0.1}, evidence)
    assert heard(wakes, size=size) == [("hey_jarvis", 10_000), ("hey_jarvis", 30_001)]
    assert looks == [("hey jarvis", 10_000, 9_999), ("hey jarvis", round(1.4 * RATE), 30_000)]


def test_a_short_word_is_looked_at_from_its_beginning_too() -> None:
    looks: list[Samples] = []

    def evidence(text: str, samples: Samples) -> float:
        looks.append(samples)
        return 10.0 if len(looks) == 2 else -10.0

    wakes = Wakes([Planned(("stop",), ("stop", 0.9, 32_000))], {"stop": 0.0}, evidence)
    samples = np.full(32_000, 300, np.int16)
    samples[24_000:30_000] = 3000
    assert [event.at for event in wakes.feed(AudioChunk(samples, RATE, 0))] == [32_000]
    assert 24_000 - 500 <= 32_000 - len(looks[1]) <= 24_000


@pytest.mark.parametrize(("left", "is_heard"), [(3000, True), (1000, True), (300, False)])
def test_what_an_echo_left_behind_is_no_word(left: int, is_heard: bool) -> None:
    wakes = Wakes([Planned(("stop",), ("stop", 0.99, 9_000), ("stop", 0.99, 29_000))], {"stop": 0.0}, lambda *_: 10.0)
    samples, echo = np.full(10_000, left, np.int16), np.full(10_000, 3000, np.int16)
    assert bool(wakes.feed(AudioChunk(samples, RATE, 0, echo))) == is_heard
    wakes.feed(AudioChunk(samples, RATE, 10_000))
    assert wakes.feed(AudioChunk(samples, RATE, 20_000))  # nothing plays any more


@pytest.mark.parametrize(
    ("score", "evidence", "is_heard"),
    [
        (0.99, 2.0, True),
        (0.99, -2.0, False),
        (0.4, 2.0, False),
        (0.4, 9.0, True),
        (1.0, -2.0, False),
        (0.0, 99.0, True),
    ],
)
def test_what_the_engine_doubts_the_recogniser_must_be_sure_of(score: float, evidence: float, is_heard: bool) -> None:
    wakes = Wakes([Planned(("alexa",), ("alexa", score, 9_000))], {"alexa": 2.0}, lambda *_: evidence)
    assert bool(heard(wakes)) == is_heard


def test_a_longer_wake_word_must_be_likelier() -> None:
    def is_heard(word: str) -> bool:
        return bool(heard(Wakes([Planned((word,), (word, 0.5, 9_000))], {word: 2.0}, lambda *_: 6.0)))

    assert is_heard("aurora")
    assert not is_heard("hey_aurora")


@pytest.mark.parametrize(("least", "is_heard"), [(None, False), (5.9, True), (6.1, False)])
def test_a_trained_word_brings_its_own_bar(least: float | None, is_heard: bool) -> None:
    weights = {"hidden": np.zeros((96, 1)), "hidden_bias": np.zeros(1), "output": np.zeros(1), "output_bias": 0.0}
    head = TrainedHead(weights | {"threshold": 0.5} | ({} if least is None else {"least": least}))
    trigger = Trigger("hey_aurora", head.threshold, 1, 0, 0.3, head.least)
    event = trigger.update(0.5, 9_000)
    assert event is not None

    class Trained(Planned):
        def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
            return [event]

    wakes = Wakes([Trained(("hey_aurora",))], {"hey_aurora": 2.0}, lambda *_: 6.0)
    assert bool(wakes.feed(AudioChunk(np.zeros(9_000, np.int16), RATE, 0))) == is_heard


def test_what_was_not_said_after_all_needs_no_rest() -> None:
    answers = iter([-9.0, -9.0, 9.0])  # of the first detection two looks are taken
    engine = Planned(("alexa",), ("alexa", 0.9, 9_000), ("alexa", 0.9, 12_000))
    rejected: list[str] = []
    wakes = Wakes([engine], {"alexa": 2.0}, lambda *_: next(answers), rejected.append)
    assert heard(wakes) == [("alexa", 12_000)]
    assert rejected == ["alexa"]


@pytest.mark.parametrize(("score", "is_heard"), [(0.9, True), (0.15, False)])
def test_a_recogniser_that_fails_leaves_it_to_the_engine(score: float, is_heard: bool) -> None:
    def evidence(text: str, samples: Samples) -> float:
        raise StageError("asr", "inference", "no memory")

    wakes = Wakes([Planned(("alexa",), ("alexa", score, 9_000))], {"alexa": 2.0}, evidence)
    assert bool(heard(wakes)) == is_heard


def test_each_word_has_its_own_engine_and_limits(tmp_path: Path) -> None:
    LOADED.clear()
    (tmp_path / "mine.yaml").write_text(
        f"wake:\n  engine: {__name__}:load_planned\n  threshold: 0.8\n  words:\n  - alexa\n"
        f"  - {{word: stop, engine: 'test_wake_words:load_planned', threshold: 0.5, patience: 3, refractory_seconds: 1}}\n"
        "  - {word: jarvis, patience: 2}\n"
    )
    settings = config.settings(None, tmp_path / "mine.yaml").wake
    wakes = hearing.wakes(settings, Store(tmp_path))
    assert set(wakes.words) == {"alexa", "stop", "jarvis"}
    own = f"{__name__}:load_planned"
    assert {word for one in LOADED for word in one.each()} == {
        WakeWord("alexa", own, "", 0.8, None, 2.0),
        WakeWord("jarvis", own, "", 0.8, 2, 2.0),
        WakeWord("stop", "test_wake_words:load_planned", "", 0.5, 3, 1.0),
    }
    assert not any(one.check for one in LOADED)  # there is nobody who could look again


def test_openwakeword_needs_no_model_named() -> None:
    words = WakeSettings(
        words=("alexa", WakeWord("stop", "openwakeword"), WakeWord("go", "openwakeword", "mine"))
    ).each()
    assert [(one.engine, one.model) for one in words] == [
        ("micro", ""),
        ("openwakeword", "openwakeword"),
        ("openwakeword", "mine"),
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("[{word: alexa, treshold: 0.5}]", r":1: wake\.words\[0\]\.treshold: unknown key\. Did you mean 'threshold'"),
        ("[{threshold: 0.5}]", r":1: wake\.words\[0\]: 'word' is missing"),
        ("[alexa, {word: alexa}]", r":1: wake: 'words' names 'alexa' twice"),
        ("[{word: alexa, threshold: 2}]", r"wake\.words\[0\]\.threshold: '2' is not from 0 to 1"),
    ],
)
def test_a_bad_word_is_told_with_its_line(tmp_path: Path, words: str, message: str) -> None:
    (tmp_path / "mine.yaml").write_text(f"wake: {{words: {words}}}")
    with pytest.raises(SettingsError, match=message):
        config.settings(None, tmp_path / "mine.yaml")
