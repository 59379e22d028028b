"""`edgevoice privacy`: what is kept is found, and removed when that is wanted, with a broker that holds words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from brokers import Mosquitto

from edgevoice import cli
from edgevoice.config import MqttSettings
from edgevoice.messages import Message
from edgevoice.mqtt.client import MqttClient
from edgevoice.service import recorder

SECONDS = 10.0
HEARD, STATE = "edgevoice/edgevoice/heard", "edgevoice/edgevoice/state"


@pytest.fixture
def kept(mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, a state and two recordings, and words that stand retained on the broker."""
    monkeypatch.setenv("EDGEVOICE_MODELS", str(tmp_path / "models"))
    turns = tmp_path / "turns"
    turns.mkdir(mode=0o700)
    recorder.write_private(tmp_path / "key", recorder.new_key())
    recorder.write_private(turns / "20270115T080000Z-0001.wav", b"RIFF")
    recorder.write_private(turns / "20270115T080000Z-0001.json", b"{}", recorder.cipher(tmp_path / "key"))
    (turns / "notes.txt").write_text("mine")
    (tmp_path / "state.json").write_text('{"version": 1, "timers": [{}], "lists": {}}')
    (tmp_path / "settings.yaml").write_text(
        f"mqtt: {{port: {mosquitto.port}}}\nhome: {{state_file: {tmp_path}/state.json}}\n"
        f"privacy: {{record_folder: {turns}, record_key_file: {tmp_path}/key}}\n"
    )
    client = MqttClient(MqttSettings(port=mosquitto.port, client_id="before"))
    client.start(SECONDS)
    for topic in (HEARD, STATE):
        client.publish(Message(topic, b"something", retain=True))
    client.stop()
    return tmp_path


def privacy(folder: Path, *words: str) -> int:
    return cli.main(["privacy", *words, "--config", str(folder / "settings.yaml")])


def retained(port: int) -> set[str]:
    client = MqttClient(MqttSettings(port=port, client_id="after"), is_guest=True)
    client.start(SECONDS)
    client.subscribe(["#"])
    found = set()
    while (message := client.receive(0.5)) is not None:
        found |= {message.topic} if message.retain and message.payload else set()
    client.stop()
    return found


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "mosquitto.conf")


ALL = [
    "20270115T080000Z-0001.json.fernet",
    "20270115T080000Z-0001.wav",
    "key",
    "notes.txt",
    "settings.yaml",
    "state.json",
]


def test_the_report_names_every_place_and_leaves_no_trace(
    kept: Path, mosquitto: Mosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    before = retained(mosquitto.port)
    assert privacy(kept, "report", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    places = {one["what"]: one for one in told["kept"]}
    assert places["state"]["holds"] == "1 timers"
    assert places["recordings"]["holds"] == "2 files, 0.0 MB, 1 of them not encrypted; the oldest of 20270115"
    assert places["MQTT, retained"]["topics"] == [HEARD]
    assert {"settings", "models", "logs", "MQTT, state"} <= set(places)
    assert any("not encrypted" in line for line in told["leaves"])
    assert retained(mosquitto.port) == before
    assert privacy(kept, "report") == 0
    assert str(kept / "state.json") in capsys.readouterr().out


def test_a_dry_run_and_a_no_remove_nothing(
    kept: Path, mosquitto: Mosquitto, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert privacy(kept, "wipe", "--dry-run") == 0
    assert f"remove  MQTT, retained: {HEARD}" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    assert privacy(kept, "wipe") == 1
    assert left(kept) == ALL
    assert HEARD in retained(mosquitto.port)


def test_a_yes_removes_it_and_nothing_else_and_says_what_stays(
    kept: Path, mosquitto: Mosquitto, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda prompt: "yes")
    (kept / "taught.yaml").write_text("sentences: [{said: make it cosy, means: lamp on}]")
    (kept / "names.json").write_text("{}")
    (kept / "web-token").write_text("secret")
    assert privacy(kept, "wipe") == 0
    told = capsys.readouterr().out
    assert "stays   settings" in told
    assert "stays   logs" in told
    assert "stays   web token" in told
    assert left(kept) == ["key", "notes.txt", "settings.yaml", "web-token"]
    now = retained(mosquitto.port)
    assert HEARD not in now
    assert STATE in now
    assert privacy(kept, "wipe", "--yes") == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_recordings_are_found_and_wiped_when_the_settings_no_longer_name_their_folder(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = kept / "settings.yaml"
    recorder.remember(kept / "state.json", [kept / "turns", kept / "gone"])
    settings.write_text(settings.read_text().replace(f"record_folder: {kept}/turns, ", ""))
    assert privacy(kept, "report") == 0
    told = capsys.readouterr().out
    assert "nothing is recorded now" in told
    assert f"{kept}/turns" in told
    assert privacy(kept, "decrypt", str(kept / "out")) == 0
    assert left(kept / "out") == ["20270115T080000Z-0001.json"]
    assert privacy(kept, "wipe", "--yes") == 0
    assert left(kept / "turns") == ["notes.txt"]
    assert left(kept / "out") == []  # what was decrypted is a recording, too
    assert json.loads((kept / "recorded.json").read_text()) == []


def test_everything_is_what_you_wrote_yourself_too(kept: Path) -> None:
    assert privacy(kept, "wipe", "--everything", "--yes") == 0
    assert left(kept) == ["notes.txt"]


def test_encrypted_ones_are_read_with_the_key_and_not_with_another(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert privacy(kept, "decrypt", str(kept / "out")) == 0
    assert (kept / "out" / "20270115T080000Z-0001.json").read_bytes() == b"{}"
    assert cli.main(["privacy", "key", str(kept / "key")]) == 1
    assert "there is a file already" in capsys.readouterr().err
    (kept / "key").unlink()
    assert cli.main(["privacy", "key", str(kept / "key")]) == 0
    assert privacy(kept, "decrypt", str(kept / "out2")) == 1
    assert left(kept / "out2") == []
