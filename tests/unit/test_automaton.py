"""What can be said, over tokens: spellings, lists, open ends, marks, and what a change of the names keeps."""

from __future__ import annotations

import time

import pytest
from letters import VOCABULARY, chain, sentences

from edgevoice.asr.automaton import Automaton
from edgevoice.phrases import Anything, Arc, Listed, Phrases


def says(phrases: Phrases, text: str) -> bool:
    return Automaton(phrases, VOCABULARY).accepts(VOCABULARY.encode(" " + text))


ROOMS = {"room": ("living room", "TV corner", "kitchen"), "number": ("twenty one", "21")}
LAMP = chain("turn", "on", "the", Listed("room"), "lamp", **ROOMS)


@pytest.mark.parametrize(
    "text",
    [
        "turn on the kitchen lamp",
        "Turn on the Living Room lamp.",
        "turn on, the living room lamp!",
        "turn on the living-room lamp",
        "TURN ON the kitchen lamp".replace("TURN", "Turn"),
        "turn on the tv corner lamp",
    ],
)
def test_a_sentence_may_be_written_as_the_model_writes(text: str) -> None:
    assert says(LAMP, text)


@pytest.mark.parametrize(
    "text",
    [
        "turn on the kitchen",
        "turn on the lamp",
        "turn on the living kitchen lamp",
        "turn on the kitchenlamp",
        "turn on the kitchen lamps",
        "turn on,, the kitchen lamp",
        "urn on the kitchen lamp",
        "",
    ],
)
def test_and_nothing_else(text: str) -> None:
    assert not says(LAMP, text)


def test_a_sign_stands_close_to_its_number() -> None:
    percent = chain("set", "to", Listed("number"), "%", **ROOMS)
    assert says(percent, "set to 21%")
    assert says(percent, "set to 21 %")
    assert says(percent, "set to twenty-one%")


def test_an_open_end_takes_words_and_goes_on() -> None:
    add = chain("add", Anything(), "to", "it")
    assert says(add, "add red apples to it")
    assert says(add, "add to to it")
    assert says(add, "add, green pears to it.")
    assert not says(add, "add to it")
    assert not says(add, "adds apples to it")
    assert not says(add, "add apples")


def test_the_cheapest_way_counts() -> None:
    two = Automaton(sentences("go on", "go on now", costs=(2.0, 5.0)), VOCABULARY)
    state = two.start
    for token in VOCABULARY.encode(" go on"):
        following = two.step(state, token)
        assert following is not None
        state = following
    assert (state.ends, state.cost) == (2.0, 2.0)
    for token in VOCABULARY.encode(" now"):
        following = two.step(state, token)
        assert following is not None
        state = following
    assert (state.ends, state.cost) == (5.0, 5.0)


def test_an_unknown_list_is_empty() -> None:
    arcs = (Arc(0, "go", 1), Arc(1, Listed("place"), 2))
    assert says(Phrases(arcs, frozenset({1, 2}), {"place": ()}), "go")


def test_two_searches_at_once_see_whole_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends the voice is recognised on the ears' thread, while a turn may be recognised on its own."""
    automaton, ids = Automaton(LAMP, VOCABULARY), VOCABULARY.encode(" turn on the kitchen lamp")
    encode, meanwhile = VOCABULARY.encode, list[bool]()

    def interrupted(text: str) -> tuple[int, ...]:
        if text == " lamp" and not meanwhile:
            meanwhile.append(False)
            meanwhile.append(automaton.accepts(ids))
        return encode(text)

    monkeypatch.setattr(VOCABULARY, "encode", interrupted)
    assert automaton.accepts(ids)
    assert meanwhile[-1]


def test_two_thousand_names_are_taken_in_quickly() -> None:
    names = tuple(f"{one}{k} lamp number {k}" for k in range(500) for one in ("kitchen", "office", "hall", "attic"))
    before = Automaton(chain("turn", "on", Listed("name"), name=names[:10]), VOCABULARY)
    phrases = Phrases(before.phrases.arcs, before.phrases.ends, {"name": names})
    began = time.process_time()
    after = Automaton(phrases, VOCABULARY, before)
    assert after.accepts(VOCABULARY.encode(" turn on attic499 lamp number 499"))
    assert time.process_time() - began < 2.0
    assert not before.accepts(VOCABULARY.encode(" turn on attic499 lamp number 499"))
