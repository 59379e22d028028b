"""The MQTT client: paho's network thread behind a bounded inbox, reconnecting for as long as it runs.

Every connection gets a paho client of its own. paho sends again, after a reconnect, whatever the broker had not
acknowledged; with a fresh one there is nothing to send again, so no lamp switches on an hour later. For the same reason
a message carries its expiry (MQTT 5), and a connection on which one is not acknowledged in time is cut off, with all
that the network still holds of it.
"""

from __future__ import annotations

import contextlib
import logging
import math
import queue
import random
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgevoice.config import MqttSettings
from edgevoice.errors import BrokerError, reason
from edgevoice.messages import Message
from edgevoice.mqtt.security import Credentials, refusal, refused_by
from edgevoice.stages import Running

PAYLOAD_LIMIT = 4_194_304
"""Bytes; longer payloads are counted and dropped."""
_WAITING_LIMIT = 67_108_864  # bytes of all payloads that wait together
_QOS = 1
_CONNECT_SECONDS, _PART_SECONDS = 5.0, 0.5  # in which a broker says hello, and takes leave
_LOOK_SECONDS = 0.25  # how often the connection is looked at
_FRESH_SECONDS = 0.5  # a broker that said something so lately is there
_REMEMBERED = 256  # messages, to know a duplicate by
_UNSUPPORTED_VERSION = 132
_V5, _V3 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311
_LEAST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 0.25, 30.0
_log = logging.getLogger(__name__)


