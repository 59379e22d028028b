"""The assistant as a device: what it announces, tells and obeys, with Mosquitto between it and who watches."""

from __future__ import annotations

import gc
import json
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from brokers import Mosquitto

from edgevoice import assembly, watchers
from edgevoice.assembly import Wanted
from edgevoice.assistant import Assistant
from edgevoice.audio.speaker import NullSink, Speaker
from edgevoice.config import HomeSettings, MqttSettings, Settings
from edgevoice.home.entities import Entities
from edgevoice.home.homeassistant import HomeAssistantAdapter
from edgevoice.home.model import Home
from edgevoice.messages import RATE, AudioChunk, Event, ListenEvent, Listening, Message, NoSpeech, WakeHeard
from edgevoice.model_store import Store
from edgevoice.mqtt.client import MqttClient
from edgevoice.service.figures import Figures, Watched
from edgevoice.service.notify import Heartbeat
from edgevoice.simulator import Simulator

HOME = """
areas: [{name: Bedroom}, {name: Entrance}]
devices:
  - {id: light.bed_light, name: Bed Light, area: Bedroom, state: "off", attributes: {supported_color_modes: [brightness]}}
  - {id: lock.front_door, name: Front Door, area: Entrance, state: unlocked, risk: {locked: confirm}}
"""
CONFIG = "homeassistant/device/edgevoice/config"
SECONDS = 10.0  # no test waits so long unless it fails
ANY = object()


class Ear:
    """A listener that hears what the test puts in, one event a chunk."""

    words = ("alexa",)
    listening = False

    def __init__(self) -> None:
        self.events: queue.Queue[ListenEvent] = queue.Queue()
        self.opened = threading.Event()
        self.chunks = 0

    def listen_now(self, at: int) -> None:
        self.opened.set()

    def feed(self, chunk: AudioChunk) -> Iterator[ListenEvent]:
        self.chunks += 1
        try:
            yield self.events.get(timeout=0.01)
        except queue.Empty:
            return


class Room:
    """A microphone in a silent room."""

    def __enter__(self) -> Iterator[AudioChunk]:
        return (AudioChunk(np.zeros(160, np.int16), RATE, 160 * i) for i in iter(int, 1))

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing was opened."""


class Watcher:
    """Somebody else on the broker, who sees everything and may say anything."""

    def __init__(self, port: int, name: str = "watcher") -> None:
        self.client = MqttClient(MqttSettings(port=port, client_id=name))
        self.client.start(SECONDS)
        self.seen: list[Message] = []
        self.client.subscribe(["#"])

    def until(self, topic: str, payload: object = ANY, retain: bool | None = None) -> Any:
        """The payload of the first message not yet seen that fits: JSON where it is some, else text."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            message = self.client.receive(0.1)
            if message is None:
                continue
            self.seen.append(message)
            if message.topic != topic:
                continue
            told = _parsed(message.payload)
            if (payload is ANY or told == payload) and retain in (None, message.retain):
                return told
        raise AssertionError(f"{topic} {payload}: not among {[(m.topic, m.payload[:80]) for m in self.seen[-20:]]}")

    def say(self, topic: str, payload: object, retain: bool = False) -> None:
        text = payload if isinstance(payload, (str, bytes)) else json.dumps(payload)
        self.client.publish(Message(topic, text if isinstance(text, bytes) else text.encode(), retain=retain))

    def topics(self) -> set[str]:
        return {message.topic for message in self.seen if message.payload}


