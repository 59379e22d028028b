"""Finds a sentence that two intents of packs understand: which one is meant could not be told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

from edgevoice.errors import SettingsError
from edgevoice.nlu import sayable
from edgevoice.nlu.packs import Pack
from edgevoice.phrases import Listed, Phrases

_MOST = 200_000
"""Pairs of places looked at for two intents; those of any pack that a person writes are far fewer."""


def check(packs: tuple[Pack, ...]) -> None:
    """Raises SettingsError with both places and the sentence, where two intents with sentences of their own share one."""
    graphs = [(pack, name, _graph(pack, name)) for pack in packs for name in pack.sentences.intents]
    for (one, first, left), (other, second, right) in combinations(graphs, 2):
        if not one.speaks(other.spec.language) or _apart(one, first, other, second):
            continue
        said = _common(left, right)
        if said is not None:
            raise SettingsError(
                other.source.at("intents", second),
                f"'{said}' is understood by '{first}' too ({one.source.at('intents', first)})",
                "Take it out of one of the two, or leave one of the packs out by nlu.packs_off",
            )


def _apart(one: Pack, first: str, other: Pack, second: str) -> bool:
    """Whether the two are heard in different areas."""
    here, there = one.spec.intents[first].areas, other.spec.intents[second].areas
    return bool(here and there) and not {a.casefold() for a in here} & {a.casefold() for a in there}


def _graph(pack: Pack, intent: str) -> Phrases:
    return sayable.pack(replace(pack.sentences, intents={intent: pack.sentences.intents[intent]}))


def _common(left: Phrases, right: Phrases) -> str | None:
    """A sentence of both: a walk through both graphs at once. Slots are alike where they share a phrase."""
    ours, theirs = _leaving(left), _leaving(right)
    seen, waiting = {(0, 0)}, [(0, 0, "")]
    while waiting and len(seen) < _MOST:
        at, there, said = waiting.pop()
        if at in left.ends and there in right.ends:
            return said.strip()
        for phrases, end in ours[at]:
            for others, target in theirs[there]:
                shared = next((phrase for phrase in phrases if phrase in others), None)
                if shared is not None and (end, target) not in seen:
                    seen.add((end, target))
                    waiting.append((end, target, f"{said} {shared}"))
    return None


def _leaving(graph: Phrases) -> Mapping[int, list[tuple[Mapping[str, None], int]]]:
    """From each place: what may be said there, and where that leads."""
    lists = {name: dict.fromkeys(map(str.casefold, phrases)) for name, phrases in graph.lists.items()}
    found: dict[int, list[tuple[Mapping[str, None], int]]] = defaultdict(list)
    for arc in graph.arcs:
        said = lists[arc.label.name] if isinstance(arc.label, Listed) else {str(arc.label).casefold(): None}
        found[arc.origin].append((said, arc.target))
    return found
