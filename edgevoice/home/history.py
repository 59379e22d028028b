"""What changed in the home while this process ran: the last changes of each device, with their times."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

_ABSENT = frozenset({"unavailable", "unknown", ""})
_MOST = 16


@dataclass(frozen=True, slots=True)
class Change:
    """A device went from one state to another; `seconds` is on the monotonic clock of whoever reported it."""

    device: str
    before: str
    after: str
    seconds: float


class History:
    """The last 16 changes of every device whose state is a word. Measurements are left out: they change all the time."""

    def __init__(self) -> None:
        self._changes: dict[str, deque[Change]] = defaultdict(lambda: deque(maxlen=_MOST))

    def note(self, device_id: str, before: str, after: str, seconds: float) -> None:
        if before == after or before in _ABSENT or after in _ABSENT or _is_number(after):
            return
        self._changes[device_id].append(Change(device_id, before, after, seconds))

    def of(self, device_id: str) -> tuple[Change, ...]:
        """Oldest first."""
        return tuple(self._changes.get(device_id, ()))

    def forget(self, device_id: str) -> None:
        self._changes.pop(device_id, None)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
