"""A pack of one's own, by a broker."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from brokers import Mosquitto

from edgevoice import cli
from edgevoice.config import MqttSettings
from edgevoice.messages import Message
from edgevoice.mqtt.client import MqttClient

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def aquarium(mosquitto: Mosquitto) -> Iterator[list[Message]]:
    """What reaches an aquarium that answers on its state topic."""
    client = MqttClient(MqttSettings(port=mosquitto.port, client_id="aquarium"))
    client.start(5.0)
    client.subscribe(("aquarium/feed", "aquarium/drain"))
    heard: list[Message] = []
    over = threading.Event()

    def live() -> None:
        while not over.is_set():
            message = client.receive(0.05)
            if message is not None:
                heard.append(message)
                if message.topic == "aquarium/feed":
                    client.publish(Message("aquarium/state", b"fed"))

    worker = threading.Thread(target=live)
    worker.start()
    yield heard
    over.set()
    worker.join()
    client.stop()


def test_the_pack_of_the_readme(
    mosquitto: Mosquitto, aquarium: list[Message], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = re.search(r"```yaml\n(# [^\n]*aquarium\.yaml.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert example is not None
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "aquarium.yaml").write_text(example[1], "utf-8")
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"mqtt: {{port: {mosquitto.port}, client_id: asking}}\n", "utf-8")
    said = ("please feed the fishes plenty", "empty the tank", "yes")
    assert cli.main(["ask", "--json", "--no-llm", "--config", str(settings), *said]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    replies = [event["text"] for event in events if event["event"] == "Replied"]
    assert replies == ["The fish have been fed.", "Should I drain the aquarium?", "Done."]
    assert [event["confirmed"] for event in events if event["event"] == "StateConfirmed"] == [True, True]
    assert [(one.topic, one.payload) for one in aquarium] == [
        ("aquarium/feed", b'{"amount": "a lot"}'),
        ("aquarium/drain", b""),
    ]
