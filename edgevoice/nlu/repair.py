"""Slips of the tongue and of the recogniser, put right: what a person did not mean to say, and names nearly right.

Only words that are no word of the language's sentences are respelled, and only into names of this home, kinds of
devices and colours. A verb is never made of anything: "pay my bill" is not "play my bill".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from edgevoice.nlu.evidence import FILLERS, KINDS, stem
from edgevoice.nlu.grammar import COLORS
from edgevoice.nlu.language import sentences
from edgevoice.nlu.spelling import Spelling

SURE = 0.9
"""What a respelled word leaves of the confidence."""
_LETTERS = re.compile(r"[^\W\d_]+")
_SLIPS = (
    (re.compile(r"(?<=\w) (?=(?:n't|'(?:s|m|d|re|ll|ve))\b)"), ""),  # "do n't", as some recognisers write
    (re.compile(r"\b(?:u+m+|u+h+m?|e+r+m?|h+m+|a+h+|oh|well|you know|i mean|sort of|kind of|basically|actually)\b,?"), ""),
    (re.compile(r"(?<!would )(?<!'d )(?<!i )(?<!you )(?<!don't )\blike\b,?(?! to\b)"), ""),
    (re.compile(r"^\W*(?:(?:hey|hi|hello|ok|okay|yo|so|and|now) (?:there )?)+\b"), ""),
    (re.compile(r"^\W*(?:alexa|siri|google|olly|jarvis|cortana|bixby|mycroft|computer|assistant)\b\W*"), ""),
    (re.compile(r"^\W*(?:(?:no(?:,|(?= no))|yes|yeah|alright|right|please|just|kindly),? )+"), ""),
    (
        re.compile(
            r"\b(?:(?:can|could|would|will) you(?: please| kindly| just)?|would you mind|do you mind|i would like you to|"
            r"i(?:'d| would) (?:like|love) (?:you )?to|i (?:want|need)(?: you)? to|i was wondering if you could|be so kind|"
            r"please|kindly|thank you|thanks|if you (?:can|could|would|don't mind)|for me|do me a favou?r and|go ahead and)\b"
        ),
        "",
    ),
    (re.compile(r"^((?:(?!\b(?:on|off)\b).)*\b(?:turn|switch|shut|power|cut|put)) of\b(?!.*\b(?:on|off)$)"), r"\1 off"),
    (re.compile(r"^(?:turn|switch|put)\b.* of$|^.* of$"), lambda found: found[0] + "f"),
    (re.compile(r"\b([^\W\d_]+)(?:,? \1\b)+"), r"\1"),
    (re.compile(r"\b(?:a|an|your|thee|da)(?= \w)"), "the"),
    (re.compile(r"\bthe the\b"), "the"),
)


def tidied(text: str) -> str:
    """The sentence without fillers, politeness and repeated words, in lower case; each article is `the`."""
    line = text.casefold()
    for slip, instead in _SLIPS:
        line = " ".join(slip.sub(instead, line).split())
    return line.strip(" ,;:-")


class Speller:
    """Respells words of one home's names; `names` are the words in them."""

    def __init__(self, names: Collection[str], language: str) -> None:
        own = {word for name in names for word in _LETTERS.findall(name)}
        self._known = vocabulary(language) | own
        self._spelling = Spelling(own | _NOUNS)

    def respelled(self, text: str) -> tuple[str, int]:
        """The text with words that are nearly a name, and how many they were."""
        count = 0

        def nearest(found: re.Match[str]) -> str:
            nonlocal count
            word = found[0].casefold()
            if word in self._known or stem(word) in FILLERS:
                return found[0]
            instead = self._spelling.nearest(word) or self._singular(word)
            count += instead is not None
            return instead or found[0]

        return _LETTERS.sub(nearest, text), count

    def _singular(self, word: str) -> str | None:
        return self._spelling.nearest(word[:-1]) if len(word) > 4 and word.endswith("s") else None


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
    "light lights lamp lamps bulb plug socket outlet speaker speakers music volume sound television stereo radio vacuum "
    "cleaner hoover robot roomba coffee espresso cappuccino latte blinds blind curtains curtain shutter shutters window "
    "door doors garage thermostat heating heater temperature ceiling kitchen bedroom bathroom brightness color colors "
    "percent machine ventilator conditioner humidifier".split()
) | frozenset(COLORS)
