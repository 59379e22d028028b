"""Spoken turns kept for tuning, where the settings ask for it: sound, words and what was done, in one private folder.

Every folder that was ever one is remembered beside the state, so that what lies there is still found when the settings
name another one, or none. A turn is two files, `20261120T103216Z-0001.wav` and `.json`; with a key both end in `.fernet` and only it reads them.
What is too old or too much is removed, the oldest first. A turn that answers a question for the PIN is never kept.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import time
import wave
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edgevoice.config import PrivacySettings
from edgevoice.errors import MissingExtra, SettingsError
from edgevoice.messages import (
    AudioChunk,
    CommandSent,
    Event,
    Heard,
    Replied,
    StateConfirmed,
    Transcript,
    TurnEnded,
    TurnFailed,
    Understood,
)
from edgevoice.phrases import Phrases
from edgevoice.stages import Asr

NAME = re.compile(r"\d{8}T\d{6}Z-[\w-]+\.(?:wav|json)(?:\.fernet)?(?:\.part)?")
"""What of a folder is a recording; nothing else in it is ever touched."""
_ENCRYPTED = ".fernet"
_log = logging.getLogger(__name__)


class Cipher(Protocol):
    """`cryptography.fernet.Fernet`."""

    def encrypt(self, data: bytes) -> bytes: ...
    def decrypt(self, token: bytes) -> bytes: ...


@dataclass(slots=True)
class _Spoken:
    """What is known of the turn so far."""

    chunks: list[AudioChunk]
    told: dict[str, Any] = field(default_factory=lambda: {"intents": [], "sent": [], "answered": [], "failed": []})


class Recorder:
    """An observer of the assistant's events; it and the recogniser that it watches belong to the turns worker.

    Raises SettingsError where the folder cannot be used, MissingExtra where a key is given and no library for it.
    """

    def __init__(self, settings: PrivacySettings, now: Callable[[], float] = time.time) -> None:
        assert settings.record_folder is not None
        self._settings, self._folder, self._now = settings, settings.record_folder, now
        self._cipher = cipher(settings.record_key_file) if settings.record_key_file is not None else None
        self._sound: tuple[Transcript, list[AudioChunk]] | None = None
        self._spoken: _Spoken | None = None
        self._asks_pin = False
        _open(self._folder)
        self.prune()

    def watched(self, asr: Asr) -> Asr:
        """The same recogniser; what it is given is the sound of the turn that has its transcript."""
        return _Watched(asr, self._hear)

    def _hear(self, transcript: Transcript, chunks: list[AudioChunk]) -> None:
        self._sound = transcript, chunks

    def observe(self, event: Event) -> None:
        """Writes a turn once it has ended. What cannot be written is logged."""
        if isinstance(event, Heard):
            self._spoken = None
            if self._sound is not None and self._sound[0] is event.transcript:  # not typed meanwhile
                self._spoken = None if self._asks_pin else _Spoken(self._sound[1])
                self._sound = None
        if isinstance(event, TurnEnded):
            self._asks_pin = event.expects is not None and event.expects.kind == "pin"
            if self._spoken is not None:
                spoken, self._spoken = self._spoken, None
                spoken.told["ms"] = {timing.stage: round(timing.ms, 1) for timing in event.timings}
                self._write(spoken, event.turn)
        elif self._spoken is not None:
            _note(self._spoken.told, event)

    def _write(self, spoken: _Spoken, turn: str) -> None:
        stem = f"{_stamp(self._now())}-{re.sub(r'[^0-9A-Za-z-]', '', turn)}"
        told = json.dumps(spoken.told, ensure_ascii=False, indent=1).encode()
        try:
            for name, data in ((f"{stem}.wav", _wav(spoken.chunks)), (f"{stem}.json", told)):
                write_private(self._folder / name, data, self._cipher)
            self.prune()
        except OSError as error:
            _log.warning("the turn is not recorded: %s", error)

    def prune(self) -> None:
        """Removes what is older than the settings allow, and then the oldest until the rest fits."""
        left = self._settings.record_mb * 1_000_000
        oldest = _stamp(self._now() - self._settings.record_days * 86_400)
        for path in sorted(recordings(self._folder), reverse=True):
            left -= path.stat().st_size
            if left < 0 or path.name < oldest or path.suffix == ".part":
                path.unlink()


def recordings(folder: Path) -> Iterator[Path]:
    """The recordings in a folder, plain files only; none where there is no folder."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if NAME.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            yield path


def places(state_file: Path) -> tuple[Path, ...]:
    """The folders that were ever recorded in, as far as that is remembered."""
    try:
        told = json.loads(_places_file(state_file).read_text("utf-8"))
        return tuple(Path(one) for one in told if isinstance(one, str))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:
        _log.warning("where was recorded before cannot be read: %s", error)
        return ()


