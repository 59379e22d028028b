"""Questions that are answered here, without a template or a language model. English only.

A question never acts: an `Answer` holds words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from edgevoice.home.model import Home
from edgevoice.skills.asks import extremes, lists, past, sums, wording
from edgevoice.skills.asks.wording import Answer, Moment

_LONGEST = 200
"""Characters; no question of these is longer."""
_ASKS = re.compile(r"(?:is|are|was|were|did|do|have|has|how|what|which|who|when|where|since|read|list|go)\b")
_TOPICS: tuple[Callable[[Home, str, Moment, str | None], Answer | None], ...] = (
    lists.answer,
    extremes.answer,
    past.answer,
    sums.answer,
)


def answer(home: Home, text: str, moment: Moment, mic_area: str | None = None) -> Answer | None:
    """The answer to a question of one of the topics; None for any other text."""
    if home.language.partition("-")[0] != "en" or len(text) > _LONGEST:
        return None
    plain = wording.plain(text)
    if not _ASKS.match(plain):
        return None
    for topic in _TOPICS:
        found = topic(home, plain, moment, mic_area)
        if found is not None:
            return replace(found, intent=replace(found.intent, text=text))
    return None
