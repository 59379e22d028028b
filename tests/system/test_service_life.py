"""The assistant as a service: settings read anew, the end, the journal, and what it does without what is missing."""

from __future__ import annotations

import json
import re
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from brokers import Mosquitto
from processes import Watched

from edgevoice import cli
from edgevoice.config import MqttSettings
from edgevoice.messages import Message
from edgevoice.mqtt.client import MqttClient

SECONDS = 20.0  # no test waits so long unless it fails
RUN = ("run", "--profile", "x86-cpu", "--config")


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "settings.yaml"
    path.write_text(text, "utf-8")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(port: int, text: str) -> dict[str, object]:
    """What the assistant at this broker answers; asks again until it is there."""
    client = MqttClient(MqttSettings(port=port, client_id="asker"))
    client.start(SECONDS)
    client.subscribe(["edgevoice/edgevoice/ask/answer"])
    try:
        end, number = time.monotonic() + SECONDS, 0
        while time.monotonic() < end:
            number += 1
            client.publish(Message("edgevoice/edgevoice/ask", json.dumps({"id": number, "text": text}).encode()))
            if (answer := client.receive(2.0)) is not None:
                found: dict[str, object] = json.loads(answer.payload)
                return found
    finally:
        client.stop()
    raise AssertionError("nobody answers")


def test_settings_are_read_anew_and_bad_ones_are_told_and_left(
    watched: Callable[..., Watched], mosquitto: Mosquitto, tmp_path: Path
) -> None:
    broker = f"mqtt: {{port: {mosquitto.port}}}\n"
    path = settings_file(tmp_path, broker)
    running = watched(*RUN, path, "--no-llm", "--json")
    running.says('"words": ["hey_jarvis"]')
    path.write_text(broker + "wake: {wrods: [alexa]}\n")
    running.send(signal.SIGHUP)
    running.says("the settings stay as they were")
    running.says("settings.yaml:2: wake.wrods: unknown key")
    path.write_text(broker)
    running.send(signal.SIGHUP)
    running.says("the settings are the same as before")
    path.write_text(broker + "wake: {words: [alexa]}\n")
    running.send(signal.SIGHUP)
    running.says('"words": ["alexa"]')
    path.write_text(broker + "wake: {words: [alexa]}\nhome: {file: missing.yaml}\n")
    running.send(signal.SIGHUP)
    running.says("going on with the old ones")
    running.until(lambda lines: sum('"words": ["alexa"]' in line for line in lines) == 2)
    assert ask(mosquitto.port, "what time is it")["text"]
    assert running.ends_on(signal.SIGTERM) == 0, running.lines
    assert not any("Traceback" in line for line in running.lines), "".join(running.lines)


