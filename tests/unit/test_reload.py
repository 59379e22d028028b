"""Settings read anew: none of the times that somebody asks is lost, whatever the assistant does meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgevoice.commands.reload import Reload
from edgevoice.config import Settings
from edgevoice.errors import EdgeVoiceError
from edgevoice.service.notify import Notifier

OLD = Settings()
NEW = replace(OLD, audio=replace(OLD.audio, volume=0.5))
NEWER = replace(OLD, audio=replace(OLD.audio, volume=0.25))


class File:
    """Settings as they stand in a file: those, or an error."""

    def __init__(self) -> None:
        self.holds: Settings | EdgeVoiceError = OLD

    def read(self) -> Settings:
        if isinstance(self.holds, EdgeVoiceError):
            raise self.holds
        return self.holds


@pytest.fixture
def made() -> tuple[File, Reload, list[str]]:
    file = File()
    return file, Reload(file.read, Notifier()), []


def test_what_is_asked_while_one_is_built_is_done_once_it_runs(made: tuple[File, Reload, list[str]]) -> None:
    file, reload, done = made
    with reload.of(OLD, lambda: done.append("finish")):
        file.holds = NEW
        reload()
        assert done == ["finish"]
        assert reload.pending
    assert reload.take() == NEW
    assert reload.pending
    file.holds = NEWER
    reload()  # nobody runs: the new one is being built
    with reload.of(NEW, lambda: done.append("again")):
        assert done == ["finish", "again"]
    assert reload.take() == NEWER
    assert reload.take() is None


def test_the_same_settings_end_nothing_unless_others_were_on_their_way(made: tuple[File, Reload, list[str]]) -> None:
    file, reload, done = made
    with reload.of(OLD, lambda: done.append("finish")):
        reload()
        assert done == []
        assert not reload.pending
        file.holds = NEW
        reload()
        file.holds = OLD  # taken back before the turn was over
        reload()
        assert done == ["finish", "finish"]
    assert reload.take() == OLD


def test_bad_settings_and_those_that_do_not_work_are_told(made: tuple[File, Reload, list[str]]) -> None:
    file, reload, done = made
    with reload.of(OLD, lambda: done.append("finish")):
        file.holds = EdgeVoiceError("no such word")
        reload()
        assert (reload.problem, done) == ("no such word", [])
        file.holds = NEW
        reload()
        assert (reload.problem, done) == ("", ["finish"])
    reload.listens()
    assert reload.works
    assert reload.take() == NEW
    assert not reload.works  # what fails now is the new settings' fault, until it listens with them
    reload.failed(EdgeVoiceError("the port is taken"))
    assert reload.problem == "the port is taken"
