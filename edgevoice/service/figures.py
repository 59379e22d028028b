"""What a running assistant is measured by: counts and latencies from its events, and what can be looked at any time.

No word that was said and no name of a device is among them.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from edgevoice import board
from edgevoice.messages import (
    RATE,
    CommandSent,
    Event,
    NoSpeech,
    Replied,
    SpeechEnded,
    StateConfirmed,
    TurnEnded,
    TurnFailed,
    Understood,
    WakeHeard,
)
from edgevoice.service.notify import Heartbeat
from edgevoice.turn import Condition

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of a latency histogram's buckets, in seconds; the last one is endless."""


class Histogram:
    """How often a latency fell into each of BUCKETS, and the sum of all, in seconds."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.sum += seconds


@dataclass(slots=True)
class Counts:
    """Since the start of the process."""

    turns: Counter[str] = field(default_factory=Counter)
    """By how they ended: `answered`, `not_understood`, `failed`, `silent` (stopped before an answer)."""
    wakes: Counter[str] = field(default_factory=Counter)
    """By wake word."""
    rejects: Counter[str] = field(default_factory=Counter)
    """What a wake engine took for a word and the second look did not, by word; one said once may be looked at twice."""
    no_speech: int = 0
    """A wake word that nothing followed."""
    commands: int = 0
    confirmations: Counter[str] = field(default_factory=Counter)
    """By `confirmed`, `assumed` (the device reports no state), `refused`, `unconfirmed`."""
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By stage and code."""
    latencies: dict[str, Histogram] = field(default_factory=dict)
    """By stage: `messages.Timing`'s, and `endpoint`, the wait for the end of speech."""


class Figures:
    """Follows the events, on whatever thread they come."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.lock = threading.Lock()
        """Held while `counts` change."""
        self._ends_as = "silent"

    def reject(self, word: str) -> None:
        with self.lock:
            self.counts.rejects[word] += 1

    def observe(self, event: Event) -> None:
        with self.lock:
            self._follow(event)

    def _follow(self, event: Event) -> None:
        counts = self.counts
        match event:
            case WakeHeard(word=word):
                counts.wakes[word] += 1
            case NoSpeech():
                counts.no_speech += 1
            case SpeechEnded(utterance=utterance, decided_at=decided):
                self._took("endpoint", (decided - utterance.speech_end) / RATE)
            case Understood(intents=intents):
                if not intents:
                    self._ends_as = "not_understood"
            case CommandSent():
                counts.commands += 1
            case StateConfirmed():
                counts.confirmations[_confirmation(event)] += 1
            case Replied():
                if self._ends_as == "silent":
                    self._ends_as = "answered"
            case TurnFailed(stage=stage, code=code):
                counts.failures[stage, code] += 1
                self._ends_as = "failed"
            case TurnEnded(timings=timings):
                counts.turns[self._ends_as] += 1
                self._ends_as = "silent"
                for timing in timings:
                    self._took(timing.stage, timing.ms / 1e3)

    def _took(self, stage: str, seconds: float) -> None:
        self.counts.latencies.setdefault(stage, Histogram()).add(seconds)


def _confirmation(event: StateConfirmed) -> str:
    if event.confirmed:
        return "assumed" if event.optimistic else "confirmed"
    return "refused" if event.refused else "unconfirmed"


@dataclass(frozen=True, slots=True)
class Watched:
    """A running assistant, to be looked at from any thread."""

    figures: Figures
    heartbeat: Heartbeat
    condition: Condition

    def troubles(self) -> dict[str, str]:
        """The parts that do not work now, and why."""
        return {part: problem for part, look in self.condition.problems.items() if (problem := look())}

    def health(self) -> dict[str, Any]:
        """`status` is `ok`, `degraded` (it goes on without some part) or `failed` (a worker is stuck)."""
        stuck, troubles = self.heartbeat.stuck(), self.troubles()
        parts = {
            part: {"ok": part not in troubles, "problem": troubles.get(part, "")} for part in self.condition.problems
        }
        for worker in ("ears", "turns"):
            parts[worker] = {"ok": worker not in stuck, "problem": "stuck" if worker in stuck else ""}
        return {"status": "failed" if stuck else "degraded" if troubles else "ok", "stages": parts}

    def summary(self) -> dict[str, Any]:
        """The few figures that a hub shows."""
        health, degrees = self.health(), board.temperatures()
        with self.figures.lock:
            counts = self.figures.counts
            told: dict[str, Any] = {
                "health": health["status"],
                "troubles": ", ".join(name for name, part in health["stages"].items() if not part["ok"]) or "none",
                "turns": counts.turns.total(),
                "failed": counts.turns["failed"],
                "not_understood": counts.turns["not_understood"],
                "unconfirmed": counts.confirmations["unconfirmed"] + counts.confirmations["refused"],
            }
        told["lost"] = sum(look() for look in self.condition.lost.values())
        told["queue"] = sum(look() for look in self.condition.queues.values())
        told["rss_mb"] = round(board.rss_mb())
        if degrees:
            told["temperature"] = round(max(degrees.values()), 1)
        if (slow := board.throttled()) is not None:
            told["throttled"] = "ON" if slow else "OFF"
        return told
