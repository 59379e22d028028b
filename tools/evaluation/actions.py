"""Suite `actions`: a sentence in a home whose devices are in given states, to the states they are in afterwards.

Nothing goes over MQTT: each command is obeyed by an ideal appliance. What the assistant would rather ask about first, an
unlocked door, a garage, many devices, gets one "yes"; how often that was is the figure `asked`. Which one of several is
meant is not answered for it.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from edgevoice.errors import StageError
from edgevoice.home.appliance import obey
from edgevoice.home.capabilities import texts
from edgevoice.home.model import Device, Home, State
from edgevoice.messages import Outcome
from edgevoice.nlu import cascade
from edgevoice.skills import policy
from edgevoice.skills.conversation import Conversation
from edgevoice.stages import Llm
from evaluation import homes
from evaluation.common import Options, Report, Row, latency, progress

States = Mapping[str, State]
_TEST_HOME = re.compile(r"(?:^|_)intents_")
_OURS = frozenset({"color", "items", "completed_items"})
"""Attributes that our appliances report and Home Assistant's entities do not: they count for nothing here."""


def run(rows: list[Row], options: Options) -> Report:
    """A row is right when all expected changes were made and no other, and, where it expects a response, the reply holds
    one of the texts it names.
    """
    llm: Llm | None = options.engine("llm") if options.settings.llm.engine else None
    known = Homes(options, llm)
    predictions: list[dict[str, Any]] = []
    scored: list[Scored] = []
    asked = 0
    for row in progress(rows, "actions"):
        home, understanding = known(row)
        try:
            homes.update(home, row.data.get("setup") or {})
        except KeyError as error:
            raise row.error(f"'setup': the home has no {error}") from None
        for device in home.devices.values():
            if device.domain == "fan":
                home.update(device.id, _as_in_the_bench(device, home.state(device.id)))
        before = dict(home.states)
        rules = policy.rules(options.settings.home, options.settings.nlu)
        area = _area(home, row.data.get("context_device"))
        # Each row begins a conversation of its own.
        talk = Talk(home, Conversation(home, understanding, llm, rules, area, datetime.now))
        begun = time.perf_counter()
        reply = talk.say(row.need("text", str))
        ms = (time.perf_counter() - begun) * 1000
        asked += talk.asked
        now = home.states
        moved = any(now[key] != old and not _is_expected(row, key, old, now[key]) for key, old in before.items())
        scored.append(Scored(row.need("home", str), _category(row), _is_right(row, before, now, reply), moved))
        predictions.append({"id": row.id, "states": _plain(now), "reply": reply, "ms": round(ms, 3)})
    return _report(scored, predictions, asked)


@dataclass(frozen=True, slots=True)
class Scored:
    """`is_moved`: a device was changed otherwise than the row expects."""

    home: str
    category: str
    is_right: bool
    is_moved: bool


class Talk:
    """A conversation with a home of ideal appliances."""

    def __init__(self, home: Home, conversation: Conversation) -> None:
        self._home, self._conversation = home, conversation
        self.asked = 0

    def say(self, text: str) -> str:
        """Everything that is answered to one sentence, and to the "yes" after a yes-or-no question."""
        said, question = self._hear(text, 0.0)
        if question:
            self.asked += 1
            said = f"{said} {self._hear('yes', 1.0)[0]}"
        return said.strip()

    def _hear(self, text: str, now_seconds: float) -> tuple[str, bool]:
        said: list[str] = []
        question = False
        for outcome in self._outcomes(text, now_seconds):
            if not isinstance(outcome, Outcome):
                continue
            for command in outcome.commands:
                device = self._home.devices[command.device]
                done = obey(device, self._home.state(device.id), command)
                self._home.update(device.id, _as_in_the_bench(device, done, command.capability))
            said += list(outcome.sentences) if outcome.sentences else [self._conversation.report(outcome)]
            question = outcome.expects is not None and outcome.expects.kind == "yes_no"
        return " ".join(filter(None, said)), question

    def _outcomes(self, text: str, now_seconds: float) -> Iterator[object]:
        try:
            yield from self._conversation.hear(text, now_seconds, threading.Event())
        except StageError as error:  # a language model past its deadline, as in a turn
            yield Outcome(reply=self._conversation.apology(error.stage, error.code))


