"""The home and an explanation as the page shows them: JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgevoice.home.capabilities import number
from edgevoice.home.model import UNKNOWN, Device, Home, State
from edgevoice.nlu.explanation import Candidate, Explanation
from edgevoice.service.web.turns import intent_told

_PERCENT_OF_255 = 2.55
_STATELESS = frozenset({"scene", "script", "button"})


def home(home: Home) -> Mapping[str, Any]:
    """All that is exposed, with its state, and where it is."""
    floors = {floor.id: floor.name for floor in home.floors.values()}
    return {
        "areas": [
            {"id": area.id, "name": area.name, "floor": floors.get(area.floor or "", "")}
            for area in home.areas.values()
        ],
        "devices": [
            {
                "id": one.id,
                "name": one.name,
                "domain": one.domain,
                "area": one.area or "",
                "kind": one.device_class or "",
                "aliases": list(one.aliases),
                **state(one, home.state(one.id)),
            }
            for one in home.exposed()
        ],
    }


def state(device: Device, now: State = UNKNOWN) -> Mapping[str, Any]:
    """Its state in words, and whether it is on, open, unlocked or playing: what a person looks for."""
    unit = f" {device.unit}" if device.unit and number(now.value) is not None else ""
    has_none = device.domain in _STATELESS and now.value == UNKNOWN.value
    words = ["–" if has_none else now.value.replace("_", " ") + unit, *_details(now)]
    active = now.value in ("on", "open", "opening", "unlocked", "playing", "heat", "cool", "auto", "cleaning", "mowing")
    return {
        "state": " · ".join(words),
        "active": active,
        "known": has_none or now.value not in ("unknown", "unavailable"),
    }


def _details(now: State) -> list[str]:
    told = now.attributes
    found = []
    if now.value == "on" and isinstance(brightness := told.get("brightness"), (int, float)):
        found.append(f"{round(brightness / _PERCENT_OF_255)} %")
    if isinstance(position := told.get("current_position"), (int, float)) and 0 < position < 100:
        found.append(f"{position:g} %")
    if isinstance(is_now := told.get("current_temperature"), (int, float)):
        found.append(f"{is_now:g}°")
    if now.value != "off" and isinstance(wanted := told.get("temperature"), (int, float)):
        found.append(f"set to {wanted:g}°")
    if now.value == "on" and isinstance(speed := told.get("percentage"), (int, float)):
        found.append(f"{speed:g} %")
    if now.value in ("playing", "paused", "on") and isinstance(volume := told.get("volume_level"), (int, float)):
        found.append(f"volume {round(100 * volume)} %")
    return found


def explained(one: Explanation) -> Mapping[str, Any]:
    return {
        "words": one.words,
        "decided": one.decided,
        "intents": [intent_told(intent) for intent in one.intents],
        "layers": [
            {
                "name": layer.name,
                "ms": round(layer.ms, 1),
                "note": layer.note,
                "scores": {name: round(score, 3) for name, score in layer.scores.items()},
                "candidates": [_candidate(candidate) for candidate in layer.candidates],
            }
            for layer in one.layers
        ],
    }


def _candidate(one: Candidate) -> Mapping[str, Any]:
    return {
        "by": one.by,
        "is_enough": one.is_enough,
        "note": one.note,
        "confidence": round(one.confidence, 3),
        "intents": [intent_told(intent) for intent in one.intents],
    }
