"""What the words of a sentence speak for, whatever a language model makes of them.

English only: in another language nothing but names counts as evidence, so every proposal is asked about first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from edgevoice.home.colors import rgb
from edgevoice.home.model import Device

_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:'[^\W\d_]+)?")
_SUFFIXES = ("ings", "ing", "ed", "es", "s")


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A word without its inflection: `dims`, `dimmed` and `dimming` are `dim`."""
    word = word.casefold().removesuffix("'s").replace("'", "")
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word.removesuffix(suffix)
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


def stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in _WORD.findall(text.replace("%", " percent")))


def stem_set(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in stems(text))


FILLERS = stem_set(
    "a an the this that these those my our your his her its their some any each of in on at to for from with by into",
    "and or but so as then than now right just only really very quite too much bit little lot more most please kindly thanks",
    "thank hey hi hello ok okay well oh yes yeah sure i you me we us it he she they them can could can would will shall",
    "should may might must let let's go going be been being am is are was were do does did has have had get give got",
    "put bring make made set change adjust switch turn like want wants need i'd i'm i'll i've it's there here up down off out",
    "again back first help level percent degree degrees about around all every everything everywhere whole entire",
    "house home room apartment flat place inside indoor interior current currently still instead bit tad while",
    "far way much um uh uhm er erm hmm mm ah whoa wow yo man dude buddy actually basically maybe perhaps somehow anyway immediately quickly",
    "favor kind sort way thing case condition level setting lets gonna wanna gotta anymore yourself also too so extra comfortable",
)
"""Words that need no explanation: they say nothing of their own."""

_APPLIANCE_WORDS = stem_set("smart machine maker device appliance system unit electric digital wifi main")
"""In a device's name, what people leave out."""

_WHOLE_HOME = stem_set("all every everything everywhere whole entire house home apartment flat")
WISHES = stem_set("want need like")

_UNSURE = stem_set(
    "not don't doesn't never no without except instead if when whenever while unless until till before after later once",
    "tomorrow tonight today yesterday daily weekly everyday hour hours minute minutes second seconds o'clock am pm",
    "morning noon afternoon evening night midnight monday tuesday wednesday thursday friday saturday sunday week weekend",
    "month year sunrise sunset schedule remind reminder timer pretend imagine suppose",
)

_CHANGES = stem_set("by up down raise lower increase decrease reduce more less dim brighten boost")
_GOALS = stem_set("to at set")

_OPENERS = stem_set("please hey hi hello ok okay so well and then oh")
_ASKING = stem_set("what who where when why how which whose whom is are was were does did has am isn't aren't")
_ASKING_BEFORE_SUBJECT = stem_set("do can could should would will may might shall must")
_PERSONS = stem_set("you i we they he she anyone anybody someone")
_SUBJECTS = stem_set("you i we they he she it the any these those my our anyone anybody someone there")
_DEED = stem_set("can could would will")
_FAVOURS = re.compile(
    r"^\W*(?:(?:can|could|may) i (?:please )?(?:have|get)|(?:can|could) we (?:please )?(?!have )\w+|"
    r"(?:can|could) (?:the|my|it|this)\b.* be (?:\w+ )*(?:off|on|less|more|brighter|dimmer|darker|louder|quieter|warmer|cooler))\b"
)
_TELLING = re.compile(
    r"\b(?:tell|show|remind) (?:me|us)\b|\blet (?:me|us) know\b|\bwonder|\b(?:want to|wanna|like to) know\b|\bcheck (?:if|whether|what)\b"
)

