"""Home Assistant MQTT discovery: from a config topic and its payload to announced entities, every key spelled out.

    <prefix>/<component>/[<node_id>/]<object_id>/config    one entity
    <prefix>/device/[<node_id>/]<object_id>/config         a device with its entities under `components`

Keys may be abbreviated, `~` stands for the base topic, an empty payload removes. What is outside the bounds, or of the
wrong type, raises `DiscoveryProblem` with a text that names the key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from edgevoice.home.capabilities import number, texts
from edgevoice.home.names import clean, slug, titled

PAYLOAD_LIMIT = 262_144
_COMPONENTS_LIMIT = 500
_TOPIC_LIMIT = 1024
_LIST_LIMIT = 200
# fmt: off
_WORDS = {
    "act": "action", "attr": "attributes", "avail": "available", "avty": "availability", "bri": "brightness",
    "cla": "class", "clr": "color", "clrm": "color_mode", "clsd": "closed", "cmd": "command", "cod": "code",
    "curr": "current", "dev": "device", "dir": "direction", "dis": "disarm", "fanspd": "fan_speed",
    "feat": "features", "fx": "effect", "hi": "high", "hum": "humidity", "lo": "low", "lst": "list",
    "meas": "measurement", "mirs": "mireds", "nite": "night", "obj": "object", "ops": "options", "opnd": "opened",
    "opt": "optimistic", "osc": "oscillation", "paus": "pause", "pct": "percentage", "pl": "payload",
    "pos": "position", "pow": "power", "pr": "preset", "prs": "press", "req": "required", "rng": "range",
    "rst": "reset", "scl": "scale", "spd": "speed", "stat": "state", "strt": "start", "sup": "supported",
    "t": "topic", "temp": "temperature", "tpl": "template", "uniq": "unique", "unlk": "unlock", "val": "value",
    "whit": "white",
}
# Abbreviations that are not made of the words above.
_WHOLE = {
    "act_stat_t": "activity_state_topic", "act_val_tpl": "activity_value_template", "b_tpl": "blue_template",
    "clr_temp_k": "color_temp_kelvin", "cmps": "components", "cont_type": "content_type",
    "def_ent_id": "default_entity_id", "e": "encoding", "en": "enabled_by_default", "ent_cat": "entity_category",
    "exp_aft": "expire_after", "g_tpl": "green_template", "hum_cmd_t": "target_humidity_command_topic",
    "hum_cmd_tpl": "target_humidity_command_template", "hum_stat_t": "target_humidity_state_topic",
    "hum_state_tpl": "target_humidity_state_template", "ic": "icon", "init": "initial", "max_k": "max_kelvin",
    "min_k": "min_kelvin", "o": "origin", "off_dly": "off_delay", "on_cmd_type": "on_command_type", "p": "platform",
    "pl_cls": "payload_close", "pl_loc": "payload_locate", "pl_not_avail": "payload_not_available",
    "pl_ret": "payload_return_to_base", "pl_toff": "payload_turn_off", "pl_ton": "payload_turn_on",
    "pr_modes": "preset_modes", "r_tpl": "red_template", "ret": "retain",
    "strt_mw_cmd_t": "start_mowing_command_topic", "strt_mw_cmd_tpl": "start_mowing_command_template",
    "sup_clrm": "supported_color_modes", "unit_of_meas": "unit_of_measurement",
}
# fmt: on
_FULL_AS_THEY_ARE = frozenset({"min_temp", "max_temp", "temp_step"})
_DEVICE = {
    "cns": "connections",
    "cu": "configuration_url",
    "ids": "identifiers",
    "mf": "manufacturer",
    "mdl": "model",
    "sa": "suggested_area",
    "sw": "sw_version",
}


class DiscoveryProblem(ValueError):
    """A config payload that cannot be used; the text names the key and the value."""


@dataclass(frozen=True, slots=True)
class Config:
    """One announced entity. `identity` is the same for every config of it; `device` describes what it is part of."""

    identity: str
    component: str
    object_id: str
    keys: Mapping[str, Any]
    device: Mapping[str, Any] = field(default_factory=dict)

    def text(self, key: str, default: str = "") -> str:
        value = self.keys.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            return "true" if value is True else "false" if value is False else default
        return str(value)

    def topic(self, key: str) -> str:
        """The topic under `key`; empty where there is none."""
        return checked_topic(self.keys.get(key), key)

    def number(self, key: str, default: float) -> float:
        found = number(self.keys.get(key))
        return default if found is None else found

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.keys.get(key, default)
        return value if isinstance(value, bool) else str(value).casefold() in ("true", "yes", "on", "1")

    def texts(self, key: str) -> tuple[str, ...]:
        found = self.keys.get(key)
        return tuple(clean(item) for item in texts(found)[:_LIST_LIMIT])

    @property
    def name(self) -> str:
        """The name that Home Assistant shows: the device's, and the entity's own where it has one."""
        device = clean(self._said(self.device, "name"))
        own = clean(self._said(self.keys, "name"))
        if not own and "name" not in self.keys:
            own = titled(self.text("device_class")) if self.text("device_class") and device else ""
        if not own or not device or own.casefold().startswith(device.casefold()):
            return own or device or titled(self.object_id)
        return clean(f"{device} {own}")

    @property
    def entity_id(self) -> str:
        """`component.object_id`, as the config wishes it or made of the name."""
        wished = self.text("default_entity_id").rpartition(".")[2] or self.text("object_id")
        return f"{self.component}.{slug(wished or self.name)}"

    @property
    def suggested_area(self) -> str:
        return clean(self._said(self.device, "suggested_area"))

    @staticmethod
    def _said(keys: Mapping[str, Any], key: str) -> str:
        value = keys.get(key)
        return value if isinstance(value, str) else ""


def is_config(topic: str, prefix: str) -> bool:
    return topic.startswith(f"{prefix}/") and topic.endswith("/config") and topic[len(prefix) :].count("/") in (3, 4)


def parse(topic: str, prefix: str, payload: bytes) -> tuple[Config, ...]:
    """The entities that stand under one config topic now; none where it was emptied. Raises DiscoveryProblem."""
    parts = topic[len(prefix) + 1 :].split("/")
    component, object_id = parts[0], parts[-2]
    if not payload.strip():
        return ()
    if len(payload) > PAYLOAD_LIMIT:
        raise DiscoveryProblem(f"config of {len(payload)} bytes, {PAYLOAD_LIMIT} are allowed")
    try:
        told = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DiscoveryProblem(f"config is not JSON in UTF-8 ({type(error).__name__})") from None
    if not isinstance(told, dict):
        raise DiscoveryProblem("config is not a JSON object")
    keys = spelled_out(told)
    device = _device(keys.pop("device", None))
    if component != "device":
        return (Config(topic, component, object_id, keys, device),)
    return tuple(_components(topic, object_id, keys, device))


def spelled_out(told: Mapping[str, Any]) -> dict[str, Any]:
    """`told` with abbreviations and `~` replaced."""
    keys: dict[str, Any] = {full(key): value for key, value in told.items()}
    base = keys.pop("~", "")
    return {key: _based(key, value, base) for key, value in keys.items()} if isinstance(base, str) and base else keys


@lru_cache(maxsize=4096)
def full(key: str) -> str:
    """The long name of a key: `clr_temp_cmd_t` is `color_temp_command_topic`."""
    if key in _WHOLE:
        return _WHOLE[key]
    words = key.split("_")
    if key in _FULL_AS_THEY_ARE or not any(word in _WORDS for word in words):
        return key
    return "_".join(_WORDS.get(word, word) for word in words).replace("color_temperature", "color_temp")


def checked_topic(value: object, key: str) -> str:
    """A topic without wildcards; empty for None. Raises DiscoveryProblem."""
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or len(value) > _TOPIC_LIMIT or any(c in value for c in "+#\0"):
        raise DiscoveryProblem(f"{key}: {str(value)[:60]!r} is not a topic")
    return value


def _components(topic: str, object_id: str, keys: dict[str, Any], device: Mapping[str, Any]) -> Iterable[Config]:
    components = keys.pop("components", None)
    if not isinstance(components, dict):
        raise DiscoveryProblem("components: is missing in a device's config")
    if len(components) > _COMPONENTS_LIMIT:
        raise DiscoveryProblem(f"components: {len(components)} of them, {_COMPONENTS_LIMIT} are allowed")
    keys.pop("origin", None)
    for name, told in components.items():
        own = spelled_out(told) if isinstance(told, dict) else {}
        platform = own.pop("platform", None)
        if not isinstance(platform, str):
            raise DiscoveryProblem(f"components.{clean(name)}: platform is missing")
        if own:  # one that says its platform only was taken out of the device
            yield Config(f"{topic}#{name}", platform, f"{object_id}_{name}", {**keys, **own}, device)


def _device(told: object) -> dict[str, Any]:
    keys: dict[str, Any] = told if isinstance(told, dict) else {}
    return {_DEVICE.get(key, key): value for key, value in keys.items()}


def _based(key: str, value: Any, base: str) -> Any:
    if isinstance(value, str) and key.endswith("topic"):
        if value.startswith("~"):
            return base + value[1:]
        if value.endswith("~"):
            return value[:-1] + base
    if key == "availability":
        entries = value if isinstance(value, list) else [value]
        return [_based_entry(entry, base) for entry in entries]
    return value


def _based_entry(entry: Any, base: str) -> Any:
    if not isinstance(entry, dict):
        return entry
    keys = {full(key): value for key, value in entry.items()}
    return {**keys, "topic": _based("topic", keys.get("topic"), base)}
