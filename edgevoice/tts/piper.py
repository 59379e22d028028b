"""Piper voices through piper-tts, an optional package under the GPL-3.0: pip install 'edgevoice[piper]'."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import onnxruntime as ort
from piper import PiperConfig, PiperVoice, SynthesisConfig

from edgevoice.config import TtsSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, SettingsError, StageError
from edgevoice.messages import Samples
from edgevoice.schema import suggest
from edgevoice.stages import Style
from edgevoice.tts import sentences

_UNSTRETCHED = 0.3
"""Share of the length of speech that its length scale does not change: each of its symbols, the blanks between them too,
lasts whole frames, rounded up.
"""
_SHORTEST = 0.1
_FLAT = 0.5
"""Share of the voice's own noise scale that is left of a soft voice."""


class PiperTts:
    """`stages.Tts`: one piece of audio a sentence, at the voice's own rate. No pitch, and no whisper: what is to be
    whispered is said softly, with less variation of tone (its noise scale).
    """

    whispers = False

    def __init__(self, voice: PiperVoice, synthesis: SynthesisConfig, speed: float) -> None:
        self._voice, self._synthesis, self._speed = voice, synthesis, speed
        self._is_english = str(voice.config.espeak_voice).startswith("en")

    @property
    def rate(self) -> int:
        return int(self._voice.config.sample_rate)

    def speak(self, sentence: str, style: Style = Style()) -> Iterator[Samples]:
        """Raises StageError `synthesis`."""
        how = self._styled(style)
        for part in sentences.split(sentence, self._is_english):
            try:
                for chunk in self._voice.synthesize(part, how):
                    yield chunk.audio_int16_array
            except Exception as error:  # onnxruntime and the phonemizer raise classes of their own
                raise StageError("tts", "synthesis", f"Piper cannot say {len(part)} characters: {error}") from error

    def _styled(self, style: Style) -> SynthesisConfig:
        noise = self._voice.config.noise_scale * _FLAT if style.whisper else None
        stretched = (1 / (self._speed * style.rate) - _UNSTRETCHED) / (1 - _UNSTRETCHED)
        length = (self._voice.config.length_scale or 1.0) * max(stretched, _SHORTEST)
        return replace(self._synthesis, length_scale=length, volume=style.volume, noise_scale=noise)


def load(settings: TtsSettings, folder: Path | None) -> PiperTts:
    """Opens the one `.onnx` of `folder` and the `.onnx.json` beside it; `settings.voice` names a speaker of it.

    Raises ModelMissing, ModelCorrupt, and SettingsError for an unknown speaker.
    """
    models = sorted(folder.glob("*.onnx")) if folder else []
    if not models:
        raise ModelMissing(
            f"{folder or 'tts.model'}: no Piper voice. Set tts.model and fetch it: edgevoice models pull"
        )
    path = models[0]
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = settings.threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        config = PiperConfig.from_dict(json.loads(Path(f"{path}.json").read_text("utf-8")))
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except FileNotFoundError:
        raise ModelMissing(f"{path}.json: no such file. Fetch the voice again: edgevoice models pull") from None
    except Exception as error:  # onnxruntime raises classes of its own with no public base
        raise ModelCorrupt(f"{path}: not a Piper voice ({error}). Check it: edgevoice models verify") from error
    speaker = None
    if settings.voice:
        if settings.voice not in config.speaker_id_map:
            known = suggest(settings.voice, config.speaker_id_map) or "This voice has one speaker: leave it empty"
            raise SettingsError("tts.voice", f"{path.name} has no speaker '{settings.voice}'", known)
        speaker = config.speaker_id_map[settings.voice]
    return PiperTts(PiperVoice(session, config), SynthesisConfig(speaker_id=speaker), settings.speed)
