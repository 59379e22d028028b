"""Suite `dialogue`: scripted conversations, played without audio in homes of ideal appliances.

Each turn is judged by itself, and strictly: a device that the turn does not name under `now` must not change, and no
question may be left open that it does not `ask`. A turn that is wrong may spoil those after it: these count as wrong too.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from edgevoice import resources
from edgevoice.config import NluSettings
from edgevoice.home import inventory, vss, vss_tree
from edgevoice.home.appliance import obey
from edgevoice.home.history import History
from edgevoice.home.model import Device, Home, State
from edgevoice.messages import Command, Outcome
from edgevoice.nlu import cascade
from edgevoice.skills import policy
from edgevoice.skills.conversation import Conversation
from edgevoice.stages import Embed, Llm
from evaluation.common import Options, Report, Row, latency, progress

_NOW = "2026-03-04T19:00"
_THINKING_SECONDS = 4.0
"""Between two turns, where the script does not say."""
_PERCENT = {"brightness": 255.0, "volume_level": 1.0}
"""What the script counts in percent, and the home in parts of this."""
_KEYS = frozenset(["say", "after", "restart", "set", "now", "sent", "asks", "says", "not", "or", "fails"])


@dataclass(frozen=True, slots=True)
class Played:
    """One turn as it went. `problems` is empty where all held that the script says."""

    said: str
    reply: str
    commands: tuple[Command, ...]
    problems: tuple[str, ...]
    ms: float
    known: str
    """Why the script expects it to fail."""


@dataclass(slots=True)
class Heard:
    """What followed from one turn."""

    replies: list[str] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    asks: str = ""

    @property
    def reply(self) -> str:
        return " ".join(filter(None, self.replies))


class Homes:
    """The conversations' homes, each understood once and put back as it was for every conversation."""

    def __init__(self, nlu: NluSettings = NluSettings(), llm: Llm | None = None, embed: Embed | None = None) -> None:
        self._nlu, self._llm, self._embed = nlu, llm, embed
        self._known: dict[Path, tuple[Home, cascade.Cascade, Mapping[str, Device], Mapping[str, State]]] = {}

    def of(self, row: Row) -> tuple[Home, cascade.Cascade]:
        name = row.need("home", str)
        own = row.file.parent / "homes" / f"{name}.yaml"
        if own not in self._known:
            nlu = replace(self._nlu, packs=(*self._nlu.packs, "car")) if name == "car" else self._nlu
            home = _car() if name == "car" else _inventory(own if own.is_file() else None, name, row)
            self._known[own] = (
                home,
                cascade.load(home, nlu, self._llm, embed=self._embed),
                dict(home.devices),
                dict(home.states),
            )
        home, understanding, devices, states = self._known[own]
        home.devices, home.states, home.history = dict(devices), dict(states), History()
        return home, understanding


def run(rows: list[Row], options: Options) -> Report:
    llm: Llm | None = options.engine("llm") if options.settings.llm.engine else None
    homes = Homes(options.settings.nlu, llm, options.embed())
    rules = policy.rules(options.settings.home, options.settings.nlu)
    predictions: list[dict[str, Any]] = []
    table: list[tuple[str, ...]] = [("turn", "said", "answered", "wrong")]
    whole = 0
    for row in progress(rows, "dialogue"):
        played = list(play(row, homes, rules))
        whole += not any(turn.problems for turn in played)
        for number, turn in enumerate(played, 1):
            told = [f"{one.device} {one.capability} {one.value}" for one in turn.commands]
            predictions.append(
                {"id": f"{row.id}/{number}", "text": turn.said, "reply": turn.reply, "commands": told,
                 "problems": list(turn.problems), "ms": round(turn.ms, 3)}
            )  # fmt: skip
            if turn.problems:
                table.append((f"{row.id}/{number}", turn.said, turn.reply[:60], "; ".join(turn.problems)))
    right = sum(not one["problems"] for one in predictions)
    times = [one["ms"] for one in predictions if one["text"]]
    figures = {"turns": len(predictions), "conversations_whole": round(whole / len(rows), 5), **latency(times)}
    return Report(round(right / len(predictions), 5), figures, predictions, table, n=len(rows))


