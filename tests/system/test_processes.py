"""The commands as processes: the demo from its first to its last line, conversations, and how they end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import EDGEVOICE, Watched


def edgevoice(account: dict[str, str], *words: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [*EDGEVOICE, *map(str, words)]
    return subprocess.run(command, env=account, input=text, capture_output=True, text=True, timeout=240, check=False)


def events(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def test_the_demo_goes_well_without_a_language_model(account: dict[str, str], tmp_path: Path) -> None:
    done = edgevoice(account, "demo", "--no-llm", "--out", tmp_path / "replies")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "scenes went as they should" in done.stdout
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "replies").glob("*.wav"))


def test_the_demo_goes_well_with_the_default_language_model(
    account: dict[str, str], tmp_path: Path, model: Callable[[str], Path]
) -> None:
    model("qwen2.5-coder-0.5b-instruct")
    done = edgevoice(account, "demo", "--profile", "x86-cpu", "--json", "--out", tmp_path / "replies")
    assert done.returncode == 0, done.stdout + done.stderr
    seen = events(done.stdout)
    assert sum(event["event"] == "TurnEnded" for event in seen) >= 6
    assert any(event["event"] == "StateConfirmed" and event["confirmed"] for event in seen)
    sources = {intent["source"] for e in seen if e["event"] == "Understood" for intent in e["intents"]}  # type: ignore[attr-defined]
    assert {"template", "llm", "dialogue"} <= sources


def test_sentences_are_asked_in_one_conversation(account: dict[str, str]) -> None:
    done = edgevoice(account, "ask", "--demo-home", "--no-llm", "--json", "lock the front door", "yes")
    assert done.returncode == 0, done.stderr
    seen = events(done.stdout)
    assert [event["message"]["payload"] for event in seen if event["event"] == "CommandSent"] == ["LOCK"]  # type: ignore[index]
    assert [event["confirmed"] for event in seen if event["event"] == "StateConfirmed"] == [True]


def test_a_recording_is_replayed_without_a_wake_word(account: dict[str, str], tmp_path: Path) -> None:
    recording = Path(__file__).parents[1] / "data/recordings/turn_off_all_lights_in_the_office.flac"
    done = edgevoice(account, "replay", "--demo-home", "--no-llm", "--no-wake", "--out", tmp_path, recording)
    assert done.returncode == 0, done.stderr
    assert "confirmed" in done.stdout
    assert (tmp_path / "reply-001.wav").exists()


def test_what_is_typed_is_answered(account: dict[str, str]) -> None:
    done = edgevoice(account, "demo", "--text", "--no-llm", text="is the front door locked\nturn on the bed light\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("answered") == 2
    assert done.stdout.count("confirmed") == 1


def test_say_writes_a_wav_file(account: dict[str, str], tmp_path: Path) -> None:
    done = edgevoice(account, "say", "The kettle is on.", "--out", tmp_path / "kettle.wav")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "kettle.wav").stat().st_size > 10_000


def test_a_recording_that_is_none_is_refused_with_its_name(account: dict[str, str], tmp_path: Path) -> None:
    fake = tmp_path / "fake.wav"
    fake.write_text("hello", "utf-8")
    done = edgevoice(account, "replay", "--demo-home", "--no-llm", "--no-wake", fake)
    assert done.returncode == 1
    assert "fake.wav" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broker_that_is_away_is_one_clear_line(account: dict[str, str], tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("mqtt: {port: 1}\n", "utf-8")
    done = edgevoice(account, "ask", "--no-llm", "--config", settings, "turn on the light")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) <= 2
    assert "127.0.0.1:1" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_live_assistant_ends_cleanly(watched: Callable[..., Watched], number: signal.Signals) -> None:
    running = watched("run", "--demo-home", "--no-llm", "--profile", "x86-cpu")
    running.says("listening")
    assert running.ends_on(number) == 0, running.lines
    assert not any("Traceback" in line for line in running.lines), "".join(running.lines)


def test_a_service_tells_its_manager_that_it_is_ready_and_the_journal_no_words(
    account: dict[str, str], watched: Callable[..., Watched], tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        account["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        running = watched("run", "--demo-home", "--no-llm", "--profile", "x86-cpu")
        assert manager.recv(100) == b"READY=1"
        assert manager.recv(100) == b"STATUS=listening"
        assert running.ends_on(signal.SIGTERM) == 0
        assert manager.recv(100) == b"STOPPING=1"
    assert running.lines == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["A simulated home", "heard", "sent", "answered"])
def test_the_demo_ends_cleanly_at_any_stage(
    watched: Callable[..., Watched], moment: str, number: signal.Signals
) -> None:
    running = watched("demo", "--no-llm", "--out", os.devnull + "-replies")
    running.says(moment)
    assert running.ends_on(number) in (130, 143), running.lines
    assert not any("Traceback" in line for line in running.lines), "".join(running.lines)
