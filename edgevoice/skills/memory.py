"""What outlives a restart: one small file, replaced as a whole.

A file that cannot be read is put aside and said so; the assistant starts afresh.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from edgevoice.dialogue.state import Dialogue, Focus, Option, Question
from edgevoice.messages import Action, Intent, Risk
from edgevoice.skills.manner import Manner
from edgevoice.skills.own_lists import OwnLists
from edgevoice.skills.routines import Routines, commands_from_json
from edgevoice.skills.timers import Timers

_log = logging.getLogger(__name__)
_VERSION = 1
_LARGEST = 4_000_000  # bytes


@dataclass(slots=True)
class Memory:
    """The file at `path`."""

    path: Path
    _last: str = field(default="", repr=False)

    def load(self) -> Mapping[str, Any]:
        """What was kept; empty where there is nothing, or nothing that can be read."""
        try:
            if self.path.stat().st_size > _LARGEST:
                raise ValueError("it is too large")
            kept = json.loads(self.path.read_text("utf-8"))
            if not isinstance(kept, dict) or kept.get("version") != _VERSION:
                raise ValueError("it is of another version")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            self.set_aside(error)
            return {}
        return kept

    def set_aside(self, reason: Exception) -> None:
        """Keeps a bad file beside the new one, for whoever wants to look."""
        aside = self.path.with_name(f"{self.path.name}.bad")
        _log.warning("%s is not read (%s): starting afresh; it is kept as %s", self.path, reason, aside.name)
        try:
            os.replace(self.path, aside)
        except OSError as error:
            _log.warning("%s cannot be set aside: %s", self.path, error)

    def keep(self, kept: Mapping[str, Any], fingerprint: str) -> None:
        """Writes, where the fingerprint is not that of the last time. What cannot be written is logged."""
        if fingerprint == self._last:
            return
        written = self.path.with_name(f"{self.path.name}.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(written, "w", encoding="utf-8", opener=_private) as file:
                json.dump({"version": _VERSION, **kept}, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(written, self.path)
        except OSError as error:
            _log.warning("%s cannot be written: %s", self.path, error)
            return
        self._last = fingerprint


@dataclass(frozen=True, slots=True)
class Kept:
    """The parts of a conversation that outlive it."""

    dialogue: Dialogue
    timers: Timers
    lists: OwnLists
    routines: Routines
    manner: Manner


def save(parts: Kept, now_seconds: float, wall_seconds: float) -> dict[str, Any]:
    """As JSON values."""
    waiting, age = parts.dialogue.pending(now_seconds)
    asked = {"questions": [asdict(question) for question in waiting], "asked": wall_seconds - age}
    return {
        "timers": parts.timers.save(now_seconds, wall_seconds),
        "routines": parts.routines.save(),
        "manner": parts.manner.save(),
        "lists": parts.lists.save(),
        "dialogue": asked if waiting else {},
        "focus": _focus(parts.dialogue, now_seconds, wall_seconds),
    }


def restore(parts: Kept, saved: Mapping[str, Any], now_seconds: float, wall_seconds: float) -> None:
    """Raises ValueError."""
    try:
        dialogue = saved.get("dialogue") or {}
        questions = [question_from_json(one) for one in dialogue.get("questions", ())]
        age = wall_seconds - float(dialogue.get("asked", 0.0))
        parts.lists.restore(saved.get("lists") or {})
    except (AttributeError, TypeError) as error:
        raise ValueError(f"not a saved conversation: {error!r}") from None
    if saved.get("timers"):
        parts.timers.restore(saved["timers"], now_seconds, wall_seconds)
    parts.routines.restore(saved.get("routines") or ())
    parts.manner.restore(saved.get("manner") or {})
    try:
        _refocus(parts.dialogue, saved.get("focus") or {}, now_seconds, wall_seconds)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not a saved focus: {error!r}") from None
    if questions and age >= 0.0:
        parts.dialogue.resume(questions, now_seconds, age)


def _focus(dialogue: Dialogue, now_seconds: float, wall_seconds: float) -> dict[str, Any]:
    """What was spoken of last, without how it was changed."""
    focus, age = dialogue.focused(now_seconds)
    return {**asdict(replace(focus, change=None)), "seconds": wall_seconds - age} if focus else {}


def _refocus(dialogue: Dialogue, kept: Mapping[str, Any], now_seconds: float, wall_seconds: float) -> None:
    if not kept:
        return
    fields = {name: value for name, value in kept.items() if name != "seconds"}
    fields["intent"] = intent_from_json(fields["intent"]) if fields["intent"] else None
    fields |= {name: tuple(str(one) for one in fields[name]) for name in ("devices", "listed")}
    age = wall_seconds - float(kept["seconds"])
    if age >= 0.0:
        dialogue.remember(Focus(**fields), now_seconds - age)


def default_path() -> Path:
    """systemd's StateDirectory, else `$XDG_STATE_HOME/edgevoice`, else `~/.local/state/edgevoice`."""
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return (Path(given) if given else Path(base).expanduser() / "edgevoice") / "state.json"


def question_from_json(kept: Mapping[str, Any]) -> Question:
    """Raises ValueError."""
    try:
        fields = dict(kept)
        fields["intent"] = intent_from_json(fields["intent"])
        later = fields.get("later")
        fields["later"] = intent_from_json(later) if later else None
        fields["commands"] = commands_from_json(fields["commands"])
        fields["options"] = tuple(Option(str(one["device"]), tuple(one["names"])) for one in fields["options"])
        return Question(**fields)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a saved question: {error!r}") from None


def intent_from_json(kept: Mapping[str, Any]) -> Intent:
    slots = {str(name): tuple(value) if isinstance(value, list) else value for name, value in kept["slots"].items()}
    action = kept.get("action")
    if action is not None:
        action = Action(commands_from_json(action["commands"]), str(action["answer"]), Risk(action["risk"]))
    return Intent(**{**kept, "slots": slots, "targets": tuple(kept["targets"]), "action": action})


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
