"""What may still be said, by a small graph of sentences."""

from __future__ import annotations

import pytest

from edgevoice.nlu.following import Following, Reader
from edgevoice.phrases import Anything, Arc, Listed, Phrases

# turn on the {name} [in the {area}] [please] | set a timer for {minutes} minutes | announce ...
GRAPH = Phrases(
    (
        Arc(0, "Turn", 1),
        Arc(1, "on", 2),
        Arc(2, "the", 3),
        Arc(3, Listed("name light"), 4),
        Arc(4, "in", 5),
        Arc(5, "the", 6),
        Arc(6, Listed("area"), 7),
        Arc(6, Listed("floor"), 7),
        Arc(4, "please", 4, 3.0),
        Arc(7, "please", 7, 3.0),
        Arc(0, "set", 8),
        Arc(8, "a", 9),
        Arc(9, "timer", 10),
        Arc(10, "for", 11),
        Arc(11, Listed("timer_minutes"), 12),
        Arc(12, "minutes", 13),
        Arc(13, Listed("timer_seconds"), 14),
        Arc(14, "seconds", 15),
        Arc(0, "announce", 16),
        Arc(16, Anything(), 17, 2.0),
        Arc(0, "stop", 18),
        Arc(18, "it", 19),
        Arc(0, "announce", 20),
        Arc(20, "dinner", 21),
        Arc(1, "off", 22),
        Arc(22, "lights", 23),
        Arc(23, "in", 5),
        Arc(0, "dim", 24),
        Arc(24, "to", 25),
        Arc(25, Listed("brightness"), 26),
        Arc(26, "now", 27),
        Arc(0, "add", 28),
        Arc(28, Anything(), 29),
        Arc(29, "to", 30),
        Arc(30, "the", 31),
        Arc(31, Listed("name todo"), 32),
        Arc(28, Anything(), 33),
        Arc(33, "in", 5),
    ),
    frozenset({4, 7, 13, 15, 17, 18, 19, 21, 23, 26, 27, 32, 33}),
    {
        "name light": ("lamp", "lamp post", "kitchen-light"),
        "area": ("kitchen",),
        "floor": ("attic",),
        "timer_minutes": ("5", "twenty", "twenty-five"),
        "timer_seconds": ("30",),
        "brightness": ("20", "twenty-five"),
        "name todo": ("list",),
    },
)


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("Turn on", Following(False, 0)),
        ("turn on the", Following(False, 0)),
        ("Turn on the kitchen", Following(False, 0)),
        ("Turn on the kitchen light.", Following(True, 0)),  # a device was named: where it stands need not be told
        ("turn on the lamp", Following(True, 1)),  # it may be the lamp post
        ("turn off lights", Following(True, 1)),  # a place: an area and a floor are one kind
        ("dim to 20", Following(True, 1)),  # and five
        ("dim to 20%", Following(True, 0)),
        ("turn on the lamp post in the", Following(False, 0)),
        ("Turn on the lamp in the kitchen", Following(True, 0)),
        ("turn on the lamp in the kitchen, please", Following(True, 0)),
        ("set a timer for 20", Following(False, 0)),
        ("set a timer for 25 minutes", Following(True, 1)),
        ("set a timer for five minutes thirty seconds", Following(True, 0)),
        ("stop", Following(True, 1)),
        ("stop it", Following(True, 0)),
        ("announce that supper is", Following(True, 0, open=True)),
        ("add milk to the list", Following(True, 0)),  # the milk of the list is not what is added to another one
        ("announce dinner", Following(True, 0)),
        ("the weather is fine", None),
        ("turn on the moon", None),
    ],
)
def test_what_may_follow(text: str, following: Following | None) -> None:
    reader = Reader(GRAPH)
    assert reader.read(text) == following
    assert reader.read(text) == following  # what it keeps changes nothing
