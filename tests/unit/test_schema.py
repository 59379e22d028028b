"""What a YAML file may get wrong, and what the user is told: file, line, key, value, remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from edgevoice import schema
from edgevoice.errors import SettingsError


class Color(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True)
class Lamp:
    name: str
    level: int = field(default=5, metadata={"min": 1, "max": 10})
    gain: float = 1.0
    on: bool = True
    color: Color = Color.RED
    rooms: tuple[str, ...] = ()
    extras: Mapping[str, int] = field(default_factory=dict)
    file: Path | None = None
    either: int | str = 0
    anything: Any = None

    def __post_init__(self) -> None:
        if self.name == "forbidden":
            raise ValueError("this name is taken")


@dataclass(frozen=True)
class House:
    lamp: Lamp
    spare: Lamp | None = None


def build(text: str, cls: type = Lamp) -> Any:
    return schema.build(schema.parse(text, "lamp.yaml"), cls, "lamp.yaml")


def refusal(text: str) -> str:
    try:
        build(text)
    except SettingsError as error:
        return str(error)
    return "none"


def test_builds_every_kind() -> None:
    lamp = build("""
name: on            # text even where YAML sees a boolean
level: 0x7
gain: 2             # a whole number is a number
on: no
color: green
rooms: [hall, 'two words']
extras: {a: 1_000}
file: sounds/a.wav
either: seven
anything: {x: [1, two, null]}
""")
    expected = Lamp(
        name="on", level=7, gain=2.0, on=False, color=Color.GREEN, rooms=("hall", "two words"), extras={"a": 1000},
        file=Path("sounds/a.wav"), either="seven", anything={"x": [1, "two", None]},
    )  # fmt: skip
    assert lamp == expected
    assert isinstance(lamp.gain, float)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nlevle: 3", "lamp.yaml:2: levle: unknown key. Did you mean 'level'?"),
        ("name: a\nzzzz: 3", "lamp.yaml:2: zzzz: unknown key. Known: anything, color, either"),
        ("level: 3", "lamp.yaml:1: 'name' is missing. Add `name:` here"),
        ("name: a\nlevel: high", "lamp.yaml:2: level: 'high' is not a whole number"),
        ("name: a\nlevel: '3'", "lamp.yaml:2: level: '3' is not a whole number. Remove the quotes"),
        ("name: a\nlevel: 3.5", "lamp.yaml:2: level: '3.5' is not a whole number"),
        ("name: a\nlevel: true", "lamp.yaml:2: level: 'true' is not a whole number"),
        ("name: a\nlevel: 010", "lamp.yaml:2: level: '010' is not a whole number"),
        ("name: a\nlevel: 0:05", "lamp.yaml:2: level: '0:05' is not a whole number"),
        ("name: a\nlevel: 11", "lamp.yaml:2: level: '11' is not from 1 to 10"),
        ("name: a\nlevel: 1" + "0" * 6000, "lamp.yaml:2: level: '1000"),
        ("name: a\nlevel: [3]", "lamp.yaml:2: level: 'a list' is not a whole number"),
        ("name: a\nlevel:", "lamp.yaml:2: level: '' is not a whole number"),
        ("name: a\ngain: .nan", "lamp.yaml:2: gain: '.nan' is not a number"),
        ("name: a\ngain: -.inf", "lamp.yaml:2: gain: '-.inf' is not a number"),
        ("name: a\ngain: 1.0e+999", "lamp.yaml:2: gain: '1.0e+999' is not a number"),
        ("name: a\ngain: 1" + "0" * 400, "lamp.yaml:2: gain: '1000"),
        ("name: a\non: 1", "lamp.yaml:2: on: '1' is not true or false"),
        ("name: null", "lamp.yaml:1: name: 'null' is not text. Put it in quotes"),
        ("name: {a: b}", "lamp.yaml:1: name: 'a mapping' is not text"),
        ("name: !secret door", "lamp.yaml:1: name: the tag '!secret' is not read"),
        ("name: a\nanything: [!!python/name:os.system x]", "lamp.yaml:2: anything: holds a value that cannot be read"),
        ("name: a\nanything: [2024-99-99]", "lamp.yaml:2: anything: holds a value that cannot be read"),
        ("name: a\nanything: {[1]: 2}", "lamp.yaml:2: anything: 'a list' is not a plain key"),
        ("name: a\ncolor: gren", "lamp.yaml:2: color: 'gren' is not one of red, green. Did you mean 'green'?"),
        ("name: a\nrooms: hall", "lamp.yaml:2: rooms: 'hall' is not a list"),
        ("name: a\nrooms:\n- hall\n- [x]", "lamp.yaml:4: rooms[1]: 'a list' is not text"),
        ("name: a\nextras: 4", "lamp.yaml:2: extras: '4' is not a mapping"),
        ("name: a\nextras:\n  k: x", "lamp.yaml:3: extras.k: 'x' is not a whole number"),
        ("name: a\neither: [1]", "lamp.yaml:2: either: 'a list' is not a whole number or text"),
        ("name: a\nfile: ~nobody-of-that-name/x", "lamp.yaml:2: file: '~nobody-of-that-name/x' is not a path"),
        ("name: a\nname: b", "lamp.yaml:2: name: is given twice"),
        ("name: a\nanything:\n  x: 1\n  x: 2", "lamp.yaml:4: anything.x: is given twice"),
        ("name: a\nextras: &e {a: 1}\nanything: *e", "lamp.yaml:3: *e: aliases are not read. Write the value out"),
        ("<<: {level: 3}\nname: a", "'<<' is not a plain key"),
        ("? [a, b]\n: c", "lamp.yaml:1: 'a list' is not a plain key"),
        ("name: forbidden", "lamp.yaml:1: this name is taken"),
        ("- name: a", "lamp.yaml:1: 'a list' is not a mapping"),
        ("just text", "lamp.yaml:1: 'just text' is not a mapping"),
        ("", "lamp.yaml: 'name' is missing"),
        ("name: a\n\tlevel: 3", "lamp.yaml:2: not YAML"),
        ("name: 'a", "lamp.yaml:1: not YAML"),
        ("name: a\n---\nname: b", "lamp.yaml:2: not YAML"),
        ("name: a\nlevel: \x00", "lamp.yaml:2: not text: character U+0000"),
        ("[" * 20_000, "lamp.yaml: not YAML"),
    ],
)  # fmt: skip
def test_error_names_place_value_and_remedy(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        build(text)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400


def test_error_names_the_whole_key() -> None:
    with pytest.raises(SettingsError, match=r"lamp\.yaml:3: spare\.level: '99' is not from 1 to 10"):
        build("lamp: {name: a}\nspare: {name: b,\n  level: 99}", House)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00name", b"\x89PNG\r\n\x1a\n", b"name: \xe9"])
def test_binary_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lamp.yaml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=f"{path}: cannot be read .*UTF-8"):
        schema.load(path, Lamp)


def test_missing_file_folder_and_impossible_path(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        schema.read(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match="cannot be read"):
        schema.read(tmp_path)
    with pytest.raises(SettingsError, match="cannot be read"):
        schema.read(Path("a\0b"))


def test_paths_are_relative_to_their_own_file(tmp_path: Path) -> None:
    (tmp_path / "lamp.yaml").write_text("name: a\nfile: sounds/a.wav\n")
    assert schema.load(tmp_path / "lamp.yaml", Lamp).file == tmp_path / "sounds/a.wav"


def test_merge_lets_the_upper_file_win_and_keeps_lines() -> None:
    below = schema.parse("lamp:\n  name: a\n  level: 3\nspare:\n  name: b", "below.yaml")
    above = schema.parse("lamp:\n  level: 99\nspare:\n", "above.yaml")
    with pytest.raises(SettingsError, match=r"above\.yaml:2: lamp\.level: '99'"):
        schema.build(schema.merge(below, above), House)
    good = schema.parse("lamp: {level: 4}\nspare:", "above.yaml")
    assert schema.build(schema.merge(below, good), House) == House(Lamp("a", 4), Lamp("b"))
    assert schema.merge(None, good) is good
    assert schema.merge(below, None) is below


def test_merge_replaces_lists_and_wrong_kinds() -> None:
    below = schema.parse("name: a\nrooms: [x, y]", "below.yaml")
    assert schema.build(schema.merge(below, schema.parse("rooms: [z]", "above.yaml")), Lamp).rooms == ("z",)
    with pytest.raises(SettingsError, match=r"above\.yaml:1: 'a list' is not a mapping"):
        schema.build(schema.merge(below, schema.parse("[z]", "above.yaml")), Lamp)


@pytest.mark.parametrize(
    ("word", "remedy"),
    [("lihgt", "Did you mean 'light'?"), ("zzz", "Known: light, lock"), ("", "Known: light, lock")],
)
def test_suggest(word: str, remedy: str) -> None:
    assert schema.suggest(word, ["lock", "light"]) == remedy


def test_suggest_is_silent_on_long_lists() -> None:
    assert schema.suggest("zzz", [f"word{i}" for i in range(21)]) == ""


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_builds_or_is_refused_with_a_settings_error(text: str) -> None:
    assert refusal(text).startswith(("lamp.yaml", "none"))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "level", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["name", "level", "gain", "rooms", "extras", "either", "color"]), _VALUES))
def test_any_values_build_or_are_refused_with_a_settings_error(values: dict[str, object]) -> None:
    assert refusal(yaml.dump(values, Dumper=_NoAliases)).startswith(("lamp.yaml", "none"))


class _NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True
