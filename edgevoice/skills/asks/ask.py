"""Questions that are answered here, without a template or a language model. English only.

A question never acts: an `Answer` holds words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from edgevoice.home.model import Home
from edgevoice.skills.asks import (
    arithmetic,
    calendar,
    extremes,
    lists,
    measures,
    overview,
    past,
    settings,
    sums,
    units,
    wording,
)
from edgevoice.skills.asks.wording import Answer, Moment

_LONGEST = 200
"""Characters; no question of these is longer."""
_ASKS = re.compile(r"(?:is|are|was|were|did|do|have|has|how|what|which|who|when|where|since|read|list|go)\b")
Topic = Callable[[Home, str, Moment, str | None], Answer | None]
_OF_THE_HOME: tuple[Topic, ...] = (
    lists.answer,
    extremes.answer,
    measures.answer,
    past.answer,
    settings.answer,
    sums.answer,
    overview.answer,
)
_OF_THE_WORLD: tuple[Topic, ...] = (arithmetic.answer, units.answer, calendar.answer)


def answer(home: Home, text: str, moment: Moment, mic_area: str | None = None) -> Answer | None:
    """The answer to a question of one of the topics; None for any other text."""
    if home.language.partition("-")[0] != "en" or len(text) > _LONGEST:
        return None
    plain = wording.plain(text)
    for topic in (*_OF_THE_WORLD, *_OF_THE_HOME) if _ASKS.match(plain) else _OF_THE_WORLD:
        found = topic(home, plain, moment, mic_area)
        if found is not None:
            return replace(found, intent=replace(found.intent, text=text))
    return None
