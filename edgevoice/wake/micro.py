"""microWakeWord: small int8 networks on 40 spectral features every 10 ms, through the library pymicro-wakeword."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

from edgevoice.config import WakeSettings, WakeWord
from edgevoice.errors import ModelCorrupt, SettingsError
from edgevoice.messages import RATE, AudioChunk, WakeHeard
from edgevoice.schema import suggest
from edgevoice.stages import WakeScore
from edgevoice.wake.trigger import Trigger, fired

_STEP = 160
_DELAY = round(0.13 * RATE)  # from the end of the word to the detection, median over speakers
_DOUBTFUL = 0.1  # score from which a second look is worth its cost: 10 an hour of talk, 30 to 80 of it in noise
_WINDOW = 480  # samples of the first feature frame; each later one comes _STEP samples after


def load(settings: WakeSettings, folder: Path | None) -> Micro:
    """The words of `settings`: built-in ones, and those of `folder`, where each has a microWakeWord `<word>.json`.

    Raises SettingsError for a word there is no model of, ModelCorrupt for a model that cannot be read.
    """
    configs = {path.stem: path for path in sorted(folder.glob("*.json"))} if folder else {}
    builtin = {str(model.value): model for model in Model}
    models: dict[str, MicroWakeWord] = {}
    for word in settings.names:
        if word not in configs and word not in builtin:
            raise SettingsError("wake.words", f"micro has no wake word '{word}'", suggest(word, {**configs, **builtin}))
        try:
            models[word] = _own(configs[word]) if word in configs else MicroWakeWord.from_builtin(builtin[word])
        except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
            raise ModelCorrupt(f"wake word '{word}' cannot be loaded: {error}") from error
    return Micro(models, settings)


def _own(config: Path) -> MicroWakeWord:
    """A model that is not built in. The library crashes the process on one it cannot read, so that is tried first."""
    path = config.parent / json.loads(config.read_text("utf-8"))["model"]
    tflite = MicroWakeWord.from_builtin(next(iter(Model))).lib
    found = tflite.TfLiteModelCreateFromFile(str(path).encode())
    if not found:
        raise OSError(f"{path} is not a TensorFlow Lite model")
    tflite.TfLiteModelDelete(found)
    return MicroWakeWord.from_config(config)


def _trigger(one: WakeWord, model: MicroWakeWord, check: bool) -> Trigger:
    threshold = model.probability_cutoff if one.threshold is None else one.threshold
    patience = one.patience or 1
    return Trigger(
        one.word, threshold, patience, _DELAY + (patience - 1) * model.stride * _STEP, _DOUBTFUL if check else None
    )


class Micro:
    """A WakeDetector. The features are shared by all words; a score is a model's mean over its own sliding window."""

    def __init__(self, models: dict[str, MicroWakeWord], settings: WakeSettings) -> None:
        self._models = models
        self._triggers = {one.word: _trigger(one, models[one.word], settings.check) for one in settings.each()}
        self._features = MicroWakeWordFeatures()
        self._start: int | None = None
        self._frames = 0

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self._models)

    def feed(self, chunk: AudioChunk) -> list[WakeHeard]:
        return fired(self._triggers, self.scores(chunk))

    def peaks(self) -> Mapping[str, WakeScore]:
        return {word: trigger.peak() for word, trigger in self._triggers.items()}

    def scores(self, chunk: AudioChunk) -> list[tuple[str, float, int]]:
        """(word, score 0..1, stream index of the window's end) of each window that `chunk` completes."""
        if self._start is None:
            self._start = chunk.start
        scored: list[tuple[str, float, int]] = []
        for features in self._features.process_streaming(chunk.samples.tobytes()):
            at = self._start + _WINDOW + _STEP * self._frames
            self._frames += 1
            for word, model in self._models.items():
                score = model.process_streaming_prob(features)
                if self._frames % model.stride == 0:
                    scored.append((word, float(score or 0.0), at))
        return scored

    def reset(self) -> None:
        self._features.reset()
        self._start, self._frames = None, 0
        for word, model in self._models.items():
            model.reset()
            self._triggers[word].reset()
