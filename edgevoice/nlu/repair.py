"""Slips of the tongue and of the recogniser, put right: what a person did not mean to say, and names nearly right.

Only words that are no word of the language's sentences are respelled, and only into names of this home, kinds of
devices and colours. A verb is never made of anything: "pay my bill" is not "play my bill".
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from edgevoice.nlu.evidence import FILLERS, KINDS, stem
from edgevoice.nlu.grammar import COLORS
from edgevoice.nlu.language import sentences
from edgevoice.nlu.sounds import sounds, unlike
from edgevoice.nlu.spelling import Spelling

SURE = 0.9
"""What a respelled word leaves of the confidence."""
_SHORTEST = 4
"""Letters; too many words are one letter away from a shorter one."""
_CORRECTION = re.compile(
    r",?\s+(?:no,? wait|wait,? no|no,? sorry|sorry,? no|no,? i mean|i mean|no,? i meant|i meant|oh no|or rather|rather|sorry|"
    r"no,? not that,?|no(?=,? (?:the|to|in|at|on|off|my|\d)))\b,?\s+"
)
_UNLIKE, _APART = 0.3, 0.1
"""How unlike a name's word what was heard may sound, and how much more unlike all others have to."""
GUESSED = 0.55
"""What is left of the confidence where a name was found by its sound: it is asked about."""
_TAKEN_BACK = 6
"""Words."""
_LETTERS = re.compile(r"[^\W\d_]+")
_SLIPS = (
    (re.compile(r"(?<=\w) (?=(?:n't|'(?:s|m|d|re|ll|ve))\b)"), ""),  # "do n't", as some recognisers write
    (re.compile(r",?(?<!\w)(?:u+m+|u+h+m?|e+r+m?|h+m+|ah+|you know|i mean)\b,?"), " "),
    (
        re.compile(
            r"(?<=\w)(?<!would)(?<!'d)(?<! i)(?<!you) (?:well|like),?(?= (?:the|a|my|to|at|in|on|off|for|of|by|up|down|\d+)\b)"
        ),
        " ",
    ),
    (re.compile(r"^\W*(?:well|oh|so|okay|ok)\b,?"), " "),
    (re.compile(r"\b([^\W\d_]+)(?:,? \1\b)+"), r"\1"),
    (
        re.compile(r"^((?:(?!\b(?:on|off)\b).)*\b(?:turn|switch|shut|power|cut|put)(?:ed)?) of\b(?!.*\b(?:on|off)$)"),
        r"\1 off",
    ),
    (re.compile(r"\bof(?=$| (?:in|at|on)\b)"), "off"),
)
"""What a person did not mean to say: none of it can be part of a command."""
_OPPOSITES = "on/off open/close lock/unlock up/down arm/disarm enable/disable mute/unmute raise/lower start/stop"
_BOTH_WAYS = re.compile(
    "|".join(
        rf"\b(?:{a} (?:and|or) {b}|{b} (?:and|or) {a})\b" for a, b in (pair.split("/") for pair in _OPPOSITES.split())
    )
)
_WORDINGS = (
    (re.compile(r"^\W*(?:(?:hey|hi|hello|yo|and|now) (?:there )?)+\b"), ""),
    (re.compile(r"^\W*(?:alexa|siri|google|olly|jarvis|cortana|bixby|mycroft|computer|assistant)\b\W*"), ""),
    (re.compile(r"^\W*(?:(?:no(?:,|(?= no))|yes|yeah|alright|right|please|just|kindly),? )+"), ""),
    (
        re.compile(
            r"\b(?:(?:can|could|would|will) you(?: please| kindly| just)?|would you mind|do you mind|i would like you to|"
            r"i(?:'d| would) (?:like|love) (?:you )?to|i (?:want|need)(?: you)? to|i was wondering if you could|be so kind|"
            r"please|kindly|thank you|thanks|if you (?:can|could|would|don't mind)|for me|do me a favou?r and|go ahead and|"
            r"sort of|kind of|basically|actually)\b"
        ),
        "",
    ),
    (re.compile(r"\blike\b(?! to\b)(?<!would like)(?<!'d like)(?<!i like)(?<!you like)(?<!don't like)"), ""),
    (re.compile(r"\b(?:a|an|your|thee|da)(?= \w)"), "the"),
    (re.compile(r"\bthe the\b"), "the"),
    (re.compile(r"\b((?:make|turn|set|change)\b.*|lights?) read\b"), r"\1 red"),
    (re.compile(r"\b((?:make|turn|set|change)\b.*|lights?) blew\b"), r"\1 blue"),
    (re.compile(r"(?<!\bto)(?<!minus)(?<!negative) (\d+ ?(?:%|percent|degrees?)?)$"), r" to \1"),
)
"""Other words for the same, as the templates have them."""


def corrections(text: str) -> Iterator[str]:
    """What a sentence that corrects itself may come to, likeliest first: "the bedroom, no, the kitchen light on".

    What comes after the correction takes the place of the last words before it, or of all of them.
    """
    before, correction, after = _CORRECTION.sub("\0", text.casefold(), count=1).partition("\0")
    said, instead = tidied(before).split(), tidied(after)
    if not correction or not said or not instead:
        return
    for taken in range(1, min(len(said), _TAKEN_BACK) + 1):
        yield " ".join((*said[: len(said) - taken], instead)).replace("the the ", "the ")
    yield instead


