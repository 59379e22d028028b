"""Why a sentence would be understood so, said now and by itself: what answers before the layers of `nlu` do, and these."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from edgevoice.dialogue.journal import Journal
from edgevoice.home import targets
from edgevoice.home.model import Home
from edgevoice.nlu.cascade import Cascade
from edgevoice.nlu.context import Context
from edgevoice.nlu.explanation import Candidate, Explanation, Layer
from edgevoice.skills import account
from edgevoice.skills.asks import ask
from edgevoice.skills.asks.wording import Moment
from edgevoice.skills.later import readings


class Explainer:
    """Of one home; `area` is the microphone's. What leans on an earlier sentence is not seen: it is said alone here."""

    def __init__(self, home: Home, cascade: Cascade, area: str, now: Callable[[], datetime] = datetime.now) -> None:
        self._home, self._cascade, self._area, self._now = home, cascade, area, now

    def explain(self, text: str, now_seconds: float, cancel: threading.Event, with_model: bool = False) -> Explanation:
        """Nothing acts, and nothing is remembered of it. Raises StageError where the language model fails."""
        area = next(iter(targets.find_areas(self._home, self._area or None)), None)
        began = time.perf_counter()
        own = self._own(text, Moment(now_seconds, self._now()))
        layer = Layer("own answers", (time.perf_counter() - began) * 1e3, own)
        told = self._cascade.explain(text, Context(area.id if area else None), cancel, with_model)
        told = replace(told, layers=(layer, *told.layers))
        return replace(told, intents=own[0].intents, decided=layer.name) if own and own[0].intents else told

    def _own(self, text: str, moment: Moment) -> tuple[Candidate, ...]:
        """Accounts of itself, questions with an answer of their own, and what is put off."""
        if self._home.language.partition("-")[0] != "en":
            return ()
        for by, found in (
            ("its own account", account.answer(Journal(), self._home, text)),
            ("questions", ask.answer(self._home, text, moment, self._area or None)),
        ):
            if found is not None:
                return (Candidate(by, (found.intent,), note=found.reply if by == "questions" else ""),)
        later = next(readings(self._home, text, moment.wall), None)
        return (Candidate("routines", is_enough=False, note=f"Perhaps later: {later.command}"),) if later else ()
