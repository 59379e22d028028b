"""Numbers and people's names, taken out of words that leave the process.

It knows digits, number words, addresses of mail, the people of the home, and who is called or names himself. A name
that nothing tells to be one stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from edgevoice.home.model import Home

MASK = "#"
_ONES = "zero|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million"
_SURE = rf"(?:{_ONES}|{_TENS})"
_ANY = rf"(?:{_SURE}|one|oh|double)"
_NUMBERS = re.compile(
    # "one" alone is seldom a number: it is one beside others.
    rf"\b{_ANY}(?:(?:[ ,-]+|[ ,-]+and ){_ANY})+\b|\b{_SURE}\b|[\d]+(?:[.,: /-]*\d+)*|[零〇一二两三四五六七八九十百千万]{{2,}}",
    re.IGNORECASE,
)
_MAIL = re.compile(r"\S+@\S+")
_CALLED = re.compile(
    r"\b((?:call|phone|ring|text|email|mail) (?!it\b|me\b|back\b|the\b|a\b|that\b)|my name is |i am called |i'm called )"
    r"([^\W\d]\w*(?: (?-i:[A-Z])\w+)?)",
    re.IGNORECASE,
)


def people(home: Home) -> tuple[str, ...]:
    """The names and aliases of the people of a home, and each of their words."""
    names = [name for one in home.devices.values() if one.domain == "person" for name in (one.name, *one.aliases)]
    return tuple(dict.fromkeys(part for name in names for part in (name, *name.split()) if len(part) > 1))


def mask(text: str, names: Iterable[str] = ()) -> str:
    """`text` with `#` for each number and name."""
    text = _MAIL.sub(MASK, text)
    known = sorted(names, key=len, reverse=True)
    if known:
        text = re.sub(rf"\b(?:{'|'.join(map(re.escape, known))})\b", MASK, text, flags=re.IGNORECASE)
    text = _CALLED.sub(rf"\1{MASK}", text)
    return _NUMBERS.sub(MASK, text)


def mask_slots(slots: Mapping[str, Any], names: Iterable[str] = ()) -> dict[str, Any]:
    """The same for the slots of an intent: a number is `#`."""
    return {name: _masked(value, tuple(names)) for name, value in slots.items()}


def _masked(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return mask(value, names)
    if isinstance(value, (list, tuple)):
        return [_masked(one, names) for one in value]
    return MASK if isinstance(value, (int, float)) and not isinstance(value, bool) else value
