"""The benches' homes: a JSON file of Home Assistant's test fixtures into `home.model.Home` with its states.

Two formats are read: floors, areas and entities at the top (Home Assistant's intents), and the same under
`_fixtures.yaml` (home-assistant-datasets, whose entities carry the raw attributes of its synthetic devices).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hassil import is_template, parse_sentence, sample_expression

from edgevoice.home.capabilities import capabilities_of
from edgevoice.home.model import Area, Device, Floor, Home, State
from edgevoice.messages import Value

Json = Mapping[str, Any]

_STATE_WORDS: Mapping[str, tuple[str, str]] = {
    "cover": ("open", "closed"),
    "valve": ("open", "closed"),
    "lock": ("locked", "unlocked"),
}
_RENAMED = {
    "native_unit_of_measurement": "unit_of_measurement",
    "target_temperature": "temperature",
    "current_cover_position": "current_position",
    "current_valve_position": "current_position",
    "native_temperature": "temperature",
    "native_temperature_unit": "temperature_unit",
    "todo_items": "items",
}


def load(path: Path) -> Home:
    """The home of one file. Raises ValueError where the file is no such home."""
    data = json.loads(path.read_text("utf-8"))
    fixtures = data.get("_fixtures.yaml", data)
    home = Home(language=str(fixtures.get("language") or "en"))
    add(home, fixtures)
    return home


def microphone_area(path: Path) -> str | None:
    """Id of the area where the file says the microphone stands."""
    found = json.loads(path.read_text("utf-8")).get("microphone_area")
    return str(found) if found else None


def add(home: Home, fixtures: Json) -> None:
    """Adds floors, areas and entities; one with a name or id that is there already replaces it.

    A row's own additions name their areas and floors; a home's fixtures give ids.
    """
    for floor in fixtures.get("floors") or ():
        name, *aliases = _names(floor["name"])
        key = str(floor.get("id") or _known(home.floors.values(), name) or _slug(name))
        home.floors[key] = Floor(key, name, tuple(aliases))
    for area in fixtures.get("areas") or ():
        name, *aliases = _names(area["name"])
        key = str(area.get("id") or _known(home.areas.values(), name) or _slug(name))
        old = home.areas.get(key)
        if area.get("floor") and _known(home.floors.values(), area["floor"]) is None:
            add(home, {"floors": [{"name": area["floor"]}]})
        on = _known(home.floors.values(), area.get("floor")) or (old.floor if old else None)
        home.put_area(Area(key, name, on, tuple(aliases)))
    for entity in fixtures.get("entities") or ():
        device = _device(home, entity)
        home.put(device)
        home.update(device.id, _state(device, entity))


def update(home: Home, states: Json) -> None:
    """Puts devices into the states that a row sets up: `{entity id: {state?, attributes?}}`. Raises KeyError."""
    for key, told in states.items():
        device, held = home.devices[key], home.state(key)
        given = _attributes(device.domain, told)
        fallback = given.get("native_value", given.get("condition", held.value))
        state = _state(device, {"state": told.get("state", fallback), "attributes": {}})
        attributes = {**held.attributes, **given}
        home.update(key, State(state.value, attributes))
        home.put(replace(device, capabilities=capabilities_of(device.domain, device.device_class, attributes)))


def _device(home: Home, entity: Json) -> Device:
    name, *aliases = _names(entity["name"])
    key = str(entity.get("id") or f"{entity['domain']}.{_slug(name)}")
    domain = key.partition(".")[0]
    attributes = _attributes(domain, entity)
    return Device(
        key,
        name,
        domain,
        area=_known(home.areas.values(), entity.get("area")),
        aliases=(*aliases, *entity.get("aliases", ())),
        device_class=_text(attributes.get("device_class")),
        unit=_text(attributes.get("unit_of_measurement")),
        capabilities=capabilities_of(domain, _text(attributes.get("device_class")), attributes),
        exposed=bool(entity.get("is_exposed", True)),
        origin="fixtures",
    )


def _state(device: Device, entity: Json) -> State:
    attributes = _attributes(device.domain, entity)
    state = entity.get("state")
    if isinstance(state, Mapping):
        state = state.get("out")
    if state is None:
        state = attributes.get("native_value", attributes.get("hvac_mode"))
    if isinstance(state, bool):
        on, off = _STATE_WORDS.get(device.domain, ("on", "off"))
        state = on if state else off
    if state is None and "brightness" in attributes:
        state = "on"
    return State("unknown" if state is None else str(state), attributes)


def _attributes(domain: str, entity: Json) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in (entity.get("attributes") or {}).items():
        name = _RENAMED.get(name, name)
        if name == "position" and domain in ("cover", "valve"):
            name, value = "current_position", int(value)
        if name == "volume_level":
            value = float(value) / (100 if float(value) > 1 else 1)
        found[name] = (
            tuple(_plain(one) for one in value if not _is_done(one)) if isinstance(value, list) else _plain(value)
        )
    return found


def _plain(value: Any) -> Any:
    """`fan.FanEntityFeature.SET_SPEED` is `set_speed`, an open item of a list its text; everything else is itself."""
    if isinstance(value, Mapping):
        return value.get("summary")
    if isinstance(value, str) and (".Fan" in value or "Feature." in value or "Class." in value):
        return value.rpartition(".")[2].lower()
    return value


def _is_done(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("status") == "completed"


def _names(template: str) -> list[str]:
    """A name in which Home Assistant's tests wrote `Trader Joe[']s`, in all its forms; the first is its name."""
    if not is_template(template):
        return [template.strip()]
    return list(dict.fromkeys(text.strip() for text in sample_expression(parse_sentence(template).expression)))


def _known(things: Iterable[Area] | Iterable[Floor], wanted: str | None) -> str | None:
    """Id of the area or floor with this id or name."""
    folded = (wanted or "").strip().casefold()
    return next((one.id for one in things if folded in (one.id.casefold(), one.name.casefold())), None)


def _text(value: Value) -> str | None:
    return str(value) if value is not None else None


def _slug(name: str) -> str:
    return name.strip().casefold().replace(" ", "_")
