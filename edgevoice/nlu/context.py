"""What is known beside the words when a sentence is understood."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar, cast

from edgevoice.messages import Intent
from edgevoice.phrases import Phrases


@dataclass(frozen=True, slots=True)
class Context:
    """`area` is the id of the area that the microphone stands in; sentences such as "lights off" mean that area.

    `recent` holds the ids of the devices spoken of last, newest first.
    """

    area: str | None = None
    recent: tuple[str, ...] = ()


_Found = TypeVar("_Found")
NOWHERE = Context()

Thinking: TypeAlias = Generator[None, None, tuple[Intent, ...]]
"""Returns what was meant, and yields now and then until it is found."""


class Understanding(Protocol):
    """Text to intents: `nlu.cascade.Cascade`."""

    def think(self, text: str, context: Context, cancel: threading.Event) -> Thinking: ...
    def allows(self, intent: str) -> bool: ...
    def certain(self, text: str, context: Context) -> tuple[Intent, ...]: ...
    def prepare(self) -> None: ...
    def sayable(self) -> Phrases: ...


def thought(thinking: Generator[None, None, _Found]) -> _Found:
    """What it returns, for who has nothing to say meanwhile."""
    while True:
        try:
            next(thinking)
        except StopIteration as end:
            return cast(_Found, end.value)
