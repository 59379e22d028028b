"""The sound devices of this machine, as PortAudio lists them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from edgevoice.errors import AudioError
from edgevoice.schema import suggest

PORTAUDIO = threading.RLock()
"""PortAudio is one for the process: whoever makes it look for new devices, or plays, holds this."""

Kind = Literal["input", "output"]


@dataclass(frozen=True, slots=True)
class SoundDevice:
    """`inputs` and `outputs` count channels; `rate` is the device's own, in Hz."""

    number: int
    name: str
    inputs: int
    outputs: int
    rate: int
    default_input: bool = False
    default_output: bool = False


def portaudio() -> ModuleType:
    """The library `sounddevice`. Raises AudioError where it, or PortAudio under it, is missing."""
    try:
        import sounddevice
    except OSError as error:
        raise AudioError(f"no PortAudio library ({error}). Install it: apt install libportaudio2") from error
    except ImportError as error:
        raise AudioError("sounddevice is not installed. Install it: pip install sounddevice") from error
    module: ModuleType = sounddevice
    return module


def devices(rescan: bool = False) -> tuple[SoundDevice, ...]:
    """All sound devices; `rescan` looks for those that came or went since the start, and ends every open stream."""
    sounddevice = portaudio()
    with PORTAUDIO:
        try:
            if rescan:
                sounddevice._terminate()
                sounddevice._initialize()
            first_input, first_output = sounddevice.default.device
            return tuple(
                SoundDevice(
                    number,
                    str(found["name"]),
                    int(found["max_input_channels"]),
                    int(found["max_output_channels"]),
                    int(found["default_samplerate"]),
                    number == first_input,
                    number == first_output,
                )
                for number, found in enumerate(sounddevice.query_devices())
            )
        except sounddevice.PortAudioError as error:
            raise AudioError(f"PortAudio cannot list sound devices: {error}") from error


def choose(found: Sequence[SoundDevice], wanted: str | None, kind: Kind) -> SoundDevice:
    """The device that a setting means: a number, a name, or a part of one; None: the system's default.

    Raises AudioError where there is none, or a name fits several.
    """
    word = "microphone" if kind == "input" else "speaker"
    usable = [d for d in found if (d.inputs if kind == "input" else d.outputs) > 0]
    if not usable:
        raise AudioError(f"this machine has no {word}. Connect one, and see `edgevoice devices`")
    if wanted is None:
        return next((d for d in usable if (d.default_input if kind == "input" else d.default_output)), usable[0])
    exact = [d for d in usable if wanted == str(d.number) or wanted.casefold() == d.name.casefold()]
    fits = exact or [d for d in usable if wanted.casefold() in d.name.casefold()]
    if len(fits) == 1:
        return fits[0]
    if fits:
        names = ", ".join(f"{d.number}: {d.name}" for d in fits)
        raise AudioError(f"audio.{kind}: '{wanted}' fits several devices ({names}). Write one's number or whole name")
    raise AudioError(
        f"audio.{kind}: there is no {word} '{wanted}'. {suggest(wanted, [d.name for d in usable])}".strip()
    )
