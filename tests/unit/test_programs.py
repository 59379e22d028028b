"""The sound of other programs, at a sound server that is a dictionary."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from edgevoice.audio.programs import Programs


class Server:
    """Streams by their index; as `pactl` shows and sets them."""

    def __init__(self, **programs: tuple[int, ...]) -> None:
        self.streams = {number: (name, volumes) for number, (name, volumes) in enumerate(programs.items())}
        self.pid = "1"
        self.is_away = False

    def __call__(self, command: Sequence[str]) -> str:
        if self.is_away:
            raise OSError("Connection refused")
        if command[1] == "set-sink-input-volume":
            index, *volumes = map(int, command[2:])
            if index not in self.streams:
                raise OSError("No such entity")
            self.streams[index] = (self.streams[index][0], tuple(volumes))
            return ""
        return json.dumps([self.told(index, *stream) for index, stream in self.streams.items()])

    def told(self, index: int, name: str, volumes: tuple[int, ...]) -> dict[str, object]:
        pid, host = (str(os.getpid()), socket.gethostname()) if name == "own" else (self.pid, "here")
        properties = {"application.name": name, "application.process.id": pid, "application.process.host": host}
        channels = {f"channel-{number}": {"value": value} for number, value in enumerate(volumes)}
        return {"index": index, "volume": channels, "properties": properties}

    def volumes(self) -> dict[str, tuple[int, ...]]:
        return dict(self.streams.values())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ducked.json"


def test_others_go_down_and_up_and_our_own_voice_does_not(file: Path) -> None:
    server = Server(music=(60_000, 40_000), own=(65_536,))
    programs = Programs(server, 25, file)
    programs.lower()
    assert server.volumes() == {"music": (15_000, 10_000), "own": (65_536,)}
    assert file.exists()
    programs.restore()
    assert server.volumes() == {"music": (60_000, 40_000), "own": (65_536,)}
    assert not file.exists()


def test_who_turns_the_knob_keeps_what_was_set(file: Path) -> None:
    server = Server(music=(60_000,))
    programs = Programs(server, 25, file)
    programs.lower()
    server.streams[0] = ("music", (30_000,))
    programs.restore()
    assert server.volumes() == {"music": (30_000,)}


def test_a_killed_assistant_is_put_right_by_the_next(file: Path) -> None:
    server = Server(music=(60_000,))
    Programs(server, 25, file).lower()
    again = Programs(server, 25, file)
    again.lower()
    assert server.volumes() == {"music": (15_000,)}  # not lowered twice
    again.restore()
    assert server.volumes() == {"music": (60_000,)}


def test_the_next_song_of_a_player_that_ended_low_is_put_right(file: Path) -> None:
    server = Server(music=(60_000, 60_000))
    programs = Programs(server, 25, file)
    programs.lower()
    server.streams = {}
    programs.restore()
    server.streams = {7: ("music", (15_000,)), 8: ("film", (15_000,))}  # as the server remembers it, in mono
    programs.restore()
    assert server.volumes() == {"music": (60_000,), "film": (15_000,)}


def test_two_streams_of_one_program_are_two(file: Path) -> None:
    server = Server()
    server.streams = {1: ("browser", (60_000,)), 2: ("browser", (60_000,))}
    programs = Programs(server, 25, file)
    programs.lower()
    assert server.streams == {1: ("browser", (15_000,)), 2: ("browser", (15_000,))}
    server.streams[3] = ("browser", (15_000,))  # begins as low as the server remembers the program
    programs.lower()
    del server.streams[1]
    programs.restore()
    assert server.streams[2] == ("browser", (60_000,))
    assert server.streams[3] == ("browser", (60_000,))
    programs.lower()
    programs.restore()
    assert server.streams == {2: ("browser", (60_000,)), 3: ("browser", (60_000,))}


def test_a_program_that_ends_in_between_is_no_error(file: Path) -> None:
    class Hasty(Server):
        def __call__(self, command: Sequence[str]) -> str:
            if command[1] == "set-sink-input-volume":
                self.streams = {}
            return super().__call__(command)

    server = Hasty(music=(60_000,))
    programs = Programs(server, 25, file)
    programs.lower()
    programs.restore()
    assert not file.exists()


def test_without_a_sound_server_it_is_told_once(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = Server()
    server.is_away = True
    programs = Programs(server, 25, file)
    for _ in range(3):
        programs.lower()
        programs.restore()
    assert caplog.text.count("Connection refused") == 1


@pytest.mark.parametrize(
    "text", ["", "5", "[5]", '[{"index": 1}]', '[{"index": "x", "program": "", "before": [1], "low": [1]}]']
)
def test_a_file_that_cannot_be_read_is_passed_over(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
    server = Server(music=(60_000,))
    Programs(server, 25, file).lower()
    assert server.volumes() == {"music": (15_000,)}
