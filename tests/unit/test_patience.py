"""A slow language model: a word after a second, what the words alone meant at its deadline."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from fakes import Clock, Mouth, Shelf, Wire
from household import household, intent

from edgevoice.config import NluSettings
from edgevoice.errors import StageError
from edgevoice.link import HomeLink
from edgevoice.messages import Outcome, Replied, Turn, TurnFailed
from edgevoice.nlu import cascade
from edgevoice.nlu.context import NOWHERE, Thinking
from edgevoice.skills import patience
from edgevoice.skills.conversation import Conversation
from edgevoice.stages import ChatMessage
from edgevoice.turn import Stages, Voice, run

ON = intent("HassTurnOn", targets=("light.lamp",), name="Reading Lamp")


def thinking(pauses: int) -> Thinking:
    for _ in range(pauses):
        yield
    return (ON,)


def test_it_is_said_once_that_it_takes_a_moment() -> None:
    clock = itertools.count(0.0, 0.3)
    waits = patience.Patience("One moment.", lambda: next(clock)).await_(thinking(10))
    assert list(waits) == [Outcome(reply="One moment.")]


def test_nothing_is_said_within_a_second() -> None:
    clock = itertools.count(0.0, 0.09)
    assert list(patience.Patience("One moment.", lambda: next(clock)).await_(thinking(10))) == []


@dataclass
class Slow:
    """A language model that is silent a while before each piece, and fails at the end where it has an `error`."""

    pieces: Sequence[str]
    error: str = ""

    def generate(
        self, messages: Sequence[ChatMessage], max_tokens: int, cancel: threading.Event, grammar: str = ""
    ) -> Iterator[str]:
        for piece in self.pieces:
            yield from ("", "", piece)
        if self.error:
            raise StageError("llm", self.error, "the test wants it")

    def warm(self, messages: Sequence[ChatMessage]) -> None: ...


def said(monkeypatch: pytest.MonkeyPatch, text: str, llm: Slow, seconds: float = 0.0) -> list[str]:
    """What is spoken in a turn; what failed has an exclamation mark."""
    monkeypatch.setattr(patience, "SECONDS", seconds)
    home, clock = household(), Clock()
    wire = Wire(home, clock)
    talk = Conversation(home, cascade.load(home, NluSettings(), llm), llm)
    made = Stages(None, talk, HomeLink(home, wire, wire, clock), Voice(Mouth(), Shelf()), clock=clock)
    events = list(run(made, Turn("1", threading.Event()), text))
    return [
        event.text if isinstance(event, Replied) else f"{event.code}!"
        for event in events
        if isinstance(event, (Replied, TurnFailed))
    ]


ON_KETTLE = '[{"do": "make", "device": "Kettle"}]'
BREW = "the kettle should cook"
SKY = "why is the sky blue"


def test_a_slow_proposal_is_announced_and_done(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, BREW, Slow((ON_KETTLE,))) == ["One moment.", "The Kettle is on."]
    assert said(monkeypatch, BREW, Slow((ON_KETTLE,)), 99.0) == ["The Kettle is on."]


def test_slow_talk_is_announced_once_and_only_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Slow(("Light scat", "ters. Blue ", "most."))
    assert said(monkeypatch, SKY, talk) == ["One moment.", "Light scatters.", "Blue most."]
    assert said(monkeypatch, SKY, talk, 99.0) == ["Light scatters.", "Blue most."]


@pytest.mark.parametrize("text", [BREW, SKY])
def test_the_deadline_is_a_sentence(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert said(monkeypatch, text, Slow(("",), "deadline"), 99.0) == ["deadline!", "Sorry, that took too long."]


def test_talk_that_has_begun_ends_at_the_deadline_without_excuse(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, SKY, Slow(("Light scatters. Blue m",), "deadline"), 99.0) == ["Light scatters."]


def test_what_the_words_alone_may_mean_is_asked_about_where_the_model_fails() -> None:
    text = "dim reading lamp bit yellowish"
    alone = cascade.load(household(), NluSettings()).understand(text, NOWHERE)
    assert [one.confidence < 0.6 for one in alone] == [True]
    assert cascade.load(household(), NluSettings(), Slow((), "deadline")).understand(text, NOWHERE) == alone
