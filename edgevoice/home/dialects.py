"""The dialects that the settings ask for, as one adapter."""

from __future__ import annotations

from edgevoice.config import HomeSettings
from edgevoice.home import inventory
from edgevoice.home.adapters import Adapter, Adapters
from edgevoice.home.entities import Entities
from edgevoice.home.homeassistant import HomeAssistantAdapter
from edgevoice.home.homie import HomieAdapter
from edgevoice.home.tasmota import TasmotaAdapter
from edgevoice.home.zigbee2mqtt import Zigbee2MqttAdapter


def load(entities: Entities, settings: HomeSettings) -> Adapters:
    """Raises SettingsError for an owner's file that cannot be used."""
    announced = HomeAssistantAdapter(entities, settings.discovery_prefix if settings.discovery else "")
    found: list[Adapter] = [entities, announced]
    if settings.discovery:
        found += [Zigbee2MqttAdapter(entities, base) for base in settings.zigbee2mqtt_topics if base]
        found += [TasmotaAdapter(entities, settings.tasmota_prefix)] if settings.tasmota_prefix else []
        found += [HomieAdapter(entities, settings.homie_prefix)] if settings.homie_prefix else []
    if settings.file is not None:
        announced.take(inventory.load(settings.file))
    return Adapters(*found)
