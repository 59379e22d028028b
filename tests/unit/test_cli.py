"""The command line: usage, errors, exit statuses, and events as lines."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgevoice import cli
from edgevoice.commands.show import Printer, json_line
from edgevoice.messages import (
    Command,
    CommandSent,
    Expects,
    Heard,
    Intent,
    Message,
    Replied,
    StateConfirmed,
    Transcript,
    TurnEnded,
    Understood,
)


@pytest.fixture(autouse=True)
def empty_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings and no models of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("EDGEVOICE_MODELS", str(tmp_path / "models"))


def test_every_command_teaches_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        "",
        "demo",
        "run",
        "replay",
        "ask",
        "say",
        "check",
        "devices",
        "models pull",
        "profiles show",
        "service print",
        "privacy wipe",
    ):
        with pytest.raises(SystemExit) as stopped:
            cli.main([*words.split(), "--help"])
        assert stopped.value.code == 0
        assert "usage: edgevoice" in capsys.readouterr().out


def test_no_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_a_wrong_setting_is_told_with_its_place_and_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("asr:\n  thread: 2\n", "utf-8")
    assert cli.main(["check", "--config", str(file)]) == 1
    error = capsys.readouterr().err
    assert f"{file}:2" in error
    assert "Did you mean 'threads'?" in error


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("wake: {words: [hey_nobody]}", "FAIL  wake                  wake.words: micro has no wake word 'hey_nobody'"),
        ("home: {pin_file: /absent}", "FAIL  home.pin_file         /absent cannot be read: is it there"),
        ("mqtt: {password_file: absent}", "FAIL  broker                mqtt.password_file: '"),
    ],
)
def test_check_tells_every_problem_and_not_the_first_alone(
    text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.yaml").write_text(text, "utf-8")
    assert cli.main(["check", "--config", str(tmp_path / "settings.yaml")]) == 1
    shown = capsys.readouterr().out
    assert told in shown
    assert "home and sentences" in shown


def test_packs_beside_the_settings_are_listed_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "packs").mkdir()
    pack, file = tmp_path / "packs" / "lift.yaml", tmp_path / "settings.yaml"
    pack.write_text("intents:\n  call: {sentences: [call the lift, lift please], answer: It comes.}\n", "utf-8")
    file.write_text("nlu: {packs: [coffee], packs_off: [timers]}\n", "utf-8")
    cli.main(["check", "--no-broker", "--config", str(file)])
    shown = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("ok    packs"))
    assert f"lift (2 sentences, {pack})" in shown
    assert "coffee (4 sentences)" in shown
    assert "home (" in shown
    assert "timers" not in shown
    pack.write_text("intents:\n  call:\n    sentence: [call the lift]\n", "utf-8")
    assert cli.main(["check", "--no-broker", "--config", str(file)]) == 1
    assert f"{pack}:3: intents.call.sentence: unknown key. Did you mean 'sentences'?" in capsys.readouterr().out
    file.write_text("nlu: {packs_off: [timer]}\n", "utf-8")
    pack.unlink()
    assert cli.main(["check", "--no-broker", "--config", str(file)]) == 1
    assert "nlu.packs_off: no pack 'timer' is on. Did you mean 'timers'?" in capsys.readouterr().out


def test_packs_of_a_user_without_settings_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "config" / "edgevoice" / "packs"
    folder.mkdir(parents=True)
    (folder / "lift.yaml").write_text("intents: {call: {sentences: [call the lift], answer: It comes.}}\n", "utf-8")
    cli.main(["check", "--no-broker"])
    assert "lift (1 sentence, " in capsys.readouterr().out


def test_an_unknown_profile_is_told_with_the_near_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--profile", "raspberry-pi5"]) == 1
    assert "Did you mean 'raspberry-pi-5'?" in capsys.readouterr().err


def test_missing_models_are_told_with_the_command_that_fetches_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--profile", "x86-cpu", "--no-broker"]) == 1
    assert "edgevoice models pull" in capsys.readouterr().out


def test_check_as_json_holds_settings_and_findings(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["check", "--profile", "x86-cpu", "--no-broker", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["settings"]["asr"]["engine"] == "moonshine"
    assert {"fit", "asr", "sound"} <= {finding["what"] for finding in told["findings"]}


def test_the_users_file_is_found_without_being_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config" / "edgevoice" / "settings.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("mqtt: {host: hub.example}\n", "utf-8")
    cli.main(["check", "--no-broker", "--json"])
    assert json.loads(capsys.readouterr().out)["settings"]["mqtt"]["host"] == "hub.example"


def test_profiles_are_listed_shown_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profiles", "list", "--json"]) == 0
    names = [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert "jetson-orin-nano" in names
    assert cli.main(["profiles", "show", "jetson-orin-nano"]) == 0
    assert "CUDAExecutionProvider" in capsys.readouterr().out
    assert cli.main(["profiles", "check", *names]) == 0


def test_models_are_listed_with_their_licences(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "list"]) == 0
    listed = capsys.readouterr().out
    assert "moonshine-tiny-en" in listed
    assert "MIT" in listed
    assert "missing" in listed


def test_verify_of_a_missing_model_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "verify", "silero-vad"]) == 1
    assert "silero-vad" in capsys.readouterr().out


def test_an_archive_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "models.tar"
    archive.write_bytes(b"not a tar file")
    assert cli.main(["models", "import", str(archive)]) == 1
    assert "models.tar" in capsys.readouterr().err


def test_the_unit_is_printed_and_a_dry_run_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["service", "print", "--profile", "raspberry-pi-5"]) == 0
    assert "NoNewPrivileges=yes" in capsys.readouterr().out
    assert cli.main(["service", "install", "--dry-run", "--profile", "raspberry-pi-5"]) == 0
    assert "would write" in capsys.readouterr().out
    assert not Path("/etc/systemd/system/edgevoice.service").exists()


EVENTS = (
    Heard(Transcript("lock the door"), 20.0),
    Understood((Intent("HassTurnOn", {"name": "Front Door"}, source="template"),), 2.0),
    CommandSent(Command("lock.front", "locked", True), Message("home/lock/set", b"LOCK"), 3.0),
    StateConfirmed(Command("lock.front", "locked", True), False, 2000.0),
    Replied("The Front Door did not answer.", 9.0, np.zeros(5, np.int16), 16_000),
    TurnEnded("1", (), Expects("yes_no")),
)


def test_a_turn_is_told_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer()
    for event in EVENTS:
        printer(event)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["heard", "understood", "sent", "no", "answered", "asks"]
    assert "home/lock/set  LOCK" in lines[2]
    assert lines[2].endswith("3.0 ms")


def test_events_are_one_json_object_a_line_without_sound() -> None:
    told = [json.loads(json_line(event)) for event in EVENTS]
    assert told[2]["message"]["payload"] == "LOCK"
    assert told[3]["confirmed"] is False
    assert told[4]["samples"] == {"samples": 5}
    assert told[5]["expects"]["kind"] == "yes_no"
