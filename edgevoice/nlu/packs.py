"""Domains: what can be asked for, how it is said, and what follows, in one YAML file each.

    intents:
      orderDrink:
        sentences: ["(make|get) me a [{size}] {coffeeDrink}"]
        requires: [coffeeDrink]              # without these it is not this intent
        mqtt:                                # or `home: {intent: HassTurnOn, slots: {name: Kettle}}`, or neither
          topic: coffee/order
          payload: "{coffeeDrink}"
          state_topic: coffee/state          # what confirms it; without one the broker's word will do
        risk: confirm                        # free, confirm, pin or deny_while_moving
        answer: "One {coffeeDrink}, coming up."
      HassTurnOn:                            # more sentences for an intent of Home Assistant's, in the shape of its own
        data: [{sentences: ["let there be light"], slots: {domain: light, name: all}}]
    slots:
      size:
        values: [small, large, "(twelve|sixteen) ounce"]
        synonyms: {small: [little, tiny]}
      coffeeDrink:
        values: [latte, espresso]

Sentences and values are written in hassil's template syntax. A value that is a template stands for each of its forms.
A sentence that no template fits is searched for the values, heard roughly (see `tolerant`); a pack claims it when
enough of its words are explained, and what would act is asked about first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from hassil import Intents, recognize_best

from edgevoice import resources, schema
from edgevoice.config import NluSettings
from edgevoice.errors import SettingsError
from edgevoice.home.model import Capability, Device
from edgevoice.home.names import fold, phrase, slug
from edgevoice.messages import Action, Command, Intent, Value
from edgevoice.nlu import evidence
from edgevoice.nlu.numbers import spell
from edgevoice.nlu.pack_compiler import SLOT, Compiler, blocks, check_blocks
from edgevoice.nlu.pack_file import IntentSpec, PackSpec, Source
from edgevoice.nlu.tolerant import Finder, Finding

STANDARD = ("home", "media", "lists", "timers")
"""The packs that are on by themselves."""
ENOUGH = 0.75
"""Share of a sentence that must be explained before a pack claims it."""
_ASKED = 0.5
"""Confidence of what was heard roughly and would act: it is asked about first."""
_LARGEST = 500_000
"""Bytes of a file."""
_LONGEST = 200
"""Characters; no command is longer."""


class Pack:
    """One domain. `finders` holds one for each intent with sentences of its own; `name` is the file's."""

    def __init__(self, spec: PackSpec, source: Source, name: str, ships: bool = False) -> None:
        self.name, self.spec, self.source, self.ships = name, spec, source, ships
        compiler = Compiler(spec, source)
        self._finders: Mapping[str, Finder] = compiler.finders()
        self.sentences: Intents = compiler.hassil()
        """Its own sentences as hassil matches them."""
        self.about_home: Mapping[str, Any] = blocks(spec, source)
        """Its sentences about the home, in the shape of Home Assistant's."""

    @property
    def is_closed(self) -> bool:
        """True where it has sentences of its own."""
        return bool(self._finders)

    def count(self) -> int:
        """How many sentence templates it has."""
        blocks_ = [data for one in self.about_home["intents"].values() for data in one["data"]]
        return sum(len(one.sentences) for one in self.spec.intents.values()) + sum(len(b["sentences"]) for b in blocks_)

    def speaks(self, language: str) -> bool:
        """Whether its sentences are of this language."""
        wanted, own = language.replace("_", "-").casefold(), self.spec.language.replace("_", "-").casefold()
        return own in (wanted, wanted.partition("-")[0])

    def check(self, merged: Mapping[str, Any], intents: Collection[str]) -> None:
        """Raises SettingsError for what is wrong in its sentences about the home, which are in `merged`.

        `intents`: those that the home knows.
        """
        check_blocks(self.spec, self.source, merged, intents)

    def devices(self) -> Mapping[str, tuple[Device, str]]:
        """What its messages go to, each with the filter of the topics that confirm them, or nothing."""
        found = {}
        for name, one in self.spec.intents.items():
            if one.mqtt is None:
                continue
            device = Device(
                self._id(name), phrase(self.name), "pack", aliases=(one.title or _words(name),),
                capabilities={"message": Capability("message")}, risk={"message": one.risk}, exposed=False,
                optimistic=not one.mqtt.state_topic, origin=self.source.name,
            )  # fmt: skip
            found[device.id] = (device, SLOT.sub("+", one.mqtt.state_topic))
        return found

    def knows(self, intent: str) -> bool:
        return intent in self.spec.intents

    def match(self, text: str, closed: bool = False, area: frozenset[str] | None = None) -> Intent | None:
        """What was asked for; None where too little of the sentence is explained.

        `closed`: nothing else can have been said, so the likeliest reading is the answer, however unlike it sounds.
        `area` has the folded names of the microphone's area; None: it may stand anywhere.
        """
        if len(text) > _LONGEST and not closed:
            return None
        if (exact := self.exact(text, area)) is not None:
            return exact
        readings = []
        for name, finder in self._here(area).items():
            found = finder.find(text, self.spec.intents[name].requires, closed)
            if self._complete(name, found.slots) and (closed or self._is_plain(name, found, text)):
                readings.append((found.explained, len(found.slots), name, found))
        if not readings:
            return None
        _, _, name, found = max(readings, key=lambda reading: reading[:2])
        return self._intent(name, found, text, not closed)

    def exact(self, text: str, area: frozenset[str] | None = None) -> Intent | None:
        """What a template matches from end to end; None where none does."""
        names, own = self._here(area), self.sentences
        if not names or len(text) > _LONGEST:
            return None
        here = own if len(names) == len(self._finders) else replace(own, intents={n: own.intents[n] for n in names})
        found = recognize_best(spell(text, self.spec.language), here)
        if found is None:
            return None
        slots = {name: str(entity.value) for name, entity in found.entities.items()}
        is_whole = self._complete(found.intent.name, slots)
        return self._intent(found.intent.name, Finding(slots, 1.0, ""), text) if is_whole else None

    def _here(self, area: frozenset[str] | None) -> Mapping[str, Finder]:
        """The finders of the intents that are understood in an area."""
        return {name: one for name, one in self._finders.items() if self._is_here(name, area)}

    def _is_here(self, intent: str, area: frozenset[str] | None) -> bool:
        areas = self.spec.intents[intent].areas
        return not areas or area is None or not area.isdisjoint(map(fold, areas))

    def _complete(self, intent: str, slots: Mapping[str, str]) -> bool:
        return all(slot in slots for slot in self.spec.intents[intent].requires)

    def _is_plain(self, intent: str, found: Finding, text: str) -> bool:
        """Whether words that were heard roughly are this; what would act is claimed by no question and no denial."""
        if found.explained < ENOUGH:
            return False
        read = evidence.read(text)
        return not _acts(self.spec.intents[intent]) or not (read.is_question or read.is_unsure)

    def _intent(self, name: str, found: Finding, text: str, is_rough: bool = False) -> Intent:
        spec = self.spec.intents[name]
        answer = _filled(spec.answer, found.slots)
        sure = _ASKED if is_rough and _acts(spec) else round(found.explained, 3)
        if spec.home is not None:
            slots = {slot: _value(value, found.slots) for slot, value in spec.home.slots.items()}
            return Intent(spec.home.intent, slots, sure, "pack", text, action=Action((), answer, spec.risk))
        sent: tuple[Command, ...] = ()
        if (mqtt := spec.mqtt) is not None:
            told = mqtt.payload if mqtt.state_payload is None else mqtt.state_payload
            texts = (mqtt.topic, mqtt.payload, mqtt.state_topic, told)
            sent = (Command(self._id(name), "message", tuple(_filled(one, found.slots) for one in texts)),)
        action = Action(sent, answer, spec.risk)
        return Intent(name, found.slots, sure, "pack", text, unexplained=found.leftover, action=action)

    def _id(self, intent: str) -> str:
        return f"pack.{slug(self.name)}_{slug(intent)}"


