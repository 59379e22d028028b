"""What the words of a sentence speak for, whatever a language model makes of them.

English only: in another language no word is known, nothing counts as evidence but names, and so every proposal is
asked about before it is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from edgevoice.home.colors import rgb
from edgevoice.home.model import Device

_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:'[^\W\d_]+)?")
_SUFFIXES = ("ings", "ing", "ed", "es", "s")


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A word without its inflection: `dimming`, `dims` and `dimmed` are `dim`."""
    word = word.casefold().removesuffix("'s").replace("'", "")
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word.removesuffix(suffix)
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


def stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in _WORD.findall(text))


def _set(words: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words.split())


_FILLERS = _set(
    "a an the this that these those my our your his her its their some any all every both each of in on at to for from "
    "with by into and or but so as then than now right just only really very too much bit little lot more please "
    "kindly thanks thank hey hi hello ok okay well oh yes yeah sure you i me we us it he she they them could can would "
    "will shall should may might must let lets let's go going be been being am is are was were do does did has have "
    "had get give got put make set change switch turn like want need i'd i'm i'll it's what's there here up down off "
    "out again back first help everything everywhere whole entire level percent degree degrees about around"
)
"""Words that say nothing of their own; they need no explanation."""

_PLACE_WORDS = _set("house home room apartment flat place inside indoor interior")
_APPLIANCE_WORDS = _set("smart machine maker device appliance system unit set electric digital wifi main robot")
"""In a device's name, what people leave out."""

_UNSURE = _set(
    "not don't dont doesn't never no without except instead if when whenever while unless until till before after "
    "later once tomorrow tonight today yesterday daily weekly hour hours minute minutes second seconds o'clock am pm "
    "morning noon afternoon evening night midnight monday tuesday wednesday thursday friday saturday sunday week "
    "weekend month year sunrise sunset schedule remind reminder timer alarm would've pretend imagine suppose"
)
"""A condition, a time or a denial: to act at once would be wrong."""

