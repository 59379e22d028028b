"""What a sentence means is asked about, never done, and outweighs words that were hardly a command."""

from __future__ import annotations

import numpy as np
import pytest
from household import household

from edgevoice.config import NluSettings
from edgevoice.embedding.wordpiece import WordPiece
from edgevoice.nlu import semantic
from edgevoice.nlu.context import Context
from edgevoice.nlu.free import DOUBTFUL, Free

HERE = Context("living")
SURE = NluSettings().llm_confidence


def meaning(action: str, *, against: str = "other", odds: float = 9.0) -> semantic.Semantic:
    """Takes every sentence for this action."""
    return semantic.Semantic((action, against), [lambda text: np.array([odds, 0.0], np.float32)])


def test_a_meaning_is_asked_about() -> None:
    free = Free(household(), meaning("dimmer"))
    found = free.understand("night mode for the lounge", HERE)
    assert found is not None
    assert (found.name, found.slots["brightness_step"]) == ("HassLightSet", -20)
    assert DOUBTFUL <= found.confidence < SURE


def test_plain_words_need_no_meaning() -> None:
    found = Free(household(), meaning("turn_off")).understand("reading lamp on", HERE)
    assert found is not None
    assert (found.name, found.confidence) == ("HassTurnOn", 1.0)


def test_another_meaning_outweighs_few_words() -> None:
    text = "the reading lamp on stage was nice"
    assert Free(household()).understand(text, HERE) is not None
    assert Free(household(), meaning(semantic.NONE)).understand(text, HERE) is None


@pytest.mark.parametrize("action", ["lock", "unlock", "open", "close"])
def test_what_keeps_people_out_is_never_guessed(action: str) -> None:
    assert Free(household(), meaning(action)).understand("front door treatment please", HERE) is None


@pytest.mark.parametrize("text", ["why is it night mode", "if it rains then night mode"])
def test_a_question_and_a_condition_are_no_wish_whatever_they_mean(text: str) -> None:
    assert Free(household(), meaning("dimmer")).understand(text, HERE) is None


@pytest.mark.parametrize(("odds", "is_taken"), [(9.0, True), (0.5, False)])
def test_a_meaning_that_is_nearly_its_opposite_is_none(odds: float, is_taken: bool) -> None:
    found = Free(household(), meaning("turn_on", against="turn_off", odds=odds)).understand("flick the lamp", HERE)
    assert (found is not None) is is_taken


def test_the_models_that_ship_fit_the_actions() -> None:
    from edgevoice.nlu.free import can_do

    shipped = semantic.load(lambda text: np.zeros(384, np.float32))
    assert all(can_do(name) for name in shipped.names if name != semantic.NONE)
    assert shipped.guess("who wrote that book").action == semantic.NONE


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("hush the television", "mute"),
        ("the carpet needs a hoover", "start"),
        ("fetch me a latte", "make"),
        ("make sure no lamp is burning", "turn_off"),
        ("vacuum the flaw in the kitchen", "start"),
        ("soften the illumination", "dimmer"),
        ("i need a taxi to the station", semantic.NONE),
        ("add batteries to my list", semantic.NONE),
    ],
)
def test_meanings_without_an_embedding(text: str, action: str) -> None:
    assert semantic.load().guess(text).action == action


def test_what_has_a_meaning_of_its_own_is_no_misspelled_name() -> None:
    free = Free(household(), semantic.load())
    assert free.speller.respelled("call my flight") == ("call my flight", 0)


def test_words_in_pieces() -> None:
    vocabulary = {"[CLS]": 0, "[SEP]": 1, "[UNK]": 2, "light": 3, "##s": 4, "cafe": 5, "!": 6}
    assert WordPiece(vocabulary).ids("Lights café! 灯") == [0, 3, 4, 5, 6, 2, 1]
    assert WordPiece(vocabulary).ids("") == [0, 1]
    assert len(WordPiece(vocabulary).ids("light " * 500)) == 64
