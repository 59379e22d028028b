"""The evaluation's frame: rows, options, noise, what is printed and written. The suites have their own tests."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

import evaluate
from edgevoice import config
from evaluation import common
from evaluation.common import InputError, Noise, Options, Report, Row


def rows_file(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def audio_row(folder: Path, name: str, samples: np.ndarray, rate: int = 16_000) -> Row:
    soundfile.write(folder / f"{name}.wav", samples, rate)
    return Row({"id": name, "audio": f"{name}.wav"}, folder / "manifest.jsonl", 1)


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Row], Options]]:
    """A suite in the place of `nlu` that scores what it is given and notes the call."""
    calls: list[tuple[list[Row], Options]] = []

    def run(rows: list[Row], options: Options) -> Report:
        calls.append((rows, options))
        return Report(
            0.5, {"p50_ms": 1.25}, [{"id": row.id, "word": "Küche"} for row in rows], [("a", "b"), ("1", "22")]
        )

    module = ModuleType("evaluation.nlu")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "evaluation.nlu", module)
    return calls


def test_prints_a_table_and_one_json_line_and_writes_predictions(
    tmp_path: Path, suite: list[tuple[list[Row], Options]], capsys: pytest.CaptureFixture[str]
) -> None:
    files = [rows_file(tmp_path / f"{name}.jsonl", {"id": name}, {"id": name * 2}) for name in "ab"]
    out = tmp_path / "out.jsonl"
    assert evaluate.main(["nlu", *map(str, files), "--profile", "x86-cpu", "--no-llm", "--predictions", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["a  b", "-  --", "1  22"]
    assert json.loads(lines[-1]) == {"suite": "nlu", "n": 4, "score": 0.5, "p50_ms": 1.25}
    assert [json.loads(line)["id"] for line in out.read_text("utf-8").splitlines()] == ["a", "aa", "b", "bb"]
    assert "Küche" in out.read_text("utf-8")
    assert suite[0][1].settings.llm.engine == ""


def test_limit_is_spread_over_all_rows(tmp_path: Path, suite: list[tuple[list[Row], Options]]) -> None:
    file = rows_file(tmp_path / "rows.jsonl", *({"id": str(i)} for i in range(10)))
    assert evaluate.main(["nlu", str(file), "--limit", "4"]) == 0
    assert [row.id for row in suite[0][0]] == ["0", "2", "5", "7"]


def test_settings_file_wins_over_the_profile(tmp_path: Path, suite: list[tuple[list[Row], Options]]) -> None:
    (tmp_path / "settings.yaml").write_text("asr: {threads: 7}")
    file = rows_file(tmp_path / "rows.jsonl", {"id": "a"})
    arguments = ["nlu", str(file), "--profile", "raspberry-pi-4", "--config", str(tmp_path / "settings.yaml")]
    assert evaluate.main(arguments) == 0
    settings = suite[0][1].settings
    assert (settings.asr.threads, settings.llm.model) == (7, "smollm2-135m-instruct")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no rows in"),
        (b'{"id": "a"}\n{"id": \n', "rows.jsonl:2: not JSON"),
        (b"[1]\n", "rows.jsonl:1: not a JSON object"),
        (b'{"text": "a"}\n', "rows.jsonl:1: 'id' is missing, not text"),
        (b'{"id": 3}\n', "rows.jsonl:1: 'id' is 3, not text"),
        (b'{"id": "a"}\n\n{"id": "a"}\n', "rows.jsonl:3: id 'a' was given already at"),
        (b"\xff\xfe{}", "rows.jsonl: cannot be read"),
        (b"[" * 100_000, "rows.jsonl:1: not JSON"),
    ],
)
def test_bad_rows_are_named(
    tmp_path: Path, suite: list[object], capsys: pytest.CaptureFixture[str], content: bytes, problem: str
) -> None:
    (tmp_path / "rows.jsonl").write_bytes(content)
    assert evaluate.main(["nlu", str(tmp_path / "rows.jsonl")]) == 2
    captured = capsys.readouterr()
    assert problem in captured.err
    assert captured.out == ""
    assert suite == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--snr", "6"], "go together"),
        (["--noise", "n.jsonl"], "go together"),
        (["--profile", "raspberry-pi5"], "Did you mean 'raspberry-pi-5'?"),
        (["--config", "none.yaml"], "none.yaml: no such file"),
        (["--snr", "6", "--noise", "none.jsonl"], "none.jsonl: cannot be read"),
    ],
)
def test_bad_options(
    tmp_path: Path, suite: list[object], capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    file = rows_file(tmp_path / "rows.jsonl", {"id": "a"})
    assert evaluate.main(["nlu", str(file), *arguments]) == 2
    assert problem in capsys.readouterr().err


def test_help_documents_every_suite() -> None:
    text = evaluate.arguments().format_help()
    for name, documentation in evaluate.SUITES.items():
        assert name + documentation in text
        headings = [line.split()[0] for line in documentation.splitlines() if line.startswith("  ") and line[2] != " "]
        assert headings == ["rows", "predictions", "score", "figures"]


def test_audio_of_any_rate_becomes_16_khz_mono(tmp_path: Path) -> None:
    tone = np.sin(np.arange(8000) / 8000 * 2 * np.pi * 440) * 0.5
    row = audio_row(tmp_path, "stereo", np.stack([tone, tone], 1), 8000)
    samples = row.samples()
    assert samples.dtype == np.int16
    assert len(samples) == 16_000
    assert abs(np.abs(samples[2000:-2000]).max() - 16384) < 200


@pytest.mark.parametrize("name", ["none.wav", "text.wav"])
def test_unreadable_audio_names_the_row(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    row = Row({"id": "a", "audio": name}, tmp_path / "manifest.jsonl", 7)
    with pytest.raises(InputError, match=rf"manifest\.jsonl:7: 'audio': cannot read .*{name}"):
        row.samples()


def test_noise_is_mixed_at_the_ratio_and_depends_on_the_row_only(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noise = Noise((audio_row(tmp_path, "noise", rng.normal(0, 0.05, 9000)),), snr_db=6.0)
    row = audio_row(tmp_path, "speech", rng.normal(0, 0.1, 20_000))
    samples = row.samples()
    mixed = noise.mix(row, samples)
    added = mixed.astype(float) - samples
    assert 10 * np.log10(np.mean(samples.astype(float) ** 2) / np.mean(added**2)) == pytest.approx(6.0, abs=0.05)
    assert (noise.mix(row, samples) == mixed).all()
    assert (Noise(noise.rows, 6.0, seed=1).mix(row, samples) != mixed).any()
    quiet = np.concatenate([np.zeros(20_000, np.int16), samples])
    padded = noise.mix(row, quiet, speech=samples)[:20_000].astype(float)
    assert np.mean(padded**2) == pytest.approx(np.mean(added**2), rel=0.1)


def test_noise_by_the_published_rule_reaches_half_of_full_scale(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    noise = Noise((audio_row(tmp_path, "noise", rng.normal(0, 0.01, 30_000)),), snr_db=10.0)
    row = audio_row(tmp_path, "speech", np.r_[np.zeros(4096), rng.normal(0, 0.2, 2048), np.zeros(4096)])
    mixed = noise.mix_by_peak(row, row.samples()).astype(float)
    assert np.abs(mixed).max() == pytest.approx(16384, abs=1)
    ratio = 10 * np.log10(np.mean(mixed[4096:6144] ** 2) / np.mean(mixed[:4096] ** 2))
    assert ratio == pytest.approx(10 * np.log10(11), abs=0.8)  # speech and noise together over noise at 10 dB


def test_silent_noise_is_refused(tmp_path: Path) -> None:
    noise = Noise((audio_row(tmp_path, "noise", np.zeros(100)),), snr_db=6.0)
    with pytest.raises(InputError, match=r"manifest\.jsonl:1: the noise is silent"):
        noise.mix(Row({"id": "a"}, tmp_path, 1), np.ones(10, np.int16))


def test_homes_stand_beside_the_manifests_folder_or_where_told(tmp_path: Path) -> None:
    (tmp_path / "homes").mkdir()
    (tmp_path / "homes/flat.json").write_text("{}")
    (tmp_path / "dev").mkdir()
    row = Row({"id": "a"}, tmp_path / "dev/rows.jsonl", 4)
    assert Options(config.Settings()).home_file(row, "flat") == tmp_path / "homes/flat.json"
    assert Options(config.Settings(), homes=tmp_path / "homes").home_file(row, "flat").is_file()
    with pytest.raises(InputError, match=r"rows\.jsonl:4: home 'house': no .* --homes DIR"):
        Options(config.Settings()).home_file(row, "house")


def test_figures() -> None:
    assert common.latency([1.0, 2.0, 3.0]) == {"p50_ms": 2.0, "p95_ms": 2.9}
    assert common.latency([]) == {"p50_ms": None, "p95_ms": None}
    assert common.show([]) == ""
