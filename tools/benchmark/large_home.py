"""A process of its own that gets to know a large home: `large_home.py PORT DEVICES` prints one JSON object."""

from __future__ import annotations

import gc
import json
import multiprocessing
import sys
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmark.home import flood
from edgevoice import assembly
from edgevoice import turn as turns
from edgevoice.config import HomeSettings, MqttSettings, NluSettings
from edgevoice.home import dialects, targets
from edgevoice.home.entities import Entities
from edgevoice.home.model import Home
from edgevoice.link import HomeLink
from edgevoice.messages import StateConfirmed, Turn
from edgevoice.mqtt.client import MqttClient
from edgevoice.nlu import cascade
from edgevoice.skills.conversation import Conversation
from edgevoice.turn import Stages, Voice

_STATES_A_SECOND = 2000
_TURNS = 60
_LAMP = 1  # a switch, which obeys


class Nowhere:
    """A sink."""

    def play(self, pieces: object, rate: int, cancel: threading.Event) -> None:
        """Nothing is heard."""


def main(port: int, devices: int) -> None:
    gc.set_threshold(assembly.COLLECT_EVERY)
    cascade.load(Home(), NluSettings()).prepare()  # the sentences, which a home of any size needs
    before = memory_mb()
    home = Home()
    bus = MqttClient(MqttSettings(port=port))
    link = HomeLink(home, dialects.load(Entities(home), HomeSettings()), bus, time.monotonic)
    began, busy = time.monotonic(), time.process_time()
    bus.start(10.0)
    while link.pump(0.1) or len(home.devices) < devices or not is_known(home):
        pass
    known_s = time.monotonic() - began
    began = time.monotonic()
    conversation = Conversation(home, cascade.load(home, NluSettings()))
    conversation.prepare()
    prepared_s = time.monotonic() - began
    process_mb, cpu_s = memory_mb(), time.process_time() - busy
    names = [device.name for device in list(home.devices.values())[:: devices // 500]]
    resolved = [timed(lambda name=name: targets.match(home, name=name, domain="light")) for name in names]
    gc.freeze()
    obedient(port)
    stages = Stages(None, conversation, link, Voice(None, Nowhere()))
    quiet = turns_ms(stages)
    lost, stop, sent = bus.lost, multiprocessing.Event(), multiprocessing.Value("i", 0)
    flooding = multiprocessing.Process(target=_flood, args=(port, devices, stop, sent))
    flooding.start()
    pump_for(link, 2.0)
    loud_from = time.monotonic()
    loud = turns_ms(stages)
    loud_s = time.monotonic() - loud_from + 2.0
    stop.set()
    flooding.join()
    found = {
        "known_s": known_s, "prepared_s": prepared_s, "cpu_s": cpu_s, "home_mb": process_mb - before, "bare_mb": before,
        "process_mb": process_mb, "resolve_ms": at(resolved, 50), "resolve_p95_ms": at(resolved, 95), "turn_ms": at(quiet, 50),
        "turn_p95_ms": at(quiet, 95), "flooded_ms": at(loud, 50), "states_a_second": sent.value / loud_s, "lost": bus.lost - lost,
    }  # fmt: skip
    print(json.dumps(found))
    bus.stop()


def is_known(home: Home) -> bool:
    return all(home.state(one).value not in ("unknown", "unavailable") for one in home.devices)


def timed(act: object) -> float:
    began = time.perf_counter()
    act()  # type: ignore[operator]
    return (time.perf_counter() - began) * 1e3


def at(values: list[float], percent: int) -> float:
    return round(float(np.percentile(values, percent)), 4)


def obedient(port: int) -> None:
    """One switch that does what it is told, in a thread of its own."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "obedient")
    base = f"large/switch/{_LAMP}"

    def obey(owner: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        owner.publish(f"{base}/state", message.payload, 1, retain=True)

    client.on_message = obey
    client.on_connect = lambda owner, *_: owner.subscribe(f"{base}/set", 1)
    client.connect("127.0.0.1", port)
    client.loop_start()


def pump_for(link: HomeLink, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        link.pump(0.05)


def turns_ms(stages: Stages) -> list[float]:
    """Sentences to a confirmed state, as the assistant does them: idle in between, taking in what comes."""
    taken = []
    for number in range(_TURNS):
        pump_for(stages.link, 0.05)
        began = time.perf_counter()
        events = turns.run(
            stages, Turn(str(number), threading.Event()), f"turn {'on' if number % 2 else 'off'} room 1 switch 1"
        )
        for event in events:
            if isinstance(event, StateConfirmed) and event.confirmed:
                taken.append((time.perf_counter() - began) * 1e3)
    if len(taken) < _TURNS * 0.9:
        raise RuntimeError(f"only {len(taken)} of {_TURNS} turns were confirmed")
    return taken


def _flood(port: int, devices: int, stop: Event, sent: object) -> None:
    sent.value = flood(port, devices, _STATES_A_SECOND, stop)  # type: ignore[attr-defined,arg-type]


def memory_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
