"""Risk: what is asked about before it is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from household import device, home_adder, household

from edgevoice.config import HomeSettings, NluSettings
from edgevoice.errors import SettingsError
from edgevoice.home.model import Home, State
from edgevoice.messages import Command, Risk, Value
from edgevoice.skills import policy
from edgevoice.skills.policy import Rules


def tier(home: Home, *commands: tuple[str, str, Value], rules: Rules = Rules(), **sure: float) -> Risk:
    return policy.risk(home, [Command(*command) for command in commands], rules, **sure)


def protect(home: Home, key: str, **risk: Risk) -> None:
    home.put(replace(home.devices[key], risk={name.replace("__", "="): value for name, value in risk.items()}))


@pytest.mark.parametrize(
    ("key", "capability", "value", "expected"),
    [
        ("light.lamp", "on", True, Risk.FREE),
        ("lock.front", "locked", True, Risk.FREE),
        ("lock.front", "locked", False, Risk.CONFIRM),
        ("cover.garage", "open", True, Risk.CONFIRM),
        ("cover.garage", "open", False, Risk.FREE),
        ("cover.garage", "position", 40, Risk.CONFIRM),
        ("cover.garage", "position", 0, Risk.FREE),
        ("cover.blind", "open", True, Risk.FREE),
        ("cover.gate", "open", True, Risk.CONFIRM),
        ("cover.doorbell", "open", True, Risk.FREE),
        ("cover.window", "open", True, Risk.CONFIRM),
        ("cover.window_blind", "open", True, Risk.FREE),
        ("button.gate", "press", None, Risk.CONFIRM),
        ("button.bell", "press", None, Risk.FREE),
        ("alarm_control_panel.a", "alarm", "disarm", Risk.CONFIRM),
        ("alarm_control_panel.a", "alarm", "arm_away", Risk.FREE),
        ("valve.gas", "open", True, Risk.CONFIRM),
        ("valve.lawn", "open", True, Risk.FREE),
    ],
)
def test_tiers(key: str, capability: str, value: Value, expected: Risk) -> None:
    home = household()
    add = home_adder(home)
    add("cover.gate", "Side Gate")
    add("cover.doorbell", "Doorbell Flap")
    add("cover.window", "Kitchen Window")
    add("cover.window_blind", "Window Blind")
    add("button.gate", "Open Gate")
    add("button.bell", "Bell")
    add("alarm_control_panel.a", "Alarm")
    add("valve.gas", "Main", device_class="gas")
    add("valve.lawn", "Lawn", device_class="water")
    assert tier(home, (key, capability, value)) is expected


def test_nothing_is_free() -> None:
    assert tier(household(), confidence=0.1) is Risk.FREE


def test_many_devices_are_asked_about() -> None:
    home = Home(devices=[device(f"light.n{n}", f"Light {n}") for n in range(9)])
    commands = [(key, "on", False) for key in home.devices]
    assert tier(home, *commands[:8]) is Risk.FREE
    assert tier(home, *commands) is Risk.CONFIRM
    assert tier(home, *commands, rules=Rules(confirm_more_than=9)) is Risk.FREE
    assert tier(home, *commands[:1] * 20) is Risk.FREE


def test_what_was_not_surely_understood_or_heard_is_asked_about() -> None:
    home = household()
    assert tier(home, ("light.lamp", "on", True), confidence=0.59) is Risk.CONFIRM
    assert tier(home, ("light.lamp", "on", True), confidence=0.6) is Risk.FREE
    assert tier(home, ("light.lamp", "on", True), heard=0.3) is Risk.CONFIRM
    assert tier(home, ("light.lamp", "on", True), heard=0.5) is Risk.FREE


def test_the_home_says_otherwise() -> None:
    home = household()
    protect(home, "lock.front", locked=Risk.FREE)
    assert tier(home, ("lock.front", "locked", False)) is Risk.FREE
    protect(home, "light.lamp", on__false=Risk.PIN)
    assert tier(home, ("light.lamp", "on", False)) is Risk.PIN
    assert tier(home, ("light.lamp", "on", True)) is Risk.FREE
    protect(home, "lock.front", locked=Risk.PIN, locked__true=Risk.FREE)
    assert tier(home, ("lock.front", "locked", True)) is Risk.FREE
    assert tier(home, ("lock.front", "locked", False), ("cover.garage", "open", True)) is Risk.PIN


def test_the_home_cannot_free_what_was_badly_heard() -> None:
    home = household()
    protect(home, "lock.front", locked=Risk.FREE)
    assert tier(home, ("lock.front", "locked", False), heard=0.1) is Risk.CONFIRM


def test_not_while_moving() -> None:
    home = household()
    protect(home, "cover.blind", open=Risk.DENY_WHILE_MOVING)
    opening = ("cover.blind", "open", True)
    assert tier(home, opening) is Risk.DENY_WHILE_MOVING
    home_adder(home)("sensor.speed", "Speed", None, "0.0", device_class="speed")
    assert tier(home, opening) is Risk.FREE
    for speed in ("12", "-3", "unavailable"):
        home.update("sensor.speed", State(speed))
        assert tier(home, opening) is Risk.DENY_WHILE_MOVING


def test_a_group_is_guarded_as_its_members_are() -> None:
    home = household()
    home_adder(home)("cover.all", "Covers", members=("cover.blind", "cover.garage"))
    assert tier(home, ("cover.all", "open", True)) is Risk.CONFIRM
    protect(home, "cover.blind", open=Risk.PIN)
    assert tier(home, ("cover.all", "open", True)) is Risk.PIN
    home.put(replace(home.devices["cover.garage"], who=("voice",)))
    assert policy.barred(home, [Command("cover.all", "open", False)], "text", "") is home.devices["cover.garage"]


@pytest.mark.parametrize(
    ("who", "by", "area", "may"),
    [
        ((), "text", "", True),
        (("voice",), "voice", "", True),
        (("voice",), "text", "", False),
        (("text",), "text", "", True),
        (("text",), "voice", "Kitchen", False),
        (("kitchen",), "voice", "Kitchen", True),
        (("kitchen",), "voice", "kitchen", True),
        (("kitchen",), "voice", "Bedroom", False),
        (("kitchen",), "voice", "", False),
        (("kitchen",), "text", "Kitchen", False),
        (("kitchen", "text"), "text", "Bedroom", True),
    ],
)
def test_who_may(who: tuple[str, ...], by: str, area: str, may: bool) -> None:
    home = household()
    home.put(replace(home.devices["light.lamp"], who=who))
    commands = [Command("light.porch", "on", True), Command("light.lamp", "on", True)]
    barred = policy.barred(home, commands, by, area)
    assert barred is (None if may else home.devices["light.lamp"])


def test_rules_come_from_the_settings(tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("4711\n")
    rules = policy.rules(HomeSettings(confirm_more_than=3, pin_file=tmp_path / "pin"), NluSettings(llm_confidence=0.7))
    assert (rules.confirm_more_than, rules.confirm_below, rules.pin) == (3, 0.7, "4711")
    assert rules.is_pin("4711")
    assert not rules.is_pin("471")
    assert "4711" not in repr(rules)


def test_no_pin_is_no_empty_pin() -> None:
    assert not Rules().is_pin("")


@pytest.mark.parametrize("content", [b"", b"secret", b"\xff\xfe"])
def test_a_pin_file_without_a_pin_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pin").write_bytes(content)
    with pytest.raises(SettingsError, match=r"home\.pin_file"):
        policy.rules(HomeSettings(pin_file=tmp_path / "pin"), NluSettings())
    with pytest.raises(SettingsError, match="cannot be read"):
        policy.rules(HomeSettings(pin_file=tmp_path / "absent"), NluSettings())
