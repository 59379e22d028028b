"""Several dialects as one adapter."""

from __future__ import annotations

from fakes import Clock, Wire
from household import household

from edgevoice.home.adapters import Adapters
from edgevoice.home.entities import Entities
from edgevoice.home.homeassistant import HomeAssistantAdapter
from edgevoice.home.model import Home
from edgevoice.messages import Command, Message


def test_every_adapter_hears_and_the_one_that_has_the_device_speaks() -> None:
    home = Home()
    entities = Entities(home)
    both = Adapters(*(HomeAssistantAdapter(entities, prefix) for prefix in ("homeassistant", "elsewhere")), entities)
    both.handle(Message("homeassistant/switch/it/config", b'{"name": "It", "cmd_t": "a/set", "stat_t": "a"}'), 1.0)
    both.handle(Message("a", b"ON"), 2.0)
    assert home.state("switch.it").value == "on"
    assert both.messages(Command("switch.it", "on", False)) == (Message("a/set", b"OFF"),)
    assert both.messages(Command("switch.unknown", "on", False)) == ()
    assert both.subscriptions() is both.subscriptions()
    assert {"a", "homeassistant/+/+/config", "elsewhere/+/+/config"} <= set(both.subscriptions())


def test_shared_filters_are_wanted_once() -> None:
    home, clock = household(), Clock()
    assert Adapters(Wire(home, clock), Wire(home, clock)).subscriptions() == ("home/#",)
