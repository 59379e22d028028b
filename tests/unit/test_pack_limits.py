"""What is wrong with a pack is told with its place, before anything is unfolded; and what packs may not share."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from household import household

from edgevoice.config import NluSettings
from edgevoice.errors import SettingsError
from edgevoice.nlu import cascade, packs
from edgevoice.nlu.context import NOWHERE

ACT = "intents: {a: {sentences: ['feed [the {animal}]', 'feed {amount}'], "
SLOTS = "}}\nslots: {animal: {values: [cat, c/d]}, amount: {values: [a lot]}}"


def load(folder: Path, **files: str) -> cascade.Cascade:
    """The understanding with these packs of one's own."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return cascade.load(household(), NluSettings(packs_folder=folder))


def refusal(folder: Path, **files: str) -> str:
    began = time.process_time()
    with pytest.raises(SettingsError) as caught:
        load(folder, **files)
    assert time.process_time() - began < 2.0
    return str(caught.value)


def doubling(rule: str, depth: int) -> str:
    """Rules of which each is the one before it twice: 2 to the power of `depth` words, in one form."""
    return f"{rule}:\n  r0: x\n" + "".join(f"  r{i}: <r{i - 1}> <r{i - 1}>\n" for i in range(1, depth + 1))


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("intents:\n  a:\n    sentences: [<r30>]\n" + doubling("rules", 30), ":3: intents.a.sentences[0]", "parts"),
        (
            "intents:\n  HassTurnOn:\n    data:\n    - sentences: [<r30>]\n" + doubling("expansion_rules", 30),
            ":4: intents.HassTurnOn.data[0].sentences[0]",
            "parts",
        ),
        (
            "intents:\n  a:\n    sentences: ['" + "(a|a b) " * 20 + "']",
            ":3: intents.a.sentences[0]",
            "20,000 ways to read",
        ),
        ("intents:\n  a:\n    sentences: ['(" + ";".join("abcdefghijkl") + ")']", ":3:", "20,000 parts"),
        ("intents:\n  a:\n    sentences: ['" + "[" * 60 + "x" + "]" * 60 + " y']", ":3:", "levels of brackets"),
        (
            "intents: {HassTurnOn: {data: [{sentences: ['" + "[x] " * 30 + "on']}]}}",
            ":1: intents.HassTurnOn.data[0].sentences[0]",
            "20,000 ways to read",
        ),
        (
            "intents: {HassTurnOn: {data: [{sentences: ['x {l}']}]}}\nlists:\n  l: {values: ['"
            + "(a|b|c) " * 12
            + "']}",
            ":3: lists.l",
            "5,000 forms",
        ),
        ("intents: {a: {sentences: ['x {n}']}}\nslots:\n  n: {minimum: 0, maximum: 9999999}", ":3: slots.n", "5,000"),
        (
            "intents: {a: {sentences: ['x {s}']}}\nslots:\n  s:\n    values: [v]\n    synonyms: {v: ['"
            + "(a|b|c) " * 12
            + "']}",
            ":5: slots.s.synonyms.v[0]",
            "5,000",
        ),
    ],
)
def test_what_would_unfold_without_end_is_counted_first(tmp_path: Path, text: str, place: str, problem: str) -> None:
    told = refusal(tmp_path, bomb=text)
    assert f"bomb.yaml{place}" in told
    assert problem in told


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("intents: {HassTurnOn: {data: [{sentences: ['x {colour}']}]}}", ":1:", "Did you mean 'color'"),
        ("intents:\n  HassTurnOn:\n    data: [{sentences: ['x <tunr>']}]", ":3:", "unknown rule <tunr>. Did you mean"),
        ("intents:\n  HassTurnOnn: {data: [{sentences: [x]}]}", ":2: intents.HassTurnOnn", "Did you mean 'HassTurnOn'"),
        ("intents:\n  HassTurnOn:\n    data:\n    - {sentence: [x]}", ":4:", "is no block of sentences"),
        ("intents: {HassTurnOn: {data: [{sentences: ['a (b']}]}}", ":1:", "is no template"),
        ("covers: [HassTimer]", ":1: covers[0]", "unknown intent 'HassTimer'"),
        ("expansion_rules:\n  lower: '(sink)'\nintents: {a: {sentences: [x]}}", ":2:", "is called 'lower'"),
        ("lists: {l: 3}\nintents: {a: {sentences: [x]}}", ":1: lists.l", "is no list"),
        ("binary_sensors: {door: {things: doors}}\nintents: {a: {sentences: [x]}}", ":1:", "'if_on' is missing"),
        ("intents: {a: {}}", ":1: intents.a", "no sentences"),
        ("{}", ":1", "no intents"),
        (ACT + "answer: 'The {animal}.'" + SLOTS, ":1: intents.a.answer", "{animal} is not in every sentence"),
        (ACT + "mqtt: {topic: 'feed/{animal}'}" + SLOTS, ":1: intents.a.mqtt.topic", "not in every sentence"),
        (ACT + "requires: [animal], mqtt: {topic: 'feed/{animal}'}" + SLOTS, ":1:", "{animal} may be 'c/d'"),
        (ACT + "mqtt: {topic: 'feed/#'}" + SLOTS, ":1: intents.a.mqtt.topic", "is no topic of one message"),
        (ACT + "mqtt: {topic: ''}" + SLOTS, ":1: intents.a.mqtt.topic", "is empty"),
        (ACT + "mqtt: {topic: t, payload: '{amuont}'}" + SLOTS, ":1:", "no sentence has {amuont}"),
        (ACT + "mqtt: {topic: t}, home: {intent: HassTurnOn}" + SLOTS, ":1:", "two actions"),
        (ACT + "home: {intent: HassTrunOn}" + SLOTS, ":1: intents.a.home.intent", "Did you mean 'HassTurnOn'"),
        (ACT + "risk: maybe" + SLOTS, ":1: intents.a.risk", "'maybe' is not one of free, confirm"),
        ("intents: {a: {sentences: ['x {s}']}}\nslots: {s: {values: [v], minimum: 1, maximum: 2}}", ":2:", "two kinds"),
        ("intents: {a: {sentences: ['x {s}']}}\nslots: {s: {minimum: -5, maximum: 2}}", ":2:", "0 or more"),
        ("a: &a [x, x]\nintents: {b: {sentences: *a}}", ":2", "aliases are not read"),
        ("intents: {a: {sentences: [x], sentences: [y]}}", ":1", "given twice"),
    ],
)
def test_mistakes_are_told_with_file_line_and_remedy(tmp_path: Path, text: str, place: str, problem: str) -> None:
    told = refusal(tmp_path, mine=text)
    assert f"mine.yaml{place}" in told
    assert problem in told


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"intents: {a: {sentences: [caf\xe9]}}", "UTF-8"),
        (b"\xff\xfe" + "intents: {}".encode("utf-16-le"), "UTF-8"),
        (b"intents: {a: {sentences: ['" + b"x" * 600_000 + b"']}}", "larger than 500 kB"),
        (b"[" * 20_000 + b"]" * 20_000, "not YAML"),
        (
            b"a: &a [x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (98 + i, 98 + i, 97 + i, 97 + i) for i in range(20)),
            "alias",
        ),
        (b"", "no intents"),
        (b"\x00", "mine.yaml"),
        (b"just a sentence", "is not a mapping"),
    ],
)
def test_a_file_that_is_no_pack_is_told(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "mine.yaml").write_bytes(content)
    told = refusal(tmp_path)
    assert "mine.yaml" in told
    assert problem in told


