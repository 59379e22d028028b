"""Free wording: a command by its evidence, whatever the order of its words.

Words that point at something in this home are found first (`mentions`), the rest speaks for an action (`wishes`), and
what can do that action and is pointed at is meant. The confidence is how surely both are meant, times how much of the
sentence they explain; below `NluSettings.llm_confidence` it is asked about, and below `DOUBTFUL` it is no command.
A question is none, and neither is a sentence that speaks for an action as much as for its opposite. English only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edgevoice.home import targets
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent, Value
from edgevoice.nlu import evidence
from edgevoice.nlu.context import Context
from edgevoice.nlu.evidence import FILLERS, KEEPING_OUT, KINDS, Kind, stem
from edgevoice.nlu.grammar import ACTIONS, COLORS, OPPOSITES, Action
from edgevoice.nlu.mentions import Index, Mention
from edgevoice.nlu.repair import Speller, vocabulary
from edgevoice.nlu.said import Said, read
from edgevoice.nlu.semantic import NONE, Guess, Semantic
from edgevoice.nlu.wishes import Wish

DOUBTFUL = 0.2
_TIE = 0.1
_PLAIN = 0.6
_PAST = re.compile(r"(?:it|that|this|there|i|he|she|we|they|you) (?:was|were|had been)\b", re.IGNORECASE)
"""What was so asks for nothing."""
_OF_OTHERS = re.compile(r"(?:(?:you|he|she|they)(?:'re|'s| are| is)|sounds|seems|looks|maybe|perhaps)\b", re.IGNORECASE)
"""What somebody is, or something seems to be, asks for nothing either, unless a rule knows better."""
_MEANT, _MEANT_ALONE = 0.2, 0.5
"""Probability from which a meaning is taken, and from which where the sentence points at nothing in this home."""
_OUTWEIGHED = 0.55
"""Words whose confidence is not above this share of the probability that nothing is meant are no command."""
_CLEAR = 2.0
"""How many times as likely as its opposite it has to be."""
_BY_MEANING = 0.5
_HINTED, _FEW = 0.5, 2
"""What is left where a device is not named but hinted at, and of how many elsewhere one may be meant."""
_NEVER_GUESSED = frozenset({"lock", "unlock", "open", "close"})
"""What keeps people out: its words have to be said."""
_DENIALS = frozenset({"don't", "dont", "not", "never", "doesn't"})
_UNSURE = 0.5
"""What a condition, a time or a denial leaves of the confidence."""
_TO = frozenset({"to", "at", "on", "as"})
_ABOUT_LIGHTS = frozenset({"light", "illuminate"})
_SAY_ENOUGH = _ABOUT_LIGHTS | {"water", "stop_water"}
_BARRIERS = frozenset({"open", "unlock"})
_ROAMING = frozenset({"vacuum", "clean_area", "mower"})
"""What works in places other than its own."""
_LEVELS = {"louder": "set_volume", "quieter": "set_volume", "dimmer": "set_brightness", "brighter": "set_brightness"}
_TONES = {"warm_light": 2700, "cool_light": 5000}
_STEP_DEGREES = {"warmer": 1.0, "cooler": -1.0}
_USED_BY = {
    **dict.fromkeys((*_TONES, "any_color"), "set_color"),
    **dict.fromkeys(_STEP_DEGREES, "set_temperature"),
    "change_volume": "set_volume",
    "illuminate": "turn_on",
}
"""Wishes that are no action of their own: the action they come to."""


@dataclass(frozen=True, slots=True)
class _Target:
    slots: dict[str, Value]
    devices: tuple[Device, ...]
    strength: float
    explains: frozenset[int]
    """Indices of words."""


class Free:
    """Understands free wording in one home; it follows the home's changes."""

    def __init__(self, home: Home, semantic: Semantic | None = None, language: str = "en") -> None:
        self._home, self._semantic, self._language = home, semantic, language
        self._words = semantic.words if semantic else frozenset[str]()
        self._known: tuple[Index, Speller] | None = None

    def understand(self, text: str, context: Context, heard: str = "") -> Intent | None:
        """The command in a tidied sentence; None where there is none, or where it is not clear which.

        `heard` is the sentence before it was tidied, which tells better whether it is a question.
        """
        is_told = evidence.read(heard or text).is_question or _PAST.match(text)
        said = None if is_told else read(text, self.index)
        if said is None:
            return None
        found = self._by_rules(said, context)
        return found if found and found.confidence >= _PLAIN else self._by_meaning(said, found, context)

    def guess(self, text: str) -> Guess | None:
        """What a tidied sentence means by itself, whatever this home has."""
        said = read(text, self.index)
        return self._semantic.guess(" ".join(said.words)) if self._semantic and said else None

    def _by_meaning(self, said: Said, found: Intent | None, context: Context) -> Intent | None:
        """A command in words that no rule knows well: to be asked about. One that has another meaning is none."""
        if self._semantic is None or _OF_OTHERS.match(said.text) or not _DENIALS.isdisjoint(said.words):
            return found
        guess = self._semantic.guess(" ".join(said.words))
        if guess.action == NONE:
            return found if found and found.confidence > _OUTWEIGHED * guess.probability else None
        needed = _MEANT if any(one.number is None for one in said.mentions) else _MEANT_ALONE
        against = guess.probabilities.get(OPPOSITES.get(guess.action, ""), 0.0)
        is_plain = guess.probability >= needed and guess.probability >= _CLEAR * against and self._is_known(said)
        if not is_plain or guess.action in _NEVER_GUESSED or (found and found.confidence > guess.probability):
            return found
        meant = self._intent(said, Wish(guess.action, 1.0, frozenset(range(len(said.words)))), context)
        return replace(meant, confidence=round(meant.confidence * _BY_MEANING, 3)) if meant else found

    def _is_known(self, said: Said) -> bool:
        """Whether half of what is said, fillers aside, was ever said of homes: "colourless ideas" was not."""
        told = {i for one in said.mentions for i in range(one.begin, one.end)}
        content = [
            i for i, word in enumerate(said.words) if i in told or not (stem(word) in FILLERS or word[0].isdigit())
        ]
        known = sum(i in told or said.words[i] in self._words for i in content)
        return 2 * known >= len(content)

    def _by_rules(self, said: Said, context: Context) -> Intent | None:
        found: list[tuple[float, float, str, Intent]] = []
        wanted = said.wishes()
        for wish in wanted:
            others = (one.words for one in wanted if OPPOSITES.get(wish.action) != one.action)
            intent = self._intent(said, replace(wish, words=wish.words.union(*others)), context)
            alone = self._intent(said, wish, context)
            if intent is not None and alone is not None:
                found.append((intent.confidence, alone.confidence, wish.action, intent))
        if not found:
            return None
        sure, alone_sure, action, best = max(found, key=lambda one: one[:2])
        is_tie = any(OPPOSITES.get(action) == other and alone_sure - rival < _TIE for _, rival, other, _ in found)
        return best if sure >= DOUBTFUL and not is_tie else None

    @property
    def index(self) -> Index:
        """What can be pointed at now."""
        return self._follow()[0]

    @property
    def ordinary(self) -> frozenset[str]:
        """The words of the language's sentences, and those that the meaning was learned from."""
        return vocabulary(self._language) | self._words

    @property
    def speller(self) -> Speller:
        """Puts names right."""
        return self._follow()[1]

    def _follow(self) -> tuple[Index, Speller]:
        if self._known is None or self._known[0].version != self._home.version:
            self._known = None  # of a large home, two at a time would be too much
            index = Index(self._home)
            self._known = index, Speller(index.names, self._language, self._words)
        return self._known

    def _intent(self, said: Said, wish: Wish, context: Context) -> Intent | None:
        action = ACTIONS[self._action(said, wish, context)]
        target = self._target(said, action, context, wish)
        if target is None:
            return None
        value = self._value(said, wish, action, target)
        if value is None:
            return None
        slots, used = value
        sure = wish.strength * target.strength * self._coverage(said, wish.words | used | target.explains, action)
        if any(word in _DENIALS and i not in wish.words for i, word in enumerate(said.words)):
            return None
        if said.is_later or any(
            evidence.is_unsure(said.words[i]) for i in range(len(said.words)) if i not in wish.words
        ):
            sure *= _UNSURE
        ids = tuple(device.id for device in target.devices)
        return Intent(action.intent, {**target.slots, **slots}, round(sure, 3), "free", said.text, ids)

    def _action(self, said: Said, wish: Wish, context: Context) -> str:
        """The key of the action that a wish comes to: "it is dark" is about lights that are off, if there are any."""
        if wish.action == "light":
            off = [one for one in self._lights(said, context) if self._home.state(one.id).value == "off"]
            return "turn_on" if off or not said.mentions else "brighter"
        number = said.number
        if wish.action == "start" and any(one.areas for one in said.mentions) and self._can("clean_area"):
            return "clean_area"
        if wish.action in _LEVELS and number and said.words[number.begin - 1] in _TO:
            return _LEVELS[wish.action]
        return _USED_BY.get(wish.action, wish.action)

    def _can(self, capability: str) -> bool:
        return any(capability in device.capabilities for device in self._home.exposed())

    def _lights(self, said: Said, context: Context) -> Sequence[Device]:
        lights = [one for one in self._home.exposed() if one.domain == "light"]
        return self._placed(said, lights, context)[0]

    # --- what is meant ------------------------------------------------------------------------------------------------

    def _target(self, said: Said, action: Action, context: Context, wish: Wish) -> _Target | None:
        able = [device for device in self._home.exposed() if action.suits(device)]
        if wish.action in _ABOUT_LIGHTS:
            able = [device for device in able if device.domain == "light"]
        ids = {device.id for device in able}
        named = [one for one in said.mentions if not one.is_part and ids & {device.id for device in one.devices}]
        for mention in named[-1:]:
            named_so = [device for device in mention.devices if device.id in ids]
            meant, _, sure = self._placed(said, named_so, context)
            if not meant and action.capability in _ROAMING:
                meant, sure = tuple(named_so), 1.0
            if meant:
                return self._named(said, mention, meant, sure)
        kinds = [one for one in said.mentions if one.kind and any(one.kind.holds(device) for device in able)]
        parts = [one for one in said.mentions if one.is_part and ids & {device.id for device in one.devices}]
        if kinds:
            kind = kinds[-1].kind
            able = [device for device in able if kind and kind.holds(device)]
        narrowed = [device for device in able if all(device in one.devices for one in parts)] if parts else []
        if narrowed and self._placed(said, narrowed, context)[0]:
            able, kinds = narrowed, [*parts, *kinds]
        elif not kinds and not self._is_implied(said, action, wish):
            return self._recent(said, able, context) or self._hinted(said, able, context)
        meant, place, sure = self._placed(said, able, context)
        if not meant and action.capability in _ROAMING:
            meant, sure = tuple(able), 1.0
        if not meant and kinds and action.capability == "on" and len(able) <= _FEW:
            meant, sure = tuple(able), _HINTED  # not there: the one that is elsewhere may be meant
        if not meant:
            return None
        words = frozenset(i for one in (*kinds, *place) for i in range(one.begin, one.end))
        return self._group(said, meant, kinds[-1].kind if kinds else None, sure, words, place, action)

    def _is_implied(self, said: Said, action: Action, wish: Wish) -> bool:
        """Whether an action needs no device to be said: "louder" is about the player, "start" is about anything."""
        if action.capability == "locked":
            return any(one.kind and one.kind.plural in KEEPING_OUT for one in said.mentions)
        if wish.action in _SAY_ENOUGH or action.capability not in ("on", "open", "locked", "activate", "press"):
            return True
        return any(one.areas or one.floors for one in said.mentions) and said.sentence.means_all

    def _recent(self, said: Said, able: Sequence[Device], context: Context) -> _Target | None:
        """ "It" is what was spoken of last."""
        if not {"it", "that", "them", "this"} & set(said.words) or any(
            one.devices or one.kind for one in said.mentions
        ):
            return None
        last = next((one for one in context.recent[:1] for device in able if device.id == one), None)
        if last is None:
            return None
        device = self._home.devices[last]
        return _Target({"name": device.name}, (device,), 0.9, frozenset())

    def _hinted(self, said: Said, able: Sequence[Device], context: Context) -> _Target | None:
        """What kind of device is meant by its work: "cut the power" is about an outlet. To be asked about."""
        hints = {i: kind for i, word in enumerate(said.words) for kind in KINDS if stem(word) in kind.cues}
        kinds = {kind.plural: kind for kind in hints.values()}
        if len(kinds) != 1 or said.mentions:
            return None
        kind = next(iter(kinds.values()))
        meant, _, sure = self._placed(said, [device for device in able if kind.holds(device)], context)
        if not meant:
            return None
        slots: dict[str, Value] = {"domain": kind.domain} if len(meant) > 1 else {"name": meant[0].name}
        return _Target(slots, meant, sure * _HINTED, frozenset(hints))

    def _placed(
        self, said: Said, devices: Sequence[Device], context: Context
    ) -> tuple[tuple[Device, ...], tuple[Mention, ...], float]:
        """Those in the places that the sentence says, else here, else anywhere; the places; and how surely."""
        places = tuple(one for one in said.mentions if one.areas or one.floors)
        if places:
            areas = {area.id for one in places for area in one.areas}
            floors = {floor.id for one in places for floor in one.floors}
            areas |= {area.id for area in self._home.areas.values() if area.floor in floors}
            return tuple(device for device in devices if device.area in areas), places, 1.0
        if said.sentence.means_all or len(devices) < 2:
            return tuple(devices), (), 1.0
        near = targets.prefer(self._home, devices, context.area)
        return near, (), 1.0 if len(near) < len(devices) else 0.8

    def _named(self, said: Said, mention: Mention, meant: Sequence[Device], sure: float) -> _Target:
        used = [one for one in said.mentions if one is mention or one.areas or one.floors]
        slots: dict[str, Value] = {"name": meant[0].name}
        areas = [area for one in said.mentions for area in one.areas]
        if areas:
            slots["area"] = areas[0].name
        words = frozenset(i for one in used for i in range(one.begin, one.end))
        return _Target(slots, tuple(meant), sure, words)

    def _group(
        self,
        said: Said,
        meant: Sequence[Device],
        kind: Kind | None,
        sure: float,
        words: frozenset[int],
        place: Sequence[Mention],
        action: Action,
    ) -> _Target:
        if len(meant) > 1 and action.word in _BARRIERS and not said.sentence.means_all:
            sure *= 0.5
        own = [device for device in meant if device.domain == (kind.domain if kind else device.domain)] or list(meant)
        if kind is None and action.capability == "on":
            own = [device for device in own if device.domain == "light"] or own
        areas = {device.area for device in own}
        slots: dict[str, Value] = {"domain": own[0].domain}
        area = self._home.areas.get(next(iter(areas)) or "") if len(areas) == 1 else None
        if len(own) == 1 and not place:
            slots = {"name": own[0].name}
        elif any(one.floors for one in place):
            slots["floor"] = next(one.floors[0].name for one in place if one.floors)
        elif area is not None:
            slots["area"] = area.name
        return _Target(slots, tuple(own), sure, words)

    # --- how much -----------------------------------------------------------------------------------------------------

    def _value(
        self, said: Said, wish: Wish, action: Action, target: _Target
    ) -> tuple[dict[str, Value], frozenset[int]] | None:
        """The slots of the value and the words that say it; None where an action has none that it needs."""
        number, color = said.number, said.color
        words = frozenset(range(number.begin, number.end)) if number else frozenset[int]()
        if wish.action in _TONES:
            return {"temperature": _TONES[wish.action]}, frozenset()
        if wish.action == "change_volume":
            return {}, frozenset()
        if wish.action in _STEP_DEGREES:
            return self._degrees(target, _STEP_DEGREES[wish.action])
        if action.values == "color":
            if color is None:
                return {"color": self._another(target)}, frozenset()
            return {"color": color.color}, frozenset(range(color.begin, color.end))
        if action.values == "area":
            area = next(one for one in said.mentions if one.areas)
            return {"area": area.areas[0].name}, frozenset(range(area.begin, area.end))
        if action.values:
            return ({action.slot: _tidy(number.number)}, words) if number and number.number is not None else None
        if action.sign and number and number.number and 0 < number.number <= 100:
            return {action.slot: _tidy(number.number * action.sign)}, words
        return dict(action.fixed), frozenset()

    def _degrees(self, target: _Target, step: float) -> tuple[dict[str, Value], frozenset[int]] | None:
        held = self._home.state(target.devices[0].id).attributes.get("temperature")
        if not isinstance(held, (int, float)):
            return None
        return {"temperature": _tidy(held + step)}, frozenset()

    def _another(self, target: _Target) -> str:
        """A colour that the first light does not have now."""
        held = str(self._home.state(target.devices[0].id).attributes.get("color_name") or "white")
        after = COLORS.index(held) + 1 if held in COLORS else 0
        return COLORS[after % len(COLORS)]

    def _coverage(self, said: Said, explained: Iterable[int], action: Action) -> float:
        """The square of the share of meaningful words that are explained."""
        known = frozenset(explained)
        vocabulary = action.words.union(*(kind.words for kind in KINDS if kind.domain in _domains(action)))
        content = [
            i
            for i, word in enumerate(said.words)
            if i in known or not (stem(word) in FILLERS or word[0].isdigit() or evidence.is_unsure(word))
        ]
        share = sum(i in known or stem(said.words[i]) in vocabulary for i in content) / max(1, len(content))
        return share * share


def can_do(wish: str) -> bool:
    """Whether a wish comes to an action."""
    return wish in ACTIONS or wish in _USED_BY or wish == "light"


def _domains(action: Action) -> frozenset[str]:
    return _DOMAINS_OF.get(action.capability, frozenset())


_DOMAINS_OF = {
    "brightness": frozenset({"light"}),
    "color": frozenset({"light"}),
    "volume": frozenset({"media_player"}),
    "muted": frozenset({"media_player"}),
    "playback": frozenset({"media_player"}),
    "vacuum": frozenset({"vacuum"}),
    "temperature": frozenset({"climate"}),
    "fan_speed": frozenset({"fan"}),
}


def _tidy(value: float) -> float:
    return int(value) if value == int(value) else value
