"""What a language model may propose in this home for one sentence: actions, the targets it speaks of, and the GBNF."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from edgevoice.home import targets
from edgevoice.home.model import Area, Device, Floor, Home
from edgevoice.messages import Value
from edgevoice.nlu.context import Context
from edgevoice.nlu.evidence import KEEPING_OUT, KINDS, WISHES, Kind, Sentence, own_words, stem_set

MOST_TARGETS = 16
MOST_ACTIONS = 4
NAME_LENGTH = 60
_AMBIGUOUS = stem_set("on up down light")
"""Words that an action shares with its opposite or with prepositions: "off, on the porch", "too bright"."""
_CONDITIONS = stem_set("bright dark loud quiet low silent")
"""How things are, which may be what is wanted or what is complained of."""
COLORS = ("white", "red", "orange", "yellow", "green", "blue", "purple", "pink", "turquoise", "brown")
_STEP = 20
_LEANING = 0.7
"""How sure it is that "it" is the device that was spoken of last."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a model may write after `do`. `values` is `percent`, `temperature`, `color`, `area` or empty."""

    word: str
    intent: str
    capability: str
    words: frozenset[str]
    """What in a sentence speaks for it."""
    values: str = ""
    slot: str = ""
    fixed: Mapping[str, Value] = field(default_factory=dict)
    domains: frozenset[str] = frozenset()
    """Only these; empty: any with the capability."""
    sign: int = 0
    """A step up or down: of the size that the sentence says, else as in `fixed`."""
    choice: str = ""
    """Which of the capability's choices it is."""

    def suits(self, device: Device) -> bool:
        capability = device.capabilities.get(self.capability)
        if capability is None or (self.domains and device.domain not in self.domains):
            return False
        return not self.choice or not capability.choices or self.choice in capability.choices


_ON = stem_set("on start activate enable begin run launch")
_OFF = stem_set("off stop kill disable deactivate shut cut end discontinue cease out extinguish")
_LESS = stem_set("dim dimmer dark darker darken low lower down less decrease reduce minimize soften bright")
_MORE = stem_set("bright brighter brighten up more increase raise maximize boost dark")


def _step(word: str, intent: str, capability: str, words: frozenset[str], slot: str, usual: Value) -> Action:
    sign = -1 if usual in (-_STEP, "down") else 1
    return Action(word, intent, capability, words, slot=slot, fixed={slot: usual}, sign=sign)


def _actions() -> Iterator[Action]:
    yield Action("turn_on", "HassTurnOn", "on", _ON)
    yield Action("turn_off", "HassTurnOff", "on", _OFF)
    yield Action("make", "HassTurnOn", "on", stem_set("make brew prepare cook boil"), domains=frozenset({"switch"}))
    yield Action("activate", "HassTurnOn", "activate", _ON | stem_set("play execute trigger"))
    yield Action("press", "HassTurnOn", "press", _ON | stem_set("press push trigger"))
    yield Action("open", "HassTurnOn", "open", stem_set("open raise up lift unroll draw"))
    wet = stem_set("water irrigate sprinkle garden lawn yard plant flower grass bed")
    yield Action("water", "HassTurnOn", "open", _ON | wet, domains=frozenset({"valve"}))
    yield Action("stop_water", "HassTurnOff", "open", _OFF | wet, domains=frozenset({"valve"}))
    yield Action("close", "HassTurnOff", "open", stem_set("close shut lower down"))
    yield Action("lock", "HassTurnOn", "locked", stem_set("lock secure bolt"))
    yield Action("unlock", "HassTurnOff", "locked", stem_set("unlock"))
    number = stem_set(
        "set to at percent brightness level put change dim brighten raise lower increase decrease turn adjust make"
    )
    yield Action(
        "set_brightness", "HassLightSet", "brightness", number | stem_set("brightness"), "percent", "brightness"
    )
    yield _step("brighter", "HassLightSet", "brightness", _MORE, "brightness_step", _STEP)
    yield _step("dimmer", "HassLightSet", "brightness", _LESS, "brightness_step", -_STEP)
    yield Action("set_color", "HassLightSet", "color", stem_set("color colour paint"), "color", "color")
    heat = number | stem_set("temperature degree heat warm cool")
    yield Action("set_temperature", "HassClimateSetTemperature", "temperature", heat, "temperature", "temperature")
    yield Action(
        "set_position", "HassSetPosition", "position", number | stem_set("open close half"), "percent", "position"
    )
    yield Action("set_speed", "HassFanSetSpeed", "fan_speed", number | stem_set("speed"), "percent", "percentage")
    yield Action("set_volume", "HassSetVolume", "volume", number | stem_set("volume"), "percent", "volume_level")
    louder = stem_set("up loud louder loudly raise increase boost more")
    quieter = stem_set("down quiet quieter low lower soft softer decrease reduce less")
    yield _step("louder", "HassSetVolumeRelative", "volume", louder, "volume_step", "up")
    yield _step("quieter", "HassSetVolumeRelative", "volume", quieter, "volume_step", "down")
    yield Action("mute", "HassMediaPlayerMute", "muted", stem_set("mute silence silent quiet shut"))
    yield Action("unmute", "HassMediaPlayerUnmute", "muted", stem_set("unmute"))
    yield Action("pause", "HassMediaPause", "playback", stem_set("pause hold halt stop"), choice="pause")
    yield Action("resume", "HassMediaUnpause", "playback", stem_set("resume continue unpause play"), choice="play")
    yield Action("next", "HassMediaNext", "playback", stem_set("next skip"), choice="next")
    yield Action("previous", "HassMediaPrevious", "playback", stem_set("previous last back"), choice="previous")
    clean = stem_set("start vacuum hoover clean sweep mop run activate begin on go launch")
    yield Action("start", "HassVacuumStart", "vacuum", clean, choice="start")
    yield Action("dock", "HassVacuumReturnToBase", "vacuum", stem_set("dock return base back home stop"), choice="dock")
    yield Action("clean_area", "HassVacuumCleanArea", "clean_area", clean, "area", "area")
    yield Action("mow", "HassLawnMowerStartMowing", "mower", stem_set("mow cut start run"), choice="mow")
    yield Action("dock_mower", "HassLawnMowerDock", "mower", stem_set("dock return base back stop"), choice="dock")


