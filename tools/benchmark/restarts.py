"""A broker that is stopped and started again, at random, while commands are given: what became of each of them."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.mosquitto import Mosquitto
from edgevoice.config import HomeSettings, MqttSettings
from edgevoice.errors import BrokerError
from edgevoice.home import dialects
from edgevoice.home.entities import Entities
from edgevoice.home.model import Home
from edgevoice.link import HomeLink
from edgevoice.messages import Command
from edgevoice.mqtt.client import MqttClient
from edgevoice.simulator import Simulator

_DEVICES = 5
_CONFIRM_SECONDS = 0.3
_DOWN_SECONDS = 2.5  # at most
_SLACK_SECONDS = 1.0  # the broker counts an expiry in whole seconds


@dataclass(slots=True)
class Account:
    """What became of the commands. `confirmed`, `unconfirmed` and `dropped` are said to the user, and are all there is."""

    given: int = 0
    confirmed: int = 0
    unconfirmed: int = 0
    dropped: int = 0
    twice: int = 0
    """Executed more than once."""
    late: int = 0
    """Executed after the expiry."""
    ghosts: int = 0
    """Said to be dropped, and executed all the same."""
    ms: list[float] = field(default_factory=list)
    """From the command to its confirmation."""


@contextmanager
def linked(folder: Path, settings: MqttSettings) -> Iterator[tuple[HomeLink, Simulator, MqttClient]]:
    """A home of numbers on a broker, and the assistant's side of it, once everything is known."""
    file = folder / "numbers.yaml"
    entry = "  - {id: number.n%d, state: '0', attributes: {min: 0, max: 100003, step: 1}}\n"
    file.write_text("devices:\n" + "".join(entry % number for number in range(_DEVICES)))
    home, bus = Home(), MqttClient(settings)
    adapter = dialects.load(Entities(home), HomeSettings())
    link = HomeLink(home, adapter, bus, time.monotonic, settings.expiry_seconds)
    with Simulator(file, settings) as simulator:
        bus.start(5.0)
        end = time.monotonic() + 10.0
        while time.monotonic() < end and not _is_known(home):
            link.pump(0.05)
        try:
            yield link, simulator, bus
        finally:
            bus.stop()


def _is_known(home: Home) -> bool:
    return len(home.devices) == _DEVICES and all(home.state(one).value.isdigit() for one in home.devices)


def run(folder: Path, commands: int, restarts: int, kill: bool, seed: int = 0) -> Account:
    """Gives `commands`, each another value, while the broker is stopped and started `restarts` times."""
    chance, broker, account = random.Random(seed), Mosquitto(folder), Account()
    broker.start()
    settings = MqttSettings(port=broker.port, expiry_seconds=1.0)
    moments = set(chance.sample(range(commands), restarts))
    given: dict[tuple[str, int], float] = {}
    dropped: set[tuple[str, int]] = set()
    restarting = threading.Thread()
    try:
        with linked(folder, settings) as (link, simulator, _):
            for number in range(commands):
                if number in moments:
                    if restarting.ident is not None:
                        restarting.join()
                    waits = chance.uniform(0, 0.01), chance.uniform(0, _DOWN_SECONDS)
                    restarting = threading.Thread(target=_restart, args=(broker, kill, *waits))
                    restarting.start()
                command = Command(f"number.n{number % _DEVICES}", "value", number * 7919 % 100_003)
                given[(command.device, int(str(command.value)))] = began = time.monotonic()
                account.given += 1
                try:
                    sent = list(link.send([command], began))
                except BrokerError:
                    account.dropped += 1
                    dropped.add((command.device, int(str(command.value))))
                    continue
                told = [one.confirmed for one in link.confirm([command], began, _CONFIRM_SECONDS)] if sent else [False]
                account.confirmed += told == [True]
                account.unconfirmed += told == [False]
                if told == [True]:
                    account.ms.append((time.monotonic() - began) * 1e3)
            if restarting.ident is not None:
                restarting.join()
            threading.Event().wait(settings.expiry_seconds + 3.0)  # whatever is still on its way arrives
            _judge(account, simulator, given, dropped, settings.expiry_seconds + _SLACK_SECONDS)
    finally:
        broker.stop()
    return account


def _restart(broker: Mosquitto, kill: bool, before: float, down: float) -> None:
    time.sleep(before)
    broker.kill() if kill else broker.stop()
    time.sleep(down)
    broker.start()


def _judge(
    account: Account,
    simulator: Simulator,
    given: dict[tuple[str, int], float],
    dropped: set[tuple[str, int]],
    lasts_seconds: float,
) -> None:
    executed: Counter[tuple[str, int]] = Counter()
    for device in simulator.devices:
        for at, command in simulator.obeyed(device.id):
            key = (device.id, round(float(str(command.value))))
            executed[key] += 1
            account.late += at - given[key] > lasts_seconds
    account.twice = sum(number > 1 for number in executed.values())
    account.ghosts = sum(key in dropped for key in executed)
