"""What was said and done in the last turns: heard, understood, sent, and how the devices were before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from edgevoice.home.model import Home, State
from edgevoice.messages import Command, Intent

MOST = 8


@dataclass(slots=True)
class Entry:
    """One turn, as it goes on. `before` has the states of the devices that `commands` were for, by id."""

    heard: str
    seconds: float
    intents: tuple[Intent, ...] = ()
    commands: tuple[Command, ...] = ()
    failed: tuple[Command, ...] = ()
    before: dict[str, State] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    is_settled: bool = False
    """It was undone, or is itself an undoing."""

    def did(self, home: Home, commands: Iterable[Command]) -> None:
        """Notes commands that are about to be sent."""
        for command in commands:
            self.before.setdefault(command.device, home.state(command.device))
            self.commands += (command,)


class Journal:
    """The last eight turns of one conversation."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MOST)

    def begin(self, heard: str, now_seconds: float) -> Entry:
        self._entries.append(Entry(heard, now_seconds))
        return self._entries[-1]

    def drop(self, entry: Entry) -> None:
        """Forgets a turn that asked about the turns themselves."""
        if entry in self._entries:
            self._entries.remove(entry)

    def back(self) -> Iterator[Entry]:
        """Newest first."""
        return reversed(self._entries)

    def unsent(self) -> None:
        """Notes that the last turn's commands did not go out."""
        for entry in self.back():
            entry.commands, entry.before = (), {}
            return

    def failed(self, commands: Iterable[Command]) -> None:
        """Notes that devices did not answer."""
        for entry in self.back():
            entry.failed += tuple(command for command in commands if command in entry.commands)
            return
