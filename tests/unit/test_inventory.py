"""The home's file: what its owner says wins, and every mistake is shown with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgevoice import resources
from edgevoice.errors import SettingsError
from edgevoice.home import inventory
from edgevoice.home.model import Device, Home
from edgevoice.messages import Risk

GOOD = """
floors:
  - {name: Upstairs, aliases: [first floor]}
areas:
  - {name: Bed Room, floor: upstairs, aliases: [nursery]}
devices:
  - id: light.bed_light
    name: Bed Light
    area: nursery
    aliases: [reading lamp]
    state: "on"
    attributes: {supported_color_modes: [rgb], brightness: 40}
  - id: lock.door
    risk: {locked: confirm, "locked=false": pin}
    exposed: false
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "home.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_file_makes_a_home_of_its_own(tmp_path: Path) -> None:
    home = inventory.load(written(tmp_path, GOOD)).home()
    lamp, door = home.devices["light.bed_light"], home.devices["lock.door"]
    assert home.areas["bed_room"].floor == "upstairs"
    assert (lamp.name, lamp.area, lamp.aliases) == ("Bed Light", "bed_room", ("reading lamp",))
    assert set(lamp.capabilities) == {"on", "brightness", "color"}
    assert home.state("light.bed_light").value == "on"
    assert home.state("light.bed_light").attributes["supported_color_modes"] == ("rgb",)
    assert (door.name, door.exposed) == ("Door", False)
    assert door.risk == {"locked": Risk.CONFIRM, "locked=false": Risk.PIN}


def test_it_wins_over_what_was_discovered(tmp_path: Path) -> None:
    home = Home(
        devices=[
            Device("light.bed_light", "0x00158d", "light", "attic", ("lamp",)),
            Device("light.other", "Other", "light"),
        ]
    )
    inventory.apply(inventory.load(written(tmp_path, GOOD)), home)
    lamp = home.devices["light.bed_light"]
    assert (lamp.name, lamp.area, lamp.aliases) == ("Bed Light", "bed_room", ("reading lamp", "lamp"))
    assert home.devices["light.other"].name == "Other"
    assert "lock.door" not in home.devices  # nobody announced it
    assert "upstairs" in home.floors


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("devices:\n  - name: Lamp\n", 2, "'id' is missing"),
        ("devices:\n  - id: lamp\n", 2, "Write domain.name"),
        ("devices:\n  - id: light.a\n    aera: kitchen\n", 3, "Did you mean 'area'?"),
        ("areas:\n  - {name: Kitchen}\ndevices:\n  - id: light.a\n    area: kitchin\n", 5, "Did you mean 'kitchen'?"),
        ("areas:\n  - name: Kitchen\n    floor: up\n", 3, "unknown floor 'up'"),
        ("devices:\n  - id: lock.a\n    risk: {lockd: confirm}\n", 3, "Did you mean 'locked'?"),
        ("devices:\n  - id: lock.a\n    risk: {locked: perhaps}\n", 3, "one of free, confirm"),
        ("devices:\n  - id: lock.a\n    who: [voice, txt]\n", 3, "Did you mean 'text'?"),
        ("devices:\n  - id: light.a\n  - id: light.a\n", 3, "given twice"),
        ("devices:\n  - id: light.a\n    attributes: {modes: [[a]]}\n", 3, "nested"),
        ("devices:\n  - id: light.a\n    exposed: maybe\n", 3, "true or false"),
    ],
)
def test_a_mistake_is_shown_with_its_line_and_a_remedy(tmp_path: Path, text: str, line: int, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        inventory.load(path)
    assert f"{path}:{line}" in str(caught.value)
    assert told in str(caught.value)


def test_the_demo_home_is_one_of_these_files() -> None:
    home = inventory.load(resources.find("homes/demo.yaml")).home()
    domains = {device.domain for device in home.devices.values()}
    assert {"light", "climate", "cover", "fan", "lock", "media_player", "vacuum", "sensor", "scene", "todo"} <= domains
    assert len({device.area for device in home.devices.values()}) >= 8
    assert all(
        home.state(d.id).value != "unknown" for d in home.devices.values() if d.domain in ("light", "cover", "lock")
    )
