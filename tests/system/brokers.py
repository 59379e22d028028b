"""Mosquitto for the system tests."""

from __future__ import annotations

import os

import pytest

from benchmark.mosquitto import Mosquitto as Mosquitto
from benchmark.mosquitto import find


def program(name: str) -> str:
    """Path of a program of the broker's. Where it is not installed the test is skipped; in CI it fails."""
    found = find(name)
    if found is None:
        problem = f"{name} is not installed: apt-get install mosquitto"
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)
    return found