def without_slips(text: str) -> str:
    """The sentence without fillers and repeated words, and with `off` where `of` was heard."""
    return _changed(text, _SLIPS)


def tidied(text: str) -> str:
    """The sentence without politeness too, in lower case; each article is `the`, and a number at its end has a `to`."""
    return _changed(text.casefold(), _WORDINGS)


def bare(text: str) -> str:
    """The sentence without politeness, its words otherwise as they were."""
    return _changed(text, [(pattern, instead) for pattern, instead in _WORDINGS if not instead])


def contradicts(text: str) -> bool:
    """True for "turn it on and off": which of the two is meant, nobody can tell."""
    return _BOTH_WAYS.search(text.casefold()) is not None


def _changed(line: str, changes: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, instead in changes:
        if pattern.search(line):
            line = " ".join(pattern.sub(instead, line).split())
    return line.strip(" ,;:-")


class Speller:
    """Respells words of one home's names; `names` are all of them in lower case; `words` are no misspelled names."""

    def __init__(self, names: Collection[str], language: str, words: frozenset[str] = frozenset()) -> None:
        split = [_LETTERS.findall(name) for name in names]
        own = {word for name in split for word in name}
        self._pairs = {pair for name in split for pair in pairwise(name)}
        self._known = vocabulary(language) | own | words
        self._own, self._nouns = Spelling(own), Spelling(_NOUNS)
        self._sounding: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for word in {word for name in names for word in name.split() if word not in _NOUNS}:
            if len(key := sounds(word)) >= _SHORTEST:
                self._sounding[key[0]].append((key, word))

    def respelled(self, text: str) -> tuple[str, int]:
        """The text with words that are nearly a name, and how many slips that takes."""
        words = text.split()
        count = 0
        for i, word in enumerate(words):
            if not self._is_strange(word):
                continue
            instead = self._meant(word, words[i - 1] if i else "", words[i + 1] if i + 1 < len(words) else "")
            if instead is not None:
                words[i], count = instead, count + 1
        return " ".join(words), count

    def by_sound(self, text: str) -> str | None:
        """The text with one word or two that sound like an odd one of a name: "shivawn's" for "Siobhan's"."""
        words = text.split()
        spans = [(i, i + n) for n in (2, 1) for i in range(len(words) - n + 1)]
        found = []
        for begin, end in spans:
            if all(map(self._is_strange, words[begin:end])):
                key = "".join(map(sounds, words[begin:end]))
                near = sorted((unlike(key, one), word) for one, word in self._sounding.get(key[:1], ()))
                if near and near[0][0] <= _UNLIKE and (len(near) < 2 or near[1][0] - near[0][0] >= _APART):
                    found.append((near[0][0], begin, end, near[0][1]))
        if not found:
            return None
        _, begin, end, instead = min(found)
        return " ".join((*words[:begin], instead, *words[end:]))

    def _is_strange(self, word: str) -> bool:
        plain = word.replace("'", "")
        return plain.isalpha() and word not in self._known and plain not in self._known and stem(word) not in FILLERS

    def _meant(self, word: str, before: str, after: str) -> str | None:
        """The word that stands beside its neighbour in a name; else one of a name; else one of a kind of device."""
        near = self._own.near(word)
        beside = [one for one in near if (before, one) in self._pairs or (one, after) in self._pairs]
        if len(beside) == 1:
            return beside[0]
        if len(word) < _SHORTEST:
            return None
        return self._own.best(word) or self._nouns.best(word) or self._singular(word)

    def _singular(self, word: str) -> str | None:
        return self._own.best(word[:-1]) if len(word) > 4 and word.endswith("s") else None


@lru_cache(maxsize=4)
def vocabulary(language: str) -> frozenset[str]:
    """Every word of the language's sentence templates."""
    intents = sentences(language)
    texts: list[str] = [rule.text for rule in intents.expansion_rules.values() if rule.text]
    for intent in intents.intents.values():
        for data in intent.data:
            texts += data.sentence_texts
            texts += [rule.text for rule in data.expansion_rules.values() if rule.text]
    words = {word for text in texts for word in _LETTERS.findall(text.casefold())}
    return frozenset(words | {word for kind in KINDS for word in _plain(kind.words)} | _NOUNS)


def _plain(words: Iterable[str]) -> Iterable[str]:
    return (word for word in words if word.isalpha())


_NOUNS = frozenset(
    [
        "light",
        "lights",
        "lamp",
        "lamps",
        "bulb",
        "plug",
        "socket",
        "outlet",
        "speaker",
        "speakers",
        "music",
        "volume",
        "sound",
        "television",
        "stereo",
        "radio",
        "vacuum",
        "cleaner",
        "hoover",
        "robot",
        "roomba",
        "coffee",
        "espresso",
        "cappuccino",
        "latte",
        "blinds",
        "blind",
        "curtains",
        "curtain",
        "shutter",
        "shutters",
        "window",
        "door",
        "doors",
        "garage",
        "thermostat",
        "heating",
        "heater",
        "temperature",
        "ceiling",
        "kitchen",
        "bedroom",
        "bathroom",
        "brightness",
        "color",
        "colors",
        "percent",
        "machine",
        "ventilator",
        "conditioner",
        "humidifier",
    ]
) | frozenset(COLORS)
