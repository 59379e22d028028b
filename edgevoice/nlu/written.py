"""Names as the recogniser writes them: "yerg's lamp" where Jörg's lamp was said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from edgevoice.phrases import Phrases

_MARKS = re.compile(r"[^\w\s'%&]+")


def plain(text: str) -> str:
    """In small letters, words parted by one space, without marks."""
    return " ".join(_MARKS.sub(" ", text).casefold().split())


class Written:
    """`forms` are how each name is written besides; what is written for two of them, or is itself a name, is neither."""

    def __init__(self, forms: Mapping[str, Iterable[str]]) -> None:
        names = {plain(name): name for name in forms}
        told = {name: dict.fromkeys(plain(form) for form in written) for name, written in forms.items()}
        count = Counter(form for written in told.values() for form in written)
        self._forms = {
            key: tuple(form for form in told[name] if form and count[form] == 1 and form not in names)
            for key, name in names.items()
        }
        self._names = {form: names[key] for key, written in self._forms.items() for form in written}
        self._longest = max((form.count(" ") + 1 for form in self._names), default=0)

    def named(self, text: str) -> str:
        """The text with names in place of how they were written."""
        words = text.split()
        for length in range(min(self._longest, len(words)), 0, -1):
            for i in range(len(words) - length, -1, -1):
                if (name := self._names.get(plain(" ".join(words[i : i + length])))) is not None:
                    words[i : i + length] = [name]
        return " ".join(words)

    def beside(self, phrases: Phrases) -> Phrases:
        """The same, and these forms wherever the names can be said."""
        if not self._names:
            return phrases
        lists = {
            key: (*said, *dict.fromkeys(form for one in said for form in self._forms.get(plain(one), ())))
            for key, said in phrases.lists.items()
        }
        return replace(phrases, lists=lists)
