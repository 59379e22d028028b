"""The bench's frame: what is measured by turns, how a figure stands beside its peer, what is printed and written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import bench
from benchmark.measure import Bench, Figure, alternate, figure, repeated


def test_ours_and_the_peer_take_turns_and_the_first_item_is_a_warm_up() -> None:
    order: list[str] = []

    def side(name: str) -> object:
        return lambda item: order.append(f"{name}{item}") or float(item)

    mine, theirs = alternate(repeated([1, 2], 2), side("a"), side("b"))  # type: ignore[arg-type]
    assert mine == theirs == [1.0, 2.0, 1.0, 2.0]
    assert order == ["b1", "a1", "a1", "b1", "b2", "a2", "a1", "b1", "b2", "a2"]


def test_a_figure_beside_its_peer() -> None:
    ours = figure("asr", "a clip", [10.0, 20.0, 30.0])
    assert (ours.median, ours.p95, ours.ratio) == (20.0, 29.0, None)
    assert ours.beside(40.0, "official").ratio == 0.5
    assert figure("asr", "a clip", []).beside(40.0, "official").ratio is None


def one_stage(given: Bench) -> Iterator[Figure]:
    yield Figure("asr", f"{len(given.clips)} clips, {len(given.sentences)} sentences", "ms", 12.5, 250.0, 25.0, "peer")
    yield Figure("asr", "alone", "MB", None)


def test_prints_a_table_and_writes_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "STAGES", {"asr": one_stage})
    assert bench.main(["asr", "--profile", "x86-cpu", "--json", str(tmp_path / "out.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("profile x86-cpu; ")
    assert lines[4].split()[-6:] == ["12.5", "250", "ms", "peer", "25", "0.5"]
    assert lines[5].split() == ["asr", "alone", "-", "-", "MB", "-", "-", "-"]
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["figures"][0]["ratio"] == 0.5


def test_bad_recordings_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rows.jsonl").write_text('{"id": "a", "audio": "none.wav"}\n')
    assert bench.main(["asr", "--recordings", str(tmp_path / "rows.jsonl")]) == 2
    assert "rows.jsonl:1: 'audio': cannot read" in capsys.readouterr().err
