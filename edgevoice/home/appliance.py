"""How an ideal appliance behaves, in Home Assistant's states: what it does on a command, what confirms one.

`obey` never leaves what Home Assistant itself would report; `confirms` is tolerant of what real devices do: rounding to
their own units, and movement that is still going on. A lock confirms at its end only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edgevoice.home import colors
from edgevoice.home.capabilities import COLOR_MODES, number, texts
from edgevoice.home.model import Device, State
from edgevoice.messages import Command, Value

ABSENT = frozenset({"unavailable", "unknown", ""})
USUAL_MODES = ("heat_cool", "heat", "cool", "auto")
"""What a thermostat goes to when it is told to turn on, the first that it has."""
_NEAR_PERCENT = 2.0
_FULLY_OPEN = 90.0  # many stop a little short of 100
_NEAR_DEGREES = 0.3  # a thermostat that works in half degrees, or in the other unit
_ON_STATE = {"media_player": "idle", "vacuum": "cleaning", "lawn_mower": "mowing", "climate": "auto"}
_PLAYBACK_STATE = {"play": "playing", "pause": "paused", "stop": "idle", "next": "playing", "previous": "playing"}
_VACUUM_STATE = {"start": "cleaning", "pause": "paused", "stop": "idle", "dock": "returning"}
_MOWER_STATE = {"mow": "mowing", "pause": "paused", "dock": "returning"}
_ALARM_STATE = {
    "arm_home": "armed_home",
    "arm_away": "armed_away",
    "arm_night": "armed_night",
    "disarm": "disarmed",
}


# How many times longer than a lamp something may take until it reports that it has begun, or is done.
_PATIENCE = {
    "climate": 2.0,
    "cover": 5.0,
    "lawn_mower": 4.0,
    "lock": 4.0,
    "media_player": 2.0,
    "pack": 2.5,
    "vacuum": 4.0,
    "valve": 5.0,
}


def domain_of(device_id: str) -> str:
    return device_id.partition(".")[0]


def patience(device_id: str) -> float:
    """How many times a lamp's time a device of this kind has to confirm a command."""
    return _PATIENCE.get(domain_of(device_id), 1.0)


# --- obey -------------------------------------------------------------------------------------------------------------


def obey(device: Device, state: State, command: Command) -> State:
    """The state `device` is in once it has done `command`. What it cannot do leaves the state as it is.

    A todo list keeps the open items in attribute `items`, the done ones in `completed_items`, and counts the open ones
    as its state. A lamp told a colour by name reports it in `rgb_color` and keeps the name in `color`.
    """
    domain = domain_of(device.id)
    value = command.value
    match command.capability:
        case "on":
            return _switched(domain, state, value is True)
        case "brightness" | "color" | "color_temperature":
            return _lit(state, command.capability, value)
        case "open" | "position" | "stop" | "tilt":
            return _moved(device, state, command.capability, value)
        case "locked":
            return replace(state, value="locked" if value is True else "unlocked")
        case "temperature" | "hvac_mode" | "fan_mode" | "humidity":
            return _conditioned(state, command.capability, value)
        case "fan_speed":
            percent = round(_percent(value))
            return _with(state, "on" if percent else "off", percentage=percent)
        case "volume":
            return _with(state, volume_level=round(_percent(value) / 100, 2))
        case "muted":
            return _with(state, is_volume_muted=value is True)
        case "media":
            return _with(state, "playing", media_title=value)
        case "source":
            return _with(state, "on" if state.value == "off" else state.value, source=value)
        case "add_item" | "complete_item" | "remove_item":
            return _listed(state, command.capability, str(value))
        case "value" | "option" | "text":
            return replace(state, value=_text(value))
        case "clean_area":
            return _with(state, "cleaning", area=value)
    verbs = {"playback": _PLAYBACK_STATE, "vacuum": _VACUUM_STATE, "mower": _MOWER_STATE, "alarm": _ALARM_STATE}
    return replace(state, value=verbs.get(command.capability, {}).get(str(value), state.value))


def _with(state: State, text: str | None = None, **attributes: Value) -> State:
    return replace(state, value=state.value if text is None else text, attributes={**state.attributes, **attributes})


