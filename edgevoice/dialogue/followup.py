"""Sentences that lean on the one before: "and in the bedroom?", "a bit more", "no, the other one". English only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edgevoice.dialogue import changes, levels, nouns
from edgevoice.dialogue.changes import Change
from edgevoice.dialogue.state import Focus
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent

_AGAIN = re.compile(
    r"(?:(?:please )?do (?:it|that|the same|this) )?(?:again|once more|one more time|another time)|repeat (?:that|it)|same again"
)
_LEAD = re.compile(
    r"(?P<no>no|nope|nah|sorry|wait|oops|i mean(?:t)?(?: to say)?|not (?:that|this)(?: one)?|actually|rather|instead|wrong(?: one)?|"
    r"(?:i'd|i would|we'd|let's) (?:rather )?(?:have|like|want|prefer|take)(?: to have)?|i (?:want|prefer|wanted))\b ?|"
    r"(?P<on>and|also|plus|what about|how about|(?:do )?(?:exactly )?the same|do that|do it|same)\b ?|"
    r"(?P<only>only|just)\b ?|(?P<not>except(?: for)?|but not|apart from|all but|everything but|not)\b (?=\w)|"
    r"(?:now|then|but|okay|ok|so|well|hmm?|um|uh|er|oh|please|right(?! (?:up|down))|yes|yeah|maybe|ah|hey)\b ?"
)
_TAIL = re.compile(
    r" (?:(?P<on>too|as well|also)|(?P<no>instead|rather)|please|then|now|thanks|thank you|though|one please)$"
)
_INSTEAD = re.compile(r"(?:the )?(?P<old>.+?) (?:but )?(?P<new>(?:the|my) .+)")
_ASKS = re.compile(r"(?:is|are|was|were|do|does|did|what|how|why|when|which|who|has|have you|will)\b")
_CARRIED = re.compile(r"^(?:(?:make|set|change|turn|switch|put) )?(?:(?:it|that|this) )?(?:(?:to|on|at) )?(?:the )?")
_PUTS = frozenset({"set", "put", "make", "turn"})
_MANY = frozenset({"them", "those", "these", "both", "all", "they", "everything"})
_PLACES = frozenset({"name", "area", "floor", "domain", "device_class"})


@dataclass(frozen=True, slots=True)
class Meant:
    """What such a sentence comes to: `intents`, with their targets; or `choices`, one of which `intents` are for.

    What was done last to the devices `back` is to be taken back first. `goes_on`: it adds to what was spoken of.
    """

    intents: tuple[Intent, ...] = ()
    back: tuple[str, ...] = ()
    goes_on: bool = False
    change: Change | None = None
    choices: tuple[Device, ...] = ()
    is_only: bool = False
    """All that was done to the devices `back` is to be taken back, not only what was done last."""


@dataclass(frozen=True, slots=True)
class _Said:
    words: tuple[str, ...]
    flags: frozenset[str]


def plain(text: str) -> str:
    """Lower case, without punctuation and short forms."""
    line = re.sub(r"\b(that|it|they)'(?:s|re)\b", r"\1 is", text.casefold().replace("’", "'"))
    line = re.sub(r"(?<=\d)\s*%", " percent", line)
    line = re.sub(r"\ball (?:two|three|four|five)(?: of)?\b", "all", line)
    return " ".join(re.sub(r"[^\w'.-]+|\.(?!\d)|(?<!\w)-(?!\d)", " ", line).split())


def meant(home: Home, text: str, focus: Focus | None) -> Meant | None:
    """What `text` means after what was spoken of; None where it does not lean on that."""
    if focus is None or not (said := plain(text)):
        return None
    devices = _known(home, focus.devices)
    if _AGAIN.fullmatch(said):
        return _again(home, text, focus, devices)
    if focus.intent is not None and focus.intent.action is not None:
        return None  # a pack says what it is about; it is about nothing else
    split = _split(said)
    change = None
    if split.words and not _ASKS.match(" ".join(split.words)):
        change = (changes.read(said.split()) if said.startswith("not ") else None) or changes.read(split.words)
    if split.words and (option := _option(home, text, " ".join(split.words), devices)):
        return Meant((option,))
    if change is not None:
        about = _known(home, focus.listed) if _MANY & set(split.words) else devices
        found = levels.intents(home, about, change, focus.capability, focus.direction, text)
        if found:
            return Meant(found, change=change)
    if not devices or not split.words:
        return None
    if not split.flags and split.words[0] in _PUTS and focus.capability in levels.LEVELS:
        return _elsewhere(home, text, " ".join(split.words[1:]), focus, devices)
    if not split.flags:
        return None
    if focus.intent is None and not (split.flags - {"on"}):
        return None  # a question is asked again, nothing is done
    phrase = " ".join(split.words)
    if "not" in split.flags:
        return _but_not(home, phrase, focus, devices)
    if "only" in split.flags and (told := _only(home, phrase, focus)):
        return told
    return _of_others(home, text, phrase, focus, devices, split.flags)


def _option(home: Home, text: str, said: str, devices: Sequence[Device]) -> Intent | None:
    """One of the choices of the device that was spoken of: "no, wool"."""
    can = devices[0].capabilities.get("option") if len(devices) == 1 else None
    wanted = _CARRIED.sub("", said)
    chosen = next((one for one in can.choices if one.replace("_", " ").casefold() == wanted), None) if can else None
    if chosen is None:
        return None
    return Intent("HassSelectOption", {"option": chosen}, source="dialogue", text=text, targets=(devices[0].id,))


def _split(said: str) -> _Said:
    """Without the words that say how it leans on what was said before."""
    flags: set[str] = set()
    while found := _LEAD.match(said):
        flags |= {name for name, value in found.groupdict().items() if value}
        said = said[found.end() :]
    while found := _TAIL.search(said):
        flags |= {name for name, value in found.groupdict().items() if value}
        said = said[: found.start()]
    return _Said(tuple(said.split()), frozenset(flags))


def _elsewhere(home: Home, text: str, phrase: str, focus: Focus, devices: Sequence[Device]) -> Meant | None:
    """ "Set the lounge to 21", where temperatures were spoken of."""
    place = re.match(r"(?:the |my |our )?(?P<where>.+?) to .+", phrase)
    if place is None or nouns.places(home, place["where"]) is None:
        return None
    return _of_others(home, text, phrase, focus, devices, ())


def _again(home: Home, text: str, focus: Focus, devices: Sequence[Device]) -> Meant | None:
    change = focus.change or changes.read(_split(plain(focus.text)).words)
    if change is not None and change.how in ("step", "times") and focus.devices:
        found = levels.intents(home, devices, change, focus.capability, focus.direction, text)
        return Meant(found, change=change) if found else None
    return Meant((replace(focus.intent, text=text),)) if focus.intent else None


def _of_others(
    home: Home, text: str, phrase: str, focus: Focus, devices: Sequence[Device], flags: Iterable[str]
) -> Meant | None:
    """The last thing done, or what is said behind the name, of other devices."""
    words = phrase.split()
    listed = _known(home, focus.listed)
    for cut in range(len(words), 0, -1):
        change = changes.read(words[cut:]) if cut < len(words) else None
        if cut < len(words) and (change is None or change.how not in ("set", "switch", "color", "tone")):
            continue
        name = " ".join(words[:cut])
        others = nouns.meant(home, name, devices, _able(focus, devices, change), listed)
        if not others:
            continue
        if change is not None:
            found = levels.intents(home, others, change, focus.capability, focus.direction, text)
        else:
            found = _repeated(home, text, focus, others)
        if not found and "on" in flags and len(others) == 1:  # there is nothing to do: how is it, then?
            slots = {"name": others[0].name}
            state = Intent("HassGetState", slots, source="dialogue", text=text, targets=(others[0].id,), response="one")
            return Meant((state,), goes_on=True)
        if not found:
            continue
        ids = {one.id for one in others}
        back = (
            tuple(one for one in focus.devices if one not in ids)
            if "no" in flags and "on" not in flags and focus.intent
            else ()
        )
        many = len(others) > 1 and not _is_several(home, name)
        return Meant(found, () if many else back, "on" in flags, change or focus.change, others if many else ())
    return None


def _able(focus: Focus, devices: Sequence[Device], change: Change | None) -> nouns.Able:
    """What a device must be able to do for the last thing to be done to it, or what is said now."""
    domains = {one.domain for one in devices}
    if change is not None:
        return lambda device: bool(device.capabilities)
    return lambda device: focus.capability in device.capabilities or (not focus.capability and device.domain in domains)


def _repeated(home: Home, text: str, focus: Focus, others: Sequence[Device]) -> tuple[Intent, ...]:
    if focus.change is not None and focus.change.how in ("step", "times"):
        return levels.intents(home, others, focus.change, focus.capability, focus.direction, text)
    if focus.intent is None:
        return ()
    areas = {one.area for one in others}
    if "area" in focus.intent.slots and "domain" not in focus.intent.slots and len(areas) == 1:  # all that is there
        return (replace(focus.intent, slots={**focus.intent.slots, "area": areas.pop()}, targets=(), text=text),)
    kept = {name: value for name, value in focus.intent.slots.items() if name not in _PLACES}
    ids = tuple(one.id for one in others)
    return (replace(focus.intent, slots=kept, targets=ids, text=text, response=""),)


def _is_several(home: Home, name: str) -> bool:
    """Whether a name is that of many: a place, or a plural."""
    bare = re.sub(r"^(?:the|my|our|in|on|at|for|all|both|of) ", "", name)
    return (
        " and " in name
        or name.startswith(("all", "both"))
        or bare.endswith("s")
        or nouns.places(home, re.sub(r"^(?:the|my|our|in) ", "", bare)) is not None
    )


def _but_not(home: Home, phrase: str, focus: Focus, devices: Sequence[Device]) -> Meant | None:
    """ "Except the desk lamp"; "not the kettle, the towel rail"."""
    listed = _known(home, focus.listed)
    ids = {one.id for one in listed}
    found = [one.id for one in nouns.meant(home, phrase, listed, lambda one: one.id in ids, listed)]
    if found:
        return Meant(back=tuple(found))
    for told in (_INSTEAD.fullmatch(phrase[at:]) for at in [0]):
        old = nouns.meant(home, told["old"], listed, lambda one: one.id in ids, listed) if told else ()
        if told and old:
            return _of_others(home, phrase, told["new"], focus, devices, {"no"})
    return None


def _only(home: Home, phrase: str, focus: Focus) -> Meant | None:
    listed = _known(home, focus.listed)
    ids = {one.id for one in listed}
    found = {one.id for one in nouns.meant(home, phrase, listed, lambda one: one.id in ids, listed)}
    back = tuple(one for one in focus.listed if one not in found)
    return Meant(back=back, is_only=True) if found and found != ids else None


def _known(home: Home, ids: Iterable[str]) -> tuple[Device, ...]:
    return tuple(home.devices[one] for one in ids if one in home.devices)
