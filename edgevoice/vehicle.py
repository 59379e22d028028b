"""A vehicle that is not there: an MQTT client that answers VISS requests for every signal of a VSS tree.

Written from the vehicle's end and without a line of `home/viss.py`, so that the two check each other.
"""

from __future__ import annotations

import fnmatch
import json
import logging
import random
import re
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edgevoice.config import MqttSettings
from edgevoice.errors import BrokerError
from edgevoice.home import vss_tree
from edgevoice.home.vss_tree import Signal
from edgevoice.mqtt.client import acknowledge, hurry
from edgevoice.mqtt.security import Credentials
from edgevoice.simulator import Manner
from edgevoice.stages import Running

_READY_SECONDS = 15.0
_QOS = 1
_STEPS = 4  # on the way to a position
_log = logging.getLogger(__name__)


class Refused(Exception):
    """A VISS error: number, reason, message."""


class SimulatedVehicle(Running):
    """`with SimulatedVehicle(tree, host, port):` and `<VID>/Vehicle` answers get, set, subscribe and unsubscribe.

    Values begin with the tree's defaults. Actuators that take their time pass through the positions on their way.
    """

    def __init__(self, tree: Path, broker: MqttSettings, vehicle_id: str = "car", manner: Manner = Manner()) -> None:
        self._broker = broker
        self._requests = f"{vehicle_id}/Vehicle"
        self._signals = vss_tree.load(tree).signals
        self._values = {path: _first(signal) for path, signal in self._signals.items()}
        self._delay_seconds, self._loss = manner.delay_seconds, manner.loss
        self._chance = random.Random(f"{manner.seed} {vehicle_id}")
        self._subscribers: dict[str, tuple[str, frozenset[str]]] = {}  # subscription id -> topic, paths
        self._lock = threading.RLock()
        self._ready = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, f"simulated-{vehicle_id}")
        self.heard: deque[tuple[str, str]] = deque(maxlen=1000)
        """The last (path, value) that it was told to set, in order."""

    def value(self, path: str) -> str:
        """The current value, as VISS writes it. Raises KeyError."""
        return self._values[path]

    def set(self, path: str, value: str) -> None:
        """Gives a signal a value, as by hand or by driving, and tells who subscribed to it."""
        with self._lock:
            if self._values[path] == value:
                return
            self._values[path] = value
            for id, (topic, paths) in list(self._subscribers.items()):
                if path in paths:
                    event = {"action": "subscription", "subscriptionId": id, "data": self._data([path])}
                    self._publish(topic, event)

    def start(self) -> None:
        """Returns once it answers. Raises BrokerError."""
        client = self._client
        client.reconnect_delay_set(1, 5)
        hurry(client)
        client.on_connect = lambda *_: client.subscribe(self._requests, _QOS) and None
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_message = self._on_message
        try:
            Credentials(self._broker).give(client)
            client.connect(self._broker.host, self._broker.port)
        except (OSError, ValueError) as error:
            raise BrokerError(
                f"the simulated vehicle cannot reach {self._broker.host}:{self._broker.port}: {error}"
            ) from None
        client.loop_start()
        if not self._ready.wait(_READY_SECONDS):
            self.stop()
            raise BrokerError(f"the broker did not take in the vehicle in {_READY_SECONDS:g} s")

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    # --- requests -----------------------------------------------------------------------------------------------------

    def _on_message(self, client: paho.Client, _data: Any, received: paho.MQTTMessage) -> None:
        acknowledge(client)
        if received.retain or self._chance.random() < self._loss:
            return
        try:
            told = json.loads(received.payload)
            topic, request = told["topic"], told["request"]
            # The specification writes the request as text, its reference server as an object.
            request = json.loads(request) if isinstance(request, str) else request
            id, action = str(request["requestId"]), str(request["action"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            _log.warning("the vehicle does not understand a request: %s", error)
            return
        with self._lock:
            try:
                answer = self._answer(action, request, topic)
            except Refused as refused:
                number, reason, message = refused.args
                answer = {"error": {"number": number, "reason": reason, "message": message}}
            self._publish(topic, {"action": action, "requestId": id, **answer})

    def _answer(self, action: str, request: dict[str, Any], topic: str) -> dict[str, Any]:
        match action:
            case "get":
                return {"data": self._data(self._paths(request))}
            case "set":
                self._obey(str(request.get("path")), str(request.get("value")))
                return {}
            case "subscribe":
                id = str(len(self._subscribers) + 1)
                self._subscribers[id] = (topic, frozenset(self._paths(request)))
                return {"subscriptionId": id}
            case "unsubscribe":
                self._subscribers.pop(str(request.get("subscriptionId")), None)
                return {}
        raise Refused(400, "bad_request", "Missing or invalid action")

    def _paths(self, request: dict[str, Any]) -> list[str]:
        root = str(request.get("path")).replace("/", ".")
        told = request.get("filter") or []
        patterns: list[str] = []
        for one in told if isinstance(told, list) else [told]:
            if one.get("variant") == "paths":
                listed = one["parameter"]
                patterns += listed if isinstance(listed, list) else [listed]
        wanted = [f"{root}.{pattern}" for pattern in patterns] or [root]
        found = [
            path
            for path in self._signals
            if any(path == one or ("*" in one and fnmatch.fnmatchcase(path, one)) for one in wanted)
        ]
        if not found:
            raise Refused(404, "unavailable_data", "The requested data was not found.")
        return found

    def _data(self, paths: list[str]) -> Any:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        points = [{"path": path, "dp": {"value": self._values[path], "ts": now}} for path in paths]
        return points[0] if len(points) == 1 else points

    def _obey(self, path: str, value: str) -> None:
        signal = self._signals.get(path)
        if signal is None:
            raise Refused(404, "unavailable_data", "The requested data was not found.")
        if signal.kind != "actuator":
            raise Refused(400, "invalid_data", "Update of a sensor is not supported")
        _check(signal, value)
        self.heard.append((path, value))
        if not self._delay_seconds:
            self.set(path, value)
            return
        way = [value]
        if signal.unit == "percent" and path.endswith("Position"):
            here, there = float(self._values[path]), float(value)
            way = [f"{round(here + (there - here) * step / _STEPS)}" for step in range(1, _STEPS + 1)]
        for number, point in enumerate(way, 1):
            timer = threading.Timer(self._delay_seconds * number / len(way), self.set, (path, point))
            timer.daemon = True
            timer.start()

    def _publish(self, topic: str, answer: dict[str, Any]) -> None:
        stamped = {**answer, "ts": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        self._client.publish(topic, json.dumps(stamped), _QOS)


def _first(signal: Signal) -> str:
    if signal.default is not None:
        return str(signal.default).lower() if isinstance(signal.default, bool) else str(signal.default)
    if signal.datatype == "boolean":
        return "false"
    return "" if signal.datatype.startswith("string") else "0"


def _check(signal: Signal, value: str) -> None:
    if signal.datatype == "boolean":
        fits = value in ("true", "false")
    elif signal.datatype == "string":
        fits = not signal.allowed or value in signal.allowed
    else:
        whole = signal.datatype not in ("float", "double")
        fits = re.fullmatch(r"-?\d+" if whole else r"-?\d+(\.\d+)?", value) is not None
        if fits and not (
            (signal.minimum is None or float(value) >= signal.minimum)
            and (signal.maximum is None or float(value) <= signal.maximum)
        ):
            raise Refused(400, "invalid_data", "Data value outside limit")
    if not fits:
        raise Refused(400, "invalid_data", "Incorrect data type")
