"""A word to the user where an answer takes long."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import TypeVar, cast

from edgevoice.messages import Outcome

SECONDS = 1.0
_Found = TypeVar("_Found")


class Patience:
    """That of one turn, from now on: `moment` is said once."""

    def __init__(self, moment: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._moment, self._clock = moment, clock
        self._end = clock() + SECONDS

    def word(self) -> str:
        """What to say now; mostly nothing."""
        if self._clock() < self._end:
            return ""
        said, self._moment = self._moment, ""
        return said

    def await_(self, thinking: Generator[None, None, _Found]) -> Generator[Outcome, None, _Found]:
        """Returns what `thinking` does."""
        while True:
            try:
                next(thinking)
            except StopIteration as end:
                return cast(_Found, end.value)
            if word := self.word():
                yield Outcome(reply=word)
