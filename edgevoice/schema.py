"""YAML into frozen dataclasses, with errors that name file, line, key, value and remedy.

Every YAML file of the product (settings, profiles, manifest, homes, packs) is read here. A dataclass is the schema:
its annotations are the types, `field(metadata=...)` may add `min`, `max` and `help`. Unknown keys and wrong types raise
`SettingsError`; a near miss is answered with "did you mean".
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import yaml

from edgevoice.errors import SettingsError, reason

T = TypeVar("T")
_MERGE = "tag:yaml.org,2002:merge"
# YAML 1.1 would read 010 as 8 and 18:83 as 1163.
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9_]*)?(\.[0-9_]*)?([eE][-+]?[0-9]+)?|0x[0-9a-fA-F]+")
_SCALARS: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def read(path: Path) -> yaml.Node | None:
    """The root node of a YAML file; None where it is empty. Raises SettingsError with the line."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise SettingsError(str(path), "no such file", "Check the path") from None
    except (OSError, ValueError) as error:  # a folder, no permission, not UTF-8, a zero byte in the path
        raise SettingsError(str(path), f"cannot be read ({reason(error)})", "It must be a UTF-8 text file") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> yaml.Node | None:
    """The root node of YAML text; `name` stands in the errors.

    Aliases and merge keys are refused: each value then has one place, and no small file unfolds into a huge one.
    """
    try:
        loader = _Loader(text)
        loader.name = name
        node = loader.get_single_node()
        _check_keys(node, name, "")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        character = f"U+{ord(text[error.position]):04X}"
        raise SettingsError(f"{name}:{line}", f"not text: character {character}", "Remove it") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}" if mark else name
        remedy = "Indent with spaces" if "\\t" in str(error.problem) else "Check the indentation and quotes"
        raise SettingsError(place, f"not YAML: {error.problem}", remedy) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise SettingsError(name, f"not YAML: {error}") from None
    return node


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            raise SettingsError(
                f"{self.name}:{event.start_mark.line + 1}: *{event.anchor}",
                "aliases are not read",
                "Write the value out",
            )
        composed: yaml.Node | None = super().compose_node(parent, index)
        return composed


def _check_keys(node: yaml.Node | None, name: str, path: str) -> None:
    """Every key is text and given once, at any depth."""
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            _check_keys(item, name, f"{path}[{i}]")
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
            raise _wrong(key, name, path, "a plain key", "Keys are text")
        inner = f"{path}.{key.value}".lstrip(".")
        if key.value in seen:
            raise SettingsError(where(key, name, inner), "is given twice", "Remove one of them")
        seen.add(key.value)
        _check_keys(value, name, inner)


def load(path: Path, cls: type[T]) -> T:
    """Reads one file as one dataclass."""
    built: T = build(read(path), cls, str(path))
    return built


def merge(below: yaml.Node | None, above: yaml.Node | None) -> yaml.Node | None:
    """A deep merge of mappings in which `above` wins; every value keeps its own file and line.

    A section that is empty in `above` leaves the one in `below` as it is.
    """
    if isinstance(below, yaml.MappingNode) and _is_null(above):
        return below
    if not isinstance(below, yaml.MappingNode) or not isinstance(above, yaml.MappingNode):
        return above if above is not None else below
    pairs = {key.value: (key, value) for key, value in below.value}
    for key, value in above.value:
        old = pairs.get(key.value)
        pairs[key.value] = (key, merge(old[1], value) if old else value)
    merged = yaml.MappingNode(above.tag, list(pairs.values()), above.start_mark, above.end_mark)
    return merged


def build(node: yaml.Node | None, kind: Any, name: str = "settings", key: str = "") -> Any:
    """The value of `node` as type `kind` (a dataclass, scalar, tuple, mapping, enum or a union of them).

    `name` stands for the file where a node has none. Raises SettingsError.
    """
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _union(node, args, name, key)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(node, kind, name, key)
    if node is None:
        raise SettingsError(name, f"{key or 'the file'} is empty")
    if origin is tuple:
        if not isinstance(node, yaml.SequenceNode):
            raise _wrong(node, name, key, "a list", "Write one item a line, each after a dash")
        return tuple(build(item, args[0], name, f"{key}[{i}]") for i, item in enumerate(node.value))
    if origin in (Mapping, dict):
        return _mapping(node, args[1], name, key)
    if isinstance(kind, type) and issubclass(kind, Enum):
        values = [str(member.value) for member in kind]
        if not isinstance(node, yaml.ScalarNode) or node.value not in values:
            raise _wrong(node, name, key, f"one of {', '.join(values)}", suggest(_shown(node), values))
        return kind(node.value)
    if kind is Path:
        text = build(node, str, name, key)
        base = Path(node.start_mark.name).parent if node.start_mark else Path()
        try:
            return base / Path(text).expanduser()
        except RuntimeError:
            raise _wrong(node, name, key, "a path", "There is no such user's home") from None
    return _scalar(node, kind, name, key)


def where(node: yaml.Node | None, name: str, key: str = "") -> str:
    """`file:line: key` of a node."""
    place = f"{node.start_mark.name}:{node.start_mark.line + 1}" if node is not None and node.start_mark else name
    return f"{place}: {key}" if key else place


