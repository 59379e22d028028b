"""Synthetic speakers: espeak-ng's many voices, hibari and a Piper voice, at many speeds, pitches and sizes of head."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import hibari
import numpy as np
import soxr
from hibari.voices import VOICES, voice_path
from numpy.typing import NDArray

from edgevoice import registry
from edgevoice.config import TtsSettings
from edgevoice.errors import EdgeVoiceError
from edgevoice.messages import RATE, Samples
from edgevoice.model_store import Store
from edgevoice.stages import Tts

_ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-us-nyc", "en-029")
_NO_SPEAKER = re.compile("robo|whisper|demonic|fast|storm|croak|announcer", re.IGNORECASE)
_HEADER = 44  # bytes of the WAV header that espeak-ng writes
_ESPEAK_RATE = 22_050
_AUDIBLE = 0.02  # of the peak
_FRAME = 160

Floats = NDArray[np.float32]
Say = Callable[[str, np.random.Generator], Samples]


@dataclass(frozen=True, slots=True)
class Voice:
    """`say(text, chance)`: int16 [n] at RATE, without the silence around it; never twice the same."""

    name: str
    say: Say


def espeak() -> list[Voice]:
    """One voice for each of espeak-ng's variants, in changing accents; none where it is not installed."""
    program = shutil.which("espeak-ng")
    if program is None:
        return []
    listed = subprocess.run([program, "--voices=variant"], capture_output=True, text=True, check=True).stdout
    variants = sorted(set(re.findall(r"!v/(\S+)", listed)))
    return [Voice(f"espeak {one}", partial(_espeak, program, one)) for one in variants if not _NO_SPEAKER.search(one)]


def neural(store: Store) -> list[Voice]:
    """hibari's voices that are on this machine, and Piper's joe where it is in the store."""
    found = []
    for name in VOICES:
        try:
            model = hibari.Hibari(voice=name, model=voice_path(name, download_missing=False), threads=1)
        except FileNotFoundError:
            continue
        found.append(Voice(f"hibari {name}", partial(_hibari, model)))
    try:
        made = registry.factory("tts", "piper")(TtsSettings(engine="piper"), store.folder("piper-joe"))
    except EdgeVoiceError:  # the package or the model is not here
        return found
    return [*found, Voice("piper joe", partial(_piper, made))]


def _espeak(program: str, variant: str, text: str, chance: np.random.Generator) -> Samples:
    accent = _ACCENTS[int(chance.integers(len(_ACCENTS)))]
    speed, pitch = int(chance.integers(120, 210)), int(chance.integers(25, 80))
    command = [program, "--stdin", "--stdout", "-b", "1", f"-v{accent}+{variant}", f"-s{speed}", f"-p{pitch}"]
    sound = subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=20).stdout
    return _shaped(np.frombuffer(sound[_HEADER:], "<i2").astype(np.float32), _ESPEAK_RATE, chance, 0.1)


def _hibari(model: hibari.Hibari, text: str, chance: np.random.Generator) -> Samples:
    speed, seed = float(chance.uniform(0.75, 1.35)), int(chance.integers(1 << 30))
    waves = list(model.stream(text, speed=speed, seed=seed))
    return _shaped(np.concatenate(waves) * 32767, hibari.SAMPLE_RATE, chance, 0.22)


def _piper(model: Tts, text: str, chance: np.random.Generator) -> Samples:
    waves = list(model.speak(text))
    return _shaped(np.concatenate(waves).astype(np.float32), model.rate, chance, 0.22)


def _shaped(wave: Floats, rate: int, chance: np.random.Generator, spread: float) -> Samples:
    """At RATE, by another speaker: a smaller or larger head moves pitch and formants alike."""
    head = float(np.exp(chance.uniform(-spread, spread)))
    wave = np.asarray(soxr.resample(wave, rate, RATE * head), np.float32)
    loud = np.abs(wave)
    if not loud.any():
        return np.zeros(_FRAME, np.int16)
    heard = np.flatnonzero(loud > _AUDIBLE * loud.max())
    samples: Samples = np.clip(wave[heard[0] : heard[-1] + _FRAME], -32768, 32767).astype(np.int16)
    return samples
