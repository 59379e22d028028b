"""Short sounds: rising for "listening", falling for "failed", a high one for "done"."""

from __future__ import annotations

import numpy as np

from edgevoice.messages import Samples

_CUES = {"listening": (660.0, 880.0), "failed": (440.0, 330.0), "done": (880.0,)}
_TONE_SECONDS, _FADE_SECONDS, _LEVEL = 0.07, 0.01, 0.2


def cue(name: str, rate: int, volume: float = 1.0) -> Samples:
    """The sound `listening`, `failed` or `done`, int16 [n] at `rate`; `volume` is that of the voice."""
    return np.concatenate([_tone(pitch, rate, _LEVEL * volume) for pitch in _CUES[name]])


def _tone(pitch: float, rate: int, level: float) -> Samples:
    time = np.arange(round(_TONE_SECONDS * rate)) / rate
    fade = np.minimum(1, np.minimum(time, time[::-1]) / _FADE_SECONDS)
    tone: Samples = (np.sin(2 * np.pi * pitch * time) * fade * level * 32767).astype(np.int16)
    return tone
