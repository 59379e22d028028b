"""Which devices a few words mean beside those that were spoken of: "the other one", "the kitchen", "the rear ones"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from edgevoice.dialogue import levels
from edgevoice.home import targets
from edgevoice.home.model import Device, Home
from edgevoice.nlu.evidence import KINDS, stem, stems

_ARTICLES = re.compile(r"^(?:(?:the|my|our|that|this|those|these|in|on|at|for|with|to|of|a|an|all|both|just|only) )+")
_ONES = re.compile(r"(?: (?:ones?|thing))$")
_OTHER = re.compile(r"(?:other|second|opposite)(?: (?:ones?|light|lamp|side|\w+))?|others|rest")
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
_EXTREMES: dict[str, tuple[str, bool]] = {
    "brightest": ("brightness", True), "dimmest": ("brightness", False), "darkest": ("brightness", False),
    "loudest": ("volume", True), "quietest": ("volume", False), "warmest": ("temperature", True),
    "coldest": ("temperature", False), "fastest": ("fan_speed", True), "slowest": ("fan_speed", False),
}  # fmt: skip
_MANIFOLD = frozenset({"switch", "input_boolean", "select", "number", "fan"})
"""Domains whose devices have nothing in common but how they are told."""
_LOWER = frozenset({"ground", "downstairs", "lower", "basement"})
_VAGUE = frozenset({"one", "ones", "light", "lights", "lamp", "lamps"})
Able = Callable[[Device], bool]


def meant(
    home: Home, phrase: str, spoken_of: Sequence[Device], able: Able, listed: Sequence[Device] = ()
) -> tuple[Device, ...]:
    """The devices that `phrase` means, of those that are `able`; several where one is as good as the other.

    `spoken_of` are those of the last sentence, and `listed` those of the last few.
    """
    parts = [part for part in re.split(r" and (?:the )?| or (?:the )?", phrase) if part]
    if len(parts) > 1:
        each = [meant(home, part, spoken_of, able, listed) for part in parts]
        return tuple(dict.fromkeys(one for found in each for one in found)) if all(each) else ()
    phrase = _ARTICLES.sub("", f"{phrase} ").strip()
    bare = _ONES.sub("", phrase).removesuffix("'s").strip()
    if not bare or bare in ("it", "them"):
        return ()
    known = [one for one in home.exposed() if able(one) and not one.members]
    if exact := [one for one in known if targets.fold(bare) in _names(one)]:
        return _nearest(exact, spoken_of)
    return (
        _extreme(home, phrase, known)
        or _by_order(bare, listed or spoken_of)
        or _other(phrase, known, spoken_of, listed)
        or (_alike(home, bare, known, spoken_of) if bare != phrase and spoken_of else ())
        or _placed(home, bare, known, spoken_of)
        or _alike(home, bare, known, spoken_of)
    )


def places(home: Home, phrase: str) -> frozenset[str] | None:
    """The areas that a phrase names; None where it names none."""
    if areas := targets.find_areas(home, phrase):
        return frozenset(area.id for area in areas)
    floors = {floor.id for floor in targets.find_floors(home, phrase)}
    if not floors and phrase in ("upstairs", "downstairs"):
        for floor in home.floors.values():
            is_lower = not _LOWER.isdisjoint(f"{floor.name} {' '.join(floor.aliases)}".casefold().split())
            floors |= {floor.id} if is_lower is (phrase == "downstairs") else set()
    return frozenset(area.id for area in home.areas.values() if area.floor in floors) if floors else None


def _names(device: Device) -> set[str]:
    return {targets.fold(name) for name in (device.name, *device.aliases)}


def _extreme(home: Home, phrase: str, known: Sequence[Device]) -> tuple[Device, ...]:
    word, _, rest = phrase.partition(" ")
    if word not in _EXTREMES:
        return ()
    what, is_most = _EXTREMES[word]
    where = re.search(r"(?:in|on|at) (?:the )?(.+)$", rest)
    area = places(home, where[1]) if where else None
    held = [(levels.level_of(home, one, what), one) for one in known if area is None or one.area in area]
    lit = [(level, one) for level, one in held if level]
    if not lit:
        return ()
    best = (max if is_most else min)(level for level, _ in lit)
    return tuple(one for level, one in lit if level == best)


def _by_order(bare: str, listed: Sequence[Device]) -> tuple[Device, ...]:
    at = _ORDINALS.get(bare)
    return (listed[at],) if at is not None and -1 <= at < len(listed) and len(listed) > 1 else ()


def _other(
    phrase: str, known: Sequence[Device], spoken_of: Sequence[Device], listed: Sequence[Device]
) -> tuple[Device, ...]:
    """What is like those that were spoken of, near them, and was not meant."""
    if not spoken_of or not _OTHER.fullmatch(phrase):
        return ()
    kinds = {(one.domain, one.device_class) for one in spoken_of}
    alike = [one for one in known if (one.domain, one.device_class) in kinds and one not in spoken_of]
    fresh = [one for one in listed if one in alike]
    near = [one for one in alike if one.area in {two.area for two in spoken_of}]
    own = _closest(near or alike, spoken_of)
    return tuple(fresh or own or near or alike)


def _closest(devices: Sequence[Device], spoken_of: Sequence[Device]) -> list[Device]:
    """Of several, those that share the most words with what was spoken of: the left bedside lamp has a right one."""
    said = {word for one in spoken_of for word in _stemmed((one.name,)) - _kinds(one)}
    scores = [len(said & _stemmed((one.name,))) for one in devices]
    return [one for one, score in zip(devices, scores, strict=True) if score == max(scores)]


def _placed(home: Home, bare: str, known: Sequence[Device], spoken_of: Sequence[Device]) -> tuple[Device, ...]:
    areas = places(home, bare)
    if areas is None or not spoken_of:
        return ()
    kinds = {(one.domain, one.device_class) for one in spoken_of}
    there = [one for one in known if one.area in areas and one.domain in {domain for domain, _ in kinds}]
    same = [one for one in there if (one.domain, one.device_class) in kinds] or there
    return tuple(_closest(same, spoken_of) if same and same[0].domain in _MANIFOLD else same)


def _alike(home: Home, bare: str, known: Sequence[Device], spoken_of: Sequence[Device]) -> tuple[Device, ...]:
    """Those whose names and places have all the words: "the bedroom one", "the counter"."""
    said = set(stems(bare)) - {stem(word) for word in _VAGUE}
    if not said:
        return ()
    domains, areas = {one.domain for one in spoken_of}, {one.area for one in spoken_of}
    fit = [one for one in known if said <= _words(home, one)] or [
        one for one in known if said <= _words(home, one) | _kinds(one)
    ]
    for group in (
        [one for one in fit if one.domain in domains and one.area in areas],
        [one for one in fit if one.domain in domains],
        fit,
    ):
        if group:
            return tuple(_closest(group, spoken_of)) if spoken_of else tuple(group)
    return ()


def _nearest(devices: Sequence[Device], spoken_of: Sequence[Device]) -> tuple[Device, ...]:
    areas = {one.area for one in spoken_of}
    return tuple(one for one in devices if one.area in areas) or tuple(devices)


def _words(home: Home, device: Device) -> frozenset[str]:
    area = home.areas.get(device.area or "")
    return _stemmed((device.name, *device.aliases, *((area.name, *area.aliases) if area else ())))


@lru_cache(maxsize=16_384)
def _stemmed(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(stems(" ".join(names)))


def _kinds(device: Device) -> set[str]:
    return {noun for kind in KINDS if kind.domain == device.domain and kind.holds(device) for noun in kind.nouns}
