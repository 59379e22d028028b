"""A graph written as an ONNX file: what is needed of protobuf, without the package `onnx`."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_IR_VERSION, _OPSET = 9, 18
_FLOAT, _INT64 = 1, 7
_TYPES: Mapping[str, int] = {"float32": _FLOAT, "uint8": 2, "int8": 3, "int64": _INT64}
_OWN = "com.microsoft"
_EXTRA = frozenset({"DynamicQuantizeMatMul", "FusedMatMul", "QuickGelu", "RotaryEmbedding"})
"""Operators that onnxruntime has beside the standard's."""

Shape = Sequence[int | str]


class OnnxGraph:
    """`constant`, `node` and `split` give the names of the values they add; `write` makes the file of all."""

    def __init__(self) -> None:
        self._parts: list[bytes | memoryview] = []
        self._names = (f"v{i}" for i in count())

    def constant(self, array: NDArray[Any]) -> str:
        """`array` is not copied before it is written."""
        name = next(self._names)
        content = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        head = b"".join(_number(1, size) for size in array.shape)
        head += _number(2, _TYPES[array.dtype.name]) + _bytes(8, name.encode()) + _key(9, 2) + _varint(len(content))
        self._parts += [_key(5, 2) + _varint(len(head) + len(content)) + head, content]
        return name

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: float | Sequence[int]) -> str:
        """`output` is what the value is called, where others know it by a name."""
        output = output or next(self._names)
        self._nodes(kind, [output], *inputs, **attributes)
        return output

    def split(self, value: str, axis: int, parts: int, outputs: Sequence[str] = ()) -> list[str]:
        """Into parts of one size."""
        names = list(outputs) or [next(self._names) for _ in range(parts)]
        self._nodes("Split", names, value, axis=axis, num_outputs=parts)
        return names

    def _nodes(self, kind: str, outputs: Sequence[str], *inputs: str, **attributes: float | Sequence[int]) -> None:
        written = [_bytes(1, name.encode()) for name in inputs] + [_bytes(2, name.encode()) for name in outputs]
        written += [_bytes(4, kind.encode()), _bytes(7, (_OWN if kind in _EXTRA else "").encode())]
        written += [_bytes(5, _attribute(name, value)) for name, value in attributes.items()]
        self._parts.append(_bytes(1, b"".join(written)))

    def write(
        self, file: Path, integers: Mapping[str, Shape], floats: Mapping[str, Shape], outputs: Mapping[str, Shape]
    ) -> None:
        """With these inputs and outputs (of floats), by name; a name in a shape stands for any size."""
        ends = [_bytes(11, _value(name, _INT64, shape)) for name, shape in integers.items()]
        ends += [_bytes(11, _value(name, _FLOAT, shape)) for name, shape in floats.items()]
        ends += [_bytes(12, _value(name, _FLOAT, shape)) for name, shape in outputs.items()]
        graph = [*self._parts, _bytes(2, b"decoder"), *ends]
        opsets = [_bytes(8, _bytes(1, of.encode()) + _number(2, i)) for of, i in (("", _OPSET), (_OWN, 1))]
        head = _number(1, _IR_VERSION) + b"".join(opsets) + _key(7, 2) + _varint(sum(map(len, graph)))
        with file.open("wb") as out:
            out.writelines([head, *graph])


def _attribute(name: str, value: float | Sequence[int]) -> bytes:
    head = _bytes(1, name.encode())
    if isinstance(value, int):
        return head + _number(3, value) + _number(20, 2)
    if isinstance(value, float):
        return head + _key(2, 5) + struct.pack("<f", value) + _number(20, 1)
    return head + b"".join(_number(8, one) for one in value) + _number(20, 7)


def _value(name: str, kind: int, shape: Shape) -> bytes:
    sizes = (_number(1, size) if isinstance(size, int) else _bytes(2, size.encode()) for size in shape)
    dims = b"".join(_bytes(1, size) for size in sizes)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, dims)))


def _bytes(field: int, content: bytes) -> bytes:
    return _key(field, 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value % (1 << 64))


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _varint(value: int) -> bytes:
    return bytes(_sevens(value))


def _sevens(value: int) -> Iterator[int]:
    while value > 127:
        yield value & 127 | 128
        value >>= 7
    yield value