def remember(state_file: Path, folders: Iterable[Path]) -> None:
    """From now on `places` are these. What cannot be written is logged."""
    file, told = _places_file(state_file), json.dumps([str(one.absolute()) for one in folders]).encode()
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(file, told)
    except OSError as error:
        _log.warning("`privacy report` will not know of the recordings once the settings change: %s", error)


def _places_file(state_file: Path) -> Path:
    return state_file.with_name("recorded.json")


def cipher(key_file: Path) -> Cipher:
    """What encrypts with the key in a file. Raises SettingsError, MissingExtra."""
    where = "privacy.record_key_file"
    try:
        from cryptography.fernet import Fernet
    except ImportError as error:
        raise MissingExtra("cryptography", "privacy") from error
    remedy = "Make one: edgevoice privacy key FILE"
    try:
        is_open, held = key_file.stat().st_mode & 0o077, key_file.read_bytes().strip()
    except OSError as error:
        raise SettingsError(where, f"{key_file}: {error.strerror}", remedy) from None
    if is_open:
        raise SettingsError(where, f"{key_file} can be read by others", f"Run: chmod 600 {key_file}")
    try:
        made: Cipher = Fernet(held)
    except ValueError:
        raise SettingsError(where, f"{key_file} holds no key", remedy) from None
    return made


def new_key() -> bytes:
    """Raises MissingExtra."""
    try:
        from cryptography.fernet import Fernet
    except ImportError as error:
        raise MissingExtra("cryptography", "privacy") from error
    made: bytes = Fernet.generate_key()
    return made


def read(path: Path, cipher: Cipher) -> tuple[str, bytes]:
    """The name and content of an encrypted recording. Raises ValueError where the key does not fit."""
    from cryptography.fernet import InvalidToken

    try:
        return path.name.removesuffix(_ENCRYPTED), cipher.decrypt(path.read_bytes())
    except InvalidToken:
        raise ValueError(f"{path}: not written with this key, or damaged") from None


def write_private(path: Path, data: bytes, cipher: Cipher | None = None) -> None:
    """A whole file that its owner alone may read, or none; what root writes is of whom the folder is. Raises OSError."""
    if cipher is not None:
        path, data = path.with_name(path.name + _ENCRYPTED), cipher.encrypt(data)
    part = path.with_name(path.name + ".part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with open(os.open(part, flags, 0o600), "wb") as file:
        if os.geteuid() == 0:
            folder = path.parent.stat()
            os.fchown(file.fileno(), folder.st_uid, folder.st_gid)
        file.write(data)
    os.replace(part, path)


def _stamp(seconds: float) -> str:
    """Names sort as their times do."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


def _open(folder: Path) -> None:
    where = "privacy.record_folder"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
    except OSError as error:
        raise SettingsError(where, f"{folder}: {error.strerror}", "Name a folder that can be made") from None
    if about.st_mode & 0o077:
        raise SettingsError(where, f"{folder} is open to others", f"Run: chmod 700 {folder}")


def _note(told: dict[str, Any], event: Event) -> None:
    match event:
        case Heard(transcript=transcript):
            told["heard"], told["confidence"] = transcript.text, transcript.confidence
        case Understood(intents=intents):
            told["intents"] += [
                {"name": one.name, "slots": dict(one.slots), "source": one.source, "confidence": one.confidence}
                for one in intents
            ]
        case CommandSent(command=command):
            told["sent"].append([command.device, command.capability, command.value])
        case StateConfirmed(command=command, confirmed=False):
            told["failed"].append([command.device, command.capability])
        case Replied(text=text):
            told["answered"].append(text)
        case TurnFailed(stage=stage, code=code):
            told["failed"].append([stage, code])


def _wav(chunks: Iterable[AudioChunk]) -> bytes:
    parts = list(chunks)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(parts[0].rate if parts else 16_000)
        file.writeframes(np.concatenate([np.zeros(0, np.int16), *(part.samples for part in parts)]).tobytes())
    return buffer.getvalue()


class _Watched:
    def __init__(self, asr: Asr, hear: Callable[[Transcript, list[AudioChunk]], None]) -> None:
        self._asr, self._hear = asr, hear

    def bias(self, phrases: Phrases | None) -> None:
        self._asr.bias(phrases)

    def transcribe(self, chunks: Iterable[AudioChunk]) -> Iterator[Transcript]:
        given = list(chunks)
        for transcript in self._asr.transcribe(given):
            self._hear(transcript, given)
            yield transcript
