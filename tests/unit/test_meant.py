"""Several things that may have been heard: what makes sense wins, and what is as likely as another thing is not sure."""

from __future__ import annotations

import pytest

from edgevoice.messages import Hypothesis, Intent, Transcript
from edgevoice.nlu.meant import meant

KNOWN = {
    "turn on the lamp": (Intent("HassTurnOn", {"name": "lamp"}, text="turn on the lamp"),),
    "turn on lamp": (Intent("HassTurnOn", {"name": "lamp"}, text="turn on lamp"),),
    "turn off the lamp": (Intent("HassTurnOff", {"name": "lamp"}, text="turn off the lamp"),),
}


def chosen(*heard: tuple[str, float], confidence: float = 0.9) -> tuple[str, float]:
    alternatives = tuple(Hypothesis(text, score) for text, score in heard)
    found = meant(Transcript(heard[0][0], alternatives, confidence), lambda text: KNOWN.get(text, ()))
    return found.text, round(found.confidence, 3)


@pytest.mark.parametrize(
    ("heard", "text", "confidence"),
    [
        ((("turn on the lamp", -1.0),), "turn on the lamp", 0.9),
        ((("turn on the lamb", -1.0), ("turn on the lamp", -2.0)), "turn on the lamp", 0.9),
        ((("turn on the lamb", -1.0), ("turn on the lamp", -5.0)), "turn on the lamb", 0.9),
        ((("turn on the lamb", -1.0), ("turn on the limb", -1.5)), "turn on the lamb", 0.9),
        ((("turn on the lamp", -1.0), ("turn off the lamp", -1.0)), "turn on the lamp", 0.0),
        ((("turn on the lamp", -1.0), ("turn off the lamp", -2.0)), "turn on the lamp", 0.462),
    ],
)
def test_what_makes_sense_here_and_no_other_is_meant(
    heard: tuple[tuple[str, float], ...], text: str, confidence: float
) -> None:
    assert chosen(*heard) == (text, confidence)


def test_two_ways_to_say_the_same_outweigh_another_thing() -> None:
    text, confidence = chosen(("turn off the lamp", -1.0), ("turn on the lamp", -1.1), ("turn on lamp", -1.1))
    assert text == "turn on the lamp"
    assert 0.2 < confidence < 0.4
