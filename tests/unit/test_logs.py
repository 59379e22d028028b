"""Log lines: the turn's id, the journal's form, and no word of what was said."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator

import pytest
from fakes import stages

from edgevoice import logs, turn
from edgevoice.errors import StageError
from edgevoice.messages import Samples, Turn
from edgevoice.skills.manner import Manner

SECRET = "abracadabra"


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The log as systemd's journal gets it."""
    monkeypatch.setattr(logs, "_allowed", threading.Event())
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.Formatter(is_journal=True))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield out
    root.removeHandler(handler)
    root.setLevel(level)


class Hoarse:
    """A voice that fails, and says at what."""

    rate = 16_000

    def speak(self, sentence: str, style: object) -> Iterator[Samples]:
        raise StageError("tts", "synthesis", f"cannot say '{sentence}'")


class Forgetful:
    """An understanding that breaks over a word."""

    def __init__(self, error: Exception) -> None:
        self.error, self.manner = error, Manner()

    def hear(self, text: str, *rest: object) -> Iterator[object]:
        raise self.error

    def apology(self, stage: str, code: str) -> str:
        return f"Sorry, {SECRET}"

    def is_cue(self, reply: str) -> bool:
        return False


def test_lines_have_their_priority_and_turn(journal: io.StringIO) -> None:
    log = logging.getLogger("edgevoice.test")
    log.info("one")
    mark = logs.turn.set("0007")
    log.warning("two\nthree")
    log.error("four")
    logs.turn.reset(mark)
    log.debug("five")
    assert journal.getvalue().splitlines() == [
        "<6>edgevoice.test: one",
        "<4>edgevoice.test: turn 0007: two",
        "<4>three",
        "<3>edgevoice.test: turn 0007: four",
        "<7>edgevoice.test: five",
    ]


@pytest.mark.parametrize(
    "error", [KeyError(SECRET), StageError("nlu", "bad", f"what is {SECRET}?"), ValueError(f"no {SECRET}")], ids=type
)
def test_what_was_said_is_not_logged_when_a_turn_fails(journal: io.StringIO, error: Exception) -> None:
    made, _ = stages({})
    made.conversation = Forgetful(error)  # type: ignore[assignment]
    made.voice.tts = Hoarse()  # type: ignore[assignment]
    list(turn.run(made, Turn("1", threading.Event()), SECRET))
    told = journal.getvalue()
    assert SECRET not in told
    assert "failed" in told
    assert (type(error).__name__ in told) or isinstance(error, StageError)
    logs.allow_words()
    list(turn.run(made, Turn("2", threading.Event()), SECRET))
    assert SECRET in journal.getvalue()


def test_an_exception_is_told_by_its_types_and_places(journal: io.StringIO) -> None:
    def fails() -> None:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"{SECRET} again") from error

    try:
        fails()
    except ValueError:
        logging.getLogger("edgevoice.test").exception("it broke")
    told = journal.getvalue()
    assert SECRET not in told
    assert told.index("KeyError") < told.index("ValueError")
    assert "test_logs.py:" in told
    assert "in fails" in told
    assert all(line.startswith("<3>") for line in told.splitlines())
