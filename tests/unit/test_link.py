"""The link to the home: subscriptions, commands, confirmations."""

from __future__ import annotations

import pytest
from fakes import Clock, Interrupted, Wire
from household import household

from edgevoice.errors import BrokerError
from edgevoice.home.model import Refusal
from edgevoice.link import HomeLink
from edgevoice.messages import Command

ON = Command("light.lamp", "on", True)


def linked(**wire: object) -> tuple[HomeLink, Wire]:
    home, clock = household(), Clock()
    made = Wire(home, clock, **wire)  # type: ignore[arg-type]
    return HomeLink(home, made, made, clock), made


def test_what_the_adapter_wants_is_subscribed_once() -> None:
    link, wire = linked()
    link.pump()
    link.pump()
    assert wire.filters == ["home/#"]


def test_a_command_is_confirmed_by_the_state_that_comes_back() -> None:
    link, wire = linked()
    sent = list(link.send([ON], wire.clock()))
    confirmed = list(link.confirm([ON], wire.clock(), 1.0))
    assert [event.message.topic for event in sent] == ["home/light.lamp/set"]
    assert [(event.command, event.confirmed) for event in confirmed] == [(ON, True)]
    assert confirmed[0].ms == pytest.approx(3.0)


def test_one_silent_device_does_not_hold_up_the_news_of_the_other() -> None:
    link, wire = linked(deaf=frozenset({"light.lamp"}))
    commands = [ON, Command("switch.kettle", "on", True)]
    list(link.send(commands, wire.clock()))
    confirmed = list(link.confirm(commands, wire.clock(), 1.0))
    assert [(event.command.device, event.confirmed) for event in confirmed] == [
        ("switch.kettle", True),
        ("light.lamp", False),
    ]
    assert confirmed[1].ms == pytest.approx(1000.0)


def test_a_trigger_is_done_once_the_broker_has_it() -> None:
    link, wire = linked(deaf=frozenset({"scene.movie"}))
    movie = Command("scene.movie", "activate", None)
    list(link.send([movie], wire.clock()))
    assert [event.confirmed for event in link.confirm([movie], wire.clock(), 1.0)] == [True]


def test_a_device_that_left_meanwhile_does_not_confirm() -> None:
    link, wire = linked()
    list(link.send([ON], wire.clock()))
    wire.home.remove("light.lamp")
    wire.sent.clear()
    assert [event.confirmed for event in link.confirm([ON], wire.clock(), 0.2)] == [False]


def test_nothing_is_sent_to_a_broker_that_is_away() -> None:
    link, wire = linked(away=True)
    with pytest.raises(BrokerError, match="not sent"):
        list(link.send([ON], wire.clock()))
    assert wire.sent == []


def test_a_device_that_refuses_is_not_waited_for_and_its_reason_is_kept() -> None:
    link, wire = linked(deaf=frozenset({"light.lamp"}))
    wire.home.refusals["light.lamp"] = Refusal("an old one", wire.clock() - 1.0)
    began = wire.clock()
    list(link.send([ON], began))
    wire.home.refusals["light.lamp"] = Refusal("Not in this mode.", wire.clock())
    told = next(link.confirm([ON], began, 1.0))
    assert (told.confirmed, told.refused) == (False, "Not in this mode.")
    assert wire.clock() - began < 0.5


def test_an_old_refusal_says_nothing_of_a_new_command() -> None:
    link, wire = linked()
    wire.home.refusals["light.lamp"] = Refusal("an old one", wire.clock() - 1.0)
    list(link.send([ON], wire.clock()))
    assert next(link.confirm([ON], wire.clock(), 1.0)).confirmed


def test_who_is_interrupted_waits_for_no_broker_and_no_device() -> None:
    link, wire = linked(away=True)
    cancel = Interrupted(wire.clock, 100.6)
    assert list(link.send([ON], wire.clock(), cancel)) == []
    assert wire.clock() < 101.0
    wire.away = False
    deaf, wire = linked(deaf=frozenset({"light.lamp"}))
    cancel = Interrupted(wire.clock, 100.6)
    assert list(deaf.send([ON], wire.clock(), cancel))
    assert list(deaf.confirm([ON], wire.clock(), 60.0, cancel)) == []
    assert wire.clock() < 101.0
