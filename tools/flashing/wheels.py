"""What a board installs: the wheels for its architecture and Python, resolved on any machine with a network.

pip resolves, with the index and settings of the user's own. A package that has no wheel for the board is carried as its
source package, with the wheels of what builds it.
"""

from __future__ import annotations

import email
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import unquote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

from edgevoice.errors import EdgeVoiceError

_BUILDERS = ("cmake", "ninja")  # build back ends look for these programs beside what they declare
_OLDEST_GLIBC = 17
_ELF_MACHINE = {"x86_64": 0x3E, "aarch64": 0xB7}


@dataclass(frozen=True, slots=True)
class Board:
    """What wheels must fit: `arch` as `uname -m` says it, `python` as 3.11, the minor version of its glibc 2."""

    arch: str
    python: str
    glibc: int = 36

    @property
    def flags(self) -> list[str]:
        """What tells pip the board."""
        names = [f"manylinux_2_{minor}_{self.arch}" for minor in range(self.glibc, _OLDEST_GLIBC - 1, -1)]
        names += [f"manylinux2014_{self.arch}", f"linux_{self.arch}"]
        platforms = [word for name in names for word in ("--platform", name)]
        return ["--only-binary=:all:", "--implementation=cp", f"--python-version={self.python}", *platforms]


@dataclass(frozen=True, slots=True)
class Packages:
    """`wheels` are installed as they are, `sources` are compiled on the board; `builders` are pip and what compiles."""

    wheels: tuple[Path, ...]
    sources: tuple[Path, ...]
    builders: tuple[Path, ...]

    @property
    def requirements(self) -> str:
        """The wheels as a requirements file with hashes: pip installs these bytes or none."""
        lines = []
        for path in self.wheels:
            name, version, _, _ = parse_wheel_filename(path.name)
            lines.append(f"{name}=={version} --hash=sha256:{sha256(path)}")
        return "\n".join(sorted(lines)) + "\n"


