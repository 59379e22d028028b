#!/usr/bin/env python3
"""Makes an int8 model for the engine `whisper` of any Whisper checkpoint, measured before and after.

Exports with optimum, makes the weights int8 with onnxruntime, measures word errors, speed and memory of both forms on
your recordings, and puts the int8 form into the model store with its hashes, unless it is worse than --max-loss.
Exit status: 0 done, 1 refused, 2 bad input.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from edgevoice import model_manifest
from edgevoice.errors import EdgeVoiceError
from edgevoice.model_store import Store, default_root
from evaluation.common import InputError, Row, show
from quantizing import checkpoint, measure
from quantizing.checkpoint import Checkpoint, CheckpointError
from quantizing.measure import Figures, Refused

_EPILOG = """
A CHECKPOINT is one of
  a folder of transformers   config.json, *.safetensors, tokenizer.json or vocab.json, as the model hub has it
  OpenAI's FILE.pt           with gpt2.tiktoken or multilingual.tiktoken beside it, or named with --vocabulary
  a model of the store       such as whisper-tiny-en-float, which `edgevoice models pull` fetches

A MANIFEST holds one JSON object a line, {"id": ..., "audio": path relative to the manifest, "text": what is said}. A
hundred short recordings of what you say at home tell more than any public set.

  pip install '.[quantize]'
  edgevoice models pull whisper-tiny-en-float
  python tools/quantize.py whisper-tiny-en-float recordings.jsonl --name whisper-tiny-en
  python tools/quantize.py ~/checkpoints/whisper-small recordings.jsonl --name whisper-small-de --language de

and then, in the settings: asr: {engine: whisper, model: whisper-tiny-en}. `edgevoice models export` and `import` carry
the model to a board, which needs none of this. On a machine without a GPU take PyTorch's CPU build first: the default
one brings 4 GB of CUDA libraries that are not used.
"""
_NEEDED = {"torch": "torch", "transformers": "transformers", "optimum.exporters": "optimum", "onnx": "onnx"}
_SPACE = 8
"""Times the float weights: the exporter's three graphs, the two made of them, and their int8 forms."""


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="quantize.py", description=__doc__, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("checkpoint", metavar="CHECKPOINT", help="folder, .pt file, or name of a model in the store")
    add("manifest", type=Path, metavar="MANIFEST", help="JSON-lines file of recordings to measure on")
    add("--name", required=True, metavar="MODEL", help="what the model is called in the store, such as whisper-tiny-en")
    add("--max-loss", type=float, default=0.01, metavar="SHARE",
        help="refuse more than this many more errors a word (default: 0.01)")  # fmt: skip
    add("--static", action="store_true",
        help="also try the encoder's convolutions with fixed ranges; kept where they help")  # fmt: skip
    add(
        "--language",
        default="en",
        metavar="CODE",
        help="what is spoken: the model is told, and rows of another `lang` are not counted (default: en)",
    )
    add(
        "--vocabulary", type=Path, metavar="FILE", help="OpenAI's .tiktoken file (default: the one beside the .pt file)"
    )
    add("--limit", type=int, metavar="N", help="measure on N rows, evenly spread")
    add("--licence", default="MIT", help="of the checkpoint, for the manifest (default: MIT, OpenAI's)")
    add("--publisher", default="OpenAI", help="of the checkpoint, for the manifest (default: OpenAI)")
    add("--store", type=Path, metavar="DIR", help="the model store (default: the user's)")
    add("--work", type=Path, metavar="DIR", help="where intermediate files are made (default: a temporary folder)")
    add("--dry-run", action="store_true", help="check everything, tell what would be done, write nothing")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if argv is None else argv)
    args = arguments().parse_args(given)
    try:
        with tempfile.TemporaryDirectory(prefix="quantize-", dir=args.work) as work:
            return _run(args, Path(work), "tools/quantize.py " + shlex.join(given))
    except Refused as error:
        print(f"quantize.py: refused: {error}", file=sys.stderr)
        return 1
    except (InputError, CheckpointError, EdgeVoiceError, OSError) as error:
        print(f"quantize.py: {error}", file=sys.stderr)
        return 2