_TO_NINETEEN = stems(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_ONES = _TO_NINETEEN[1:10]
_TENS = stems("twenty thirty forty fifty sixty seventy eighty ninety")
_NUMBERS: Mapping[str, float] = {
    **{word: float(i) for i, word in enumerate(_TO_NINETEEN)},
    **{word: 10.0 * i for i, word in enumerate(_TENS, 2)},
    **dict.fromkeys(stem_set("full fully maximum max highest brightest hundred"), 100.0),
    **dict.fromkeys(stem_set("minimum min lowest"), 1.0),
    **dict.fromkeys(stem_set("half halfway"), 50.0),
    stem("quarter"): 25.0,
}


_ANYTHING = frozenset({"switch", "input_boolean", "lock"})
"""Domains whose devices are called by what they belong to: a switch by its lamp, a lock by its door."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of appliance: `nouns` are what people call it, `cues` what they call its work and how it should be.

    `classes` are its device classes; empty: all.
    """

    plural: str
    domain: str
    nouns: frozenset[str]
    cues: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()

    @property
    def words(self) -> frozenset[str]:
        return self.nouns | self.cues

    def holds(self, device: Device) -> bool:
        """Whether a device is of this kind; where its domain and class do not tell, its name does."""
        if device.domain == self.domain and (not self.classes or device.device_class in self.classes):
            return True
        is_told = bool(device.device_class) and device.domain not in _ANYTHING
        fits = device.domain == self.domain or device.domain in _ANYTHING
        return fits and not is_told and not self.nouns.isdisjoint(stems(device.name))


KINDS: tuple[Kind, ...] = (
    Kind(
        "lights",
        "light",
        stem_set("light lamp bulb lighting chandelier spotlight lantern"),
        stem_set(
            "lit bright brighter brightness brighten dim dimmer dark darker darkness darken gloomy illuminate",
            "illumination lighten intensity glow",
        ),
    ),
    Kind(
        "outlets",
        "switch",
        stem_set("plug outlet socket"),
        stem_set("power electricity current juice"),
        frozenset({"outlet"}),
    ),
    Kind(
        "coffee machines",
        "switch",
        stem_set("coffee espresso cappuccino latte americano mocha macchiato"),
        stem_set("cup pot mug brew"),
        frozenset({"coffee"}),
    ),
    Kind("fans", "fan", stem_set("fan ventilator"), stem_set("ventilation")),
    Kind(
        "blinds",
        "cover",
        stem_set("blind curtain shade shutter awning drape cover"),
        classes=frozenset({"blind", "curtain", "shade", "shutter", "awning"}),
    ),
    Kind("garage doors", "cover", stem_set("garage gate"), classes=frozenset({"garage", "gate"})),
    Kind("doors", "cover", stem_set("door"), classes=frozenset({"door"})),
    Kind("windows", "cover", stem_set("window"), classes=frozenset({"window"})),
    Kind("locks", "lock", stem_set("lock deadbolt"), stem_set("unlock")),
    Kind(
        "thermostats",
        "climate",
        stem_set("thermostat heater heating temperature conditioner conditioning ac radiator boiler"),
        stem_set("heat degree warm warmer cold colder cool cooler hot hotter freezing chilly"),
    ),
    Kind(
        "media players",
        "media_player",
        stem_set("speaker tv telly television music sound volume audio song track radio stereo player"),
        stem_set(
            "loud louder loudly quiet quieter softer softly mute unmute silence silent noise playlist film movie show episode podcast album"
        ),
    ),
    Kind(
        "vacuums",
        "vacuum",
        stem_set("vacuum vac hoover robot robo roomba cleaner"),
        stem_set("clean dust sweep mop floor carpet rug dirty"),
    ),
    Kind("mowers", "lawn_mower", stem_set("mower"), stem_set("mow lawn grass")),
    Kind("valves", "valve", stem_set("valve sprinkler irrigation tap faucet"), stem_set("water")),
    Kind("humidifiers", "humidifier", stem_set("humidifier dehumidifier"), stem_set("humidity humid dry")),
)
KEEPING_OUT = frozenset({"garage doors", "doors", "windows", "locks"})
"""Kinds that are moved one by one, never all at once on a guess."""


IT = re.compile(r"(?<!is )\b(?:it|that one|this one)\b(?! is|'s)", re.IGNORECASE)
"""What was spoken of last, not the "it" of "it is cold"."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, stemmed. `colors` are those it says; `is_leaning`: it speaks of what was spoken of last."""

    words: tuple[str, ...]
    colors: tuple[str, ...]
    is_question: bool
    is_leaning: bool = False

    @property
    def numbers(self) -> frozenset[float]:
        """Those it says, in digits or in words."""
        return frozenset(_numbers(self.words))

    def speaks_of(self, kind: Kind) -> bool:
        """It has a word of the kind; a colour speaks of lights."""
        return not kind.words.isdisjoint(self.words) or (kind.domain == "light" and bool(self.colors))

    @property
    def is_unsure(self) -> bool:
        """It has a condition, a time or a denial in it: to act at once may be wrong."""
        return not _UNSURE.isdisjoint(self.words)

    @property
    def is_relative(self) -> bool:
        """A number in it is a difference: "down by ten", not "down to ten"."""
        return not _CHANGES.isdisjoint(self.words) and _GOALS.isdisjoint(self.words)

    @property
    def means_all(self) -> bool:
        return not _WHOLE_HOME.isdisjoint(self.words)

    @property
    def content(self) -> frozenset[str]:
        """Words with a meaning of their own."""
        return frozenset(
            word for word in self.words if word not in FILLERS and word not in _NUMBERS and not word[0].isdigit()
        )

    def holds(self, phrase: str) -> bool:
        """Whether the words of a phrase stand together in the sentence."""
        wanted = " ".join(stems(phrase))
        return bool(wanted) and f" {wanted} " in f" {' '.join(self.words)} "

    def without(self, names: Iterable[str]) -> tuple[Sentence, frozenset[str]]:
        """The sentence with these names cut out, the longest first, and the names that were found in it.

        What is inside a name speaks for nothing else: a lamp may be called "unlock the front door".
        """
        left, found = f" {' '.join(self.words)} ", set()
        for name in sorted(names, key=len, reverse=True):
            phrase = f" {' '.join(stems(name))} "
            if phrase.strip() and phrase in left:
                left = left.replace(phrase, " ... ")
                found.add(name)
        return replace(self, words=tuple(word for word in left.split() if word != "...")), frozenset(found)


def read(text: str) -> Sentence:
    return Sentence(
        stems(text),
        tuple(word for word in _WORD.findall(text.casefold()) if rgb(word) is not None),
        _asks(text),
        IT.search(text) is not None,
    )


def is_unsure(word: str) -> bool:
    """Whether a word makes a condition, a time or a denial of what it stands in."""
    return stem(word) in _UNSURE


def own_words(device: Device) -> frozenset[str]:
    """What in a device's name tells it from others."""
    return stem_set(device.name) - _APPLIANCE_WORDS - FILLERS


def _asks(text: str) -> bool:
    words = list(stems(text))
    while words and words[0] in _OPENERS:
        words.pop(0)
    if not words:
        return False
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first in _ASKING or _TELLING.search(text.casefold()):
        return True
    if (first in _DEED and second == "you") or _FAVOURS.match(text.casefold()):
        return False  # "can you turn it on?" asks for the deed, not for an answer
    if first in stem_set("have had") and second in _PERSONS:
        return True
    return (first in _ASKING_BEFORE_SUBJECT and second in _SUBJECTS) or text.rstrip().endswith("?")


def _numbers(words: Iterable[str]) -> Iterable[float]:
    tens = 0.0
    for word in words:
        if tens:
            yield tens + (_NUMBERS[word] if word in _ONES else 0)
        elif word[0].isdigit():
            yield float(word)
        elif word in _NUMBERS and word not in _TENS:
            yield _NUMBERS[word]
        tens = _NUMBERS[word] if word in _TENS else 0.0
    if tens:
        yield tens
