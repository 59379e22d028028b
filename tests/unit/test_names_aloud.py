"""Odd names said to the recogniser by the assistant's own voice: what is written for them becomes a form of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgevoice.config import NluSettings
from edgevoice.errors import StageError
from edgevoice.home.model import Area, Device, Home
from edgevoice.messages import Samples
from edgevoice.names_aloud import NamesAloud
from edgevoice.nlu import cascade
from edgevoice.nlu.cascade import Cascade
from edgevoice.nlu.context import NOWHERE
from edgevoice.nlu.written import Written
from edgevoice.phrases import Arc, Listed, Phrases

WRITTEN = {
    "Siobhan's lamp": ("Shivawn's lamp.", "shiver on slam"),
    "Nguyen's fan": ("desk lamp", "the win fan"),
    "Küche": ("kitchen", "coo hey"),
}


class House:
    """A home, its voice, and a recogniser that writes what `WRITTEN` says of the name that was said last."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "names.json"
        self.home = Home(areas=[Area("kitchen", "Küche")])
        for i, name in enumerate(("Siobhan's lamp", "Desk lamp", "Kitchen light")):
            self.home.put(Device(f"light.{i}", name, "light", area="kitchen"))
        self.home.put(Device("fan.0", "Nguyen's fan", "fan"))
        self.said: list[str] = []
        self.mind = cascade.load(self.home, NluSettings())
        self.names = self.learner(self.mind)

    def learner(self, mind: Cascade, heard_by: str = "a voice") -> NamesAloud:
        return NamesAloud(self.home, mind, self.say, self, self.file, heard_by)

    def say(self, sentence: str) -> Samples:
        self.said.append(sentence)
        return np.zeros(1, np.int16)

    def spellings(self, opening: str, samples: Samples) -> tuple[str, ...]:
        assert self.said[-1].startswith(opening)
        return WRITTEN.get(self.said[-1].removeprefix(f"{opening} "), ())


def learned(house: House, names: NamesAloud) -> int:
    """How often something was said until nothing was left."""
    before = len(house.said)
    while names.step():
        pass
    return len(house.said) - before


def named(mind: Cascade, text: str) -> object:
    (intent,) = mind.understand(text, NOWHERE)
    return intent.slots.get("name", intent.slots.get("area"))


def test_what_is_written_for_an_odd_name_is_understood_and_can_be_said(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert not any("name" in one.slots for one in house.mind.certain("turn on the shiver on slam", NOWHERE))
    learned(house, house.names)
    assert named(house.mind, "Turn on the shiver on slam.") == "Siobhan's lamp"
    assert named(house.mind, "turn on Shivawn's Lamp") == "Siobhan's lamp"
    assert named(house.mind, "turn on the lights in the coo hey") == "Küche"
    said = {phrase for phrases in house.mind.sayable().lists.values() for phrase in phrases}
    assert {"shivawn's lamp", "shiver on slam", "coo hey"} <= said


def test_ordinary_names_are_not_said(tmp_path: Path) -> None:
    house = House(tmp_path)
    learned(house, house.names)
    assert not any("Kitchen light" in sentence for sentence in house.said)
    assert any("Kuche" in sentence for sentence in house.said)


def test_what_means_something_else_is_no_form_of_a_name(tmp_path: Path) -> None:
    house = House(tmp_path)
    learned(house, house.names)
    assert named(house.mind, "turn on the desk lamp") == "Desk lamp"
    assert named(house.mind, "turn on the win fan") == "Nguyen's fan"


def test_each_name_is_learned_once_and_after_a_restart_it_is_known(tmp_path: Path) -> None:
    house = House(tmp_path)
    first = learned(house, house.names)
    assert first > 0
    again = cascade.load(house.home, NluSettings())
    names = house.learner(again)
    names.follow()
    assert named(again, "turn off the shiver on slam") == "Siobhan's lamp"
    assert learned(house, names) == 0
    house.home.put(Device("light.9", "Xanthe's lamp", "light"))
    assert 0 < learned(house, names) < first


def test_another_voice_learns_them_again(tmp_path: Path) -> None:
    house = House(tmp_path)
    first = learned(house, house.names)
    assert learned(house, house.learner(house.mind, "another voice")) == first


def test_a_name_that_cannot_be_said_is_left_as_it_is(tmp_path: Path) -> None:
    house = House(tmp_path)

    def fail(sentence: str) -> Samples:
        raise StageError("tts", "synthesis", "no such sound")

    names = NamesAloud(house.home, house.mind, fail, house, house.file, "a voice")
    assert learned(house, names) == 0
    assert named(house.mind, "turn on Siobhan's lamp") == "Siobhan's lamp"


def test_a_form_of_two_names_is_one_of_neither() -> None:
    written = Written({"Zoë's lamp": ("zoe slam", "same"), "Zack's lamp": ("zach slam", "Same")})
    assert written.named("turn on the Zoe slam and the zach slam") == "turn on the Zoë's lamp and the Zack's lamp"
    assert written.named("turn on the same") == "turn on the same"


def test_forms_can_be_said_where_the_names_can() -> None:
    phrases = Phrases((Arc(0, Listed("name"), 1),), frozenset({1}), {"name": ("zoë's lamp",), "color": ("red",)})
    lists = Written({"Zoë's lamp": ("zoe slam",)}).beside(phrases).lists
    assert lists == {"name": ("zoë's lamp", "zoe slam"), "color": ("red",)}
    assert Written({}).beside(phrases) is phrases
