"""What a sentence means is asked about, never done, and outweighs words that were hardly a command."""

from __future__ import annotations

import numpy as np
import pytest
from household import household
from numpy.typing import NDArray

from edgevoice.config import NluSettings
from edgevoice.embedding.wordpiece import WordPiece
from edgevoice.nlu import semantic
from edgevoice.nlu.context import Context
from edgevoice.nlu.free import DOUBTFUL, Free

HERE = Context("living")
SURE = NluSettings().llm_confidence


def meaning(action: str) -> semantic.Semantic:
    """Takes every sentence for this action."""

    def embed(text: str) -> NDArray[np.float32]:
        return np.ones(1, np.float32)

    return semantic.Semantic(embed, (action, "other"), np.array([[9.0, 0.0]], np.float32), np.zeros(2, np.float32))


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


def test_the_head_that_ships_fits_its_actions() -> None:
    from edgevoice.nlu.free import can_do

    head = semantic.load(lambda text: np.zeros(384, np.float32))
    assert all(can_do(name) for name in head.names if name != semantic.NONE)
    assert head.guess("anything").action == semantic.NONE


def test_words_in_pieces() -> None:
    vocabulary = {"[CLS]": 0, "[SEP]": 1, "[UNK]": 2, "light": 3, "##s": 4, "cafe": 5, "!": 6}
    assert WordPiece(vocabulary).ids("Lights café! 灯") == [0, 3, 4, 5, 6, 2, 1]
    assert WordPiece(vocabulary).ids("") == [0, 1]
    assert len(WordPiece(vocabulary).ids("light " * 500)) == 64
