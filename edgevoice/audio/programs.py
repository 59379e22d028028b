"""Other programs of this machine that play sound, through `pactl`: it speaks to PulseAudio, and to PipeWire as well.

What was lowered is kept in a file until it is up again, so that a killed assistant puts it right at its next start. A
program that ends meanwhile would begin as softly the next time, as sound servers remember that: it is put right then.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

KEPT = "ducked.json"
"""The file's name, beside the state."""
_TIMEOUT_SECONDS = 1.0
_MOST = 32  # programs that are remembered
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stream:
    """Of one program. `volumes` are the sound server's own numbers, one a channel; `place` is process and host."""

    index: int
    program: str
    volumes: tuple[int, ...]
    place: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Lowered:
    index: int
    program: str
    before: tuple[int, ...]
    low: tuple[int, ...]

    def is_at(self, stream: Stream) -> bool:
        """Is it this one, or the same program's next one, and still as low as it was made?"""
        same = stream.index == self.index or stream.program == self.program
        return same and max(stream.volumes) == max(self.low)


class Programs:
    """`run` gives the output of a command, and raises OSError. Owned by the turns worker; a call takes some 10 ms."""

    def __init__(self, run: Callable[[Sequence[str]], str], percent: int, file: Path) -> None:
        self._run, self._share, self._file = run, percent / 100, file
        self._own = (str(os.getpid()), socket.gethostname())
        self._lowered = list(_read(file))
        self._is_told = False

    def lower(self) -> None:
        """What plays goes down, and our own voice does not."""
        streams = self._streams()
        known = self._known(streams)
        lowered = [one for one in self._lowered if one not in known.values()]
        for stream in streams:
            before = known[stream.index].before if stream.index in known else stream.volumes
            low = tuple(round(volume * self._share) for volume in before)
            if max(low) < max(before) and (stream.volumes == low or self._set(stream, low)):
                lowered.append(Lowered(stream.index, stream.program, before, low))
        self._lowered = lowered[-_MOST:]
        self._keep()

    def restore(self) -> None:
        """Up again, but for what somebody has set meanwhile."""
        if not self._lowered:
            return
        streams = {stream.index: stream for stream in self._streams()}
        known = self._known(streams.values())
        ended = [one for one in self._lowered if one.index not in streams and one not in known.values()]
        self._lowered = ended + [one for index, one in known.items() if not self._set(streams[index], one.before)]
        self._keep()

    def _known(self, streams: Collection[Stream]) -> dict[int, Lowered]:
        """What is as low as it was made, by the index of its stream: its own record, or else another of its program."""
        found: dict[int, Lowered] = {}
        for stream in streams:
            own_first = sorted(self._lowered, key=lambda one: one.index != stream.index)
            if (known := next((one for one in own_first if one.is_at(stream)), None)) is not None:
                found[stream.index] = known
        return found

    def _set(self, stream: Stream, volumes: tuple[int, ...]) -> bool:
        fitting = volumes if len(volumes) == len(stream.volumes) else (max(volumes),)
        try:
            self._run(["pactl", "set-sink-input-volume", str(stream.index), *map(str, fitting)])
        except OSError:
            return False  # it has just ended
        return True

    def _streams(self) -> list[Stream]:
        """Those of others; none where there is no sound server: that is told once."""
        try:
            told = json.loads(self._run(["pactl", "--format=json", "list", "sink-inputs"]))
            streams = [_stream(one) for one in told if one.get("volume")]
            return [one for one in streams if one.place != self._own]
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            if not self._is_told:
                _log.warning("the sound of other programs is not lowered: %s", error)
            self._is_told = True
            return []

    def _keep(self) -> None:
        try:
            if self._lowered:
                self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                whole = self._file.with_name(f"{self._file.name}.new")
                whole.write_text(json.dumps([asdict(one) for one in self._lowered]), "utf-8")
                os.replace(whole, self._file)
            else:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._file, error)


def load(percent: int, file: Path) -> Programs | None:
    """What was left low by the last run is restored; None where there is no `pactl`."""
    if shutil.which("pactl") is None:
        _log.info("the sound of other programs is not lowered: there is no pactl (Debian: pulseaudio-utils)")
        return None
    made = Programs(_pactl, percent, file)
    made.restore()
    return made


def _pactl(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_TIMEOUT_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except subprocess.SubprocessError as error:
        said = getattr(error, "stderr", None) or error
        raise OSError(str(said).strip()) from None
    return done.stdout


def _stream(told: dict[str, Any]) -> Stream:
    properties = told["properties"]
    place = properties.get("application.process.id", ""), properties.get("application.process.host", "")
    volumes = tuple(int(channel["value"]) for channel in told["volume"].values())
    return Stream(int(told["index"]), str(properties.get("application.name", "")), volumes, place)


def _read(file: Path) -> Iterator[Lowered]:
    """What an earlier run had lowered; nothing where that cannot be read."""
    try:
        for one in json.loads(file.read_text("utf-8")):
            volumes = (tuple(map(int, one[name])) for name in ("before", "low"))
            yield Lowered(int(one["index"]), str(one["program"]), *volumes)
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        _log.warning("what was lowered before cannot be read: %r", error)
