"""The end of a process, of processes that hang."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import signal, threading, time
from edgevoice import ending
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: None)  # ends nothing
with ending.in_time({seconds}):
    print("up", flush=True)
    {does}
{after}
"""


def program(does: str, seconds: float = 0.2, after: str = "ending.leave(0)") -> list[str]:
    return [sys.executable, "-c", PROGRAM.format(does=does, seconds=seconds, after=after)]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_what_hangs_is_left_and_told(number: signal.Signals, status: int) -> None:
    hangs = program("while True: time.sleep(0.01)")
    process = subprocess.Popen(hangs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    began = time.monotonic()
    process.send_signal(number)
    _, told = process.communicate(timeout=20)
    assert process.returncode == status
    assert time.monotonic() - began < 5.0
    assert "still not ended" in told
    assert "MainThread" in told


def test_a_thread_does_not_hold_the_end_and_no_word_is_lost() -> None:
    busy = program("threading.Thread(target=time.sleep, args=(30,)).start(); print('last words')")
    done = subprocess.run(busy, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stdout) == (0, "up\nlast words\n")


def test_a_process_that_goes_on_is_not_ended() -> None:
    goes_on = program("signal.raise_signal(signal.SIGTERM)", seconds=0.05, after="time.sleep(0.2); print('still here')")
    done = subprocess.run(goes_on, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stdout) == (0, "up\nstill here\n")
