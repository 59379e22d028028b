"""espeak-ng through its command line program: robotic, tiny, over a hundred languages."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from edgevoice.config import TtsSettings
from edgevoice.errors import SettingsError, StageError
from edgevoice.messages import Samples
from edgevoice.tts import sentences

RATE = 22_050
WORDS_PER_MINUTE = 175
TIMEOUT_SECONDS = 20
_HEADER = 44  # bytes of the WAV header that espeak-ng writes


class EspeakTts:
    """`stages.Tts`: one piece of audio a sentence. `command` reads text on standard input and writes a WAV."""

    rate: int = RATE

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command

    def speak(self, sentence: str) -> Iterator[Samples]:
        """Raises StageError: `missing` (no espeak-ng), `timeout`, `synthesis`."""
        for part in sentences.split(sentence):
            yield np.frombuffer(_run(self._command, part)[_HEADER:], np.dtype("<i2")).astype(np.int16, copy=False)


def _run(command: Sequence[str], text: str) -> bytes:
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=TIMEOUT_SECONDS, check=True)
    except FileNotFoundError:
        raise StageError(
            "tts", "missing", "espeak-ng is not installed. Install it with: apt install espeak-ng"
        ) from None
    except subprocess.TimeoutExpired:
        raise StageError("tts", "timeout", f"espeak-ng took more than {TIMEOUT_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip()
        raise StageError("tts", "synthesis", f"espeak-ng failed ({error.returncode}): {reason}") from None
    return done.stdout


def load(settings: TtsSettings, folder: Path | None) -> EspeakTts:
    """`settings.voice` is one of `espeak-ng --voices`, default `en-us`. `folder` is not needed.

    Raises StageError `missing` without the program, SettingsError for an unknown voice.
    """
    program = shutil.which("espeak-ng") or "espeak-ng"
    words = str(round(WORDS_PER_MINUTE * settings.speed))
    command = [program, "--stdin", "--stdout", "-b", "1", "-s", words, f"-v{settings.voice or 'en-us'}"]
    try:
        _run(command, " ")
    except StageError as error:
        if error.code != "synthesis":
            raise
        raise SettingsError("tts.voice", error.message, "See: espeak-ng --voices") from None
    return EspeakTts(command)
