"""Which devices slots mean."""

from __future__ import annotations

import pytest
from household import device, household

from edgevoice.home import targets
from edgevoice.home.model import Home, State


def ids(home: Home, **slots: object) -> list[str]:
    return [found.id for found in targets.match(home, **slots)]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["Reading Lamp", "reading  LAMP", "book light", "light.lamp"])
def test_a_name_an_alias_and_an_id_mean_the_device(name: str) -> None:
    assert ids(household(), name=name) == ["light.lamp"]


def test_every_slot_narrows() -> None:
    home = household()
    assert ids(home, area="lounge", domain="light") == ["light.living", "light.lamp"]
    assert ids(home, floor="first floor", domain=("fan", "cover")) == ["fan.ceiling", "cover.blind"]
    assert ids(home, floor="downstairs", device_class="garage") == ["cover.garage"]
    assert ids(home, domain="light", state="on") == ["light.kitchen"]
    assert ids(home, area="bedroom", domain="light") == []


def test_a_name_stands_for_a_class_nobody_set() -> None:
    home = household()
    home.put(device("cover.gate", "Side Gate"))
    assert ids(home, domain="cover", device_class="gate") == ["cover.gate"]
    home.put(device("cover.drive", "Drive", device_class="gate"))
    assert ids(home, domain="cover", device_class="gate") == ["cover.drive"]


def test_of_two_devices_with_one_name_the_one_that_can_be_reached_is_meant() -> None:
    home = household()
    home.put(device("light.old_lamp", "Reading Lamp"))
    assert ids(home, name="Reading Lamp") == ["light.lamp", "light.old_lamp"]
    home.update("light.old_lamp", State("unavailable"))
    assert ids(home, name="Reading Lamp") == ["light.lamp"]
    home.update("light.lamp", State("unavailable"))
    assert ids(home, name="Reading Lamp") == ["light.lamp", "light.old_lamp"]


def test_all_is_no_name() -> None:
    assert ids(household(), name="all", domain="fan") == ["fan.ceiling"]


def test_the_microphones_area_decides_between_equal_names() -> None:
    home = household()
    assert ids(home, name="ceiling light") == ["light.kitchen", "light.living"]
    assert ids(home, name="ceiling light", mic_area="Living Room") == ["light.living"]
    assert ids(home, name="ceiling light", mic_area="kitchen") == ["light.kitchen"]
    assert ids(home, name="reading lamp", mic_area="kitchen") == ["light.lamp"]


def test_the_microphones_floor_decides_where_its_area_does_not() -> None:
    home = household()
    home.put(device("light.attic", "Ceiling Light", "bedroom"))
    assert ids(home, name="ceiling light", mic_area="garage") == ["light.kitchen", "light.living"]


def test_the_microphones_area_does_not_narrow_what_has_no_name() -> None:
    assert len(ids(household(), domain="light", mic_area="kitchen")) == 4


def test_what_is_not_exposed_is_not_meant() -> None:
    home = household()
    home.put(device("light.secret", "Secret", "kitchen", exposed=False))
    assert ids(home, name="secret") == []
    assert "light.secret" not in ids(home, domain="light")


@pytest.mark.parametrize(
    ("slots", "key"),
    [
        ({"name": "unicorn"}, "no_entity"),
        ({"name": "unicorn", "area": "kitchen"}, "no_entity_in_area"),
        ({"name": "unicorn", "floor": "ground floor"}, "no_entity_in_floor"),
        ({"area": "dungeon", "domain": "light"}, "no_area"),
        ({"floor": "ninth", "domain": "light"}, "no_floor"),
        ({"area": "garage", "domain": "light"}, "no_domain_in_area"),
        ({"domain": "valve"}, "no_domain"),
        ({"domain": "cover", "device_class": "awning"}, "no_device_class"),
        ({"domain": "fan", "state": "on"}, "entity_wrong_state"),
    ],
)
def test_why_nothing_is_meant(slots: dict[str, str], key: str) -> None:
    assert targets.missing(household(), **slots) == key  # type: ignore[arg-type]
