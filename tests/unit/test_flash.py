"""The board's end of a flash, on folders: whole releases, kept settings, a way back."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import platform
import random
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import time
import venv
import zipfile
from pathlib import Path

import pytest
from small_release import current, made

import flash
from edgevoice.errors import EdgeVoiceError
from flashing import first_boot, receive, targets, wheels
from flashing.release import Entry, Release

_TOOLS = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def flashed(root: Path, release: Release) -> list[Entry]:
    target = targets.Folder(root)
    missing = release.missing(target.have())
    target.take(release, missing, lambda size: None)
    receive.activate(root, release.id)
    return list(missing)


def test_a_second_flash_sends_what_changed_and_keeps_the_settings(tmp_path: Path) -> None:
    root = tmp_path / "root"
    model = b"m" * 100_000
    flashed(root, made(tmp_path / "here", "one", {"models/a/a.onnx": model, "wheels/e-1.whl": b"1"}))
    settings = root / receive.SETTINGS
    settings.write_text("mqtt: {host: mine}\n")
    sent = flashed(root, made(tmp_path / "here", "two", {"models/a/a.onnx": model, "wheels/e-2.whl": b"2"}))
    assert {entry.path for entry in sent} == {"wheels/e-2.whl", "edgevoice.service"}
    assert settings.read_text() == "mqtt: {host: mine}\n"
    assert (current(root) / "models/a/a.onnx").read_bytes() == model
    assert os.readlink(root / receive.UNITS / "edgevoice.service") == "/opt/edgevoice/current/edgevoice.service"


def test_rollback_goes_back_and_forth_and_says_when_it_cannot(tmp_path: Path) -> None:
    root = tmp_path / "root"
    flashed(root, made(tmp_path / "here", "one", {}))
    with pytest.raises(EdgeVoiceError, match="no release to go back to"):
        targets.Folder(root).rollback()
    flashed(root, made(tmp_path / "here", "two", {}))
    assert targets.Folder(root).rollback() == "one"
    assert current(root).name == "one"
    assert targets.Folder(root).rollback() == "two"


def test_releases_before_the_previous_one_are_removed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in ("one", "two", "three"):
        flashed(root, made(tmp_path / "here", name, {}))
    assert sorted(receive.releases(root)) == ["three", "two"]


@pytest.mark.parametrize(
    ("path", "data", "told"),
    [("a", b"other", "missing or damaged"), ("../../outside", b"x", "outside the release")],
)
def test_what_is_damaged_or_reaches_outside_is_refused_and_nothing_changes(
    tmp_path: Path, path: str, data: bytes, told: str
) -> None:
    root = tmp_path / "root"
    flashed(root, made(tmp_path / "here", "one", {}))
    bad = made(tmp_path / "here", "two", {path: b"x"})
    next(entry for entry in bad.entries if entry.path == path).source.write_bytes(data)
    with pytest.raises(EdgeVoiceError, match=told):
        flashed(root, bad)
    assert current(root).name == "one"
    assert not (tmp_path / "outside").exists()


def test_a_kill_at_any_moment_leaves_a_whole_release_and_the_users_settings(tmp_path: Path) -> None:
    root = tmp_path / "root"
    files = {f"wheels/{i}.whl": os.urandom(20_000) for i in range(30)}
    flashed(root, made(tmp_path / "here", "r0", files))
    (root / receive.SETTINGS).write_text("mine: 1\n")
    dice = random.Random(6)
    whole = killed_flash(root, made(tmp_path / "here", "whole", files), 60.0)
    for number in range(1, 51):
        release = made(tmp_path / "here", f"r{number}", files | {"changed": str(number).encode()})
        killed_flash(root, release, dice.uniform(0, whole))
        assert (root / receive.SETTINGS).read_text() == "mine: 1\n"
        told = json.loads((current(root) / "release.json").read_text())
        for file in told["files"]:
            data = (current(root) / file["path"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == file["sha256"]
    flashed(root, release)
    assert current(root).name == "r50"
    assert not list((root / receive.HOME / "releases").glob(".*"))


def killed_flash(root: Path, release: Release, seconds: float) -> float:
    """Seconds that it ran until it ended or was killed."""
    stream = io.BytesIO()
    targets._pack(stream, release, release.missing(receive.have(root)), lambda size: None)
    actions = f"receive.main(['take', '{root}']); receive.main(['activate', '{root}', '{release.id}'])"
    script = f"from flashing import receive; print('begun', flush=True); {actions}"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(receive.__file__).parents[1],
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    process.stdin.write(stream.getvalue())
    process.stdin.close()
    assert process.stdout.readline() == b"begun\n"
    began = time.monotonic()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return time.monotonic() - began


def test_an_image_that_cannot_be_mounted_says_why(tmp_path: Path) -> None:
    image = tmp_path / "card.img"
    image.write_bytes(bytes(1 << 20))
    with pytest.raises(EdgeVoiceError, match=r"root|loop device|no partition"), targets.opened(str(image)):
        pytest.fail("an empty image was mounted")


@pytest.mark.skipif(shutil.which("mke2fs", path=_TOOLS) is None, reason="there is no mke2fs: this is no Debian")
def test_the_root_of_an_image_is_its_largest_linux_partition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", _TOOLS)
    image = tmp_path / "card.img"
    sectors = {2048: 8192, 10240: 4096, 14336: 6144}  # the first stays empty, as if it were the boot partition
    with image.open("wb") as out:
        out.truncate(20480 * 512)
        for number, (start, size) in enumerate(sectors.items()):
            out.seek(446 + 16 * number)
            out.write(struct.pack("<B3xB3xII", 0, 0x83, start, size))
        out.seek(510)
        out.write(b"\x55\xaa")
    for start in (10240, 14336):
        offset = f"offset={start * 512}"
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-E", offset, image, f"{sectors[start] // 2}k"], check=True)
    assert targets._root_partition(image) == (14336 * 512, 6144 * 512)


@pytest.mark.parametrize(
    ("target", "told"),
    [("pi@kitchen:2222:there", "is no user@host"), ("raspios.img", "is no user@host"), ("raspios.img.xz", "unpack it")],
)
def test_a_target_that_is_none_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EdgeVoiceError, match=told), targets.opened(target):
        pytest.fail("it was taken for a folder")
    assert flash.main(["--rollback", "--target", "a-typing-error"]) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_too_small_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    release = made(tmp_path / "here", "one", {})
    release.manifest["files"][0]["size"] = 10**16
    with pytest.raises(receive.FlashError, match=r"MB free and the release takes 100\d{8} MB"):
        receive.take(tmp_path / "root", release.manifest, iter([]))


def test_a_boards_python_glibc_and_processor_are_read_from_its_files(tmp_path: Path) -> None:
    library = tmp_path / "usr/lib/aarch64-linux-gnu/libc.so.6"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"\x7fELF" + bytes(14) + b"\xb7\x00 ... GNU C Library stable release version 2.41.")
    (tmp_path / "usr/bin").mkdir()
    (tmp_path / "usr/bin/python3").symlink_to("python3.13")
    assert receive.system(tmp_path) == {"python": "3.13", "glibc": "41", "arch": "aarch64"}
    assert receive.system(tmp_path / "nothing") == {}


@pytest.mark.parametrize(
    ("system", "told"), [({"arch": "x86_64"}, "choose another profile"), ({"python": "3.9"}, "3.9 is too old")]
)
def test_a_board_that_cannot_run_it_is_refused_before_anything_is_built(
    tmp_path: Path, system: dict[str, str], told: str
) -> None:
    options = argparse.Namespace(profile="raspberry-pi-5", python=None, glibc=None)
    with pytest.raises(EdgeVoiceError, match=told):
        flash.built(options, tmp_path, system)


def test_wheels_of_the_users_reach_this_board_and_are_not_kept_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, kept = tmp_path / "given", tmp_path / "kept"
    kept.mkdir()
    own = wheel(tmp_path, "own", "1", "Requires-Dist: other\n")
    other, pip = wheel(given, "other", "2+cuda"), wheel(given, "pip", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    packages = wheels.gather(own, (), (), wheels.Board("aarch64", "3.11"), kept, given)
    assert packages == wheels.Packages((own, other), (), (pip,))
    assert list(kept.iterdir()) == []


def wheel(folder: Path, name: str, version: str, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        about = f"{name}-{version}.dist-info"
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


def test_a_stream_that_is_no_release_is_refused() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w|") as tar:
        directory = tarfile.TarInfo("release.json")
        directory.type = tarfile.DIRTYPE
        tar.addfile(directory)
    stream.seek(0)
    with tarfile.open(fileobj=stream, mode="r|") as tar, pytest.raises(receive.FlashError, match="no release"):
        receive._unpacked(tar)


@pytest.mark.parametrize(("key", "value"), [("python", "3.2"), ("arch", "riscv64")])
def test_a_release_for_another_machine_is_not_installed(tmp_path: Path, key: str, value: str) -> None:
    told = {"python": f"3.{sys.version_info.minor}", "arch": platform.machine(), "sources": []} | {key: value}
    (tmp_path / "release.json").write_text(json.dumps(told))
    with pytest.raises(RuntimeError, match=value):
        first_boot.set_up(tmp_path)


_BACK_END = """
import zipfile
def build_wheel(folder, *rest):
    print("compiling", file=open("{log}", "a"))
    with zipfile.ZipFile(f"{{folder}}/tiny-1-py3-none-any.whl", "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        archive.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr("tiny-1.dist-info/RECORD", "")
    return "tiny-1-py3-none-any.whl"
"""


def test_a_source_waits_for_a_compiler_and_is_compiled_once_for_all_releases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    releases = [tmp_path / "releases/one", tmp_path / "releases/two"]
    for release in releases:
        (release / "wheels").mkdir(parents=True)
        told = {"python": f"3.{sys.version_info.minor}", "arch": platform.machine(), "sources": ["tiny"], "gpu": ""}
        (release / "release.json").write_text(json.dumps(told))
        with tarfile.open(release / "wheels/tiny-1.tar.gz", "w:gz") as archive:
            for name, text in {
                "PKG-INFO": "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n",
                "backend.py": _BACK_END.format(log=log),
                "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
            }.items():
                info = tarfile.TarInfo(f"tiny-1/{name}")
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text.encode()))
    shutil.copy(releases[0] / "wheels/tiny-1.tar.gz", releases[1] / "wheels/tiny-1.tar.gz")
    # One environment for both: only what is compiled, and how often, is looked at.
    venv.EnvBuilder(with_pip=True, symlinks=True).create(releases[0] / "venv")
    (releases[1] / "venv").symlink_to(releases[0] / "venv")
    done = releases[0] / "venv" / first_boot.DONE
    done.write_text("tiny")
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    assert first_boot.set_up(releases[0]) == ["tiny"]
    assert "there is no compiler (apt install g++)" in capfd.readouterr().out
    (programs / "c++").touch(0o755)
    for release in releases:
        done.write_text("tiny")
        assert first_boot.set_up(release) == []
        assert list(release.glob("venv/lib/*/site-packages/tiny.py"))
    assert log.read_text() == "compiling\n"


def test_cuda_is_compiled_in_where_the_board_has_its_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "CUDA" not in first_boot._build("")["CMAKE_ARGS"]
    (tmp_path / "nvcc").touch(0o755)
    assert f"-DGGML_CUDA=on -DCMAKE_CUDA_COMPILER={tmp_path}/nvcc" in first_boot._build("cuda")["CMAKE_ARGS"]
    assert "CUDA" not in first_boot._build("")["CMAKE_ARGS"]


def test_a_library_for_another_processor_is_found(tmp_path: Path) -> None:
    made = tmp_path / "a-1-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a/lib.so", b"\x7fELF" + bytes(14) + b"\x3e\x00")
    packages = wheels.Packages((made,), (), ())
    assert wheels.problems(packages, wheels.Board("x86_64", "3.11")) == []
    assert "a/lib.so" in wheels.problems(packages, wheels.Board("aarch64", "3.11"))[0]
