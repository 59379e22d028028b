"""A sentence in words, with what they point at in this home and what they ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from edgevoice.nlu import evidence, wishes
from edgevoice.nlu.evidence import stem
from edgevoice.nlu.mentions import Index, Mention
from edgevoice.nlu.wishes import Wish

_WORD = re.compile(r"-?\d+(?:[.,]\d+)?(?:%|e[-+]?\d+)?|[^\W\d_]+(?:'[^\W\d_]+)?")
_REASON = re.compile(
    r"\b(?:so that|so (?:i|we) can|because|since|to (?:charge|plug|connect|save|wake|sleep|read|see))\b.*|"
    r"\b(?:that|which) (?:is|are|'s|'re)(?: still| currently)? (?:on|off|open|closed|lit)\b"
)
"""Why something is wanted, and how it is now: it says nothing of what is wanted."""
_CLOCK = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_LATER = re.compile(
    r"(?<=\w) (?:when|whenever|while|if|unless|until|till|before|after|once|as soon as)\b.*|"
    rf"\b(?:at|by|from|between|around) (?:noon|midnight|sunset|sunrise|dawn|dusk|{_CLOCK}(?: (?:to|and) {_CLOCK})?"
    r"(?: (?:thirty|fifteen|forty five))? ?(?:am|pm|a m|p m|o'clock))\b(?: (?:time|every|each|week|day|daily|everyday|today|"
    r"tomorrow|tonight))*|"
    r"\b(?:for|in|every|another)(?: (?:the|next|another|a|an|certain|amount|of|few|some|[a-z]+|\d+)){0,5}? "
    r"(?:second|minute|hour|day|week|while|morning|evening|night)s?\b|"
    rf"\b{_CLOCK} (?:second|minute|hour)s?\b|"
    r"\b(?:today|tomorrow|tonight|daily|everyday|later|(?:this|in the) (?:morning|evening|afternoon|night)|during the day)\b"
)
"""When, or for how long; that it is not wanted just now."""
_CONDITIONS = frozenset({"if", "when", "whenever", "unless", "once", "until"})
"""What begins so is not to be done now."""
_MOST_WORDS = 40
_ARTICLES = frozenset(["the", "my", "our", "your", "this", "that", "a", "an", "these", "those"])


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence in words, with what they point at."""

    text: str
    words: tuple[str, ...]
    mentions: tuple[Mention, ...]
    sentence: evidence.Sentence
    is_later: bool
    """It also says when, or until when."""

    def tagged(self, with_parts: bool) -> tuple[list[str], list[tuple[int, int]]]:
        """Stems and tags, and which words each of them stands for. `with_parts`: parts of names are tagged as well."""
        at, tokens, spans = 0, list[str](), list[tuple[int, int]]()
        starts = {one.begin: one for one in self.mentions if with_parts or not one.is_part}
        while at < len(self.words):
            mention = starts.get(at)
            end = mention.end if mention else at + 1
            tokens.append(mention.tag if mention else "in" if self._is_where(at) else stem(self.words[at]))
            spans.append((at, end))
            at = end
        return tokens, spans

    def _is_where(self, at: int) -> bool:
        """True for the `on` of "the light on the porch"."""
        after = at + 2 if self.words[at + 1 : at + 2] and self.words[at + 1] in _ARTICLES else at + 1
        place = any(one.begin == after and (one.areas or one.floors) for one in self.mentions)
        return self.words[at] == "on" and place

    @property
    def number(self) -> Mention | None:
        return next((one for one in self.mentions if one.number is not None), None)

    @property
    def color(self) -> Mention | None:
        return next((one for one in self.mentions if one.color), None)

    def wishes(self) -> tuple[Wish, ...]:
        """What it asks for: the best wish of each action."""
        found: dict[str, Wish] = {}
        for with_parts in (False, True) if any(one.is_part for one in self.mentions) else (False,):
            tokens, spans = self.tagged(with_parts)
            for wish in wishes.read(tokens):
                words = frozenset(i for at in wish.words for i in range(*spans[at]))
                before = found.get(wish.action, wish)
                found[wish.action] = replace(wish, strength=max(wish.strength, before.strength), words=words)
        return tuple(found.values())


def read(text: str, index: Index) -> Said | None:
    """None where there is nothing in it, too much, or a condition before all."""
    plain = _REASON.sub(" ", text.casefold().replace("’", "'"))
    now = " ".join(_LATER.sub(" ", plain).split())
    words = tuple(_WORD.findall(now))
    if not words or len(words) > _MOST_WORDS or words[0] in _CONDITIONS:
        return None
    is_later = now != " ".join(plain.split())
    return Said(text, words, index.mentions(words), evidence.read(text), is_later)
