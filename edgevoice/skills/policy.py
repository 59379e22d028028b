"""What must happen before commands are sent: the risk tiers.

Lights and questions are free. Unlocking, opening what keeps people out, disarming, many devices at once and whatever
was understood with little confidence is asked about first. The home may say otherwise for each device, by `risk`.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from edgevoice.config import HomeSettings, NluSettings
from edgevoice.errors import SettingsError, reason
from edgevoice.home import targets
from edgevoice.home.capabilities import number
from edgevoice.home.model import Device, Home
from edgevoice.messages import Command, Risk

_STRENGTH = (Risk.FREE, Risk.CONFIRM, Risk.PIN, Risk.DENY_WHILE_MOVING)
_BARRIERS = frozenset({"door", "garage", "gate", "window"})  # covers that keep people out
_BARRIER_WORDS = frozenset({"door", "garage", "gate", "window"})  # in the name of what does not say its class
_SCREENS = frozenset(
    {"blind", "blinds", "curtain", "curtains", "drapes", "screen", "shade", "shades", "shutter", "shutters"}
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked about: `confirm_more_than` devices at once, what was understood with less confidence than
    `confirm_below`, or heard with less than `confirm_heard_below`. `pin` is digits, or empty. Faster than
    `moving_above`, in the speed sensor's unit, a vehicle moves.
    """

    confirm_more_than: int = 8
    confirm_below: float = 0.6
    confirm_heard_below: float = 0.4
    moving_above: float = 0.5
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
                "home.pin_file", f"{home.pin_file} cannot be read ({reason(error)})", "Write the digits into that file"
            ) from None
        if not pin.isdecimal():
            raise SettingsError("home.pin_file", f"{home.pin_file} holds no PIN", "Write digits only, such as 4711")
    return Rules(home.confirm_more_than, nlu.llm_confidence, moving_above=home.moving_above, pin=pin)


def risk(
    home: Home,
    commands: Iterable[Command],
    rules: Rules,
    confidence: float = 1.0,
    heard: float = 1.0,
    told: Risk = Risk.FREE,
) -> Risk:
    """The strongest tier that any of these commands, or all of them together, ask for.

    `confidence` is that of the understanding, `heard` that of the recogniser; `told` is what a pack asks for.
    """
    commands = tuple(commands)
    if not commands:
        return Risk.FREE
    halts = stands(home, rules)
    tiers = {_risk(device, one, halts) for one in commands for device in _acted_on(home, one)}
    tiers.add(Risk.FREE if told is Risk.DENY_WHILE_MOVING and halts else told)
    is_unsure = confidence < rules.confirm_below or heard < rules.confirm_heard_below
    if is_unsure or len({command.device for command in commands}) > rules.confirm_more_than:
        tiers.add(Risk.CONFIRM)
    return strongest(tiers)


def strongest(tiers: Iterable[Risk]) -> Risk:
    return max(tiers, key=_STRENGTH.index, default=Risk.FREE)


def barred(home: Home, commands: Iterable[Command], by: str, mic_area: str) -> Device | None:
    """The first device that who speaks may not command. `by` is `voice` or `text`, `mic_area` an area's id or name."""
    allowed = {by} | {area.id for area in targets.find_areas(home, mic_area or None) if by == "voice"}
    for command in commands:
        for one in _acted_on(home, command):
            if one.who and allowed.isdisjoint(one.who):
                return one
    return None


def is_denied(home: Home, commands: Iterable[Command], rules: Rules) -> bool:
    """True where the vehicle's moving forbids one of them: asked again when they are sent, later than they were judged."""
    halts = stands(home, rules)
    return any(
        _risk(device, one, halts) is Risk.DENY_WHILE_MOVING for one in commands for device in _acted_on(home, one)
    )


def stands(home: Home, rules: Rules) -> bool:
    """True once a speed sensor says that the vehicle stands still. A vehicle whose speed is not known may be moving."""
    speeds = _speeds(home)
    return bool(speeds) and all(speed is not None and abs(speed) <= rules.moving_above for speed in speeds)


def is_speed_known(home: Home) -> bool:
    speeds = _speeds(home)
    return bool(speeds) and None not in speeds


def _speeds(home: Home) -> list[float | None]:
    return [number(home.state(one.id).value) for one in home.devices.values() if one.device_class == "speed"]


def _acted_on(home: Home, command: Command) -> Iterable[Device]:
    """The device of a command; of a group its members too, each of which is guarded as if it were named."""
    device = home.devices.get(command.device)
    names = (command.device, *device.members) if device else ()
    return (home.devices[one] for one in names if one in home.devices)


def _risk(device: Device, command: Command, stands: bool) -> Risk:
    value = str(command.value).lower()
    told = (device.risk.get(f"{command.capability}={value}"), device.risk.get(command.capability))
    found = next((tier for tier in told if tier is not None), None)
    if found is None or (found is Risk.DENY_WHILE_MOVING and stands):
        return Risk.CONFIRM if _is_risky(device, command) else Risk.FREE
    return found


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
    words = device.name.casefold().split()
    return not _BARRIER_WORDS.isdisjoint(words) and _SCREENS.isdisjoint(words)
