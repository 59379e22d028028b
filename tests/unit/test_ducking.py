"""Media players go down while it listens and speaks, and always come back."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable

import numpy as np
import pytest
from fakes import Clock, Shelf
from household import household

from edgevoice.ducking import Ducker
from edgevoice.home.model import State
from edgevoice.link import HomeLink
from edgevoice.messages import Command, Expects, Message, NoSpeech, SpeechEnded, TurnEnded, Utterance, WakeHeard

TOPIC = "edgevoice/test/ducked"
WAKE, ENDED = WakeHeard("alexa", 0.9, 0), TurnEnded("1", ())
SPEECH = SpeechEnded(Utterance(np.zeros(1, np.int16), 16_000, 0, 1), 1)
QUESTION = TurnEnded("1", (), Expects("yes_no"))


class Hub:
    """Adapter, bus and two players in one: a player reports what it was told, in steps of `step` percent."""

    def __init__(self, step: float = 1.0) -> None:
        self.home, self.clock, self.step = household(), Clock(), step
        self.home.update("media_player.radio", State("playing", {"volume_level": 0.5}))
        self.real = {"media_player.tv": 40.0, "media_player.radio": 50.0}
        self.told: list[tuple[str, float]] = []
        self.retained = b""
        self.inbox: deque[Message] = deque()
        self.is_deaf = self.is_gone = False

    def started(self, area: str = "Living Room", percent: int = 20) -> tuple[Ducker, HomeLink]:
        link = HomeLink(self.home, self, self, self.clock)
        ducker = Ducker(link, TOPIC, area, percent)
        link.join(ducker)
        if self.retained:
            self.inbox.append(Message(TOPIC, self.retained, retain=True))
        link.pump()
        return ducker, link

    def subscriptions(self) -> tuple[str, ...]:
        return ("player/#",)

    def subscribe(self, filters: Iterable[str]) -> None:
        """Everything comes anyway."""

    def due(self, now_seconds: float) -> tuple[Message, ...]:
        return ()

    def messages(self, command: Command) -> tuple[Message, ...]:
        return (Message(command.device, str(command.value).encode()),) if command.capability == "volume" else ()

    def ready(self, timeout_seconds: float, topic: str) -> bool:
        return True

    def publish(self, message: Message) -> None:
        if message.topic == TOPIC:
            self.retained = message.payload
            return
        self.told.append((message.topic, float(message.payload)))
        if not self.is_deaf:
            self.turn(message.topic, float(message.payload))

    def turn(self, key: str, percent: float) -> None:
        """The player's volume, by whomever."""
        self.real[key] = round(percent / self.step) * self.step
        self.inbox.append(Message(key, b""))

    def receive(self, timeout_seconds: float) -> Message | None:
        self.clock.now += timeout_seconds
        return self.inbox.popleft() if self.inbox and not self.is_gone else None

    def handle(self, message: Message, now_seconds: float) -> None:
        if message.topic in self.real:
            self.home.update(message.topic, State("playing", {"volume_level": self.real[message.topic] / 100}))


def pump(link: HomeLink) -> None:
    for _ in range(3):
        link.pump()


def test_the_players_of_the_room_go_down_and_up_again() -> None:
    hub = Hub()
    ducker, link = hub.started()
    ducker.observe(WAKE)
    pump(link)
    assert hub.real == {"media_player.tv": 8.0, "media_player.radio": 50.0}
    assert json.loads(hub.retained) == {"media_player.tv": {"before": 40.0, "low": None}}
    ducker.observe(SPEECH)
    pump(link)
    assert hub.told == [("media_player.tv", 8.0)]
    ducker.observe(ENDED)
    pump(link)
    assert hub.told == [("media_player.tv", 8.0), ("media_player.tv", 40.0)]
    assert hub.retained == b""
    hub.clock.now += 60
    pump(link)
    assert len(hub.told) == 2


def test_without_an_area_every_player_that_plays_goes_down() -> None:
    hub = Hub()
    ducker, link = hub.started(area="")
    ducker.observe(WAKE)
    pump(link)
    assert hub.real == {"media_player.tv": 8.0, "media_player.radio": 10.0}


@pytest.mark.parametrize("end", [NoSpeech(0), ENDED])
def test_silence_and_the_end_of_a_turn_bring_it_back(end: NoSpeech | TurnEnded) -> None:
    hub = Hub()
    ducker, link = hub.started()
    ducker.observe(WAKE)
    if isinstance(end, TurnEnded):
        ducker.observe(SPEECH)
    pump(link)
    ducker.observe(end)
    pump(link)
    assert hub.real["media_player.tv"] == 40.0


