"""Replies: Home Assistant's templates, and ours."""

from __future__ import annotations

import home_assistant_intents
import pytest
from household import device, household, intent

from edgevoice.home.model import Home
from edgevoice.messages import Intent
from edgevoice.skills import sentences, spoken
from edgevoice.skills.reply import Found, Replies
from edgevoice.skills.settings import ACTIONS


def say(wish: Intent, *keys: str) -> str:
    home = household()
    return Replies(home).say(wish, Found([home.devices[key] for key in keys]))


@pytest.mark.parametrize(
    ("wish", "keys", "said"),
    [
        (intent("HassTurnOn", "default", name="Reading Lamp"), ("light.lamp",), "Turned on the light"),
        (intent("HassTurnOn", "lights_area", area="Kitchen"), ("light.kitchen",), "Turned on the lights"),
        (intent("HassTurnOff", "cover_device_class", device_class="blind"), ("cover.blind",), "Closing the blind"),
        (intent("HassTurnOn", name="Front Door"), ("lock.front",), "Locking"),
        (intent("HassTurnOff", name="Bedroom Blind"), ("cover.blind",), "Closing"),
        (intent("HassTurnOn", name="Movie Night"), ("scene.movie",), "Activated"),
        (intent("HassTurnOff", area="Living Room"), ("light.living", "light.lamp"), "Turned off the lights"),
        (intent("HassTurnOff"), ("light.living", "light.lamp"), "Turned off all of the lights"),
        (intent("HassLightSet", color="red"), ("light.lamp",), "Color set"),
        (intent("HassLightSet", brightness_step=10), ("light.lamp",), "Brightness set"),
        (intent("HassClimateSetTemperature", temperature=20.5), (), "Temperature set to 20.5 degrees"),
        (intent("HassClimateSetTemperature", temperature=1), (), "Temperature set to 1 degree"),
        (intent("HassShoppingListAddItem", item="two eggs"), (), "Added two eggs"),
        (intent("HassMediaSearchAndPlay", search_query="Bach"), (), "Playing Bach"),
        (intent("HassToggle"), (), "Done"),
        (intent("HassNevermind"), (), ""),
        (intent("SomethingNew"), (), "Done"),
    ],
)
def test_replies(wish: Intent, keys: tuple[str, ...], said: str) -> None:
    assert say(wish, *keys) == said


def test_a_device_without_a_word_of_its_own_is_called_by_its_name() -> None:
    home = Home(devices=[device("group.x", "Party Lights")])
    assert Replies(home).say(intent("HassTurnOn"), Found([home.devices["group.x"]])) == "Turned on the Party Lights"


@pytest.mark.parametrize("response", ["hello", "data", "listening", "creator", "commands"])
def test_what_is_said_about_ourselves_is_true_here(response: str) -> None:
    said = say(intent("HassRespond", response))
    assert said
    assert "Home Assistant" not in said


def test_a_template_in_a_name_is_data() -> None:
    assert say(intent("HassShoppingListAddItem", item="{{ 7 * 6 }}")) == "Added {{ 7 * 6 }}"


def test_every_error_of_home_assistant_can_be_said() -> None:
    replies = Replies(Home())
    for key in home_assistant_intents.ErrorKey:
        said = replies.error(
            key.value, entity="X", area="Y", floor="Z", domain="light", device_class="door", state="on"
        )
        assert said.startswith(("Sorry", "An unexpected"))


def test_every_sentence_of_ours_renders() -> None:
    replies = Replies(Home())
    for key in sentences.ERRORS:
        assert replies.error(key, name="X", names="X", action="do it", limit="5", choices="a", item="i", state="on")


@pytest.mark.parametrize("language", ["de", "fr", "es", "it", "nl", "zh-CN"])
def test_every_action_has_a_reply_in_other_languages(language: str) -> None:
    home = Home(devices=[device("light.a", "Lampe")], language=language)
    replies = Replies(home)
    for name in ACTIONS:
        wish = intent(name, name="Lampe", brightness=5, temperature=20, item="x", area="A", search_query="y", mode="z")
        assert replies.say(wish, Found([home.devices["light.a"]]))


@pytest.mark.parametrize(
    ("items", "said"),
    [((), ""), (("A",), "A"), (("A", "B", "A"), "A and B"), (("A", "B", "C", "D", "E"), "A, B, C and 2 more")],
)
def test_lists_of_names(items: tuple[str, ...], said: str) -> None:
    assert spoken.names(items) == said