def play(row: Row, homes: Homes, rules: policy.Rules = policy.Rules(), llm: Llm | None = None) -> Iterator[Played]:
    """Plays one conversation. Raises InputError for a script that cannot be played."""
    home, understanding = homes.of(row)
    for key, value in (row.data.get("states") or {}).items():
        _put(home, key, value)
    begin = datetime.fromisoformat(str(row.data.get("time") or _NOW))
    stage = _Stage(home, begin)

    def conversation() -> Conversation:
        return Conversation(home, understanding, llm, rules, str(row.data.get("area") or ""), stage.wall)

    talk = conversation()
    for turn in row.need("turns", list):
        if unknown := turn.keys() - _KEYS:
            raise row.error(f"a turn has the unknown key '{sorted(unknown)[0]}'")
        stage.seconds += float(turn.get("after", _THINKING_SECONDS))
        if turn.get("restart"):
            kept, fresh = talk.save(stage.seconds, stage.wall().timestamp()), conversation()
            fresh.restore(kept, stage.seconds, stage.wall().timestamp())
            talk = fresh
        for key, value in (turn.get("set") or {}).items():
            _put(home, key, value, stage.seconds)
        before, heard = dict(home.states), Heard()
        for outcome in talk.due(stage.seconds):
            stage.take(talk, outcome, heard)
        began = time.perf_counter()
        if "say" in turn:
            for event in talk.hear(str(turn["say"]), stage.seconds, threading.Event()):
                if isinstance(event, Outcome):
                    stage.take(talk, event, heard)
        ms = (time.perf_counter() - began) * 1e3
        problems = tuple(_problems(turn, home, before, heard))
        if problems and "or" in turn and not any(_problems(turn["or"], home, before, heard)):
            problems = ()
        yield Played(
            str(turn.get("say") or ""), heard.reply, tuple(heard.commands), problems, ms, turn.get("fails") or ""
        )


@dataclass(slots=True)
class _Stage:
    """The home and the clock of one conversation."""

    home: Home
    begin: datetime
    seconds: float = 1000.0

    def wall(self) -> datetime:
        return self.begin + timedelta(seconds=self.seconds - 1000.0)

    def take(self, talk: Conversation, outcome: Outcome, heard: Heard) -> None:
        for command in outcome.commands:
            device = self.home.devices[command.device]
            done = obey(device, self.home.state(device.id), command)
            self.home.update(device.id, replace(done, changed_seconds=self.seconds))
            heard.commands.append(command)
        heard.replies.append(" ".join(outcome.sentences) if outcome.sentences else talk.report(outcome))
        heard.asks = outcome.expects.kind if outcome.expects else heard.asks


def _problems(turn: Mapping[str, Any], home: Home, before: Mapping[str, State], heard: Heard) -> Iterator[str]:
    named: set[str] = set()
    for key, wanted in (turn.get("now") or {}).items():
        pattern, _, attribute = key.partition(" ")
        devices = [one for one in home.devices if fnmatchcase(one, pattern)]
        if not devices:
            yield f"no device {pattern}"
        named.update(devices)
        for device in devices:
            found = _value(home.state(device), attribute)
            if not _fits(found, wanted):
                yield f"{device} {attribute or 'state'} is {found}, not {wanted}"
    for device, state in home.states.items():
        old = before.get(device)
        if device not in named and old and (old.value, old.attributes) != (state.value, state.attributes):
            yield f"{device} changed to {state.value}"
    sent = [f"{one.device} {one.capability}" for one in heard.commands]
    yield from (f"{wanted} was not sent" for wanted in turn.get("sent") or () if wanted not in sent)
    asks = str(turn.get("asks") or "")
    if asks != heard.asks and not (asks == "any" and (heard.asks or heard.reply.endswith("?"))):
        yield f"asks '{heard.asks}', not '{asks}'"
    if (says := turn.get("says")) and not re.search(says, heard.reply, re.IGNORECASE):
        yield f"does not say /{says}/"
    if (never := turn.get("not")) and re.search(never, heard.reply, re.IGNORECASE):
        yield f"says /{never}/"


def _fits(found: Any, wanted: str) -> bool:
    text = wanted.casefold()
    if text[:1] in ("<", ">") and isinstance(found, (int, float)):
        return found < float(text[1:]) if text[0] == "<" else found > float(text[1:])
    if text[:1] == "!":
        return not _fits(found, text[1:])
    try:
        return abs(float(found) - float(text)) <= 1.0
    except (TypeError, ValueError):
        return text == "*" or str(found).casefold() in text.split("|")


def _value(state: State, attribute: str) -> Any:
    if not attribute:
        return state.value
    value = state.attributes.get(attribute)
    if attribute in _PERCENT and isinstance(value, (int, float)):
        return value / _PERCENT[attribute] * 100
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


def _put(home: Home, key: str, value: str, now_seconds: float = 0.0) -> None:
    """Puts a device's state, or one attribute as the script counts it."""
    device, _, attribute = key.partition(" ")
    held = replace(home.state(device), changed_seconds=now_seconds)
    if not attribute:
        home.update(device, replace(held, value=value))
        return
    scaled = round(float(value) * _PERCENT[attribute] / 100, 2) if attribute in _PERCENT else value
    home.update(device, replace(held, attributes={**held.attributes, attribute: scaled}))


def _inventory(own: Path | None, name: str, row: Row) -> Home:
    if own is not None:
        return inventory.load(own).home()
    file = resources.find(f"homes/{name}.yaml")
    if not file.is_file():
        raise row.error(f"home '{name}': neither {row.file.parent / 'homes' / name}.yaml nor one of ours")
    return inventory.load(file).home()


def _car() -> Home:
    home = Home()
    tree = vss_tree.load(resources.find("homes/car.json"))
    vehicle = vss.Vehicle(home, tree)
    for path in vehicle.paths:
        told = tree.signals[path].default
        vehicle.report(path, str(told).lower() if isinstance(told, bool) else str(told), 0.0)
    return home
