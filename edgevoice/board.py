"""What this board is and how it does: cores, memory, GPU, temperature, throttling. Read from Linux's own files.

`root` is where `/proc`, `/sys` and `/dev` hang. What a board does not tell is None or empty, never an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path("/")
_MB = 2**20
_GPU_NODES = ("dev/nvidia0", "dev/nvhost-gpu", "dev/nvgpu", "dev/kfd", "dev/dri/renderD128")
_PI_THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
_PI_NOW = 0b1111  # the bits that tell of this moment: weak supply, frequency capped, throttled, soft limit
_COOLING = ("cpufreq", "devfreq", "processor")
_ABSURD = (-40.0, 200.0)  # sensors that are not wired tell such degrees


def cores() -> int:
    """The cores that this process may use, whole ones where a control group allots less."""
    found = len(os.sched_getaffinity(0))
    quota, _, period = _text(ROOT / "sys/fs/cgroup/cpu.max").partition(" ")
    if quota.isdecimal() and period.isdecimal() and int(period):
        found = min(found, max(1, int(quota) // int(period)))
    return found


def ram_mb(root: Path = ROOT) -> int:
    """The memory that this process may use: the board's, or its control group's."""
    total = _meminfo(root).get("MemTotal", 0) // 1024
    limit = _text(root / "sys/fs/cgroup/memory.max")
    return min(total, int(limit) // _MB) if limit.isdecimal() and total else total


def available_mb(root: Path = ROOT) -> int:
    """What of it is free, or soon would be."""
    free = _meminfo(root).get("MemAvailable", 0) // 1024
    limit, used = _text(root / "sys/fs/cgroup/memory.max"), _text(root / "sys/fs/cgroup/memory.current")
    if limit.isdecimal() and used.isdecimal():
        free = min(free, max(0, int(limit) - int(used)) // _MB)
    return free


def rss_mb(root: Path = ROOT) -> float:
    """Resident memory of this process."""
    pages = _text(root / "proc/self/statm").split()
    return int(pages[1]) * os.sysconf("SC_PAGE_SIZE") / _MB if len(pages) > 1 else 0.0


def model(root: Path = ROOT) -> str:
    """The board's name in the device tree; empty where it has none."""
    return _text(root / "proc/device-tree/model").rstrip("\0")


def gpu_nodes(root: Path = ROOT) -> tuple[str, ...]:
    """Device nodes of a GPU, such as `/dev/nvidia0`."""
    return tuple(f"/{node}" for node in _GPU_NODES if (root / node).exists())


def temperatures(root: Path = ROOT) -> Mapping[str, float]:
    """Degrees Celsius by the name of the thermal zone; of zones with one name the warmest."""
    found: dict[str, float] = {}
    for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*")):
        degrees = _number(zone / "temp")
        if degrees is not None and _ABSURD[0] < degrees / 1000 < _ABSURD[1]:
            name = _text(zone / "type") or zone.name
            found[name] = max(degrees / 1000, found.get(name, _ABSURD[0]))
    return found


def throttled(root: Path = ROOT) -> bool | None:
    """Is the processor slowed down now, for heat or for a weak supply? None where the board does not tell."""
    bits = _text(root / _PI_THROTTLED)
    if bits:
        try:
            return bool(int(bits, 16) & _PI_NOW)
        except ValueError:
            return None
    states = list(_cooling(root))
    return any(states) if states else None


def _cooling(root: Path) -> Iterator[bool]:
    for device in (root / "sys/class/thermal").glob("cooling_device*"):
        kind, state = _text(device / "type").lower(), _number(device / "cur_state")
        if state is not None and any(part in kind for part in _COOLING):
            yield state > 0


def _meminfo(root: Path) -> Mapping[str, int]:
    lines = (line.split() for line in _text(root / "proc/meminfo").splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) > 1 and words[1].isdecimal()}


def _number(file: Path) -> int | None:
    try:
        return int(_text(file))
    except ValueError:
        return None


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii", "replace").strip()
    except OSError:
        return ""
