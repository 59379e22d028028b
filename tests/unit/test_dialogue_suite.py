"""The scripted conversations, each played whole; and what the suite that plays them calls right."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation import dialogue
from evaluation.common import InputError, Row, read_rows

FILES = sorted((Path(__file__).parents[1] / "data" / "conversations").glob("*.yaml"))
ROWS = read_rows(FILES)
HOMES = dialogue.Homes()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_conversation_goes_as_written(row: Row) -> None:
    played = list(dialogue.play(row, HOMES))
    assert [(turn.said, turn.reply, turn.problems) for turn in played if turn.problems and not turn.known] == []
    assert [turn.said for turn in played if turn.known and not turn.problems] == [], (
        "is right now: take its `fails` out"
    )


def test_there_are_enough_and_few_are_known_to_fail() -> None:
    turns = [turn for row in ROWS for turn in row.data["turns"]]
    assert len(ROWS) >= 60
    assert all(len(row.data["turns"]) >= 4 for row in ROWS)
    assert sum("fails" in turn for turn in turns) <= 0.03 * len(turns)


def problems(tmp_path: Path, turn: str) -> tuple[str, ...]:
    file = tmp_path / "one.yaml"
    file.write_text(f"home: demo\nconversations:\n  one:\n    - {turn}\n")
    (row,) = read_rows([file])
    (played,) = dialogue.play(row, HOMES)
    return played.problems


@pytest.mark.parametrize(
    ("turn", "problem"),
    [
        ("{say: turn on the bed light, now: {light.bed_light: on}}", ""),
        ("{say: turn on the bed light}", "light.bed_light changed to on"),
        ("{say: turn on the bed light, now: {light.bed_light: off}}", "is on, not off"),
        ("{say: unlock the front door, set: {lock.front_door: locked}}", "asks 'yes_no'"),
        ("{say: what time is it, says: nine hundred}", "does not say"),
        ("{say: what time is it, not: 7}", "says /7/"),
        ("{say: hello, now: {light.none: on}}", "no device light.none"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, turn: str, problem: str) -> None:
    found = problems(tmp_path, turn)
    assert any(problem in one for one in found) if problem else found == ()


def test_a_script_that_cannot_be_played_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"one\.yaml:3: a turn has the unknown key 'syas'"):
        problems(tmp_path, "{say: hello, syas: hello}")
    (tmp_path / "two.yaml").write_text("home: demo\n")
    with pytest.raises(InputError, match="not a file of conversations"):
        read_rows([tmp_path / "two.yaml"])