FEED = "intents:\n  feed:\n    sentences: ['(feed|treat) the {pet}']\nslots: {pet: {values: [cat, dog]}}"


def test_a_sentence_of_two_packs_is_told_with_both_places(tmp_path: Path) -> None:
    other = (
        "intents:\n  spoil: {sentences: ['[please] treat [all] the {beast}']}\nslots: {beast: {values: [parrot, dog]}}"
    )
    told = refusal(tmp_path, pets=FEED, zoo=other)
    assert "zoo.yaml:2: intents.spoil: 'treat the dog' is understood by 'feed' too" in told
    assert "pets.yaml:3: intents.feed" in told


def test_a_sentence_of_two_intents_of_one_pack_is_told(tmp_path: Path) -> None:
    assert "'go up' is understood by 'a' too" in refusal(
        tmp_path, lift="intents: {a: {sentences: ['go (up|down)']}, b: {sentences: ['[now] go up']}}"
    )


def test_sentences_that_only_begin_alike_are_two(tmp_path: Path) -> None:
    load(
        tmp_path,
        pets=FEED,
        fish="intents: {feedFish: {sentences: ['feed the fish', 'feed the {pet} fish']}}\nslots: {pet: {values: [cat]}}",
    )


def test_the_same_sentence_may_be_said_in_two_rooms(tmp_path: Path) -> None:
    def pack(name: str, area: str) -> str:
        return f"intents: {{{name}: {{sentences: [bubbles], areas: [{area}], answer: {area}}}}}"

    made = load(tmp_path, one=pack("a", "Kitchen"), two=pack("b", "Lounge"))
    for area, name in (("kitchen", "a"), ("living", "b"), ("bedroom", None)):
        found = made.understand("bubbles", cascade.Context(area))
        assert [intent.name for intent in found] == ([name] if name else [])


def test_what_ships_is_right() -> None:
    names = sorted(file.stem for file in packs.path("home").parent.glob("*.yaml"))
    assert {"home", "media", "lists", "timers", "car", "coffee"} <= set(names)
    for name in names:
        shown = packs.load(packs.path(name))  # not as one that ships: checked as a user's own is
        chosen = tuple(packs.shipped(one) for one in packs.STANDARD if one != name)
        assert cascade.templates.load(household(), "en", (*chosen, shown)).language


@pytest.mark.parametrize(
    "shape", ["intents: {a: {sentences: [%s]}}", "intents: {HassTurnOn: {data: [{sentences: [%s]}]}}"]
)
def test_the_most_ambiguous_template_that_is_taken_is_matched_in_time(tmp_path: Path, shape: str) -> None:
    made = load(tmp_path, most=shape % f"'{'[x] ' * 14}y'")
    began = time.process_time()
    assert all(one.confidence < 1.0 for one in made.understand("x x x x x x x z y", NOWHERE))
    assert time.process_time() - began < 2.0


def test_many_words_for_one_are_not_many_ways(tmp_path: Path) -> None:
    choice = f"({'|'.join(f'word{i}' for i in range(200))}) "
    made = load(tmp_path, wordy=f"intents: {{a: {{sentences: ['{choice * 5}']}}}}")
    assert [one.name for one in made.understand("word1 word2 word3 word4 word199", NOWHERE)] == ["a"]
