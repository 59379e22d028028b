"""Which word of a name was meant."""

from __future__ import annotations

import pytest

from edgevoice.nlu.repair import Speller, tidied, without_slips
from edgevoice.nlu.spelling import Spelling, is_near


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("kitchen", "kitchen", True),
        ("kitchen", "kitche", True),
        ("kitchen", "kittchen", True),
        ("kitchen", "kitchin", True),
        ("kitchen", "kithcen", True),
        ("kitchen", "kitchens'", False),
        ("kitchen", "chicken", False),
        ("ab", "ba", True),
        ("", "a", True),
        ("", "", True),
    ],
)
def test_one_edit_apart(one: str, other: str, near: bool) -> None:
    assert is_near(one, other) is near
    assert is_near(other, one) is near


def test_the_one_word_that_is_near_or_sounds_alike() -> None:
    spelling = Spelling(["kitchen", "door", "floor", "fan"])
    assert spelling.best("kitchin") == "kitchen"
    assert spelling.best("kichen") == "kitchen"
    assert spelling.best("doar") == "door"
    assert spelling.best("fn") is None  # too short to say
    assert spelling.best("pancake") is None
    assert set(spelling.near("foor")) == {"door", "floor"}
    assert spelling.best("foor") is None  # a tie decides nothing


def test_names_are_respelled_by_their_neighbours() -> None:
    speller = Speller(["first floor", "front door", "bedroom lamp"], "en")
    assert speller.respelled("lights on the first foor") == ("lights on the first floor", 1)
    assert speller.respelled("open the front foor") == ("open the front door", 1)
    assert speller.respelled("turn off the bedroom lmp") == ("turn off the bedroom lamp", 1)
    assert speller.respelled("turn off the bedroom lamp") == ("turn off the bedroom lamp", 0)


@pytest.mark.parametrize("text", ["pay my bill", "play my bill", "clothe the baby", "turn it ogf"])
def test_a_verb_is_never_made_of_anything(text: str) -> None:
    assert Speller(["bedroom lamp"], "en").respelled(text) == (text, 0)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("um turn on the uh lamp", "turn on the lamp"),
        ("turn turn on the lamp", "turn on the lamp"),
        ("turn of the lamp", "turn off the lamp"),
        ("turn the lamp of", "turn the lamp off"),
        ("turn up the volume of the tv", "turn up the volume of the tv"),
        ("do n't turn it on", "don't turn it on"),
        ("", ""),
        ("😀", "😀"),
    ],
)
def test_slips(said: str, meant: str) -> None:
    assert without_slips(said) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("could you please dim a lamp for me", "dim the lamp"),
        ("hey olly i'd like you to turn on the fan thanks", "turn on the fan"),
        ("I would like a coffee", "i would like the coffee"),
        ("set the lamp 50%", "set the lamp to 50%"),
    ],
)
def test_politeness_says_nothing(said: str, meant: str) -> None:
    assert tidied(said) == meant
