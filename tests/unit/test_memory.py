"""What outlives a restart: timers, our own lists, a question that waits; and files that are no good."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from household import household

from edgevoice.assembly import remembered
from edgevoice.config import HomeSettings, NluSettings
from edgevoice.home.capabilities import texts
from edgevoice.home.model import Home
from edgevoice.messages import Command, Outcome
from edgevoice.nlu import cascade
from edgevoice.skills.conversation import Conversation
from edgevoice.skills.memory import Memory, default_path
from edgevoice.skills.own_lists import OwnLists

UNLOCK = Command("lock.front", "locked", False)


def home_without_lists() -> Home:
    home = household()
    home.remove("todo.shopping")
    return home


def conversation(home: Home | None = None) -> Conversation:
    home = home or home_without_lists()
    talk = Conversation(home, cascade.load(home, NluSettings()))
    talk.prepare()
    return talk


def say(talk: Conversation, text: str, now: float = 0.0) -> list[Outcome]:
    return [one for one in talk.hear(text, now, threading.Event()) if isinstance(one, Outcome)]


def after_a_restart(talk: Conversation, now: float, away_seconds: float) -> Conversation:
    """A new process, whose monotonic clock begins at zero."""
    saved = json.loads(json.dumps(talk.save(now, 5000.0)))
    again = conversation()
    again.restore(saved, 0.0, 5000.0 + away_seconds)
    return again


def test_timers_run_on() -> None:
    talk = conversation()
    say(talk, "set a five minute timer for the eggs", 100.0)
    say(talk, "turn on the porch light in ten minutes", 100.0)
    again = after_a_restart(talk, 160.0, 60.0)
    assert list(again.due(179.0)) == []
    assert len(list(again.due(180.0))) == 1
    assert [one.commands for one in again.due(480.0)] == [(Command("light.porch", "on", True),)]


def test_a_home_without_lists_has_ours() -> None:
    talk = conversation()
    (added,) = say(talk, "add bread to my shopping list")
    assert added.commands == ()
    say(talk, "put eggs on the shopping list")
    assert say(talk, "is bread on my list")[0].reply == "Yes, bread is on the Shopping List."
    again = after_a_restart(talk, 0.0, 10.0)
    assert say(again, "what's on my shopping list")[0].reply == "On the Shopping List: bread and eggs."


def test_a_home_with_lists_of_its_own_has_not_ours() -> None:
    home = home_without_lists()
    lists = OwnLists(home)
    lists.follow()
    lists.obey([Command("todo.own_shopping_list", "add_item", "bread")])
    home.put(household().devices["todo.shopping"])
    lists.follow()
    assert [device.id for device in home.devices.values() if device.domain == "todo"] == ["todo.shopping"]
    home.remove("todo.shopping")
    lists.follow()
    assert texts(home.state("todo.own_shopping_list").attributes["items"]) == ("bread",)


def test_what_is_for_others_is_left_to_them() -> None:
    lists = OwnLists(household())
    assert lists.obey([UNLOCK]) == (UNLOCK,)


@pytest.mark.parametrize(("away", "sent"), [(5.0, [(UNLOCK,)]), (40.0, [()])])
def test_a_question_waits_over_a_restart_as_long_as_it_would_have(away: float, sent: list[tuple[Command, ...]]) -> None:
    talk = conversation()
    say(talk, "unlock the front door", 100.0)
    again = after_a_restart(talk, 110.0, away)
    assert [one.commands for one in say(again, "yes", 1.0)] == sent


def test_a_choice_waits_too() -> None:
    talk = conversation()
    asked = say(talk, "turn on the ceiling light")[0]
    assert asked.expects is not None
    again = after_a_restart(talk, 1.0, 1.0)
    assert say(again, "the one in the kitchen", 1.0)[0].commands == (Command("light.kitchen", "on", True),)


def test_it_is_written_where_something_changed_and_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    talk = conversation()
    with remembered(talk, HomeSettings(state_file=path)) as keep:
        keep()
        first = path.stat().st_ino
        keep()
        assert path.stat().st_ino == first
        say(talk, "set a timer for 5 minutes")
        keep()
        assert path.stat().st_ino != first
        say(talk, "add bread to my shopping list")
    kept = json.loads(path.read_text())
    assert kept["lists"] == {"todo.own_shopping_list": ["bread"]}
    assert len(kept["timers"]["timers"]) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["state.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff\xfe", b"[]", b'{"version": 0}', b'{"version": 1, "timers": 3}', b'{"version": 1, "lists": [1]}',
        b'{"version": 1, "dialogue": {"questions": [{}], "asked": 1}}', b'{"version": 1, "lists": {"x": [1]}}',
        b'{"version": 1, "dialogue": {"questions": 7}}', b"[" * 100_000, b'{"version": 1, "timers": {"saved": "x"}}',
    ],
)  # fmt: skip
def test_a_bad_file_is_put_aside_and_said(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    talk = conversation()
    with remembered(talk, HomeSettings(state_file=path)):
        assert "starting afresh" in caplog.text
    assert (tmp_path / "state.json.bad").read_bytes() == content
    assert json.loads(path.read_text())["version"] == 1


def test_what_cannot_be_written_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    Memory(tmp_path / "file" / "state.json").keep({}, "x")
    assert "cannot be written" in caplog.text


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert default_path() == tmp_path / "edgevoice/state.json"
    monkeypatch.setenv("STATE_DIRECTORY", f"/var/lib/edgevoice{os.pathsep}/var/lib/other")
    assert default_path() == Path("/var/lib/edgevoice/state.json")


def test_a_later_command_for_our_list_is_done_here() -> None:
    talk = conversation()
    say(talk, "in five minutes add tea to my shopping list", 0.0)
    assert [one.commands for one in talk.due(400.0)] == [()]
    assert say(talk, "is tea on my list", 401.0)[0].reply == "Yes, tea is on the Shopping List."
