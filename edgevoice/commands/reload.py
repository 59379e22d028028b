"""Settings that are read anew while the assistant runs: at SIGHUP, or when the web page has saved them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edgevoice.config import Settings
from edgevoice.errors import EdgeVoiceError
from edgevoice.service.notify import Notifier

_log = logging.getLogger(__name__)


class Reload:
    """To be called by any thread and by a signal handler, at any time. What is asked while no assistant runs, as one is
    being built, is done once it does.
    """

    def __init__(self, read: Callable[[], Settings], notifier: Notifier) -> None:
        self._read, self.notifier = read, notifier
        self._lock = threading.RLock()  # a signal may come while its thread is in here
        self._now: Settings | None = None
        self._finish: Callable[[], None] | None = None
        self._is_asked = False
        self._found: Settings | None = None
        self.works = False
        """Has an assistant listened with the settings that it was built with? What fails after that is not their fault."""
        self.problem = ""
        """Why the settings in force are not those of the file; empty where they are, or soon will be."""

    def __call__(self) -> None:
        with self._lock:
            self._is_asked = True
            self._look()

    @contextmanager
    def of(self, now: Settings, finish: Callable[[], None]) -> Iterator[None]:
        """While an assistant runs with the settings `now`; `finish` is called where they are good and others."""
        with self._lock:
            self._now, self._finish = now, finish
            self._look()
        try:
            yield
        finally:
            with self._lock:
                self._finish = None

    @property
    def pending(self) -> bool:
        """Are new settings being put in force?"""
        return self._found is not None or self._finish is None

    def take(self) -> Settings | None:
        """The new settings, once; None where there are none."""
        with self._lock:
            found, self._found, self.works = self._found, None, False
            return found

    def listens(self) -> None:
        """The assistant has been built, and hears."""
        self.works = True
        self.notifier.ready()

    def failed(self, error: EdgeVoiceError) -> None:
        """New settings, though good, could not be run with."""
        self.problem = str(error)
        _log.error("the new settings do not work, going on with the old ones: %s", error)

    def _look(self) -> None:
        if self._finish is None or not self._is_asked:
            return
        self._is_asked = False
        self.notifier.reloading()
        try:
            found = self._read()
        except EdgeVoiceError as error:
            self.problem = str(error)
            _log.error("the settings stay as they were: %s", error)
            self.notifier.status(f"the settings stay as they were: {error}")
            self.notifier.ready()
            return
        self.problem = ""
        if found == self._now and self._found is None:
            _log.warning("the settings are the same as before")
            self.notifier.ready()
            return
        _log.warning("the settings have changed: they hold from the end of this turn on")
        self._found = found
        self._finish()
