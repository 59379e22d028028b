"""Why a sentence would be understood so: every layer is asked, the one that decides is named, and nothing acts."""

from __future__ import annotations

import threading

import pytest
from household import household

from edgevoice.config import NluSettings
from edgevoice.messages import Intent
from edgevoice.nlu import cascade, packs, templates
from edgevoice.nlu.cascade import Cascade
from edgevoice.nlu.context import NOWHERE, Context, Thinking
from edgevoice.nlu.explanation import Explanation
from edgevoice.skills.explained import Explainer

HOME = household()
LAYERS = cascade.load(HOME, NluSettings(packs=("coffee",)))


def explain(text: str) -> Explanation:
    return Explainer(HOME, LAYERS, "Kitchen").explain(text, 0.0, threading.Event())


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("turn on the reading lamp", "templates"),
        ("make me a latte", "packs"),
        ("it is much too dark in here", "free wording"),
        ("what is 15 percent of 80", "own answers"),
        ("what did you do", "own answers"),
        ("flurbl the snork", ""),
    ],
)
def test_the_layer_that_decides_is_named(text: str, decided: str) -> None:
    told = explain(text)
    assert told.decided == decided
    assert bool(told.intents) == bool(decided)


@pytest.mark.parametrize(
    "text",
    ["turn on the reading lamp", "turn on the lamp and close the blind", "it is too dark here", "a latte please"],
)
def test_what_is_explained_is_what_is_understood(text: str) -> None:
    here = Context("kitchen")
    assert LAYERS.explain(text, here).intents == LAYERS.understand(text, here)


def test_the_scores_of_meaning_are_probabilities_highest_first() -> None:
    layer = next(one for one in explain("it is much too dark in here").layers if one.name == "meaning")
    scores = list(layer.scores.values())
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[0] <= 1


def test_a_pack_that_explains_too_little_is_told_of_but_claims_nothing() -> None:
    told = explain("latte my neighbour told me about yesterday evening")
    candidates = [one for layer in told.layers if layer.name == "packs" for one in layer.candidates]
    assert [(one.by, one.is_enough) for one in candidates] in ([("coffee", False)], [])
    assert told.decided != "packs"


def test_the_language_model_is_asked_only_when_wanted() -> None:
    asked: list[str] = []

    def propose(text: str, context: Context, cancel: threading.Event) -> Thinking:
        asked.append(text)
        yield
        return (Intent("Chat", {"text": text}, source="llm"),)

    layers = Cascade(templates.load(HOME, "en"), packs.standard(), propose)
    assert layers.explain("why is the sky blue", NOWHERE).layers[-1].note == "It would be asked now"
    assert asked == []
    told = layers.explain("why is the sky blue", NOWHERE, with_model=True)
    assert (told.decided, told.intents[0].name) == ("language model", "Chat")
    assert asked == ["why is the sky blue"]
    told = layers.explain("turn on the reading lamp", NOWHERE, with_model=True)
    assert (told.decided, told.layers[-1].note) == ("templates", "Not asked: the layers above are sure")


def test_nothing_is_made_of_a_contradiction() -> None:
    assert explain("turn the lamp on and off").intents == LAYERS.understand("turn the lamp on and off", NOWHERE)
    assert explain("   ").intents == ()


def test_explaining_changes_nothing() -> None:
    before = (HOME.version, dict(HOME.states))
    explain("set the thermostat to 30 degrees")
    explain("cancel all routines")
    assert (HOME.version, dict(HOME.states)) == before
