"""Written English as it is read aloud."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevoice.tts import numbers, units
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
  −3.5 °C, –4 °C, - 5, -5 to -3 °C | minus three point five degrees Celsius, minus four degrees Celsius, minus five, minus five to minus three degrees Celsius
  +3 °C, ±0.5, 20 ± 2 °C | plus three degrees Celsius, plus or minus zero point five, twenty plus or minus two degrees Celsius
  18 °C - 21 °C, 40%–50% | eighteen degrees Celsius to twenty-one degrees Celsius, forty percent to fifty percent
  21.5C, 70F, 23 degrees C | twenty-one point five degrees Celsius, seventy degrees Fahrenheit, twenty-three degrees Celsius
  <5 min, > 5 W, ≥ 20, ≤10%, ~5 min | under five minutes, over five watts, at least twenty, at most ten percent, about five minutes
  3000 mAh, 500 VA, -60 dBm | three thousand milliampere hours, five hundred volt amperes, minus sixty D B M
  5 W/m², 3 Bq/m³, 12 L/h | five watts per square meter, three becquerels per cubic meter, twelve liters per hour
  100 Mbps, 1 GiB | one hundred megabits per second, one gibibyte
  2 wk, 1 yr, 6′ 2″, 32" TV | two weeks, one year, six feet two inches, thirty-two inches TV
  in °C or kWh, not in the IV | in degrees Celsius or kilowatt hours, not in the IV
  29.9 inHg, 3 ft² | twenty-nine point nine inches of mercury, three square feet
  Room 1A, Room 12C, 16A | Room one A, Room twelve C, sixteen amperes
  It took 200 ms. Then | It took two hundred milliseconds. Then
  5 in the hall, 3 A/C units | five in the hall, three A/C units
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
  ½ cup, 1½ cups, 2¾ | one half cup, one and a half cups, two and three quarters
  5², 2^8, 10⁻³, 1.5e-3 | five squared, two to the power of eight, ten to the power of minus three, one point five times ten to the power of minus three
  1 000 000, 1'000, 1.234,56 | one million, one thousand, one thousand two hundred thirty-four point five six
  1,2,3 and 255,0,0 | one, two, three and two hundred fifty-five, zero, zero
  .5, 1.5x | zero point five, one point five x
  5k, 10K steps | five thousand, ten thousand steps
  24/7, 5/5, 10 / 2 | twenty-four seven, five over five, ten divided by two
  2*3, 3x4 | two times three, three times four
  100-150, 2020-2025 | one hundred to one hundred fifty, twenty twenty to twenty twenty-five
  3:2 | three to two
  the 3rd, 21st, 12th and 30th | the third, twenty-first, twelfth and thirtieth
  the 1st of May 1999 | May first, nineteen ninety-nine
times
  at 7:30 am | at seven thirty AM
  at 7:30 a.m. today | at seven thirty AM today
  7:00 am, 3pm | seven AM, three PM
  10:05 | ten oh five
  22:30 | twenty-two thirty
  13:00, 0:00, 9:00 | thirteen hundred, midnight, nine o'clock
  1:02:03 | one hour two minutes three seconds
  7:30-8:15, 9am-5pm | seven thirty to eight fifteen, nine AM to five PM
  Mon–Fri 9:00–17:00 | Monday to Friday nine o'clock to seventeen hundred
  7.30 pm, 00:05 | seven thirty PM, twelve oh five AM
dates
  2026-11-20 | November twentieth, twenty twenty-six
  2026-11-20T07:30 | November twentieth, twenty twenty-six at seven thirty
  20 November 2026 | November twentieth, twenty twenty-six
  Mon, Nov. 23rd | Monday, November twenty-third
  11/20/2026, 25/12/2026 | November twentieth, twenty twenty-six, December twenty-fifth, twenty twenty-six
  2026-11-20T15:04:05Z | November twentieth, twenty twenty-six at fifteen oh four UTC
  20.11.2026 | November twentieth, twenty twenty-six
  Sat & Sun, the sun, Thu | Saturday and Sunday, the sun, Thursday
  the 1990s, the 90s, '80s | the nineteen nineties, the nineties, eighties
  in 1999, since 2005, by 1800 | in nineteen ninety-nine, since two thousand five, by eighteen hundred
  I may 5 | I may five
money
  $9.99, $5, €1, £0.05 | nine dollars and ninety-nine cents, five dollars, one euro, five pence
  $1.5 million, $5k, €2.5bn | one point five million dollars, five thousand dollars, two point five billion euros
  3,50 €, 5 €, 20 EUR, US$1 | three euros and fifty cents, five euros, twenty euros, one dollar
  0.30 €/kWh, 12.5 ct/kWh | thirty cents per kilowatt hour, twelve point five cents per kilowatt hour
  -€5, $-5, ₹500 | minus five euros, minus five dollars, five hundred rupees
names and short forms
  Dr. Smith, Elm Dr. | doctor Smith, Elm Drive
  12 Elm St., St. John's | twelve Elm Street, Saint John's
  e.g. this, etc. | for example this, et cetera
  No. 5 is #3. No. | number five is number three. No.
  A & B | A and B
  ID A4B2 | ID A-four B two
  ID 4711, code is 0815 | ID four seven one one, code is zero eight one five
  007 | zero zero seven
  555-1234, +49 30 12345 | five five five, one two three four, plus four nine, three zero, one two three four five
  (030) 123 45 67 | zero three zero, one two three, four five, six seven
  1-800-555-0199 | one, eight zero zero, five five five, zero one nine nine
  CO2, PM2.5, MP3, 5G | C O two, P M two point five, M P three, five G
  Zigbee2MQTT, TV_2 | Zigbee two M Q T T, TV two
  192.168.1.10 | one nine two dot one six eight dot one dot ten
  192.168.1.5:8123 | one nine two dot one six eight dot one dot five port eight one two three
  v1.2.3, v2.0, 2026.11.1 | version one dot two dot three, version two dot zero, twenty twenty-six dot eleven dot one
  see https://example.com/a?b=1 | see example dot com slash a
  bob.smith@example.com | bob dot smith at example dot com
  Dr Müller, Ms. Ólafs | doctor Müller, miz Ólafs
  J. Smith, U.K. time, the U.S. | J Smith, U K time, the U S.
  World War II, p. 5, pp. 5-7 | World War two, page five, pages five to seven
  5️⃣ lamps 😀👍🏽, Hue™ | five lamps, Hue
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
    assert numbers.ordinal(number) == said


@given(st.text(alphabet="0123456789.,:/- $€%°CkmhNovDr.stAµ³½−–±^()\"'xKMWp@#&+", max_size=80))
def test_no_figure_is_left_unread(text: str) -> None:
    assert not re.search(r"\d", speakable(text))


@given(st.text(max_size=80))
def test_any_text_can_be_said(text: str) -> None:
    said = speakable(text)
    assert said == " ".join(said.split())


@given(
    st.integers(0, 999_999),
    st.integers(0, 99),
    st.sampled_from(["", "-", "−"]),
    st.sampled_from(["", " "]),
    st.sampled_from(sorted(units.NAMES)),
    st.sampled_from(["{}.", "It is {} now", "({})", "{}, and more", "about {}"]),
)
def test_a_measure_keeps_its_sign_its_number_and_its_unit(
    whole: int, part: int, sign: str, gap: str, unit: str, sentence: str
) -> None:
    if unit in ("K", "C", "F", "″", "′") and not gap:  # 5K is five thousand
        gap = " "
    spoken = speakable(sentence.format(f"{sign}{whole}{f'.{part}' if part else ''}{gap}{unit}"))
    said = f"{'minus ' if sign else ''}{numbers.number(f'{whole}.{part}' if part else str(whole))} "
    assert said + units.said(unit, None, (whole, part) == (1, 0)) in spoken


@pytest.mark.parametrize("piece", ["1,", "1 ", "a1", "1-", "1/", "1:", "Nov ", "1,234,567,", "$1 ", "1."])
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    speakable(piece * (2000 // len(piece)))
    assert time.process_time() - began < 0.5
