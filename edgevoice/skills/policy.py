"""What must happen before commands are sent: the risk tiers.

Lights and questions are free. Unlocking, opening what keeps people out, disarming, many devices at once and whatever
was understood with little confidence is asked about first. The home may say otherwise for each device, by `risk`.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from edgevoice.config import HomeSettings, NluSettings
from edgevoice.errors import SettingsError
from edgevoice.home.model import Device, Home
from edgevoice.messages import Command, Risk

_STRENGTH = (Risk.FREE, Risk.CONFIRM, Risk.PIN, Risk.DENY_WHILE_MOVING)
_BARRIERS = frozenset({"door", "garage", "gate", "window"})  # covers that keep people out
_BARRIER_WORDS = frozenset({"door", "garage", "gate"})  # in the name of what does not say its class
_STANDING = 0.5  # in whatever unit the speed comes: below this the car stands


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked about: `confirm_more_than` devices at once, what was understood with less confidence than
    `confirm_below`, or heard with less than `confirm_heard_below`. `pin` is digits, or empty.
    """

    confirm_more_than: int = 8
    confirm_below: float = 0.6
    confirm_heard_below: float = 0.4
    pin: str = field(default="", repr=False)

    def is_pin(self, digits: str) -> bool:
        return bool(self.pin) and hmac.compare_digest(digits.encode(), self.pin.encode())


def rules(home: HomeSettings, nlu: NluSettings) -> Rules:
    """The rules that the settings make. Raises SettingsError for an unreadable PIN file."""
    pin = ""
    if home.pin_file is not None:
        try:
            pin = home.pin_file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                "home.pin_file", f"cannot be read ({error})", "Write the digits into that file"
            ) from None
        if not pin.isdecimal():
            raise SettingsError("home.pin_file", f"{home.pin_file} holds no PIN", "Write digits only, such as 4711")
    return Rules(home.confirm_more_than, nlu.llm_confidence, pin=pin)


def risk(home: Home, commands: Iterable[Command], rules: Rules, confidence: float = 1.0, heard: float = 1.0) -> Risk:
    """The strongest tier that any of these commands, or all of them together, ask for.

    `confidence` is that of the understanding, `heard` that of the recogniser.
    """
    commands = tuple(commands)
    if not commands:
        return Risk.FREE
    tiers = {_risk(home.devices[command.device], command) for command in commands if command.device in home.devices}
    is_unsure = confidence < rules.confirm_below or heard < rules.confirm_heard_below
    if is_unsure or len({command.device for command in commands}) > rules.confirm_more_than:
        tiers.add(Risk.CONFIRM)
    if Risk.DENY_WHILE_MOVING in tiers and stands(home):
        tiers.remove(Risk.DENY_WHILE_MOVING)
    return max(tiers, key=_STRENGTH.index, default=Risk.FREE)


def stands(home: Home) -> bool:
    """True once a speed sensor says that the vehicle stands still. A vehicle whose speed is not known may be moving."""
    speeds = [home.state(device.id).value for device in home.devices.values() if device.device_class == "speed"]
    return bool(speeds) and all(_is_zero(speed) for speed in speeds)


def _is_zero(speed: str) -> bool:
    try:
        return abs(float(speed)) < _STANDING
    except ValueError:
        return False


def _risk(device: Device, command: Command) -> Risk:
    value = str(command.value).lower()
    for key in (f"{command.capability}={value}", command.capability):
        if key in device.risk:
            return device.risk[key]
    return Risk.CONFIRM if _is_risky(device, command) else Risk.FREE


def _is_risky(device: Device, command: Command) -> bool:
    match command.capability:
        case "locked":
            return not command.value
        case "alarm":
            return command.value == "disarm"
        case "open":
            return bool(command.value) and _is_barrier(device)
        case "position":
            return isinstance(command.value, (int, float)) and command.value > 0 and _is_barrier(device)
        case "press":
            return _is_named_barrier(device)
        case _:
            return False


def _is_barrier(device: Device) -> bool:
    if device.domain == "valve":
        return device.device_class == "gas"
    if device.device_class is None:
        return _is_named_barrier(device)
    return device.device_class in _BARRIERS


def _is_named_barrier(device: Device) -> bool:
    return not _BARRIER_WORDS.isdisjoint(device.name.casefold().split())