def path(name: str) -> Path:
    """The file of a pack that ships with the product. Raises SettingsError where there is none of that name."""
    folder = resources.find("packs")
    file = folder / f"{name}.yaml"
    if not file.is_file():
        raise SettingsError("nlu.packs", f"unknown pack '{name}'", schema.suggest(name, _names(folder)))
    return file


def load(file: Path, ships: bool = False) -> Pack:
    """Reads a pack. Raises SettingsError with file and line for what is wrong in it."""
    if file.is_file() and file.stat().st_size > _LARGEST:
        raise SettingsError(str(file), f"is larger than {_LARGEST // 1000} kB", "Write several packs")
    node = schema.read(file)
    spec: PackSpec = schema.build(node, PackSpec, str(file))
    return Pack(spec, Source(str(file), node), file.stem, ships)


@lru_cache(maxsize=16)
def shipped(name: str) -> Pack:
    """A pack that ships with the product. Raises SettingsError where there is none of that name."""
    return load(path(name), ships=True)


def standard() -> tuple[Pack, ...]:
    return tuple(map(shipped, STANDARD))


def chosen(settings: NluSettings) -> tuple[Pack, ...]:
    """The packs that are on: the standard ones, the user's own, those that the settings name; without `packs_off`.

    A user's own pack takes the place of a shipped one of its name. Raises SettingsError.
    """
    folder = settings.packs_folder
    own = {file.stem: file for file in sorted(folder.glob("*.yaml"))} if folder is not None else {}
    wanted: dict[str, Path | None] = {**dict.fromkeys(STANDARD), **own}
    for name in settings.packs:
        if name.endswith((".yaml", ".yml")):
            wanted[Path(name).stem] = Path(name)
        else:
            wanted.setdefault(name)
    for name in settings.packs_off:
        if name not in wanted:
            raise SettingsError("nlu.packs_off", f"no pack '{name}' is on", schema.suggest(name, wanted))
        del wanted[name]
    return tuple(shipped(name) if file is None else load(file) for name, file in wanted.items())


def uncovered(packs: tuple[Pack, ...]) -> frozenset[str]:
    """Those of Home Assistant's intents that no pack is on for."""
    on = {name for pack in packs for name in (*pack.spec.covers, *pack.about_home["intents"])}
    return frozenset(name for pack in standard() for name in pack.spec.covers if name not in on)


def _acts(spec: IntentSpec) -> bool:
    return spec.mqtt is not None or spec.home is not None


def _filled(text: str, slots: Mapping[str, Value]) -> str:
    """What was not said is left out. One pass: a value with braces in it is not filled again."""
    return SLOT.sub(lambda found: str(slots.get(found[1], "")), text)


def _value(value: object, slots: Mapping[str, Value]) -> Value:
    if isinstance(value, (list, tuple)):
        return tuple(str(one) for one in value)
    if not isinstance(value, str):
        return value if isinstance(value, (int, float, bool)) else None
    text = _filled(value, slots)
    return int(text) if value != text and text.isdecimal() else text


def _words(name: str) -> str:
    """`feedFish` as it is said: `feed fish`."""
    return " ".join("".join(f" {c.lower()}" if c.isupper() else c for c in name).replace("_", " ").split())


def _names(folder: Path) -> list[str]:
    return [file.stem for file in folder.glob("*.yaml")]
