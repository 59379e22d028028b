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
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from edgevoice.errors import EdgeVoiceError
from edgevoice.service import systemd
from flashing import receive
from flashing.release import SETUP, Entry, Release

_PACKED = (".xz", ".gz", ".zip", ".zst", ".bz2")
_SECTOR = 512
_LINUX = ("ext4", "ext3", "btrfs", "xfs", "f2fs")

Report = Callable[[int], object]
"""Called with the bytes of each file that was sent."""


class Target(Protocol):
    """Every method raises EdgeVoiceError with what to do about it."""

    def system(self) -> dict[str, str]:
        """What the board has, as `receive.system` says it."""

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

    def system(self) -> dict[str, str]:
        return receive.system(self.root)

    def have(self) -> list[str]:
        return receive.have(self.root)

    def take(self, release: Release, missing: Sequence[Entry], report: Report) -> None:
        with _told(), receive.alone(self.root):
            receive.take(self.root, release.manifest, _opened(missing, report))

    def activate(self, release: Release) -> list[str]:
        with _told(), receive.alone(self.root):
            receive.activate(self.root, release.id)
        script = f"{receive.HOME}/current/first_boot.py"
        return [f"It sets itself up at the board's next boot, or now by: python{release.manifest['python']} {script}"]

    def rollback(self) -> str:
        if not (self.root / receive.HOME).is_dir():
            raise EdgeVoiceError(f"{self.root} was never flashed: there is nothing to go back to")
        with _told(), receive.alone(self.root):
            return receive.rollback(self.root)


@dataclass(frozen=True, slots=True)
class Ssh:
    """`host` as ssh takes it; root rights there come from being root or from sudo without a password.

    `options` are ssh's own, such as the connection that all its commands share.
    """

    host: str
    root: Path = Path("/")
    options: tuple[str, ...] = ()

    def system(self) -> dict[str, str]:
        return dict(json.loads(self._receive("system")))

    def have(self) -> list[str]:
        return list(json.loads(self._receive("have")))

    def take(self, release: Release, missing: Sequence[Entry], report: Report) -> None:
        command = self._command("take")
        # Left only when the other end is done: it holds the board's lock until then.
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as ran:
            assert ran.stdin is not None
            assert ran.stderr is not None
            with contextlib.suppress(BrokenPipeError), ran.stdin as stream:
                _pack(stream, release, missing, report)
            error = ran.stderr.read().decode(errors="replace")
        if ran.returncode != 0:
            raise self._failed(error)

    def activate(self, release: Release) -> list[str]:
        if self.root != Path("/"):
            self._receive("activate", release.id)
            return [f"on the board: python3 {self.root / receive.HOME}/current/first_boot.py"]
        # The new release is set up while the old one still runs; then one restart changes over.
        script = f"/{receive.HOME}/releases/{release.id}/first_boot.py"
        self._run(f"python{release.manifest['python']} -I {script}", stdout=None)
        self._receive("activate", release.id)
        return self._restart()

    def rollback(self) -> str:
        name = self._receive("rollback").strip()
        if self.root == Path("/"):
            self._restart()
        return name

    def _restart(self) -> list[str]:
        if self._run("sh -c 'test -d /run/systemd/system || echo none'"):
            return [f"no systemd runs on {self.host}: start it there with `edgevoice run`"]
        self._run(
            f"systemctl daemon-reload && $S systemctl enable --quiet {SETUP} {systemd.NAME} && $S systemctl restart {systemd.NAME}"
        )
        return []

    def _receive(self, *arguments: str) -> str:
        return self._finished(self._command(*arguments))

    def _command(self, action: str, *arguments: str) -> list[str]:
        script = Path(str(receive.__file__)).read_text("utf-8")
        words = shlex.join(["python3", "-c", script, action, str(self.root), *arguments])
        return self._ssh(words)

    def _run(self, words: str, stdout: int | None = subprocess.PIPE) -> str:
        return self._finished(self._ssh(words), stdout)

    def _ssh(self, words: str) -> list[str]:
        sudo = "S=; " if self.root != Path("/") else 'S="sudo -n"; [ "$(id -u)" = 0 ] && S=; '
        return ["ssh", *self.options, "--", self.host, f"{sudo}$S {words}"]

    def _finished(self, command: Sequence[str], stdout: int | None = subprocess.PIPE) -> str:
        ran = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
        if ran.returncode != 0:
            raise self._failed(ran.stderr)
        return ran.stdout or ""

    def _failed(self, error: str) -> EdgeVoiceError:
        hint = ""
        if "sudo" in error:
            hint = f". Log in as root, or let sudo work without a password on {self.host}"
        elif "python3" in error and "not found" in error:
            hint = f". Install Python there: ssh {self.host} sudo apt install python3"
        said = error.strip().removeprefix("flash: ") or "ssh failed"
        return EdgeVoiceError(f"{self.host}: {said}{hint}")