ACTIONS: Mapping[str, Action] = {action.word: action for action in _actions()}
_DEEDS = frozenset(word for action in ACTIONS.values() for word in action.words)
STATE = Action("state", "HassGetState", "", frozenset())
"""The only thing that a question may ask for."""
OPPOSITES: Mapping[str, str] = {
    one: other
    for pair in (
        ("turn_on", "turn_off"),
        ("open", "close"),
        ("water", "stop_water"),
        ("lock", "unlock"),
        ("brighter", "dimmer"),
        ("louder", "quieter"),
        ("mute", "unmute"),
        ("start", "dock"),
        ("mow", "dock_mower"),
    )
    for one, other in (pair, pair[::-1])
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a sentence may speak of: one device, or those of a kind in a place. `label` is how the model names it."""

    label: str
    slots: Mapping[str, Value]
    devices: tuple[Device, ...]
    words: frozenset[str]
    """Words of a sentence that it accounts for."""
    strength: float
    """How well the sentence's words point at it and at nothing else, 0..1."""
    is_named: bool = True
    """Its own words are said, not only those of its kind."""


@dataclass(frozen=True, slots=True)
class Options:
    """All that may be proposed: for each action the labels of the targets that can do it, and its values if it has any.

    `sentence` is what is left of it without the names of devices.
    """

    sentence: Sentence

    targets: Mapping[str, Target]
    actions: Mapping[str, tuple[str, ...]]
    values: Mapping[str, tuple[Value, ...]]

    def rivals(self, action: Action, target: Target) -> tuple[Device, ...]:
        """Devices of which any may be meant: "lock the door" where nothing says which of two. Empty: it is plain."""
        able = (self.targets[label].devices for label in self.actions[action.word])
        alike = tuple(ones[0] for ones in able if len(ones) == 1 and ones[0].domain == target.devices[0].domain)
        return () if target.is_named or len(target.devices) > 1 or len(alike) < 2 else alike


def options(home: Home, sentence: Sentence, context: Context) -> Options:
    """What the sentence speaks of, and what that can do. No actions: it is no command for this home."""
    finder = _Finder(home, sentence, context)
    rest = finder.sentence
    known: dict[str, Target] = {}
    for target in sorted(finder.targets(), key=lambda one: -one.strength)[:MOST_TARGETS]:
        label = target.label if target.label not in known else f"{target.label[: NAME_LENGTH - 3]} {len(known)}"
        known[label] = target
    actions: dict[str, tuple[str, ...]] = {}
    values: dict[str, tuple[Value, ...]] = {}
    for action in (STATE,) if sentence.is_question else ACTIONS.values():
        able = tuple(label for label, target in known.items() if _able(action, target))
        if action.values:
            values[action.word] = _values(home, rest, action, [known[label] for label in able])
        if able and (not action.values or values[action.word]):
            actions[action.word] = able
    support = {word: spoken_for(action, rest) for word, action in ACTIONS.items() if word in actions}
    best = max(support.values(), default=1.0)  # what the words speak less for is not offered
    offered = {word: able for word, able in actions.items() if 0 < best <= support.get(word, 1.0)}
    return Options(rest, known, offered, values)


def spoken_for(action: Action, sentence: Sentence) -> float:
    """How far the words speak for an action, 0..1; 0: they speak for its opposite."""
    if action is STATE:
        return 1.0
    words = frozenset(sentence.words)
    opposite = ACTIONS[OPPOSITES[action.word]].words if action.word in OPPOSITES else frozenset()
    own, other = words & action.words, words & opposite
    if action.values in ("percent", "temperature") and sentence.is_relative:
        return 0.0
    vague = _AMBIGUOUS | _CONDITIONS
    if (not own and other) or (not own - vague and other - vague):
        return 0.0
    if own - opposite - _CONDITIONS or (action.values == "color" and sentence.colors):
        return 1.0
    return 0.5 if own or words & WISHES else 0.3


def _values(home: Home, sentence: Sentence, action: Action, able: Sequence[Target]) -> tuple[Value, ...]:
    """The values an action may take: those that the sentence says; any colour where it says none."""
    if action.values == "color":
        return sentence.colors or COLORS
    if action.values == "area":
        return tuple(area.name for area in home.areas.values() if _is_named(sentence, area))
    found = [device.capabilities[action.capability] for one in able for device in one.devices if action.suits(device)]
    low = max((one.minimum for one in found if one.minimum is not None), default=0 if action.values == "percent" else 5)
    high = min(
        (one.maximum for one in found if one.maximum is not None), default=100 if action.values == "percent" else 35
    )
    return tuple(int(n) if n == int(n) else n for n in sorted(sentence.numbers) if low <= n <= high)


def gbnf(options: Options) -> str:
    """The grammar: a JSON list of at most `MOST_ACTIONS` `{"do", "device"[, "value"]}`, or `[]` for none of them."""
    items = []
    for word, labels in options.actions.items():
        do, value, end = _literal(f'{{"do": "{word}", "device": '), _literal(', "value": '), _literal("}")
        values = f" {value} ({_any(options.values[word])})" if word in options.values else ""
        items.append(f"{do} ({_any(labels)}){values} {end}")
    if not items:
        return 'root ::= "[]"'
    return f'root ::= "[" (item (", " item){{0,{MOST_ACTIONS - 1}}})? "]"\nitem ::= {" | ".join(items)}'


class _Finder:
    """Finds what one sentence speaks of."""

    def __init__(self, home: Home, sentence: Sentence, context: Context) -> None:
        self._home, self._context = home, context
        self._devices = [device for device in home.exposed() if device.capabilities or sentence.is_question]
        names = {name for device in self._devices for name in (device.name, *device.aliases)}
        self.sentence, named = sentence.without(name for name in names if len(stem_set(name)) > 1)
        self._named = {targets.fold(name) for name in (*named, *(name for name in names if self.sentence.holds(name)))}
        self._words = set(self.sentence.words)
        self._places = [area for area in home.areas.values() if _is_named(self.sentence, area)]
        self._floors = [floor for floor in home.floors.values() if _is_named(self.sentence, floor)]
        on = {floor.id for floor in self._floors}
        self._area_ids = {area.id for area in home.areas.values() if area in self._places or area.floor in on}
        said: tuple[Area | Floor, ...] = (*self._places, *self._floors)
        self._place_words = stem_set(*(name for place in said for name in (place.name, *place.aliases)))

    def targets(self) -> Iterator[Target]:
        named = [device for device in self._devices if self._is_called(device)]
        for device in named:
            same = [one for one in named if targets.fold(one.name) == targets.fold(device.name)]
            meant = self._here(same) if len(same) > 1 else same
            yield self._one(device, 1.0 if meant == [device] else 0.5)
        kinds = [kind for kind in KINDS if self._means(kind, named)]
        if not named and (last := self._spoken_of(kinds)):
            yield self._one(last, _LEANING)
            return
        scopes = {kind.plural: self._scope(kind) for kind in kinds}
        said, passed_over = self._said(device for device in self._devices if device not in named)
        for device in self._devices:
            if device in named or device.id in passed_over:
                continue
            if strength := said.get(device.id):
                yield self._one(device, strength)
            elif strength := self._strength(device, kinds, scopes):
                yield self._one(device, strength, is_named=False)
        for kind in kinds:
            members = scopes[kind.plural]
            if len(members) > 1 and kind.plural not in KEEPING_OUT:
                yield self._group(kind, members)

    def _spoken_of(self, kinds: Sequence[Kind]) -> Device | None:
        """The device that "it" is; None where it is no device of the kinds that are said, or there is no "it"."""
        if not self.sentence.is_leaning or self._area_ids:
            return None
        last = next((device for device in self._devices if device.id in self._context.recent[:1]), None)
        return last if last and (not kinds or any(kind.holds(last) for kind in kinds)) else None

    def _means(self, kind: Kind, named: Iterable[Device]) -> bool:
        """Whether it speaks of devices of a kind beside the named ones: "dim the desk lamp" means no other light."""
        if any(kind.holds(device) for device in named):
            return not (kind.words & self._words).issubset(_DEEDS)
        return self.sentence.speaks_of(kind)

    def _is_called(self, device: Device) -> bool:
        return any(targets.fold(name) in self._named for name in (device.name, *device.aliases))

    def _special(self, device: Device) -> frozenset[str]:
        """What in its name is neither its kind nor its area."""
        area = self._home.areas.get(device.area or "")
        kind_words = frozenset(word for kind in KINDS if kind.holds(device) for word in kind.words)
        return own_words(device) - kind_words - (stem_set(area.name) if area else frozenset())

    def _said(self, devices: Iterable[Device]) -> tuple[dict[str, float], set[str]]:
        """(the share of its own words that the sentence has, for each device that has some; of those with the same
        words, the ones that are farther from here).
        """
        alike: dict[frozenset[str], list[Device]] = {}
        shares: dict[str, float] = {}
        for device in devices:
            special = self._special(device)
            if (said := special & self._words) and (not self._area_ids or device.area in self._area_ids):
                alike.setdefault(said, []).append(device)
                shares[device.id] = len(said) / len(special)
        if self.sentence.means_all:
            return shares, set()
        near = {device.id for same in alike.values() for device in self._here(same)}
        return shares, shares.keys() - near

    def _strength(self, device: Device, kinds: Iterable[Kind], scopes: Mapping[str, Sequence[Device]]) -> float:
        """How well the words of its kind alone point at it. One of those that keep people out is no part of "all"."""
        mine = [kind for kind in kinds if kind.holds(device)]
        if any(list(scopes[kind.plural]) == [device] for kind in mine):
            return 0.9 if self._special(device) else 1.0
        among = any(device in scopes[kind.plural] for kind in mine if kind.plural in KEEPING_OUT)
        return 0.4 if among and not self.sentence.means_all else 0.0

    def _scope(self, kind: Kind) -> list[Device]:
        """Devices of a kind that a sentence without a name means: in the places it says, else here, else anywhere."""
        members = [device for device in self._devices if kind.holds(device)]
        if self._area_ids:
            return [device for device in members if device.area in self._area_ids]
        return members if self.sentence.means_all else self._here(members)

    def _here(self, devices: list[Device]) -> list[Device]:
        if self._area_ids:
            return [device for device in devices if device.area in self._area_ids]
        return list(targets.prefer(self._home, devices, self._context.area))

    def _one(self, device: Device, strength: float, is_named: bool = True) -> Target:
        kinds = [kind.words for kind in KINDS if kind.holds(device)]
        words = stem_set(device.name, *device.aliases).union(*kinds) | self._place_words
        return Target(_label(device.name), {"name": device.name}, (device,), words, strength, is_named)

    def _group(self, kind: Kind, members: Sequence[Device]) -> Target:
        devices = tuple(device for device in members if device.domain == kind.domain) or tuple(members)
        areas = {device.area for device in devices}
        slots: dict[str, Value] = {"domain": devices[0].domain}
        area = self._home.areas.get(next(iter(areas)) or "") if len(areas) == 1 else None
        if area is not None:
            slots["area"] = area.name
        elif len(self._floors) == 1 and not self._places:
            slots["floor"] = self._floors[0].name
        else:
            slots["name"] = targets.EVERYTHING
        certain = bool(self._area_ids) or self.sentence.means_all or areas == {self._context.area}
        label = f"all {kind.plural}" + (f" in {area.name}" if area else "")
        return Target(_label(label), slots, devices, kind.words | self._place_words, 1.0 if certain else 0.5)


def _is_named(sentence: Sentence, place: Area | Floor) -> bool:
    return any(sentence.holds(name) for name in (place.name, *place.aliases))


def _able(action: Action, target: Target) -> bool:
    if action is STATE:
        return len(target.devices) == 1
    return any(action.suits(device) for device in target.devices)


def _label(name: str) -> str:
    """A name as data: one line, no quotes or control characters, not too long."""
    return re.sub(r"\s+", " ", re.sub(r'[\x00-\x1f"\\<>\[\]{}|]', " ", name)).strip()[:NAME_LENGTH]


def _any(texts: Iterable[Value]) -> str:
    return " | ".join(_literal(json.dumps(text, ensure_ascii=False)) for text in texts)


def _literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
