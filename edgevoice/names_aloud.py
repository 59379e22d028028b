"""How the recogniser writes odd names, learned by saying them to it with the assistant's own voice, unheard by anybody.

A small recogniser writes "Yerg's lamp" for Jörg's lamp, and the next day "yurge lamp"; the home knows neither. In idle moments
each name that is no ordinary words is said in a few sentences, and what is written for it becomes another form of it.
What was learned is kept in a file, for as long as voice, recogniser and how the voice reads names stay the same.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from edgevoice.audio.wav import resample
from edgevoice.config import Settings
from edgevoice.errors import StageError
from edgevoice.home.model import Area, Device, Floor, Home
from edgevoice.messages import RATE, Intent, Samples
from edgevoice.nlu.context import NOWHERE, Context
from edgevoice.nlu.sounds import unaccented
from edgevoice.nlu.written import plain
from edgevoice.skills.memory import Memory
from edgevoice.stages import Asr, Speller, Tts
from edgevoice.tts.sentences import pronounced

_log = logging.getLogger(__name__)

_OPENINGS = ("turn on the", "turn off the", "what is the")
_MOST = 200
"""Names: the rest is found by its letters and sounds only."""
_LONGEST = 60
_SHORTEST = 4
"""Letters and spaces of a form: what is shorter is heard in too much else."""
_SURE = 0.8
"""What is understood so surely means something else already; less sure is a guess by the kind of device."""
_WORD = re.compile(r"[^\W_]+")


class Mind(Protocol):
    """Who has to know how names are written: `nlu.cascade.Cascade`."""

    @property
    def ordinary(self) -> frozenset[str]: ...
    def certain(self, text: str, context: Context) -> tuple[Intent, ...]: ...
    def write_names(self, forms: Mapping[str, Iterable[str]]) -> None: ...


class NamesAloud:
    """Owned by the turns worker. `say` gives the sound of a sentence, int16 [n] at `messages.RATE`."""

    def __init__(
        self, home: Home, mind: Mind, say: Callable[[str], Samples], ear: Speller, file: Path, heard_by: str
    ) -> None:
        """`heard_by` tells voice and recogniser; what was learned with others is learned again."""
        self._home, self._mind, self._say, self._ear = home, mind, say, ear
        self._ordinary = mind.ordinary
        self._memory, self._heard_by = Memory(file), heard_by
        kept = self._memory.load()
        self._forms: dict[str, list[str]] = dict(kept["names"]) if kept.get("heard_by") == heard_by else {}
        self._left: list[tuple[str, str, str]] = []
        self._learning: dict[str, list[str]] = {}
        self._version = -1

    def follow(self) -> None:
        """Takes up the names that the home has now; free where nothing came or went."""
        if self._version == self._home.version:
            return
        self._version = self._home.version
        names = [name for name in self._names() if self._is_odd(name)][:_MOST]
        self._learning = {name: [] for name in names if name not in self._forms}
        self._left = [
            (name, said, opening)
            for name in self._learning
            for said in dict.fromkeys((name, unaccented(name)))
            for opening in _OPENINGS
        ]
        self._mind.write_names({name: self._forms[name] for name in names if name in self._forms})

    def step(self) -> bool:
        """Says one name once, and takes up all that was learned with the last of them. False where none is left."""
        self.follow()
        if not self._left:
            return False
        name, said, opening = self._left.pop(0)
        try:
            written = self._ear.spellings(opening, self._say(f"{opening} {said}"))
        except StageError as error:
            _log.warning("'%s' is not learned by its sound: %s", name, error)
            written = ()
        for form in dict.fromkeys(map(plain, written)):
            if form not in self._learning[name] and self._is_free(form, name):
                self._learning[name].append(form)
        if not self._left:
            self._take_up()
        return True

    def _take_up(self) -> None:
        self._forms |= self._learning
        self._version = -1  # they are given to the mind as those of a changed home are
        self.follow()
        self._memory.keep({"version": 1, "heard_by": self._heard_by, "names": self._forms}, repr(self._forms))
        _log.info("names learned by their sound: %d", len(self._forms))

    def _names(self) -> Iterable[str]:
        home = self._home
        called: list[Device | Area | Floor] = [*home.exposed(), *home.areas.values(), *home.floors.values()]
        names = (name for one in called for name in (one.name, *one.aliases))
        return dict.fromkeys(name for name in names if name and len(name) <= _LONGEST)

    def _is_odd(self, name: str) -> bool:
        return any(word not in self._ordinary for word in _WORD.findall(name.casefold().replace("'s", "")))

    def _is_free(self, form: str, name: str) -> bool:
        """Whether nothing else is called so. The name itself needs no other form that is the same."""
        if len(form) < _SHORTEST or form == plain(name) or all(word in self._ordinary for word in form.split()):
            return False
        found = self._mind.certain(f"turn on the {form}", NOWHERE)
        return not found or found[0].confidence < _SURE or name in found[0].slots.values()


def load(
    settings: Settings, home: Home, mind: Mind, tts: Tts | None, asr: Asr | None, state: Path
) -> NamesAloud | None:
    """What was learned lies beside the file `state`. None without a voice, with a recogniser that writes only words that
    it knows, and in other languages than English.
    """
    if tts is None or not isinstance(asr, Speller) or not settings.nlu.language.startswith("en"):
        return None
    voice, spoken = tts, settings.tts.pronounce
    quiet = np.zeros(RATE // 4, np.int16)

    def say(sentence: str) -> Samples:
        pieces = [resample(piece, voice.rate, RATE) for piece in voice.speak(pronounced(sentence, spoken))]
        return np.concatenate([quiet, *pieces, quiet])

    heard_by = [settings.asr.engine, settings.asr.model, settings.tts.engine, settings.tts.model, settings.tts.voice]
    told = " ".join([*heard_by, *map(" ".join, sorted(spoken.items()))])
    return NamesAloud(home, mind, say, asr, state.with_name("names.json"), told)
