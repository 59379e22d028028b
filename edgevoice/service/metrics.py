"""The assistant's figures over HTTP, for this machine only: `/metrics` for Prometheus, `/health` for a watchdog."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from edgevoice import __version__, board
from edgevoice.errors import SettingsError
from edgevoice.service.figures import BUCKETS, Watched
from edgevoice.stages import Running

HOST = "127.0.0.1"
_REQUEST_SECONDS = 5.0
_OUR_NAMES = (HOST, "localhost")  # a page of the web that has its name point here is not told anything


class Exporter(Collector):
    """The figures as Prometheus knows them, read when they are asked for."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("edgevoice", "The program", value={"version": __version__})
        with self._watched.figures.lock:
            yield from self._counts()
        yield from self._present()
        yield from _board()

    def _counts(self) -> Iterator[Metric]:
        counts = self._watched.figures.counts
        turns = CounterMetricFamily("edgevoice_turns", "Turns, by how they ended", labels=["result"])
        for result in ("answered", "not_understood", "failed", "silent"):
            turns.add_metric([result], counts.turns[result])
        yield turns
        wakes = CounterMetricFamily("edgevoice_wakes", "Wake words heard", labels=["word"])
        for word, count in counts.wakes.items():
            wakes.add_metric([word], count)
        yield wakes
        rejects = CounterMetricFamily(
            "edgevoice_wakes_rejected", "What the second look did not confirm", labels=["word"]
        )
        for word, count in counts.rejects.items():
            rejects.add_metric([word], count)
        yield rejects
        yield CounterMetricFamily(
            "edgevoice_wakes_without_speech", "Wake words that nothing followed", value=counts.no_speech
        )
        yield CounterMetricFamily("edgevoice_commands", "Commands sent", value=counts.commands)
        confirmed = CounterMetricFamily("edgevoice_confirmations", "What devices said to commands", labels=["result"])
        for result in ("confirmed", "assumed", "refused", "unconfirmed"):
            confirmed.add_metric([result], counts.confirmations[result])
        yield confirmed
        failures = CounterMetricFamily("edgevoice_failures", "Stages that failed in a turn", labels=["stage", "code"])
        for (stage, code), count in counts.failures.items():
            failures.add_metric([stage, code], count)
        yield failures
        seconds = HistogramMetricFamily("edgevoice_stage_seconds", "Time that a stage of a turn took", labels=["stage"])
        bounds = [*map(str, BUCKETS), "+Inf"]
        for stage, histogram in counts.latencies.items():
            buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
            seconds.add_metric([stage], buckets, sum_value=histogram.sum)
        yield seconds

    def _present(self) -> Iterator[Metric]:
        watched = self._watched
        depth = GaugeMetricFamily("edgevoice_queue_depth", "What waits", labels=["queue"])
        for queue, look in watched.condition.queues.items():
            depth.add_metric([queue], look())
        yield depth
        lost = CounterMetricFamily("edgevoice_lost", "What was dropped, as a queue was full", labels=["queue"])
        for queue, look in watched.condition.lost.items():
            lost.add_metric([queue], look())
        yield lost
        up = GaugeMetricFamily("edgevoice_stage_up", "1: this part works", labels=["stage"])
        for stage, part in watched.health()["stages"].items():
            up.add_metric([stage], float(part["ok"]))
        yield up
        yield GaugeMetricFamily("edgevoice_threads", "Threads of the process", value=threading.active_count())


def _board() -> Iterator[Metric]:
    degrees = GaugeMetricFamily("edgevoice_board_temperature_celsius", "Temperature", labels=["zone"])
    for zone, value in board.temperatures().items():
        degrees.add_metric([zone], value)
    yield degrees
    if (slow := board.throttled()) is not None:
        yield GaugeMetricFamily("edgevoice_board_throttled", "1: the processor is slowed down now", value=float(slow))
    yield GaugeMetricFamily(
        "edgevoice_board_available_bytes", "Memory that is free or soon would be", value=board.available_mb() * 2**20
    )


class Endpoint(Running):
    """Serves on `HOST`:`port`; port 0: any free one, in `port` once started."""

    def __init__(self, watched: Watched, port: int) -> None:
        registry = CollectorRegistry()
        registry.register(Exporter(watched))
        ProcessCollector(registry=registry)
        self.port = port
        self._handler = type("Handler", (_Handler,), {"watched": watched, "registry": registry})
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Raises SettingsError where the port is taken."""
        try:
            self._server = ThreadingHTTPServer((HOST, self.port), self._handler)
        except OSError as error:
            raise SettingsError("service.metrics_port", f"{self.port}: {error.strerror}", "Choose another") from None
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Handler(BaseHTTPRequestHandler):
    watched: Watched
    registry: CollectorRegistry
    timeout = _REQUEST_SECONDS
    server_version, sys_version = "EdgeVoice", ""

    def do_GET(self) -> None:
        if self.headers.get("Host", "").partition(":")[0] not in _OUR_NAMES:
            self._answer(403, "text/plain", b"only for this machine\n")
        elif self.path == "/metrics":
            self._answer(200, "text/plain; version=0.0.4; charset=utf-8", generate_latest(self.registry))
        elif self.path == "/health":
            health = self.watched.health()
            status = 503 if health["status"] == "failed" else 200
            self._answer(status, "application/json", json.dumps(health).encode() + b"\n")
        else:
            self._answer(404, "text/plain", b"/metrics or /health\n")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """A scrape every few seconds is no news."""
