"""Turns kept for tuning: only where asked for, private, bounded, encrypted with a key; and nothing else written."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import stages
from test_speaker import FakeOutput
from test_turn import WISHES

from edgevoice import turn as turns
from edgevoice import watchers
from edgevoice.audio.speaker import Speaker
from edgevoice.config import AudioSettings, HomeSettings, PrivacySettings, Settings
from edgevoice.errors import SettingsError
from edgevoice.messages import RATE, Expects, Transcript, Turn, TurnEnded, Utterance
from edgevoice.service import recorder
from edgevoice.service.recorder import Recorder

SPEECH = Utterance(np.arange(RATE, dtype=np.int16), RATE, 0, RATE)


class Wall:
    """The time of day, which moves when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def run(made: turns.Stages, keeps: Recorder, name: str, said: Utterance | Transcript | str = SPEECH) -> None:
    for event in turns.run(made, Turn(name, threading.Event()), said):
        keeps.observe(event)


def recorded(folder: Path, text: str = "lamp on", **settings: object) -> tuple[turns.Stages, Recorder, Wall]:
    made, _ = stages(WISHES, text)
    wall = Wall()
    keeps = Recorder(replace(PrivacySettings(record_folder=folder), **settings), wall)  # type: ignore[arg-type]
    assert made.asr is not None
    made.asr = keeps.watched(made.asr)
    return made, keeps, wall


def test_a_spoken_turn_is_two_private_files(tmp_path: Path) -> None:
    made, keeps, _ = recorded(tmp_path / "turns")
    run(made, keeps, "0001")
    sound, told = sorted(tmp_path.glob("turns/*"), reverse=True)
    assert [sound.name, told.name] == ["20270115T080000Z-0001.wav", "20270115T080000Z-0001.json"]
    assert {path.stat().st_mode & 0o777 for path in (sound, told)} == {0o600}
    assert sound.parent.stat().st_mode & 0o777 == 0o700
    with wave.open(str(sound)) as file:
        assert (file.getframerate(), file.getnframes()) == (RATE, RATE)
        assert file.readframes(RATE) == SPEECH.samples.tobytes()
    kept = json.loads(told.read_text("utf-8"))
    assert kept["heard"] == "lamp on"
    assert kept["sent"] == [["light.lamp", "on", True]]
    assert kept["answered"]


def test_every_folder_that_was_recorded_in_is_remembered_once(tmp_path: Path) -> None:
    state = tmp_path / "state" / "state.json"
    for name in ("one", "two", "one"):
        privacy = PrivacySettings(record_folder=tmp_path / name)
        assert watchers.recorder(Settings(home=HomeSettings(state_file=state), privacy=privacy), stages({})[0])
    assert recorder.places(state) == (tmp_path / "one", tmp_path / "two")
    assert watchers.recorder(Settings(home=HomeSettings(state_file=state)), stages({})[0]) is None
    assert len(recorder.places(state)) == 2


@pytest.mark.parametrize("text", ["", "{", "5", "[5]", "\xff"])
def test_places_that_cannot_be_read_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "recorded.json").write_text(text, "latin-1")
    assert recorder.places(tmp_path / "state.json") == ()


def test_what_is_typed_is_not_kept_nor_taken_for_what_was_said_before(tmp_path: Path) -> None:
    made, keeps, _ = recorded(tmp_path / "turns")
    run(made, keeps, "0001", "lamp on")
    assert list(tmp_path.glob("turns/*")) == []


def test_what_was_understood_ahead_is_kept_though_something_was_typed_meanwhile(tmp_path: Path) -> None:
    made, keeps, _ = recorded(tmp_path / "turns")
    transcript = turns.transcribe(made, SPEECH)
    run(made, keeps, "0001", "unlock")
    assert list(tmp_path.glob("turns/*")) == []
    run(made, keeps, "0002", transcript)
    assert json.loads(next(tmp_path.glob("turns/*-0002.json")).read_text())["heard"] == "lamp on"


def test_a_pin_is_never_kept(tmp_path: Path) -> None:
    made, keeps, _ = recorded(tmp_path / "turns")
    keeps.observe(TurnEnded("0001", (), Expects("pin")))
    run(made, keeps, "0002")
    assert list(tmp_path.glob("turns/*")) == []
    run(made, keeps, "0003")
    assert len(list(tmp_path.glob("turns/*"))) == 2


