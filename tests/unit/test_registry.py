"""Engine names: known, unknown, one's own by `module:factory`, and what is not installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from edgevoice import registry
from edgevoice.errors import MissingExtra, SettingsError


@pytest.mark.parametrize(
    "path", [path for engines in registry.ENGINES.values() for path in engines.values()], ids=lambda path: str(path)
)
def test_every_engine_has_its_module_and_a_load_function(path: str) -> None:
    """Looked at without importing: an engine's package may be an extra."""
    module, _, factory = path.partition(":")
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    assert f"\ndef {factory}(" in Path(spec.origin).read_text("utf-8")


def test_unknown_engine_is_answered_with_a_near_one() -> None:
    with pytest.raises(SettingsError, match=r"asr\.engine: unknown engine 'moonshin'. Did you mean 'moonshine'\?"):
        registry.factory("asr", "moonshin")


def test_ones_own_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_engine.py").write_text("def build(settings, folder):\n    return settings\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert registry.factory("tts", "my_engine:build")("settings", None) == "settings"
    with pytest.raises(SettingsError, match=r"'my_engine' has no function 'nothing'\. Write module:factory"):
        registry.factory("tts", "my_engine:nothing")
    with pytest.raises(SettingsError, match="Write module:factory"):
        registry.factory("tts", "my_engine:")


@pytest.mark.parametrize("path", ["no_such_module_here:load", ":load", "a b:load", "..:x"])
def test_a_module_that_is_not_there(path: str) -> None:
    with pytest.raises(SettingsError, match=r"asr\.engine: cannot import"):
        registry.factory("asr", path)


@pytest.mark.parametrize(("package", "extra"), registry.EXTRAS.items())
def test_missing_package_names_its_extra(
    package: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"engine_needing_{package}"
    (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {package}', name='{package}')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtra, match=rf"pip install 'edgevoice\[{extra}\]'"):
        registry.factory("asr", f"{name}:load")


def test_extras_stand_in_the_package_data() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    text = project.read_text("utf-8")
    for package, extra in registry.EXTRAS.items():
        assert f'\n{extra} = ["{package}' in text