def test_a_turn_outlives_the_change_of_settings(
    watched: Callable[..., Watched], mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """A lamp that never answers keeps its turn waiting for two seconds, in the middle of which the settings change."""
    home = tmp_path / "home.yaml"
    home.write_text(
        "devices:\n  - {id: light.lamp, name: Lamp, mqtt: {command_topic: lamp/set, state_topic: lamp/state}}\n"
    )
    text = f"mqtt: {{port: {mosquitto.port}}}\nhome: {{file: {home}}}\n"
    path = settings_file(tmp_path, text)
    running = watched(*RUN, path, "--no-llm", "--json")
    assert ask(mosquitto.port, "what time is it")["text"]  # it listens to the broker, too
    client = MqttClient(MqttSettings(port=mosquitto.port, client_id="asker"))
    client.start(SECONDS)
    client.subscribe(["edgevoice/edgevoice/ask/answer"])
    client.publish(Message("edgevoice/edgevoice/ask", b'{"id": "lamp", "text": "turn on the lamp"}'))
    running.says('"event": "CommandSent"')
    path.write_text(text + "audio: {cues: false}\n")
    running.send(signal.SIGHUP)
    running.until(lambda lines: sum('"event": "Listening"' in line for line in lines) == 2)
    answer = client.receive(SECONDS)
    client.stop()
    assert answer is not None
    assert json.loads(answer.payload)["id"] == "lamp"
    order = [
        name for line in running.lines for name in ("CommandSent", "TurnEnded", "Listening") if f'"{name}"' in line
    ]
    assert order[-3:] == ["CommandSent", "TurnEnded", "Listening"]
    assert running.ends_on(signal.SIGTERM) == 0


def test_no_wish_for_new_settings_is_lost_while_the_last_ones_are_put_in_force(
    watched: Callable[..., Watched], mosquitto: Mosquitto, tmp_path: Path
) -> None:
    text = f"mqtt: {{port: {mosquitto.port}}}\n"
    path = settings_file(tmp_path, text)
    running = watched(*RUN, path, "--no-llm", "--json")
    running.says('"words": ["hey_jarvis"]')
    for words in ("alexa", "hey_mycroft"):
        path.write_text(text + f"wake: {{words: [{words}]}}\n")
        running.send(signal.SIGHUP)
        running.says("the settings have changed")
    running.says('"words": ["hey_mycroft"]')
    path.write_text(text + "wake: {words: [alexa]}\n")
    running.send(signal.SIGHUP)
    running.until(lambda lines: sum("the settings have changed" in line for line in lines) >= 3)
    assert running.ends_on(signal.SIGTERM) in (0, 143), running.lines  # while it is built anew
    assert not any("Traceback" in line for line in running.lines), "".join(running.lines)


def test_the_service_manager_is_told_of_start_change_and_end(
    account: dict[str, str], watched: Callable[..., Watched], mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Settings that cannot be run with are no end: systemd would kill what tells it that it ends."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60.0)
        account |= {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"}
        told: list[str] = []

        def until(kind: str) -> None:
            while not told or told[-1] != kind:
                told.append(manager.recv(4096).decode().partition("=")[0])

        text = f"mqtt: {{port: {mosquitto.port}}}\n"
        path = settings_file(tmp_path, text)
        running = watched(*RUN, path, "--no-llm")
        until("READY")
        until("WATCHDOG")
        path.write_text(text + "home: {file: missing.yaml}\n")
        running.send(signal.SIGHUP)
        until("RELOADING")
        until("READY")
        until("WATCHDOG")
        assert running.ends_on(signal.SIGTERM) == 0
        assert "STOPPING" not in told
        until("STOPPING")


@pytest.mark.parametrize("phase", ["starts", "loads", "broker hangs"])
def test_it_ends_in_two_seconds(
    phase: str, watched: Callable[..., Watched], model: Callable[[str], Path], tmp_path: Path
) -> None:
    model("qwen2.5-coder-0.5b-instruct")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        path = settings_file(tmp_path, f"mqtt: {{port: {silent.getsockname()[1]}}}\n")
        running = watched(
            *RUN, path, "--json", "--log-level", "info", *(["--no-llm"] if phase == "broker hangs" else [])
        )
        if phase != "starts":
            running.says('"event": "Listening"')
        if phase == "broker hangs":
            running.says("does not answer")
        began = time.monotonic()
        status = running.ends_on(signal.SIGTERM)
        assert time.monotonic() - began < 2.0
    assert status in ((0, 143, -signal.SIGTERM) if phase == "starts" else (0,)), running.lines


def test_without_models_microphone_and_broker_it_does_what_it_can_and_says_so(
    account: dict[str, str], watched: Callable[..., Watched], mosquitto: Mosquitto, tmp_path: Path
) -> None:
    mosquitto.stop()
    port = free_port()
    account["EDGEVOICE_MODELS"] = str(tmp_path / "no-models")
    path = settings_file(tmp_path, f"mqtt: {{port: {mosquitto.port}}}\nservice: {{metrics_port: {port}}}\n")
    running = watched(*RUN, path)
    for part in ("llm", "asr", "ears, text and MQTT still work"):
        running.says(f"going on without {part}: ")
    running.says("cannot be reached")
    running.says("listening")
    mosquitto.start()
    assert ask(mosquitto.port, "what time is it")["text"]
    assert cli.main(["top", "--health", "--port", str(port)]) == 0
    assert running.ends_on(signal.SIGTERM) == 0
    assert not any("Traceback" in line for line in running.lines), "".join(running.lines)


def test_without_a_microphone_it_looks_for_one(
    watched: Callable[..., Watched], mosquitto: Mosquitto, tmp_path: Path
) -> None:
    text = f"mqtt: {{port: {mosquitto.port}}}\naudio: {{input: Absent Microphone}}\n"
    running = watched(*RUN, settings_file(tmp_path, text), "--no-llm")
    running.says("going on without a microphone, and looking for it: audio.input: there is no microphone")
    assert ask(mosquitto.port, "what time is it")["text"]
    assert running.ends_on(signal.SIGTERM) == 0


def test_the_journal_has_turns_and_no_words(
    account: dict[str, str], watched: Callable[..., Watched], mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """A turn that fails, too: what failed is told, not what was said."""
    account["JOURNAL_STREAM"] = "1:2"
    text = f"mqtt: {{port: {mosquitto.port}}}\n"
    running = watched(*RUN, settings_file(tmp_path, text), "--no-llm", "--log-level", "info")
    running.says("listening")
    assert ask(mosquitto.port, "remember the word abracadabra")["text"]
    assert running.ends_on(signal.SIGTERM) == 0
    assert any(re.search(r"^<6>edgevoice\S+: turn 0001: .*turn \d+ ms", line) for line in running.lines), running.lines
    assert not any("abracadabra" in line for line in running.lines)
    told = watched(
        *RUN, settings_file(tmp_path, text + "service: {log_words: true}\n"), "--no-llm", "--log-level", "info"
    )
    told.says("listening")
    assert ask(mosquitto.port, "remember the word abracadabra")["text"]
    told.says("abracadabra")
