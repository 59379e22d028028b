"""Where the files that travel with the package are: in the wheel under `edgevoice/data/`, in a checkout beside it."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
# What the wheel calls it -> where a checkout keeps it.
_CHECKOUT = {"recordings": "tests/data/recordings"}


def find(name: str) -> Path:
    """Path of a shipped file or folder: `models/manifest.yaml`, `device_profiles`, `recordings`, `packs`."""
    inside = _PACKAGE / name
    if inside.exists():
        return inside
    installed = _PACKAGE / "data" / name
    return installed if installed.exists() else _PACKAGE.parent / _CHECKOUT.get(name, name)
