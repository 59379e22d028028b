"""Odd names, said to the recogniser by the assistant's own voice, are heard from other voices."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from edgevoice import config, profiles
from evaluation import names
from evaluation.common import Options, read_rows

ROWS = Path(__file__).parents[1] / "data" / "odd_names.jsonl"


def test_odd_names_are_learned_and_better_where_it_is_told_how_they_are_said(model: Callable[[str], Path]) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed: apt install espeak-ng")
    settings = config.settings(profiles.load("x86-cpu").node, None)
    store = model(settings.asr.model).parent
    figures = names.run(read_rows([ROWS])[::5], Options(settings, models=store)).figures
    untaught, read, pronounced = (
        sum(float(figures[f"{step}_{voice}"] or 0) for voice in ("en-us", "en-gb"))
        for step in ("untaught", "read", "pronounced")
    )
    assert untaught < read < pronounced
