"""The search: what can be said wins by likelihood, the free sentence is found beside it, and both end."""

from __future__ import annotations

import pytest
from letters import VOCABULARY, Ear, chain, sentences

from edgevoice.asr.automaton import Automaton
from edgevoice.asr.beam import WIDE, Candidate, Found, Search
from edgevoice.asr.recogniser import certainty, repeated
from edgevoice.messages import Hypothesis
from edgevoice.phrases import Listed, Phrases


def search(heard: str, phrases: Phrases, reward: float = 0.0, free: bool = True, limit: int = 60) -> Found:
    return Search(Ear(heard), Automaton(phrases, VOCABULARY), limit, reward).run(repeated, free)


def text(one: Candidate | None) -> str:
    return VOCABULARY.text(one.ids) if one else ""


NAMES = ("lamp", "ramp", "fan", "door", "blind")
TURN = chain("turn", "on", "the", Listed("name"), name=NAMES)


def test_what_can_be_said_is_found_beside_what_was_heard() -> None:
    found = search("turn on the lump", TURN)
    assert (text(found.free), text(found.said[0])) == ("turn on the lump", "turn on the lamp")
    assert found.free is not None
    assert found.free.total - found.said[0].total == pytest.approx(2.9, abs=1e-3)


def test_ways_to_write_the_same_count_together() -> None:
    found = search("turn on the Xan", TURN)
    said = [text(one).casefold().strip(",.?!") for one in found.said]
    assert said[0] == "turn on the fan"
    assert len(said) == len(set(said))
    assert found.said[0].rank > found.said[0].total


def test_alternatives_come_in_order_of_likelihood() -> None:
    found = search("turn on the xamp", TURN)
    assert {text(one) for one in found.said[:2]} == {"turn on the lamp", "turn on the ramp"}
    assert [one.rank for one in found.said] == sorted((one.rank for one in found.said), reverse=True)


def test_a_sentence_that_is_heard_as_it_can_be_said_is_one_of_both() -> None:
    found = search("turn on the fan", TURN)
    assert found.free is not None
    assert (found.free.ids, found.free.total) == (found.said[0].ids, pytest.approx(found.said[0].total))


def test_what_is_quite_another_thing_has_no_reading() -> None:
    found = search("he was not at home this morning and nobody knew", TURN)
    assert (text(found.free), found.said) == ("he was not at home this morning and nobody knew", ())


def test_what_is_rarely_said_must_be_heard_better() -> None:
    heard = "turn it xx"
    assert text(search(heard, sentences("turn it on", "turn it up")).said[0]) in ("turn it on", "turn it up")
    assert text(search(heard, sentences("turn it on", "turn it up", costs=(2.0, 0.0))).said[0]) == "turn it up"


def test_a_reward_keeps_it_from_stopping_early() -> None:
    two = sentences("a lamp", "a lamp of mine")
    heard = "a lamp ot mixx"
    assert text(search(heard, two, free=False).said[0]) == "a lamp"
    assert text(search(heard, two, reward=4.0, free=False).said[0]) == "a lamp of mine"


def test_without_a_language_there_is_the_free_sentence_only() -> None:
    ear = Ear("whatever it is")
    found = Search(ear, Automaton(Phrases((), frozenset()), VOCABULARY), 60).run(repeated)
    assert (text(found.free), found.said, max(ear.rows)) == ("whatever it is", (), 1)


def test_the_limit_ends_it() -> None:
    found = search("turn on the lamp", TURN, limit=8)
    assert (text(found.free), found.said) == ("turn on", ())


def test_beams_are_bounded() -> None:
    ear = Ear("turn on the xxxx", wrong=0.5)
    many = chain("turn", "on", "the", Listed("name"), name=tuple(f"{a}{b}" for a in "abcdefgh" for b in "ijklmnop"))
    Search(ear, Automaton(many, VOCABULARY), 40).run(repeated)
    assert max(ear.rows) <= WIDE + 1


@pytest.mark.parametrize(
    ("other", "score", "sure"),
    [
        ("Turn on all lights", -1.0, 0.0),
        ("turn on all lights.", -2.0, 0.462),
        ("Turn on all lights", -6.0, 0.987),
        ("Turn off the lights", -1.0, 1.0),
        ("Turn off all lights", -1.0, 1.0),
    ],
)
def test_opposites_that_are_as_likely_make_it_unsure(other: str, score: float, sure: float) -> None:
    said = (Hypothesis("Turn off all lights.", -1.0), Hypothesis("Turn off all nights", -1.0), Hypothesis(other, score))
    assert certainty(said, {("on", "off"), ("open", "close")}) == pytest.approx(sure, abs=1e-3)
