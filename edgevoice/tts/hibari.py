"""hibari: a small fast English voice whose model lives inside its library. 24 kHz."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hibari
import numpy as np
from hibari.voices import DEFAULT, VOICES, voice_path

from edgevoice.config import TtsSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, SettingsError, StageError
from edgevoice.messages import Samples
from edgevoice.schema import suggest
from edgevoice.tts import sentences


class HibariTts:
    """`stages.Tts`: one piece of audio a sentence."""

    rate: int = hibari.SAMPLE_RATE

    def __init__(self, voice: hibari.Hibari, speed: float) -> None:
        self._voice, self._speed = voice, speed

    def speak(self, sentence: str) -> Iterator[Samples]:
        """Raises StageError `synthesis`."""
        for part in sentences.split(sentence):
            try:
                # A fixed seed: the same words always sound the same.
                for wave in self._voice.stream(part, speed=self._speed, seed=0):
                    yield (np.clip(wave, -1, 1) * 32767).astype(np.int16)
            except (RuntimeError, ValueError, KeyError, IndexError) as error:
                raise StageError("tts", "synthesis", f"hibari cannot say '{part[:60]}': {error}") from error


def load(settings: TtsSettings, folder: Path | None) -> HibariTts:
    """Opens a voice and says a word, so that the first reply is as fast as the others. `folder` is not needed.

    Raises SettingsError for an unknown voice, ModelMissing for one that is not on this machine.
    """
    name = settings.voice or DEFAULT
    if name not in VOICES:
        raise SettingsError("tts.voice", f"hibari has no voice '{name}'", suggest(name, VOICES))
    try:
        path = voice_path(name, download_missing=False)
    except FileNotFoundError as error:
        raise ModelMissing(
            f"{error}: voice '{name}' is not on this machine. Fetch it once with: hibari --voice {name} hello"
        ) from None
    try:
        tts = HibariTts(hibari.Hibari(voice=name, model=path, threads=settings.threads), settings.speed)
    except Exception as error:  # onnxruntime raises classes of its own with no public base
        raise ModelCorrupt(f"{path}: onnxruntime cannot read it ({error}). Install hibari-tts again") from error
    for _ in tts.speak("Ready."):
        pass
    return tts
