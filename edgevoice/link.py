"""The link to the home: takes in what devices report, sends commands, and waits for the states that confirm them."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from edgevoice.errors import BrokerError
from edgevoice.home.adapters import Adapter, Adapters
from edgevoice.home.appliance import confirms, obey, patience
from edgevoice.home.model import CAPABILITIES, Home
from edgevoice.messages import Command, CommandSent, Message, StateConfirmed
from edgevoice.stages import Bus

_LOOK_SECONDS = 0.25  # how often a wait looks whether it is still wanted
_SUBSCRIBE_SECONDS = 0.05  # how long a topic that was just learned of may wait for more
_AT_ONCE = 1000  # messages; who floods us does not keep us from our work
_NEVER = threading.Event()
_log = logging.getLogger(__name__)


class HomeLink:
    """Owned by the turns worker, as the home is. `clock` is monotonic, in seconds.

    `expiry_seconds` is how long a command may wait for a broker that is away.
    """

    def __init__(
        self, home: Home, adapter: Adapter, bus: Bus, clock: Callable[[], float], expiry_seconds: float = 5.0
    ) -> None:
        self.home = home
        self._adapter = adapter
        self.bus = bus
        self._clock = clock
        self._expiry_seconds = expiry_seconds
        self._subscribed: tuple[str, ...] = ()
        self._subscribed_at = float("-inf")

    def join(self, adapter: Adapter) -> None:
        """Hears and asks for another adapter beside the one it has."""
        self._adapter = Adapters(self._adapter, adapter)

    def written(self, command: Command) -> tuple[Message, ...]:
        """What is published so that a device does `command`."""
        return self._adapter.messages(command)

    def pump(self, timeout_seconds: float = 0.0) -> bool:
        """Takes in what has come, waiting at most `timeout_seconds` for the first message. True if there was any, or if
        more is listened to now.
        """
        # In a large home that tells its devices, each message would otherwise be followed by a look at all topics.
        rest = min(timeout_seconds, max(0.0, self._subscribed_at + _SUBSCRIBE_SECONDS - self._clock()))
        message = self.bus.receive(rest) if rest > 0 else None
        has_new = False
        if message is None:
            has_new = self._subscribe()
            message = self.bus.receive(timeout_seconds - rest)
        there_was_any = message is not None
        for left in range(_AT_ONCE, 0, -1):
            if message is None:
                break
            self._adapter.handle(message, self._clock())
            message = self.bus.receive(0.0) if left > 1 else None
        return self._ask() or there_was_any or has_new

    def send(
        self, commands: Sequence[Command], since: float, cancel: threading.Event = _NEVER
    ) -> Iterator[CommandSent]:
        """Publishes each command's messages, once; `ms` counts from `since`.

        A broker that is away is waited for until the expiry. Raises BrokerError where none of the messages was sent;
        where only the last ones were not, their commands have no event. Nothing more is sent once `cancel` is set.
        """
        until = self._clock() + self._expiry_seconds
        is_first = True
        for command in commands:
            for message in self.written(command):
                try:
                    if not self._publish(message, until, cancel):
                        return
                except BrokerError as error:
                    if is_first:
                        raise
                    _log.warning("%s", error)
                    return
                is_first = False
                yield CommandSent(command, message, (self._clock() - since) * 1e3)

    def confirm(
        self, commands: Sequence[Command], since: float, timeout_seconds: float, cancel: threading.Event = _NEVER
    ) -> Iterator[StateConfirmed]:
        """One event a command, as the devices' states come in; what is silent until its time is up is not confirmed.

        `timeout_seconds` is a lamp's time; what moves has more. It and `ms` count from `since`, when the first of them
        was sent. Once `cancel` is set nobody waits any more: the rest has no event.
        """
        until = {command: timeout_seconds * patience(command.device) for command in commands}
        waiting = list(commands)
        while waiting and not cancel.is_set():
            spent = self._clock() - since
            settled = {command: self._outcome(command, since, spent >= until[command]) for command in waiting}
            yield from (replace(event, ms=spent * 1e3) for event in settled.values() if event)
            waiting = [command for command in waiting if settled[command] is None]
            if waiting:
                left = min(until[command] for command in waiting) - spent
                self.pump(min(max(0.0, left), _LOOK_SECONDS))

    def _publish(self, message: Message, until: float, cancel: threading.Event) -> bool:
        """False where it was not sent, as nobody wants it any more."""
        while not cancel.is_set():
            if self.bus.ready(min(max(0.0, until - self._clock()), _LOOK_SECONDS), message.topic):
                self.bus.publish(message)
                return True
            if self._clock() >= until:
                waited = f"the broker was away for {self._expiry_seconds:g} s"
                raise BrokerError(f"not sent to '{message.topic}', as {waited}; it is dropped")
        return False

    def _outcome(self, command: Command, since: float, is_late: bool) -> StateConfirmed | None:
        """What has become of a command; None while that is open."""
        device, state = self.home.devices.get(command.device), self.home.state(command.device)
        if device is not None:
            # A trigger leaves no state behind, and an optimistic device reports none: the broker's word must do.
            if device.optimistic:
                self.home.update(device.id, replace(obey(device, state, command), changed_seconds=self._clock()))
            if device.optimistic or CAPABILITIES[command.capability].kind == "trigger":
                return StateConfirmed(command, True, 0.0, optimistic=True)
            if confirms(command, state):
                return StateConfirmed(command, True, 0.0)
            refusal = self.home.refusals.get(device.id)
            if refusal is not None and refusal.seconds >= since:
                return StateConfirmed(command, False, 0.0, refused=refusal.reason)
        if not is_late:
            return None
        return StateConfirmed(command, False, 0.0, reported=state.value if state.changed_seconds > since else None)

    def _ask(self) -> bool:
        asked = self._adapter.due(self._clock())
        for question in asked:
            with contextlib.suppress(BrokerError):  # who is not reached now tells its state when it comes back
                self.bus.publish(question)
        return bool(asked)

    def _subscribe(self) -> bool:
        """Listens to what is wanted now; whether that is more than before."""
        self._subscribed_at = self._clock()
        wanted = self._adapter.subscriptions()
        if wanted == self._subscribed:
            return False
        self.bus.subscribe(wanted)
        self._subscribed = wanted
        return True
