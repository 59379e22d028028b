"""Sums, units, dates and the clock: exact, and without a language model."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction

import pytest
from household import household
from hypothesis import given
from hypothesis import strategies as st

from edgevoice.nlu.numbers import words
from edgevoice.skills.asks import ask, dates, numerals
from edgevoice.skills.asks.wording import Moment

NOW = datetime(2026, 3, 1, 15, 4)  # a Sunday


def told(text: str) -> str | None:
    found = ask.answer(household(), text, Moment(0.0, NOW))
    return found.reply if found else None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("What is 15 percent of 80?", "12."),
        ("what's fifteen percent of eighty", "12."),
        ("what is two plus three times four", "14."),
        ("what is (2 + 3) * 4", "20."),
        ("how much is one hundred and twenty five divided by five", "25."),
        ("what is the square root of 144", "12."),
        ("what is the square root of two", "About 1.4142."),
        ("two to the power of ten", "1024."),
        ("what is 0.1 plus 0.2", "0.3."),
        ("what is ten divided by three", "About 3.3333."),
        ("what is three quarters of 80", "60."),
        ("three and a half times two", "7."),
        ("what is one hundred minus two hundred", "Minus 100."),
        ("what is 700,000 divided by two", "350,000."),
        ("what is 5 divided by zero", "Nothing can be divided by zero."),
        ("what is nine to the power of nine hundred", "That number is too large for me."),
        ("what is nine to the power of nine to the power of nine", "That number is too large for me."),
        ("how many millilitres are in two cups", "About 473 millilitres."),
        ("70 Fahrenheit in Celsius", "About 21.1 degrees Celsius."),
        ("what is 20°C in fahrenheit", "68 degrees Fahrenheit."),
        ("minus forty fahrenheit in celsius", "Minus 40 degrees Celsius."),
        ("5 feet 11 inches in centimetres", "180.34 centimetres."),
        ("how many ounces in a pound", "16 ounces."),
        ("how many minutes are there in two and a half hours", "150 minutes."),
        ("convert 5 miles to kilometres", "About 8.05 kilometres."),
        ("what is 3 kilos in metres", None),
        ("what is five", None),
        ("five", None),
        ("__import__('os').system('true')", None),
        ("((((((((((((1 + 1))))))))))))", None),
    ],
)
def test_sums_and_units(text: str, said: str | None) -> None:
    assert told(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("what day is it", "Sunday, March 1st."),
        ("what day is it tomorrow?", "Tomorrow is Monday, March 2nd."),
        ("what's tomorrow's date", "Tomorrow is Monday, March 2nd."),
        ("how many days until Christmas", "299 days, Friday, December 25th."),
        ("how many weeks till the third of april", "4 weeks and 5 days, Friday, April 3rd."),
        ("how many days since new year", "59 days."),
        ("how long until 6 pm", "2 hours and 56 minutes."),
        ("when is easter", "Easter is Sunday, April 5th."),
        ("what date is it in ten days", "In ten days is Wednesday, March 11th."),
        ("what month is it", "March."),
        ("when is the next train", None),
        ("what day is the meeting", None),
    ],
)
def test_the_calendar(text: str, said: str | None) -> None:
    assert told(text) == said


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("7 pm", (1, 19, 0)),
        ("half past seven", (1, 19, 30)),
        ("quarter to eight in the evening", (1, 19, 45)),
        ("seven thirty a.m.", (2, 7, 30)),
        ("noon", (2, 12, 0)),
        ("19:30", (1, 19, 30)),
        ("7 o'clock", (1, 19, 0)),
        ("tomorrow at seven", (2, 7, 0)),
        ("friday at 6 pm", (6, 18, 0)),
        ("8 tonight", (1, 20, 0)),
        ("ten oh five pm", (1, 22, 5)),
        ("25:00", None),
        ("thirteen pm", None),
        ("the dog", None),
    ],
)
def test_times_of_day(text: str, at: tuple[int, int, int] | None) -> None:
    day = at and datetime(2026, 3, *at)
    assert dates.moment(text, NOW) == day


@pytest.mark.parametrize(
    ("year", "easter", "thanksgiving"),
    [(2024, (3, 31), (11, 28)), (2025, (4, 20), (11, 27)), (2026, (4, 5), (11, 26)), (2038, (4, 25), (11, 25))],
)
def test_moving_feasts(year: int, easter: tuple[int, int], thanksgiving: tuple[int, int]) -> None:
    assert dates.easter(year) == date(year, *easter)
    assert dates.thanksgiving(year) == date(year, *thanksgiving)


@given(st.integers(0, 999_999))
def test_a_number_in_words_is_read_as_it_is(number: int) -> None:
    assert numerals.read(words(str(number)).split()) == (Fraction(number), len(words(str(number)).split()))


@given(st.integers(-9999, 9999), st.sampled_from(["plus", "minus", "times"]), st.integers(0, 9999))
def test_sums_agree_with_python(one: int, sign: str, other: int) -> None:
    value = {"plus": one + other, "minus": one - other, "times": one * other}[sign]
    said = told(f"what is {str(one).replace('-', 'minus ')} {sign} {other}")
    assert said is not None
    assert int(said.rstrip(".").replace(",", "").replace("Minus ", "-")) == value


@given(st.text(max_size=300))
def test_any_text_is_answered_or_left(text: str) -> None:
    answer = told(text)
    assert answer is None or answer
