"""What a conversation remembers between turns: the questions it waits to have answered, and what was spoken of last."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from edgevoice.messages import Command, Expects, Intent
from edgevoice.stages import ChatMessage

PATIENCE_SECONDS = 30.0
TALK_SECONDS = 120.0
"""How long free talk is remembered after its last sentence."""
_MOST_RECENT = 8
_MOST_TALK = 4


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a choice may fall on: a device's id, and the names it goes by."""

    device: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the user. `kind` is `yes_no`, `choice` or `pin`; `again` is what is asked after an unclear answer.

    The answer decides over exactly these `commands` (and the `reply` that follows them), or, for a choice, over which of
    the `options` the `intent` is about.
    """

    kind: str
    text: str
    again: str
    intent: Intent
    commands: tuple[Command, ...] = ()
    reply: str = ""
    options: tuple[Option, ...] = ()
    unclear: int = 0

    @property
    def expects(self) -> Expects:
        return Expects(self.kind, tuple(option.names[0] for option in self.options))


class Dialogue:
    """Owned by one conversation. Times are of a clock that is handed in."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._questions: deque[Question] = deque()
        self._asked_seconds: float | None = None  # when the first of them was asked
        self.recent: tuple[str, ...] = ()
        """Ids of the devices spoken of last, newest first."""
        self._last: Intent | None = None
        self._last_about: tuple[str, ...] = ()
        self._last_seconds = 0.0
        self._talk: deque[ChatMessage] = deque(maxlen=_MOST_TALK)
        self._talked_seconds = 0.0

    def add(self, question: Question) -> None:
        """Puts a question behind those that wait to be asked."""
        self._questions.append(question)

    def withdraw(self, kind: str) -> Question | None:
        """Takes back the question that was added last, if it is of this kind and about something to do at once."""
        last = self._questions[-1] if self._questions else None
        if last is None or last.kind != kind or "conversation_command" in last.intent.slots:
            return None
        return self._questions.pop()

    def next(self) -> Question | None:
        """The question to ask now."""
        return self._questions[0] if self._questions else None

    def asked(self, now_seconds: float) -> None:
        """The next question was heard by the user: from now on an answer counts."""
        self._asked_seconds = now_seconds

    def waiting(self, now_seconds: float) -> Question | None:
        """The question that an answer belongs to. All are forgotten where it was never asked, or nobody answered."""
        if self._asked_seconds is None or now_seconds - self._asked_seconds > self._patience_seconds:
            self.drop()
        return self.next()

    def answered(self) -> None:
        """The question is settled; the next one is still to be asked."""
        self._questions.popleft()
        self._asked_seconds = None

    def unclear(self, now_seconds: float) -> bool:
        """Notes an answer that was not understood: True where the question may be asked once more, else it is dropped."""
        first = self._questions.popleft()
        if first.unclear:
            self._asked_seconds = None
            return False
        self._questions.appendleft(replace(first, unclear=1))
        self._asked_seconds = now_seconds
        return True

    def drop(self) -> None:
        self._questions.clear()
        self._asked_seconds = None

    def remember(self, intent: Intent, devices: Iterable[str], now_seconds: float) -> None:
        self._last, self._last_about, self._last_seconds = intent, tuple(devices), now_seconds
        self.recent = tuple(dict.fromkeys((*self._last_about, *self.recent)))[:_MOST_RECENT]

    def last(self, now_seconds: float) -> tuple[Intent | None, tuple[str, ...]]:
        """The intent of the last minutes that a sentence may lean on, and the ids of the devices that it was about."""
        if now_seconds - self._last_seconds > TALK_SECONDS:
            self._last = None
        return self._last, self._last_about

    def talk(self, now_seconds: float) -> tuple[ChatMessage, ...]:
        """The free talk of the last minutes, oldest first."""
        if now_seconds - self._talked_seconds > TALK_SECONDS:
            self._talk.clear()
        return tuple(self._talk)

    def talked(self, text: str, answer: str, now_seconds: float) -> None:
        self._talk += (ChatMessage("user", text), ChatMessage("assistant", answer))
        self._talked_seconds = now_seconds
