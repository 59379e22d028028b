"""`models`: list, pull, verify, export, import."""

from __future__ import annotations

import argparse
import json
import sys

from edgevoice import assembly
from edgevoice.commands import options as opts
from edgevoice.commands.show import as_json
from edgevoice.errors import ModelError
from edgevoice.model_store import Store


def list_(options: argparse.Namespace) -> None:
    stored = Store().list()
    if options.json:
        print(json.dumps(as_json(stored), ensure_ascii=False))
        return
    print(f"{'':10}{'model':<30}{'stage':<7}{'size':>9}  licence")
    for item in stored:
        model = item.model
        print(f"{item.state:<10}{model.name:<30}{model.stage:<7}{model.size / 1e6:>6.0f} MB  {model.licence}")
        if model.note:
            print(f"{'':10}{model.note}")


def pull(options: argparse.Namespace) -> None:
    store, names = Store(), _names(options)
    missing = store.missing(names)
    for name in missing:
        if note := store.model(name).note:
            print(f"{name}: {note}", file=sys.stderr)
    store.pull_many(missing, progress=sys.stderr.isatty() or not options.json)
    _told(options, [(name, "pulled" if name in missing else "already here") for name in names])


def verify(options: argparse.Namespace) -> int:
    store, results, failed = Store(), [], False
    for name in _names(options):
        try:
            store.verify(name)
            results.append((name, "ok"))
        except ModelError as error:
            failed = True
            results.append((name, str(error)))
    _told(options, results)
    return int(failed)


def export(options: argparse.Namespace) -> None:
    names = _names(options)
    Store().export(names, options.archive)
    _told(options, [(name, f"packed into {options.archive}") for name in names])


def import_(options: argparse.Namespace) -> None:
    for name in Store().import_(options.archive):
        print(f"{name}: imported and verified")


def _names(options: argparse.Namespace) -> tuple[str, ...]:
    if options.names:
        return tuple(dict.fromkeys(options.names))
    names = assembly.models_of(opts.settings(options))
    if not names:
        raise ModelError("these settings name no models. `edgevoice models list` shows what there is")
    return names


def _told(options: argparse.Namespace, results: list[tuple[str, str]]) -> None:
    if options.json:
        print(json.dumps([{"model": name, "result": result} for name, result in results], ensure_ascii=False))
        return
    for name, result in results:
        print(f"{name}: {result}")
