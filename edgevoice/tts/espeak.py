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
from edgevoice.stages import Style
from edgevoice.tts import sentences

RATE = 22_050
WORDS_PER_MINUTE = 175
TIMEOUT_SECONDS = 20
_HEADER = 44  # bytes of the WAV header that espeak-ng writes


class EspeakTts:
    """`stages.Tts`: one piece of audio a sentence. `program` reads text on standard input and writes a WAV.

    It has all of a `Style`; the whisper is a variant of the voice.
    """

    rate: int = RATE
    whispers = True

    def __init__(self, program: Sequence[str], voice: str, speed: float) -> None:
        self._program, self._voice, self._speed = program, voice, speed

    def speak(self, sentence: str, style: Style = Style()) -> Iterator[Samples]:
        """Raises StageError: `missing` (no espeak-ng), `timeout`, `synthesis`."""
        for part in sentences.split(sentence, self._voice.startswith("en")):
            yield np.frombuffer(_run(self.command(style), part)[_HEADER:], np.dtype("<i2")).astype(np.int16, copy=False)

    def command(self, style: Style) -> list[str]:
        words = round(WORDS_PER_MINUTE * self._speed * style.rate)
        variant = "+whisper" if style.whisper and "+" not in self._voice else ""
        pitch, volume = (
            min(round(middle * factor), most)
            for middle, factor, most in ((50, style.pitch, 99), (100, style.volume, 200))
        )
        given = {"-s": words, "-p": pitch, "-a": volume}
        return [*self._program, *(f"{key}{value}" for key, value in given.items()), f"-v{self._voice}{variant}"]


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
    tts = EspeakTts([program, "--stdin", "--stdout", "-b", "1"], settings.voice or "en-us", settings.speed)
    try:
        _run(tts.command(Style()), " ")
    except StageError as error:
        if error.code != "synthesis":
            raise
        raise SettingsError("tts.voice", error.message, "See: espeak-ng --voices") from None
    return tts