class MqttClient(Running):
    """A `stages.Bus`. `online` and `offline` (as last will) stand retained at `edgevoice/<client_id>/availability`.

    `inbox`: how many messages may wait; later ones are counted and dropped. A guest leaves nothing retained behind.
    """

    def __init__(self, settings: MqttSettings, inbox: int = 10_000, is_guest: bool = False) -> None:
        self.settings = settings
        self._here, self._gone = (b"", b"") if is_guest else (b"online", b"offline")
        self.availability_topic = f"edgevoice/{settings.client_id}/availability"
        self.problem = ""
        """Why there is no connection, in words; empty while there is one."""
        self.lost = 0
        """Messages dropped because the inbox was full or the payload too long."""
        self.connections = 0
        """How often the broker accepted us."""
        self._inbox: queue.Queue[Message] = queue.Queue(inbox)
        self._filters: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._paho: paho.Client | None = None  # set while connected
        self._refused = False
        self._is_waited_for = False
        self._version = _V3 if settings.version == "3.1.1" else _V5
        self._answered = False  # the broker said yes or no to the present connection
        self._heard_at = 0.0
        self._unacknowledged: deque[tuple[paho.MQTTMessageInfo, float]] = deque()  # and when we give up on each
        self._recent: deque[tuple[str, bytes]] = deque(maxlen=_REMEMBERED)
        self._bytes_in = self._bytes_out = 0  # of the inbox; each is written by one thread
        self._changed = threading.Event()  # connected, refused, or failed to connect
        self._ended = threading.Event()  # the present connection is over
        self._stop = threading.Event()
        self._wanted = threading.Event()  # somebody waits for a connection: no time for a long pause
        self._thread: threading.Thread | None = None

    @property
    def connected(self) -> bool:
        return self._paho is not None

    @property
    def waiting(self) -> int:
        """Messages not yet taken."""
        return self._inbox.qsize()

    def start(self, wait_seconds: float = 0.0) -> None:
        """Connects behind the caller's back, again and again until `stop`.

        With `wait_seconds` it returns once connected, and raises BrokerError where the broker refuses us or does not
        answer in that time; the client goes on trying. Raises SettingsError for a password or certificate that cannot
        be read.
        """
        if self._thread is not None:
            raise BrokerError("the MQTT client is started already")
        credentials = Credentials(self.settings)
        self._stop.clear()
        self._is_waited_for = wait_seconds > 0
        self._thread = threading.Thread(target=self._run, args=(credentials,), name="mqtt", daemon=True)
        self._thread.start()
        if wait_seconds and not self._wait(time.monotonic() + wait_seconds):
            silence = (
                f"{self._address} did not answer in {wait_seconds:g} s. Is it an MQTT broker, and is the port right?"
            )
            raise BrokerError(self.problem or silence)

    def stop(self) -> None:
        """Says `offline` and ends the connection and its threads; where the broker hangs they end later, by themselves."""
        self._stop.set()
        self._wanted.set()
        client = self._paho
        if client is not None:
            with contextlib.suppress(RuntimeError, ValueError):  # the connection broke meanwhile
                client.publish(self.availability_topic, self._gone, _QOS, retain=True).wait_for_publish(_PART_SECONDS)
            client.disconnect()
        self._ended.set()
        if self._thread is not None:
            self._thread.join(_PART_SECONDS)
            self._thread = None

    def subscribe(self, filters: Iterable[str]) -> None:
        """Also receives what these topic filters match, now and after every reconnect. What is known costs nothing."""
        with self._lock:
            known = set(self._filters)
            added = tuple(dict.fromkeys(item for item in filters if item not in known))
            self._filters += added
            if added and self._paho is not None:
                _subscribe(self._paho, added)

    def publish(self, message: Message) -> None:
        """Hands one message to the broker at once. Raises BrokerError where there is no connection."""
        client = self._paho
        if client is None:
            raise BrokerError(f"not sent, as there is no connection: {self.problem or 'still connecting'}")
        properties = None
        if self._version == _V5 and not message.retain:
            properties = _properties(PacketTypes.PUBLISH, MessageExpiryInterval=math.ceil(self.settings.expiry_seconds))
        try:
            info = client.publish(message.topic, message.payload, message.qos, message.retain, properties)
        except (ValueError, TypeError) as error:
            raise BrokerError(f"'{message.topic[:100]}' cannot be published to: {error}") from None
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerError(f"not sent to {self._address}: {paho.error_string(info.rc)}")
        if message.qos:
            self._unacknowledged.append((info, time.monotonic() + self.settings.expiry_seconds))

    def ready(self, timeout_seconds: float, topic: str = "") -> bool:
        """True, whatever the `topic`, once the broker has answered within the last half second: one that was silent so long is asked.

        A broker that hangs takes what is sent and delivers it an hour later: it is not sent to in the first place.
        """
        end = time.monotonic() + timeout_seconds
        while True:
            client = self._paho
            if client is not None:
                if time.monotonic() - self._heard_at < _FRESH_SECONDS:
                    return True
                with contextlib.suppress(RuntimeError, ValueError):  # it broke meanwhile
                    probe = client.publish(self.availability_topic, self._here, _QOS, retain=True)
                    self._unacknowledged.append((probe, time.monotonic() + self.settings.expiry_seconds))
                    probe.wait_for_publish(max(0.0, end - time.monotonic()))
                    if probe.is_published():
                        return True
            else:
                self._wanted.set()
            if time.monotonic() >= end or self._stop.wait(0.02):
                return False

    def receive(self, timeout_seconds: float) -> Message | None:
        """The oldest message not yet taken; None after the timeout."""
        try:
            message = self._inbox.get(timeout=timeout_seconds) if timeout_seconds > 0 else self._inbox.get_nowait()
        except queue.Empty:
            return None
        self._bytes_out += len(message.payload)
        return message

    # --- the supervising thread ---------------------------------------------------------------------------------------

    def _run(self, credentials: Credentials) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            accepted, version = self.connections, self._version
            try:
                self._connect_once(credentials)
            except ssl.SSLError as error:
                self._fail(f"{self._address} {refusal(error)}")
            except (OSError, ValueError) as error:
                encrypts = ", and does it encrypt there" if self.settings.tls else ""
                remedy = f"Is the broker running, are host and port right{encrypts}?"
                self._fail(f"{self._address} cannot be reached: {reason(error)}. {remedy}")
            if (version, self._version) == (_V5, _V3):
                continue  # the same broker, in its own version
            # Jitter keeps the devices of a house from coming back in one wave.
            pause = _FIRST_PAUSE_SECONDS if self.connections > accepted else min(pause * 2, _LONGEST_PAUSE_SECONDS)
            self._wanted.clear()
            if not self._stop.wait(_LEAST_PAUSE_SECONDS):
                self._wanted.wait(pause * random.uniform(0.5, 1.0))

    def _connect_once(self, credentials: Credentials) -> None:
        self._ended.clear()
        self._answered = False
        self._unacknowledged.clear()
        client = self._client(credentials)
        session = None
        if self._version == _V5:
            session = _properties(PacketTypes.CONNECT, SessionExpiryInterval=self.settings.session_seconds)
        client.connect(
            self.settings.host,
            self.settings.port,
            self.settings.keepalive_seconds,
            clean_start=self.settings.session_seconds == 0
            if self._version == _V5
            else paho.MQTT_CLEAN_START_FIRST_ONLY,
            properties=session,
        )
        client.loop_start()
        try:
            self._watch(client, time.monotonic() + _CONNECT_SECONDS)
        finally:
            self._paho = None
            client.loop_stop()
            opened = client.socket()
            if opened is not None:
                opened.close()

    def _watch(self, client: paho.Client, answer_until: float) -> None:
        """Returns when the connection is over; ends it where the broker does not answer."""
        while not self._ended.wait(_LOOK_SECONDS):
            now, waiting = time.monotonic(), self._unacknowledged
            while waiting and waiting[0][0].is_published():
                waiting.popleft()
            if not self._answered and now > answer_until:
                self._fail(f"{self._address} accepts the connection and does not answer. Is it an MQTT broker?")
                self._falls_back()
            elif waiting and now > waiting[0][1]:
                self._fail(f"{self._address} has not answered for {self.settings.expiry_seconds:g} s")
            else:
                continue
            opened: Any = client.socket()
            if opened is not None:  # what is on its way is thrown away with the connection
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return

    def _client(self, credentials: Credentials) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, self.settings.client_id, protocol=self._version, reconnect_on_failure=False
        )
        client.suppress_exceptions = True
        client.connect_timeout = _CONNECT_SECONDS
        client.max_inflight_messages_set(1000)
        credentials.give(client)
        client.will_set(self.availability_topic, self._gone, _QOS, retain=True)
        hurry(client)
        client.on_publish = self._on_publish
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        return client

    def _fail(self, problem: str) -> None:
        if problem != self.problem:
            _log.log(logging.DEBUG if self._is_waited_for else logging.WARNING, "%s", problem)  # `start` raises it
        self.problem = problem
        self._changed.set()

    def _wait(self, deadline: float) -> bool:
        while True:
            self._changed.clear()
            left = deadline - time.monotonic()
            if self.connected or self._refused or left <= 0:
                self._is_waited_for = False
                return self.connected
            self._changed.wait(left)

    @property
    def _address(self) -> str:
        return f"the MQTT broker at {self.settings.host}:{self.settings.port}"

    # --- on paho's thread: nothing here may raise or wait -------------------------------------------------------------

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self._answered, self._heard_at = True, time.monotonic()
        if reason.is_failure and reason.value == _UNSUPPORTED_VERSION and self._falls_back():
            self._ended.set()
            return
        if reason.is_failure:
            self._refused = True
            remedy = "Check mqtt.username and the password" if reason.value in (134, 135) else ""
            self._fail(f"{self._address} refuses '{self.settings.client_id}': {str(reason).lower()}. {remedy}".strip())
            self._ended.set()
            return
        client.publish(self.availability_topic, self._here, _QOS, retain=True)
        with self._lock:
            self._paho = client
            self.connections += 1
            self.problem, self._refused = "", False
            if self._filters:
                _subscribe(client, self._filters)
        self._changed.set()
        _log.info("connected to %s", self._address)

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if not self._answered and not self._stop.is_set():
            if not self._falls_back():  # an older broker may hang up without a word
                self._fail(f"{self._address} hangs up at once. {refused_by(self.settings)}")
        with self._lock:
            had, self._paho = self._paho, None
        if had is not None and not self._stop.is_set():
            self._fail(f"{self._address} closed the connection: {str(reason).lower()}")
        self._ended.set()

    def _falls_back(self) -> bool:
        """Goes on with the other version of MQTT, where the settings leave that to us; False where both were tried."""
        if self.settings.version != "auto" or self.connections:
            return False
        self._version = _V3 if self._version == _V5 else _V5
        return self._version == _V3

    def _on_publish(self, client: paho.Client, *_rest: Any) -> None:
        acknowledge(client)
        self._heard_at = time.monotonic()

    def _on_message(self, client: paho.Client, _data: Any, received: paho.MQTTMessage) -> None:
        acknowledge(client)
        self._heard_at = time.monotonic()
        try:
            length = len(received.payload)
            if length > PAYLOAD_LIMIT or self._bytes_in - self._bytes_out + length > _WAITING_LIMIT:
                self._lose(f"a payload of {length} bytes")
                return
            message = Message(received.topic, bytes(received.payload), received.qos, received.retain)
            if received.dup and (message.topic, message.payload) in self._recent:
                return  # the broker did not see that we have it
            if received.qos:
                self._recent.append((message.topic, message.payload))
            self._inbox.put_nowait(message)
            self._bytes_in += length
        except queue.Full:
            self._lose(f"a message, as {self._inbox.maxsize} are waiting")
        except UnicodeDecodeError:
            self._lose("a topic that is not UTF-8")

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, _id: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        refused = sum(reason.is_failure for reason in reasons)
        if refused:
            _log.warning(
                "%s refuses %d subscriptions: may '%s' read there?", self._address, refused, self.settings.username
            )

    def _lose(self, what: str) -> None:
        self.lost += 1
        if self.lost.bit_count() == 1:  # at 1, 2, 4, 8, … so that a flood does not fill the log
            _log.warning("dropped %s (%d so far)", what, self.lost)


