"""Where a release goes: a folder or mounted root, a board over ssh, a raw image. All through `receive`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from edgevoice.errors import EdgeVoiceError
from edgevoice.service import systemd
from flashing import receive
from flashing.release import SETUP, Entry, Release

_LINUX = ("ext4", "ext3", "btrfs", "xfs", "f2fs")

Report = Callable[[int], object]
"""Called with the bytes of each file that was sent."""


class Target(Protocol):
    """Every method raises EdgeVoiceError with what to do about it."""

    def have(self) -> list[str]:
        """sha256 of what is there already."""

    def take(self, release: Release, missing: Sequence[Entry], report: Report) -> None: ...

    def activate(self, release: Release) -> list[str]:
        """Makes it the current one. Returns what is left for the user to do, a sentence each."""

    def rollback(self) -> str:
        """Returns the id of the release that is current now."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory, or the mounted root of a board."""

    root: Path

    def have(self) -> list[str]:
        return sorted(receive.have(self.root))

    def take(self, release: Release, missing: Sequence[Entry], report: Report) -> None:
        with _told(), receive.alone(self.root):
            receive.take(self.root, release.manifest, _opened(missing, report))

    def activate(self, release: Release) -> list[str]:
        with _told(), receive.alone(self.root):
            receive.activate(self.root, release.id)
        script = f"{receive.HOME}/current/first_boot.py"
        return [f"It sets itself up at the board's next boot, or now by: python{release.manifest['python']} {script}"]

    def rollback(self) -> str:
        with _told(), receive.alone(self.root):
            return receive.rollback(self.root)


