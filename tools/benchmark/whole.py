"""What a user waits for: the message bus, the whole turn, and the start of the process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmark.measure import Bench, Figure, alternate, figure, milliseconds
from edgevoice import hearing
from edgevoice.listen import Listener
from edgevoice.messages import RATE, AudioChunk, Message
from edgevoice.mqtt.broker import EmbeddedBroker
from edgevoice.mqtt.client import MqttClient
from edgevoice.replay import replay
from evaluation import turn as turns
from evaluation.endpoint import speech_span

_MESSAGES = 200
_CHILD = Path(__file__).with_name("start.py")


def mqtt(bench: Bench) -> Iterator[Figure]:
    """A message at QoS 1 through the embedded broker and back."""
    with EmbeddedBroker() as broker:
        ours = MqttClient(broker.reached_by(bench.settings.mqtt))
        ours.start(5.0)
        ours.subscribe(["bench/ours"])
        time.sleep(0.2)  # the broker grants the subscription

        def there_and_back(number: int) -> None:
            ours.publish(Message("bench/ours", b"%d" % number))
            if ours.receive(5.0) is None:
                raise RuntimeError("the broker lost a message")

        client = paho.Client(CallbackAPIVersion.VERSION2)
        back = threading.Event()
        client.on_message = lambda *_: back.set()
        client.connect(broker.host, broker.port)
        client.loop_start()
        client.subscribe("bench/paho", 1)
        time.sleep(0.2)

        def bare(number: int) -> None:
            back.clear()
            client.publish("bench/paho", b"%d" % number, 1)
            back.wait(5.0)

        mine, theirs = alternate(
            range(_MESSAGES), lambda n: milliseconds(lambda: there_and_back(n)), lambda n: milliseconds(lambda: bare(n))
        )
        client.loop_stop()
        ours.stop()
    yield figure("mqtt", "there and back at QoS 1", mine).beside(figure("mqtt", "", theirs).median, "paho bare")


def turn(bench: Bench) -> Iterator[Figure]:
    """Recordings through every stage, to a simulated home, with the default endpoint and no language model."""
    settings = replace(bench.settings, llm=replace(bench.settings.llm, engine=""))
    results: list[turns.Result] = []
    with turns.stages(settings, bench.options) as made:
        vad = bench.options.engine("vad")
        for number in range(bench.rounds + 1):
            for clip in bench.clips:
                listener = Listener(None, vad, settings.listen, settings.vad.threshold)
                listener.listen_now(0)
                end = speech_span(clip.samples)[1]
                result = turns.collect(replay(turns.chunks(clip.samples), listener, made), end)
                if number:  # the first round is a warm-up
                    results.append(result)
    sent = [result for result in results if result.ms is not None]
    yield figure("turn", "true end of speech to message", [result.ms for result in sent if result.ms is not None])
    compute = [result.compute_ms for result in sent if result.compute_ms is not None]
    yield figure("turn", "of which computation", compute)
    yield figure("turn", "transcript to message", [r.understand_ms for r in sent if r.understand_ms is not None])
    audio = [result.first_audio_ms for result in results if result.first_audio_ms is not None]
    yield figure("turn", "reply to its first audio", audio)


def listen(bench: Bench) -> Iterator[Figure]:
    """The assistant as it stands all day: the listener with its wake word on what a room sounds like."""
    asr = bench.options.engine("asr")
    listener = hearing.listener(bench.settings, bench.options.store(), asr=asr)
    shares: list[float] = []
    start = 0
    for number in range(bench.rounds + 1):
        for clip in bench.clips:
            began = time.process_time()
            length = 0
            for chunk in turns.chunks(clip.samples):
                for _ in listener.feed(AudioChunk(chunk.samples, RATE, start + chunk.start)):
                    pass
                length = chunk.start + len(chunk.samples)
            start += length
            if number:
                shares.append((time.process_time() - began) / (length / RATE))
    yield figure("listen", "waiting for a wake word, CPU s a s of audio", shares, "s/s")


def start(bench: Bench) -> Iterator[Figure]:
    """Fresh processes, from their first instruction to listening; memory once everything has worked once."""
    ready: list[float] = []
    memory: list[float] = []
    with_llm: list[float] = []
    for _ in range(bench.rounds):
        plain = _child(bench, llm=False)
        ready.append(plain["ready_ms"])
        memory.append(plain["peak_mb"])
        if bench.settings.llm.engine:
            loaded = _child(bench, llm=True)
            with_llm.append(loaded["ready_ms"])
    yield figure("start", "to listening, without an LLM", ready)
    if with_llm:
        yield figure("start", "to listening, the LLM loading behind", with_llm)
    yield figure("start", "peak RSS without the LLM", memory, "MB")


def _child(bench: Bench, llm: bool) -> dict[str, float]:
    from edgevoice.commands.show import as_json

    given = {
        "settings": as_json(bench.settings),
        "models": str(bench.options.models) if bench.options.models else "",
        "llm": llm,
        "clip": bench.clips[0].samples.tolist(),
        "sentence": bench.sentences[0],
        "began": time.monotonic(),
    }
    done = subprocess.run(
        [sys.executable, str(_CHILD)], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the fresh process failed:\n{done.stderr}")
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured
