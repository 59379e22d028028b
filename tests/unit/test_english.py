"""Written English as it is read aloud."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevoice.tts import english
from edgevoice.tts.sentences import speakable

READ = """
measures
  It is 21.5 °C. | It is twenty-one point five degrees Celsius.
  It is 21,5 °C. | It is twenty-one point five degrees Celsius.
  1 °C, -1°, 70 °F | one degree Celsius, minus one degree, seventy degrees Fahrenheit
  20-25 °C | twenty to twenty-five degrees Celsius
  about 5 to 10 km | about five to ten kilometers
  40 %, 45%. | forty percent, forty-five percent.
  45% of 1,200 lx | forty-five percent of one thousand two hundred lux
  3 km/h | three kilometers per hour
  1 W, 60W and 1.2 kWh | one watt, sixty watts and one point two kilowatt hours
  1 m³ or 12 µg/m³ | one cubic meter or twelve micrograms per cubic meter
  1 ft, 5 ft | one foot, five feet
  12 h 5 min | twelve hours five minutes
  2700K and a 4K TV | two thousand seven hundred kelvin and a four K TV
  The A team has 3 Ws | The A team has three Ws
numbers
  1,234 people | one thousand two hundred thirty-four people
  1,234.50 | one thousand two hundred thirty-four point five zero
  1000000 | one million
  -5 | minus five
  0.05 | zero point zero five
  2-3 days | two to three days
  3-year-old | three-year-old
  1 + 2 = 3 | one plus two equals three
  5 × 3 | five times three
  1/2, 3/4 full | one half, three quarters full
  2 1/2 cups | two and a half cups
  ½ cup | one half cup
  3:2 | three to two
  the 3rd, 21st, 12th and 30th | the third, twenty-first, twelfth and thirtieth
times
  at 7:30 am | at seven thirty AM
  at 7:30 a.m. today | at seven thirty AM today
  7:00 am, 3pm | seven AM, three PM
  10:05 | ten oh five
  22:30 | twenty-two thirty
  13:00, 0:00, 9:00 | thirteen hundred, midnight, nine o'clock
  1:02:03 | one hour two minutes three seconds
dates
  2026-11-20 | November twentieth, twenty twenty-six
  2026-11-20T07:30 | November twentieth, twenty twenty-six at seven thirty
  20 November 2026 | November twentieth, twenty twenty-six
  Mon, Nov. 23rd | Monday, November twenty-third
  11/20/2026, 25/12/2026 | November twentieth, twenty twenty-six, December twenty-fifth, twenty twenty-six
  in 1999, since 2005, by 1800 | in nineteen ninety-nine, since two thousand five, by eighteen hundred
  I may 5 | I may five
money
  $9.99, $5, €1, £0.05 | nine dollars and ninety-nine cents, five dollars, one euro, five pence
  $1.5 million | one point five million dollars
names and short forms
  Dr. Smith, Elm Dr. | doctor Smith, Elm Drive
  12 Elm St., St. John's | twelve Elm Street, Saint John's
  e.g. this, etc. | for example this, et cetera
  No. 5 is #3. No. | number five is number three. No.
  A & B | A and B
  ID A4B2 | ID A-four B two
  ID 4711, code is 0815 | ID four seven one one, code is zero eight one five
  007 | zero zero seven
  555-1234 | five five five one two three four
  CO2, PM2.5, MP3, 5G | C O two, P M two point five, M P three, five G
  Zigbee2MQTT, TV_2 | Zigbee two M Q T T, TV two
  192.168.1.10 | one nine two dot one six eight dot one dot ten
  v1.2.3 | version one dot two dot three
  Sensor 12 | Sensor twelve
  note: this | note: this
"""
ROWS = [tuple(line.strip().split(" | ")) for line in READ.splitlines() if " | " in line]


@pytest.mark.parametrize(("written", "read"), ROWS)
def test_what_is_written_is_read(written: str, read: str) -> None:
    assert speakable(written) == read


def test_the_table_is_whole() -> None:
    assert len(ROWS) > 50
    assert not [read for _, read in ROWS if re.search(r"\d", read)]


@pytest.mark.parametrize("text", ["请打开 5 盏灯, 21.5°C", "现在 7:30"])
def test_chinese_goes_through_untouched(text: str) -> None:
    assert speakable(text) == text


def test_a_voice_of_another_language_reads_figures_itself() -> None:
    assert speakable("Es sind 21,5 °C um 7:30", is_english=False) == "Es sind 21,5 °C um 7:30"


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "first"), (2, "second"), (9, "ninth"), (12, "twelfth"), (20, "twentieth"), (101, "one hundred first")],
)
def test_ordinals(number: int, said: str) -> None:
    assert english.ordinal(number) == said


@given(st.text(alphabet="0123456789.,:/- $%°CkmhNovDr.stA", max_size=80))
def test_no_figure_is_left_unread(text: str) -> None:
    assert not re.search(r"\d", speakable(text))


@pytest.mark.parametrize("piece", ["1,", "1 ", "a1", "1-", "1/", "1:", "Nov ", "1,234,567,", "$1 ", "1."])
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    speakable(piece * (2000 // len(piece)))
    assert time.process_time() - began < 0.5
