"""The order of the layers, and sentences of several clauses."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edgevoice.config import NluSettings
from edgevoice.errors import SettingsError
from edgevoice.home.model import Area, Device, Home
from edgevoice.messages import Intent
from edgevoice.nlu import cascade, packs, templates
from edgevoice.nlu.context import Context, Thinking

HERE = Context("kitchen")


def home() -> Home:
    return Home(
        areas=[Area("kitchen", "Kitchen"), Area("office", "Office")],
        devices=[
            Device("light.kitchen", "Kitchen Light", "light", "kitchen"),
            Device("light.office", "Office Light", "light", "office"),
            Device("fan.office", "Fan", "fan", "office"),
            Device("cover.blind", "Blind", "cover", "office"),
        ],
    )


class Proposals:
    """What a language model would say to everything."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, text: str, context: Context, cancel: threading.Event) -> Thinking:
        self.asked.append(text)
        yield
        return (Intent("Chat", {"text": text}, source="llm"),)


def test_templates_before_packs_before_the_model() -> None:
    model = Proposals()
    layers = cascade.Cascade(
        templates.load(home(), "en"), (*packs.standard(), packs.shipped("coffee")), model, ("hey_jarvis",)
    )
    sources = [
        layers.understand(text, HERE)[0].source
        for text in ("turn on the kitchen light", "Hey Jarvis, make me a latte", "why is the sky blue?")
    ]
    assert sources == ["template", "pack", "llm"]
    assert model.asked == ["why is the sky blue"]


def test_without_a_model_the_rest_is_not_understood() -> None:
    layers = cascade.load(home(), NluSettings())
    assert layers.understand("why is the sky blue", HERE) == ()
    assert layers.understand("   ", HERE) == ()
    assert layers.understand("Hey Jarvis!", HERE) == ()


def test_both_halves_of_a_compound() -> None:
    layers = cascade.load(home(), NluSettings())
    found = layers.understand("Turn on the kitchen light, and then close the blind.", HERE)
    assert [(intent.name, intent.targets) for intent in found] == [
        ("HassTurnOn", ("light.kitchen",)),
        ("HassTurnOff", ("cover.blind",)),
    ]


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("turn on the kitchen light and the office light", ["light.kitchen", "light.office"]),
        ("turn on both the kitchen light and the office light", ["light.kitchen", "light.office"]),
        ("turn off the kitchen and office light", ["light.kitchen", "light.office"]),
        ("set the kitchen light to 20% and the office light to 50%", ["light.kitchen", "light.office"]),
        ("turn on the kitchen light, the office light and the fan", ["light.kitchen", "light.office", "fan.office"]),
    ],
)
def test_clauses_may_share_words(text: str, targets: list[str]) -> None:
    found = cascade.load(home(), NluSettings()).understand(text, HERE)
    assert [target for intent in found for target in intent.targets] == targets
    assert len({intent.name for intent in found}) == 1


def test_half_a_compound_is_nothing() -> None:
    model = Proposals()
    layers = cascade.Cascade(templates.load(home(), "en"), None, model)
    assert layers.understand("turn on the kitchen light and sing me a song", HERE)[0].source == "llm"


def test_a_pack_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "lift.yaml"
    file.write_text("intents: {callLift: {sentences: ['call the lift']}}\n", "utf-8")
    found = cascade.load(home(), NluSettings(packs=(str(file),))).understand("Call the lift!", HERE)
    assert [intent.name for intent in found] == ["callLift"]


def test_an_unknown_pack_is_told() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'coffee'"):
        cascade.load(home(), NluSettings(packs=("cofee",)))


def test_words_of_a_name_that_were_heard_as_one_are_taken_apart() -> None:
    layers = cascade.load(home(), NluSettings())
    assert [intent.targets for intent in layers.understand("turn on the kitchenlight", HERE)] == [("light.kitchen",)]
    assert layers.understand("turn on the searchlight", HERE) == ()
