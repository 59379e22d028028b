"""The `actions` suite: what counts as right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgevoice.config import LlmSettings, Settings
from evaluation import actions
from evaluation.common import InputError, Options, Report, read_rows

HOME = {
    "areas": [{"name": "Kitchen", "id": "kitchen"}, {"name": "Hall", "id": "hall"}],
    "entities": [
        {"name": "Kitchen Light", "id": "light.kitchen", "area": "kitchen", "attributes": {"brightness": 100}},
        {"name": "Hall Light", "id": "light.hall", "area": "hall", "state": "off"},
        {"name": "Front Door", "id": "lock.front", "area": "hall", "state": "locked"},
        {
            "name": "Fan",
            "id": "fan.it",
            "area": "hall",
            "state": "off",
            "attributes": {"supported_features": ["fan.FanEntityFeature.SET_SPEED"]},
        },
    ],
}


def score(folder: Path, *rows: dict[str, Any]) -> Report:
    (folder / "homes").mkdir(exist_ok=True)
    (folder / "homes" / "h.json").write_text(json.dumps(HOME))
    given = ({"id": f"r{n}", "home": "h", **row} for n, row in enumerate(rows))
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given))
    options = Options(Settings(llm=LlmSettings(engine="")), homes=folder / "homes")
    return actions.run(read_rows([folder / "rows.jsonl"]), options)


@pytest.mark.parametrize(
    ("row", "right"),
    [
        ({"text": "turn on the hall light", "expect_changes": {"light.hall": {"state": "on"}}}, True),
        ({"text": "turn on the hall light", "expect_changes": {"light.kitchen": {"state": "off"}}}, False),
        ({"text": "turn on the hall light"}, False),
        (
            {
                "text": "turn on the hall light",
                "expect_changes": {"light.hall": {"state": "on", "attributes": {"brightness": 9}}},
            },
            False,
        ),
        ({"text": "ideas sleep furiously", "expect_changes": {}}, True),
        (
            {
                "text": "set the kitchen light to 50%",
                "expect_changes": {"light.kitchen": {"attributes": {"brightness": 128}}},
            },
            True,
        ),
        ({"text": "set the kitchen light to 50%", "ignore_changes": {"light.kitchen": ["brightness"]}}, True),
        (
            {
                "text": "set the kitchen light to 50%",
                "ignore_changes": {"light.kitchen": {"attributes": ["brightness"]}},
            },
            True,
        ),
        ({"text": "is the front door locked", "expect_response": ["yes"]}, True),
        ({"text": "is the front door locked", "expect_response": ["no"]}, False),
        (
            {
                "text": "is the front door locked",
                "setup": {"lock.front": {"state": "unlocked"}},
                "expect_response": "no",
            },
            True,
        ),
    ],
)
def test_a_row_is_right(tmp_path: Path, row: dict[str, Any], right: bool) -> None:
    assert score(tmp_path, row).score == float(right)


def test_a_risky_command_gets_its_yes_and_is_counted(tmp_path: Path) -> None:
    row = {"text": "unlock the front door", "expect_changes": {"lock.front": {"state": "unlocked"}}}
    report = score(tmp_path, row)
    assert report.score == 1.0
    assert report.figures["asked"] == 1
    assert report.predictions[0]["states"]["lock.front"]["state"] == "unlocked"


def test_other_homes_and_wrong_changes_are_counted(tmp_path: Path) -> None:
    right = {"text": "turn on the hall light", "expect_changes": {"light.hall": {"state": "on"}}}
    wrong = {"text": "turn on the hall light"}
    missed = {"text": "ideas sleep furiously", "expect_changes": {"light.hall": {"state": "on"}}}
    (tmp_path / "homes").mkdir()
    (tmp_path / "homes" / "ha_intents_1_en.json").write_text(json.dumps(HOME))
    figures = score(tmp_path, right, wrong, missed, {**right, "home": "ha_intents_1_en"}).figures
    assert (figures["other_homes"], figures["n_other_homes"], figures["unexpected"]) == (0.33333, 3, 1)


def test_every_row_begins_with_the_home_as_it_was(tmp_path: Path) -> None:
    on = {"text": "turn on the hall light", "expect_changes": {"light.hall": {"state": "on"}}}
    red = {
        "text": "set the kitchen light to red",
        "setup": {"light.kitchen": {"attributes": {"supported_color_modes": ["onoff"]}}},
    }
    lit = {"text": "set the kitchen light to 50%", "ignore_changes": {"light.kitchen": ["brightness"]}}
    assert score(tmp_path, on, on, red, lit).score == 1.0


def test_a_fan_with_a_speed_runs_at_full_speed(tmp_path: Path) -> None:
    row = {"text": "turn on the fan", "expect_changes": {"fan.it": {"state": "on", "attributes": {"percentage": 100}}}}
    assert score(tmp_path, row).score == 1.0


def test_a_row_that_sets_up_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"light\.moon"):
        score(tmp_path, {"text": "hello", "setup": {"light.moon": {"state": "on"}}})
