"""What the README says that the code says too."""

from __future__ import annotations

import re

from edgevoice.cli import parser
from readme import README, with_table


def test_the_settings_table_is_the_settings() -> None:
    text = README.read_text("utf-8")
    assert with_table(text) == text, "run: python -m tools.readme"


def test_every_command_that_the_readme_shows_is_one() -> None:
    shown = set(re.findall(r"edgevoice ([a-z]+)", " ".join(re.findall(r"`+[^`]*`+", README.read_text("utf-8")))))
    known = set(re.findall(r"^    ([a-z]+) ", parser().format_help(), re.MULTILINE))
    assert shown
    assert shown <= known
