"""A vehicle behind a KUKSA databroker: targets out, current values in, on the topics of `kuksa.databroker`."""

from __future__ import annotations

import json
from collections.abc import Iterable

from edgevoice.home.vss import SPEED, Vehicle
from edgevoice.messages import Command, Message
from edgevoice.stages import Bus

PREFIX = "kuksa/"
_STATE = "kuksa/$state"
_REFUSED = "kuksa/$refused/"
_PULSE_SECONDS = 2.0
_LOOK_SECONDS = 0.005
_SILENT_SECONDS = 6.5  # a vehicle that has not answered for so long is not there


class KuksaAdapter:
    """An `Adapter`."""

    def __init__(self, vehicle: Vehicle) -> None:
        self._vehicle = vehicle
        self._is_online = False
        self._pulsed_at = self._heard_at = float("-inf")

    def subscriptions(self) -> tuple[str, ...]:
        return ()

    def messages(self, command: Command) -> tuple[Message, ...]:
        try:
            written = self._vehicle.write(command)
        except (ValueError, ArithmeticError, TypeError) as problem:
            self._vehicle.complain(command.device, f"{command.capability}: {problem}")
            return ()
        return tuple(Message(f"{PREFIX}{path}", json.dumps(value).encode()) for path, value in written)

    def due(self, now_seconds: float) -> tuple[Message, ...]:
        if now_seconds - self._heard_at > _SILENT_SECONDS:
            self._vehicle.unreachable(now_seconds)
        if not self._is_online or now_seconds - self._pulsed_at < _PULSE_SECONDS:
            return ()
        self._pulsed_at = now_seconds
        return (Message(f"{PREFIX}{SPEED}", b""),)

    def handle(self, message: Message, now_seconds: float) -> None:
        if message.topic == _STATE:
            self._is_online = message.payload == b"online"
            if not self._is_online:
                self._vehicle.unreachable(now_seconds)
        elif message.topic.startswith(_REFUSED):
            path, reason = message.topic.removeprefix(_REFUSED), message.payload.decode("utf-8", "replace")
            self._vehicle.refuse(path, reason, now_seconds)
        elif message.topic.startswith(PREFIX):
            try:
                self._vehicle.report(message.topic.removeprefix(PREFIX), json.loads(message.payload), now_seconds)
                self._heard_at = now_seconds
            except (ValueError, TypeError, RecursionError) as problem:
                self._vehicle.complain(message.topic, str(problem))


class Buses:
    """MQTT and a databroker as one `stages.Bus`: what begins with `kuksa/` is the databroker's."""

    def __init__(self, mqtt: Bus, databroker: Bus) -> None:
        self._mqtt, self._databroker = mqtt, databroker

    def subscribe(self, filters: Iterable[str]) -> None:
        self._mqtt.subscribe(filters)

    def ready(self, timeout_seconds: float, topic: str) -> bool:
        return self._of(topic).ready(timeout_seconds, topic)

    def publish(self, message: Message) -> None:
        self._of(message.topic).publish(message)

    def receive(self, timeout_seconds: float) -> Message | None:
        """Whichever is first; both are looked at every few milliseconds."""
        while True:
            found = self._databroker.receive(0.0) or self._mqtt.receive(min(timeout_seconds, _LOOK_SECONDS))
            timeout_seconds -= _LOOK_SECONDS
            if found is not None or timeout_seconds <= 0:
                return found

    def _of(self, topic: str) -> Bus:
        return self._databroker if topic.startswith(PREFIX) else self._mqtt
