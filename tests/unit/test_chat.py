"""Free talk: sentences as they come, no more than two, nothing that was not done."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence

import pytest

from edgevoice.skills import chat
from edgevoice.stages import ChatMessage


class Talks:
    """Says its pieces one by one, and keeps how far it came and what it was asked."""

    def __init__(self, *pieces: str) -> None:
        self.pieces = pieces
        self.said = 0
        self.asked: list[Sequence[ChatMessage]] = []

    def generate(
        self, messages: Sequence[ChatMessage], max_tokens: int, cancel: threading.Event, grammar: str = ""
    ) -> Iterator[str]:
        self.asked.append(messages)
        assert 0 < max_tokens <= chat.MAX_TOKENS
        for piece in self.pieces:
            self.said += 1
            yield piece

    def warm(self, messages: Sequence[ChatMessage]) -> None: ...


def told(said: Iterable[str]) -> list[str]:
    return list(filter(None, said))


def answer(*pieces: str, text: str = "why is the sky blue") -> list[str]:
    return told(chat.chat(Talks(*pieces), text, threading.Event()))


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["One. Two. Three."], ["One.", "Two.", "Three."]),
        (["It is 3", ".", "5 m. He", "re we", " are"], ["It is 3.5 m. Here we are"]),
        (["Dr. No met Mr. Bond, e.g. in the U.S. once! Good"], ["Dr. No met Mr. Bond, e.g. in the U.S. once!"]),
        (["Really?! Yes… maybe."], ["Really?!", "Yes…", "maybe."]),
        (['He said "go." Then he went.'], ['He said "go."', "Then he went."]),
        (["It costs $1. 4 million. Too much."], ["It costs $1.4 million.", "Too much."]),
        (["Born in 1999. Died later."], ["Born in 1999.", "Died later."]),
        (["**Bold** and\n- a list\n"], ["Bold and", "a list"]),
        (["no end at all"], ["no end at all"]),
        (["An end. And a cut off"], ["An end."]),
        (["\n\n  \n"], []),
        ([], []),
    ],
)
def test_sentences(pieces: list[str], expected: list[str]) -> None:
    assert told(chat.sentences(pieces)) == expected
    letters = [letter for piece in pieces for letter in piece]
    assert told(chat.sentences(letters)) == expected


def test_a_sentence_is_handed_on_before_the_next_one_is_written() -> None:
    llm = Talks("Light scatters.", " Blue", " most", " of all.", " And", " so on.")
    heard = chat.chat(llm, "why is the sky blue", threading.Event())
    assert next(filter(None, heard)) == "Light scatters."
    assert llm.said == 2


def test_the_model_is_stopped_after_two_sentences() -> None:
    llm = Talks("One.", " Two.", " Three.", " Four.")
    assert told(chat.chat(llm, "count", threading.Event())) == ["One.", "Two."]
    assert llm.said == 3


@pytest.mark.parametrize(
    "claim",
    [
        "I've turned off the lights.",
        "I have already locked the door.",
        "I'll set a timer for you.",
        "I will open the garage.",
        "I am switching on the heater.",
        "I just dimmed it.",
        "I booked a table.",
        "Sure, the door has been unlocked.",
        "The lights are now turned off.",
    ],
)
def test_a_deed_that_was_not_done_is_not_claimed(claim: str) -> None:
    assert answer(claim, " Enjoy your evening.") == [chat.NOTHING_DONE]


@pytest.mark.parametrize("harmless", ["The door was locked by Houdini.", "I like open fires.", "I don't know that."])
def test_harmless_sentences_pass(harmless: str) -> None:
    assert answer(harmless) == [harmless]


@pytest.mark.parametrize(
    "text",
    [
        "what's the weather like",
        "will it rain in Paris",
        "is it cold outside",
        "read me the headlines",
        "what is the stock price of IBM",
        "how's the traffic",
        "who won the game",
        "do I need an umbrella",
        "who is the president of France right now",
        "who's the fastest runner",
        "what is the latest phone",
        "what happened in the world today",
        "how much does a litre of milk cost",
        "when does the next train to London leave",
        "what time does the supermarket close",
        "is the pharmacy on Main Street open",
        "what is the phone number of the town hall",
        "recommend a restaurant nearby",
        "what's on tv tonight",
        "what's the time in Tokyo",
        "tell me who won the world cup this year",
        "is there a strike at the airport",
        "how is the economy doing",
        "what's in the fridge",
        "how much is a ticket to Berlin",
    ],
)
def test_what_only_the_internet_knows_is_not_asked_of_the_model(text: str) -> None:
    llm = Talks("It is sunny.")
    (said,) = chat.chat(llm, text, threading.Event())
    assert "offline" in said
    assert not llm.asked


@pytest.mark.parametrize(
    "text",
    [
        "what is my sister's name",
        "how old am I",
        "when is our wedding day",
        "what did I eat",
        "did we ever visit Rome",
        "do you know where I left my keys",
    ],
)
def test_what_nobody_told_a_model_is_not_asked_of_it(text: str) -> None:
    llm = Talks("You are 25 years old.")
    assert told(chat.chat(llm, text, threading.Event())) == [chat.UNKNOWN]
    assert not llm.asked


@pytest.mark.parametrize(
    "text",
    [
        "why does rain fall",
        "what is a newspaper",
        "tell me a joke about gold",
        "what should I cook with two eggs",
        "how do I boil an egg",
        "what is the currency of Japan",
        "what is the next prime number after seven",
        "who was the last emperor of China",
        "who was the first president of the United States",
        "what is an electric current",
        "how far away is the moon",
        "tell me a story now",
        "why do we dream",
        "what language do they speak in Brazil",
        "how many legs does a spider have",
        "is the earth round",
    ],
)
def test_what_sounds_alike_is_asked(text: str) -> None:
    assert answer("Because.", text=text) == ["Because."]


def test_no_answer_is_admitted() -> None:
    assert answer() == [chat.UNKNOWN]
    assert answer(" \n") == [chat.UNKNOWN]


def test_nothing_is_said_after_cancel() -> None:
    cancel = threading.Event()
    heard = chat.chat(Talks("One.", " Two.", " Three."), "count", cancel)
    assert next(filter(None, heard)) == "One."
    cancel.set()
    assert list(heard) == []
    assert told(chat.chat(Talks(), "count", cancel)) == []


def test_the_prompt_is_the_prefix_a_little_history_and_the_words() -> None:
    llm = Talks("Yes.")
    history = [ChatMessage("user", str(number)) for number in range(10)]
    told(chat.chat(llm, "really", threading.Event(), history))
    assert llm.asked == [[*chat.prefix(), *history[-chat.MAX_HISTORY :], ChatMessage("user", "really")]]


LONG = (
    "Light from the sun is made of all the colors, and the small ones of its waves bounce off the air far more often "
    "than the long ones. That is all."
)


def test_a_long_first_sentence_is_begun_at_its_first_clause() -> None:
    letters = list(LONG)
    llm = Talks(*letters)
    said = chat.chat(llm, "why is the sky blue", threading.Event())
    assert next(filter(None, said)) == "Light from the sun is made of all the colors,"
    assert llm.said < 75
    assert "".join(f" {part}" for part in said if part).strip() == LONG.partition("colors, ")[2]
    assert told(chat.sentences(letters)) == answer(*letters)


@pytest.mark.parametrize("text", ["No, it is not as far as that.", "It is red, green, blue, or none of these at all."])
def test_a_short_sentence_is_whole(text: str) -> None:
    assert answer(*text) == [text]


def test_a_clause_is_no_sentence_of_the_two_and_is_not_left_alone() -> None:
    assert answer(*LONG, *" And this is too much.")[-1] == "That is all."
    cut = "Light from the sun is made of all the colors, and the small ones of its waves bounce off the"
    assert " ".join(answer(*cut)) == cut


def test_a_claim_that_begins_after_a_clause_is_not_made() -> None:
    said = "With the greatest pleasure of them all, my dear friend, I have turned off all of the lights for you."
    assert answer(*said)[-1] == chat.NOTHING_DONE


def test_fewer_sentences_can_be_asked_for() -> None:
    assert told(chat.chat(Talks(*LONG), "why is the sky blue", threading.Event(), (), 1))[-1].endswith("long ones.")
