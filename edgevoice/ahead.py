"""Understanding ahead: at a short pause, what was said so far is recognised and weighed, before its end is decided.

Nothing is done with it but to tell how long a silence ends it. When nobody has gone on, the turn takes the transcript.
"""

from __future__ import annotations

import logging

from edgevoice import logs
from edgevoice import turn as turns
from edgevoice.messages import Ending, Transcript, Utterance

_log = logging.getLogger(__name__)


class Ahead:
    """Owned by the turns worker, as what it uses of `stages` is."""

    def __init__(self, stages: turns.Stages) -> None:
        self._stages = stages
        self._of = (-1, -1)
        self._transcript = Transcript("")

    def weigh(self, utterance: Utterance) -> Ending | None:
        """How long a silence ends `utterance`; None where nobody can tell, or a stage fails: its turn will tell of that."""
        try:
            transcript = turns.transcribe(self._stages, utterance)
            ending = self._stages.conversation.ending(transcript, self._stages.clock())
        except Exception as error:
            _log.info("not understood ahead: %s", logs.private(str(error)))
            return None
        self._of, self._transcript = _speech(utterance), transcript
        return ending

    def said(self, utterance: Utterance) -> Utterance | Transcript:
        """What a turn on `utterance` begins with: its transcript where it was recognised ahead, else itself."""
        return self._transcript if _speech(utterance) == self._of else utterance


def _speech(utterance: Utterance) -> tuple[int, int]:
    return utterance.start, utterance.speech_end
