"""Numbers in digits and in words."""

from __future__ import annotations

import re

from hassil.numbers import get_rbnf_engine

_DIGITS = re.compile(r"\d{1,4}")
_NO_WORD = re.compile(r"[^\w' ]+")


def words(digits: str, language: str = "en") -> str:
    """`21` as `twenty one`; the digits where the language's numbers are not known."""
    try:
        return str(get_rbnf_engine(language).format_number(int(digits)).text).replace("-", " ")
    except ValueError:
        return digits


def spell(text: str, language: str = "en") -> str:
    """Lower case, without punctuation, numbers as words: `12-ounce` is `twelve ounce`."""
    plain = _NO_WORD.sub(" ", text.casefold().replace("’", "'"))
    return " ".join(_DIGITS.sub(lambda found: f" {words(found[0], language)} ", plain).split())
