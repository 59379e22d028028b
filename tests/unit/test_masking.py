"""Numbers and people's names in words that leave the process."""

from __future__ import annotations

import pytest
from household import household
from hypothesis import given
from hypothesis import strategies as st

from edgevoice.service import masking


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("four seven one one", "#"),
        ("my pin is 4711", "my pin is #"),
        ("one two three four", "#"),
        ("twenty-one degrees", "# degrees"),
        ("set a timer for two hours and ten minutes", "set a timer for # hours and # minutes"),
        ("a hundred and fifty", "a #"),
        ("call 0151 234-5678", "call #"),
        ("the first one please", "the first one please"),
        ("which one", "which one"),
        ("write to ada@example.org now", "write to # now"),
        ("is Ada at home", "is # at home"),
        ("remind ADA's brother", "remind #'s brother"),
        ("Adaptive lights on", "Adaptive lights on"),
        ("call Mary Smith", "call #"),
        ("my name is Joe", "my name is #"),
        ("call me back", "call me back"),
        ("密码是四七一一", "密码是#"),
        ("turn on the kitchen lights", "turn on the kitchen lights"),
    ],
)
def test_what_is_said_and_what_is_told(said: str, told: str) -> None:
    assert masking.mask(said, masking.people(household())) == told


def test_slots() -> None:
    slots = {"name": "Bed Light", "brightness": 40, "on": True, "items": ("2 eggs", "milk"), "person": "ada"}
    told = masking.mask_slots(slots, masking.people(household()))
    assert told == {"name": "Bed Light", "brightness": "#", "on": True, "items": ["# eggs", "milk"], "person": "#"}


@given(st.text(max_size=200))
def test_no_digit_is_told(text: str) -> None:
    assert not any(one.isdecimal() for one in masking.mask(text))