@dataclass(frozen=True, slots=True)
class Ssh:
    """`host` as ssh takes it; root rights there come from being root or from sudo without a password."""

    host: str
    root: Path = Path("/")

    def have(self) -> list[str]:
        return list(json.loads(self._receive("have")))

    def take(self, release: Release, missing: Sequence[Entry], report: Report) -> None:
        process = subprocess.Popen(
            self._command("take"), stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert process.stdin is not None
        assert process.stderr is not None
        with contextlib.suppress(BrokenPipeError), process.stdin as stream:
            _pack(stream, release, missing, report)
        error = process.stderr.read().decode(errors="replace")
        if process.wait() != 0:
            raise self._failed(error)

    def activate(self, release: Release) -> list[str]:
        if self.root != Path("/"):
            self._receive("activate", release.id)
            return [f"on the board: python3 {self.root / receive.HOME}/current/first_boot.py"]
        # The new release is set up while the old one still runs; then one restart changes over.
        self._run(f"python{release.manifest['python']} -I /{receive.HOME}/releases/{release.id}/first_boot.py")
        self._receive("activate", release.id)
        self._restart()
        return []

    def rollback(self) -> str:
        name = self._receive("rollback").strip()
        if self.root == Path("/"):
            self._restart()
        return name

    def _restart(self) -> None:
        self._run(
            f"systemctl daemon-reload && $S systemctl enable --quiet {SETUP} {systemd.NAME} && $S systemctl restart {systemd.NAME}"
        )

    def _receive(self, *arguments: str) -> str:
        return self._finished(self._command(*arguments))

    def _command(self, action: str, *arguments: str) -> list[str]:
        script = Path(str(receive.__file__)).read_text("utf-8")
        words = shlex.join(["python3", "-c", script, action, str(self.root), *arguments])
        return self._ssh(words)

    def _run(self, words: str) -> str:
        return self._finished(self._ssh(words))

    def _ssh(self, words: str) -> list[str]:
        sudo = "S=; " if self.root != Path("/") else 'S="sudo -n"; [ "$(id -u)" = 0 ] && S=; '
        return ["ssh", "--", self.host, f"{sudo}$S {words}"]

    def _finished(self, command: Sequence[str]) -> str:
        try:
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise EdgeVoiceError("there is no `ssh` here: apt install openssh-client") from None
        if ran.returncode != 0:
            raise self._failed(ran.stderr)
        return ran.stdout

    def _failed(self, error: str) -> EdgeVoiceError:
        hint = ""
        if "sudo" in error:
            hint = f". Log in as root, or let sudo work without a password on {self.host}"
        elif "python3" in error and "not found" in error:
            hint = f". Install Python there: ssh {self.host} sudo apt install python3 python3-venv"
        return EdgeVoiceError(f"{self.host}: {error.strip() or 'ssh failed'}{hint}")


@contextlib.contextmanager
def opened(target: str) -> Iterator[Target]:
    """The target that a text names: `user@host` or `user@host:/root`, an image file, a folder.

    An image's root partition is mounted by a loop device meanwhile, which needs root rights.
    """
    remote = re.fullmatch(r"([\w.-]+@[\w.-]+)(?::(/.*))?", target)
    if remote:
        yield Ssh(remote[1], Path(remote[2] or "/"))
    elif Path(target).is_file():
        with _mounted(Path(target)) as root:
            yield Folder(root)
    else:
        yield Folder(Path(target))


@contextlib.contextmanager
def _mounted(image: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        raise EdgeVoiceError(
            f"{image}: mounting an image needs root. Run it with sudo, or mount it and give the folder"
        )
    device = _tool("losetup", "--find", "--show", "--partscan", str(image)).strip()
    root = Path(f"/run/edgevoice-flash-{os.getpid()}")
    try:
        root.mkdir()
        _tool("mount", _root_partition(image, device), str(root))
        try:
            yield root
        finally:
            _tool("umount", str(root))
    finally:
        with contextlib.suppress(OSError):
            root.rmdir()
        _tool("losetup", "--detach", device)


def _root_partition(image: Path, device: str) -> str:
    """The largest partition with a Linux file system, or the whole image where it has no partitions."""
    rows = json.loads(_tool("lsblk", "--json", "--bytes", "--paths", "--output", "NAME,SIZE", device))
    disk = rows["blockdevices"][0]
    found = [row for row in disk.get("children", [disk]) if _file_system(row["name"]) in _LINUX]
    if not found:
        raise EdgeVoiceError(f"{image} has no partition with a Linux root: is it an image of a board's card?")
    return str(max(found, key=lambda row: int(row["size"]))["name"])


def _file_system(device: str) -> str:
    """Asked of the device itself: a machine without udev knows it nowhere else. Empty for none."""
    ran = subprocess.run(
        ["blkid", "-p", "-o", "value", "-s", "TYPE", device], capture_output=True, text=True, check=False
    )
    return ran.stdout.strip()


def _tool(*command: str) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise EdgeVoiceError(f"there is no `{command[0]}` here: apt install util-linux mount") from None
    if ran.returncode != 0:
        raise EdgeVoiceError(
            f"{' '.join(command)}: {ran.stderr.strip()}. Where this machine lends no loop device (a container does not), "
            "write the image to a card, mount it, and give the folder"
        )
    return ran.stdout


def _opened(entries: Sequence[Entry], report: Report) -> Iterator[tuple[str, IO[bytes]]]:
    for entry in entries:
        with entry.source.open("rb") as data:
            yield entry.sha256, data
        report(entry.size)


def _pack(stream: IO[bytes], release: Release, entries: Sequence[Entry], report: Report) -> None:
    text = release.text.encode()
    with tarfile.open(fileobj=stream, mode="w|") as tar:
        info = tarfile.TarInfo("release.json")
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
        for sha256, data in _opened(entries, report):
            info = tarfile.TarInfo(sha256)
            info.size = os.fstat(data.fileno()).st_size
            tar.addfile(info, data)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except receive.FlashError as error:
        raise EdgeVoiceError(str(error)) from None
    except OSError as error:
        raise EdgeVoiceError(f"{error.filename or 'the target'}: {error.strerror}") from None
