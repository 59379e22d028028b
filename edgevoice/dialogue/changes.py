"""What is said of a thing that was spoken of already: "off again", "a bit brighter", "down by ten", "halfway", "red".

Every word of such a sentence has to belong to it; anything else is a sentence of its own. English only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from edgevoice.home.colors import rgb
from edgevoice.nlu.numbers import amount


@dataclass(frozen=True, slots=True)
class Change:
    """`how` is `switch`, `set`, `step`, `times`, `color` or `tone`.

    `switch`: `verb` says what is done. `set`: to `amount`. `step`: by `amount` in the direction `sign`; an amount of 0 is
    the usual step `size` times over, a sign of 0 the direction of the last change. `tone`: to `amount` kelvin, or warmer
    and cooler by `sign`. `what` is the capability that the words name, empty where they name none.
    """

    how: str
    amount: float = 0.0
    what: str = ""
    sign: int = 0
    size: float = 1.0
    verb: str = ""
    color: str = ""
    is_turned: bool = False
    """ "Turn it up" is no way to speak of a blind."""


# A word -> the direction in which it goes, and of what.
_COMPARED: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("brighter", "lighter", "brighten"), (1, "brightness")),
    **dict.fromkeys(("dimmer", "darker", "dim", "darken"), (-1, "brightness")),
    **dict.fromkeys(("louder",), (1, "volume")),
    **dict.fromkeys(("quieter", "softer"), (-1, "volume")),
    **dict.fromkeys(("warmer", "hotter"), (1, "temperature")),
    **dict.fromkeys(("cooler", "colder"), (-1, "temperature")),
    **dict.fromkeys(("faster", "stronger"), (1, "fan_speed")),
    **dict.fromkeys(("slower", "weaker"), (-1, "fan_speed")),
    **dict.fromkeys(("up", "higher", "raise", "increase"), (1, "")),
    **dict.fromkeys(("down", "lower", "less", "reduce", "decrease"), (-1, "")),
}
_ADJECTIVES: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("bright", "light"), (1, "brightness")), "dark": (-1, "brightness"), "dim": (-1, "brightness"),
    "loud": (1, "volume"), "quiet": (-1, "volume"), **dict.fromkeys(("warm", "hot"), (1, "temperature")),
    **dict.fromkeys(("cold", "cool", "chilly"), (-1, "temperature")), "fast": (1, "fan_speed"), "slow": (-1, "fan_speed"),
    "strong": (1, "fan_speed"), "weak": (-1, "fan_speed"), "high": (1, ""), "low": (-1, ""), "open": (1, "position"),
}  # fmt: skip
_NAMED = {
    "brightness": "brightness", "volume": "volume", "sound": "volume", "temperature": "temperature", "heat": "temperature",
    "degrees": "temperature", "degree": "temperature", "speed": "fan_speed", "position": "position", "humidity": "humidity",
}  # fmt: skip
_MORE = frozenset({"more", "another", "further", "extra"})
_SMALL = frozenset({"bit", "little", "tiny", "wee", "tad", "touch", "slightly", "smidge", "somewhat"})
_VERY = frozenset({*_SMALL, "quite", "very", "really", "rather", "so", "pretty", "awfully"})
"""A thing that is so is not as it should be: "it's a bit loud"."""
_LARGE = frozenset({"lot", "lots", "much", "way", "far"})
_DEGREES = {"low": 25.0, "medium": 50.0, "high": 80.0}
_MOST = frozenset({"maximum", "max", "full", "fully", "completely", "highest", "brightest", "loudest"})
_LEAST = frozenset({"minimum", "min", "lowest", "dimmest"})
SWITCHES: dict[str, str] = {
    "on": "on", "off": "off", "out": "off", "open": "open", "close": "close", "shut": "close", "closed": "close",
    "lock": "lock", "unlock": "unlock", "mute": "mute", "unmute": "unmute", "pause": "pause", "resume": "resume",
    "continue": "resume", "unpause": "resume", "play": "resume", "stop": "stop", "halt": "stop", "start": "start",
    "run": "start", "home": "dock", "dock": "dock", "activate": "on",
}  # fmt: skip
_PLAIN = frozenset(
    [
        "make",
        "set",
        "turn",
        "switch",
        "put",
        "change",
        "get",
        "bring",
        "have",
        "keep",
        "leave",
        "move",
        "crank",
        "it",
        "that",
        "this",
        "them",
        "those",
        "these",
        "both",
        "all",
        "one",
        "of",
        "the",
        "is",
        "are",
        "its",
        "was",
        "to",
        "at",
        "by",
        "be",
        "a",
        "an",
        "for",
        "me",
        "with",
        "in",
        "as",
        "please",
        "again",
        "back",
        "now",
        "still",
        "instead",
        "thanks",
        "than",
        "before",
        "would",
        "could",
        "can",
        "you",
        "i",
        "want",
        "need",
        "like",
        "let",
        "go",
        "do",
        "then",
        "just",
        "only",
        "too",
        "so",
        "percent",
        "level",
        "color",
        "colour",
        "possible",
        "even",
        "way",
        "completely",
        "about",
        "around",
        "cosy",
        "cozy",
        "nice",
        "pretty",
        "lovely",
        "roughly",
        "maybe",
        "say",
        "moment",
        "sec",
        "while",
        "right",
        "everything",
        "send",
        "take",
        "and",
        "them's",
        "they",
        "they're",
        "them",
        "it's",
        "that's",
        "enough",
        "better",
        "fine",
        "much",
    ]
)
_TONES = {
    "warm white": 2700.0,
    "soft white": 2700.0,
    "cool white": 5000.0,
    "cold white": 5000.0,
    "daylight": 6000.0,
    "neutral white": 4000.0,
}
_TIMES = re.compile(
    r"\b(?:(?P<times>twice|double|triple|half|halve|(?:two|three|four) times)(?: as \w+(?: as (?:it|that) (?:is|was))?| (?:of )?that| the \w+)?)\b"
)
_FACTORS = {
    "twice": 2.0,
    "double": 2.0,
    "two times": 2.0,
    "triple": 3.0,
    "three times": 3.0,
    "four times": 4.0,
    "half": 0.5,
    "halve": 0.5,
}


def read(words: Sequence[str]) -> Change | None:
    """The change that plain words, in lower case, speak of; None where one of them belongs to none."""
    text = " ".join(words)
    return _times(text) or _tone(text) or _colored(words) or _switched(words) or _leveled(list(words))


def _times(text: str) -> Change | None:
    found = _TIMES.search(text)
    if found is None or (found["times"] == "half" and found[0] == "half"):
        return None
    what = next((_ADJECTIVES[word][1] for word in found[0].split() if word in _ADJECTIVES), "")
    what = what or next((_NAMED[word] for word in found[0].split() if word in _NAMED), "")
    rest = (text[: found.start()] + text[found.end() :]).split()
    return Change("times", _FACTORS[found["times"]], what) if set(rest) <= _PLAIN else None


def _tone(text: str) -> Change | None:
    for name, kelvin in _TONES.items():
        if re.search(rf"\b{name}\b", text) and set(text.replace(name, " ").split()) <= _PLAIN:
            return Change("tone", kelvin, "color_temperature")
    return None


def _colored(words: Sequence[str]) -> Change | None:
    for length in (2, 1):
        for at in range(len(words) - length + 1):
            name = " ".join(words[at : at + length])
            rest = {*words[:at], *words[at + length :]}
            if name.isascii() and rgb(name) is not None and rest <= _PLAIN:
                return Change("color", what="color", color=name)
    return None


def _switched(words: Sequence[str]) -> Change | None:
    if words[:1] and words[0] in ("turn", "switch", "put") and "on" in words:  # "switch it on at low speed"
        level = _leveled([word for word in words if word != "on"])
        if level is not None and level.how == "set":
            return level
    verbs = [SWITCHES[word] for word in words if word in SWITCHES]
    rest = {word for word in words if word not in SWITCHES}
    if list(words) in (["carry", "on"], ["go", "on"], ["keep", "going"]):
        return Change("switch", verb="resume")
    if len(set(verbs)) != 1 or not rest <= _PLAIN:
        return None
    return Change("switch", verb=verbs[0])


@dataclass(slots=True)
class _Seen:
    """What the words of a level say, as they are read."""

    number: float | None = None
    sign: int = 0
    what: str = ""
    size: float = 1.0
    is_goal: bool = False
    is_end: int = 0
    is_flipped: bool = False
    has_more: bool = False


def _leveled(words: list[str]) -> Change | None:
    """A level that is wanted, or which way to go from the one there is."""
    seen = _Seen()
    at = 0
    while at < len(words):
        word, after = words[at], words[at + 1] if at + 1 < len(words) else ""
        if word in ("to", "at") or (word == "on" and after in _DEGREES) or (word == "as" and "possible" in words):
            seen.is_goal = True
        if word in _DEGREES and seen.is_goal:
            seen.number = _DEGREES[word]
        elif word == "half" and words[at + 1 : at + 3] in (["a", "degree"], ["degree"]):
            seen.number, at = 0.5, at + 1
        elif word == "right" and after in ("up", "down"):  # "turn it right down"
            seen.is_end, at = 1 if after == "up" else -1, at + 1
        elif word == "notch":
            seen.size = 0.5
        elif (word in _MOST and after != "of") or words[at : at + 3] == ["all", "the", "way"]:
            seen.is_end, at = 1, at + (2 if word == "all" else 0)
        elif word in _LEAST:
            seen.is_end = -1
        elif word == "too" and (after in _ADJECTIVES or after == "much" or after == "little"):
            seen.is_flipped, seen.has_more = True, seen.has_more or after in ("much", "little")
            seen.sign, at = (-1 if after == "little" else seen.sign), at + (after not in _ADJECTIVES)
        elif word in ("not", "isn't", "aren't") or word == "enough":
            seen.is_flipped = seen.is_flipped or (word != "enough" and words[at - 1 : at] not in (["is"], ["are"]))
            seen.has_more = seen.has_more or (word != "enough" and words[at - 1 : at] in (["is"], ["are"]))
            seen.size = seen.size if word != "enough" else 1.0
        elif word in _COMPARED:
            seen.sign, seen.what = _COMPARED[word][0], _COMPARED[word][1] or seen.what
        elif word in _VERY and after in _ADJECTIVES and not (seen.sign or seen.has_more or seen.is_goal):
            seen.is_flipped = seen.has_more = True
        elif word in _ADJECTIVES and (seen.sign or seen.has_more or seen.is_flipped or seen.is_goal):
            seen.sign, seen.what = (
                _ADJECTIVES[word][0] * (seen.sign if seen.sign < 0 and words[at - 1] == "less" else 1),
                _ADJECTIVES[word][1] or seen.what,
            )
        elif word in _NAMED:
            seen.what = _NAMED[word]
            seen.number = 1.0 if word == "degree" and seen.number is None else seen.number
        elif word in _MORE:
            seen.has_more = True
        elif word in _SMALL and after == "much":
            seen.is_flipped, seen.has_more, at = True, True, at + 1
        elif word in _SMALL:
            seen.size = 0.5
        elif word in _LARGE and after in {*_COMPARED, *_MORE, *_ADJECTIVES}:
            seen.size = 2.0
        elif word == "on" and after in _DEGREES:
            pass
        elif (word != "one" and word not in _PLAIN) or (word == "one" and after in ("percent", "degree")):
            found = amount(words, at)
            if found is None or seen.number is not None:
                return None
            seen.number, at = found[0], found[1] - 1
        elif word not in _PLAIN:
            return None
        at += 1
    return _concluded(words, seen)


def _concluded(words: list[str], seen: _Seen) -> Change | None:
    if seen.is_flipped:
        seen.sign = -seen.sign if seen.sign else -2  # "too much": against the last direction
    if seen.is_end and seen.is_flipped:  # "not completely"
        return Change("step", 0.0, seen.what, -2)
    if seen.is_end or ("possible" in words and seen.sign):
        end = (seen.is_end if seen.is_end and not seen.sign else seen.sign or seen.is_end) > 0
        return Change("set", 100.0 if end else 1.0, seen.what, sign=1 if end else -1, size=0.0)
    if seen.number is not None and (seen.is_goal or not (seen.sign or seen.has_more)):
        return Change("set", seen.number, seen.what)
    if seen.sign or seen.has_more:
        return Change(
            "step",
            seen.number or 0.0,
            seen.what,
            seen.sign or (1 if seen.number else 0),
            seen.size,
            is_turned=words[0] in ("turn", "crank"),
        )
    return None
