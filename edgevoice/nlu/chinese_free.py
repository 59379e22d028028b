"""Chinese by its words, in whatever order they come: names of this home, verbs, values, and what changes nothing.

Every character has to belong to a word that is known here; a sentence with anything else in it is not understood. What
asks is never done, whatever verbs are in it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from hassil import Intents, TextSlotList, sample_expression
from hassil.expression import TextChunk

from edgevoice.home.model import Device, Home
from edgevoice.messages import Value
from edgevoice.nlu import chinese_words as words

_NUMBER = re.compile(
    rf"百分之(?P<share>{words.NUMERAL.pattern})|(?P<value>{words.NUMERAL.pattern})(?P<sign>%|percent|巴仙)?"
)
_LITERAL = frozenset({"on", "off", "lock", "unlock", "not", "stop", "filler", "is", "ask"})
"""Never taken from what only sounds like it: verbs that must not be guessed, and words that would cover anything."""
_MISHEARD = 1.5
_LITERAL_FOR_ONE = 3
"""A sentence must be longer than this for each character that was misheard."""
_MOST = 60
"""Characters; no command is longer."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of a sentence. `says` are keys of `chinese_words`: `on`, `kind:灯`, `state:open`, `door:on`, `color:red`."""

    text: str
    says: frozenset[str] = frozenset()
    devices: tuple[Device, ...] = ()
    area: str = ""
    floor: str = ""
    number: float | None = None
    is_share: bool = False
    misheard: int = 0
    """Characters that only sound like those of the word that it is taken for."""


@dataclass(frozen=True, slots=True)
class Said:
    """A whole sentence in pieces."""

    pieces: tuple[Piece, ...]
    is_question: bool
    says: frozenset[str] = field(default=frozenset())

    def has(self, *what: str) -> bool:
        return not self.says.isdisjoint(what)

    @property
    def devices(self) -> tuple[Device, ...]:
        """Those of the one name that is in the sentence; empty where there is none, or two."""
        named = [piece.devices for piece in self.pieces if piece.devices]
        return named[0] if len(named) == 1 else ()

    @property
    def place(self) -> dict[str, Value]:
        areas = dict.fromkeys(piece.area for piece in self.pieces if piece.area)
        floors = dict.fromkeys(piece.floor for piece in self.pieces if piece.floor)
        return {"area": next(iter(areas))} if areas else {"floor": next(iter(floors))} if floors else {}

    @property
    def kind(self) -> str:
        return next(iter(self.told("kind")), "")

    @property
    def number(self) -> Piece | None:
        return next((piece for piece in self.pieces if piece.number is not None), None)

    @property
    def is_single(self) -> bool:
        """About one name, one place, one kind and one number at most: two of them are two wishes."""
        names = sum(bool(piece.devices) for piece in self.pieces)
        places = len({piece.area or piece.floor for piece in self.pieces if piece.area or piece.floor})
        numbers = sum(piece.number is not None for piece in self.pieces)
        return max(names, places, numbers, len(self.told("kind"))) <= 1 and not (names and self.kind and not self.place)

    @property
    def misheard(self) -> int:
        """Characters that only sound like those that they are taken for."""
        return sum(piece.misheard for piece in self.pieces)

    def told(self, key: str) -> tuple[str, ...]:
        """What is said of a key: `told("state")` is `("open",)`."""
        return tuple(sorted(one.partition(":")[2] for one in self.says if one.startswith(f"{key}:")))


class Lexicon:
    """All words that are known in this home, as it is at `version`."""

    def __init__(self, home: Home, intents: Intents) -> None:
        self.version = home.version
        self._says: dict[str, set[str]] = defaultdict(set)
        for text, says in (*_common().items(), *_colors(intents)):
            self._says[text] |= says
        self._devices: dict[str, list[Device]] = defaultdict(list)
        self._areas = {words.plain(n): area.name for area in home.areas.values() for n in (area.name, *area.aliases)}
        self._floors = {words.plain(n): one.name for one in home.floors.values() for n in (one.name, *one.aliases)}
        for device in home.exposed():
            for name in dict.fromkeys(self._names(home, device)):
                if device not in self._devices[name]:
                    self._devices[name].append(device)
        known = (*self._says, *self._devices, *self._areas, *self._floors)
        self._longest = max(map(len, known))

    def words(self) -> Iterator[str]:
        """Every word, for a recogniser."""
        yield from {**self._says, **self._devices, **self._areas, **self._floors}

    def pieces(self, text: str, heard: bool = False) -> tuple[Piece, ...]:
        """The sentence in the fewest pieces, names before other words; empty where some character is in none.

        `heard`: a piece may also be what sounds like a word.
        """
        said = words.sounds(text) if heard else ()
        best: list[tuple[float, tuple[Piece, ...]] | None] = [None] * len(text) + [(0.0, ())]
        for at in reversed(range(len(text))):
            for piece, cost in (*self._at(text, at), *self._alike(text, said, at)):
                rest = best[at + len(piece.text)]
                before = best[at]
                if rest is not None and (before is None or rest[0] + cost < before[0]):
                    best[at] = (rest[0] + cost, (piece, *rest[1]))
        return best[0][1] if best[0] is not None else ()

    def _at(self, text: str, at: int) -> Iterator[tuple[Piece, float]]:
        number = _NUMBER.match(text, at)
        if number is not None and (piece := _numbered(number)) is not None:
            yield piece, 1.0
        for end in range(at + 1, min(len(text), at + self._longest) + 1):
            part = text[at:end]
            says = frozenset(self._says.get(part, ()))
            devices = tuple(self._devices.get(part, ()))
            area, floor = self._areas.get(part, ""), self._floors.get(part, "")
            if devices or area or floor:
                yield Piece(part, frozenset(), devices, "" if devices else area, floor), 0.8
            elif says:
                yield Piece(part, says), 0.9 if "filler" in says else 1.0

    def _alike(self, text: str, said: tuple[str, ...], at: int) -> Iterator[tuple[Piece, float]]:
        if len(said) != len(text):
            return
        for end in range(at + 1, min(len(text), at + self._longest) + 1):
            for word in self._sounding.get(said[at:end], ()):
                if word != text[at:end]:
                    for piece, cost in self._at(word, 0):
                        if piece.text == word and _LITERAL.isdisjoint(piece.says):
                            wrong = sum(one != other for one, other in zip(word, text[at:end], strict=True))
                            yield replace(piece, text=text[at:end], misheard=wrong), cost + _MISHEARD

    @cached_property
    def _sounding(self) -> dict[tuple[str, ...], list[str]]:
        """How a word sounds -> the words."""
        found: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for word in self.words():
            if word.isalpha() and not word.isascii():
                found[words.sounds(word)].append(word)
        return found

    def _names(self, home: Home, device: Device) -> Iterator[str]:
        """A device's names, and those that begin with its area also with `的` between them, or without the area."""
        area = home.areas.get(device.area or "")
        places = [words.plain(name) for name in (area.name, *area.aliases)] if area else []
        for name in (words.plain(name) for name in (device.name, *device.aliases)):
            yield name
            for place in places:
                rest = name.removeprefix(place).removeprefix("的")
                if rest != name and rest and not self._says.get(rest):
                    yield from (f"{place}的{rest}", f"{place}嘅{rest}", place + rest, rest)


