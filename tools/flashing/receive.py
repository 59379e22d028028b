"""The board's end of a flash: takes a release in, makes it the current one, goes back to the one before.

    <root>/opt/edgevoice/releases/<id>/    a release: release.json and the files that it lists; first boot adds venv/
    <root>/opt/edgevoice/{current,previous}  links to two of them
    <root>/opt/edgevoice/incoming/         what came of a flash that was cut off: the next one does not send it again
    <root>/usr/local/bin/edgevoice         a link to the current one's
    <root>/etc/edgevoice/settings.yaml     the user's: written where there is none, and never again

Runs alone on the board, with the standard library of Python 3.11 only: `python3 receive.py ACTION ROOT …`. A kill at
any moment leaves the old release or the new one, whole: every step ends in one rename, and all may be done again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

HOME = "opt/edgevoice"
PROGRAM = "edgevoice"
SETTINGS = "etc/edgevoice/settings.yaml"
UNITS = "etc/systemd/system"
WANTED = f"{UNITS}/multi-user.target.wants"
INCOMING = f"{HOME}/incoming"
_BLOCK = 1 << 20
_UNPACKED = 3
"""What a wheel grows by when the first boot installs it."""
_ARCH = {0x3E: "x86_64", 0xB7: "aarch64"}


class FlashError(Exception):
    """What went wrong and what to do about it."""


def releases(root: Path) -> dict[str, dict[str, Any]]:
    """The complete releases on the board: id -> release.json."""
    found = {}
    for path in sorted((root / HOME / "releases").glob("*/release.json")):
        if not path.parent.name.startswith("."):
            found[path.parent.name] = json.loads(path.read_text("utf-8"))
    return found


def system(root: Path) -> dict[str, str]:
    """What the board has, as far as its files tell: `arch`, `python` as 3.11, the minor version of its `glibc` 2."""
    found = {}
    python = root / "usr/bin/python3"
    if python.is_symlink() and (version := re.search(r"python(3\.\d+)$", os.readlink(python))):
        found["python"] = version[1]
    for path in sorted(root.glob("usr/lib/*-linux-gnu/libc.so.6")) or sorted(root.glob("lib/*-linux-gnu/libc.so.6")):
        data = path.read_bytes()
        if release := re.search(rb"release version 2\.(\d+)", data):
            found["glibc"] = release[1].decode()
        if arch := _ARCH.get(int.from_bytes(data[18:20], "little")):
            found["arch"] = arch
        break
    return found


def have(root: Path) -> list[str]:
    """What need not be sent again, by sha256."""
    came = (path for path in (root / INCOMING).glob("*") if _sha256(path) == path.name)
    return sorted({*_kept(root), *(path.name for path in came)})


def _kept(root: Path) -> dict[str, Path]:
    """sha256 -> a file of a release that has it."""
    found = {}
    for name, release in releases(root).items():
        for file in release["files"]:
            path = root / HOME / "releases" / name / file["path"]
            if path.is_file() and path.stat().st_size == file["size"]:
                found[file["sha256"]] = path
    return found


def take(root: Path, release: dict[str, Any], sent: Iterable[tuple[str, IO[bytes]]]) -> Path:
    """Builds a release out of what is here and what is `sent` (sha256, contents), and verifies every byte.

    Returns its folder; nothing is current yet. Raises FlashError where a file is missing or differs.
    """
    folder = root / HOME / "releases" / str(release["id"])
    if (folder / "release.json").exists():
        return folder
    for left in folder.parent.glob(".*.partial"):
        shutil.rmtree(left)
    here, incoming = _kept(root), root / INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    _room(root, release, here)
    for sha256, data in sent:
        _check_name(sha256)
        with (incoming / sha256).open("wb") as out:
            shutil.copyfileobj(data, out, _BLOCK)
            os.fsync(out.fileno())
    partial = folder.with_name(f".{folder.name}.partial")
    partial.mkdir(parents=True)
    for file in release["files"]:
        _place(partial, file, (incoming / file["sha256"], here.get(file["sha256"])))
    _write(partial / "release.json", json.dumps(release, indent=1))
    _sync(partial)
    partial.rename(folder)
    _sync(folder.parent)
    shutil.rmtree(incoming)
    return folder


def activate(root: Path, name: str) -> None:
    """Makes a release the current one; the one before can be gone back to, older ones are removed."""
    home = root / HOME
    folder = home / "releases" / name
    if not (folder / "release.json").exists():
        raise FlashError(f"there is no release {name} in {home / 'releases'}: {', '.join(releases(root)) or 'none'}")
    settings = root / SETTINGS
    if not settings.exists():
        _write(settings, (folder / "settings.yaml").read_text("utf-8"))
    for unit in json.loads((folder / "release.json").read_text("utf-8"))["units"]:
        _link(root / UNITS / unit, f"/{HOME}/current/{unit}")
        _link(root / WANTED / unit, f"../{unit}")
    _link(root / "usr/local/bin" / PROGRAM, f"/{HOME}/current/{PROGRAM}")
    before = _target(home / "current")
    if before not in ("", name):
        _link(home / "previous", f"releases/{before}")
    _link(home / "current", f"releases/{name}")
    kept = {name, _target(home / "previous")}
    for path in (home / "releases").iterdir():
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)


def rollback(root: Path) -> str:
    """Makes the release before the current one; a second one comes back. Returns its id."""
    home = root / HOME
    current, previous = _target(home / "current"), _target(home / "previous")
    if previous in ("", current) or not (home / "releases" / previous / "release.json").exists():
        raise FlashError(f"{home}: there is no release to go back to; the current one is {current or 'none'}")
    activate(root, previous)
    return previous


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Holds the board for one flash at a time."""
    lock = root / HOME / ".lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FlashError(f"another flash of {root} is going on") from None
        yield


