"""Suite `nlu`: a sentence in a home to an intent, its slots and the devices it means."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from edgevoice.config import NluSettings
from edgevoice.home import targets
from edgevoice.home.model import Home
from edgevoice.messages import Intent
from edgevoice.nlu import cascade
from edgevoice.nlu.context import Context
from edgevoice.stages import Llm
from evaluation import homes, labels
from evaluation.common import Options, Report, Row, latency, progress

NOTHING = Intent("")


def run(rows: list[Row], options: Options) -> Report:
    """Rows with a `home` are right when intent and slots are those of the label; the others (SLURP, NLU-Evaluation)
    by the table in `labels`, in the home `slurp`, where only the labels of that table count.
    """
    listener = Understanding(options)
    predictions: list[dict[str, Any]] = []
    scored: list[tuple[str, bool]] = []
    for row in progress(rows, "nlu"):
        home, context = listener.place(row)
        intents, ms = listener.understand(row, home, context)
        first = intents[0] if intents else NOTHING
        devices = [device.id for device in meant(home, first, context)]
        predictions.append(
            {
                "id": row.id,
                "intent": first.name or None,
                "slots": dict(first.slots),
                "entities": devices,
                "layer": first.source or None,
                "confidence": first.confidence if first.name else 0.0,
                "ms": round(ms, 3),
            }
        )
        label = row.need("intent", str)
        if "home" in row.data:
            scored.append((label, len(intents) == 1 and same(first, row)))
        elif label in labels.RULES:
            scored.append((label, labels.right(label, first, devices, home)))
    return _report(scored, predictions)


class Understanding:
    """The cascade in the homes of the rows."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._llm: Llm | None = options.engine("llm") if options.settings.llm.engine else None

    def place(self, row: Row) -> tuple[Home, Context]:
        """The row's home, with what `home_local` adds to it, and where the microphone stands in it."""
        path = self._options.home_file(row, str(row.data.get("home") or "slurp"))
        local: Mapping[str, Any] = row.data.get("home_local") or {}
        if local:
            home = homes.load(path)
            homes.add(home, local)
        else:
            home = _home(path)
        area = (row.data.get("context") or {}).get("area")
        known = targets.find_areas(home, area) if area else ()
        return home, Context(area=known[0].id if known else None if "home" in row.data else homes.microphone_area(path))

    def understand(self, row: Row, home: Home, context: Context) -> tuple[tuple[Intent, ...], float]:
        """(what was understood, milliseconds)."""
        settings = self._options.settings.nlu
        language = str(row.data.get("lang") or settings.language)
        listener = _cascade(home, replace(settings, language=language), self._llm)
        begun = time.perf_counter()
        intents = listener.understand(str(row.data["text"]), context)
        return intents, (time.perf_counter() - begun) * 1000


def meant(home: Home, intent: Intent, context: Context) -> tuple[Any, ...]:
    """The devices an intent means: those it is resolved to already, else all that its slots fit."""
    if intent.targets:
        return tuple(home.devices[one] for one in intent.targets)
    keys = ("name", "area", "floor", "domain", "device_class")
    slots = {key: intent.slots[key] for key in keys if key in intent.slots}
    if not intent.name.startswith("Hass") or not slots or intent.name.endswith("Timer"):
        return ()
    return targets.match(home, **slots, mic_area=context.area)  # type: ignore[arg-type]


def same(intent: Intent, row: Row) -> bool:
    """Every labelled slot is there and equal. A slot beyond them is wrong, but for the domain that a sentence such as
    "are any fans on" implies: some of the labels leave it out.
    """
    wanted = row.need("slots", dict)
    if intent.name != row.data["intent"] or not set(intent.slots) <= {*wanted, "domain"}:
        return False
    return all(name in intent.slots and _equal(intent.slots[name], value) for name, value in wanted.items())


def _equal(found: Any, wanted: Any) -> bool:
    if isinstance(found, tuple):
        return any(_equal(one, wanted) for one in found)
    if isinstance(wanted, list):
        return any(_equal(found, one) for one in wanted)
    if isinstance(wanted, str) and isinstance(found, str):
        return found.strip().casefold() == wanted.strip().casefold()
    return bool(found == wanted)


@lru_cache(maxsize=64)
def _home(path: Path) -> Home:
    return homes.load(path)


@lru_cache(maxsize=64)
def _cascade(home: Home, settings: NluSettings, llm: Llm | None) -> cascade.Cascade:
    return cascade.load(home, settings, llm)


def _report(scored: list[tuple[str, bool]], predictions: list[dict[str, Any]]) -> Report:
    right = sum(ok for _, ok in scored)
    layers = Counter(str(one["layer"]) for one in predictions)
    total = Counter(label for label, _ in scored)
    hits = Counter(label for label, ok in scored if ok)
    table = [("intent", "rows", "right"), *((label, str(n), str(hits[label])) for label, n in sorted(total.items()))]
    return Report(
        score=round(right / len(scored), 5) if scored else None,
        figures={
            **latency([one["ms"] for one in predictions]),
            **{f"layer_{name.casefold()}": count for name, count in sorted(layers.items())},
        },
        predictions=predictions,
        table=table,
        n=len(scored),
    )
