"""Answers: what they mean."""

from __future__ import annotations

import pytest

from edgevoice.dialogue import resolve


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Yes.", True),
        ("yeah sure", True),
        ("go ahead please", True),
        ("of course", True),
        ("yes, do it", True),
        ("no", False),
        ("yes... no", False),
        ("don't", False),
        ("forget it", False),
        ("yes but only the back door", None),
        ("turn it on", None),
        ("please", None),
        ("", None),
    ],
)
def test_yes_and_no(text: str, meant: bool | None) -> None:
    assert resolve.yes_or_no(text) is meant


@pytest.mark.parametrize(
    ("language", "yes", "no"), [("de", "Ja, bitte", "Nein danke"), ("fr", "oui", "non merci"), ("es", "sí", "no")]
)
def test_yes_and_no_elsewhere(language: str, yes: str, no: str) -> None:
    assert resolve.yes_or_no(yes, language) is True
    assert resolve.yes_or_no(no, language) is False


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("the bedroom one", (0,)),
        ("Bedroom Lamp", (0,)),
        ("the kitchen one please", (1,)),
        ("the second one", (1,)),
        ("the last one", (2,)),
        ("all of them", (0, 1, 2)),
        ("the lamp", ()),
        ("turn on the bedroom fan", ()),
        ("the fourth one", ()),
        ("", ()),
    ],
)
def test_choices(text: str, chosen: tuple[int, ...]) -> None:
    options = [("Bedroom Lamp",), ("Kitchen Lamp", "worktop"), ("Hall Lamp",)]
    assert resolve.choice(text, options) == chosen


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("four seven one one", "4711"),
        ("47 11", "4711"),
        ("forty seven eleven", "4711"),
        ("the pin is 4711", "4711"),
        ("twenty", "20"),
        ("twenty twenty", "2020"),
        ("oh one two three", "0123"),
        ("seven dwarfs", ""),
        ("yes", ""),
    ],
)
def test_digits(text: str, digits: str) -> None:
    assert resolve.digits(text) == digits
