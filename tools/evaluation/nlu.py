"""Suite `nlu`: a sentence in a home to an intent, its slots and the devices it means."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgevoice.errors import StageError
from edgevoice.home import targets
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent
from edgevoice.nlu import cascade, meaning
from edgevoice.nlu.context import Context
from edgevoice.stages import Llm
from evaluation import homes, labels
from evaluation.common import Options, Report, Row, latency, progress
from evaluation.perturb import perturbed

NOTHING = Intent("")
_TOLD_BY_NAME = ("domain", "device_class")


def run(rows: list[Row], options: Options) -> Report:
    """Rows with a `home` are right when intent and slots are those of the label; the others (SLURP, NLU-Evaluation)
    by the table in `labels`, in the home `slurp`, where only the labels of that table count.
    """
    if options.perturb is not None:
        rows = perturbed(rows, options.perturb)
    places = Places(options)
    predictions: list[dict[str, Any]] = []
    scored: list[tuple[str, bool]] = []
    for row in progress(rows, "nlu"):
        place = places.of(row)
        intents, ms = place.understand(row.need("text", str))
        first = intents[0] if intents else NOTHING
        devices = [device.id for device in meant(place.home, first, place.context)]
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
            scored.append((str(row.data.get("slip") or label), len(intents) == 1 and same(first, row)))
        elif label in labels.RULES:
            scored.append((label, labels.right(label, first, devices, place.home)))
    return _report(scored, predictions)


@dataclass(frozen=True, slots=True)
class Place:
    """A home, what listens in it, and where the microphone stands."""

    home: Home
    listener: cascade.Cascade
    context: Context

    def understand(self, text: str) -> tuple[tuple[Intent, ...], float]:
        """(what was understood, milliseconds)."""
        begun = time.perf_counter()
        try:
            intents = self.listener.understand(text, self.context)
        except StageError:  # a language model past its deadline, as in a turn
            intents = ()
        return intents, (time.perf_counter() - begun) * 1000


class Places:
    """The homes of the rows, each loaded once."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._llm: Llm | None = options.engine("llm") if options.settings.llm.engine else None
        self._embed = options.embed()
        self._known: dict[tuple[Path, str], Place] = {}

    def of(self, row: Row) -> Place:
        """Where a row is said: its home, with what `home_local` adds to it, and the area of its context."""
        path = self._options.home_file(row, str(row.data.get("home") or "slurp"))
        language = str(row.data.get("lang") or self._options.settings.nlu.language)
        local: Mapping[str, Any] = row.data.get("home_local") or {}
        area = (row.data.get("context") or {}).get("area")
        if local:
            place = self._load(path, language, local)
        else:
            if (path, language) not in self._known:
                self._known[path, language] = self._load(path, language, {})
            place = self._known[path, language]
        if area is None:
            return place
        known = targets.find_areas(place.home, area)
        if not known:  # a home in another language leaves the microphone's area out
            place = self._load(
                path,
                language,
                {**local, "areas": [*(local.get("areas") or ()), {"name": area, "id": f"as said: {area}"}]},
            )
            known = targets.find_areas(place.home, area)
        return replace(place, context=Context(known[0].id if known else None))

    def _load(self, path: Path, language: str, local: Mapping[str, Any]) -> Place:
        home = homes.load(path)
        homes.add(home, local)
        settings = replace(self._options.settings.nlu, language=language)
        return Place(
            home, cascade.load(home, settings, self._llm, embed=self._embed), Context(homes.microphone_area(path))
        )


def meant(home: Home, intent: Intent, context: Context) -> tuple[Device, ...]:
    """The devices an intent means: those it is resolved to already, else all that its slots fit."""
    if intent.targets:
        return tuple(home.devices[one] for one in intent.targets)
    return meaning.devices(home, intent.name, intent.slots, context.area)


def same(intent: Intent, row: Row) -> bool:
    """Every labelled slot is there and equal. A slot beyond them is wrong, but for the domain that a sentence such as
    "are any fans on" implies: some of the labels leave it out. A labelled name `all` is no name, and what has a name need
    not be told from others by its domain and device class.
    """
    wanted = {name: value for name, value in row.need("slots", dict).items() if (name, value) != ("name", "all")}
    if "name" in wanted:
        wanted = {key: value for key, value in wanted.items() if key not in _TOLD_BY_NAME or key in intent.slots}
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
