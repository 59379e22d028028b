"""A vehicle's signals: the tree of COVESA's Vehicle Signal Specification, as vss-tools exports it to JSON or YAML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edgevoice.errors import SettingsError

_LEAVES = ("sensor", "actuator", "attribute")
_SIZE_LIMIT = 50_000_000  # bytes; the whole of VSS 6.0 is 2 MB
_REMEDY = "Export it with vss-tools: vspec export json --vspec … --output car.json"


@dataclass(frozen=True, slots=True)
class Signal:
    """A leaf. `path` is dotted, from `Vehicle` on; `datatype` is VSS's, such as `uint8` or `boolean`."""

    path: str
    kind: str
    """sensor, actuator or attribute."""
    datatype: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    default: Any = None


@dataclass(frozen=True, slots=True)
class Tree:
    """The signals by path. `version` is the specification's where the tree tells it."""

    signals: Mapping[str, Signal]
    version: str = ""


def load(path: Path, version: str = "") -> Tree:
    """Reads a tree. Raises SettingsError for a file that holds none, or one of another `version` than is wanted."""
    try:
        if path.stat().st_size > _SIZE_LIMIT:
            raise SettingsError(str(path), f"is larger than {_SIZE_LIMIT} bytes", _REMEDY)
        text = path.read_text("utf-8")
        read = json.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise SettingsError(str(path), f"cannot be read: {error}", _REMEDY) from None
    if not isinstance(read, dict) or not all(isinstance(node, dict) and "type" in node for node in read.values()):
        raise SettingsError(str(path), "is no tree of signals: its top must be a branch such as 'Vehicle'", _REMEDY)
    signals = {signal.path: signal for name, node in read.items() for signal in _leaves(str(name), node, path)}
    if not signals:
        raise SettingsError(str(path), "holds no signal", _REMEDY)
    found = _version(signals)
    if version and found and found != version:
        problem = f"is a tree of VSS {found}, and {version} is wanted"
        raise SettingsError(str(path), problem, "Export the other one, or set home.vss_version")
    return Tree(signals, found)


def _leaves(name: str, node: Mapping[str, Any], file: Path) -> Iterator[Signal]:
    kind = node.get("type")
    if kind == "branch":
        if node.get("instances"):
            raise SettingsError(str(file), f"{name}: its instances are not written out", _REMEDY)
        children = node.get("children")
        for key, child in (children if isinstance(children, dict) else {}).items():
            if not isinstance(child, dict):
                raise SettingsError(str(file), f"{name}.{key}: is no branch and no signal", _REMEDY)
            yield from _leaves(f"{name}.{key}", child, file)
    elif kind in _LEAVES:
        datatype = node.get("datatype")
        if not isinstance(datatype, str):
            raise SettingsError(str(file), f"{name}: has no datatype", _REMEDY)
        allowed = node.get("allowed")
        yield Signal(
            name,
            kind,
            datatype,
            str(node.get("unit") or ""),
            _bound(node.get("min")),
            _bound(node.get("max")),
            tuple(map(str, allowed)) if isinstance(allowed, list) else (),
            node.get("default"),
        )


def _bound(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _version(signals: Mapping[str, Signal]) -> str:
    parts = (signals.get(f"Vehicle.VersionVSS.{part}") for part in ("Major", "Minor"))
    return ".".join(str(part.default) for part in parts if part is not None and part.default is not None)
