"""Media players, and other programs of this machine, go down while the assistant listens and speaks, and back up after it.

What was lowered stands retained at `edgevoice/<client_id>/ducked` until the players report their volume again, so that
an assistant that was killed in the middle puts it right at its next start.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

from edgevoice.audio.programs import Programs
from edgevoice.home import targets
from edgevoice.home.adapters import Adapter
from edgevoice.home.capabilities import number
from edgevoice.home.model import Device, State
from edgevoice.link import HomeLink
from edgevoice.messages import Command, Event, Message, NoSpeech, Samples, SpeechEnded, TurnEnded, WakeHeard
from edgevoice.stages import Sink

_PLAYING = frozenset({"playing", "buffering"})
_CLOSE = 1.5  # percent: what players round
_AGAIN_SECONDS, _MOST = 3.0, 5
"""How often a player is told to go up again, until it reports it."""
_LONGEST_SECONDS = 180.0
"""No turn takes so long: whatever was missed, the music comes back."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    """A player's volume before and now, percent. `low` is None until it has reported it."""

    before: float
    low: float | None = None
    told_seconds: float = -_AGAIN_SECONDS
    times: int = 0
    shown: State | None = None


class Ducker(Adapter):
    """An `Adapter` beside the home's; it and what it plays through belong to the turns worker, `observe` to any thread.

    `area` is the microphone's, by id or name; empty: every player that plays. The home shows a lowered player with its
    volume of before, so that "louder" means louder than that. Who sets its volume meanwhile keeps it.
    """

    def __init__(self, link: HomeLink, topic: str, area: str, percent: int, programs: Programs | None = None) -> None:
        self._programs = programs
        self._link, self._home, self._topic, self._area, self._share = link, link.home, topic, area, percent / 100
        self._ear_is_open = self._turn = self._plays = False
        self._since: float | None = None
        self._held: dict[str, _Held] = {}
        self._recorded: tuple[str, ...] = ()
        self._is_writing = self._has_begun = False

    # --- when ---------------------------------------------------------------------------------------------------------

    def observe(self, event: Event) -> None:
        match event:
            case WakeHeard():
                self._ear_is_open = True
            case SpeechEnded():
                self._ear_is_open, self._turn = False, True
            case NoSpeech():
                self._ear_is_open = False
            case TurnEnded(expects=expects):
                self._ear_is_open = self._ear_is_open or (self._turn and expects is not None)
                self._turn = False

    def quieting(self, sink: Sink) -> Sink:
        """The same sink, for whose playing the players go down."""
        return _Quieting(sink, self)

    def plays(self, plays: bool) -> None:
        self._plays = plays
        if plays:
            self._link.pump()

    def release(self) -> None:
        """Puts everything back, whatever still goes on, and waits a moment for the players to say so."""
        self._ear_is_open = self._turn = self._plays = False
        for _ in range(4):
            self._link.pump(0.25)
            if not self._held:
                return

    # --- Adapter ------------------------------------------------------------------------------------------------------

    def subscriptions(self) -> tuple[str, ...]:
        return (self._topic,)

    def messages(self, command: Command) -> tuple[Message, ...]:
        if not self._is_writing and command.capability == "volume":
            self._held.pop(command.device, None)  # that is the volume it is to have
        return ()

    def handle(self, message: Message, now_seconds: float) -> None:
        if message.topic == self._topic:
            if message.retain and not self._has_begun:
                self._held = _read(message.payload)
                self._recorded = tuple(self._held)
            self._has_begun = True
        for key in tuple(self._held):
            self._look(key, self._held[key])

    def due(self, now_seconds: float) -> tuple[Message, ...]:
        wanted = self._ear_is_open or self._turn or self._plays
        if not wanted:
            if self._programs is not None and self._since is not None:
                self._programs.restore()
            self._since = None
            written = [message for key in tuple(self._held) for message in self._raise(key, now_seconds)]
        elif self._since is None:
            self._since, self._has_begun = now_seconds, True
            if self._programs is not None:
                self._programs.lower()
            written = [message for device in self._playing() for message in self._lower(device)]
        else:
            written = []
            if now_seconds - self._since > _LONGEST_SECONDS:
                self._ear_is_open = self._turn = self._plays = False
        if tuple(self._held) == self._recorded:
            return tuple(written)
        self._recorded = tuple(self._held)
        return (self._record(), *written)

    # --- what ---------------------------------------------------------------------------------------------------------

    def _playing(self) -> Iterable[Device]:
        areas = {area.id for area in targets.find_areas(self._home, self._area)} if self._area else None
        for device in self._home.exposed():
            is_here = areas is None or device.area in areas
            if is_here and "volume" in device.capabilities and self._home.state(device.id).value in _PLAYING:
                yield device

    def _lower(self, device: Device) -> tuple[Message, ...]:
        held = self._held.get(device.id)
        now = held.before if held else _volume(self._home.state(device.id))
        if now is None or round(now * self._share) >= round(now):
            return ()
        self._held[device.id] = _Held(now)
        return self._write(device.id, now * self._share)

    def _raise(self, key: str, now_seconds: float) -> tuple[Message, ...]:
        held = self._held[key]
        if _volume(self._home.state(key)) is None or now_seconds - held.told_seconds < _AGAIN_SECONDS:
            return ()
        if held.times == _MOST or (held.times and held.low is None):
            if held.low is not None:
                _log.warning("%s does not report the volume that it had: %.0f percent", key, held.before)
            del self._held[key]
            return ()
        held.told_seconds, held.times = now_seconds, held.times + 1
        return self._write(key, held.before)

    def _write(self, key: str, percent: float) -> tuple[Message, ...]:
        self._is_writing = True
        try:
            return self._link.written(Command(key, "volume", round(percent)))
        finally:
            self._is_writing = False

    def _look(self, key: str, held: _Held) -> None:
        """Takes in what a player reports of its volume."""
        state = self._home.state(key)
        now = _volume(state)
        if now is None or state is held.shown:
            return
        if held.low is None and now < held.before - _CLOSE:
            held.low = now
        if held.low is not None and abs(now - held.low) < _CLOSE:
            shown = replace(state, attributes={**state.attributes, "volume_level": held.before / 100})
            self._home.update(key, shown)
            held.shown = shown
        elif held.low is not None or held.times:  # it is up again, or somebody has set it
            del self._held[key]

    def _record(self) -> Message:
        told = {key: {"before": held.before, "low": held.low} for key, held in self._held.items()}
        return Message(self._topic, json.dumps(told).encode() if told else b"", retain=True)


def _read(payload: bytes) -> dict[str, _Held]:
    """What an earlier run had lowered; nothing where that cannot be read."""
    try:
        told = json.loads(payload or b"{}")
        return {str(key): _Held(float(one["before"]), number(one.get("low"))) for key, one in told.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        _log.warning("what was lowered before cannot be read: %r", error)
        return {}


def _volume(state: State) -> float | None:
    level = number(state.attributes.get("volume_level"))
    return None if level is None else level * 100


class _Quieting:
    def __init__(self, sink: Sink, ducker: Ducker) -> None:
        self._sink, self._ducker = sink, ducker

    def play(self, pieces: Iterable[Samples], rate: int, cancel: threading.Event) -> None:
        self._ducker.plays(True)
        try:
            self._sink.play(pieces, rate, cancel)
        finally:
            self._ducker.plays(False)
