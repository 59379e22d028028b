"""hibari: a small fast English voice whose model lives inside its library. 24 kHz."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hibari
import numpy as np
from hibari import dsp
from hibari.voices import DEFAULT, VOICES, voice_path

from edgevoice.config import TtsSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, SettingsError, StageError
from edgevoice.messages import Samples
from edgevoice.schema import suggest
from edgevoice.stages import Style
from edgevoice.tts import sentences

_GAIN = 2.0
"""As loud as the other voices: its own peaks are at a third of what can be played."""
_SILENT = 0.0015
"""Below it there is no speech. Its network begins with 0.3 s of that and ends with 0.5 s, which nobody has to wait for."""
_ONSET_SECONDS, _PAUSE_SECONDS = 0.01, 0.35
_BREATH = -3.0
"""Natural logarithm: what the cords sound like, made of breath, is so much softer."""


class HibariTts:
    """`stages.Tts`: one piece of audio a sentence. It has all of a `Style`: its network gives a pitch curve, and the
    spectrum of the cords and of the breath apart, so a whisper is the same speech with breath for cords.
    """

    rate: int = hibari.SAMPLE_RATE
    whispers = True

    def __init__(self, voice: hibari.Hibari, speed: float) -> None:
        self._voice, self._speed = voice, speed

    def speak(self, sentence: str, style: Style = Style()) -> Iterator[Samples]:
        """Raises StageError `synthesis`."""
        for part in sentences.split(sentence):
            noise = np.random.default_rng(0)  # the same words always sound the same
            try:
                for phonemes in self._voice.phonemize(part):
                    if len(ids := self._voice.ids(phonemes)) > 2:
                        wave = self._wave(ids, style, noise) * style.volume
                        yield (np.clip(wave, -1, 1) * 32767).astype(np.int16)
            except (RuntimeError, ValueError, KeyError, IndexError) as error:
                raise StageError("tts", "synthesis", f"hibari cannot say {len(part)} characters: {error}") from error

    def _wave(self, ids: list[int], style: Style, noise: np.random.Generator) -> np.ndarray:
        """float32 [n], about -1 to 1."""
        given = {"ids": np.asarray([ids], np.int64), "speed": np.asarray([self._speed * style.rate], np.float32)}
        cords, turn, breath, rest, phase, pitch = (out[0] for out in self._voice.sess.run(None, given))
        if style.whisper:
            breath = np.logaddexp(breath, cords + np.float32(_BREATH))
            cords = np.full_like(cords, -np.inf)
            rest = np.full_like(rest, -np.inf)
        wave: np.ndarray = dsp.synth(cords, turn, breath, rest, phase, pitch * style.pitch, noise)
        return _spoken(wave * _GAIN, self.rate, self._speed * style.rate)


def _spoken(wave: np.ndarray, rate: int, speed: float) -> np.ndarray:
    """The part with speech, and the pause after it."""
    loud = np.flatnonzero(np.abs(wave) > _SILENT)
    if not len(loud):
        return wave
    begin, end = loud[0] - round(_ONSET_SECONDS * rate), loud[-1] + round(_PAUSE_SECONDS / speed * rate)
    return wave[max(0, begin) : end]


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