def _run(args: argparse.Namespace, work: Path, command: str) -> int:
    root: Path = args.store or default_root()
    rows = measure.rows(args.manifest)
    found = checkpoint.find(_place(args.checkpoint, root), args.vocabulary, work / "checkpoint")
    _check(args, root, found, work)
    if args.dry_run:
        count = min(len(rows), args.limit or len(rows))
        print(
            f"{found.weights or found.folder} -> {root / args.name}, measured on {count} recordings, in {work.parent}"
        )
        return 0
    forms = _build(found, work, args, rows)
    told = {form: measure.measure(work, form, args.manifest, args.language, args.limit) for form in forms}
    print(show(table(told)), end="\n\n")
    chosen = "static" if "static" in told and measure.better(told["int8"], told["static"]) else "int8"
    measure.judge(told["float"], told[chosen], args.max_loss)
    model = measure.entry(args.name, work / chosen, told[chosen].ram_mb, command, args.licence, args.publisher)
    _keep(work / chosen, root, model)
    print(model_manifest.text([model]))
    print(json.dumps({"model": args.name, "form": chosen, **{form: asdict(one) for form, one in told.items()}}))
    return 0


def _place(given: str, root: Path) -> Path:
    """A path, or the folder of a model in the store."""
    path = Path(given).expanduser()
    store = Store(root)
    return store.folder(given) if not path.exists() and given in store.manifest else path


def _check(args: argparse.Namespace, root: Path, found: Checkpoint, work: Path) -> None:
    """Raises for what would end the work half way: a missing package, a taken name, a full disk."""
    missing = [package for module, package in _NEEDED.items() if not _is_there(module)]
    if missing:
        raise InputError(f"{', '.join(missing)} is not installed. Run: pip install '.[quantize]'")
    if not model_manifest.NAME.fullmatch(args.name):
        raise InputError(f"--name {args.name}: use lower-case letters, digits, '.', '-' and '_'")
    if args.name in model_manifest.manifest():
        raise InputError(f"--name {args.name}: the package's manifest has a model of this name")
    for place, size in (
        (work, _SPACE * found.size),
        (next(p for p in (root, *root.parents) if p.exists()), found.size // 2),
    ):
        free = shutil.disk_usage(place).free
        if free < size:
            raise InputError(f"{place}: {free >> 20} MB free, {size >> 20} MB needed. --work and --store name others")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _build(found: Checkpoint, work: Path, args: argparse.Namespace, rows: Sequence[Row]) -> list[str]:
    """Makes the forms `float`, `int8` and, where wanted, `static` in `work`, a store of its own. Returns their names."""
    from quantizing import graphs

    logging.disable(logging.WARNING)  # the exporter's, about its own versions
    forms = ["float", "int8", *(["static"] if args.static else [])]
    for name in ("exported", *forms):
        (work / name).mkdir()
    with tqdm(total=3 + len(forms), unit="step") as bar:
        bar.set_description("checkpoint")
        if found.weights is not None:
            checkpoint.convert(found)
        words = checkpoint.vocabulary(found.folder)
        notes = words.notes(args.language)
        bar.update()
        bar.set_description("export")
        graphs.export(found.folder, work / "exported")
        bar.update()
        bar.set_description("rebuild")
        graphs.rebuild(work / "exported", work / "float", notes)
        shutil.rmtree(work / "exported")
        bar.update()
        for form in forms:
            bar.set_description(form)
            if form != "float":
                ranges = measure.features(rows, graphs.bins(work / "float")) if form == "static" else None
                graphs.quantise(work / "float", work / form, ranges)
            (work / form / "tokenizer.bin").write_bytes(words.file())
            bar.update()
    for form in forms:
        model_manifest.put(work, measure.entry(form, work / form, 0, "here", "-", "-"))
    return forms


def table(told: dict[str, Figures]) -> list[list[str]]:
    lines = [["form", "word errors", "exact", "CPU s / s", "real-time factor", "memory MB", "files MB"]]
    for form, one in told.items():
        figures = (f"{one.wer:.2%}", f"{one.exact_rate:.1%}", f"{one.cpu_per_second:.4f}", f"{one.rtf:.4f}")
        lines.append([form, *figures, str(one.ram_mb), f"{one.size / 1e6:.1f}"])
    return lines


def _keep(folder: Path, root: Path, model: model_manifest.Model) -> None:
    """Puts the files into the store, whole or not at all, and then the row."""
    root.mkdir(parents=True, exist_ok=True)
    target, partial = root / model.name, root / f".{model.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(folder, partial)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    model_manifest.put(root, model)


if __name__ == "__main__":
    sys.exit(main())
