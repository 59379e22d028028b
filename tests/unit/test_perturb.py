"""Slips are made the same for one seed, and leave what a label needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.common import Row
from evaluation.perturb import SLIPS, perturbed


def row(number: int, text: str) -> Row:
    data = {"id": str(number), "text": text, "intent": "HassTurnOff", "slots": {"name": "Kitchen Lamp"}}
    return Row(data, Path("rows.jsonl"), number)


ROWS = [row(i, text) for i, text in enumerate(["turn off the Kitchen Lamp", "set the Kitchen Lamp to 50%"] * 40)]


def test_one_seed_makes_the_same_slips() -> None:
    first, again, other = (perturbed(ROWS, seed) for seed in (1, 1, 2))
    assert [one.data for one in first] == [one.data for one in again]
    assert [one.data for one in first] != [one.data for one in other]
    assert all(one.data["text"] != before.data["text"] for one, before in zip(first, ROWS, strict=True))
    assert {one.data["slip"] for one in first} == set(SLIPS)


def test_a_slip_does_not_depend_on_other_rows() -> None:
    assert perturbed(ROWS[5:6], 1)[0].data == perturbed(ROWS, 1)[5].data


@pytest.mark.parametrize("kind", ["letter", "off", "article", "to"])
def test_what_cannot_happen_does_not(kind: str) -> None:
    plain = Row({"id": "1", "text": "lights on", "intent": "HassTurnOn", "slots": {}}, Path("rows.jsonl"), 1)
    assert {one.data["slip"] for seed in range(30) for one in perturbed([plain], seed)}.isdisjoint({kind})
