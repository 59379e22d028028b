"""An MQTT broker inside this process, for the demo and the tests: amqtt on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from dataclasses import replace
from functools import partial

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType

from edgevoice.config import MqttSettings
from edgevoice.errors import BrokerError
from edgevoice.stages import Running

_START_SECONDS = 10.0
_STOP_SECONDS = 1.0


class EmbeddedBroker(Running):
    """`with EmbeddedBroker() as broker:` and `broker.port` answers on 127.0.0.1, to anybody on this machine."""

    def __init__(self, port: int = 0) -> None:
        self.host = "127.0.0.1"
        self.port = port
        """0 until started: the system chooses a free one."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Returns once it listens. Raises BrokerError where it cannot."""
        # amqtt tells of every packet, and of every client that comes and goes.
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._thread = threading.Thread(target=self._run, name="mqtt broker", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise BrokerError(f"the embedded MQTT broker did not start in {_START_SECONDS:g} s")
        if self._error is not None:
            raise BrokerError(f"the embedded MQTT broker cannot listen on {self.host}:{self.port}: {self._error}")

    def stop(self) -> None:
        """Ends the broker and drops its clients."""
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread is not None:
            self._thread.join(_START_SECONDS)
            self._thread = None

    def reached_by(self, settings: MqttSettings) -> MqttSettings:
        """The settings, led to this broker."""
        return replace(
            settings, host=self.host, port=self.port, username="", password_file=None, tls=False, version="3.1.1"
        )

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        broker = Broker(
            BrokerConfig(
                listeners={"default": ListenerConfig(type=ListenerType.EXTERNAL)},
                plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            )
        )
        await broker.start()
        # The socket is ours, so that the system chooses the port, and it is free again the moment we stop.
        accept = partial(broker.stream_connected, listener_name="default")
        server = await asyncio.start_server(accept, self.host, self.port, reuse_address=True)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        # amqtt may wait without end for a client that owes it an acknowledgement.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(broker.shutdown(), _STOP_SECONDS)