def suggest(word: str, known: Iterable[str]) -> str:
    """`Did you mean X?`, or the list of what is known where it is short, or nothing."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Known: {', '.join(known)}" if 0 < len(known) <= 20 else ""


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)[:80]
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"


def _wrong(node: yaml.Node, name: str, key: str, wanted: str, remedy: str = "") -> SettingsError:
    return SettingsError(where(node, name, key), f"'{_shown(node)}' is not {wanted}", remedy)


def _is_null(node: yaml.Node | None) -> bool:
    return node is None or (isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null")


def _union(node: yaml.Node | None, kinds: tuple[Any, ...], name: str, key: str) -> Any:
    rest = [k for k in kinds if k is not type(None)]
    if len(rest) < len(kinds) and _is_null(node):
        return None
    if isinstance(node, yaml.MappingNode):  # what is wrong inside is told by the one kind that it can be
        rest = [k for k in rest if dataclasses.is_dataclass(k)] or rest
    for kind in rest:
        if len(rest) > 1:
            try:
                return build(node, kind, name, key)
            except SettingsError:
                continue
        return build(node, kind, name, key)
    assert node is not None
    wanted = " or ".join(_SCALARS.get(k, "a list" if typing.get_origin(k) is tuple else "a mapping") for k in rest)
    raise _wrong(node, name, key, wanted)


def _mapping(node: yaml.Node, kind: Any, name: str, key: str) -> dict[str, Any]:
    if not isinstance(node, yaml.MappingNode):
        raise _wrong(node, name, key, "a mapping", "Write `key: value` lines, indented")
    return {k.value: build(v, kind, name, f"{key}.{k.value}".lstrip(".")) for k, v in node.value}


def _dataclass(node: yaml.Node | None, cls: type[Any], name: str, key: str) -> Any:
    if _is_null(node):
        pairs: list[tuple[yaml.Node, yaml.Node]] = []
    elif isinstance(node, yaml.MappingNode):
        pairs = node.value
    else:
        assert node is not None
        raise _wrong(node, name, key, "a mapping", "Write `key: value` lines, indented")
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    values: dict[str, Any] = {}
    for k, v in pairs:
        path = f"{key}.{k.value}".lstrip(".")
        if k.value not in fields:
            raise SettingsError(where(k, name, path), "unknown key", suggest(k.value, fields))
        values[k.value] = build(v, hints[k.value], name, path)
        _in_range(values[k.value], fields[k.value], v, name, path)
    required = dataclasses.MISSING
    for field in fields.values():
        if field.name not in values and field.default is required and field.default_factory is required:
            raise SettingsError(where(node, name, key), f"'{field.name}' is missing", f"Add `{field.name}:` here")
    try:
        return cls(**values)
    except ValueError as error:
        raise SettingsError(where(node, name, key), str(error)) from None


def _in_range(value: Any, field: dataclasses.Field[Any], node: yaml.Node, name: str, key: str) -> None:
    low, high = field.metadata.get("min"), field.metadata.get("max")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = (
                f"from {low} to {high}"
                if None not in (low, high)
                else f"{low} or more"
                if high is None
                else f"{high} or less"
            )
            raise _wrong(node, name, key, bounds)


def _scalar(node: yaml.Node, kind: Any, name: str, key: str) -> Any:
    if kind is object or kind is Any:
        return _plain(node, name, key)
    wanted = _SCALARS.get(kind, str(kind))
    if not isinstance(node, yaml.ScalarNode):
        raise _wrong(node, name, key, wanted)
    value = _plain(node, name, key)
    if kind is str:
        if value is None:
            raise _wrong(node, name, key, wanted, "Put it in quotes")
        return node.value
    if kind in (int, float) and not isinstance(value, bool) and _NUMBER.fullmatch(node.value):
        if kind is float and isinstance(value, (int, float)) and abs(value) < sys.float_info.max:
            return float(value)
        if kind is int and isinstance(value, int):
            return value
    if kind is bool and isinstance(value, bool):
        return value
    raise _wrong(node, name, key, wanted, "Remove the quotes" if node.style in ("'", '"') else "")


def _plain(node: yaml.Node, name: str, key: str) -> Any:
    """What YAML itself makes of a node: text, numbers, lists, mappings. Raises SettingsError for tags such as `!secret`."""
    inner = [node]
    while inner:
        one = inner.pop()
        if not one.tag.startswith("tag:yaml.org,2002:"):
            raise SettingsError(where(one, name, key), f"the tag '{one.tag}' is not read", "Write the value itself")
        if isinstance(one, yaml.MappingNode):
            inner.extend(value for _, value in one.value)
        elif isinstance(one, yaml.SequenceNode):
            inner.extend(one.value)
    try:
        return yaml.SafeLoader("").construct_document(node)
    except (ValueError, yaml.YAMLError):  # a date that does not exist, an integer of thousands of digits
        if isinstance(node, yaml.ScalarNode):
            return node.value
        raise SettingsError(where(node, name, key), "holds a value that cannot be read", "Put it in quotes") from None
