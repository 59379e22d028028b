"""Which devices the slots of an intent mean."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import home_assistant_intents

from edgevoice.home import targets
from edgevoice.home.model import Device, Home
from edgevoice.messages import Value

_PLACE_IS_NO_FILTER = frozenset({"HassVacuumCleanArea"})
_ANY_DOMAIN = frozenset({"HassTurnOn", "HassTurnOff", "HassGetState", "HassSetPosition", "HassToggle"})
_KINDS = ("name", "area", "floor", "domain", "device_class")


def devices(home: Home, intent: str, slots: Mapping[str, Value], mic_area: str | None = None) -> tuple[Device, ...]:
    """The devices that fit; empty where none does, and for an intent that is about none."""
    if not is_about_devices(intent, slots):
        return ()
    place = () if intent in _PLACE_IS_NO_FILTER else ("area", "floor")
    wanted = {key: slots.get(key) for key in ("name", "device_class", *place)}
    return targets.match(home, **wanted, domain=slots.get("domain") or domain_of(intent), mic_area=mic_area)


def is_about_devices(intent: str, slots: Mapping[str, Value]) -> bool:
    """False for a timer or a greeting, and for "turn on" without anything to go by; "pause" means every media player."""
    if domain_of(intent) is not None:
        return True
    return intent in _ANY_DOMAIN and any(slots.get(kind) is not None for kind in _KINDS)


def domain_of(intent: str) -> str | None:
    """The domain of devices that an intent is about by its nature: `light` for `HassLightSet`."""
    return _domains().get(intent)


@lru_cache(maxsize=1)
def _domains() -> Mapping[str, str]:
    known = home_assistant_intents.get_intent_info() or {}
    none = ("homeassistant", "assist_satellite", "shopping_list", "todo")
    return {name: info["domain"] for name, info in known.items() if info.get("domain") not in (*none, None)}