_OPENERS = _set("please hey hi hello ok okay so well and then oh um uh just")
_ASKING = _set("what who where when why how which whose whom what's where's who's how's is are was were does did has am isn't aren't")
_ASKING_OF = _set("you i we they he she it the any these those my our anyone anybody someone there")
_ASKING_BEFORE_SUBJECT = _set("do have had can could should would will may might shall must")
_TELLING = re.compile(r"\b(?:tell|show|let|remind) (?:me|us)\b.*|\b(?:wonder|want to know|wanna know|know if|check (?:if|whether))\b")

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_NUMBERS: Mapping[str, int] = {
    **{word: i for i, word in enumerate(_ONES)},
    **{word: 10 * i for i, word in enumerate(_TENS, 2)},
}
_AMOUNTS: Mapping[str, float] = {
    "half": 50, "halfway": 50, "quarter": 25, "full": 100, "fully": 100, "maximum": 100, "max": 100,
    "highest": 100, "brightest": 100, "minimum": 1, "min": 1, "lowest": 1, "hundred": 100,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of appliance and the words that people call it, or its work, by."""

    name: str
    plural: str
    domains: frozenset[str]
    words: frozenset[str]
    classes: frozenset[str] = frozenset()
    """Device classes of the kind; empty: all."""

    def holds(self, device: Device) -> bool:
        return device.domain in self.domains and (not self.classes or (device.device_class or "") in self.classes)


def _kind(name: str, plural: str, domains: str, words: str, classes: str | None = None) -> Kind:
    return Kind(
        name, plural, frozenset(domains.split()), _set(words), frozenset((classes or "").split()) | ({""} if classes else set())
    )


KINDS: tuple[Kind, ...] = (
    _kind("light", "lights", "light", "light lamp bulb lighting chandelier spotlight lit bright brighter brightness "
          "brighten dim dimmer dark darker darkness darken gloomy illuminate"),
    Kind("outlet", "outlets", frozenset({"switch"}), _set("plug outlet socket"), frozenset({"outlet"})),
    _kind("fan", "fans", "fan", "fan ventilator ventilation"),
    _kind("cover", "covers", "cover", "blind curtain shade shutter awning drape", "blind curtain shade shutter awning"),
    Kind("garage door", "garage doors", frozenset({"cover"}), _set("garage gate"), frozenset({"garage", "gate"})),
    Kind("door", "doors", frozenset({"cover", "binary_sensor", "lock"}), _set("door"), frozenset({"door", "garage_door", ""})),
    Kind("window", "windows", frozenset({"cover", "binary_sensor"}), _set("window"), frozenset({"window"})),
    _kind("lock", "locks", "lock", "lock unlock deadbolt"),
    _kind("climate", "thermostats", "climate water_heater", "thermostat heat heater heating temperature degree warm "
          "warmer cold colder cool cooler hot hotter freezing chilly conditioner conditioning ac radiator boiler"),
    _kind("media player", "media players", "media_player", "speaker tv television music sound volume audio song track "
          "radio stereo loud louder loudly quiet quieter softer mute unmute silence silent noise playlist"),
    _kind("vacuum", "vacuums", "vacuum", "vacuum hoover robot roomba cleaner clean dust sweep mop floor dirty"),
    _kind("mower", "mowers", "lawn_mower", "mower mow lawn grass"),
    _kind("valve", "valves", "valve", "valve water sprinkler irrigation tap faucet"),
    _kind("humidifier", "humidifiers", "humidifier", "humidifier dehumidifier humidity humid dry"),
)  # fmt: skip


class Sentence:
    """One sentence, stemmed, and what its words are."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = stems(text)
        self.numbers = frozenset(_numbers(text))
        self.is_question = _asks(text)

    @cached_property
    def is_unsure(self) -> bool:
        """It has a condition, a time or a denial in it."""
        return not _UNSURE.isdisjoint(self.words)

    @cached_property
    def means_all(self) -> bool:
        """It speaks of the whole home."""
        return not _set("all every everything everywhere whole entire house home apartment flat").isdisjoint(self.words)

    @cached_property
    def colors(self) -> tuple[str, ...]:
        return tuple(word for word in _WORD.findall(self.text.casefold()) if rgb(word) is not None)

    def without(self, names: Iterable[str]) -> tuple[Sentence, frozenset[str]]:
        """The sentence with every full name (two words or more) cut out, the longest first, and the names found.

        The words of a name are no evidence for anything but its bearer: a lamp may be called "unlock the door".
        """
        left, found = " ".join(self.words), set()
        for name in sorted(names, key=len, reverse=True):
            key = " ".join(stems(name))
            if " " in key and f" {key} " in f" {left} ":
                left = f" {left} ".replace(f" {key} ", " \N{MIDDLE DOT} ").strip()
                found.add(name)
        rest = Sentence("")
        rest.text, rest.words = self.text, tuple(word for word in left.split() if word != "\N{MIDDLE DOT}")
        rest.numbers, rest.is_question = self.numbers, self.is_question
        return rest, frozenset(found)

    def holds(self, phrase: str) -> bool:
        """Whether all words of the phrase stand together in the sentence."""
        wanted = stems(phrase)
        return bool(wanted) and f" {' '.join(wanted)} " in f" {' '.join(self.words)} "

    def unexplained(self, explained: Iterable[str]) -> list[str]:
        """Words with a meaning of their own that nothing accounts for."""
        known = _FILLERS | _PLACE_WORDS | set(explained)
        return [word for word in self.words if word not in known and not word[0].isdigit() and word not in _NUMBERS]

    @property
    def content(self) -> list[str]:
        return [word for word in self.words if word not in _FILLERS | _PLACE_WORDS]


def name_words(device: Device, area: Iterable[str] = ()) -> frozenset[str]:
    """What in a device's name tells it from others: not the appliance's generic words, not its area's."""
    return frozenset(stems(device.name)) - _APPLIANCE_WORDS - _FILLERS - set(area)


def _asks(text: str) -> bool:
    words = [stem(word) for word in _WORD.findall(text)]
    while words and words[0] in _OPENERS:
        words.pop(0)
    if not words:
        return False
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first in _ASKING or _TELLING.search(text.casefold()):
        return True
    if first in _ASKING_BEFORE_SUBJECT and second in _ASKING_OF:
        # "Can you turn it on?" asks for the deed; "can I", "do you", "have we" ask for an answer.
        return not (second == "you" and first in _set("can could would will"))
    return text.rstrip().endswith("?") and not (first in _set("can could would will") and second == "you")


def _numbers(text: str) -> Iterable[float]:
    words = _WORD.findall(text.casefold())
    for i, word in enumerate(words):
        if word[0].isdigit():
            yield float(word)
        elif word in _AMOUNTS:
            yield _AMOUNTS[word]
        elif word in _NUMBERS:
            yield float(_NUMBERS[word])
            if word in _TENS and i + 1 < len(words) and words[i + 1] in _ONES[1:10]:
                yield float(_NUMBERS[word] + _NUMBERS[words[i + 1]])
