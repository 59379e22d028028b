"""Numbers as English words."""

from __future__ import annotations

import re
from functools import cache

_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


@cache
def cardinal(number: int) -> str:
    """`twenty-one`; with "and" nowhere, as in American English."""
    from hassil.numbers import get_rbnf_engine

    return str(get_rbnf_engine("en").format_number(number).text)


def ordinal(number: int) -> str:
    """`twenty-first`."""
    head, sign, last = re.split(r"^(.*?)([- ]?)(\w+)$", cardinal(number))[1:4]
    return f"{head}{sign}{_ORDINALS.get(last) or (last[:-1] + 'ieth' if last.endswith('y') else last + 'th')}"


def year(number: int) -> str:
    """`nineteen ninety-nine`, `two thousand five`, `twenty twenty-six`."""
    high, low = divmod(number, 100)
    if not 1100 <= number <= 2099 or 2000 <= number <= 2009:
        return cardinal(number)
    return f"{cardinal(high)} {'hundred' if low == 0 else cardinal(low) if low > 9 else f'oh {cardinal(low)}'}"


def digits(text: str) -> str:
    """Each one alone; letters and signs beside them are left out."""
    return " ".join(cardinal(int(one)) for one in text if one.isdecimal())


def number(written: str) -> str:
    """`1,234.50` as `one thousand two hundred thirty-four point five zero`; what is long or begins with zeros as digits."""
    whole, _, rest = written.replace(",", "").partition(".")
    is_code = (len(whole) > 1 and whole[0] == "0") or ("," not in written and len(whole) > 9) or len(whole) > 15
    said = digits(whole) if is_code else cardinal(int(whole))
    return f"{said} point {digits(rest)}" if rest else said


def decade(year_number: int) -> str:
    """`nineties`, `nineteen nineties`, `two thousands`."""
    said = cardinal(year_number) if year_number < 100 or year_number % 1000 == 0 else year(year_number)
    return said[:-1] + "ies" if said.endswith("y") else f"{said}s"


def counted(name: str, is_one: bool) -> str:
    """`degrees Celsius` of `degree(s) Celsius`, `square feet` of `square foot/feet`."""
    one_word = re.compile(r"(\w+)/(\w+)")
    return one_word.sub(r"\1" if is_one else r"\2", name).replace("(s)", "" if is_one else "s")