def test_a_wake_word_in_a_turn_and_a_question_at_its_end_keep_it_low() -> None:
    hub = Hub()
    ducker, link = hub.started()
    for event in (WAKE, SPEECH, WAKE, ENDED, SPEECH, QUESTION):
        ducker.observe(event)
        pump(link)
        assert hub.real["media_player.tv"] == 8.0, event
    ducker.observe(SPEECH)
    ducker.observe(ENDED)
    pump(link)
    assert hub.told == [("media_player.tv", 8.0), ("media_player.tv", 40.0)]


def test_speaking_alone_lowers_it_and_a_voice_that_fails_brings_it_back() -> None:
    class Broken(Shelf):
        def play(self, pieces: object, rate: int, cancel: threading.Event) -> None:
            assert hub.real["media_player.tv"] == 8.0
            raise OSError("no speaker")

    hub = Hub()
    ducker, link = hub.started()
    with pytest.raises(OSError, match="no speaker"):
        ducker.quieting(Broken()).play([], 16_000, threading.Event())
    pump(link)
    assert hub.real["media_player.tv"] == 40.0


def test_louder_means_louder_than_before() -> None:
    hub = Hub()
    ducker, link = hub.started()
    ducker.observe(WAKE)
    pump(link)
    assert hub.home.state("media_player.tv").attributes["volume_level"] == 0.4
    sent = list(link.send([Command("media_player.tv", "volume", 50)], hub.clock()))
    assert len(sent) == 1
    ducker.observe(NoSpeech(0))
    pump(link)
    assert hub.real["media_player.tv"] == 50.0
    assert hub.retained == b""


def test_who_turns_the_knob_keeps_what_was_set() -> None:
    hub = Hub()
    ducker, link = hub.started()
    ducker.observe(WAKE)
    pump(link)
    hub.turn("media_player.tv", 25.0)
    pump(link)
    ducker.observe(NoSpeech(0))
    pump(link)
    assert hub.real["media_player.tv"] == 25.0


def test_a_player_of_coarse_steps_comes_back() -> None:
    hub = Hub(step=100 / 15)
    hub.turn("media_player.tv", 40.0)
    ducker, link = hub.started(percent=30)
    ducker.observe(WAKE)
    pump(link)
    assert hub.real["media_player.tv"] == pytest.approx(13.33, abs=0.01)
    ducker.observe(NoSpeech(0))
    pump(link)
    assert hub.real["media_player.tv"] == pytest.approx(40.0)
    assert hub.retained == b""


def test_after_a_crash_the_next_start_brings_it_back() -> None:
    hub = Hub()
    ducker, link = hub.started()
    ducker.observe(WAKE)
    pump(link)
    assert hub.real["media_player.tv"] == 8.0
    hub.home = household()  # the first was killed; the second knows nothing yet
    hub.home.update("media_player.tv", State("unknown"))
    _, link = hub.started()
    hub.turn("media_player.tv", 8.0)  # retained by the broker
    pump(link)
    assert hub.real["media_player.tv"] == 40.0
    assert hub.retained == b""


def test_a_player_that_does_not_answer_is_told_again_and_then_no_more(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    ducker, link = hub.started()
    ducker.observe(WAKE)
    pump(link)
    hub.is_deaf = True
    ducker.observe(NoSpeech(0))
    for _ in range(20):
        hub.clock.now += 3.0
        pump(link)
    assert hub.told == [("media_player.tv", 8.0), *[("media_player.tv", 40.0)] * 5]
    assert "media_player.tv" in caplog.text
    assert hub.retained == b""


def test_what_never_ends_does_not_keep_the_music_low() -> None:
    hub = Hub()
    ducker, link = hub.started()
    ducker.observe(WAKE)
    pump(link)
    hub.clock.now += 200.0
    pump(link)
    assert hub.real["media_player.tv"] == 40.0


def test_leaving_brings_it_back() -> None:
    hub = Hub()
    ducker, link = hub.started()
    ducker.observe(WAKE)
    pump(link)
    began = hub.clock.now
    ducker.release()
    assert hub.real["media_player.tv"] == 40.0
    assert hub.clock.now - began <= 1.0


@pytest.mark.parametrize("payload", [b"[]", b"{", b'{"a": 1}', b'{"a": {"before": "x"}}', b"\xff", b"[" * 9000])
def test_nonsense_that_stands_retained_is_passed_over(payload: bytes) -> None:
    hub = Hub()
    hub.retained = payload
    ducker, link = hub.started()
    ducker.observe(WAKE)
    pump(link)
    assert hub.real["media_player.tv"] == 8.0