def _room(root: Path, release: dict[str, Any], here: dict[str, Path]) -> None:
    """Raises FlashError where the disk is too small, before anything crosses."""
    new = {file["sha256"]: file for file in release["files"] if file["sha256"] not in here}
    came = sum(path.stat().st_size for path in (root / INCOMING).iterdir())
    unpacked = sum(file["size"] for file in release["files"] if file["path"].endswith(".whl")) * _UNPACKED
    needed = sum(file["size"] for file in new.values()) + unpacked - came
    free = shutil.disk_usage(root).free
    if needed > free:
        raise FlashError(
            f"{root} has {free / 1e6:.0f} MB free and the release takes {needed / 1e6:.0f} MB when it is set up: "
            "make room, or enlarge the partition"
        )


def _place(partial: Path, file: dict[str, Any], sources: Iterable[Path | None]) -> None:
    path = partial / file["path"]
    if not path.resolve().is_relative_to(partial.resolve()):
        raise FlashError(f"release.json names '{file['path']}', which is outside the release")
    path.parent.mkdir(parents=True, exist_ok=True)
    for source in sources:
        if source is not None and source.is_file() and _sha256(source) == file["sha256"]:
            os.link(source, path)
            path.chmod(file["mode"])
            return
    raise FlashError(f"{file['path']} is missing or damaged (sha256 {file['sha256']} expected): flash again")


def _check_name(sha256: str) -> None:
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise FlashError(f"'{sha256[:80]}' is no sha256: this is not a stream of tools/flash.py")


def _sha256(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _target(link: Path) -> str:
    return Path(os.readlink(link)).name if link.is_symlink() else ""


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.new")
    made.unlink(missing_ok=True)
    made.symlink_to(target)
    made.replace(path)
    _sync(path.parent)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.new")
    with partial.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unpacked(tar: tarfile.TarFile) -> tuple[dict[str, Any], Iterator[tuple[str, IO[bytes]]]]:
    """A release, and the files that come with it, out of a tar stream: release.json first, then one a sha256."""
    members = iter(tar)

    def content(member: tarfile.TarInfo | None) -> IO[bytes]:
        data = tar.extractfile(member) if member is not None and member.isreg() else None
        if data is None:
            raise FlashError("the stream is no release: was it cut off?")
        return data

    release = json.load(content(next(members, None)))
    return release, ((member.name, content(member)) for member in members)


def main(arguments: list[str]) -> int:
    action, root = arguments[0], Path(arguments[1])
    try:
        with alone(root):
            if action == "have":
                print(json.dumps(have(root)))
            elif action == "system":
                print(json.dumps(system(root)))
            elif action == "take":
                with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar:
                    print(take(root, *_unpacked(tar)))
            elif action == "activate":
                activate(root, arguments[2])
            elif action == "rollback":
                print(rollback(root))
            else:
                raise FlashError(f"unknown action {action}: have, system, take, activate or rollback")
    except (FlashError, OSError, tarfile.TarError, ValueError) as error:
        print(f"flash: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
