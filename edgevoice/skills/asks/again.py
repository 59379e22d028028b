"""A question asked once more about something else: "and upstairs?", "what about the kitchen?", "and the coldest?"."""

from __future__ import annotations

import re

from edgevoice.home.model import Home
from edgevoice.skills.asks import wording

_LEAD = re.compile(
    r"^(?:(?:and|also|or|but|then|now|so|ok|okay|what about|how about|what is with|what of|how is it|same for) )+(?P<what>.+)$"
)
_WORST = r"warmest|hottest|coldest|coolest|most humid|least humid|driest|dampest|brightest|darkest|dimmest|loudest|quietest|highest|lowest"
_HOWS = frozenset({"of", "from", "times", "plus", "minus", "in", "to", "for", "by", "on"})
_MEASURE = re.compile(r"\b(?:the )?(?P<measure>temperature|humidity)\b")
_HERE = re.compile(r"^(?:in|on|at|for|with) ")


def question(home: Home, last: str, text: str) -> str | None:
    """The `last` question said of what `text` names; None where `text` does not ask again."""
    told = text.casefold().replace("’", "'")
    found = _LEAD.match(" ".join(re.sub(r"[?!.,]", " ", told).split()))
    if found is None or not last:
        return None
    what = re.sub(r" (?:then|too|now|instead|please)$", "", found["what"])
    before = wording.plain(last)
    worst = re.fullmatch(rf"(?:the )?(?P<word>{_WORST})(?: (?:one|room))?", what)
    if worst and re.search(rf"\b(?:{_WORST})\b", before):
        return re.sub(rf"\b(?:{_WORST})\b", worst["word"], before, count=1)
    if (other := _MEASURE.fullmatch(what)) and _MEASURE.search(before):
        return _MEASURE.sub(f"the {other['measure']}", before, count=1)
    return _elsewhere(home, before, what) or _of_another(home, before, what) or _of_that(before, what)


def _of_that(before: str, what: str) -> str | None:
    """ "And of a hundred?", after "what is twelve percent of eighty"."""
    how, _, rest = what.partition(" ")
    head, found, _ = before.rpartition(f" {how} ")
    return f"{head} {what}" if found and rest and how in _HOWS else None


def _elsewhere(home: Home, before: str, what: str) -> str | None:
    place, rest = wording.place(home, what)
    if not place.said or rest:
        return None
    where = (
        what
        if _HERE.match(what) or what in ("upstairs", "downstairs", "outside", "inside", "here")
        else f"in {what if what.startswith('the ') else f'the {what}'}"
    )
    old, left = wording.place(home, before)
    if old.said:
        return f"{left} {where}"
    device = _named(home, before)
    return f"{before} {where}" if device is None else None


def _of_another(home: Home, before: str, what: str) -> str | None:
    old = _named(home, before)
    bare = re.sub(r"^(?:the|my|our) ", "", _HERE.sub("", what))
    devices = wording.called(home, bare)
    if old is None or not devices:
        return None
    return re.sub(rf"\b{re.escape(old)}\b", devices[0].name.casefold(), before, count=1)


def _named(home: Home, text: str) -> str | None:
    """The longest name of a device that stands in a text, as it stands there."""
    names = {name.casefold() for device in home.exposed() for name in (device.name, *device.aliases)}
    return max((name for name in names if re.search(rf"\b{re.escape(name)}\b", text)), key=len, default=None)
