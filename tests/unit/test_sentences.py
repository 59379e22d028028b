"""Text made speakable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevoice.tts import sentences


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("**Done** [[x]] `code`", "Done x code"),
        ("lights\x07 on\x00 💡", "lights on"),
        ("Ça va, Müller?", "Ça va, Müller?"),
    ],
)
def test_markup_and_controls(text: str, spoken: str) -> None:
    assert sentences.speakable(text) == spoken


def test_sentences_and_lines_are_parted() -> None:
    text = 'Done. "Really?" Yes!\n- one\n- two 3.5 more'
    assert list(sentences.split(text)) == ["Done.", '"Really?"', "Yes!", "- one", "- two three point five more"]


@given(st.text(max_size=5000))
def test_any_text_is_bounded_and_speakable(text: str) -> None:
    parts = list(sentences.split(text))
    assert all(0 < len(part) <= sentences.LONGEST_SENTENCE for part in parts)
    assert not any(ord(character) < 32 for part in parts for character in part)


def test_words_are_read_as_the_user_writes_them() -> None:
    said = sentences.pronounced("Siobhan's lamp, SIOBHAN and Siobhanna", {"Siobhan": "Shivawn", "C++": "C plus plus"})
    assert said == "Shivawn's lamp, Shivawn and Siobhanna"
    assert sentences.pronounced("C++ now", {"C++": "C plus plus"}) == "C plus plus now"


def test_a_text_without_end_is_cut() -> None:
    assert sum(map(len, sentences.split("word. " * 10_000))) <= sentences.LONGEST_TEXT
