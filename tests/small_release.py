"""A release of a few bytes, for the tests of flashing and packaging."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flashing import receive
from flashing.release import Entry, Release


def made(folder: Path, name: str, files: dict[str, bytes]) -> Release:
    folder.mkdir(exist_ok=True)
    files = {"settings.yaml": b"mqtt: {host: 10.0.0.2}\n", "edgevoice.service": name.encode()} | files
    entries = []
    for path, data in files.items():
        source = folder / f"{name}-{path.replace('/', '_')}"
        source.write_bytes(data)
        entries.append(Entry(path, source, len(data), hashlib.sha256(data).hexdigest()))
    listed = [{"path": e.path, "size": e.size, "sha256": e.sha256, "mode": e.mode} for e in entries]
    return Release({"id": name, "units": ["edgevoice.service"], "files": listed, "sources": []}, tuple(entries))


def current(root: Path) -> Path:
    return (root / receive.HOME / "current").resolve()
