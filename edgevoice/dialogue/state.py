"""What a conversation remembers between turns: the questions it waits to have answered, and what was spoken of last."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from edgevoice.dialogue.changes import Change
from edgevoice.messages import Command, Expects, Intent
from edgevoice.stages import ChatMessage

PATIENCE_SECONDS = 30.0
TALK_SECONDS = 120.0
"""How long free talk is remembered after its last sentence."""
FOCUS_SECONDS = 300.0
"""How long a sentence may lean on the one before."""
_MOST_RECENT = 8
_MOST_TALK = 4


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a choice may fall on: a device's id, and the names it goes by."""

    device: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the user. `kind` is `yes_no`, `choice`, `pin` or `slot`; `again` is asked after an unclear answer.

    The answer decides over exactly these `commands` (and the `reply` that follows them), or, for a choice, over which of
    the `options` the `intent` is about. For a slot, the intent's text is the wish, with `{}` for the answer. What is to be
    done `later` is put off once it is settled.
    """

    kind: str
    text: str
    again: str
    intent: Intent
    commands: tuple[Command, ...] = ()
    reply: str = ""
    options: tuple[Option, ...] = ()
    unclear: int = 0
    later: Intent | None = None

    @property
    def expects(self) -> Expects:
        return Expects(self.kind, tuple(option.names[0] for option in self.options))


@dataclass(frozen=True, slots=True)
class Focus:
    """What the last sentence was about, that the next one may lean on.

    `listed` holds the devices of a few sentences in a row where each went on with the one before ("and the hall").
    `capability` is what was set last, and `direction` the way it went: 1, -1, or 0. A `question` was asked in these words.
    """

    text: str
    devices: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    intent: Intent | None = None
    change: Change | None = None
    capability: str = ""
    direction: int = 0
    question: str = ""
    subject: str = ""
    """`timer`, `routine` or `list`, where it was about one of these; `key` says which."""
    key: str = ""


class Dialogue:
    """Owned by one conversation. Times are of a clock that is handed in."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._questions: deque[Question] = deque()
        self._asked_seconds: float | None = None  # when the first of them was asked
        self.recent: tuple[str, ...] = ()
        """Ids of the devices spoken of last, newest first."""
        self._focus: Focus | None = None
        self._focus_seconds = 0.0
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

    def pending(self, now_seconds: float) -> tuple[tuple[Question, ...], float]:
        """The questions that still wait, and the seconds since the first of them was asked; none where none was."""
        if self.waiting(now_seconds) is None or self._asked_seconds is None:
            return (), 0.0
        return tuple(self._questions), now_seconds - self._asked_seconds

    def resume(self, questions: Iterable[Question], now_seconds: float, age_seconds: float) -> None:
        """Waits again for the answers to `questions`, the first of which was asked `age_seconds` ago."""
        self._questions.extend(questions)
        self._asked_seconds = now_seconds - age_seconds if self._questions else None

    def remember(self, focus: Focus, now_seconds: float, goes_on: bool = False) -> None:
        """Notes what a sentence is about. One that `goes_on`, or has a second part, adds to what was spoken of before."""
        before = self.focus(now_seconds)
        if before is not None and before.text == focus.text:  # another part of the same sentence
            focus = replace(
                focus, devices=_union(before.devices, focus.devices), listed=_union(before.listed, focus.devices)
            )
        elif before is not None and goes_on:
            focus = replace(focus, listed=_union(before.listed, focus.devices))
        elif before is not None and set(focus.devices) <= set(before.listed) and focus.devices:
            focus = replace(focus, listed=before.listed)  # still of the same things
        else:
            focus = replace(focus, listed=focus.devices)
        self._focus, self._focus_seconds = focus, now_seconds
        self.recent = _union(focus.devices, self.recent)[:_MOST_RECENT]

    def focus(self, now_seconds: float) -> Focus | None:
        """What was spoken of in the last minutes."""
        if now_seconds - self._focus_seconds > FOCUS_SECONDS:
            self._focus = None
        return self._focus

    def focused(self, now_seconds: float) -> tuple[Focus | None, float]:
        """The focus, and how many seconds ago it was set."""
        return self.focus(now_seconds), now_seconds - self._focus_seconds

    def talk(self, now_seconds: float) -> tuple[ChatMessage, ...]:
        """The free talk of the last minutes, oldest first."""
        if now_seconds - self._talked_seconds > TALK_SECONDS:
            self._talk.clear()
        return tuple(self._talk)

    def talked(self, text: str, answer: str, now_seconds: float) -> None:
        self._talk += (ChatMessage("user", text), ChatMessage("assistant", answer))
        self._talked_seconds = now_seconds


def _union(first: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *more)))
