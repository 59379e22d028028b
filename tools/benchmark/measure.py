"""Figures, and how they are taken: ours and the peer's in turns, so that a busy machine slows both alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from edgevoice.config import Settings
from edgevoice.messages import Samples
from evaluation.common import Options

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figure:
    """`median` and `p95` are in `unit`; `peer` is the peer's median in the same run, with its name."""

    stage: str
    name: str
    unit: str
    median: float | None
    p95: float | None = None
    peer: float | None = None
    peer_name: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's."""
        return round(self.median / self.peer, 3) if self.median is not None and self.peer else None

    def beside(self, peer: float | None, peer_name: str) -> Figure:
        return replace(self, peer=peer, peer_name=peer_name)


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording: mono int16 at 16 kHz."""

    name: str
    samples: Samples = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bench:
    """What every stage's bench is given."""

    options: Options
    clips: Sequence[Clip]
    sentences: Sequence[str]
    rounds: int

    @property
    def settings(self) -> Settings:
        return self.options.settings

    def folder(self, model: str) -> Path:
        return self.options.store().folder(model)


def figure(stage: str, name: str, values: Sequence[float], unit: str = "ms") -> Figure:
    median, p95 = (round(float(np.percentile(values, percent)), 5) if values else None for percent in (50, 95))
    return Figure(stage, name, unit, median, p95)


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of the whole process, all threads."""
    began = time.process_time()
    work()
    return time.process_time() - began


def alternate(
    items: Iterable[T],
    ours: Callable[[T], float],
    peer: Callable[[T], float] | None,
) -> tuple[list[float], list[float]]:
    """Measures both on each item, by turns first; the first item is a warm-up of both and does not count."""
    mine: list[float] = []
    theirs: list[float] = []
    for number, item in enumerate(items):
        sides = [(ours, mine), (peer, theirs)]
        for work, values in sides if number % 2 else reversed(sides):
            if work is not None:
                value = work(item)
                if number:
                    values.append(value)
    return mine, theirs


def repeated(items: Sequence[T], rounds: int) -> Iterator[T]:
    """The first item once more than the others, for the warm-up."""
    yield items[0]
    for _ in range(rounds):
        yield from items
