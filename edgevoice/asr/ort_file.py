"""onnxruntime's own files (`.ort`, flatbuffers): the weights in them, and which weights each part of the graph uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Places of fields in the tables of onnxruntime's schema, ort.fbs.
_MODEL, _GRAPH = 6, 18
_INITIALIZERS, _NODES = 4, 8
_NODE_INPUTS, _NODE_OUTPUTS, _ATTRIBUTES = 20, 22, 24
_NAME, _SUBGRAPH = 4, 18
_DIMS, _TYPE, _DATA = 8, 10, 12
_BRANCHES = ("else_branch", "then_branch")
_TYPES: Mapping[int, Any] = {1: np.float32, 2: np.uint8, 3: np.int8}


@dataclass(frozen=True, slots=True)
class OrtFile:
    """`weights` by name; `uses`: the inputs of the node that makes a value, by the value's name.

    In both, those of a graph's branches are beside its own; of one name in two, the `then_branch` has it.
    """

    weights: Mapping[str, NDArray[Any]]
    uses: Mapping[str, tuple[str, ...]]


def read(path: Path) -> OrtFile:
    """The weights are views of the file. Raises OSError, and ValueError where it is no such file."""
    data = np.memmap(path, np.uint8, "r").view(np.ndarray)
    if bytes(data[4:8]) != b"ORTM":
        raise ValueError(f"{path}: not in onnxruntime's own format")
    weights: dict[str, NDArray[Any]] = {}
    uses: dict[str, tuple[str, ...]] = {}
    for graph in _graphs(_Table.root(data).table(_MODEL).table(_GRAPH)):
        for one in graph.tables(_INITIALIZERS):
            if (kind := _TYPES.get(one.number(_TYPE))) is not None:
                weights[one.text(_NAME)] = one.array(_DATA, np.uint8).view(kind).reshape(one.array(_DIMS, np.int64))
        for node in graph.tables(_NODES):
            uses |= dict.fromkeys(node.texts(_NODE_OUTPUTS), tuple(node.texts(_NODE_INPUTS)))
    return OrtFile(weights, uses)


def _graphs(graph: _Table) -> Iterator[_Table]:
    yield graph
    for node in graph.tables(_NODES):
        branches = (one for one in node.tables(_ATTRIBUTES) if one.text(_NAME) in _BRANCHES)
        for branch in sorted(branches, key=lambda one: one.text(_NAME)):
            yield branch.table(_SUBGRAPH)


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a flatbuffer, at byte `at` of `data`."""

    data: NDArray[np.uint8]
    at: int

    @staticmethod
    def root(data: NDArray[np.uint8]) -> _Table:
        return _Table(data, _read(data, 0, "<u4"))

    def number(self, field: int) -> int:
        place = self._field(field)
        return _read(self.data, place, "<i4") if place else 0

    def table(self, field: int) -> _Table:
        return _Table(self.data, self._there(self._field(field)))

    def text(self, field: int) -> str:
        place = self._field(field)
        return self._text(place) if place else ""

    def tables(self, field: int) -> Iterator[_Table]:
        return (_Table(self.data, self._there(place)) for place in self._items(field))

    def texts(self, field: int) -> Iterator[str]:
        return (self._text(place) for place in self._items(field))

    def array(self, field: int, kind: type[np.generic]) -> NDArray[Any]:
        place = self._field(field)
        if not place:
            return np.zeros(0, kind)
        start = self._there(place)
        count = _read(self.data, start, "<u4")
        return self.data[start + 4 : start + 4 + count * np.dtype(kind).itemsize].view(kind)

    def _field(self, field: int) -> int:
        """Where a field stands; 0: it is left out."""
        layout = self.at - _read(self.data, self.at, "<i4")
        offset = _read(self.data, layout + field, "<u2") if field < _read(self.data, layout, "<u2") else 0
        return self.at + offset if offset else 0

    def _there(self, place: int) -> int:
        return place + _read(self.data, place, "<u4")

    def _items(self, field: int) -> range:
        place = self._field(field)
        start = self._there(place) if place else 0
        return range(start + 4, start + 4 + 4 * _read(self.data, start, "<u4"), 4) if place else range(0)

    def _text(self, place: int) -> str:
        start = self._there(place)
        return bytes(self.data[start + 4 : start + 4 + _read(self.data, start, "<u4")]).decode()


def _read(data: NDArray[np.uint8], at: int, kind: str) -> int:
    return int(data[at : at + np.dtype(kind).itemsize].view(kind)[0])
