"""What the signals of a vehicle are to whoever sits in it: which device each belongs to, and how its values are told.

A rule's path is a pattern below `Vehicle.`; `Row1.DriverSide` and the like become the zone. Signals without a rule (the
engine, the brakes, …) are nobody's to command by voice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from edgevoice.home.capabilities import number
from edgevoice.home.colors import rgb
from edgevoice.home.model import Capability
from edgevoice.home.vss_tree import Signal
from edgevoice.messages import Risk, Value

STATE = "state"
"""Key of what is the device's state, among the attributes that a signal's value becomes."""

Read: TypeAlias = Callable[[Signal, Any], Mapping[str, Value]]
Write: TypeAlias = Callable[[Signal, str, Value, Any], Any]
"""(signal, capability, what is wanted, the signal's current value or None) -> the signal's new value. Raises ValueError."""


@dataclass(frozen=True, slots=True)
class Codec:
    """`capabilities` of the device that an actuator gives; a sensor is only read."""

    read: Read
    write: Write
    capabilities: Callable[[Signal], tuple[Capability, ...]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of signal. `id` and `name` are the device's, without its zone; `aliases` stand beside the name."""

    pattern: re.Pattern[str]
    id: str
    name: str
    codec: Codec
    aliases: tuple[str, ...] = ()
    device_class: str | None = None
    unit: str | None = None
    risk: Mapping[str, Risk] = field(default_factory=dict)


def boolean(raw: Any) -> bool:
    """Raises ValueError for what is neither true nor false."""
    found = {"true": True, "false": False, "1": True, "0": False}.get(str(raw).strip().lower())
    if found is None:
        raise ValueError(f"'{str(raw)[:40]}' is neither true nor false")
    return found


def quantity(raw: Any) -> float:
    """Raises ValueError for what is no number."""
    found = number(raw)
    if found is None:
        raise ValueError(f"'{str(raw)[:40]}' is no number")
    return found


def _clamped(signal: Signal, value: float) -> float | int:
    low = signal.minimum if signal.minimum is not None else value
    high = signal.maximum if signal.maximum is not None else value
    kept = min(max(value, low), high)
    return kept if signal.datatype in ("float", "double") else round(kept)


def _able(*names: str) -> Callable[[Signal], tuple[Capability, ...]]:
    return lambda _: tuple(Capability(name) for name in names)


def _switched(on: str, off: str, capability: str) -> Codec:
    return Codec(
        lambda _, raw: {STATE: on if boolean(raw) else off}, lambda _s, _c, value, _h: value is True, _able(capability)
    )


def _percent(key: str, capability: str, scale: float = 100.0) -> Codec:
    """An attribute of the device: percent of the signal's, `scale` for all of it."""
    return Codec(
        lambda _, raw: {key: round(quantity(raw) * scale / 100)},
        lambda signal, _c, value, _h: _clamped(signal, quantity(value)),
        lambda _: (Capability(capability, 0, 100),),
    )


def _read_position(signal: Signal, raw: Any) -> Mapping[str, Value]:
    percent = round(quantity(raw))
    return {STATE: "open" if percent else "closed", "current_position": percent}


def _write_position(signal: Signal, capability: str, value: Value, held: Any) -> Any:
    if capability == "stop":
        if held is None:
            raise ValueError("its position is not known")
        return held
    return _clamped(signal, (100.0 if value else 0.0) if capability == "open" else quantity(value))


def _temperatures(signal: Signal) -> tuple[Capability, ...]:
    return (Capability("temperature", signal.minimum, signal.maximum),)


def _read_speed(signal: Signal, raw: Any) -> Mapping[str, Value]:
    percent = round(quantity(raw))
    return {STATE: "on" if percent else "off", "percentage": percent}


_FAN_ON = 40  # percent, for whoever says no more than "on"


def _write_speed(signal: Signal, capability: str, value: Value, held: Any) -> Any:
    if capability != "on":
        return _clamped(signal, quantity(value))
    return (number(held) or _FAN_ON) if value else 0


def _level(sign: int) -> Codec:
    """Heating is what is above zero of the signal, cooling what is below; `on` is half of it."""

    def read(signal: Signal, raw: Any) -> Mapping[str, Value]:
        percent = max(0, round(sign * quantity(raw)))
        return {STATE: "on" if percent else "off", "value": percent}

    def write(signal: Signal, capability: str, value: Value, held: Any) -> Any:
        wanted = (50.0 if value else 0.0) if capability == "on" else quantity(value)
        return _clamped(signal, sign * wanted)

    return Codec(read, write, lambda _: (Capability("on"), Capability("value", 0, 100)))


def _choices(signal: Signal) -> tuple[Capability, ...]:
    return (Capability("option", choices=tuple(one.lower() for one in signal.allowed)),)


def _write_choice(signal: Signal, capability: str, value: Value, held: Any) -> Any:
    found = next((one for one in signal.allowed if one.lower() == str(value).lower().replace(" ", "_")), None)
    if found is None:
        raise ValueError(f"'{value}' is none of {', '.join(signal.allowed)}")
    return found


def _read_color(signal: Signal, raw: Any) -> Mapping[str, Value]:
    digits = re.fullmatch(r"#?([0-9A-Fa-f]{6})", str(raw).strip())
    if digits is None:
        raise ValueError(f"'{str(raw)[:40]}' is no colour such as #FF8000")
    return {"rgb_color": tuple(bytes.fromhex(digits[1]))}


def _write_color(signal: Signal, capability: str, value: Value, held: Any) -> Any:
    found = rgb(value) if isinstance(value, str) else value
    if not isinstance(found, tuple) or len(found) != 3:
        raise ValueError(f"'{value}' is no colour")
    return "#" + "".join(f"{round(quantity(channel)):02X}" for channel in found)


def _read_number(scale: float) -> Read:
    return lambda _, raw: {STATE: f"{round(quantity(raw) * scale, 1):g}"}


def _only_read(read: Read) -> Codec:
    return Codec(read, lambda *_: None, lambda _: ())


def _number(scale: float = 1.0) -> Codec:
    return _only_read(_read_number(scale))


SWITCH = _switched("on", "off", "on")
LOCK = _switched("locked", "unlocked", "locked")
COVER = Codec(_read_position, _write_position, _able("open", "position", "stop"))
LID = _switched("open", "closed", "open")
CLIMATE = Codec(
    lambda _, raw: {STATE: "auto", "temperature": quantity(raw)},
    lambda signal, _c, value, _h: _clamped(signal, quantity(value)),
    _temperatures,
)
FAN = Codec(_read_speed, _write_speed, lambda _: (Capability("on"), Capability("fan_speed", 0, 100)))
CHOICE = Codec(lambda _, raw: {STATE: str(raw).lower()}, _write_choice, _choices)
COLOR = Codec(_read_color, _write_color, _able("color"))
BRIGHTNESS = _percent("brightness", "brightness", 255)
CONTACT = _only_read(lambda _, raw: {STATE: "on" if boolean(raw) else "off"})
UNBELTED = _only_read(lambda _, raw: {STATE: "off" if boolean(raw) else "on"})

_STANDING = Risk.DENY_WHILE_MOVING
_ROW = r"Row(?P<row>[1-4])\."
_SIDE = r"(?P<side>DriverSide|PassengerSide|Left|Right|Middle)"


def _rule(path: str, id: str, name: str, codec: Codec, *aliases: str, **more: Any) -> Rule:
    pattern = path.replace("{zone}", _ROW + _SIDE).replace("{station}", _ROW + "(?P<side>Driver|Passenger|Left|Right)")
    return Rule(re.compile(rf"Vehicle\.{pattern}"), id, name, codec, aliases, **more)


RULES: tuple[Rule, ...] = (
    _rule(r"Cabin\.HVAC\.Station\.{station}\.Temperature", "climate.{zone}", "{zone} Climate", CLIMATE,
          "{zone} temperature", "{zone} heating", unit="°C"),
    _rule(r"Cabin\.HVAC\.Station\.{station}\.FanSpeed", "fan.{zone}", "{zone} Fan", FAN, "{zone} blower",
          "{zone} ventilation"),
    _rule(r"Cabin\.HVAC\.Station\.{station}\.AirDistribution", "select.{zone}_air", "{zone} Air Direction", CHOICE,
          "{zone} air flow", "{zone} vents"),
    _rule(r"Cabin\.HVAC\.IsAirConditioningActive", "switch.air_conditioning", "Air Conditioning", SWITCH,
          "ac", "a c", "a/c", "aircon", "air con", "air conditioner", "climate control"),
    _rule(r"Cabin\.HVAC\.IsRecirculationActive", "switch.recirculation", "Recirculation", SWITCH,
          "air recirculation", "recirculated air", "recirculation mode"),
    _rule(r"Cabin\.HVAC\.IsFrontDefrosterActive", "switch.front_defroster", "Front Defroster", SWITCH, "defroster",
          "defrost", "defogger", "front defrost", "front defogger", "windshield defroster", "windscreen defroster"),
    _rule(r"Cabin\.HVAC\.IsRearDefrosterActive", "switch.rear_defroster", "Rear Defroster", SWITCH, "rear defrost",
          "rear defogger", "back defroster", "rear window defroster", "rear window heating", "heated rear window"),
    _rule(r"Cabin\.HVAC\.AmbientAirTemperature", "sensor.cabin_temperature", "Cabin Temperature", _number(),
          "inside temperature", "interior temperature", device_class="temperature", unit="°C"),
    _rule(r"Body\.Windshield\.Front\.IsHeatingOn", "switch.windshield_heating", "Windshield Heating", SWITCH,
          "windscreen heating", "heated windshield", "heated windscreen"),
    _rule(r"Body\.Windshield\.Front\.Wiping\.Mode", "select.wipers", "Wipers", CHOICE, "windshield wipers",
          "windscreen wipers", "wiper"),
    # In a car a window is no way in; what falls out of it is the passengers' own affair.
    _rule(r"Cabin\.Door\.{zone}\.Window\.Position", "cover.{zone}_window", "{zone} Window", COVER,
          device_class="window", risk={"open": Risk.FREE, "position": Risk.FREE}),
    _rule(r"Cabin\.Sunroof\.Position", "cover.sunroof", "Sunroof", COVER, "sun roof", "moon roof", "moonroof",
          risk={"open": Risk.FREE, "position": Risk.FREE}),
    _rule(r"Cabin\.Door\.{zone}\.IsLocked", "lock.{zone}_door", "{zone} Door", LOCK,
          device_class="door", risk={"locked=false": _STANDING}),
    _rule(r"Cabin\.Door\.{zone}\.IsChildLockActive", "switch.{zone}_child_lock", "{zone} Child Lock", SWITCH,
          "{zone} child safety lock", risk={"on=false": _STANDING}),
    _rule(r"Cabin\.Door\.{zone}\.IsOpen", "binary_sensor.{zone}_door", "{zone} Door", CONTACT, device_class="door"),
    _rule(r"Cabin\.Seat\.{zone}\.IsBelted", "binary_sensor.{zone}_belt", "{zone} Seat Belt", UNBELTED, "{zone} belt",
          device_class="safety"),
    _rule(r"Cabin\.Seat\.{zone}\.(HeatingCooling|Heating)", "switch.{zone}_seat_heating", "{zone} Seat Heating",
          _level(1), "{zone} seat heater", "{zone} heated seat", "{zone} seat warmer", device_class="seat_heating"),
    _rule(r"Cabin\.Seat\.{zone}\.HeatingCooling", "switch.{zone}_seat_cooling", "{zone} Seat Cooling", _level(-1),
          "{zone} seat cooler", "{zone} seat ventilation", "{zone} cooled seat", device_class="seat_cooling"),
    _rule(r"Chassis\.SteeringWheel\.HeatingCooling", "switch.steering_wheel_heating", "Steering Wheel Heating",
          _level(1), "steering wheel heater", "heated steering wheel"),
    _rule(r"Cabin\.Lights\.IsDomeOn", "light.dome", "Dome Light", SWITCH, "interior light", "cabin light",
          "courtesy light"),
    _rule(r"Cabin\.Lights\.Spotlight\.{zone}\.IsLightOn", "light.{zone}_reading", "{zone} Reading Light", SWITCH,
          "{zone} spotlight"),
    _rule(r"Cabin\.Lights\.AmbientLight\.{zone}\.IsLightOn", "light.{zone}_ambient", "{zone} Ambient Light", SWITCH,
          "{zone} mood light", "{zone} ambient lighting", device_class="ambient"),
    _rule(r"Cabin\.Lights\.AmbientLight\.{zone}\.Intensity", "light.{zone}_ambient", "{zone} Ambient Light",
          BRIGHTNESS),
    _rule(r"Cabin\.Lights\.AmbientLight\.{zone}\.Color", "light.{zone}_ambient", "{zone} Ambient Light", COLOR),
    # Switches, not lights: "turn off all the lights" is about the cabin.
    _rule(r"Body\.Lights\.Beam\.Low\.IsOn", "switch.headlights", "Headlights", SWITCH, "headlight", "low beam",
          "low beams", "dipped beam", "head lights", risk={"on=false": _STANDING}),
    _rule(r"Body\.Lights\.Beam\.High\.IsOn", "switch.high_beam", "High Beam", SWITCH, "high beams", "full beam",
          "main beam", "brights"),
    _rule(r"Body\.Lights\.Fog\.Front\.IsOn", "switch.front_fog_lights", "Front Fog Lights", SWITCH, "fog lights",
          "fog lamps", "front fog lamps"),
    _rule(r"Body\.Lights\.Fog\.Rear\.IsOn", "switch.rear_fog_lights", "Rear Fog Lights", SWITCH, "rear fog light",
          "rear fog lamps"),
    _rule(r"Body\.Lights\.Parking\.IsOn", "switch.parking_lights", "Parking Lights", SWITCH, "sidelights",
          "side lights"),
    _rule(r"Body\.Lights\.Hazard\.IsSignaling", "switch.hazard_lights", "Hazard Lights", SWITCH, "hazards",
          "hazard warning lights", "warning lights", "emergency flashers", "flashers"),
    _rule(r"Body\.Trunk\.Rear\.IsOpen", "cover.trunk", "Trunk", LID, "boot", "tailgate", "hatch", "trunk lid",
          device_class="door", risk={"open=true": _STANDING}),
    _rule(r"Body\.Trunk\.Rear\.IsLocked", "lock.trunk", "Trunk", LOCK, "boot", "tailgate",
          risk={"locked=false": _STANDING}),
    _rule(r"Speed", "sensor.speed", "Speed", _number(), "current speed", "vehicle speed", device_class="speed",
          unit="km/h"),
    _rule(r"Exterior\.AirTemperature", "sensor.outside_temperature", "Outside Temperature", _number(),
          "outdoor temperature", "exterior temperature", device_class="temperature", unit="°C"),
    _rule(r"Powertrain\.Range", "sensor.range", "Range", _number(0.001), "remaining range", device_class="distance",
          unit="km"),
    _rule(r"Powertrain\.TractionBattery\.StateOfCharge\.Displayed", "sensor.battery", "Battery", _number(),
          "battery level", "charge", "state of charge", device_class="battery", unit="%"),
    _rule(r"Powertrain\.FuelSystem\.RelativeLevel", "sensor.fuel", "Fuel", _number(), "fuel level", "tank",
          unit="%"),
)  # fmt: skip
