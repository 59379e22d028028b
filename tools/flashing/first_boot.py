"""The first boot of a release: a virtual environment out of the wheels that it carries. Needs no network.

Stands in the release as `first_boot.py` and runs on the board with the standard library only. What has no wheel for the
board is compiled from its source package; where that fails, such as for want of a compiler, the rest still runs.
"""

from __future__ import annotations

import ctypes.util
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

DONE = ".complete"
_LIBRARIES = (("portaudio", "libportaudio2", "sound"), ("gomp", "libgomp1", "the language model"))
"""What wheels do not bring."""
_OFFLINE = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_ROOT_USER_ACTION": "ignore"}


def set_up(release: Path) -> list[str]:
    """Makes `release`/venv unless it is complete. Returns the packages that could not be compiled: they are tried
    again at a boot that finds a compiler.

    Raises RuntimeError where this is the wrong machine or a wheel does not install.
    """
    told = json.loads((release / "release.json").read_text("utf-8"))
    place, wheels, wanted = release / "venv", release / "wheels", told["sources"]
    done = place / DONE
    if done.exists():
        wanted = done.read_text("utf-8").split()
    else:
        _fitting(told)
        shutil.rmtree(place, ignore_errors=True)
        # Debian leaves pip out of Python, and a board without a network could not fetch it: it comes along.
        venv.EnvBuilder(symlinks=True).create(place)
        pip = next(wheels.glob("pip-*.whl"))
        _pip(place, wheels, ["install", "--no-deps", str(pip)], f"{pip}/pip")
        _pip(place, wheels, ["install", "--no-deps", "--require-hashes", "-r", str(release / "requirements.txt")])
    failed = [package for package in wanted if not _compiled(place, wheels, package, told["gpu"])]
    done.write_text("\n".join(failed), "utf-8")
    for library, package, user in _LIBRARIES:
        if ctypes.util.find_library(library) is None:
            print(f"there is no {package}, which {user} needs: apt install {package}", flush=True)
    return failed


def _fitting(told: dict[str, str]) -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if here != told["python"]:
        raise RuntimeError(
            f"this release is for Python {told['python']} and this is {here}: flash with --python {here}"
        )
    if platform.machine() != told["arch"]:
        raise RuntimeError(
            f"this release is for {told['arch']} and this is {platform.machine()}: choose another profile"
        )


def _compiled(place: Path, wheels: Path, package: str, gpu: str) -> bool:
    options = _build(gpu)
    source = next(wheels.glob(f"{package}-*.tar.gz"))
    told = f"{hashlib.sha256(source.read_bytes()).hexdigest()} {sys.version} {options}"
    # Beside the releases: the next one need not compile the same again.
    built = place.parents[2] / "built" / hashlib.sha256(told.encode()).hexdigest()[:16]
    try:
        if not built.exists() and not _wheel(place, wheels, source, options, built):
            return False
        _pip(place, wheels, ["install", "--no-deps", *map(str, built.glob("*.whl"))])
    except RuntimeError as error:
        print(f"{package} was not compiled ({error}). Going on without it", flush=True)
        return False
    return True


def _wheel(place: Path, wheels: Path, source: Path, options: dict[str, str], built: Path) -> bool:
    """Compiles a source package into the folder `built`; False where there is no compiler."""
    if not shutil.which("c++"):
        print(f"{source.name} is not compiled: there is no compiler (apt install g++). Going on without it", flush=True)
        return False
    print(f"compiling {source.name}: minutes on a PC, half an hour and more on a small board", flush=True)
    began = time.monotonic()
    partial = built.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    # A build sees the same wheels and no index: what builds it is carried along.
    _pip(place, wheels, ["wheel", "--no-deps", f"--wheel-dir={partial}", str(source)], options=options)
    partial.rename(built)
    print(f"compiled {source.name} in {(time.monotonic() - began) / 60:.0f} min", flush=True)
    return True


def _build(gpu: str) -> dict[str, str]:
    """What llama.cpp is built with: no pictures, which are a third of it; CUDA where the board has a compiler for it."""
    options = ["-DLLAVA_BUILD=OFF"]
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/local/cuda/bin"
    if gpu == "cuda" and (compiler := shutil.which("nvcc", path=path)):
        options += ["-DGGML_CUDA=on", f"-DCMAKE_CUDA_COMPILER={compiler}"]
    return {"CMAKE_ARGS": " ".join(options)}


def _pip(
    place: Path, wheels: Path, arguments: Sequence[str], pip: str = "-mpip", options: dict[str, str] = _OFFLINE
) -> None:
    """`pip` is what Python runs: what is installed, or the inside of a wheel."""
    command = [str(place / "bin/python"), pip, "--disable-pip-version-check", "--quiet"]
    environment = os.environ | _OFFLINE | options | {"PIP_FIND_LINKS": str(wheels)}
    status = subprocess.run([*command, *arguments], env=environment, check=False).returncode
    if status != 0:
        raise RuntimeError(f"pip {' '.join(arguments)} failed with exit status {status}")


def main() -> int:
    release = Path(__file__).resolve().parent
    try:
        with (release / "release.json").open() as lock:
            # One that a flash began and the boot's own may meet: the second then finds all done.
            fcntl.flock(lock, fcntl.LOCK_EX)
            set_up(release)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"edgevoice: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