class Homes:
    """The rows' homes, each loaded once and put back as its file has it for every row."""

    def __init__(self, options: Options, llm: Llm | None) -> None:
        self._options, self._llm, self._embed = options, llm, options.embed()
        self._loaded: dict[Path, tuple[Home, cascade.Cascade, Mapping[str, Device], States]] = {}

    def __call__(self, row: Row) -> tuple[Home, cascade.Cascade]:
        path = self._options.home_file(row, row.need("home", str))
        if path not in self._loaded:
            home = homes.load(path)
            understanding = cascade.load(home, self._options.settings.nlu, self._llm, embed=self._embed)
            self._loaded[path] = home, understanding, dict(home.devices), dict(home.states)
        home, understanding, devices, states = self._loaded[path]
        home.devices, home.states = dict(devices), dict(states)
        return home, understanding


def _as_in_the_bench(device: Device, state: State, told: str = "") -> State:
    """What the bench's own simulated devices do besides: fans with a speed run at full speed or none,
    players that are turned on play.
    """
    if device.domain == "media_player" and told == "on" and state.value == "idle":
        return replace(state, value="playing")
    if device.domain != "fan" or "set_speed" not in texts(state.attributes.get("supported_features")):
        return state
    percentage = state.attributes.get("percentage") or 100 if state.value == "on" else 0
    return replace(state, attributes={**state.attributes, "percentage": percentage})


def _area(home: Home, context: Any) -> str:
    """Id of the area that the row's device stands in; empty where it names none."""
    name = str(context.get("area") or context.get("id") or "") if isinstance(context, Mapping) else str(context or "")
    device = home.devices.get(name)
    return (device.area or "") if device else name


def _is_right(row: Row, before: States, after: States, reply: str) -> bool:
    if not all(_is_expected(row, key, old, after[key]) for key, old in before.items()):
        return False
    answers = row.data.get("expect_response")
    return answers is None or _answers(reply, answers if isinstance(answers, list) else [answers])


def _is_expected(row: Row, key: str, old: State, new: State) -> bool:
    """Whether a device is as the row wants it: changed as told, and else as it was."""
    told = (row.data.get("expect_changes") or {}).get(key) or {}
    ignored = _ignored((row.data.get("ignore_changes") or {}).get(key))
    wanted = {**old.attributes, **(told.get("attributes") or {})}
    looked_at = (wanted.keys() | new.attributes.keys()) - ignored - _OURS
    return _equal(new.value, told.get("state") or old.value) and all(
        _equal(new.attributes.get(name), wanted.get(name)) for name in looked_at
    )


def _ignored(told: Any) -> set[str]:
    """The attributes of one entity's `ignore_changes`: a list, an object, or a list under `attributes`."""
    if isinstance(told, Mapping):
        return set(told) | set(told.get("attributes") or ())
    return set(told or ())


def _equal(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, (list, tuple)) or isinstance(found, (list, tuple)):
        return list(found or ()) == list(wanted or ())
    try:
        return abs(float(found) - float(wanted)) < 1e-6
    except (TypeError, ValueError):
        return str(found) == str(wanted)


def _answers(reply: str, texts: Iterable[Any]) -> bool:
    """One of the texts stands in the reply, as whole words: `no` is not in `unknown`."""
    return any(re.search(rf"(?<!\w){re.escape(str(text).lower())}(?!\w)", reply.lower()) for text in texts)


def _category(row: Row) -> str:
    told = row.data.get("category")
    return ", ".join(map(str, told)) if isinstance(told, list) else str(told or "")


def _plain(states: States) -> dict[str, Any]:
    return {
        key: {"state": state.value, "attributes": {k: v for k, v in state.attributes.items() if k not in _OURS}}
        for key, state in states.items()
    }


def _report(scored: list[Scored], predictions: list[dict[str, Any]], asked: int) -> Report:
    """`other_homes` is the share right in homes that are not the one of Home Assistant's own tests."""
    total = Counter(one.category for one in scored)
    hits = Counter(one.category for one in scored if one.is_right)
    others = [one.is_right for one in scored if not _TEST_HOME.search(one.home)]
    shares = {"other_homes": round(sum(others) / len(others), 5), "n_other_homes": len(others)} if others else {}
    moved = sum(one.is_moved for one in scored)
    return Report(
        score=round(sum(one.is_right for one in scored) / len(scored), 5),
        figures={**shares, "unexpected": moved, **latency([one["ms"] for one in predictions]), "asked": asked},
        predictions=predictions,
        table=[("category", "rows", "right"), *((name, str(n), str(hits[name])) for name, n in sorted(total.items()))],
    )
