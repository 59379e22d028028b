"""How long a silence ends what is being said, by what was said so far."""

from __future__ import annotations

from collections.abc import Callable

from edgevoice.dialogue import resolve
from edgevoice.dialogue.state import Question
from edgevoice.messages import Ending, Intent, Transcript
from edgevoice.nlu.following import Reader
from edgevoice.phrases import Phrases

_COMPLETE = (0.25, 0.35, 0.45)
"""Seconds of silence after a whole sentence, by how many kinds of parts it may still have: none, one, or more."""
_PART = 1.2
"""After half a sentence: somebody thinks."""
_ANSWER = 0.2
_HEARD = 0.5
"""Confidence of the recogniser below which its words tell nothing: half a sentence is often heard as a whole one."""
_HANGING = "a an the my your our his her their its this of to for from with without and or then than at by into about"
"""English words that end no sentence."""

_PLAIN = 0.8
"""Confidence in what no template says from which nothing seems to be missing."""
_INCOMPLETE = Ending(_PART, "incomplete")


class Weigher:
    """Tells endings in one language. `pin_digits`: how many the PIN has."""

    def __init__(self, language: str, pin_digits: int = 0) -> None:
        self._language, self._pin_digits = language, pin_digits
        self._reader: Reader | None = None

    def weigh(
        self,
        heard: Transcript,
        sayable: Phrases,
        asked: Question | None = None,
        certain: Callable[[str], tuple[Intent, ...]] = lambda text: (),
    ) -> Ending | None:
        """None where nobody can tell if it is complete. `certain`: what else is understood at once."""
        if not heard.text.strip() or heard.confidence < _HEARD:
            return None
        if asked is not None and (answer := self._answer(asked, heard.text)) is not None:
            return answer
        if self._reader is None or self._reader.phrases is not sayable:
            self._reader = Reader(sayable, self._language)
        following = self._reader.read(heard.text)
        if following is not None and not following.open:
            return _complete(following.slots) if following.ends else _INCOMPLETE
        if self._hangs(heard.text):
            return _INCOMPLETE
        found = certain(heard.text)
        return _complete(len(_COMPLETE)) if found and all(intent.confidence >= _PLAIN for intent in found) else None

    def _hangs(self, text: str) -> bool:
        last = text.strip(" .,;!?").rpartition(" ")[2].casefold()
        return self._language.partition("-")[0] == "en" and last in _HANGING.split()

    def _answer(self, asked: Question, text: str) -> Ending | None:
        """None where it is no answer."""
        if resolve.yes_or_no(text, self._language) is not None:
            is_whole = True
        elif asked.kind == "pin":
            digits = resolve.digits(text)
            if not digits:
                return None
            is_whole = len(digits) >= self._pin_digits
        elif asked.kind == "choice":
            if not resolve.choice(text, [option.names for option in asked.options]):
                return None
            is_whole = True
        else:
            return None
        return Ending(_ANSWER, "answer") if is_whole else _INCOMPLETE


def _complete(slots: int) -> Ending:
    return Ending(_COMPLETE[min(slots, len(_COMPLETE) - 1)], "complete")
