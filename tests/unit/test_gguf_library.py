"""A llama.cpp that is not here, or lacks a library of the system's, is told with what to do about it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edgevoice.errors import StageError
from edgevoice.llm import gguf


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise RuntimeError('libgomp.so.1: cannot open shared object file')", "apt install libgomp1"),
        ("raise ModuleNotFoundError('No module named llama_cpp')", "pip install llama-cpp-python"),
    ],
)
def test_what_llama_cpp_lacks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, told: str) -> None:
    (tmp_path / "llama_cpp.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [*sys.modules]:
        if name.split(".")[0] == "llama_cpp" or name == "edgevoice.llm.llamacpp":
            monkeypatch.delitem(sys.modules, name)
    with pytest.raises(StageError, match=told):
        gguf.library()
