"""The web page: what it shows, and what it may ask for.

Its requests come on threads of the server, which own nothing: what concerns the home or the understanding is an errand
for the turns worker, and what is shown of them was put together there, in `due`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

from edgevoice.assistant import Errand, Wish
from edgevoice.home.adapters import Adapter
from edgevoice.home.model import Home, State
from edgevoice.home.names import clean
from edgevoice.messages import Command, Event, Listening, Message
from edgevoice.service.web import shown
from edgevoice.service.web.meter import Meter
from edgevoice.service.web.server import App, Refused
from edgevoice.service.web.settings_file import Changed, SettingsFile
from edgevoice.service.web.streams import Reader, Stream
from edgevoice.service.web.turns import Turns
from edgevoice.skills.explained import Explainer
from edgevoice.skills.taught import Name, Sentence, Taught

T = TypeVar("T")
_LONGEST = 200
_EVERY_SECONDS = 0.1
_WAIT_SECONDS = 20.0
_SURE = 0.6


class Desk(Protocol):
    """Who takes wishes and errands: `assistant.Assistant`."""

    muted: bool
    lost: int

    def wish(self, wish: Wish | Errand) -> bool: ...


@dataclass(frozen=True, slots=True)
class Mind:
    """What the turns worker owns and the page shows. `prepare` gets ready for what has changed."""

    home: Home
    explainer: Explainer
    taught: Taught
    prepare: Callable[[], None]


class Web(Adapter):
    """An adapter beside the home's, to be called by the turns worker, and an observer of the assistant's events.

    `status` tells of models and machine as JSON values, on any thread.
    """

    def __init__(
        self, desk: Desk, mind: Mind, settings: SettingsFile, status: Callable[[], Mapping[str, Any]], meter: Meter
    ) -> None:
        self._desk, self._mind, self._settings, self._status = desk, mind, settings, status
        self.stream, self._meters = Stream(), Stream()
        self.turns = Turns(lambda record: self.stream.tell("turn", record), self._name)
        self._words: tuple[str, ...] = ()
        self._wants_home = threading.Event()
        self._is_stale = True
        self._shown: dict[str, State] = {}
        self._shown_version = -1
        self._next_seconds = 0.0
        meter.is_watched = lambda: self.is_metering
        meter.tell = lambda reading: self._meters.tell("meter", {**reading, "muted": desk.muted})

    @property
    def is_metering(self) -> bool:
        """Whether anybody looks at the microphone's meters."""
        return bool(self._meters)

    def app(self) -> App:
        return App(
            {"/api/settings": self._settings.told, "/api/status": self._told_status, "/api/taught": self._told_lessons},
            {
                "/api/explain": self._explain,
                "/api/say": self._say,
                "/api/teach": self._teach,
                "/api/forget": self._forget,
                "/api/mute": self._mute,
                "/api/settings/check": self._check_settings,
                "/api/settings": self._save_settings,
            },
            {"/api/events": self._look, "/api/meters": lambda: self._meters.join()},
        )

    def stop(self) -> None:
        """Lets all go who look."""
        self.stream.end()
        self._meters.end()

    # --- on the turns worker, or the thread of an event -----------------------------------------------------------------

    def observe(self, event: Event) -> None:
        """Never waits."""
        if isinstance(event, Listening):
            self._words = event.words
        self._is_stale = True
        self.turns.observe(event)

    def subscriptions(self) -> tuple[str, ...]:
        return ()

    def handle(self, message: Message, now_seconds: float) -> None:
        self._is_stale = True

    def due(self, now_seconds: float) -> tuple[Message, ...]:
        if self.stream and now_seconds >= self._next_seconds and (self._is_stale or self._wants_home.is_set()):
            self._next_seconds = now_seconds + _EVERY_SECONDS
            self._is_stale = False
            self._tell_home()
        return ()

    def messages(self, command: Command) -> tuple[Message, ...]:
        return ()

    def _tell_home(self) -> None:
        home = self._mind.home
        if self._wants_home.is_set() or self._shown_version != home.version:
            self._wants_home.clear()
            self._shown_version = home.version
            self._shown = dict(home.states)
            self.stream.tell("home", shown.home(home))
            return
        changed = [key for key, state in home.states.items() if self._shown.get(key) is not state]
        for key in changed:
            old, self._shown[key] = self._shown.get(key), home.states[key]
            device = home.devices.get(key)
            if device is not None and device.exposed:
                if (told := shown.state(device, home.states[key])) != (shown.state(device, old) if old else None):
                    self.stream.tell("device", {"id": key, **told})

    def _name(self, device_id: str) -> str:
        device = self._mind.home.devices.get(device_id)
        return device.name if device is not None else device_id

    # --- on the server's threads --------------------------------------------------------------------------------------

    def _look(self) -> Reader | None:
        reader = self.stream.join()
        first: dict[str, object] = {"words": self._words, "turns": self.turns.all(), "muted": self._desk.muted}
        if reader is not None:
            self.stream.greet(reader, "hello", first)
            self._wants_home.set()
        return reader

    def _told_status(self) -> Mapping[str, Any]:
        lost = {"turns": self._desk.lost, "events": self.stream.lost, "readers": self.stream.dropped}
        return {**self._status(), "lost": lost, "words": self._words, "muted": self._desk.muted}

    def _told_lessons(self) -> Mapping[str, Any]:
        return {**asdict(self._mind.taught.lessons), "path": str(self._mind.taught.path)}

    def _explain(self, told: Mapping[str, Any]) -> object:
        text, with_model = _text(told, "text"), told.get("model") is True
        explained = self._on_turns(
            lambda cancel: self._mind.explainer.explain(
                self._mind.taught.meaning(text), time.monotonic(), cancel, with_model
            )
        )
        return {**shown.explained(explained), "text": text, "meaning": explained.text if explained.text != text else ""}

    def _say(self, told: Mapping[str, Any]) -> object:
        if not self._desk.wish(Wish(_text(told, "text"), is_aloud=told.get("aloud") is True)):
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the assistant is busy: try again")
        return {}

    def _teach(self, told: Mapping[str, Any]) -> object:
        said = _text(told, "said")
        lesson = Name(said, _text(told, "device")) if "device" in told else Sentence(said, _text(told, "means"))
        return self._on_turns(lambda cancel: self._learn(lesson, cancel))

    def _learn(self, lesson: Name | Sentence, cancel: threading.Event) -> object:
        mind = self._mind
        explained = None
        if isinstance(lesson, Sentence):
            explained = mind.explainer.explain(lesson.means, time.monotonic(), cancel)
            if not explained.intents or min(one.confidence for one in explained.intents) < _SURE:
                raise ValueError(f"“{lesson.means}” is not understood well enough itself: say it in plainer words")
        before = mind.taught.learn(lesson)
        try:
            mind.prepare()
        except Exception:
            mind.taught.restore(before)
            raise
        self._is_stale = True
        return {"lessons": self._told_lessons(), "explained": shown.explained(explained) if explained else None}

    def _forget(self, told: Mapping[str, Any]) -> object:
        def forget(cancel: threading.Event) -> object:
            self._mind.taught.forget(_text(told, "said"))
            self._mind.prepare()
            self._is_stale = True
            return {"lessons": self._told_lessons()}

        return self._on_turns(forget)

    def _mute(self, told: Mapping[str, Any]) -> object:
        self._desk.muted = told.get("muted") is True
        return {"muted": self._desk.muted}

    def _check_settings(self, told: Mapping[str, Any]) -> object:
        problem = self._settings.problem(_text(told, "text", longest=0))
        return {"problem": asdict(problem) if problem else None}

    def _save_settings(self, told: Mapping[str, Any]) -> object:
        text = _text(told, "text", longest=0)
        problem = self._settings.problem(text)
        if problem is not None:
            return {"problem": asdict(problem)}
        try:
            beside = self._settings.save(text, str(told.get("version", "")))
        except Changed as error:
            raise Refused(HTTPStatus.CONFLICT, str(error)) from None
        except OSError as error:
            reason = f"{self._settings.path} cannot be written: {error.strerror or error}"
            raise Refused(HTTPStatus.FORBIDDEN, reason) from None
        return {"problem": None, "beside": beside, **self._settings.told()}

    def _on_turns(self, do: Callable[[threading.Event], T]) -> T:
        """What the turns worker makes of an errand, which it does once it has nothing better to do. Raises Refused."""
        done: Future[T] = Future()

        def run(cancel: threading.Event) -> None:
            if done.set_running_or_notify_cancel():
                try:
                    done.set_result(do(cancel))
                except Exception as error:
                    done.set_exception(error)

        if not self._desk.wish(Errand(run)):
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the assistant is busy: try again")
        try:
            return done.result(_WAIT_SECONDS)
        except TimeoutError:
            done.cancel()
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the assistant is busy: try again") from None
        except OSError as error:
            reason = f"{self._mind.taught.path} cannot be written: {error.strerror or error}"
            raise Refused(HTTPStatus.FORBIDDEN, reason) from None


def _text(told: Mapping[str, Any], key: str, longest: int = _LONGEST) -> str:
    """A text of the request; `longest` 0: as long as it is. Raises ValueError."""
    text = told.get(key)
    if not isinstance(text, str) or (longest and not text.strip()):
        raise ValueError(f"'{key}' is missing: write something")
    if longest and len(text) > longest:
        raise ValueError(f"'{key}' has more than {longest} characters")
    return clean(text, longest) if longest else text
