"""The sieve loses no template that matches."""

from __future__ import annotations

import pytest
from hassil import recognize_all
from household import household

from edgevoice.nlu.language import Language, sentences
from edgevoice.nlu.sieve import Sieve

LANGUAGE = Language(household(), sentences("en"))
SIEVE = Sieve(LANGUAGE.intents)


@pytest.mark.parametrize(
    "text",
    [
        "turn on the reading lamp",
        "please could you turn off all lights",
        "Is the Front Door locked?",
        "set a timer for 5 minutes",
        "what's the temperature in the bedroom",
        "are any windows open",
        "add milk to my shopping list",
        "set the ceiling light to 40%",
        "",
        "nothing that anybody knows",
    ],
)
def test_nothing_that_matches_is_lost(text: str) -> None:
    context = {"area": "Living Room"}

    def found(intents: object) -> list[tuple[str, dict[str, object]]]:
        results = recognize_all(text, intents, slot_lists=dict(LANGUAGE.lists), intent_context=context)  # type: ignore[arg-type]
        return [(one.intent.name, {name: entity.value for name, entity in one.entities.items()}) for one in results]

    sifted = SIEVE.sift(text)
    assert found(sifted) == found(LANGUAGE.intents)
    assert sum(len(one.data) for one in sifted.intents.values()) < 250
