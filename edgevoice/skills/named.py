"""A change that is said of a named thing, read as it would be of "it": "turn the heating up two degrees in our bedroom"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from edgevoice.dialogue import changes, followup, levels, nouns
from edgevoice.dialogue.changes import Change
from edgevoice.dialogue.followup import Meant
from edgevoice.dialogue.state import Focus
from edgevoice.home.model import Device, Home
from edgevoice.nlu import evidence, repair
from edgevoice.nlu.numbers import amount
from edgevoice.skills.asks import wording

_DETERMINERS = frozenset({"the", "my", "our", "this", "that", "these", "those", "all", "both"})
_NO_NOUNS = frozenset(
    {"and", "also", "plus", "degree", "degrees", "percent", "bit", "little", "it", "them", "to", "by"}
)
_VERBS = frozenset(
    {"make", "turn", "set", "put", "bring", "crank", "dim", "raise", "lower", "increase", "reduce", "decrease"}
)
RELATIVE = frozenset({"step", "times"})
ANY = RELATIVE | {"set", "switch"}
_POINTING = re.compile(r"^(?:this|that|these|those|my|our)\b")
_LONGEST = 5
"""Words in a name."""
_MOST = 100
"""Characters in such a sentence."""
_LEADS = _VERBS | changes.SWITCHES.keys()
Find = Callable[[str], tuple[Device, ...]]


def meant(
    home: Home, text: str, focus: Focus | None, mic_area: str | None, find: Find, kinds: frozenset[str] = RELATIVE
) -> Meant | None:
    """What a change of one of the `kinds` comes to for the things that `text` names; None where it is none.

    `find` gives the devices that a name with its place means.
    """
    said = followup.plain(text) if len(text) <= _MOST and not _is_none(text) else ""
    place, rest = wording.place(home, said, mic_area)
    where = "" if place.said in ("", "here") else f" {place.said}"
    for name, change in _readings(rest.split(), kinds):
        devices = _heard(home, find(f"{_POINTING.sub('the', name)}{where}"))
        if found := levels.intents(home, devices, change, "", 0, text):
            return Meant(found, change=change)
    bare = _change(rest.split(), RELATIVE) if where and focus else None
    if bare is None or focus is None:
        return None
    spoken_of = tuple(home.devices[one] for one in focus.devices if one in home.devices)
    devices = nouns.meant(home, where.removeprefix(" in "), spoken_of, lambda one: bool(one.capabilities), spoken_of)
    found = levels.intents(home, devices, bare, focus.capability, focus.direction, text)
    return Meant(found, goes_on=True, change=bare) if found else None


def _is_none(text: str) -> bool:
    return evidence.read(text).is_question or repair.contradicts(text)


def _readings(words: Sequence[str], kinds: frozenset[str]) -> Iterator[tuple[str, Change]]:
    """Each name that could stand where "it" could, the shortest first, with the change that is left."""
    begins = [at for at, word in enumerate(words) if word in _DETERMINERS or at == 0 or words[at - 1] in _LEADS]
    for begin in begins:
        for end in range(begin + 1, min(len(words), begin + _LONGEST) + 1):
            if words[end - 1] in _DETERMINERS or (end == begin + 1 and words[begin] in _LEADS):
                continue
            if words[end - 1] in _NO_NOUNS or amount(words[end - 1 : end], 0) is not None:
                continue
            left = [*words[:begin], "it", *words[end:]]
            if (change := _change(left, kinds)) is not None:
                yield " ".join(words[begin:end]), change
            elif begin and changes.read(left) is not None:
                return  # "dim the lamp to thirty" says where to


def _heard(home: Home, devices: tuple[Device, ...]) -> tuple[Device, ...]:
    """Of several players, those that can be heard."""
    playing = [one for one in devices if one.domain == "media_player" and home.state(one.id).value in ("playing", "on")]
    return tuple(one for one in devices if one.domain != "media_player" or one in playing) if playing else devices


def _change(words: Sequence[str], kinds: frozenset[str]) -> Change | None:
    change = changes.read(words)
    if change is None or (change.how not in kinds and not (change.how == "set" and change.size == 0)):
        return None
    return change
