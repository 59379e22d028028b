"""Which files settings are read from, and which one the web page writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgevoice import cli, profiles
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
    assert told.startswith("This page is then at http://…:8321. ")
    assert "edgevoice service install" in told
    nearby = "llm: {engine: server, model: m, url: http://127.0.0.1:8080/v1}\nmqtt: {host: 127.0.0.2}\n"
    assert file.save(nearby, str(file.told()["version"])) == ""
    away = nearby.replace("127.0.0.1:8080", "8.8.4.4")
    assert "edgevoice service install" in file.save(away, str(file.told()["version"]))


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the web page of the machine's service has saved: the broker has moved."""
    monkeypatch.setattr(opts, "SERVICE_STATE", tmp_path / "service")
    (tmp_path / "service").mkdir()
    page = tmp_path / "service" / "settings.yaml"
    page.write_text("mqtt: {host: 8.8.4.4}\n")
    return page


@pytest.fixture
def plain(tmp_path: Path) -> list[str]:
    (tmp_path / "settings.yaml").write_text("audio: {volume: 0.5}\n")
    return ["--profile", "x86-cpu", "--config", str(tmp_path / "settings.yaml")]


def test_a_service_that_is_installed_again_may_reach_what_its_page_named(
    service: Path, plain: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["service", "print", *plain]) == 0
    assert "8.8.4.4" in capsys.readouterr().out
    assert cli.main(["service", "print", "--user", *plain]) == 0  # has no state directory
    assert opts.settings(cli.parser().parse_args(["run", *plain])).mqtt.host == "127.0.0.1"


def test_check_and_privacy_see_what_the_page_of_the_service_saved(
    service: Path, plain: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["check", "--no-broker", *plain])
    told = capsys.readouterr().out
    assert f"under what the service's web page saved in {service}" in told
    assert "8.8.4.4" in told
    service.write_text("mqtt: {port: 1}\n")
    service.with_name("settings.yaml.bak").write_text("mqtt: {port: 2}\n")
    assert cli.main(["privacy", "wipe", "--everything", "--dry-run", *plain]) == 0
    assert f"{service}, " in capsys.readouterr().out
    assert cli.main(["privacy", "wipe", "--everything", "--yes", *plain]) == 0
    assert list(service.parent.iterdir()) == []


def test_who_may_not_see_what_the_service_keeps_is_told_so(
    tmp_path: Path, plain: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "link").symlink_to("private/edgevoice")  # as systemd makes it; nobody but root can follow it
    monkeypatch.setattr(opts, "SERVICE_STATE", tmp_path / "link")
    cli.main(["check", "--no-broker", *plain])
    assert "warn  service               what its web page saved" in capsys.readouterr().out
    assert cli.main(["privacy", "report", *plain]) == 0
    assert "not known: run this with sudo" in capsys.readouterr().out


def test_a_password_that_the_services_user_may_not_read_is_told_before_it_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, password = tmp_path / "settings.yaml", tmp_path / "password"
    settings.write_text(f"mqtt: {{password_file: {password}}}\n")
    password.write_text("secret")
    install = ["service", "install", "--dry-run", "--profile", "x86-cpu", "--config", str(settings)]
    assert cli.main(install) == 0
    assert "may not read" not in capsys.readouterr().out
    password.chmod(0o600)
    assert cli.main(install) == 0
    assert f"the service may not read {password}: sudo chgrp audio" in capsys.readouterr().out
    assert cli.main([*install, "--user"]) == 0
    assert "may not read" not in capsys.readouterr().out


def test_a_service_finds_a_profile_of_ones_own_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my-board.yaml").write_text(profiles.load("x86-cpu").file.read_text())
    assert cli.main(["service", "print", "--profile", "my-board.yaml"]) == 0
    assert f"--profile {tmp_path}/my-board.yaml" in capsys.readouterr().out
