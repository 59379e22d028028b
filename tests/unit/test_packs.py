"""Closed domains: matching, and what is wrong in a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from household import household

from edgevoice.config import NluSettings
from edgevoice.errors import SettingsError
from edgevoice.nlu import cascade, packs
from edgevoice.nlu.context import NOWHERE

TRAIN = """\
intents:
  travel:
    sentences:
      - "<go> from {city:origin} to {city:destination} [{class}]"
    requires: [origin, destination]
    answer: "From {origin} to {destination}."
  lost:
    sentences: ["where is the lost property office"]
rules:
  go: "(take me|i want to go)"
slots:
  city:
    values: [London, Paris, "(new|old) town"]
    synonyms: {London: [the big smoke]}
  class:
    values: [first class, second class]
"""


@pytest.fixture
def train(tmp_path: Path) -> packs.Pack:
    return pack(tmp_path, TRAIN)


@pytest.fixture(scope="module")
def coffee() -> packs.Pack:
    return packs.load(packs.path("coffee"))


def pack(folder: Path, text: str) -> packs.Pack:
    file = folder / "pack.yaml"
    file.write_text(text, "utf-8")
    return packs.load(file)


def test_a_sentence_as_written(train: packs.Pack) -> None:
    found = train.match("Take me from Paris to old town, second class.")
    assert found is not None
    assert found.slots == {"origin": "Paris", "destination": "old town", "class": "second class"}
    assert (found.name, found.source, found.confidence) == ("travel", "pack", 1.0)
    assert found.action is not None
    assert found.action.answer == "From Paris to old town."


def test_a_synonym_gives_its_value(train: packs.Pack) -> None:
    found = train.match("take me from the big smoke to Paris")
    assert found is not None
    assert found.slots["origin"] == "London"


def test_an_intent_without_slots(train: packs.Pack) -> None:
    found = train.match("Where is the lost property office?")
    assert found is not None
    assert (found.name, found.slots) == ("lost", {})


@pytest.mark.parametrize(
    "text", ["", "...", "take me from London", "the ferry leaves London for Paris at noon on the first of every month"]
)
def test_too_little_is_not_claimed(train: packs.Pack, text: str) -> None:
    assert train.match(text) is None


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        (
            "Can I get a 12-ounce double-shot Latte?",
            {"size": "twelve ounce", "numberOfShots": "double shot", "coffeeDrink": "latte"},
        ),
        ("make me a small light roast coffee", {"size": "small", "roast": "light roast", "coffeeDrink": "coffee"}),
        (
            "i want an iced mocha with a little bit of soy milk and lots of brown sugar",
            {
                "coffeeDrink": "iced mocha",
                "milkAmount": "a little bit of soy milk",
                "sugarAmount": "lots of brown sugar",
            },
        ),
        ("i'd like a trouble shot expresso", {"numberOfShots": "triple shot", "coffeeDrink": "espresso"}),
        (
            "get me a large american oh with sweet nor",
            {"size": "large", "coffeeDrink": "americano", "sugarAmount": "sweetener"},
        ),
        (
            "can i have a dark, roast-drip coffee with omen milk",
            {"roast": "dark roast", "coffeeDrink": "drip coffee", "milkAmount": "almond milk"},
        ),
    ],
)
def test_orders_that_were_heard_roughly(coffee: packs.Pack, text: str, slots: dict[str, str]) -> None:
    found = coffee.match(text, closed=True)
    assert found is not None
    assert found.slots == slots


@pytest.mark.parametrize(
    "text",
    [
        "turn on the coffee machine",
        "he drank his coffee slowly and looked out over the grey harbour without a word",
        "what is the capital of france",
        "add milk and sugar to the shopping list",
    ],
)
def test_other_sentences_are_left_alone(coffee: packs.Pack, text: str) -> None:
    assert coffee.match(text) is None


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("intents: {a: {sentences: ['x {colour}']}}", 1, "unknown slot {colour}"),
        ("intents:\n  a:\n    sentences: ['x <rule>']", 3, "unknown rule <rule>"),
        ("intents:\n  a:\n    sentences:\n    - fine\n    - '(x'", 5, "is no template"),
        ("intents: {a: {sentences: ['<r>']}}\nrules: {r: 'x <r>'}", 1, "contains itself"),
        ("intents: {a: {sentences: [x], requires: [size]}}", 1, "no sentence has {size}"),
        ("intents: {a: {sentences: [x]}}\nslots:\n  s:\n    values: ['{t}']", 4, "cannot hold the slot"),
        ("intents: {a: {sentences: [x]}}\nslots: {s: {values: [big], synonyms: {bog: [large]}}}", 2, "no value of 's'"),
        ("intents: {a: {sentences: ['" + "[x] " * 40 + "y']}}", 1, "more than 20,000 ways to read a sentence"),
        ("intents: {a: {sentences: ['" + "(a;b;c;d;e;f;g;h;i;j)" + "']}}", 1, "more than 20,000 parts"),
        (
            "intents: {a: {sentences: [x]}}\nslots: {s: {values: ['" + "(a|b|c|d|e|f) " * 9 + "']}}",
            2,
            "more than 5,000 forms",
        ),
        ("intents: {a: {sentence: [x]}}", 1, "unknown key"),
        ("intents: [a]", 1, "is not a mapping"),
    ],
)
def test_a_bad_pack_is_told_with_its_line(tmp_path: Path, text: str, line: int, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        pack(tmp_path, text)
    assert f"pack.yaml:{line}" in str(caught.value)
    assert problem in str(caught.value)


def test_nested_too_deep_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"pack\.yaml:1"):
        pack(tmp_path, "intents: {a: {sentences: ['" + "(" * 3000 + "x" + ")" * 3000 + "']}}")


def test_a_pack_of_home_assistants_shape_adds_sentences_about_the_home(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        'intents: {HassTurnOn: {data: [{sentences: ["let there be light"], slots: {name: "all", domain: light}}]}}'
    )
    found = cascade.load(household(), NluSettings(packs=(str(file),))).understand("let there be light", NOWHERE)
    assert [(one.name, dict(one.slots)) for one in found] == [("HassTurnOn", {"name": "all", "domain": "light"})]


@pytest.mark.parametrize(
    "text",
    [
        "intents: {HassTurnOn: {data: [{sentences: ['let (there be light']}]}}",
        "intents: {HassTurnOn: {data: 3}}",
        "intents: {HassTurnOn: {data: [{}]}}",
        "lists: 3\nintents: {HassTurnOn: {data: []}}",
    ],
)
def test_wrong_sentences_are_told_with_their_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"mine\.yaml"):
        cascade.load(household(), NluSettings(packs=(str(file),)))
