"""Runs the engines of the x86 profile in a process that may make the system calls on standard input only."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_PR_SET_NO_NEW_PRIVS = 38


def confine(allowed: list[str]) -> None:
    """Every other system call of this process fails with EPERM from now on."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(_REFUSE))
    for name in allowed:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            seccomp.seccomp_rule_add(rules, _ALLOW, number, 0)
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if seccomp.seccomp_load(rules) != 0:
        raise OSError("the filter cannot be loaded")
    try:
        os.sched_setaffinity(0, {0})
    except PermissionError:
        return
    raise OSError("the filter does not hold")


def work(clip: Path) -> None:
    from edgevoice import engines, profiles
    from edgevoice.audio import wav
    from edgevoice.model_store import Store
    from edgevoice.mqtt.broker import EmbeddedBroker
    from edgevoice.mqtt.client import MqttClient
    from edgevoice.stages import ChatMessage

    settings = profiles.load("x86-cpu").settings
    settings = replace(settings, llm=replace(settings.llm, model="smollm2-135m-instruct"))
    wake, vad, asr, tts, llm = (engines.load(name, settings, Store()) for name in ("wake", "vad", "asr", "tts", "llm"))
    chunks = list(wav.chunks(clip))
    for chunk in chunks:
        wake.feed(chunk)
        vad.feed(chunk)
    *_, heard = asr.transcribe(chunks)
    print("heard", heard.text)
    print("spoke", sum(len(piece) for piece in tts.speak("Hello.")))
    print("wrote", "".join(llm.generate([ChatMessage("user", "Say hello.")], 4, threading.Event())))
    with EmbeddedBroker() as broker:
        client = MqttClient(broker.reached_by(settings.mqtt))
        client.start(5.0)
        print("connected", client.connected)
        client.stop()


if __name__ == "__main__":
    confine(sys.stdin.read().split())
    work(Path(sys.argv[1]))