def _switched(domain: str, state: State, on: bool) -> State:
    if domain == "climate":
        modes = texts(state.attributes.get("hvac_modes"))
        usual = next((mode for mode in USUAL_MODES if mode in modes), "heat")
        return _conditioned(state, "hvac_mode", usual if on else "off") if on != (state.value != "off") else state
    if not on:
        return replace(state, value={"vacuum": "returning", "lawn_mower": "returning"}.get(domain, "off"))
    if domain == "media_player" and state.value not in ABSENT | {"off", "standby"}:
        return state
    return replace(state, value=_ON_STATE.get(domain, "on"))


def _lit(state: State, capability: str, value: Value) -> State:
    if capability == "brightness":
        level = round(255 * _percent(value) / 100)
        return _with(state, "on", brightness=level) if level else replace(state, value="off")
    attributes = dict(state.attributes)
    if capability == "color":
        color = rgb_of(value)
        if color is None:
            return state
        attributes["rgb_color"] = color
        attributes.pop("color", None)
        if isinstance(value, str):
            attributes["color"] = value
        mode = "rgb"
    else:
        attributes["color_temp_kelvin"] = round(number(value) or 0)
        attributes.pop("color", None)
        mode = "color_temp"
    told = attributes.get("color_mode")
    if told is not None and not (mode == "rgb" and told in COLOR_MODES):
        attributes["color_mode"] = mode
    return replace(state, value="on", attributes=attributes)


def _moved(device: Device, state: State, capability: str, value: Value) -> State:
    if capability == "stop":
        position = number(state.attributes.get("current_position"))
        ended = "closed" if position == 0 else "open"
        return replace(state, value=ended) if state.value in ("opening", "closing") else state
    if capability == "tilt":
        return _with(state, current_tilt_position=round(_percent(value)))
    percent = round(_percent(value)) if capability == "position" else 100 if value is True else 0
    text = "open" if percent else "closed"
    if "position" in device.capabilities or "current_position" in state.attributes:
        return _with(state, text, current_position=percent)
    return replace(state, value=text)


def _conditioned(state: State, capability: str, value: Value) -> State:
    if capability == "hvac_mode":
        state = _with(state, hvac_mode=value) if "hvac_mode" in state.attributes else state
        return replace(state, value=str(value))
    told = number(value) if capability in ("temperature", "humidity") else value
    return replace(state, attributes={**state.attributes, capability: told})


def _listed(state: State, capability: str, item: str) -> State:
    items, done = texts(state.attributes.get("items")), texts(state.attributes.get("completed_items"))
    same = [held for held in items if held.casefold() == item.casefold()]
    if capability == "add_item":
        items = items if same else (*items, item)
    else:
        items = tuple(held for held in items if held not in same)
        done = (*done, *same) if capability == "complete_item" else done
    return _with(state, str(len(items)), items=items, completed_items=done)


# --- confirm ----------------------------------------------------------------------------------------------------------


def confirms(command: Command, state: State) -> bool:
    """True where a reported `state` shows that `command` was done, or, for what moves slowly, is being done.

    Triggers (`press`, `activate`, `stop` of what reports no movement) leave no trace: any state but absence will do.
    """
    value, held = command.value, state.attributes
    if state.value in ABSENT and command.capability not in ("press", "activate"):
        return False
    match command.capability:
        case "on":
            return _is_on(domain_of(command.device), state.value) == (value is True)
        case "brightness":
            return _is_bright(state, _percent(value))
        case "color":
            return _is_colored(value, held)
        case "color_temperature":
            wanted = number(value) or 0
            return _near(held.get("color_temp_kelvin"), wanted, max(50.0, 0.02 * wanted))
        case "open" | "position" | "tilt" | "stop":
            return _is_moved(command.capability, value, state)
        case "locked":
            return state.value == "locked" if value is True else state.value in ("unlocked", "open", "opening")
        case "temperature":
            return any(
                _near(held.get(key), number(value), _NEAR_DEGREES) for key in ("temperature", "target_temperature")
            )
        case "hvac_mode":
            return state.value == value
        case "humidity":
            return _near(held.get("humidity"), number(value), _NEAR_PERCENT)
        case "fan_speed":
            return _is_blowing(state, _percent(value))
        case "volume":
            return _near(held.get("volume_level"), _percent(value) / 100, _NEAR_PERCENT / 100)
        case "muted":
            return held.get("is_volume_muted") == value
        case "fan_mode" | "source":
            return _same(held.get(command.capability), value)
        case "value":
            wanted = number(value) or 0
            return _near(held.get("value", state.value), wanted, 0.01 + 0.005 * abs(wanted))
        case "option" | "text":
            return _same(state.value, value)
        case "message":
            return isinstance(value, tuple) and held.get(str(value[2])) == value[3]
        case "add_item" | "complete_item" | "remove_item":
            listed = any(_same(item, value) for item in texts(held.get("items")))
            return listed == (command.capability == "add_item")
    return _is_doing(command.capability, str(value), state.value)