def _parsed(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode()


@dataclass
class Running:
    watcher: Watcher
    assistant: Assistant
    ear: Ear
    seen: list[Event] = field(default_factory=list)


@contextmanager
def running(port: int, speaks: bool = False, **mqtt: Any) -> Iterator[Running]:
    """The whole assistant but for ears and models, and a home of two simulated appliances."""
    wanted = Wanted(speech=False, voice=False, llm=False)
    with ExitStack() as stack:
        stack.callback(gc.unfreeze)
        file = Path(stack.enter_context(TemporaryDirectory())) / "home.yaml"
        file.write_text(HOME, "utf-8")
        settings = Settings(mqtt=MqttSettings(port=port, **mqtt), home=HomeSettings(file=file))
        stack.enter_context(Simulator(file, settings.mqtt))
        watcher = Watcher(port)
        stack.callback(watcher.client.stop)
        sink = Speaker(settings.audio) if speaks else NullSink()
        stages = stack.enter_context(assembly.stages(settings, Store(), sink, wanted))
        ear, listens = Ear(), threading.Event()

        def observe(event: Event) -> None:
            presence.observe(event)
            if isinstance(event, Listening):
                listens.set()

        assistant = Assistant(Room(), ear, stages, observe, lambda _: None)  # type: ignore[arg-type]
        heartbeat = Heartbeat(lambda: None, ("ears", "turns"), SECONDS)
        watched = Watched(Figures(), heartbeat, stages.condition)
        presence = watchers.presence(settings, stages, assistant, watched.summary)
        assert presence is not None
        thread = threading.Thread(target=assistant.run)
        thread.start()
        stack.callback(thread.join, SECONDS)
        stack.callback(assistant.stop)
        assert listens.wait(SECONDS)
        watcher.until(CONFIG, retain=False)
        yield Running(watcher, assistant, ear)


def test_it_announces_itself_and_every_topic_of_the_announcement_speaks(mosquitto: Mosquitto) -> None:
    with running(mosquitto.port, speaks=True) as made:
        made.watcher.say("homeassistant/status", "online")
        document = made.watcher.until(CONFIG)
        made.ear.events.put(WakeHeard("alexa", 0.93, 0))
        made.watcher.until(
            "edgevoice/edgevoice/wake", {"count": 1, "word": "alexa", "score": 0.93, "words": {"alexa": 1}}
        )
        made.ear.events.put(NoSpeech(0))
        made.watcher.say("edgevoice/edgevoice/text/set", "turn on the bed light")
        latency = made.watcher.until("edgevoice/edgevoice/latency")
        assert {"asr", "nlu", "sent", "confirmed", "first_audio", "turn"} <= set(latency)
        made.watcher.say("edgevoice/edgevoice/text/set", "  ")
        made.watcher.until("edgevoice/edgevoice/state", "idle")
    figures = [_parsed(m.payload) for m in made.watcher.seen if m.topic == "edgevoice/edgevoice/figures"]
    assert (figures[0]["health"], figures[0]["troubles"]) == ("ok", "none")
    told = made.watcher.topics()
    for part in document["components"].values():
        assert {part.get("p"), part.get("unique_id")}.isdisjoint({None, ""})
        assert part.get("state_topic", CONFIG) in told | {"edgevoice/edgevoice/error"}
    # Home Assistant's own rules for such a document are those of the adapter that learns from it.
    home = Home()
    entities = Entities(home)
    HomeAssistantAdapter(entities, "homeassistant").handle(Message(CONFIG, json.dumps(document).encode()), 0.0)
    assert entities.problems == 0
    assert home.devices["switch.edgevoice_mute"].exposed is False
    assert home.devices["sensor.edgevoice_ms_turn"].unit == "ms"


def test_a_question_is_answered_under_its_id_and_the_home_obeys(mosquitto: Mosquitto) -> None:
    with running(mosquitto.port) as made:
        made.watcher.say("edgevoice/edgevoice/ask", {"id": "7", "text": "set the bed light to 40 percent"})
        answer = made.watcher.until("edgevoice/edgevoice/ask/answer")
        assert answer.pop("ms") > 0
        intent = {"name": "HassLightSet", "slots": {"name": "Bed Light", "brightness": 40}, "source": "template"}
        assert answer == {"id": "7", "text": "The Bed Light is at 40 percent.", "intents": [intent]}
        made.watcher.say("edgevoice/edgevoice/ask", {"id": 8, "text": "lock the front door"})
        assert made.watcher.until("edgevoice/edgevoice/ask/answer")["expects"] == "yes_no"
        made.watcher.say("edgevoice/edgevoice/ask", {"id": 9, "text": "yes"})
        made.watcher.until("home/lock/front_door/state", "LOCKED")
        assert made.watcher.until("edgevoice/edgevoice/ask/answer")["id"] == "9"
        assert not made.ear.opened.is_set()  # a program's question opens no microphone
    assert any(m.topic == "home/light/bed_light/brightness/set" for m in made.watcher.seen)
    assert not {"edgevoice/edgevoice/heard", "edgevoice/edgevoice/answer"} & made.watcher.topics()
    intents = [_parsed(m.payload) for m in made.watcher.seen if m.topic == "edgevoice/edgevoice/intent"]
    assert {"name": "HassLightSet", "source": "template", "confidence": 1.0} in [one["intents"][0] for one in intents]


def test_one_question_delivered_twice_is_answered_once(mosquitto: Mosquitto) -> None:
    with running(mosquitto.port) as made:
        for id in ("a", "a", "b"):
            made.watcher.say("edgevoice/edgevoice/ask", {"id": id, "text": "toggle the bed light"})
        assert [made.watcher.until("edgevoice/edgevoice/ask/answer")["id"] for _ in "ab"] == ["a", "b"]
    assert sum(m.topic == "home/light/bed_light/set" for m in made.watcher.seen) == 2


def test_words_are_told_where_the_settings_allow_it(mosquitto: Mosquitto) -> None:
    with running(mosquitto.port, announce_words=True) as made:
        made.watcher.say("edgevoice/edgevoice/text/set", "turn on the bed light")
        made.watcher.until("edgevoice/edgevoice/heard", "turn on the bed light")
        assert "Bed Light" in made.watcher.until("edgevoice/edgevoice/answer")
        made.watcher.say("edgevoice/edgevoice/say/set", "The kettle is on.")
        made.watcher.until("edgevoice/edgevoice/answer", "The kettle is on.")
        made.watcher.say("edgevoice/edgevoice/text/set", "set the bed light to 40 percent")
        made.watcher.until("edgevoice/edgevoice/heard", "set the bed light to # percent")
        intent = made.watcher.until("edgevoice/edgevoice/intent")["intents"][0]
        assert intent["slots"] == {"name": "Bed Light", "brightness": "#"}
    with running(mosquitto.port) as later:  # what an earlier run has told is taken back
        later.watcher.say("edgevoice/edgevoice/say/set", "Nobody reads this.")
        later.watcher.until("edgevoice/edgevoice/latency")
        assert {m.topic for m in retained(mosquitto.port)}.isdisjoint(
            {"edgevoice/edgevoice/heard", "edgevoice/edgevoice/answer"}
        )


def retained(port: int) -> list[Message]:
    client = MqttClient(MqttSettings(port=port, client_id="late"))
    client.start(SECONDS)
    client.subscribe(["edgevoice/#"])
    found = []
    while (message := client.receive(0.5)) is not None:
        found.append(message)
    client.stop()
    return [message for message in found if message.retain]


def test_numbers_are_told_where_nobody_masks_them(mosquitto: Mosquitto) -> None:
    with running(mosquitto.port, announce_words=True, mask_words=False) as made:
        made.watcher.say("edgevoice/edgevoice/text/set", "set the bed light to 40 percent")
        made.watcher.until("edgevoice/edgevoice/heard", "set the bed light to 40 percent")


def test_a_volume_that_was_asked_for_by_voice_is_told(mosquitto: Mosquitto) -> None:
    with running(mosquitto.port, speaks=True) as made:
        made.watcher.say("edgevoice/edgevoice/text/set", "speak at 30 percent")
        made.watcher.until("edgevoice/edgevoice/volume", 30)


def test_mute_and_volume(mosquitto: Mosquitto) -> None:
    with running(mosquitto.port, speaks=True) as made:
        made.watcher.say("edgevoice/edgevoice/mute/set", "ON")
        made.watcher.until("edgevoice/edgevoice/mute", "ON")
        assert made.assistant.muted
        made.watcher.say("edgevoice/edgevoice/volume/set", "30")
        assert made.watcher.until("edgevoice/edgevoice/volume", 30) == 30
        made.watcher.say("edgevoice/edgevoice/volume/set", "900")
        made.watcher.until("edgevoice/edgevoice/volume", 100)
        made.watcher.say("edgevoice/edgevoice/mute/set", "OFF")
        made.watcher.until("edgevoice/edgevoice/mute", "OFF")
        assert not made.assistant.muted


@pytest.mark.parametrize("payload", [b"\xff", b"[", b"[]", b'{"id": null}', b"[" * 9000, b"x" * 300_000, b"", b"7e999"])
def test_nonsense_is_passed_over(mosquitto: Mosquitto, payload: bytes) -> None:
    with running(mosquitto.port, hermes=True) as made:
        for name in ("ask", "text/set", "say/set", "mute/set", "volume/set"):
            made.watcher.say(f"edgevoice/edgevoice/{name}", payload)
        for topic in ("hermes/tts/say", "hermes/dialogueManager/startSession"):
            made.watcher.say(topic, payload)
        made.watcher.say("edgevoice/edgevoice/ask", {"id": "1", "text": ""})
        assert made.watcher.until("edgevoice/edgevoice/ask/answer")["error"] == "there is no text"
        made.watcher.say("edgevoice/edgevoice/ask", {"id": "2", "text": "is the front door locked"})
        assert made.watcher.until("edgevoice/edgevoice/ask/answer")["text"] == "No, unlocked"


def test_a_retained_command_is_an_old_one(mosquitto: Mosquitto) -> None:
    ghost = Watcher(mosquitto.port, "ghost")
    ghost.say("edgevoice/edgevoice/text/set", "turn on the bed light", retain=True)
    ghost.until("edgevoice/edgevoice/text/set")
    with running(mosquitto.port) as made:
        made.watcher.say("edgevoice/edgevoice/ask", {"id": "1", "text": "is the bed light on"})
        assert made.watcher.until("edgevoice/edgevoice/ask/answer")["text"] == "No, off"
    ghost.client.stop()


def test_more_wishes_than_it_can_take_are_refused(mosquitto: Mosquitto) -> None:
    with running(mosquitto.port) as made:
        for id in range(40):
            made.watcher.say("edgevoice/edgevoice/ask", {"id": id, "text": "what time is it"})
        answers = [made.watcher.until("edgevoice/edgevoice/ask/answer") for _ in range(40)]
    assert {answer["id"] for answer in answers} == {str(id) for id in range(40)}
    assert all(answer.get("error") == "busy" or answer["text"] for answer in answers)


def test_after_the_broker_has_forgotten_everything_it_is_told_again(mosquitto: Mosquitto) -> None:
    with running(mosquitto.port) as made:
        made.watcher.until("edgevoice/edgevoice/state", "idle")
        mosquitto.kill()
        mosquitto.start()
        made.watcher.seen.clear()
        wanted = {CONFIG, *(f"edgevoice/edgevoice/{name}" for name in ("state", "mute", "wake", "availability"))}
        end = time.monotonic() + SECONDS
        while not wanted <= made.watcher.topics() and time.monotonic() < end:
            message = made.watcher.client.receive(0.1)
            made.watcher.seen += [message] if message else []
        assert wanted <= made.watcher.topics()


def test_the_events_of_hermes(mosquitto: Mosquitto) -> None:
    with running(mosquitto.port, hermes=True) as made:
        watcher = made.watcher
        made.ear.events.put(WakeHeard("alexa", 0.9, 0))
        assert watcher.until("hermes/hotword/alexa/detected")["siteId"] == "edgevoice"
        session = watcher.until("hermes/dialogueManager/sessionStarted")["sessionId"]
        watcher.say("edgevoice/edgevoice/text/set", "turn on the bed light")
        heard = watcher.until("hermes/asr/textCaptured")
        assert (heard["text"], heard["sessionId"]) == ("turn on the bed light", session)
        intent = watcher.until("hermes/intent/HassTurnOn")
        assert intent["intent"] == {"intentName": "HassTurnOn", "confidenceScore": 1.0}
        assert intent["slots"] == [
            {
                "entity": "name",
                "slotName": "name",
                "rawValue": "Bed Light",
                "value": {"kind": "Unknown", "value": "Bed Light"},
            }
        ]
        assert watcher.until("hermes/dialogueManager/sessionEnded")["termination"] == {"reason": "nominal"}
        watcher.say("edgevoice/edgevoice/text/set", "blorp")
        assert watcher.until("hermes/dialogueManager/intentNotRecognized")["input"] == "blorp"
        watcher.say("hermes/tts/say", {"text": "Hello.", "siteId": "edgevoice", "id": "4"})
        assert watcher.until("hermes/tts/sayFinished") == {"id": "4", "siteId": "edgevoice"}
        watcher.say(
            "hermes/dialogueManager/startSession", {"init": {"type": "action", "text": "Yes?"}, "siteId": "edgevoice"}
        )
        assert made.ear.opened.wait(SECONDS)
        watcher.say("edgevoice/edgevoice/ask", {"id": "1", "text": "what time is it"})
        watcher.until("edgevoice/edgevoice/ask/answer")
    assert (
        sum(topic.startswith("hermes/intent/") for topic in watcher.topics()) == 1
    )  # a program's question is no session


def test_nothing_is_announced_where_the_settings_say_so(mosquitto: Mosquitto) -> None:
    with running(mosquitto.port) as made:
        settings = Settings(mqtt=replace(MqttSettings(), announce=False))
        assert watchers.presence(settings, None, made.assistant) is None  # type: ignore[arg-type]
