#!/usr/bin/env python3
"""Lets the whole assistant run for hours at high speed, and looks for what grows: memory, threads, file descriptors.

  tools/soak.py --turns 480 --gap 60      # eight hours with a turn a minute

Recordings go through ears, understanding, a simulated home on an embedded broker, confirmation and voice, as fast as the
machine can; between two turns lie `--gap` seconds of quiet. Every tenth turn is typed. The metrics are scraped all the
while, and with `--page` the web page is served, two look at it, and another comes and goes at every turn. Fails where
memory grew by more than `--limit` percent since the first tenth, or threads or descriptors were left over.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import queue
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from http.client import HTTPResponse
from pathlib import Path

import numpy as np

from edgevoice import assembly, board, config, hearing, profiles, resources, watchers
from edgevoice.assistant import Assistant, Wish
from edgevoice.audio import wav
from edgevoice.audio.speaker import NullSink
from edgevoice.errors import EdgeVoiceError
from edgevoice.messages import RATE, AudioChunk, Event, Samples, TurnEnded
from edgevoice.model_store import Store
from edgevoice.service.figures import Figures, Watched
from edgevoice.service.metrics import HOST, Endpoint
from edgevoice.service.notify import Heartbeat
from edgevoice.service.web.meter import Meter
from edgevoice.service.web.settings_file import SettingsFile

_CHUNK = 1280
_WAKE = "alexa"
_COMMANDS = (
    "turn_off_all_lights_in_the_office",
    "what_is_the_outdoor_humidity",
    "set_bed_light_brightness_to_50_percent",
    "whats_the_weather_like_in_new_york",
    "lock_the_front_door",
    "timer_status",
)
_TYPED = "turn on the office lights"
_QUIET_SECONDS = 6.0  # after a command: longer than any question waits for its answer
_TURN_SECONDS = 30.0


class Tape:
    """A microphone that plays what it is given, and ends a piece before it takes the next."""

    def __init__(self) -> None:
        self._pieces: queue.Queue[Samples | None] = queue.Queue()
        self._closed = threading.Event()

    def __enter__(self) -> Iterator[AudioChunk]:
        return self._chunks()

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._closed.set()
        self._pieces.put(None)

    def play(self, samples: Samples) -> None:
        self._pieces.put(samples)

    def wait(self) -> None:
        """Returns when all has been played."""
        self._pieces.join()

    def _chunks(self) -> Iterator[AudioChunk]:
        start = 0
        while not self._closed.is_set() and (piece := self._pieces.get()) is not None:
            for i in range(0, len(piece), _CHUNK):
                chunk = piece[i : i + _CHUNK]
                yield AudioChunk(chunk, RATE, start)
                start += len(chunk)
            self._pieces.task_done()


@dataclass(frozen=True, slots=True)
class Held:
    """What the process holds at a moment."""

    rss_mb: float
    threads: int
    descriptors: int

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        return cls(board.rss_mb(), threading.active_count(), len(os.listdir("/proc/self/fd")))

    def __str__(self) -> str:
        return f"{self.rss_mb:.1f} MB, {self.threads} threads, {self.descriptors} descriptors"


class Onlookers:
    """Browsers that show the page: one its turns, one its meters, and others that come, look once, and go."""

    def __init__(self, port: int) -> None:
        self._url = f"http://localhost:{port}"
        self._open: list[HTTPResponse] = []
        self._threads: list[threading.Thread] = []
        self.events = 0

    def __enter__(self) -> Onlookers:
        for path in ("/api/events", "/api/meters"):
            answer = urllib.request.urlopen(self._url + path, timeout=_TURN_SECONDS)
            self._open.append(answer)
            self._threads.append(threading.Thread(target=self._read, args=(answer,), daemon=True))
            self._threads[-1].start()
        return self

    def __exit__(self, *_: object) -> None:
        print(f"the page told {self.events} lines of events", file=sys.stderr)

    def _read(self, answer: HTTPResponse) -> None:
        with contextlib.suppress(OSError, ValueError):
            for _ in answer:
                self.events += 1

    def come_and_go(self) -> None:
        for path in ("/", "/page.js", "/api/status", "/api/settings", "/api/taught"):
            with urllib.request.urlopen(self._url + path, timeout=_TURN_SECONDS) as answer:
                answer.read()
        with urllib.request.urlopen(self._url + "/api/events", timeout=_TURN_SECONDS) as answer:
            answer.readline()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def soak(options: argparse.Namespace) -> list[Held]:
    """What was held after the first tenth of the turns, after each further tenth, and so at the end."""
    profile = profiles.load(options.profile or profiles.detect())
    settings = config.settings(profile.node, None, {"wake": {"words": [_WAKE]}})
    if not options.llm:
        settings = replace(settings, llm=replace(settings.llm, engine=""))
    if options.page:
        settings = replace(settings, web=replace(settings.web, port=_free_port()))
    with (
        assembly.demo_home(settings) as settings,
        assembly.stages(settings, Store(), NullSink(), assembly.Wanted()) as stages,
    ):
        tape, ended = Tape(), threading.Semaphore(0)
        watching: list[watchers.Watcher] = []
        heartbeat = Heartbeat(lambda: None, ("ears", "turns"), _TURN_SECONDS)
        watched = Watched(Figures(), heartbeat, stages.condition)

        def observe(event: Event) -> None:
            watched.figures.observe(event)
            for watcher in watching:
                watcher.observe(event)
            if isinstance(event, TurnEnded):
                ended.release()

        ear = hearing.listener(settings, Store())
        meter = Meter(tape, ear)
        assistant = Assistant(meter, ear, stages, observe, lambda name: None, heartbeat)
        if (presence := watchers.presence(settings, stages, assistant, watched.summary)) is not None:
            watching.append(presence)
        runner = threading.Thread(target=assistant.run, name="turns")
        runner.start()
        try:
            with Endpoint(watched, 0) as endpoint, ExitStack() as stack:
                look: Callable[[], object] = time.monotonic
                if settings.web.port:
                    page = watchers.Page(SettingsFile(Path("settings.yaml"), profile, settings), meter, watched.health)
                    watching.append(stack.enter_context(watchers.web(settings, stages, assistant, page)))
                    onlookers = stack.enter_context(Onlookers(settings.web.port))
                    look = onlookers.come_and_go
                held = list(_turns(options, tape, assistant, ended, endpoint, look))
            print(f"turns {dict(watched.figures.counts.turns)}", file=sys.stderr)
        finally:
            assistant.stop()
            runner.join(10.0)
    return held


def _turns(
    options: argparse.Namespace,
    tape: Tape,
    assistant: Assistant,
    ended: threading.Semaphore,
    endpoint: Endpoint,
    look: Callable[[], object],
) -> Iterator[Held]:
    wake = _clip("alexa")
    commands = [_clip(name) for name in _COMMANDS]
    rest = np.zeros(round(_QUIET_SECONDS * RATE), np.int16)
    gap = np.zeros(round(max(0.0, options.gap - _QUIET_SECONDS) * RATE), np.int16)
    step = max(1, options.turns // 10)
    for number in range(1, options.turns + 1):
        if number % 10 == 0:
            assistant.wish(Wish(_TYPED))
        else:
            tape.play(np.concatenate([wake, commands[number % len(commands)], rest[: RATE * 2]]))
        if not ended.acquire(timeout=_TURN_SECONDS):
            print(f"turn {number}: nothing was heard", file=sys.stderr)
        tape.play(rest)
        tape.play(gap)
        tape.wait()
        look()
        if number % step == 0:
            with urllib.request.urlopen(f"http://{HOST}:{endpoint.port}/metrics", timeout=10) as answer:
                answer.read()
            time.sleep(0.2)  # its thread ends
            held = Held.now()
            print(f"{number:>6} turns: {held}", file=sys.stderr, flush=True)
            yield held


def _clip(name: str) -> Samples:
    return np.concatenate([chunk.samples for chunk in wav.chunks(Path(resources.find("recordings")) / f"{name}.flac")])


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=480, help="how many (480)")
    parser.add_argument("--gap", type=float, default=60.0, metavar="SECONDS", help="of quiet after each (60)")
    parser.add_argument("--profile", metavar="NAME", help="device profile (default: this machine's)")
    parser.add_argument("--page", action="store_true", help="with the web page, and who looks at it")
    parser.add_argument("--llm", action="store_true", help="with the language model")
    parser.add_argument("--limit", type=float, default=5.0, metavar="PERCENT", help="what memory may grow by (5)")
    options = parser.parse_args(argv)
    began = time.monotonic()
    try:
        held = soak(options)
    except EdgeVoiceError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 2
    first, last = held[0], held[-1]
    growth = (last.rss_mb / first.rss_mb - 1) * 100
    hours, took = options.turns * options.gap / 3600, time.monotonic() - began
    print(f"{options.turns} turns, {hours:.1f} hours of sound in {took:.0f} s")
    print(f"first tenth: {first}\nend:         {last}\nmemory grew by {growth:.1f} %")
    leaks = last.threads > first.threads or last.descriptors > first.descriptors
    return int(growth > options.limit or leaks)


if __name__ == "__main__":
    sys.exit(main())
