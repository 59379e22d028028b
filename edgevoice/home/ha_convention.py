"""Components that Home Assistant has no MQTT form of, announced in the same way.

| component      | `state_topic` (JSON)                                                  | `command_topic` (JSON, one key)            |
|----------------|-----------------------------------------------------------------------|--------------------------------------------|
| `media_player` | `state`, `volume_level` 0-1, `is_volume_muted`, `source`, `media_title` | `state` ON/OFF, `playback`, `volume_level`, `is_volume_muted`, `source`, `media` |
| `todo`         | `items`, `completed_items`: lists of texts                            | `add`, `complete`, `remove`: a text        |
"""

from __future__ import annotations

from collections.abc import Callable

from edgevoice.home.capabilities import PLAYBACK, number, texts
from edgevoice.home.ha_discovery import Config
from edgevoice.home.ha_parts import (
    STATE,
    STATE_LIMIT,
    Found,
    Parts,
    Writer,
    dumped,
    is_true,
    json_object,
    percent_of,
    sender,
)
from edgevoice.home.ha_templates import Payload
from edgevoice.home.names import clean
from edgevoice.messages import Value

_ITEMS_LIMIT = 500


def media_player(config: Config) -> Parts:
    parts = Parts()
    parts.bound(config, source_list="source_list")
    parts.read(config, "state_topic", "value_template", _media_state)
    send = sender(config, "command_topic")
    if not send:
        return parts

    def write(key: str, make: Callable[[Value], object]) -> Writer:
        return lambda value, _state: send(dumped({key: make(value)}))

    parts.writers["on"] = write("state", lambda value: "ON" if is_true(value) else "OFF")
    parts.writers["volume"] = write("volume_level", lambda value: round(percent_of(value) / 100, 2))
    parts.writers["muted"] = write("is_volume_muted", is_true)
    parts.writers["playback"] = write("playback", lambda value: value if value in PLAYBACK else "play")
    parts.writers["media"] = write("media", str)
    if parts.attributes.get("source_list"):
        parts.writers["source"] = write("source", str)
    return parts


def _media_state(payload: Payload) -> Found:
    told = json_object(payload)
    found: dict[str, Value] = {}
    if isinstance(told.get("state"), str):
        found[STATE] = clean(told["state"], STATE_LIMIT).lower()
    level = number(told.get("volume_level"))
    if level is not None:
        found["volume_level"] = max(0.0, min(1.0, level))
    if isinstance(told.get("is_volume_muted"), bool):
        found["is_volume_muted"] = told["is_volume_muted"]
    for key in ("source", "media_title", "media_artist"):
        if isinstance(told.get(key), str):
            found[key] = clean(told[key], STATE_LIMIT)
    return found


def todo(config: Config) -> Parts:
    parts = Parts()
    parts.read(config, "state_topic", "value_template", _todo_state)
    send = sender(config, "command_topic")
    if not send:
        return parts

    def write(key: str) -> Writer:
        return lambda value, _state: send(dumped({key: clean(str(value), STATE_LIMIT)}))

    for capability, key in (("add_item", "add"), ("complete_item", "complete"), ("remove_item", "remove")):
        parts.writers[capability] = write(key)
    return parts


def _todo_state(payload: Payload) -> Found:
    told = json_object(payload)
    found: dict[str, Value] = {}
    for key in ("items", "completed_items"):
        if isinstance(told.get(key), list):
            found[key] = tuple(clean(item, STATE_LIMIT) for item in texts(told[key])[:_ITEMS_LIMIT])
    items = found.get("items")
    return {**found, STATE: str(len(items))} if isinstance(items, tuple) else found
