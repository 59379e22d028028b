from __future__ import annotations

import pytest

from edgevoice.nlu import normalize, numbers


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Turn off the lights.", "Turn off the lights"),
        ("  turn\noff   the lights ?! ", "turn off the lights"),
        ("Turn off the lights, please.", "Turn off the lights"),
        ("turn off the lights thank you", "turn off the lights"),
        ("set it to 50 % please", "set it to 50%"),
        ("fifty per cent", "fifty percent"),
        ("Hey Jarvis, turn off the lights", "turn off the lights"),
        ("hey, jarvis. turn off the lights", "turn off the lights"),
        ("Alexa turn off the lights", "turn off the lights"),
        ("alexander turned off", "alexander turned off"),
        ("Hey Jarvis.", ""),
        ("...", ""),
    ],
)
def test_spoken(text: str, line: str) -> None:
    assert normalize.spoken(text, ("hey_jarvis", "alexa")) == line


def test_a_wake_word_of_others_stays() -> None:
    assert normalize.spoken("Alexa, turn off the lights", ("hey_jarvis",)) == "Alexa, turn off the lights"


def test_numbers_are_spelled() -> None:
    assert numbers.spell("A 12-ounce Latte, and 2!") == "a twelve ounce latte and two"
