"""Covers and valves of Home Assistant's MQTT integration: positions in the device's own range, reported or not."""

from __future__ import annotations

from collections.abc import Callable

from edgevoice.home.capabilities import number
from edgevoice.home.ha_discovery import Config
from edgevoice.home.ha_parts import STATE, Found, Parts, chosen, is_true, percent_of, sender
from edgevoice.home.ha_templates import Payload
from edgevoice.home.model import State
from edgevoice.messages import Value

_MOVES = ("open", "opening", "closed", "closing", "stopped")


class _Range:
    """The device's numbers for closed and open, which may run either way."""

    def __init__(self, closed: float, opened: float) -> None:
        self._closed = closed
        self._span = opened - closed or 100.0

    def percent(self, told: float) -> int:
        return max(0, min(100, round((told - self._closed) / self._span * 100)))

    def told(self, percent: float) -> int:
        return round(self._closed + percent / 100 * self._span)


def cover(config: Config) -> Parts:
    parts = Parts()
    span = _Range(config.number("position_closed", 0), config.number("position_open", 100))
    tilt = _Range(config.number("tilt_closed_value", 0), config.number("tilt_opened_value", 100))
    moves = {config.text(f"state_{name}", name): name for name in _MOVES}
    parts.read(config, "state_topic", "value_template", chosen(moves))
    knows_state = bool(parts.readers)
    parts.read(config, "position_topic", "position_template", lambda p: _position(p, span, tilt, not knows_state))
    parts.read(config, "tilt_status_topic", "tilt_status_template", lambda p: _tilted(p, tilt))
    send = sender(config, "command_topic")
    to_position = sender(config, "set_position_topic", "set_position_template")
    if send:
        opened, closed, stop = (config.text(f"payload_{verb}", verb.upper()) for verb in ("open", "close", "stop"))
        parts.writers["open"] = lambda value, _state: send(opened if is_true(value) else closed)
        if config.keys.get("payload_stop", "") is not None:
            parts.writers["stop"] = lambda _value, _state: send(stop)
    if to_position:
        bounds = {"position_open": span.told(100), "position_closed": span.told(0)}
        parts.writers["position"] = lambda value, _state: to_position(
            span.told(percent_of(value)), **_named(value, bounds)
        )
        if not send:
            parts.writers["open"] = lambda value, _state: to_position(span.told(100 if is_true(value) else 0), **bounds)
    to_tilt = sender(config, "tilt_command_topic", "tilt_command_template")
    if to_tilt:
        parts.writers["tilt"] = lambda value, _state: to_tilt(
            tilt.told(percent_of(value)), tilt_position=percent_of(value)
        )
    told = {"position": "SET_POSITION", "stop": "STOP", "tilt": "SET_TILT_POSITION"}
    parts.attributes["supported_features"] = ("OPEN", *(name for key, name in told.items() if key in parts.writers))
    return parts


def valve(config: Config) -> Parts:
    parts = Parts()
    span = _Range(config.number("position_closed", 0), config.number("position_open", 100))
    reports = config.flag("reports_position")
    moves = {config.text(f"state_{name}", name): name for name in _MOVES[:-1]}
    parts.read(config, "state_topic", "value_template", _valve_decoder(moves, span, reports))
    send = sender(config, "command_topic", "command_template")
    if not send:
        return parts
    opened, closed, stop = (config.text(f"payload_{verb}", verb.upper()) for verb in ("open", "close", "stop"))
    features = ["OPEN"]
    if reports:
        features.append("SET_POSITION")
        parts.writers["open"] = lambda value, _state: send(span.told(100 if is_true(value) else 0))
        parts.writers["position"] = lambda value, _state: send(span.told(percent_of(value)))
    else:
        parts.writers["open"] = lambda value, _state: send(opened if is_true(value) else closed)
    if config.text("payload_stop"):
        features.append("STOP")
        parts.writers["stop"] = lambda _value, _state: send(stop)
    parts.attributes["supported_features"] = tuple(features)
    return parts


def _named(value: Value, bounds: dict[str, int]) -> dict[str, object]:
    return {**bounds, "position": round(percent_of(value))}


def _position(payload: Payload, span: _Range, tilt: _Range, derive_state: bool) -> Found:
    told = payload.json if isinstance(payload.json, dict) else {"position": payload.text.strip()}
    found: dict[str, Value] = {}
    position, slant = number(told.get("position")), number(told.get("tilt_position"))
    if position is None and slant is None:
        if payload.text.strip() in ("", "None"):
            return {}
        raise ValueError("no position in the payload")
    if position is not None:
        found["current_position"] = span.percent(position)
        if derive_state:
            found[STATE] = "open" if span.percent(position) else "closed"
    if slant is not None:
        found["current_tilt_position"] = tilt.percent(slant)
    return found


def _tilted(payload: Payload, tilt: _Range) -> Found:
    told = number(payload.text.strip())
    if told is None:
        raise ValueError("the tilt is not a number")
    return {"current_tilt_position": tilt.percent(told)}


def _valve_decoder(moves: dict[str, str], span: _Range, reports: bool) -> Callable[[Payload], Found]:
    state_of = chosen(moves)

    def decode(payload: Payload) -> Found:
        told = payload.json
        if not reports:
            return state_of(payload)
        if not isinstance(told, dict):
            told = {"position": payload.text} if number(payload.text) is not None else {"state": payload.text}
        found: dict[str, Value] = {}
        position = number(told.get("position"))
        if position is not None:
            percent = span.percent(position)
            found = {"current_position": percent, STATE: "open" if percent else "closed"}
        if isinstance(told.get("state"), str):
            found.update(state_of(Payload(told["state"])))
        if not found:
            raise ValueError("neither state nor position in the payload")
        return found

    return decode


def settled(found: Found, state: State) -> Found:
    """A cover that `stopped` is open, or closed where its position says so."""
    if found.get(STATE) != "stopped":
        return found
    position = number(found.get("current_position", state.attributes.get("current_position")))
    return {**found, STATE: "closed" if position == 0 else "open"}
