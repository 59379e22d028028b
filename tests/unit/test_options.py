"""Which files settings are read from, and which one the web page writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgevoice import cli
from edgevoice.commands import options as opts
from edgevoice.errors import SettingsError


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine's file, of a service that may write into its state directory only."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    (tmp_path / "state").mkdir()
    path = tmp_path / "settings.yaml"
    path.write_text("audio: {volume: 0.5}\nwake: {words: [alexa]}\n")
    return path


def test_what_the_page_of_a_service_saves_wins_over_the_machines_file(machine: Path) -> None:
    options = cli.parser().parse_args(["run", "--profile", "x86-cpu", "--config", str(machine)])
    running = opts.settings(options)
    file = opts.settings_file(options, running)
    assert file.told()["under"] == str(machine)
    assert running.audio.volume == 0.5
    before = machine.read_text()
    assert file.save("audio: {volume: 0.25}\n", str(file.told()["version"])) == ""
    again = opts.settings(options)
    assert (again.audio.volume, again.wake.names) == (0.25, ("alexa",))
    assert machine.read_text() == before


def test_a_bad_file_under_the_pages_is_told_by_its_own_name(machine: Path) -> None:
    options = cli.parser().parse_args(["run", "--profile", "x86-cpu", "--config", str(machine)])
    file = opts.settings_file(options, opts.settings(options))
    file.path.write_text("audio: {volume: 0.25}\n")
    machine.write_text("wake: {wrods: [alexa]}\n")
    with pytest.raises(SettingsError, match=r"settings.yaml:1: wake.wrods"):
        opts.settings(options)
    problem = file.problem("audio: {volume: 0.25}\n")
    assert problem is not None
    assert problem.line == 0
    assert str(machine) in problem.text


def test_without_a_state_directory_the_page_changes_the_file_itself(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY")
    options = cli.parser().parse_args(["run", "--profile", "x86-cpu", "--config", str(machine)])
    file = opts.settings_file(options, opts.settings(options))
    assert (file.path, file.under) == (machine, None)


def test_a_unit_that_keeps_the_service_from_a_new_address_is_told(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOCATION_ID", "0" * 32)  # as systemd sets it
    options = cli.parser().parse_args(["run", "--profile", "x86-cpu", "--config", str(machine)])
    file = opts.settings_file(options, opts.settings(options))
    told = file.save("web: {port: 8321, host: 0.0.0.0}\n", str(file.told()["version"]))
    assert "edgevoice service install" in told
