"""The link to the home: takes in what devices report, sends commands, and waits for the states that confirm them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from edgevoice.errors import BrokerError
from edgevoice.home.adapters import Adapter, Adapters
from edgevoice.home.appliance import confirms
from edgevoice.home.model import CAPABILITIES, Home
from edgevoice.messages import Command, CommandSent, StateConfirmed
from edgevoice.stages import Bus


class HomeLink:
    """Owned by the turns worker, as the home is. `clock` is monotonic, in seconds."""

    def __init__(self, home: Home, adapter: Adapter, bus: Bus, clock: Callable[[], float]) -> None:
        self.home = home
        self._adapter = adapter
        self.bus = bus
        self._clock = clock
        self._subscribed: tuple[str, ...] = ()

    def join(self, adapter: Adapter) -> None:
        """Hears and asks for another adapter beside the one it has."""
        self._adapter = Adapters(self._adapter, adapter)

    def pump(self, timeout_seconds: float = 0.0) -> bool:
        """Takes in what has come, waiting at most `timeout_seconds` for the first message. True if there was any."""
        self._subscribe()
        for question in self._adapter.due(self._clock()):
            with contextlib.suppress(BrokerError):  # who is not reached now tells its state when it comes back
                self.bus.publish(question)
        message = self.bus.receive(timeout_seconds)
        if message is None:
            return False
        while message is not None:
            self._adapter.handle(message, self._clock())
            message = self.bus.receive(0.0)
        self._subscribe()
        return True

    def send(self, commands: Sequence[Command], since: float) -> Iterator[CommandSent]:
        """Publishes each command's messages; `ms` counts from `since`. Raises BrokerError where the broker is away."""
        for command in commands:
            for message in self._adapter.messages(command):
                self.bus.publish(message)
                yield CommandSent(command, message, (self._clock() - since) * 1e3)

    def confirm(self, commands: Sequence[Command], since: float, timeout_seconds: float) -> Iterator[StateConfirmed]:
        """One event a command, as the devices' states come in; what is silent until the timeout is not confirmed.

        `ms` and the timeout count from `since`, when the first of them was sent.
        """
        waiting = list(commands)
        while waiting:
            done = [command for command in waiting if self._is_done(command)]
            waiting = [command for command in waiting if command not in done]
            spent = self._clock() - since
            yield from (StateConfirmed(command, True, spent * 1e3) for command in done)
            if waiting and spent >= timeout_seconds:
                yield from (StateConfirmed(command, False, spent * 1e3) for command in waiting)
                return
            if waiting:
                self.pump(timeout_seconds - spent)

    def _is_done(self, command: Command) -> bool:
        device = self.home.devices.get(command.device)
        if device is None:
            return False
        # A trigger leaves no state behind, and an optimistic device reports none: the broker's word must do.
        if device.optimistic or CAPABILITIES[command.capability].kind == "trigger":
            return True
        return confirms(command, self.home.state(command.device))

    def _subscribe(self) -> None:
        wanted = self._adapter.subscriptions()
        if wanted != self._subscribed:
            self.bus.subscribe(wanted)
            self._subscribed = wanted
