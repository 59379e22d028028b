"""Names that are not written as they sound: with other letters, or as a recogniser spells them."""

from __future__ import annotations

import pytest

from edgevoice.config import NluSettings
from edgevoice.home.model import Device, Home
from edgevoice.nlu import cascade
from edgevoice.nlu.context import NOWHERE
from edgevoice.nlu.repair import GUESSED

NAMES = ("Siobhan's lamp", "Björn's lamp", "Schlafzimmer light", "Lötkolben", "Caitlín's light", "Desk lamp")


def household() -> Home:
    home = Home()
    for i, name in enumerate(NAMES):
        home.put(Device(f"light.odd_{i}", name, "light"))
    return home


CASCADE = cascade.load(household(), NluSettings())


@pytest.mark.parametrize(
    ("heard", "name", "is_sure"),
    [
        ("turn on Bjorn's lamp", "Björn's lamp", True),
        ("switch off the Caitlin's light", "Caitlín's light", True),
        ("turn on the shivawn's lamp", "Siobhan's lamp", False),
        ("turn off shivawns lamp", "Siobhan's lamp", False),
        ("turn on the shloft simmer light", "Schlafzimmer light", False),
        ("turn off the lert colben", "Lötkolben", False),
    ],
)
def test_an_odd_name_is_found_by_its_letters_or_its_sound(heard: str, name: str, is_sure: bool) -> None:
    (intent,) = CASCADE.understand(heard, NOWHERE)
    assert intent.slots["name"] == name
    assert intent.confidence == (1.0 if is_sure else pytest.approx(GUESSED))


@pytest.mark.parametrize(
    "heard", ["turn on the lava rock", "turn off the shower curtain rod", "open a savings account"]
)
def test_what_sounds_like_no_name_is_none(heard: str) -> None:
    assert not any("name" in intent.slots for intent in CASCADE.understand(heard, NOWHERE))


def test_the_recogniser_is_told_how_it_writes_them() -> None:
    said = {phrase for phrases in CASCADE.sayable().lists.values() for phrase in phrases}
    assert {"björn's lamp", "bjorn's lamp"} <= {phrase.casefold() for phrase in said}


def test_a_stroke_in_a_name_is_not_heard() -> None:
    home = household()
    home.put(Device("switch.ac", "A/C", "switch"))
    (intent,) = cascade.load(home, NluSettings()).understand("turn on the a c", NOWHERE)
    assert intent.slots["name"] == "A/C"