def sha256(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def own_wheel(checkout: Path, folder: Path) -> Path:
    """The wheel of this checkout, built into `folder`."""
    with tempfile.TemporaryDirectory() as scratch:
        _pip(["wheel", "--no-deps", "--wheel-dir", scratch, str(checkout)])
        made = next(Path(scratch).glob("edgevoice-*.whl"))
        return made.replace(folder / made.name)


def gather(
    own: Path, extras: Iterable[str], without: Iterable[str], board: Board, folder: Path, given: Path | None = None
) -> Packages:
    """Fetches into `folder` what `own` needs with its `extras` on `board`, and leaves packages out that it can do
    `without`; `given` holds wheels of the user's. Raises EdgeVoiceError with pip's own words where one cannot be had.
    """
    left_out = {canonicalize_name(name) for name in without}
    needed = _needs(_metadata(own), tuple(extras), board)
    wanted = [line for line in needed if canonicalize_name(Requirement(line).name) not in left_out]
    wheels, sources = _resolve(wanted, board, folder, given)
    build = [line for source in sources for line in (*_build_needs(source), *_BUILDERS)]
    builders, more = _resolve(["pip", *build], board, folder, given)
    if more:
        raise EdgeVoiceError(f"{', '.join(p.name for p in more)} would have to be compiled to compile others")
    return Packages((own, *wheels), sources, tuple(path for path in builders if path not in wheels))


def problems(packages: Packages, board: Board) -> list[str]:
    """The wheels that would not run on the board, a sentence each: by their tags, and by every library in them."""
    found = []
    for path in (*packages.wheels, *packages.builders):
        tags = {tag.platform for tag in parse_wheel_filename(path.name)[3]}
        if not any(tag == "any" or tag.endswith(f"_{board.arch}") for tag in tags):
            found.append(f"{path.name} is for {', '.join(sorted(tags))}, the board is {board.arch}")
        found += [f"{path.name}: {name} is not for {board.arch}" for name in _foreign(path, board.arch)]
    return found


def _foreign(wheel: Path, arch: str) -> list[str]:
    """The ELF files of a wheel that are for another processor."""
    found = []
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                head = member.read(20)
            if head[:4] == b"\x7fELF" and int.from_bytes(head[18:20], "little") != _ELF_MACHINE[arch]:
                found.append(name)
    return found


def _resolve(
    wanted: Sequence[str], board: Board, folder: Path, given: Path | None
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """(wheels, source packages) for all that is wanted and what that needs."""
    wanted = list(dict.fromkeys(wanted))
    sources: list[Path] = []
    while True:
        found, missing = _fetch(wanted, board, folder, given)
        if not missing:
            return found, tuple(sources)
        lines = [line for line in wanted if canonicalize_name(Requirement(line).name) == missing]
        if not lines:
            raise EdgeVoiceError(f"{missing}, which another package needs, has no wheel for {board.arch}: see --wheels")
        source = _source(lines[0], folder)
        sources.append(source)
        wanted = [line for line in wanted if line not in lines] + _needs(_metadata(source), (), board)


def _fetch(wanted: Sequence[str], board: Board, folder: Path, given: Path | None) -> tuple[tuple[Path, ...], str]:
    """The wheels, or the name of a package that has none."""
    links = [f"--find-links={path.resolve()}" for path in (given, folder) if path]
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        asked = ["install", "--dry-run", "--ignore-installed", f"--target={scratch}", f"--report={report}", *links]
        try:
            _pip([*asked, *board.flags, *wanted])
        except EdgeVoiceError as error:
            none = re.search(r"No matching distribution found for ([\w.-]+)", str(error))
            if none is None:
                raise
            return (), canonicalize_name(none[1])
        rows = json.loads(report.read_text("utf-8"))["install"]
    found, pins = [], []
    for row in rows:
        name = unquote(row["download_info"]["url"].rsplit("/", 1)[1])
        # What the user gave stays where it is: in the folder, which is kept, a wheel for one board would reach another.
        if given and (given / name).exists():
            found.append(given / name)
        else:
            found.append(folder / name)
            pins.append(f"{row['metadata']['name']}=={row['metadata']['version']}")
    if pins:
        _pip(["download", "--no-deps", f"--dest={folder}", *links, *board.flags, *pins])
    return tuple(found), ""


def _source(line: str, folder: Path) -> Path:
    """The source package of a requirement."""
    name = canonicalize_name(Requirement(line).name)
    with tempfile.TemporaryDirectory() as scratch:
        _pip(["download", "--no-deps", f"--no-binary={name}", f"--dest={scratch}", line])
        made = next(
            path for path in Path(scratch).iterdir() if canonicalize_name(parse_sdist_filename(path.name)[0]) == name
        )
        return made.replace(folder / made.name)


def _metadata(package: Path) -> Message:
    """The core metadata of a wheel or a source package."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            return email.message_from_bytes(archive.read(name))
    return email.message_from_bytes(_member(package, "PKG-INFO"))


def _build_needs(source: Path) -> list[str]:
    """What builds a source package, by its pyproject.toml."""
    import tomllib

    system = tomllib.loads(_member(source, "pyproject.toml").decode("utf-8")).get("build-system", {})
    return list(system.get("requires", ["setuptools", "wheel"]))


def _member(source: Path, name: str) -> bytes:
    with tarfile.open(source) as archive:
        for member in archive:
            if member.name.count("/") == 1 and member.name.endswith(f"/{name}"):
                data = archive.extractfile(member)
                if data is not None:
                    return data.read()
    raise EdgeVoiceError(f"{source.name} has no {name}: it is no source package that pip could build")


def _needs(metadata: Message, extras: tuple[str, ...], board: Board) -> list[str]:
    """Requirement lines without markers: those that hold on the board."""
    environment = {
        "python_version": board.python, "python_full_version": f"{board.python}.0", "platform_machine": board.arch,
        "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix",
        "implementation_name": "cpython", "platform_python_implementation": "CPython",
    }  # fmt: skip
    return [
        _plain(need)
        for line in metadata.get_all("Requires-Dist", [])
        if _holds(need := Requirement(line), extras, environment)
    ]


def _holds(need: Requirement, extras: tuple[str, ...], environment: dict[str, str]) -> bool:
    return need.marker is None or any(need.marker.evaluate(environment | {"extra": extra}) for extra in ("", *extras))


def _plain(need: Requirement) -> str:
    extras = f"[{','.join(sorted(need.extras))}]" if need.extras else ""
    return f"{need.name}{extras}{need.specifier}"


def _pip(arguments: Sequence[str]) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    ran = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        words = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")] or ran.stderr.splitlines()[-5:]
        raise EdgeVoiceError(f"pip {arguments[0]} failed:\n  " + "\n  ".join(words))


def each(packages: Packages) -> Iterator[Path]:
    """Every file once."""
    yield from dict.fromkeys((*packages.wheels, *packages.sources, *packages.builders))
