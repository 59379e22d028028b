"""A word to the user where an answer takes long."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

from edgevoice.messages import Intent, Outcome
from edgevoice.nlu.context import Thinking

SECONDS = 1.0


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

    def await_(self, thinking: Thinking) -> Generator[Outcome, None, tuple[Intent, ...]]:
        """Returns what `thinking` does."""
        while True:
            try:
                next(thinking)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            if word := self.word():
                yield Outcome(reply=word)
