"""The assistant as a systemd service: the unit's text, and the steps that install or remove it.

Nothing here acts by itself: `install` and `uninstall` say what is to be done, `carry_out` does it.
"""

from __future__ import annotations

import grp
import ipaddress
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from edgevoice.config import Settings
from edgevoice.errors import EdgeVoiceError
from edgevoice.profiles import Board
from edgevoice.service.notify import START_SECONDS
from edgevoice.service.web.access import is_address, is_loopback

NAME = "edgevoice.service"
_HOUSE = ("link-local", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
SYSTEM_FOLDER = Path("/etc/systemd/system")
_GROUP = "audio"
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))


@dataclass(frozen=True, slots=True)
class Service:
    """What the unit runs. `readable` are files and folders that it needs; those in a home are mounted read-only.

    `hosts` are the addresses and names that it connects to, and those that it serves at; `0.0.0.0` is all of the house.
    `user` makes a unit for the user's own manager instead of the system's.
    """

    command: tuple[str, ...]
    models: Path
    board: Board
    hosts: tuple[str, ...] = ("127.0.0.1",)
    readable: tuple[Path, ...] = ()
    user: bool = False

    @property
    def path(self) -> Path:
        return unit_path(self.user)


@dataclass(frozen=True, slots=True)
class Write:
    path: Path
    text: str

    def __str__(self) -> str:
        return f"write {self.path}"


@dataclass(frozen=True, slots=True)
class Remove:
    path: Path

    def __str__(self) -> str:
        return f"remove {self.path}"


@dataclass(frozen=True, slots=True)
class Run:
    command: tuple[str, ...]

    def __str__(self) -> str:
        return "run " + " ".join(self.command)


Step: TypeAlias = Write | Remove | Run


def unit_path(user: bool) -> Path:
    return (Path.home() / ".config/systemd/user" if user else SYSTEM_FOLDER) / NAME


def unit(service: Service) -> str:
    """The text of the unit."""
    return "\n".join([*_UNIT, "", *_service(service), *_sandbox(service), "", "[Install]", _wanted_by(service), ""])


def install(service: Service) -> tuple[Step, ...]:
    return (
        Write(service.path, unit(service)),
        _systemctl(service.user, "daemon-reload"),
        _systemctl(service.user, "enable", NAME),
        _systemctl(service.user, "restart", NAME),  # one that runs already would keep the networks of its old unit
    )


def uninstall(user: bool) -> tuple[Step, ...]:
    """Empty where nothing is installed."""
    path = unit_path(user)
    if not path.exists():
        return ()
    return (_systemctl(user, "disable", "--now", NAME), Remove(path), _systemctl(user, "daemon-reload"))


def carry_out(steps: Iterable[Step], run: Callable[[Sequence[str]], int] = subprocess.call) -> None:
    """Does the steps in order. Raises EdgeVoiceError at the first that fails, with what would mend it."""
    for step in steps:
        try:
            match step:
                case Write(path, text):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, "utf-8")
                case Remove(path):
                    path.unlink(missing_ok=True)
                case Run(command):
                    if (status := run(command)) != 0:
                        journal = "journalctl --user" if "--user" in command else "journalctl"
                        raise EdgeVoiceError(f"could not {step}: exit status {status}. See: {journal} -u {NAME}")
        except PermissionError as error:
            raise EdgeVoiceError(f"could not {step}: {error.strerror}. Run it with sudo, or add --user") from None
        except OSError as error:
            remedy = "Is this a systemd machine?" if isinstance(step, Run) else ""
            raise EdgeVoiceError(f"could not {step}: {error.strerror}. {remedy}".strip()) from None


_UNIT = (
    "[Unit]",
    "Description=EdgeVoice, an on-device voice assistant",
    "Wants=sound.target",
    "After=network.target sound.target mosquitto.service",
    "# Restarts are spaced by the back-off below, not counted.",
    "StartLimitIntervalSec=0",
)