def test_what_is_old_goes_and_then_the_oldest_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "turns"
    made, keeps, wall = recorded(folder, record_mb=0.1, record_days=1.0)
    (folder / "notes.txt").write_text("mine")
    (folder / "20270115T070000Z-0001.wav").symlink_to(folder / "notes.txt")
    for number in range(5):  # 32 kB and a little each
        run(made, keeps, f"{number:04d}")
        wall.now += 60
    kept = sorted(path.name for path in recorder.recordings(folder))
    assert sum((folder / name).stat().st_size for name in kept) <= 100_000
    assert {name.split("-")[1][:4] for name in kept if name.endswith("wav")} == {"0002", "0003", "0004"}
    wall.now += 2 * 86_400
    keeps.prune()
    assert sorted(path.name for path in folder.iterdir()) == ["20270115T070000Z-0001.wav", "notes.txt"]


def test_with_a_key_only_the_key_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "key"
    recorder.write_private(file, recorder.new_key())
    made, keeps, _ = recorded(tmp_path / "turns", record_key_file=file)
    run(made, keeps, "0001")
    paths = sorted(recorder.recordings(tmp_path / "turns"))
    assert [path.suffix for path in paths] == [".fernet", ".fernet"]
    assert all(b"lamp" not in path.read_bytes() and b"RIFF" not in path.read_bytes() for path in paths)
    content = dict(recorder.read(path, recorder.cipher(file)) for path in paths)
    assert json.loads(content["20270115T080000Z-0001.json"])["heard"] == "lamp on"
    with wave.open(io.BytesIO(content["20270115T080000Z-0001.wav"])) as sound:
        assert sound.getnframes() == RATE
    other = tmp_path / "other"
    recorder.write_private(other, recorder.new_key())
    with pytest.raises(ValueError, match="this key"):
        recorder.read(paths[0], recorder.cipher(other))


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [(b"short", 0o600, "holds no key"), (b"x" * 44, 0o644, "by others"), (None, 0, "No such file")],
)
def test_a_key_that_is_none_is_told(tmp_path: Path, content: bytes | None, mode: int, problem: str) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    with pytest.raises(SettingsError, match=problem):
        recorder.cipher(file)


def test_a_folder_that_others_can_read_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(SettingsError, match="chmod 700"):
        Recorder(PrivacySettings(record_folder=tmp_path))


def test_a_full_disk_ends_no_turn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "turns"
    made, keeps, _ = recorded(folder)
    folder.rmdir()
    run(made, keeps, "0001")
    assert "not recorded" in caplog.text


OPENED: list[str] = []
"""What was opened for writing while somebody watched; an audit hook cannot be taken away again."""
_watching = threading.Event()


def _audit(event: str, given: tuple[object, ...]) -> None:
    if _watching.is_set() and event == "open" and isinstance(given[0], (str, bytes)):
        mode, flags = given[1], given[2]
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (
            isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        ):
            OPENED.append(os.fsdecode(given[0]))


@contextmanager
def watched_files() -> Iterator[list[str]]:
    if "audit" not in globals():
        globals()["audit"] = True
        sys.addaudithook(_audit)
    OPENED.clear()
    _watching.set()
    try:
        yield OPENED
    finally:
        _watching.clear()


def test_without_it_a_turn_writes_nothing_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgevoice.config import TtsSettings
    from edgevoice.tts import hibari

    for name in ("HOME", "TMPDIR", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    made, wire = stages(WISHES, "lamp on")
    output = FakeOutput()
    made.voice = turns.Voice(hibari.load(TtsSettings(), None), Speaker(AudioSettings(), lambda *_: output))
    with watched_files() as opened:
        for _ in turns.run(made, Turn("1", threading.Event()), SPEECH):
            pass
        assert opened == []
        (tmp_path / "seen").write_text("the hook works")
        assert opened == [str(tmp_path / "seen")]
    assert wire.sent
    assert sum(map(len, output.written)) > 5000
    assert [path.name for path in tmp_path.iterdir()] == ["seen"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for others")
def test_what_root_writes_is_still_whose_folder_it_is(tmp_path: Path) -> None:
    """`sudo edgevoice privacy wipe` and `key`, in a folder of the service's."""
    os.chown(tmp_path, 12_345, 12_345)
    recorder.write_private(tmp_path / "key", b"")
    about = (tmp_path / "key").stat()
    assert (about.st_uid, about.st_mode & 0o777) == (12_345, 0o600)
