"""What is said of a list that was spoken of: "and bread", "take the eggs off again", "is milk on it?". English only."""

from __future__ import annotations

import re

from edgevoice.home.model import Device
from edgevoice.messages import Intent
from edgevoice.skills.asks import wording

_ADD = re.compile(
    r"(?P<lead>(?:(?:and|also|plus|add|put|we need|i need|as well as|oh|then)(?: |$))+)(?P<items>.+?)(?: (?:too|as well|also|to it|on it|on there|please|to the list|on the list))*"
)
_INSTEAD = re.compile(
    r"(?:no|not that|sorry|i mean|i meant|actually|rather)(?: (?:no|sorry|i mean|i meant|rather))* (?P<items>.+?)(?: instead)?"
)
_REMOVE = tuple(
    map(
        re.compile,
        (
            r"(?:and )?(?:take|cross|strike|get) (?:off )?(?:the )?(?P<items>.+?)(?: (?:off|out|away))?(?: (?:of it|from it|it|again|the list|of there))*",
            r"(?:and )?(?:remove|delete|drop|scratch|tick off|check off|cross off) (?:the )?(?P<items>.+?)(?: (?:from it|from the list|off it|again))*",
            r"(?:the |i have |i got |we have |we got )?(?P<items>.+?) (?:is|are) (?:done|bought|off|there already)",
            r"(?:i|we)(?:'ve)?(?: (?:have|got|bought))+(?: the)? (?P<items>.+)",
        ),
    )
)
_READ = re.compile(
    r"(?:and )?(?:read (?:me )?{it}(?: out| back)?|what is on {it}|what (?:have|do) (?:i|we) (?:got|have) on {it}|what do(?:es)? (?:it|we) (?:say|have|need))(?: (?:to me|again|now|so far))*".replace(
        "{it}", r"(?:it|them|there|(?:that|this|the)(?: (?:whole )?list)?)"
    )
)
_COUNT = re.compile(r"how many (?:things|items) (?:are|is) (?:there )?(?:now )?(?:on (?:it|there|that))?")
_MANY_ADDED = re.compile(
    r"(?P<verb>(?:(?:please|can you|could you) )*(?:add|put)) (?P<items>.+?) (?P<to>(?:to|on|onto|in) (?:my|the|our) .*?list)[ .!?]*",
    re.IGNORECASE,
)
_HAS = re.compile(r"(?:is|are) (?:there )?(?:any |the )?(?P<items>.+?) (?:already )?(?:on|in) (?:it|there|that)")
_PAIRS = re.compile(
    r"\b(salt|mac|macaroni|fish|ham|peanut butter|bread|surf|rum|gin|oil|half) and (pepper|cheese|chips|eggs|jelly|butter|turf|coke|tonic|vinegar|half)\b"
)


def question(text: str, about: Device) -> str | None:
    """What is asked about the list, in full."""
    plain = wording.plain(text)
    name = about.name if about.name.casefold().endswith("list") else f"{about.name} list"
    if _READ.fullmatch(plain) or re.fullmatch(r"read it.*", plain):
        return f"what is on the {name}"
    if _COUNT.fullmatch(plain):
        return f"how many things are on the {name}"
    found = _HAS.fullmatch(plain)
    return f"is {found['items']} on the {name}" if found else None


def changed(text: str, about: Device, held: tuple[str, ...]) -> tuple[Intent, ...]:
    """What is taken off; `held` are the things on it. Empty where nothing is."""
    plain = wording.plain(text)
    known = {item.casefold() for item in held}
    for pattern in _REMOVE:
        found = pattern.fullmatch(plain)
        items = things(found["items"]) if found else ()
        on_it = [_standing(item, known) for item in items]
        if on_it and all(on_it):
            return tuple(_intent("HassListRemoveItem", item, about, text) for item in on_it)
    return ()


def _standing(item: str, known: set[str]) -> str:
    """The thing on the list that is meant: `rice` is `a bag of rice` where there is no other; empty: none."""
    alike = [one for one in known if one.endswith(f" {item}")]
    return item if item in known else alike[0] if len(alike) == 1 else ""


def several(text: str) -> tuple[str, ...]:
    """A sentence that puts several things on a list, as one for each; empty for any other."""
    found = _MANY_ADDED.fullmatch(text.strip())
    items = things(found["items"]) if found else ()
    return tuple(f"add {item} {found['to']}" for item in items) if found and len(items) > 1 else ()


def added(text: str, about: Device) -> tuple[tuple[Intent, ...], bool]:
    """What is put on it, and whether that is instead of what was put on it last."""
    plain = " ".join(re.sub(r"[^\w' -]+", " ", text.casefold().replace("’", "'")).split())
    for pattern, is_instead in ((_INSTEAD, True), (_ADD, False)):
        found = pattern.fullmatch(plain)
        if found and len(found["items"].split()) <= 8:
            return tuple(_intent("HassListAddItem", item, about, text) for item in things(found["items"])), is_instead
    return (), False


def things(text: str) -> tuple[str, ...]:
    """`eggs, milk and butter` as three; what belongs together stays so."""
    kept = _PAIRS.sub(lambda found: found[0].replace(" and ", "\0"), text)
    parts = (
        re.sub(r"^(?:and|some|also|the) ", "", part.strip()).replace("\0", " and ")
        for part in re.split(r",| and | plus ", kept)
    )
    return tuple(part for part in parts if part)


def _intent(name: str, item: str, about: Device, text: str) -> Intent:
    return Intent(name, {"item": item, "name": about.name}, source="dialogue", text=text, targets=(about.id,))