@contextlib.contextmanager
def opened(target: str) -> Iterator[Target]:
    """The target that a text names: `user@host[:port][:/root]`, an image file, a folder.

    An image's root partition is mounted by a loop device meanwhile, which needs root rights.
    """
    remote = re.fullmatch(r"([\w.-]+@[\w.-]+)(?::(\d+))?(?::(/.*))?", target)
    path = Path(target)
    if remote:
        port = ("-p", remote[2]) if remote[2] else ()
        with _connected(remote[1], port) as options:
            yield Ssh(remote[1], Path(remote[3] or "/"), options)
    elif path.suffix in _PACKED:
        raise EdgeVoiceError(f"{target} is packed: unpack it first, such as by unxz or unzip")
    elif path.is_file():
        with _mounted(path) as root:
            yield Folder(root)
    elif "@" in target or path.suffix == ".img":
        raise EdgeVoiceError(f"'{target}' is no user@host[:port][:/folder], and there is no such image or folder")
    else:
        yield Folder(path)


@contextlib.contextmanager
def _connected(host: str, port: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Logs in once, so that a password is asked for once. Yields the options that use this connection."""
    with tempfile.TemporaryDirectory(prefix="edgevoice-ssh-") as folder:
        shared = (f"-oControlPath={folder}/socket", "-oServerAliveInterval=15", *port)
        said = Path(folder) / "said"  # no pipe: what ssh leaves running, such as a ProxyJump, would hold it open
        try:
            with said.open("w") as out:
                ran = subprocess.run(["ssh", "-fNM", *shared, "--", host], stderr=out, check=False)
        except FileNotFoundError:
            raise EdgeVoiceError("there is no `ssh` here: apt install openssh-client") from None
        if ran.returncode != 0:
            raise EdgeVoiceError(f"could not log in to {host}: {said.read_text('utf-8').strip()}")
        try:
            yield shared
        finally:
            subprocess.run(["ssh", *shared, "-Oexit", "--", host], capture_output=True, check=False)


@contextlib.contextmanager
def _mounted(image: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        raise EdgeVoiceError(
            f"{image}: mounting an image needs root. Run it with sudo, or mount it and give the folder"
        )
    start, size = _root_partition(image)
    root = Path(f"/run/edgevoice-flash-{os.getpid()}")
    root.mkdir()
    try:
        _tool("mount", "-o", f"loop,offset={start},sizelimit={size}", str(image), str(root))
        try:
            yield root
        finally:
            _tool("umount", str(root))
    finally:
        root.rmdir()


def _root_partition(image: Path) -> tuple[int, int]:
    """First byte and bytes of the largest partition with a Linux file system, or of the image where it has none."""
    try:
        rows = _tool("partx", "--raw", "--noheadings", "--output", "START,SECTORS", str(image)).splitlines()
    except EdgeVoiceError:
        rows = [f"0 {image.stat().st_size // _SECTOR}"]
    found = [(int(start) * _SECTOR, int(sectors) * _SECTOR) for start, sectors in map(str.split, rows)]
    linux = [part for part in found if _file_system(image, part[0]) in _LINUX]
    if not linux:
        raise EdgeVoiceError(f"{image} has no partition with a Linux root: is it an image of a board's card?")
    return max(linux, key=lambda part: part[1])


def _file_system(image: Path, start: int) -> str:
    """Empty for none."""
    command = ["blkid", "-p", "-O", str(start), "-o", "value", "-s", "TYPE", str(image)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


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
