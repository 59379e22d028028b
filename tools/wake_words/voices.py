"""Synthetic speakers: espeak-ng's many voices, flite's, hibari and a Piper voice, at many speeds, pitches and sizes of head."""

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
from edgevoice.stages import Style, Tts

_ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-us-nyc", "en-029")
_NO_SPEAKER = re.compile("robo|whisper|demonic|fast|storm|croak|announcer", re.IGNORECASE)
_FLITE = ("kal16", "awb", "rms", "slt")  # each by a person of his own
_HEADER, _RATE_AT = 44, slice(24, 28)  # bytes of the WAV header that both programs write, and of the rate in it
_SPREAD = 0.22  # of the sizes of heads, natural logarithm, by those that sound like people
_ESPEAK_SPEED = 175  # words a minute, its own
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


def flite() -> list[Voice]:
    """flite's voices; none where it is not installed."""
    program = shutil.which("flite")
    if program is None:
        return []
    return [Voice(f"flite {one}", partial(_flite, program, one)) for one in _FLITE]


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
    size, pitch = _size(chance, 0.1), int(chance.integers(25, 80))
    speed = round(_ESPEAK_SPEED * _pace(chance) * size)
    command = [program, "--stdin", "--stdout", "-b", "1", f"-v{accent}+{variant}", f"-s{speed}", f"-p{pitch}"]
    return _shaped(*_output(command, text), size)


def _flite(program: str, voice: str, text: str, chance: np.random.Generator) -> Samples:
    size, pitch = _size(chance), float(np.exp(chance.uniform(-0.25, 0.25)))
    how = ["--setf", f"duration_stretch={1 / (_pace(chance) * size):.2f}", "--setf", f"f0_shift={pitch:.2f}"]
    return _shaped(*_output([program, "-voice", voice, *how, "-t", text, "-o", "/dev/stdout"]), size)


def _output(command: list[str], text: str = "") -> tuple[Floats, int]:
    """The sound that a program writes, and its rate; `text` is what it reads."""
    sound = subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=20).stdout
    return np.frombuffer(sound[_HEADER:], "<i2").astype(np.float32), int.from_bytes(sound[_RATE_AT], "little")


def _hibari(model: hibari.Hibari, text: str, chance: np.random.Generator) -> Samples:
    size = _size(chance)
    waves = list(model.stream(text, speed=_pace(chance) * size, seed=int(chance.integers(1 << 30))))
    return _shaped(np.concatenate(waves) * 32767, hibari.SAMPLE_RATE, size)


def _piper(model: Tts, text: str, chance: np.random.Generator) -> Samples:
    size = _size(chance)
    waves = list(model.speak(text, Style(rate=_pace(chance) * size)))
    return _shaped(np.concatenate(waves).astype(np.float32), model.rate, size)


def _pace(chance: np.random.Generator) -> float:
    """Of the voice's own speed: people call a wake word slower than voices read it."""
    return float(chance.uniform(0.55, 1.05))


def _size(chance: np.random.Generator, spread: float = _SPREAD) -> float:
    """Of a head, the voice's own being 1."""
    return float(np.exp(chance.uniform(-spread, spread)))


def _shaped(wave: Floats, rate: int, size: float) -> Samples:
    """At RATE, by another speaker: a larger head lowers pitch and formants alike, and the pace with them."""
    wave = np.asarray(soxr.resample(wave, rate, RATE * size), np.float32)
    loud = np.abs(wave)
    if not loud.any():
        return np.zeros(_FRAME, np.int16)
    heard = np.flatnonzero(loud > _AUDIBLE * loud.max())
    samples: Samples = np.clip(wave[heard[0] : heard[-1] + _FRAME], -32768, 32767).astype(np.int16)
    return samples
