"""The home and its broker: restarts, a home of ten thousand devices, a flood of states, a flood of nonsense."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmark import mosquitto, restarts
from benchmark.measure import Bench, Figure, figure
from benchmark.nonsense import nonsense
from edgevoice.messages import Message

_COMMANDS, _RESTARTS, _DEVICES, _NONSENSE = 1000, 20, 10_000, 100_000
_AREAS = 200
_KINDS = ("light", "switch", "sensor", "cover", "climate")
_CHILD = Path(__file__).with_name("large_home.py")


def home(bench: Bench) -> Iterator[Figure]:
    """All of it; without Mosquitto only the nonsense."""
    if mosquitto.find("mosquitto"):
        with tempfile.TemporaryDirectory() as folder:
            for kill in (False, True):
                yield from _restarted(Path(folder), kill)
            yield from large(Path(folder), _DEVICES)
    yield from nonsense(_NONSENSE)


def _restarted(folder: Path, kill: bool) -> Iterator[Figure]:
    account = restarts.run(folder, _COMMANDS, _RESTARTS, kill)
    what = f"{_COMMANDS} commands, broker {'killed' if kill else 'stopped'} {_RESTARTS} times"
    for name in ("confirmed", "unconfirmed", "dropped", "twice", "late", "ghosts"):
        yield Figure("home", f"{what}: {name}", "commands", float(getattr(account, name)))
    unaccounted = account.given - account.confirmed - account.unconfirmed - account.dropped
    yield Figure("home", f"{what}: of which nothing was said", "commands", float(unaccounted))
    yield figure("home", "command to confirmed state, among them", account.ms)


# --- a large home -----------------------------------------------------------------------------------------------------


def large(folder: Path, devices: int) -> Iterator[Figure]:
    """A home of so many devices, known by a fresh process; its turns with and without 2,000 states a second."""
    broker = mosquitto.Mosquitto(folder, "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\n")
    broker.start()
    try:
        client = paho.Client(CallbackAPIVersion.VERSION2, "large-home")
        client.max_inflight_messages_set(0)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        last = None
        for message in announced(devices):
            last = client.publish(message.topic, message.payload, 1, message.retain)
        if last is not None:
            last.wait_for_publish(60.0)
        found = _child(broker.port, devices)
        client.loop_stop()
    finally:
        broker.stop()
    name = f"{devices} devices"
    yield Figure("home", f"{name}: discovery to ready", "s", found["known_s"] + found["prepared_s"])
    yield Figure("home", f"{name}: of which what can be said", "s", found["prepared_s"])
    yield Figure("home", f"{name}: discovery to ready, CPU", "s", found["cpu_s"])
    yield Figure("home", f"{name}: memory of the home, what can be said there included", "MB", found["home_mb"])
    yield Figure("home", f"{name}: memory of the process", "MB", found["process_mb"]).beside(
        found["bare_mb"], "no devices"
    )
    yield Figure("home", f"{name}: a name resolved", "ms", found["resolve_ms"], found["resolve_p95_ms"])
    yield Figure("home", f"{name}: sentence to confirmed state", "ms", found["turn_ms"], found["turn_p95_ms"])
    flooded = Figure(
        "home", f"{name}: the same, {found['states_a_second']:.0f} states a second", "ms", found["flooded_ms"]
    )
    yield flooded.beside(found["turn_ms"], "no flood")
    yield Figure("home", f"{name}: states lost in the flood", "messages", found["lost"])


def announced(devices: int) -> Iterator[Message]:
    """Discovery and states of a home of lamps, switches, sensors, blinds and thermostats in two hundred rooms."""
    states = {
        "light": '{"state":"OFF","brightness":20}',
        "switch": "OFF",
        "sensor": "21.5",
        "cover": "open",
        "climate": "heat",
    }
    for number in range(devices):
        kind, area = _KINDS[number % len(_KINDS)], f"Room {number % _AREAS}"
        base = f"large/{kind}/{number}"
        told = {"ids": [f"d{number}"], "name": f"{area} {kind} {number}", "sa": area}
        config: dict[str, object] = {"~": base, "name": None, "dev": told, "stat_t": "~/state", "avty_t": "~/there"}
        if kind != "sensor":
            config["cmd_t"] = "~/set"
        if kind == "light":
            config.update(schema="json", brightness=True, sup_clrm=["rgb", "color_temp"])
        if kind == "climate":
            config.update(mode_stat_t="~/state", mode_cmd_t="~/mode/set", temp_cmd_t="~/goal/set", temp_stat_t="~/goal")
        yield Message(f"homeassistant/{kind}/d{number}/config", json.dumps(config).encode(), retain=True)
        yield Message(f"{base}/there", b"online", retain=True)
        yield Message(f"{base}/state", states[kind].encode(), retain=True)


def _child(port: int, devices: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, str(_CHILD), str(port), str(devices)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the process of the large home failed:\n{done.stderr}")
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def flood(port: int, devices: int, a_second: int, stop: threading.Event) -> int:
    """Publishes states at that rate until `stop`. Returns how many."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "flood")
    client.connect("127.0.0.1", port)
    client.loop_start()
    sent, began = 0, time.monotonic()
    while not stop.wait(0.01):
        while sent < (time.monotonic() - began) * a_second:
            number = sent * 7 % devices
            client.publish(f"large/{_KINDS[number % len(_KINDS)]}/{number}/state", _said(number, sent), 0)
            sent += 1
    client.disconnect()
    client.loop_stop()
    return sent


def _said(number: int, turn: int) -> str:
    on = "ON" if turn % 2 else "OFF"
    return (f'{{"state":"{on}","brightness":{turn % 255}}}', on, f"{turn % 40}", "open", "heat")[number % len(_KINDS)]
