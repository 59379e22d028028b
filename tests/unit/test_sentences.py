"""Text made speakable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevoice.tts import sentences


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("It is 21,5 °C.", "It is 21.5 degrees Celsius."),
        ("1 °C, -1°, 70 °F", "1 degree Celsius, -1 degree, 70 degrees Fahrenheit"),
        ("1 W, 60W and 1.2 kWh", "1 watt, 60 watts and 1.2 kilowatt hours"),
        ("1 m³ or 12 µg/m³", "1 cubic meter or 12 micrograms per cubic meter"),
        ("45% of 1,200 lx", "45 percent of 1,200 lux"),
        ("CO2 is 450 ppm", "C O 2 is 450 parts per million"),
        ("The A team has 3 Ws", "The A team has 3 Ws"),
        ("**Done** [[x]] `code`", "Done x code"),
        ("lights\x07 on\x00 💡", "lights on"),
        ("Ça va, Müller?", "Ça va, Müller?"),
    ],
)
def test_units_markup_and_controls(text: str, spoken: str) -> None:
    assert sentences.speakable(text) == spoken


def test_sentences_and_lines_are_parted() -> None:
    text = 'Done. "Really?" Yes!\n- one\n- two 3.5 more'
    assert list(sentences.split(text)) == ["Done.", '"Really?"', "Yes!", "- one", "- two 3.5 more"]


@given(st.text(max_size=5000))
def test_any_text_is_bounded_and_speakable(text: str) -> None:
    parts = list(sentences.split(text))
    assert all(0 < len(part) <= sentences.LONGEST_SENTENCE for part in parts)
    assert not any(ord(character) < 32 for part in parts for character in part)


def test_a_text_without_end_is_cut() -> None:
    assert sum(map(len, sentences.split("word. " * 10_000))) <= sentences.LONGEST_TEXT
