"""The benches' homes and what counts as right in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgevoice.home.model import Home
from edgevoice.messages import Intent, Value
from evaluation import homes, labels
from evaluation.common import Row
from evaluation.nlu import same

FIXTURES = {
    "language": "en",
    "floors": [{"name": "Upstairs", "id": "up"}],
    "areas": [{"name": "Den", "id": "den", "floor": "up"}],
    "entities": [
        {"name": "Den Lamp", "id": "light.den", "area": "den", "state": "on", "attributes": {"brightness": 128}},
        {"name": "Trader Joe[']s", "id": "todo.joes", "state": ""},
        {
            "name": "Plug",
            "id": "switch.plug",
            "area": "den",
            "state": {"in": "aan", "out": "on"},
            "attributes": {"device_class": "outlet"},
        },
        {
            "name": "Roof",
            "id": "cover.roof",
            "state": False,
            "attributes": {
                "device_class": "cover.CoverDeviceClass.AWNING",
                "supported_features": ["cover.CoverEntityFeature.OPEN"],
            },
        },
    ],
    "microphone_area": "den",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "home.json"
    path.write_text(json.dumps(FIXTURES), "utf-8")
    return path


def test_a_home_is_read(file: Path) -> None:
    home = homes.load(file)
    assert homes.microphone_area(file) == "den"
    assert home.areas["den"].floor == "up"
    assert (home.devices["todo.joes"].name, home.devices["todo.joes"].aliases) == ("Trader Joe's", ("Trader Joes",))
    assert home.state("switch.plug").value == "on"
    assert home.state("light.den").attributes["brightness"] == 128
    assert (home.devices["cover.roof"].device_class, home.state("cover.roof").value) == ("awning", "closed")
    assert set(home.devices["cover.roof"].capabilities) == {"open"}


def test_the_same_under_its_file_name(tmp_path: Path) -> None:
    path = tmp_path / "home.json"
    path.write_text(json.dumps({"_fixtures.yaml": FIXTURES}), "utf-8")
    assert set(homes.load(path).devices) == {"light.den", "todo.joes", "switch.plug", "cover.roof"}


def test_a_row_adds_to_its_home(file: Path) -> None:
    home = homes.load(file)
    homes.add(
        home,
        {
            "areas": [{"name": "Attic", "floor": "Upstairs"}],
            "entities": [{"name": "Attic Fan", "domain": "fan", "area": "Attic"}],
        },
    )
    homes.add(home, {"areas": [{"name": "Den"}]})
    assert (home.areas["attic"].floor, home.devices["fan.attic_fan"].area) == ("up", "attic")
    assert home.areas["den"].floor == "up"
    assert len(home.areas) == 2


@pytest.mark.parametrize(
    ("slots", "labelled", "is_same"),
    [
        ({"name": "Den Lamp"}, {"name": "den lamp"}, True),
        ({"name": "Den Lamp", "domain": "light"}, {"name": "Den Lamp"}, True),
        ({"domain": "fan"}, {"domain": "fan", "name": "all"}, True),
        ({"name": "pizza"}, {"name": ["pizza ", "pizza"]}, True),
        ({"name": "Den Lamp", "area": "Den"}, {"name": "Den Lamp"}, False),
        ({"name": "Den Lamp"}, {"name": "Den Lamp", "brightness": 50}, False),
    ],
)
def test_what_equals_a_label(slots: dict[str, Value], labelled: dict[str, object], is_same: bool) -> None:
    row = Row({"id": "1", "intent": "HassTurnOn", "slots": labelled}, Path("x"), 1)
    assert same(Intent("HassTurnOn", slots), row) is is_same
    assert not same(Intent("HassTurnOff", slots), row)


@pytest.mark.parametrize(
    ("label", "intent", "devices", "is_right"),
    [
        ("iot_hue_lighton", Intent("HassTurnOn"), ["light.den"], True),
        ("iot_hue_lighton", Intent("HassTurnOn"), ["switch.plug"], False),
        ("iot_hue_lighton", Intent("HassTurnOn"), [], False),
        ("iot_hue_lightdim", Intent("HassLightSet", {"brightness_step": -20}), ["light.den"], True),
        ("iot_hue_lightdim", Intent("HassLightSet", {"brightness_step": 20}), ["light.den"], False),
        ("iot_hue_lightup", Intent("HassLightSet", {"brightness": 10}), ["light.den"], True),
        ("iot_hue_lightchange", Intent("HassLightSet", {"color": "red"}), ["light.den"], True),
        ("iot_wemo_off", Intent("HassTurnOff"), ["switch.plug"], True),
        ("iot_coffee", Intent("orderDrink", source="pack"), [], True),
        ("audio_volume_up", Intent("HassSetVolumeRelative", {"volume_step": "up"}), [], True),
        ("audio_volume_up", Intent("HassSetVolumeRelative", {"volume_step": -10}), [], False),
        ("audio_volume_mute", Intent("HassSetVolume", {"volume_level": 0}), [], True),
        ("audio_volume_other", Intent("HassMediaNext"), [], False),
    ],
)
def test_slurps_labels(file: Path, label: str, intent: Intent, devices: list[str], is_right: bool) -> None:
    home: Home = homes.load(file)
    assert labels.right(label, intent, devices, home) is is_right
