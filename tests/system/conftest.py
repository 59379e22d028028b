"""What the system tests share: brokers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from brokers import Mosquitto, program


@pytest.fixture
def make_mosquitto(tmp_path: Path) -> Iterator[Callable[[str], Mosquitto]]:
    """`make_mosquitto(settings)`: a broker with these lines in its configuration, not yet started."""
    made: list[Mosquitto] = []

    def make(settings: str = "allow_anonymous true\n") -> Mosquitto:
        program("mosquitto")
        made.append(Mosquitto(tmp_path, settings))
        return made[-1]

    yield make
    for broker in made:
        broker.stop()


@pytest.fixture
def mosquitto(make_mosquitto: Callable[[], Mosquitto]) -> Mosquitto:
    """A broker that runs and lets everybody in."""
    broker = make_mosquitto()
    broker.start()
    return broker