def _properties(packet: int, **values: int) -> Properties:
    made: Properties = Properties(packet)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(made, name, value)
    return made


def hurry(client: paho.Client) -> None:
    """Sets paho's callbacks so that no message waits 40 ms for an acknowledgement of TCP, ours or the broker's.

    Brokers such as Mosquitto hold a small message back until the one before it is acknowledged, and Linux acknowledges
    late unless told after each one. What sets `on_message` itself calls `acknowledge` in it.
    """
    client.on_socket_open = lambda _client, _data, opened: _set_option(opened, "TCP_NODELAY")
    client.on_publish = lambda sender, *_rest: acknowledge(sender)


def acknowledge(client: paho.Client) -> None:
    """Lets the kernel acknowledge what has come at once, where it can."""
    _set_option(client.socket(), "TCP_QUICKACK")


def _set_option(connected: Any, name: str) -> None:
    option = getattr(socket, name, None)
    if option is not None:
        with contextlib.suppress(OSError, AttributeError):  # closed meanwhile
            connected.setsockopt(socket.IPPROTO_TCP, option, 1)


def _subscribe(client: paho.Client, filters: tuple[str, ...]) -> None:
    for start in range(0, len(filters), 100):  # a packet must not outgrow the broker's limit
        client.subscribe([(item, _QOS) for item in filters[start : start + 100]])
