"""What its people taught it: what they call a device, and what a sentence of theirs means, in other words.

    names:
      - {said: gizmo, device: light.office_desk}
    sentences:
      - {said: make it cosy, means: set the living room lamp to 30 percent}

One YAML file, replaced as a whole. A sentence is taken for its meaning before anybody looks at it; what that comes to is
guarded as ever. A meaning is not looked up again, so that nothing goes round in circles.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import yaml

from edgevoice import schema
from edgevoice.home.model import Home
from edgevoice.home.names import clean, fold
from edgevoice.nlu.normalize import spoken

_MOST = 500
_LONGEST = 200
_PLAIN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*(?: [^\W_]+(?:['-][^\W_]+)*)*")
_HEAD = "# What was taught on the web page. Mend it as you like; it is read when the assistant starts.\n"


@dataclass(frozen=True, slots=True)
class Name:
    """`said` is what people call the device with the id `device`."""

    said: str
    device: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """`said` is taken for the sentence `means`."""

    said: str
    means: str


@dataclass(frozen=True, slots=True)
class Lessons:
    """The file's content."""

    names: tuple[Name, ...] = ()
    sentences: tuple[Sentence, ...] = ()

    def without(self, said: str) -> Lessons:
        key = fold(said)
        return Lessons(
            tuple(one for one in self.names if fold(one.said) != key),
            tuple(one for one in self.sentences if fold(one.said) != key),
        )


class Hearer(Protocol):
    """Who has to know what can be said: `nlu.cascade.Cascade`."""

    def listen_for(self, sentences: Iterable[str]) -> None: ...


class Taught:
    """The lessons in force, and the file that keeps them. Owned by the turns worker, as the home is."""

    def __init__(self, path: Path, home: Home, hearer: Hearer, wake_words: Iterable[str] = ()) -> None:
        self.path, self._home, self._hearer, self._wake_words = path, home, hearer, tuple(wake_words)
        self.lessons = Lessons()
        self._meanings: dict[str, str] = {}

    def load(self) -> None:
        """Takes up what the file holds. Raises SettingsError with the line for what is wrong in it."""
        if self.path.exists():
            node = schema.read(self.path)
            self._use(schema.build(node, Lessons, str(self.path)))

    def meaning(self, text: str) -> str:
        """The sentence that this one was taught to mean; else the text itself."""
        return self._meanings.get(self._key(text), text) if self._meanings else text

    def learn(self, lesson: Name | Sentence) -> Lessons:
        """From now on, and in the file. Returns what was known before, for `restore`. Raises ValueError, OSError."""
        said = clean(lesson.said, _LONGEST + 1)
        self._check(said, lesson)
        before, rest = self.lessons, self.lessons.without(said)
        lesson = replace(lesson, said=said)
        if isinstance(lesson, Name):
            self.restore(replace(rest, names=(*rest.names, lesson)))
        else:
            self.restore(replace(rest, sentences=(*rest.sentences, lesson)))
        return before

    def forget(self, said: str) -> Lessons:
        """Unlearns a name or a sentence. Returns what was known before. Raises ValueError, OSError."""
        before, rest = self.lessons, self.lessons.without(said)
        if rest == before:
            raise ValueError(f"'{clean(said)}' was not taught")
        self.restore(rest)
        return before

    def restore(self, lessons: Lessons) -> None:
        """Exactly these lessons, in the file first. Raises OSError, and then nothing has changed."""
        self._write(lessons)
        self._use(lessons)

    def _check(self, said: str, lesson: Name | Sentence) -> None:
        if len(said) > _LONGEST or not _PLAIN.fullmatch(said):
            raise ValueError("write plain words, without punctuation, as they are said")
        if len(self.lessons.names) + len(self.lessons.sentences) >= _MOST:
            raise ValueError(f"more than {_MOST} lessons: make it forget some first")
        if isinstance(lesson, Sentence):
            if not self._key(said) or self._key(said) == self._key(lesson.means):
                raise ValueError("it means itself already: write what it means in other words")
            if len(lesson.means) > _LONGEST or not lesson.means.strip():
                raise ValueError(f"write what it means, in at most {_LONGEST} characters")
            return
        device = self._home.devices.get(lesson.device)
        if device is None:
            raise ValueError(f"there is no device '{clean(lesson.device)}'")
        for other in self._home.called(said):
            raise ValueError(f"'{said}' is what the {other.name} is called already")

    def _use(self, lessons: Lessons) -> None:
        names: dict[str, tuple[str, ...]] = defaultdict(tuple)
        for one in lessons.names:
            names[one.device] += (one.said,)
        self._home.nickname(names)
        if lessons.sentences != self.lessons.sentences:
            self._hearer.listen_for(said for one in lessons.sentences if _PLAIN.fullmatch(said := clean(one.said)))
        self.lessons = lessons
        self._meanings = {self._key(one.said): one.means for one in lessons.sentences}

    def _key(self, text: str) -> str:
        return fold(spoken(text, self._wake_words))

    def _write(self, lessons: Lessons) -> None:
        told = {part: list(entries) for part, entries in asdict(lessons).items()}
        text = _HEAD + yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=120)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        written = self.path.with_name(f"{self.path.name}.new")
        with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(written, self.path)
