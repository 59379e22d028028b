"""A vehicle that speaks VISS over MQTT: requests to `<VID>/Vehicle`, answers and events on a topic of our own."""

from __future__ import annotations

import json
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from edgevoice.home.vss import SPEED, Vehicle, flattened
from edgevoice.messages import Command, Message

_ASK_AGAIN_SECONDS = 3.0  # for the subscription, while nobody answers
_PULSE_SECONDS = 2.0  # how often the speed is asked for: events come with changes only, and a parked car has none
_SILENT_SECONDS = 6.5  # a vehicle that has not answered for so long is not there
_OPEN = 256  # requests whose answers may still come
_PAYLOAD_LIMIT = 262_144


class VissAdapter:
    """An `Adapter`. `vehicle_id` is the VID; `client_id` ours, whose connections are seen by their availability topic.

    All signals are subscribed to with one request, and asked for once, after each connection.
    """

    def __init__(self, vehicle: Vehicle, vehicle_id: str, client_id: str) -> None:
        self._vehicle = vehicle
        self._requests = f"{vehicle_id}/Vehicle"
        self._ours = f"edgevoice/{client_id}/availability"
        self._replies = f"edgevoice/{client_id}/viss/{uuid.uuid4().hex[:12]}"
        self._open: OrderedDict[str, tuple[str, str, str]] = OrderedDict()  # request id -> action, path, value
        self._is_subscribed = False
        self._asked_at = self._pulsed_at = self._heard_at = float("-inf")

    def subscriptions(self) -> tuple[str, ...]:
        return (self._replies, self._ours)

    def messages(self, command: Command) -> tuple[Message, ...]:
        try:
            written = self._vehicle.write(command)
        except (ValueError, ArithmeticError, TypeError) as problem:
            self._vehicle.complain(command.device, f"{command.capability}: {problem}")
            return ()
        return tuple(self._request("set", path, value=_text(value)) for path, value in written)

    def due(self, now_seconds: float) -> tuple[Message, ...]:
        if now_seconds - self._heard_at > _SILENT_SECONDS:
            self._is_subscribed = False
            self._vehicle.unreachable(now_seconds)
        if not self._is_subscribed:
            if now_seconds - self._asked_at < _ASK_AGAIN_SECONDS:
                return ()
            self._asked_at = self._pulsed_at = now_seconds
            paths = self._paths()
            changes = {"variant": "change", "parameter": {"logic-op": "ne", "diff": "0"}}
            return (
                self._request("subscribe", "Vehicle", filter=[paths, changes]),
                self._request("get", "Vehicle", filter=paths),
            )
        if now_seconds - self._pulsed_at < _PULSE_SECONDS:
            return ()
        self._pulsed_at = now_seconds
        return (self._request("get", SPEED),)

    def handle(self, message: Message, now_seconds: float) -> None:
        if message.topic == self._ours and message.payload == b"online":
            self._is_subscribed, self._asked_at = False, float("-inf")  # the vehicle's subscriptions may be gone
        if message.topic != self._replies:
            return
        try:
            if len(message.payload) > _PAYLOAD_LIMIT:
                raise ValueError(f"payload of {len(message.payload)} bytes")
            told: Any = json.loads(message.payload)
            if not isinstance(told, dict):
                raise ValueError("no object")
            self._take(told, now_seconds)
        except (ValueError, TypeError, ArithmeticError, RecursionError) as problem:
            self._vehicle.complain(message.topic, str(problem))

    def _take(self, told: Mapping[str, Any], now: float) -> None:
        self._heard_at = now
        action, path, value = self._open.pop(str(told.get("requestId", "")), ("", "", ""))
        error = told.get("error")
        if error is not None:
            if action == "set":
                self._vehicle.refuse(path, _reason(error), now)
                return
            raise ValueError(f"{action or told.get('action')} {path}: the vehicle refuses: {_reason(error)}")
        if action == "subscribe":
            self._is_subscribed = True
        elif action == "set":
            self._vehicle.aim(path, value, now)
        for at, raw in flattened(told.get("data")):
            try:
                self._vehicle.report(at, raw, now)
            except ValueError as problem:
                self._vehicle.complain(at, str(problem))

    def _paths(self) -> Mapping[str, Any]:
        return {"variant": "paths", "parameter": [path.removeprefix("Vehicle.") for path in self._vehicle.paths]}

    def _request(self, action: str, path: str, **more: str | Mapping[str, Any] | Sequence[Any]) -> Message:
        id = uuid.uuid4().hex[:12]
        self._open[id] = (action, path, str(more.get("value", "")))
        if len(self._open) > _OPEN:
            self._open.popitem(last=False)
        request = {"action": action, "path": path, **more, "requestId": id}
        return Message(self._requests, json.dumps({"topic": self._replies, "request": request}).encode())


def _reason(error: Any) -> str:
    """What a VISS error says: its message, which is a sentence, else its reason."""
    if not isinstance(error, dict):
        return str(error)[:200]
    told = next((error[key] for key in ("message", "description", "reason", "number") if error.get(key)), error)
    return str(told)[:200]


def _text(value: object) -> str:
    """A value as VISS writes all of them: as text."""
    return (
        ("true" if value else "false")
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
