"""What can be said in this home: Home Assistant's sentences over the names of its devices, areas and floors."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import home_assistant_intents
import yaml
from hassil import Intents, SlotList, TextSlotList
from hassil.errors import HassilError
from hassil.parser import ParseError

from edgevoice.errors import SettingsError
from edgevoice.home.model import Device, Home
from edgevoice.nlu.chinese_free import Lexicon
from edgevoice.nlu.numbers import words
from edgevoice.nlu.packs import Pack, standard, uncovered
from edgevoice.nlu.sounds import unaccented
from edgevoice.schema import suggest

_OWN = Path(__file__).parent / "sentences"
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d{1,3}")
_STROKES = re.compile(r"[/_]")
_REMEDY = "Write it as Home Assistant's custom sentences are written: intents, each with data, each with sentences"
_SHARED = ("lists", "expansion_rules")


class Language:
    """The sentences of one language with the names of one home in them, as the home is at `version`."""

    def __init__(self, home: Home, intents: Intents) -> None:
        self.intents = intents
        self.version = home.version
        self._called: dict[str, list[Device]] = defaultdict(list)
        for device in home.exposed():
            for spoken in self._spoken(device.name, *device.aliases):
                self._called[spoken.casefold()].append(device)
        self.lists: Mapping[str, SlotList] = {
            "name": TextSlotList.from_tuples(self._names(), allow_template=False, name="name"),
            "area": TextSlotList.from_tuples(
                (
                    (spoken, area.name)
                    for area in home.areas.values()
                    for spoken in self._spoken(area.name, *area.aliases)
                ),
                allow_template=False,
                name="area",
            ),
            "floor": TextSlotList.from_tuples(
                (
                    (spoken, floor.name)
                    for floor in home.floors.values()
                    for spoken in self._spoken(floor.name, *floor.aliases)
                ),
                allow_template=False,
                name="floor",
            ),
        }

        self.chinese = Lexicon(home, intents) if intents.language.startswith("zh") else None
        """The words of this home, for a language that is written without spaces."""
        self._apart = _apart((*self._called, *(a.name for a in home.areas.values())))
        for one in self.lists.values():
            if isinstance(one, TextSlotList):
                one.get_candidates("")  # builds its index now, not in the middle of a turn

    def apart(self, text: str) -> str:
        """The text with words of the home's names that were heard as one, apart again: "bedlight" -> "bed light"."""
        return _WORD.sub(lambda found: self._apart.get(found[0].casefold(), found[0]), text)

    def called(self, spoken: str) -> tuple[Device, ...]:
        """The devices that go by this name or alias."""
        return tuple(self._called.get(spoken.strip().casefold(), ()))

    def _names(self) -> Iterable[tuple[str, str, dict[str, Any]]]:
        for spoken, devices in self._called.items():
            for device in devices:
                context = {"domain": device.domain}
                if device.device_class:
                    context["device_class"] = device.device_class
                yield spoken, device.name, context

    def _spoken(self, *names: str) -> tuple[str, ...]:
        """The names, each once; beside one with a number in it the form that spells it, `bedroom two light`, and beside
        one with other letters than this language's, or a stroke, the form that its recognisers write, `Bjorn's lamp`, `A C`.
        """
        plain = [" ".join(name.split()) for name in names]
        spelled = [_NUMBER.sub(lambda found: words(found[0], self.intents.language), name) for name in plain]
        bare = [_bare(name) for name in plain + spelled] if self.intents.language.startswith("en") else []
        return tuple(dict.fromkeys(name for name in plain + spelled + bare if name))


def _bare(name: str) -> str:
    return " ".join(_STROKES.sub(" ", unaccented(name)).split())


def _apart(names: Iterable[str]) -> dict[str, str]:
    """Each two neighbouring words of the names, written together; none that is itself a word of a name."""
    split = [name.casefold().split() for name in names]
    known = {word for name in split for word in name}
    pairs = {one + other: f"{one} {other}" for name in split for one, other in pairwise(name)}
    return {joined: pair for joined, pair in pairs.items() if joined not in known and joined.isalpha()}


