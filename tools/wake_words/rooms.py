"""Where it is said: noise, room, distance and microphone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgevoice.messages import RATE, Samples

Wave = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rooms:
    """`voices`: what babble is mixed of. `noises`: recordings of noise, which then is two thirds of all noise."""

    voices: Sequence[Samples]
    noises: Sequence[Samples]

    def put(self, samples: Samples, chance: np.random.Generator, least_snr: float) -> Samples:
        """`samples` as some microphone in some room hears them, over noise of `least_snr` dB or better; as long as they were."""
        wave = samples.astype(np.float64)
        if chance.random() < 0.6:
            wave = _through(wave, _echo(chance))
        if chance.random() < 0.5:  # a microphone that is dull or sharp
            tilt = chance.uniform(-0.5, 0.5)
            wave = wave + tilt * np.concatenate(([0.0], wave[:-1]))
        power = np.mean(wave[np.abs(wave) > 0.05 * np.abs(wave).max(initial=1.0)] ** 2) if wave.any() else 1.0
        if chance.random() < 0.8:
            noise = self._noise(len(wave), chance)
            level = power * 10 ** (-chance.uniform(least_snr, 28) / 10)
            wave = wave + noise * np.sqrt(level / max(float(np.mean(noise**2)), 1e-9))
        peak = np.abs(wave).max(initial=1.0)
        wave = wave / peak * 32767 * 10 ** (chance.uniform(-34, -1) / 20)
        found: Samples = np.round(wave + chance.normal(0, 1.0, len(wave))).clip(-32768, 32767).astype(np.int16)
        return found

    def _noise(self, length: int, chance: np.random.Generator) -> Wave:
        if self.noises and chance.random() < 2 / 3:
            return _stretch(self.noises[int(chance.integers(len(self.noises)))], length, chance)
        if self.voices and chance.random() < 0.5:
            picked = chance.integers(len(self.voices), size=int(chance.integers(2, 7)))
            return sum((_stretch(self.voices[i], length, chance) for i in picked), np.zeros(length))
        return _colored(length, chance.uniform(0, 2), chance)


def _stretch(samples: Samples, length: int, chance: np.random.Generator) -> Wave:
    start = int(chance.integers(len(samples)))
    return np.resize(np.roll(samples, -start), length).astype(np.float64)


def _colored(length: int, slope: float, chance: np.random.Generator) -> Wave:
    """Noise whose power falls by `slope` powers of the frequency: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(chance.normal(size=length))
    spectrum /= np.maximum(np.arange(len(spectrum)), 8) ** (slope / 2)
    return np.fft.irfft(spectrum, length)


def _echo(chance: np.random.Generator) -> Wave:
    """A room's response: the direct sound, and echoes that fall by 60 dB in 0.1 to 0.7 s."""
    seconds = chance.uniform(0.1, 0.7)
    time = np.arange(int(seconds * RATE)) / RATE
    tail = chance.normal(size=len(time)) * 10 ** (-3 * time / seconds) * (time > chance.uniform(0.001, 0.01))
    tail *= 10 ** (chance.uniform(-18, 0) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail


def _through(wave: Wave, echo: Wave) -> Wave:
    """Convolution, as long as `wave`."""
    size = 1 << (len(wave) + len(echo)).bit_length()
    return np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(echo, size), size)[: len(wave)]
