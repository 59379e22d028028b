"""A small home for the tests of what is said about it and done in it."""

from __future__ import annotations

from typing import Any

from edgevoice.home.capabilities import capabilities_of
from edgevoice.home.model import Area, Device, Floor, Home, State
from edgevoice.messages import Intent, Value
from edgevoice.skills.reply import Replies

FLOORS = (Floor("ground", "Ground Floor", ("downstairs",)), Floor("upper", "First Floor"))
AREAS = (
    Area("kitchen", "Kitchen", "ground"),
    Area("living", "Living Room", "ground", ("lounge",)),
    Area("bedroom", "Bedroom", "upper"),
    Area("garage", "Garage", "ground"),
)
PLAYER_FEATURES = ("PLAY", "PAUSE", "VOLUME_SET", "VOLUME_MUTE", "TURN_ON", "TURN_OFF", "NEXT_TRACK", "PREVIOUS_TRACK")


def device(
    key: str, name: str, area: str | None = None, attributes: dict[str, Value] | None = None, **more: Any
) -> Device:
    domain = key.partition(".")[0]
    able = capabilities_of(domain, more.get("device_class"), attributes or {})
    return Device(key, name, domain, area, capabilities=able, **more)


def household() -> Home:
    """Two ceiling lights of one name, a lock, covers, a thermostat, players, sensors, a list; as in an ordinary evening."""
    home = Home(FLOORS, AREAS)
    add = home_adder(home)
    add("light.kitchen", "Ceiling Light", "kitchen", "on", {"brightness": 128})
    add("light.living", "Ceiling Light", "living")
    add("light.lamp", "Reading Lamp", "living", aliases=("book light",))
    add("light.porch", "Porch Light", None, "off", {"supported_color_modes": ("onoff",)})
    add("switch.kettle", "Kettle", "kitchen")
    add("fan.ceiling", "Ceiling Fan", "bedroom")
    add("lock.front", "Front Door", "living", "locked")
    add("cover.garage", "Garage Door", "garage", "closed", device_class="garage")
    add("cover.blind", "Bedroom Blind", "bedroom", "open", {"current_position": 100}, device_class="blind")
    limits = {"min_temp": 7, "max_temp": 30, "current_temperature": 20.56}
    add("climate.living", "Thermostat", "living", "heat", limits)
    add("media_player.tv", "TV", "living", "playing", {"volume_level": 0.4, "supported_features": PLAYER_FEATURES})
    add("media_player.radio", "Radio", "kitchen", "idle", {"volume_level": 0.2, "supported_features": PLAYER_FEATURES})
    add("vacuum.rover", "Rover", "living", "docked")
    add("scene.movie", "Movie Night")
    add("todo.shopping", "Shopping List", None, "1", {"items": ("Milk",)})
    add("sensor.outdoor", "Outdoor Humidity", None, "61.27", device_class="humidity", unit="%")
    add("sensor.bedroom", "Bedroom Temperature", "bedroom", "18.04", device_class="temperature", unit="°C")
    add("binary_sensor.window", "Kitchen Window", "kitchen", "on", device_class="window")
    add("binary_sensor.phone", "Phone Battery", None, "off", device_class="battery")
    add("person.ada", "Ada", None, "not_home")
    add("weather.home", "Forecast", None, "rainy", {"temperature": 12.0, "temperature_unit": "°C"})
    return home


def home_adder(home: Home) -> Any:
    """Adds a device with its state to `home`."""

    def add(
        key: str,
        name: str,
        area: str | None = None,
        state: str = "off",
        attributes: dict[str, Value] | None = None,
        **more: Any,
    ) -> Device:
        added = device(key, name, area, attributes, **more)
        home.put(added)
        home.update(key, State(state, attributes or {}))
        return added

    return add


def intent(name_: str, /, response: str = "", targets: tuple[str, ...] = (), **slots: Value) -> Intent:
    return Intent(name_, slots, source="template", response=response, targets=targets)


def replies(home: Home) -> Replies:
    return Replies(home)
