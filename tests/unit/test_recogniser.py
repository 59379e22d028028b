"""Two models behind one recogniser: the second is asked where the first is not sure, and both are weighed together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from letters import VOCABULARY, Ear, sentences
from numpy.typing import NDArray

from edgevoice.asr.recogniser import Recogniser
from edgevoice.messages import RATE, AudioChunk, Transcript
from edgevoice.phrases import Phrases

HUM = np.concatenate([np.zeros(RATE, np.int16), np.full(RATE, 8000, np.int16), np.zeros(RATE, np.int16)])
UP_OR_AP = replace(sentences("turn it up", "turn it ap"), opposites=frozenset({("up", "ap")}))


@dataclass
class Model:
    """Hears `text` in any sound."""

    text: str
    wrong: float = 8.0
    asked: int = 0
    name = "letters"
    vocabulary = len(VOCABULARY)

    def listen(self, samples: NDArray[np.float32]) -> Ear:
        self.asked += 1
        return Ear(self.text, self.wrong)


def heard(phrases: Phrases, *models: Model) -> Transcript:
    asr = Recogniser(models[0], VOCABULARY, *models[1:])
    asr.bias(phrases)
    *_, last = asr.transcribe([AudioChunk(HUM, RATE, 0)])
    return last


def test_a_second_model_is_not_asked_where_the_first_is_sure() -> None:
    second = Model("turn it ap")
    assert heard(UP_OR_AP, Model("turn it up"), second).text.casefold() == "turn it up"
    assert second.asked == 0


def test_between_opposites_that_sound_alike_the_second_model_decides() -> None:
    unsure = Model("turn it xp")
    assert heard(UP_OR_AP, unsure).confidence < 0.1
    for text in ("turn it up", "turn it ap"):
        together = heard(UP_OR_AP, unsure, Model(text))
        assert (together.text.casefold(), together.confidence > 0.6) == (text, True)


@pytest.mark.parametrize(("wrong", "said"), [(8.0, "turn it up"), (1.5, "turn it ap")])
def test_the_model_that_is_surer_outweighs_the_other(wrong: float, said: str) -> None:
    first = Model("turn it ap", wrong=2.0)
    assert heard(UP_OR_AP, first).text.casefold() == "turn it ap"
    assert heard(UP_OR_AP, first, Model("turn it up", wrong)).text.casefold() == said


def test_in_a_closed_domain_confidence_is_the_share_of_what_was_heard() -> None:
    closed = replace(UP_OR_AP, closed=True)
    assert heard(closed, Model("turn it up")).confidence > 0.9
    assert heard(closed, Model("turn it xp")).confidence == pytest.approx(0.5, abs=0.1)


def test_how_a_name_is_written_is_told_whatever_can_be_said_here() -> None:
    asr = Recogniser(Model("turn it xp"), VOCABULARY)
    asr.bias(UP_OR_AP)
    assert [text.casefold() for text in asr.spellings("turn it", HUM)][:1] == ["xp"]
    *_, last = asr.transcribe([AudioChunk(HUM, RATE, 0)])
    assert last.text.casefold() in ("turn it up", "turn it ap")  # what can be said here is still known
