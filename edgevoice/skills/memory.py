"""What outlives a restart: one small file, replaced as a whole.

A file that cannot be read is put aside and said so; the assistant starts afresh.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edgevoice.dialogue.state import Option, Question
from edgevoice.messages import Command, Intent

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


def default_path() -> Path:
    """systemd's StateDirectory, else `$XDG_STATE_HOME/edgevoice`, else `~/.local/state/edgevoice`."""
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return (Path(given) if given else Path(base).expanduser() / "edgevoice") / "state.json"


def question_to_json(question: Question) -> dict[str, Any]:
    return asdict(question)


def question_from_json(kept: Mapping[str, Any]) -> Question:
    """Raises ValueError."""
    try:
        fields = dict(kept)
        fields["intent"] = intent_from_json(fields["intent"])
        fields["commands"] = commands_from_json(fields["commands"])
        fields["options"] = tuple(Option(str(one["device"]), tuple(one["names"])) for one in fields["options"])
        return Question(**fields)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a saved question: {error!r}") from None


def intent_from_json(kept: Mapping[str, Any]) -> Intent:
    slots = {str(name): tuple(value) if isinstance(value, list) else value for name, value in kept["slots"].items()}
    return Intent(**{**kept, "slots": slots, "targets": tuple(kept["targets"])})


def commands_to_json(commands: tuple[Command, ...]) -> list[dict[str, Any]]:
    return [asdict(command) for command in commands]


def commands_from_json(kept: Any) -> tuple[Command, ...]:
    """Raises KeyError or TypeError."""
    values = [(one["device"], one["capability"], one["value"]) for one in kept]
    return tuple(Command(str(d), str(c), tuple(v) if isinstance(v, list) else v) for d, c, v in values)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
