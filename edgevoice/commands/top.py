"""`top`: what a running assistant does, from its metrics port, redrawn in place."""

from __future__ import annotations

import argparse
import http.client
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgevoice.commands import options as opts
from edgevoice.errors import EdgeVoiceError

_HOST = "127.0.0.1"
_SECONDS = 3.0
_CLEAR = "\x1b[H\x1b[J"
_STAGES = ("endpoint", "asr", "nlu", "sent", "confirmed", "first_audio", "turn")

Samples = Mapping[str, list[tuple[Mapping[str, str], float]]]
"""Name of a metric -> its labels and values."""


def top(options: argparse.Namespace) -> int:
    """Returns 1 for `--health` where the assistant is stuck; raises EdgeVoiceError where it does not answer."""
    port = options.port or opts.settings(options).service.metrics_port
    if port is None and options.health:
        print(json.dumps({"status": "unknown"}))
        return 0
    if port is None:
        raise EdgeVoiceError("there is no port to ask: set service.metrics_port for `run`, or give --port")
    if options.health:
        health = _get(port, "/health")
        print(health, end="")
        return int(json.loads(health)["status"] == "failed")
    while True:
        health, samples = json.loads(_get(port, "/health")), _samples(_get(port, "/metrics"))
        if options.json:
            print(json.dumps({"health": health, "figures": _figures(samples)}))
        else:
            screen = "\n".join(_screen(health, samples))
            print(f"{'' if options.once else _CLEAR}{screen}", flush=True)
        if options.once:
            return 0
        time.sleep(options.every)


def _get(port: int, path: str) -> str:
    """The answer's text, of a failed health too. Raises EdgeVoiceError where nobody answers."""
    connection = http.client.HTTPConnection(_HOST, port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        if answer.status not in (200, 503):
            raise EdgeVoiceError(f"http://{_HOST}:{port}{path} is no metrics port of EdgeVoice ({answer.status})")
        return text
    except (OSError, http.client.HTTPException) as error:
        remedy = "Does `edgevoice run` run, with service.metrics_port set?"
        raise EdgeVoiceError(f"http://{_HOST}:{port} does not answer ({error}). {remedy}") from None
    finally:
        connection.close()


def _samples(text: str) -> Samples:
    from prometheus_client.parser import text_string_to_metric_families

    found: dict[str, list[tuple[Mapping[str, str], float]]] = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name].append((sample.labels, sample.value))
    return found


@dataclass(slots=True)
class Latency:
    """One stage's histogram as it is served: (upper bound in seconds, how many are below it)."""

    count: int = 0
    buckets: list[tuple[float, float]] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        """Milliseconds, as Prometheus's histogram_quantile reckons them; the last bound where it lies above that."""
        wanted, below, before = self.count * share, 0.0, 0.0
        for bound, count in sorted(self.buckets):
            if count >= wanted and count > before:
                if bound == float("inf"):
                    return below * 1e3
                return (below + (bound - below) * (wanted - before) / (count - before)) * 1e3
            below, before = bound, count
        return below * 1e3


def _latencies(samples: Samples) -> Mapping[str, Latency]:
    found: dict[str, Latency] = {}
    for labels, value in samples["edgevoice_stage_seconds_bucket"]:
        latency = found.setdefault(labels["stage"], Latency())
        latency.buckets.append((float(labels["le"]), value))
        latency.count = max(latency.count, int(value))
    return found


def _by(samples: Samples, name: str, label: str) -> dict[str, float]:
    return {labels[label]: value for labels, value in samples[name]}


def _one(samples: Samples, name: str) -> float | None:
    values = samples[name]
    return values[0][1] if values else None


def _figures(samples: Samples) -> dict[str, Any]:
    """The same as the screen, for programs."""
    return {
        "turns": _by(samples, "edgevoice_turns_total", "result"),
        "wakes": _by(samples, "edgevoice_wakes_total", "word"),
        "wakes_rejected": _by(samples, "edgevoice_wakes_rejected_total", "word"),
        "wakes_without_speech": _one(samples, "edgevoice_wakes_without_speech_total"),
        "confirmations": _by(samples, "edgevoice_confirmations_total", "result"),
        "lost": _by(samples, "edgevoice_lost_total", "queue"),
        "queues": _by(samples, "edgevoice_queue_depth", "queue"),
        "rss_mb": round((_one(samples, "process_resident_memory_bytes") or 0) / 2**20, 1),
        "threads": _one(samples, "edgevoice_threads"),
        "temperature": _by(samples, "edgevoice_board_temperature_celsius", "zone"),
        "throttled": _one(samples, "edgevoice_board_throttled"),
        "ms": {
            stage: {"count": one.count, "p50": round(one.quantile(0.5), 1), "p95": round(one.quantile(0.95), 1)}
            for stage, one in _latencies(samples).items()
        },
    }


def _screen(health: Mapping[str, Any], samples: Samples) -> Iterator[str]:
    figures = _figures(samples)
    yield f"edgevoice  {health['status']}  {time.strftime('%H:%M:%S')}"
    for stage, part in health["stages"].items():
        yield f"  {'ok  ' if part['ok'] else 'FAIL'}  {stage:<12}{part['problem']}"
    yield ""
    yield f"turns      {_told(figures['turns'])}"
    yield f"wake       {_told(figures['wakes'])}, without speech {figures['wakes_without_speech'] or 0:g}"
    yield f"rejected   {_told(figures['wakes_rejected'])}"
    yield f"commands   {_told(figures['confirmations'])}"
    yield f"waiting    {_told(figures['queues'])}"
    yield f"dropped    {_told(figures['lost'])}"
    slow = {None: "", 0.0: ", not throttled", 1.0: ", THROTTLED"}[figures["throttled"]]
    heat = [f"{name} {degrees:.0f} °C" for name, degrees in figures["temperature"].items()]
    yield f"board      {figures['rss_mb']:.0f} MB, {figures['threads']:g} threads{''.join(f', {h}' for h in heat)}{slow}"
    yield ""
    yield f"{'stage':<14}{'count':>8}{'p50 ms':>10}{'p95 ms':>10}"
    for stage in _ordered(figures["ms"]):
        one = figures["ms"][stage]
        yield f"{stage:<14}{one['count']:>8}{one['p50']:>10.1f}{one['p95']:>10.1f}"


def _ordered(stages: Iterable[str]) -> list[str]:
    return sorted(stages, key=lambda stage: _STAGES.index(stage) if stage in _STAGES else len(_STAGES))


def _told(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items()) or "none"