@lru_cache(maxsize=4)
def sentences(language: str, packs: tuple[Pack, ...] | None = None) -> Intents:
    """Home Assistant's sentence templates, parsed, with those of packs: None means the standard ones.

    Raises SettingsError for an unknown language, and for a pack whose sentences are wrong.
    """
    packs = standard() if packs is None else packs
    known = {name.casefold(): name for name in home_assistant_intents.get_languages()}
    found = home_assistant_intents.get_intents(known.get(language.replace("_", "-").casefold(), ""))
    if found is None:
        raise SettingsError("nlu.language", f"no sentences for '{language}'", suggest(language, known.values()))
    own = _OWN / f"{found['language']}.yaml"
    if own.is_file():
        _extend(found, yaml.load(own.read_text("utf-8"), yaml.CSafeLoader))
    intents_known = {*found["intents"], *(name for pack in standard() for name in pack.spec.covers)}
    for name in uncovered(packs):
        found["intents"].pop(name, None)
    spoken = [pack for pack in packs if pack.speaks(language)]
    for pack in spoken:
        _check_names(found, pack)
        _extend(found, pack.about_home)
    for pack in spoken:
        if not pack.ships:  # those that ship were checked before they did
            pack.check(found, intents_known)
    try:
        intents = Intents.from_dict(found)
        for intent in intents.intents.values():
            for data in intent.data:
                _ = data.sentences  # parsed on first use otherwise, in the middle of a turn
    except (HassilError, ParseError, KeyError, TypeError, AttributeError) as error:
        names = ", ".join(pack.source.name for pack in spoken) or str(own)
        raise SettingsError(names, f"a sentence is wrong: {error}", _REMEDY) from None
    return intents


def _check_names(found: Mapping[str, Any], pack: Pack) -> None:
    """Raises SettingsError where a pack calls a list or a rule of its own as another one is called already."""
    for part in _SHARED:
        for name, content in pack.about_home[part].items():
            if found[part].get(name, content) != content:
                place = pack.source.at(part, name)
                raise SettingsError(place, f"another one of {part} is called '{name}'", "Give it a name of its own")


def _extend(found: dict[str, Any], own: Mapping[str, Any]) -> None:
    """Adds sentences, and the lists and rules they need, to Home Assistant's."""
    for part in _SHARED:
        found[part] = {**own.get(part, {}), **found.get(part, {})}
    found["skip_words"] = [*found.get("skip_words", ()), *own.get("skip_words", ())]
    for name, intent in own["intents"].items():
        found["intents"].setdefault(name, {"data": []})["data"].extend(intent["data"])
    for device_class, said in own.get("binary_sensors", {}).items():
        found["intents"]["HassGetState"]["data"].extend(_sensor_questions(device_class, said))


def _sensor_questions(device_class: str, said: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    """What may be asked about the binary sensors of one class: `things` they are called, what is said of an `on` and of
    an `off` one, and, where there is one, what `there` is while it is on.
    """
    things, place = f"({said['things']})", "[<in> [<the>] {area}]"
    for state in ("on", "off"):
        told = f"({said['if_' + state]})"
        forms = {
            "one_yesno": [f"(is|are) [<the>] {{name}} [{said.get('noun', things)}] {told}"],
            "any": [f"(is|are) [there] (any|some) {things} {told} {place}"],
            "all": [f"are <all> [<the>] {things} {told} {place}"],
            "which": [f"(which|what) {things} (is|are) {told} {place}"],
            "how_many": [f"how many {things} (is|are) {told} {place}"],
        }
        if state == "on" and "there" in said:
            forms["any"] += [
                f"is there [any] ({said['there']}) {place}",
                f"is [any] ({said['there']}) detected {place}",
            ]
        for response, sentences_of in forms.items():
            slots = {"domain": "binary_sensor", "device_class": device_class, "state": state}
            context = {"domain": "binary_sensor", "device_class": device_class} if response == "one_yesno" else {}
            yield {"sentences": sentences_of, "slots": slots, "requires_context": context, "response": response}
