"""What the README says that the code says too."""

from __future__ import annotations

import re
from pathlib import Path

from edgevoice.cli import parser
from edgevoice.home import inventory
from readme import README, with_table


def test_the_settings_table_is_the_settings() -> None:
    text = README.read_text("utf-8")
    assert with_table(text) == text, "run: python -m tools.readme"


def test_every_command_that_the_readme_shows_is_one() -> None:
    shown = set(re.findall(r"edgevoice ([a-z]+)", " ".join(re.findall(r"`+[^`]*`+", README.read_text("utf-8")))))
    known = set(re.findall(r"^    ([a-z]+) ", parser().format_help(), re.MULTILINE))
    assert shown
    assert shown <= known


def test_the_home_file_that_the_readme_shows_is_one(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (shown,) = [block for block in blocks if block.startswith("areas:")]
    (tmp_path / "home.yaml").write_text(shown, "utf-8")
    door = inventory.load(tmp_path / "home.yaml").home().devices["lock.front_door"]
    assert (door.area, door.aliases, door.who) == ("entrance", ("house door",), ("voice",))
