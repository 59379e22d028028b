"""A home of appliances that are not there: each one an MQTT client that announces itself, obeys and reports."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from edgevoice.config import MqttSettings
from edgevoice.errors import BrokerError
from edgevoice.home import appliance, inventory
from edgevoice.home.capabilities import number
from edgevoice.home.model import Device, State
from edgevoice.home.simulated import Dialect, HomeAssistantDevice
from edgevoice.home.simulated_homie import homie
from edgevoice.home.simulated_tasmota import tasmota
from edgevoice.home.simulated_zigbee import bridge, zigbee
from edgevoice.messages import Command, Message
from edgevoice.mqtt.client import acknowledge, hurry
from edgevoice.mqtt.security import Credentials
from edgevoice.stages import Running

_READY_SECONDS = 15.0
_DRIFT_SECONDS = 5.0
_DRIFT = {"temperature": 0.1, "humidity": 0.5}  # the most that a sensor of this class moves at once
_QOS = 1
_log = logging.getLogger(__name__)


DIALECTS: Mapping[str, Callable[[Device, str | None], Dialect | None]] = {
    "homeassistant": lambda device, area: HomeAssistantDevice(device, area),
    "zigbee2mqtt": zigbee,
    "tasmota": tasmota,
    "homie": homie,
}
"""How a device and the name of its area are made in each dialect; None for what there is none of."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How appliances behave: `delay_seconds` is how long one takes for a command, `loss` the share of commands that it
    does not hear. `seed` makes the sensors' drift, and the loss, repeatable.
    """

    delay_seconds: float = 0.0
    loss: float = 0.0
    seed: int = 0


class Simulator(Running):
    """`with Simulator(file, settings) as home:` and every device of the inventory file is on that broker.

    A cover that takes its time reports `opening` meanwhile. `left_out` are the devices that the dialect has no form of.
    """

    def __init__(
        self, file: Path, broker: MqttSettings, dialect: str = "homeassistant", manner: Manner = Manner()
    ) -> None:
        self._broker = broker
        self._stop = threading.Event()
        self._drifting: threading.Thread | None = None
        self._random = random.Random(manner.seed)
        self._bridge: paho.Client | None = None
        self.left_out: list[str] = []
        home = inventory.load(file).home()
        made: dict[str, Dialect] = {}
        for device in home.devices.values():
            found = DIALECTS[dialect](device, home.areas[device.area].name if device.area else None)
            if found is None:
                self.left_out.append(device.id)
            else:
                made[device.id] = found
        self._bridged = bridge(tuple(made.values())) if dialect == "zigbee2mqtt" else ()
        self._appliances = {
            name: _Appliance(home.devices[name], home.state(name), one, _Hearing(manner, name))
            for name, one in made.items()
        }

    @property
    def devices(self) -> tuple[Device, ...]:
        return tuple(appliance.device for appliance in self._appliances.values())

    def state(self, device_id: str) -> State:
        """What the appliance itself is doing now. Raises KeyError for one that is not there."""
        return self._appliances[device_id].state

    def heard(self, device_id: str) -> tuple[Command, ...]:
        """The last thousand commands that the appliance obeyed, in order."""
        return tuple(command for _, command in self._appliances[device_id].obeyed)

    def obeyed(self, device_id: str) -> tuple[tuple[float, Command], ...]:
        """The same, each with the time of the monotonic clock at which it was obeyed."""
        return tuple(self._appliances[device_id].obeyed)

    def set(self, device_id: str, state: State) -> None:
        """Puts an appliance into a state, as by hand, and lets it report."""
        self._appliances[device_id].become(state)

    def start(self) -> None:
        """Returns once every appliance is announced and listens. Raises BrokerError where the broker does not answer."""
        self._stop.clear()
        credentials = Credentials(self._broker)
        try:
            self._start_bridge(credentials)
            for one in self._appliances.values():
                one.start(self._broker, credentials)
        except (OSError, ValueError) as error:
            self.stop()
            raise BrokerError(
                f"the simulated home cannot reach {self._broker.host}:{self._broker.port}: {error}"
            ) from None
        late = [one.device.id for one in self._appliances.values() if not one.ready.wait(_READY_SECONDS)]
        if late:
            self.stop()
            raise BrokerError(f"the broker did not take in {', '.join(late[:5])} in {_READY_SECONDS:g} s")
        self._drifting = threading.Thread(target=self._drift, name="simulated sensors", daemon=True)
        self._drifting.start()

    def stop(self) -> None:
        self._stop.set()
        if self._drifting is not None:
            self._drifting.join()
            self._drifting = None
        for one in self._appliances.values():
            one.stop()
        if self._bridge is not None:
            self._bridge.disconnect()
            self._bridge.loop_stop()
            self._bridge = None

    def _start_bridge(self, credentials: Credentials) -> None:
        """Some dialects have a client that speaks for all devices."""
        if not self._bridged:
            return
        client = paho.Client(CallbackAPIVersion.VERSION2, "simulated-bridge")
        credentials.give(client)

        def announce(*_: Any) -> None:
            for message in self._bridged:
                client.publish(message.topic, message.payload, message.qos, message.retain)

        client.on_connect = announce
        client.connect(self._broker.host, self._broker.port)
        client.loop_start()
        self._bridge = client

    def _drift(self) -> None:
        while not self._stop.wait(_DRIFT_SECONDS):
            for one in self._appliances.values():
                step = _DRIFT.get(one.device.device_class or "") if one.device.domain == "sensor" else None
                value = number(one.state.value)
                if step is not None and value is not None:
                    one.become(replace(one.state, value=f"{round(value + self._random.uniform(-step, step), 1):g}"))


class _Hearing:
    """How well an appliance hears, and how long it takes."""

    def __init__(self, manner: Manner, device_id: str) -> None:
        self.delay_seconds = manner.delay_seconds
        self._loss = manner.loss
        self._chance = random.Random(f"{manner.seed} {device_id}")

    def misses(self) -> bool:
        return self._chance.random() < self._loss


class _Appliance:
    """One device with an MQTT client of its own; its state is changed on that client's thread, or on a timer's."""

    def __init__(self, device: Device, state: State, dialect: Dialect, hearing: _Hearing) -> None:
        self.device = device
        self.state = state
        self.obeyed: deque[tuple[float, Command]] = deque(maxlen=1000)
        self.ready = threading.Event()
        self._dialect = dialect
        self._hearing = hearing
        self._lock = threading.Lock()
        self._client = self._made()

    def start(self, broker: MqttSettings, credentials: Credentials) -> None:
        credentials.give(self._client)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def stop(self) -> None:
        if self._client.is_connected():
            with contextlib.suppress(RuntimeError, ValueError):  # the connection broke meanwhile
                self._publish(self._dialect.offline).wait_for_publish(1.0)
        self._client.disconnect()
        self._client.loop_stop()

    def become(self, state: State) -> None:
        with self._lock:
            self.state = state
            for message in self._dialect.reports(state):
                self._publish(message)

    def _made(self) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, f"simulated-{self.device.id}")
        client.will_set(self._dialect.offline.topic, self._dialect.offline.payload, _QOS, retain=True)
        client.reconnect_delay_set(1, 5)
        hurry(client)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _publish(self, message: Message) -> paho.MQTTMessageInfo:
        return self._client.publish(message.topic, message.payload, message.qos, message.retain)

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if not reason.is_failure:
            client.subscribe([(item, _QOS) for item in self._dialect.filters()])

    def _on_subscribe(self, client: paho.Client, _data: Any, _id: int, _reasons: Any, _properties: Any) -> None:
        for message in self._dialect.announcement():
            self._publish(message)
        self.become(self.state)
        self._publish(self._dialect.online)
        self.ready.set()

    def _on_message(self, client: paho.Client, _data: Any, received: paho.MQTTMessage) -> None:
        acknowledge(client)
        # A retained command is an old one: an appliance that obeyed it would move by itself when it comes back.
        if received.retain or self._hearing.misses():
            return
        message = Message(received.topic, bytes(received.payload))
        if self._dialect.asks(message):
            self.become(self.state)
            return
        try:
            commands = list(self._dialect.decode(message))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            _log.warning("%s does not understand '%s': %s", self.device.id, received.topic, error)
            return
        self._soon(lambda: self._obey(commands))
        if self._hearing.delay_seconds and self.device.domain == "cover":
            self._begin_to_move(commands)

    def _soon(self, act: Callable[[], None]) -> None:
        if not self._hearing.delay_seconds:
            act()
            return
        timer = threading.Timer(self._hearing.delay_seconds, act)
        timer.daemon = True
        timer.start()

    def _obey(self, commands: list[Command]) -> None:
        state = self.state
        for command in commands:
            self.obeyed.append((time.monotonic(), command))
            state = appliance.obey(self.device, state, command)
        self.become(state)

    def _begin_to_move(self, commands: list[Command]) -> None:
        target = self.state
        for command in commands:
            target = appliance.obey(self.device, target, command)
        there, goal = (number(state.attributes.get("current_position")) for state in (self.state, target))
        opens = goal > there if goal is not None and there is not None else target.value == "open"
        if target != self.state:
            self.become(replace(self.state, value="opening" if opens else "closing"))
