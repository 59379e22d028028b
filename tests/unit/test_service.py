"""The systemd unit, its installation, and what the service manager is told."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from edgevoice import profiles
from edgevoice.commands import options
from edgevoice.errors import EdgeVoiceError
from edgevoice.service import notify, systemd
from edgevoice.service.systemd import Remove, Run, Service, Write

SERVICE = Service(
    command=("/opt/edgevoice/bin/edgevoice", "run", "--config", "/etc/edgevoice/settings.yaml"),
    models=Path("/var/lib/edgevoice/models"),
    board=profiles.load("x86-cpu").board,
)


def values(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_unit_restarts_watches_and_confines() -> None:
    unit = values(systemd.unit(SERVICE))
    assert unit["ExecStart"] == ["/opt/edgevoice/bin/edgevoice run --config /etc/edgevoice/settings.yaml"]
    assert (unit["Type"], unit["Restart"], unit["WatchdogSec"]) == (["notify"], ["on-failure"], ["60"])
    assert (unit["DynamicUser"], unit["NoNewPrivileges"], unit["ProtectSystem"]) == (["yes"], ["yes"], ["strict"])
    assert unit["SupplementaryGroups"] == ["audio"]
    assert unit["IPAddressAllow"] == ["localhost"]
    assert unit["WantedBy"] == ["multi-user.target"]


@pytest.mark.parametrize("name", profiles.names())
def test_sound_and_the_boards_own_devices_stay_open(name: str) -> None:
    board = profiles.load(name).board
    unit = values(systemd.unit(replace(SERVICE, board=board)))
    assert unit["DeviceAllow"] == ["char-alsa rw", *(f"{device} rw" for device in board.devices)]
    assert unit["SupplementaryGroups"] == ["audio video render" if board.gpu else "audio"]
    assert bool(board.devices) == bool(board.gpu)


@pytest.mark.parametrize(
    ("hosts", "extra"),
    [
        (("localhost",), None),
        (("::1", "127.0.0.1"), None),
        (("192.168.1.4",), "192.168.0.0/16"),
        (("127.0.0.1", "0.0.0.0"), "192.168.0.0/16"),
        (("127.0.0.1", "::"), "fc00::/7"),
        (("broker.local",), "fe80"),
        (("203.0.113.200",), "192.168.0.0/16"),
        (("8.8.4.4",), "8.8.4.4"),
    ],
)
def test_only_the_networks_of_the_settings_are_open(hosts: tuple[str, ...], extra: str | None) -> None:
    (allowed,) = values(systemd.unit(replace(SERVICE, hosts=hosts)))["IPAddressAllow"]
    if extra is None:
        assert allowed == "localhost"
    else:
        assert extra in allowed.replace("link-local", "fe80").split()


def test_an_installation_in_a_home_is_mounted_read_only_and_the_rest_hidden() -> None:
    unit = values(systemd.unit(replace(SERVICE, readable=(Path("/home/ann/venv"), Path("/usr")))))
    assert unit["ProtectHome"] == ["tmpfs"]
    assert unit["BindReadOnlyPaths"] == ["-/home/ann/venv"]
    assert values(systemd.unit(SERVICE))["ProtectHome"] == ["yes"]


def test_words_are_quoted_as_units_want_them() -> None:
    unit = values(systemd.unit(replace(SERVICE, command=("/opt/my voice/edgevoice", "50%", 'a"b', "$HOME", ""))))
    assert unit["ExecStart"] == ['"/opt/my voice/edgevoice" 50%% "a\\"b" $$HOME ""']


def test_what_the_service_must_read_is_named_once(tmp_path: Path) -> None:
    paths = systemd.needed_paths(tmp_path / "etc/settings.yaml", tmp_path / "etc/models", tmp_path / "board.yaml")
    assert {tmp_path / "etc", tmp_path / "board.yaml"} < set(paths)
    assert tmp_path / "etc/models" not in paths
    assert any(Path(systemd.__file__).is_relative_to(path) for path in paths)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", profiles.names())
def test_systemd_itself_finds_the_unit_well_confined(name: str, tmp_path: Path) -> None:
    path = tmp_path / systemd.NAME
    unit = replace(SERVICE, command=("/bin/true",), board=profiles.load(name).board, hosts=("192.168.1.4",))
    path.write_text(systemd.unit(replace(unit, readable=(Path("/home/ann/venv"),))))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Overall exposure level" in done.stdout
    verified = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, check=False)
    complaints = [line for line in verified.stderr.splitlines() if systemd.NAME in line]
    assert [line for line in complaints if "'RestartSteps'" not in line and "'RestartMaxDelaySec'" not in line] == []


def test_install_writes_the_unit_and_starts_it_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "SYSTEM_FOLDER", tmp_path)
    ran: list[Sequence[str]] = []
    steps = systemd.install(SERVICE)
    assert [str(step) for step in steps] == [
        f"write {tmp_path / systemd.NAME}",
        "run systemctl daemon-reload",
        "run systemctl enable edgevoice.service",
        "run systemctl restart edgevoice.service",
    ]
    assert not (tmp_path / systemd.NAME).exists()
    systemd.carry_out(steps, lambda command: ran.append(command) or 0)
    assert (tmp_path / systemd.NAME).read_text() == systemd.unit(SERVICE)
    assert len(ran) == 3
    steps = systemd.uninstall(user=False)
    systemd.carry_out(steps, lambda command: ran.append(command) or 0)
    assert not (tmp_path / systemd.NAME).exists()
    assert systemd.uninstall(user=False) == ()


def test_the_users_own_unit_needs_no_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write, *runs = systemd.install(replace(SERVICE, user=True))
    assert isinstance(write, Write)
    assert write.path == tmp_path / ".config/systemd/user/edgevoice.service"
    assert all(isinstance(step, Run) and step.command[:2] == ("systemctl", "--user") for step in runs)
    unit = values(write.text)
    assert unit["WantedBy"] == ["default.target"]
    assert not {"User", "DynamicUser", "SupplementaryGroups", "DeviceAllow"} & set(unit)


def refuse(command: Sequence[str]) -> int:
    raise FileNotFoundError(2, "No such file or directory", command[0])


def test_steps_that_fail_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EdgeVoiceError, match=r"could not run systemctl x: exit status 1\. See: journalctl"):
        systemd.carry_out([Run(("systemctl", "x"))], lambda command: 1)
    with pytest.raises(EdgeVoiceError, match=r"See: journalctl --user -u edgevoice"):
        systemd.carry_out([Run(("systemctl", "--user", "x"))], lambda command: 1)
    with pytest.raises(EdgeVoiceError, match="Is this a systemd machine"):
        systemd.carry_out([Run(("systemctl", "x"))], refuse)
    (tmp_path / "file").write_text("")
    with pytest.raises(EdgeVoiceError, match=r"could not write .*/file/unit"):
        systemd.carry_out([Write(tmp_path / "file/unit", "text")])
    systemd.carry_out([Remove(tmp_path / "nothing")])


def test_under_sudo_the_settings_are_the_callers() -> None:
    account = pwd.getpwuid(os.geteuid())
    assert options.callers_home({"SUDO_USER": account.pw_name}, 0) == account.pw_dir
    assert options.callers_home({"SUDO_USER": account.pw_name}, 1000) is None
    assert options.callers_home({}, 0) is None


# --- what the service manager is told ---------------------------------------------------------------------------------


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        yield listener


def received(manager: socket.socket) -> list[str]:
    found: list[str] = []
    while True:
        try:
            found.append(manager.recv(1000).decode())
        except BlockingIOError:
            return found


def test_ready_beat_status_stopping(manager: socket.socket) -> None:
    now = [0.0]
    environ = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}
    told = notify.from_environment(environ, 7, lambda: now[0])
    told.ready()
    told.status("listening\nfor hey_jarvis")
    for second in range(32):
        now[0] = second
        told.beat()
    told.stopping()
    beats = ["WATCHDOG=1"] * 3  # at 0, 15 and 30 seconds
    assert received(manager) == ["READY=1", "STATUS=listening for hey_jarvis", *beats, "STOPPING=1"]


def test_a_reload_may_take_as_long_as_a_start(manager: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "60000000"}
    told = notify.from_environment(environ, 7)
    told.ready()
    told.reloading()
    told.ready()
    told.ready()
    first, reloading, again, *later = received(manager)
    assert (first, later) == ("READY=1", ["READY=1"])
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert reloading.endswith("\nWATCHDOG_USEC=180000000")
    assert again == "READY=1\nWATCHDOG_USEC=60000000"
    assert values(systemd.unit(SERVICE))["TimeoutStartSec"] == ["180"]


def test_an_abstract_socket() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("")  # the kernel picks an abstract name
        listener.setblocking(False)
        address = listener.getsockname().decode()
        notify.Notifier("@" + address[1:]).ready()
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("extra", [{}, {"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, {"WATCHDOG_USEC": "soon"}])
def test_no_beat_unless_we_are_watched(manager: socket.socket, extra: dict[str, str]) -> None:
    told = notify.from_environment({"NOTIFY_SOCKET": manager.getsockname(), **extra}, 7, lambda: 1.0)
    told.beat()
    assert received(manager) == []
    notify.from_environment(extra, 7).ready()  # no manager at all


def test_a_manager_that_went_away_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told = notify.Notifier(str(tmp_path / "gone"))
    told.ready()
    told.stopping()
    assert len(caplog.records) == 1


def test_a_part_that_is_stuck_stops_the_beat() -> None:
    now, beats = [0.0], []
    heartbeat = notify.Heartbeat(lambda: beats.append(now[0]), ("ears", "turns"), 30.0, lambda: now[0])
    for second in range(0, 100, 10):
        now[0] = second
        heartbeat("ears")
        if second <= 20 or second >= 80:
            heartbeat("turns")
    # The turns are silent from 20 on: the beat goes on until 50, and again from 80, as they do.
    assert sorted(set(beats)) == [0, 10, 20, 30, 40, 50, 80, 90]
    assert heartbeat.stuck() == ()
    now[0] = 125
    assert heartbeat.stuck() == ("ears", "turns")


def test_the_unit_reloads_and_counts_an_early_end_as_well() -> None:
    unit = values(systemd.unit(SERVICE))
    assert unit["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert unit["SuccessExitStatus"] == ["143"]