def _near(held: Value, wanted: float | None, tolerance: float) -> bool:
    found = number(held)
    return found is not None and wanted is not None and abs(found - wanted) <= tolerance


def _same(held: Value, wanted: Value) -> bool:
    return str(held).casefold() == str(wanted).casefold()


def _is_on(domain: str, text: str) -> bool:
    off = {
        "vacuum": {"docked", "returning", "idle"},
        "lawn_mower": {"docked", "returning"},
        "media_player": {"standby"},
    }
    return text != "off" and text not in off.get(domain, set())


def _is_bright(state: State, percent: float) -> bool:
    if percent == 0:
        return state.value == "off"
    return state.value == "on" and _near(state.attributes.get("brightness"), 255 * percent / 100, 4)


def _is_colored(wanted: Value, held: Mapping[str, Value]) -> bool:
    if isinstance(wanted, str) and _same(held.get("color"), wanted):
        return True
    one, other = rgb_of(wanted), rgb_of(held.get("rgb_color"))
    return one is not None and other is not None and colors.alike(one, other)


def _is_moved(capability: str, value: Value, state: State) -> bool:
    position = number(state.attributes.get("current_position"))
    if capability == "stop":
        return state.value not in ("opening", "closing")
    if capability == "tilt":
        return _near(state.attributes.get("current_tilt_position"), _percent(value), _NEAR_PERCENT)
    if capability == "open" and value is True:
        return state.value == "opening" or (state.value == "open" and (position is None or position >= _FULLY_OPEN))
    if capability == "open":
        return state.value in ("closed", "closing")
    if position is None:
        return False
    wanted = _percent(value)
    if abs(position - wanted) <= _NEAR_PERCENT:
        return True
    return state.value == ("opening" if position < wanted else "closing")


def _is_blowing(state: State, percent: float) -> bool:
    if percent == 0:
        return state.value == "off"
    step = number(state.attributes.get("percentage_step")) or 0
    return state.value == "on" and _near(state.attributes.get("percentage"), percent, max(step, _NEAR_PERCENT))


def _is_doing(capability: str, verb: str, text: str) -> bool:
    doing: Mapping[str, frozenset[str]] = {
        "playback=play": frozenset({"playing", "buffering"}),
        "playback=pause": frozenset({"paused", "idle", "standby", "off"}),
        "playback=stop": frozenset({"idle", "paused", "standby", "off", "stopped", "on"}),
        "vacuum=start": frozenset({"cleaning"}),
        "vacuum=pause": frozenset({"paused", "idle"}),
        "vacuum=stop": frozenset({"idle", "paused", "stopped", "docked"}),
        "vacuum=dock": frozenset({"returning", "docked"}),
        "mower=mow": frozenset({"mowing"}),
        "mower=pause": frozenset({"paused"}),
        "mower=dock": frozenset({"returning", "docked"}),
        "alarm=disarm": frozenset({"disarmed"}),
    }
    if capability == "clean_area":
        return text == "cleaning"
    if capability == "media":
        return text in ("playing", "buffering")
    if capability == "alarm" and verb != "disarm":
        return text in (_ALARM_STATE.get(verb), "arming")
    # A skipped track, a located vacuum, a press: no state tells of them.
    return text in doing.get(f"{capability}={verb}", {text})


# --- values -----------------------------------------------------------------------------------------------------------


def rgb_of(value: Value) -> colors.Rgb | None:
    """Red, green, blue of a colour's name or of a triple of numbers; None where it is neither."""
    if isinstance(value, str):
        return colors.rgb(value)
    if isinstance(value, tuple) and len(value) == 3:
        channels = [number(channel) for channel in value]
        red, green, blue = (0 if c is None else max(0, min(255, round(c))) for c in channels)
        return None if None in channels else (red, green, blue)
    return None


def _percent(value: Value) -> float:
    return max(0.0, min(100.0, number(value) or 0.0))


def _text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
