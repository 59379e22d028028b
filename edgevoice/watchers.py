"""Who watches a running assistant where the settings want that: its device on the broker, the web page, and others."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from edgevoice.assembly import state_file
from edgevoice.assistant import Assistant
from edgevoice.audio import programs
from edgevoice.audio.speaker import Speaker
from edgevoice.config import Settings
from edgevoice.ducking import Ducker
from edgevoice.messages import Event
from edgevoice.model_store import Store
from edgevoice.service import masking
from edgevoice.service import recorder as recording
from edgevoice.service.presence import Presence, Sources
from edgevoice.service.recorder import Recorder
from edgevoice.turn import Stages, prepare

if TYPE_CHECKING:
    from edgevoice.service.web.meter import Meter
    from edgevoice.service.web.settings_file import SettingsFile
    from edgevoice.service.web.web import Web

_log = logging.getLogger(__name__)


class Watcher(Protocol):
    """Sees every event, on the thread that made it, and must be quick."""

    def observe(self, event: Event) -> None: ...


def presence(
    settings: Settings, stages: Stages, assistant: Assistant, figures: Callable[[], Mapping[str, Any]] = dict
) -> Presence | None:
    """The assistant as a device on its broker, from now on; None where the settings do not want it."""
    if not settings.mqtt.announce:
        return None
    sink, link = stages.voice.sink, stages.link
    loud = sink if isinstance(sink, Speaker) else None
    sources = Sources(figures, functools.partial(masking.people, link.home))
    made = Presence(settings.mqtt, settings.home.discovery_prefix, link.bus, assistant, loud, sources)
    stages.voice.sink = made.watched(sink)
    link.join(made)
    return made


@dataclass(frozen=True, slots=True)
class Page:
    """What the web page shows beside the turns; `health` is `figures.Watched.health`."""

    file: SettingsFile
    meter: Meter
    health: Callable[[], Mapping[str, Any]]


@contextmanager
def web(settings: Settings, stages: Stages, assistant: Assistant, page: Page) -> Iterator[Web]:
    """The web page, while the context lasts. Raises SettingsError where it cannot be served."""
    from edgevoice.service.web import access, server, status
    from edgevoice.service.web.web import Mind, Web

    assert stages.taught is not None
    assert stages.explainer is not None
    link, folder = stages.link, state_file(settings.home).parent
    told = status.Status(settings, page.file.profile, Store(), page.health)
    mind = Mind(link.home, stages.explainer, stages.taught, functools.partial(prepare, stages))
    made = Web(assistant, mind, page.file, told, page.meter)
    guard, is_new = access.load(settings.web, folder)
    with server.Server(settings.web, guard, made.app()) as running:
        stages.voice.sink = made.turns.watched(stages.voice.sink)
        link.join(made)
        token = access.token_file(settings.web, folder)
        _log.info("the web page: %s%s", running.url, f", its token: {token}" if guard.token else "")
        if is_new and sys.stdout.isatty():  # else it would be in somebody's log
            print(f"The web page, this once with its token: {running.url}#token={guard.token}", flush=True)
        try:
            yield made
        finally:
            made.stop()


def ducker(settings: Settings, stages: Stages) -> Ducker | None:
    """What lowers the media players of this area from now on; None where the settings do not want it."""
    if settings.voice.duck_percent is None:
        return None
    topic = f"edgevoice/{settings.mqtt.client_id}/ducked"
    percent, others = settings.voice.duck_percent, None
    if settings.voice.duck_programs:
        others = programs.load(percent, state_file(settings.home).with_name(programs.KEPT))
    made = Ducker(stages.link, topic, settings.home.area, percent, others)
    stages.voice.sink = made.quieting(stages.voice.sink)
    stages.link.join(made)
    return made


def recorder(settings: Settings, stages: Stages) -> Recorder | None:
    """What keeps spoken turns from now on; None where the settings do not want it. Raises SettingsError, MissingExtra."""
    folder, state = settings.privacy.record_folder, state_file(settings.home)
    if folder is None:
        return None
    made = Recorder(settings.privacy)
    if folder.absolute() not in (known := recording.places(state)):
        recording.remember(state, (*known, folder))
    if stages.asr is not None:
        stages.asr = made.watched(stages.asr)
    return made
