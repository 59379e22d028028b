"""The house rules that a reader relies on: who may import whom, and how large a file, function or constructor gets."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# From the ground up. A room imports rooms of lower floors, rooms before it on its own floor, and its own folder.
FLOORS = (
    ("board", "errors", "logs", "messages", "phrases", "resources", "schema"),
    ("stages", "registry", "config", "profiles", "model_sources", "model_manifest", "model_store"),
    ("home", "nlu", "dialogue", "skills"),
    ("stop", "listen", "link", "ducking", "turn", "ahead", "replay"),
    (
        "assistant",
        "late_llm",
        "simulator",
        "vehicle",
        "service",
        "engines",
        "names_aloud",
        "hearing",
        "assembly",
        "watchers",
        "measure",
        "fitting",
    ),
    ("ending", "commands", "demo", "cli"),
)
# They stand beside the third row: each knows the two lowest floors only, and the pure rooms know none of them.
ENGINES = ("audio", "wake", "vad", "asr", "embedding", "llm", "tts", "mqtt", "kuksa")
# Imported in engine files only; those of RUNTIMES are loaded by nothing before an engine is chosen.
RUNTIMES = {"hibari", "llama_cpp", "onnxruntime", "piper", "pymicro_wakeword", "sounddevice", "vosk", "webrtcvad"}
HEAVY = RUNTIMES | {"amqtt", "grpc", "kuksa_client", "soundfile", "soxr"}
FILE_LINES, FUNCTION_LINES, ARGUMENTS = 400, 60, 6


def allowed(room: str) -> set[str]:
    """The rooms that `room` may import. Raises KeyError for a room with no floor."""
    if room in ENGINES:
        return {room, *FLOORS[0], *FLOORS[1]}
    for number, floor in enumerate(FLOORS):
        if room in floor:
            below = {name for lower in FLOORS[:number] for name in lower}
            return below | set(floor[: floor.index(room) + 1]) | (set(ENGINES) if number > 2 else set())
    raise KeyError(room)


def imports(tree: ast.Module, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """(line, dotted module) of every import anywhere in a file of `package`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (above, node.module) if part)
            yield from ((node.lineno, f"{module}.{name.name}") for name in node.names)


def floor_problems(root: Path) -> list[str]:
    """What in the package `root`/edgevoice breaks the table above, as `file:line: ...`."""
    found: list[str] = []
    for file in sorted((root / "edgevoice").rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        room = parts[1]
        if room in ("__init__", "__main__"):
            continue
        place = "/".join(parts)
        try:
            may = allowed(room)
        except KeyError:
            found.append(f"{place}: the room '{room}' has no floor")
            continue
        for line, module in imports(ast.parse(file.read_text("utf-8")), parts[:-1]):
            names = module.split(".")
            if names[0] in HEAVY and room not in ENGINES:
                found.append(f"{place}:{line}: {names[0]} is imported outside an engine's folder")
            # `from edgevoice import __version__` names no room.
            is_room = names[0] == "edgevoice" and len(names) > 1 and not names[1].startswith("__")
            if is_room and names[1] not in may:
                found.append(f"{place}:{line}: '{room}' may not import '{names[1]}'")
    return found


def size_problems(file: Path) -> list[str]:
    text = file.read_text("utf-8")
    found = [f"{file}: {n} lines"] if (n := len(text.splitlines())) > FILE_LINES else []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES:
            found.append(f"{file}:{node.lineno}: {node.name}() has {lines} lines")
        count = len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs) - 1
        if node.name == "__init__" and count > ARGUMENTS:
            found.append(f"{file}:{node.lineno}: a constructor of {count} arguments")
    return found


def test_imports_go_down_only() -> None:
    assert floor_problems(ROOT) == []


def test_files_functions_and_constructors_stay_small() -> None:
    files = [file for folder in ("edgevoice", "tools", "tests") for file in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 20
    assert [problem for file in files for problem in size_problems(file)] == []


@pytest.mark.parametrize(
    ("floors", "heavy"),
    [
        pytest.param(FLOORS[:4], HEAVY, id="the turn and all below it"),
        pytest.param((("cli",),), HEAVY, id="the command line"),
        pytest.param(FLOORS[4:], RUNTIMES, id="what puts the parts together"),
    ],
)
def test_what_is_no_engine_loads_nothing_heavy(floors: tuple[tuple[str, ...], ...], heavy: set[str]) -> None:
    """Every module of these floors is imported in a fresh interpreter."""
    rooms = {room for floor in floors for room in floor}
    parts = [file.relative_to(ROOT).with_suffix("").parts for file in (ROOT / "edgevoice").rglob("*.py")]
    modules = sorted(".".join(p) for p in parts if p[1] in rooms and p[-1] != "__init__")
    assert modules
    script = f"import sys, importlib\nfor m in {modules}: importlib.import_module(m)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert heavy & set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    ("file", "line", "problem"),
    [
        ("asr/fast.py", "from edgevoice.nlu import templates", "may not import 'nlu'"),
        ("asr/fast.py", "from edgevoice.vad.silero import load", "may not import 'vad'"),
        ("home/model.py", "import edgevoice.skills.timers", "may not import 'skills'"),
        ("home/model.py", "def f():\n    from edgevoice import assistant", "may not import 'assistant'"),
        ("home/model.py", "from ..nlu import cascade", "may not import 'nlu'"),
        ("nlu/cascade.py", "from edgevoice.llm import gguf", "may not import 'llm'"),
        ("turn.py", "import onnxruntime as ort", "onnxruntime is imported outside"),
        ("messages.py", "from edgevoice import config", "may not import 'config'"),
        ("attic/box.py", "", "'attic' has no floor"),
        ("asr/fast.py", "import onnxruntime\nfrom edgevoice.stages import Asr\nfrom edgevoice.asr import tokens", ""),
        ("cli.py", "from edgevoice import __version__, demo\nfrom edgevoice.audio.mic import Mic", ""),
    ],
)
def test_floor_rule_sees(tmp_path: Path, file: str, line: str, problem: str) -> None:
    path = tmp_path / "edgevoice" / file
    path.parent.mkdir(parents=True)
    path.write_text(line)
    found = floor_problems(tmp_path)
    assert (len(found) == 1 and problem in found[0]) if problem else found == []


def test_size_rule_sees(tmp_path: Path) -> None:
    arguments = ", ".join(f"a{i}" for i in range(ARGUMENTS + 1))
    lines = ["class A:", f"    def __init__(self, {arguments}):", *["        pass"] * FILE_LINES]
    (tmp_path / "big.py").write_text("\n".join(lines))
    assert len(size_problems(tmp_path / "big.py")) == 3
