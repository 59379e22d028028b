"""How the assistant announces itself: one Home Assistant discovery document for the device, with its components."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edgevoice import __version__
from edgevoice.home.names import slug
from edgevoice.messages import Message

STATES = ("idle", "listening", "thinking", "speaking")
STAGES = ("endpoint", "asr", "nlu", "sent", "confirmed", "first_audio", "turn")
"""What latencies are told of, in milliseconds: `messages.Timing`'s stages, and the wait for the end of speech."""
_COUNTED = {"state_class": "total_increasing"}
_MEASURED = {"state_class": "measurement"}
_FIGURES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "health": ("Health", {}),
    "troubles": ("Troubles", {}),
    "turns": ("Turns", _COUNTED),
    "failed": ("Turns failed", _COUNTED),
    "not_understood": ("Turns not understood", _COUNTED),
    "unconfirmed": ("Commands not confirmed", _COUNTED),
    "lost": ("Dropped", _COUNTED),
    "queue": ("Waiting", _MEASURED),
    "rss_mb": ("Memory", {"unit_of_measurement": "MB", "device_class": "data_size", **_MEASURED}),
    "temperature": ("Board temperature", {"unit_of_measurement": "°C", "device_class": "temperature", **_MEASURED}),
}
_HOME_ASSISTANTS_LIMIT = 255  # characters of a state


def topic(client_id: str, prefix: str) -> str:
    return f"{prefix}/device/{_id(client_id)}/config"


def message(client_id: str, prefix: str, has_words: bool, has_volume: bool) -> Message:
    """The retained document. `has_words`: what was heard and answered is told; `has_volume`: the voice has one."""
    parts = _sensors(has_words) | _controls(has_volume)
    device = _id(client_id)
    document = {
        "device": {
            "identifiers": [device],
            "name": "EdgeVoice" if client_id == "edgevoice" else f"EdgeVoice {client_id}",
            "manufacturer": "EdgeVoice",
            "model": "voice assistant",
            "sw_version": __version__,
        },
        "origin": {"name": "EdgeVoice", "sw_version": __version__},
        "~": f"edgevoice/{client_id}",
        "availability_topic": "~/availability",
        "components": {
            # A category keeps them out of what voice assistants, this one included, may be told to switch.
            key: {
                "unique_id": f"{device}_{key}",
                "object_id": f"{device}_{key}",
                "entity_category": "diagnostic",
                **part,
            }
            for key, part in parts.items()
        },
    }
    return Message(topic(client_id, prefix), json.dumps(_expanded(document)).encode(), retain=True)


def _id(client_id: str) -> str:
    return slug(client_id) if client_id.startswith("edgevoice") else f"edgevoice_{slug(client_id)}"


def _sensors(has_words: bool) -> dict[str, dict[str, Any]]:
    cut = f"{{{{ value[:{_HOME_ASSISTANTS_LIMIT}] }}}}"
    found: dict[str, dict[str, Any]] = {
        "state": {"p": "sensor", "name": "State", "state_topic": "~/state", "device_class": "enum", "options": STATES},
        "intent": {
            "p": "sensor",
            "name": "Last intent",
            "state_topic": "~/intent",
            "value_template": "{{ value_json.intents[0].name if value_json.intents else 'none' }}",
            "json_attributes_topic": "~/intent",
        },
        "wakes": {
            "p": "sensor",
            "name": "Wake words heard",
            "state_topic": "~/wake",
            "value_template": "{{ value_json.count }}",
            "json_attributes_topic": "~/wake",
            "state_class": "total_increasing",
        },
        "error": {
            "p": "sensor",
            "name": "Last error",
            "state_topic": "~/error",
            "value_template": "{{ value_json.stage }}: {{ value_json.code }}",
            "json_attributes_topic": "~/error",
        },
    }
    for stage in STAGES:
        found[f"ms_{stage}"] = {
            "p": "sensor",
            "name": f"Latency {stage.replace('_', ' ')}",
            "state_topic": "~/latency",
            "value_template": f"{{{{ value_json.{stage} | default(none) }}}}",
            "unit_of_measurement": "ms",
            "device_class": "duration",
            "state_class": "measurement",
        }
    for key, (name, more) in _FIGURES.items():
        found[key] = {
            "p": "sensor",
            "name": name,
            "state_topic": "~/figures",
            "value_template": f"{{{{ value_json.{key} | default(none) }}}}",
            **more,
        }
    found["throttled"] = {
        "p": "binary_sensor",
        "name": "Throttled",
        "state_topic": "~/figures",
        "value_template": "{{ value_json.throttled | default(none) }}",
        "device_class": "problem",
    }
    if has_words:
        for key, name in (("heard", "Last heard"), ("answer", "Last answer")):
            found[key] = {"p": "sensor", "name": name, "state_topic": f"~/{key}", "value_template": cut}
    return found


def _controls(has_volume: bool) -> dict[str, dict[str, Any]]:
    config = {"entity_category": "config"}
    found: dict[str, dict[str, Any]] = {
        "mute": {"p": "switch", "name": "Mute", "state_topic": "~/mute", "command_topic": "~/mute/set", **config},
        "text": {
            "p": "text",
            "name": "Command",
            "command_topic": "~/text/set",
            "max": _HOME_ASSISTANTS_LIMIT,
            **config,
        },
        "say": {"p": "notify", "name": "Say", "command_topic": "~/say/set", **config},
    }
    if has_volume:
        found["volume"] = {
            "p": "number",
            "name": "Volume",
            "state_topic": "~/volume",
            "command_topic": "~/volume/set",
            "unit_of_measurement": "%",
            "min": 0,
            "max": 100,
            **config,
        }
    return found


def _expanded(document: dict[str, Any]) -> dict[str, Any]:
    """With `~` written out: not every reader of device documents knows it."""
    base = document.pop("~")
    text: dict[str, Any] = json.loads(json.dumps(document).replace('"~/', f'"{base}/'))
    return text
