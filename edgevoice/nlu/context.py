"""What is known beside the words when a sentence is understood."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Context:
    """`area` is the id of the area that the microphone stands in; sentences such as "lights off" mean that area.

    `recent` holds the ids of the devices spoken of last, newest first.
    """

    area: str | None = None
    recent: tuple[str, ...] = ()


NOWHERE = Context()