def _service(service: Service) -> list[str]:
    lines = [
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        "ExecStart=" + " ".join(map(_quoted, service.command)),
        "# Settings are read anew at the end of the running turn.",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "# Told to end while it still loads.",
        "SuccessExitStatus=143",
        _environment("EDGEVOICE_MODELS", str(service.models)),
        _environment("OMP_WAIT_POLICY", "passive"),
        "Restart=on-failure",
        "# From 5 s to 2 min in six steps; systemd before 254 knows no steps and waits 5 s each time.",
        "RestartSec=5",
        "RestartSteps=6",
        "RestartMaxDelaySec=120",
        "WatchdogSec=60",
        f"TimeoutStartSec={START_SECONDS}",
        "TimeoutStopSec=10",
        f"MemoryMax={service.board.ram_budget_mb * 3 // 2}M",
        "OOMPolicy=stop",
    ]
    if not service.user:
        lines += [
            "",
            "# A user of its own, that exists while the service runs.",
            "DynamicUser=yes",
            "User=edgevoice",
            f"SupplementaryGroups={_GROUP}" + (" video render" if service.board.gpu else ""),
            "StateDirectory=edgevoice",
            "StateDirectoryMode=0700",
            "UMask=0077",
        ]
    return lines


def _sandbox(service: Service) -> list[str]:
    """What the kernel refuses the service. The first part works in a user's manager too."""
    lines = [
        "",
        "NoNewPrivileges=yes",
        "LockPersonality=yes",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged @resources",
        "SystemCallErrorNumber=EPERM",
    ]
    if service.user:
        return lines
    hidden = [path for path in service.readable if _in_a_home(path)]
    return [
        *lines,
        "CapabilityBoundingSet=",
        "AmbientCapabilities=",
        "ProtectSystem=strict",
        "ProtectHome=tmpfs" if hidden else "ProtectHome=yes",
        *(f"BindReadOnlyPaths={_quoted(f'-{path}')}" for path in hidden),
        "PrivateTmp=yes",
        "PrivateMounts=yes",
        "ProtectClock=yes",
        "ProtectControlGroups=yes",
        "ProtectHostname=yes",
        "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "ProtectProc=invisible",
        "RemoveIPC=yes",
        "# Sound, and the GPU where the board has one; no other device.",
        "DevicePolicy=closed",
        "DeviceAllow=char-alsa rw",
        *(f"DeviceAllow={device} rw" for device in service.board.devices),
        "# The broker, who may look at the web page, and nothing outside the house.",
        "IPAddressDeny=any",
        "IPAddressAllow=" + " ".join(networks(service.hosts)),
    ]


def hosts(settings: Settings) -> tuple[str, ...]:
    """What the settings connect to and serve at."""
    home, page = settings.home, settings.web
    found = [settings.mqtt.host, page.host if page.port else "", home.kuksa.rpartition(":")[0]]
    if settings.llm.engine == "server":
        found.append(urlsplit(settings.llm.url).hostname or "")
    return tuple(filter(None, found))


def closed(paths: Iterable[Path]) -> Iterator[str]:
    """The files that the service's own user may not read, and what lets it."""
    for path in paths:
        about = path.stat() if os.path.isfile(path) else None
        if about is not None and not (about.st_mode & 0o004 or (about.st_mode & 0o040 and _group(about) == _GROUP)):
            yield f"the service may not read {path}: sudo chgrp {_GROUP} {path} && sudo chmod 640 {path}"


def _group(about: os.stat_result) -> str:
    try:
        return grp.getgrgid(about.st_gid).gr_name
    except KeyError:
        return ""


def networks(hosts: Iterable[str]) -> list[str]:
    """Where the hosts may be: this machine; else the private networks and the addresses given."""
    others = [host for host in hosts if not is_loopback(host)]
    found = ["localhost", *(_HOUSE if others else ())]
    return found + [host for host in others if is_address(host) and not ipaddress.ip_address(host).is_private]


def needed_paths(config: Path | None, models: Path, profile: Path) -> tuple[Path, ...]:
    """The interpreter, our code, models, settings and profile: what a service of this installation must read."""
    package = Path(__file__).resolve().parents[2]
    found = {Path(sys.prefix), Path(sys.base_prefix), package, models.absolute(), profile.absolute()}
    if config is not None:
        found.add(config.absolute().parent)
    return tuple(sorted(path for path in found if not any(path != o and path.is_relative_to(o) for o in found)))


def _in_a_home(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in _HOMES)


def _systemctl(user: bool, *arguments: str) -> Run:
    return Run(("systemctl", *(("--user",) if user else ()), *arguments))


def _wanted_by(service: Service) -> str:
    return f"WantedBy={'default' if service.user else 'multi-user'}.target"


def _environment(name: str, value: str) -> str:
    return "Environment=" + _quoted(f"{name}={value}")


def _quoted(word: str) -> str:
    """A word as unit files write it: specifiers and variables doubled, quotes and blanks escaped."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if any(c.isspace() or c in "\"';#\\" for c in word) or not word else plain