def read(text: str, lexicon: Lexicon, heard: bool = False) -> Said | None:
    """None where something in the sentence is no word that is known, or, if `heard`, too much only sounds like one."""
    line = words.simplified(text).strip()
    plain = words.plain(line).replace("?", "").replace("？", "")
    pieces = lexicon.pieces(plain, heard) if 0 < len(plain) <= _MOST else ()
    misheard = sum(piece.misheard for piece in pieces)
    if misheard and misheard * _LITERAL_FOR_ONE >= len(plain):
        return None
    says = frozenset(one for piece in pieces for one in piece.says)
    asks = not says.isdisjoint({"ask", "which", "many", "what"}) or "?" in line or "？" in line
    return Said(pieces, asks, says) if pieces else None


def parts(said: Said) -> tuple[Said, ...]:
    """`客厅和卧室的灯` as two: each part has the verb, and what it lacks of kind and place, from the others."""
    groups: list[list[Piece]] = [[]]
    for piece in said.pieces:
        if "and" in piece.says:
            groups.append([])
        else:
            groups[-1].append(piece)
    if not all(groups) or len(groups) < 2:
        return ()
    verbs = [piece for piece in said.pieces if _is_shared(piece)]
    found = []
    for group in groups:
        own = [piece for piece in group if not _is_shared(piece)]
        if not any(piece.devices for piece in own):
            own += _lacking(own, groups)
        says = frozenset(one for piece in (*own, *verbs) for one in piece.says)
        found.append(Said((*own, *verbs), said.is_question, says))
    return tuple(found)


def _is_shared(piece: Piece) -> bool:
    return not (piece.devices or piece.area or piece.floor or any(one.startswith("kind:") for one in piece.says))


def _lacking(own: list[Piece], groups: list[list[Piece]]) -> list[Piece]:
    others = [piece for group in groups for piece in group]
    kinds = [piece for piece in others if any(one.startswith("kind:") for one in piece.says)]
    places = [piece for piece in others if piece.area or piece.floor]
    borrowed = [] if any(piece in kinds for piece in own) else kinds[-1:]
    return borrowed + ([] if any(piece in places for piece in own) else places[:1])


def _numbered(found: re.Match[str]) -> Piece | None:
    value = words.number(found["share"] or found["value"])
    if value is None or found[0] in ("一", "半"):
        return None
    return Piece(found[0], frozenset({"number"}), number=value, is_share=bool(found["share"] or found["sign"]))


@lru_cache(maxsize=1)
def _common() -> Mapping[str, frozenset[str]]:
    """Every word of `chinese_words`, and what it says."""
    says: dict[str, set[str]] = defaultdict(set)
    tables: list[tuple[str, Iterable[str]]] = [("filler", words.FILLERS.split())]
    tables += ((key, told.split()) for key, told in words.WORDS.items())
    tables += ((f"kind:{key}", told.split()) for key, (_, _, told) in words.KINDS.items())
    tables += ((f"state:{key}", told.split()) for key, (told, _) in words.STATES.items())
    for device_class, told in words.SENSED.items():
        tables += (
            (f"sensed:{device_class}:{state}", one.split()) for state, one in zip(("on", "off"), told, strict=True)
        )
    for key, listed in tables:
        for word in listed:
            says[word].add(key)
            if key in ("on", "off", "lock") or key.startswith(("state:", "sensed:")):
                for aspect in words.ASPECTS:
                    says[word + aspect].add(key)
    return {word: frozenset(told) for word, told in says.items()}


def _colors(intents: Intents) -> Iterator[tuple[str, frozenset[str]]]:
    colors = intents.slot_lists.get("color")
    for value in colors.values if isinstance(colors, TextSlotList) else ():
        chunk = value.text_in
        forms = [chunk.text] if isinstance(chunk, TextChunk) else sample_expression(chunk)
        for form in forms:
            plain = words.plain(form)
            for spoken in {plain, plain.removesuffix("色") + "色"}:
                yield spoken, frozenset({f"color:{value.value_out}"})
