"""The wake word trainer: phrases, rooms, fitting and measuring, with voices that are tones."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
import train_wake_word
from wake_words import checked, head, phrases
from wake_words.rooms import Rooms
from wake_words.voices import Voice

from edgevoice.messages import RATE, AudioChunk, Samples, WakeHeard
from edgevoice.stages import WakeScore
from edgevoice.wake.openwakeword import TrainedHead
from edgevoice.wake.several import LEAST
from evaluation.common import InputError

FRAMES = 4


def embeddings(chance: np.random.Generator, word_at: int | None, steps: int = 30) -> head.Clip:
    """Noise, and where the word is, two steps that point another way."""
    found = chance.normal(size=(steps, 96)).astype(np.float32)
    if word_at is None:
        return head.Clip(found)
    found[word_at - 1 : word_at + 1, :8] += 2.5
    return head.Clip(found, (0, 12_512 + 1280 * word_at))


def clips(seed: int, said: int, other: int) -> list[head.Clip]:
    chance = np.random.default_rng(seed)
    return [
        *(embeddings(chance, int(chance.integers(6, 24))) for _ in range(said)),
        *(embeddings(chance, None) for _ in range(other)),
    ]


def test_a_head_learns_the_word_and_measures_itself(tmp_path: Path) -> None:
    learned = head.fit(clips(0, 60, 120), FRAMES, steps=250)
    found = head.measure(learned, clips(1, 40, 200))
    assert found[0].said == 40
    assert found[0].hours == pytest.approx(200 * 30 * 0.08 / 3600)
    assert [one.missed for one in found] == sorted(one.missed for one in found)
    assert [one.false for one in found] == sorted((one.false for one in found), reverse=True)
    chosen = head.choose(found, 0.0)
    assert chosen.miss_rate < 0.1
    assert chosen.false == 0
    learned.threshold = chosen.threshold
    head.save(tmp_path / "word.npz", learned, {"command": "train it", "missed": 0.25})
    with np.load(tmp_path / "word.npz") as arrays:
        read = TrainedHead(arrays)
        assert (str(arrays["command"]), float(arrays["missed"])) == ("train it", 0.25)
    assert read.threshold == pytest.approx(chosen.threshold)
    windows = clips(2, 1, 0)[0].windows(FRAMES)
    assert read.scores(windows) == pytest.approx(learned.scores(windows), abs=0.02)


def test_only_windows_that_end_with_the_word_are_said() -> None:
    clip = head.Clip(np.arange(20 * 96, dtype=np.float32).reshape(20, 96), (0, 12_512 + 1280 * 10))
    said = clip.said(FRAMES)
    assert said.shape == (3, FRAMES, 96)
    assert [int(window[-1, 0]) // 96 for window in said] == [10, 11, 12]


def test_two_windows_in_a_row_are_heard_once_in_two_seconds() -> None:
    weights = {"hidden": np.eye(96)[:, :1], "hidden_bias": np.zeros(1), "output": np.ones(1), "output_bias": -5.0}
    found = TrainedHead({**weights, "threshold": 0.5})
    sound = np.zeros((100, 96), np.float32)
    for at in (10, 20, 21, 30, 31, 60, 61):  # alone; then two in a row; again too soon; and once more
        sound[at, 0] = 10.0
    assert head.measure(found, [head.Clip(sound)])[4].false == 2


def test_near_phrases_sound_alike_and_do_not_hold_the_word() -> None:
    words = phrases.lexicon()
    near = phrases.near("stop", words)
    assert len({"top", "step", "shop", "chop", "drop", "crop", "slop"} & set(near)) >= 4
    assert not any("stop" in one for one in near)
    near = phrases.near("hey aurora", words)
    assert {"hey", "aurora"} <= set(near)
    assert "hey aurora" not in near
    assert any(one.startswith("hey ") for one in near)


def test_sentences_are_without_the_word() -> None:
    said = phrases.general(phrases.lexicon(), ["stop the vacuum", "turn on the lamp"], "stop", 40, 0)
    assert len(said) == 40
    assert "turn on the lamp" in said
    assert not any("stop" in one for one in said)


def test_a_room_keeps_the_length_and_the_place_of_the_sound() -> None:
    chance = np.random.default_rng(3)
    click = np.zeros(RATE, np.int16)
    click[8000:8400] = 9000
    rooms = Rooms([np.full(500, 90, np.int16)], [np.arange(700).astype(np.int16)])
    for _ in range(20):
        heard = rooms.put(click, chance, 2.0)
        assert heard.dtype == np.int16
        assert len(heard) == RATE
        loud = np.abs(heard.astype(np.float64))
        assert loud[8000:8500].mean() > loud[:7000].mean()


def test_voices_are_kept_back_by_name() -> None:
    names = ["piper joe", "hibari heart", "flite rms", "flite slt", *(f"espeak {i}" for i in range(40))]
    kept = {name for name in names if train_wake_word._is_kept_back(name)}
    assert {"piper joe", "flite rms"} <= kept
    assert not {"hibari heart", "flite slt"} & kept
    assert 5 <= len(kept) <= 18


class FlatEmbedding:
    """A `FrontEnd` whose embedding is the level of each step."""

    def embeddings(self, samples: Samples) -> np.ndarray:
        steps = (len(samples) - 12_512) // 1280
        levels = [np.abs(samples[12_512 + 1280 * i :][:1280].astype(np.float32)).mean() for i in range(steps)]
        return np.repeat(np.array(levels, np.float32)[:, None], 96, axis=1)


def test_the_end_of_the_word_is_known() -> None:
    voice = Voice("tone", lambda text, chance: np.full(4000, 9000, np.int16))
    sounds = [train_wake_word.Sound("said", "hey", voice), train_wake_word.Sound("near", "hay", voice)]
    made = train_wake_word.clips(sounds, Rooms([], []), FlatEmbedding())  # type: ignore[arg-type]
    (_, said), (_, other) = made
    assert said.word is not None
    assert said.word[1] - said.word[0] == 4000
    assert RATE <= said.word[0] < RATE + 1280
    assert other.word is None


def test_a_head_looks_at_the_word_and_not_at_what_is_before_it() -> None:
    def said(seconds: float) -> head.Clip:
        return head.Clip(np.zeros((30, 96), np.float32), (0, round(seconds * RATE)))

    assert train_wake_word.frames([said(0.3)]) == 3
    assert train_wake_word.frames([said(0.8), head.Clip(np.zeros((30, 96), np.float32))]) == 5
    assert train_wake_word.frames([said(1.2)]) == 10


def test_the_threshold_is_far_from_both_errors() -> None:
    found = [
        head.Measured(threshold, 100, missed, false, 1.0)
        for threshold, missed, false in [(0.3, 0, 9), (0.4, 0, 2), (0.5, 1, 1), (0.6, 2, 1), (0.7, 8, 0)]
    ]
    assert head.choose(found, 2.0).threshold == 0.5
    assert head.choose(found, 0.0).threshold == 0.6  # once may be by chance
    assert head.choose(found[:2], 0.0).threshold == 0.4


def test_the_bar_is_the_lowest_that_other_speech_reaches_seldom_enough() -> None:
    said = [checked.Heard("said", odds, 0.001) for odds in (7.0, 9.5, 12.0, 12.0)]
    others = [
        checked.Heard("near", 30.0, 0.1),
        checked.Heard("sentences", 8.0, 0.5),
        checked.Heard("recorded", 9.0, 0.5),
    ]
    found = checked.choose(said + others, 0.0)
    assert 9.0 < found.threshold < 9.2
    assert (found.missed, found.said, found.near, found.near_count, found.false, found.hours) == (1, 4, 1, 1, 0, 1.0)
    assert 8.0 < checked.choose(said + others, 1.0).threshold < 8.2
    assert checked.choose(said + others, 2.0).threshold == pytest.approx(LEAST)  # never below that of other words
    hopeless = checked.choose([*said, checked.Heard("sentences", np.inf, 0.5)], 0.0)
    assert (hopeless.false, hopeless.missed) == (1, 4)


def test_few_hours_say_little() -> None:
    def measured(false: int, hours: float) -> checked.Measured:
        return checked.Measured(5.2, 100, 0, false, hours, 0, 0)

    assert measured(0, 1.0).most_false_an_hour == pytest.approx(3.0, rel=0.02)
    assert measured(0, 6.0).most_false_an_hour == pytest.approx(0.5, rel=0.02)
    assert measured(2, 1.0).most_false_an_hour == pytest.approx(6.3, rel=0.02)


def test_every_look_at_a_clip_counts() -> None:
    engine = Fires()
    samples = np.full(40_000, 9, np.int16)
    looked: list[int] = []

    def evidence(text: str, samples: Samples) -> float:
        looked.append(len(samples))
        return float(len(looked))

    found = checked.heard("said", samples, engine, evidence)
    assert (len(looked), looked[0]) == (4, 20_480)  # two looks at what is not early, as long as the engine had heard
    assert found.odds == pytest.approx(4.0)
    assert found.hours == pytest.approx(2.5 / 3600)
    assert checked.heard("said", samples, engine, None).odds == np.inf


class Fires:
    words = ("aurora",)

    def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
        end = chunk.start + len(chunk.samples)
        fires = (WakeHeard("aurora", 0.5, at, is_early=at == 12_800) for at in (12_800, 20_480, 38_400))
        return [event for event in fires if chunk.start < event.at <= end]

    def peaks(self) -> dict[str, WakeScore]:
        return {}

    def reset(self) -> None:
        pass


def test_recordings_are_those_of_folders_and_manifests(tmp_path: Path) -> None:
    folder = tmp_path / "speech"
    (folder / "deep").mkdir(parents=True)
    for name in ("b.flac", "deep/a.wav", "notes.txt"):
        (folder / name).write_bytes(b"")
    manifest = tmp_path / "noise.jsonl"
    manifest.write_text('{"id": "rain", "audio": "rain.flac"}\n')
    found = train_wake_word.recordings([folder, manifest])
    assert list(found) == ["b.flac", "deep/a.wav", "rain"]
    assert found["rain"] == tmp_path / "rain.flac"
    with pytest.raises(InputError, match=r"b\.flac: cannot be read"):
        train_wake_word.samples(found["b.flac"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty: no recordings"):
        train_wake_word.recordings([tmp_path / "empty"])


@pytest.mark.parametrize("text", ["", "hey 4", "one two three four five six", "größe"])
def test_a_phrase_is_a_few_english_words(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="one to five words"):
        train_wake_word._phrase(text)
    assert train_wake_word._phrase("  Hey  Aurora ") == "hey aurora"


def test_the_file_is_named_by_the_phrase(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["train_wake_word.py", "hey aurora", "--out", "mine.npz"])
    assert train_wake_word.main() == 2
    assert "Name it hey_aurora.npz" in capsys.readouterr().err
