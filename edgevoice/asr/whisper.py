"""OpenAI's Whisper on onnxruntime, as `tools/quantize.py` builds it of a checkpoint: log-mel frames in, text out.

The encoder hands out the audio's keys and values for each layer of the decoder; the decoder reads one token a row after
its cache. Sizes are read from the graphs, the tokens of the prompt, of silence, and those never written from the decoder's metadata.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edgevoice.asr import mel, recogniser
from edgevoice.asr.graphs import Cache, Rows, log_softmax, providers, session, value
from edgevoice.config import AsrSettings
from edgevoice.errors import ModelCorrupt
from edgevoice.messages import RATE

Floats = NDArray[np.float32]

_SHORTEST, _TAIL = 15 * RATE, RATE
"""Samples that the encoder is given at least, and silence at the end. It was trained on 30 s, mostly silent at the end:
with half of that it hears as well in half the time; with less it repeats itself."""
_NOTES = {"prompt", "suppressed", "silence"}
_STEP = 2 * mel.HOP
"""The encoder halves the frames."""


class Whisper:
    """The two graphs. `encode` once, then `step` for each token of the prompt and each further one; both are pure."""

    name = "Whisper"

    def __init__(self, encoder: ort.InferenceSession, decoder: ort.InferenceSession) -> None:
        self._encoder, self._decoder = encoder, decoder
        inputs = {i.name: i.shape for i in decoder.get_inputs()}
        notes = decoder.get_modelmeta().custom_metadata_map
        self._sounds = [output.name for output in encoder.get_outputs()]
        self._pasts = [name for name in inputs if name.endswith((".decoder.key", ".decoder.value"))]
        audio = {name.replace("present", "past_key_values") for name in self._sounds}
        if not notes.keys() >= _NOTES or set(inputs) != {"input_ids", *self._pasts, *audio}:
            raise ModelCorrupt(
                f"These graphs are not of tools/quantize.py; the decoder's inputs are {', '.join(inputs)}"
            )
        self._prompt = [int(token) for token in notes["prompt"].split()]
        self._silence = int(notes["silence"])
        self._never = np.array(notes["suppressed"].split(), np.int64)
        (sound,) = encoder.get_inputs()
        self._input, self._bins = sound.name, int(sound.shape[1])
        self.vocabulary = int(decoder.get_outputs()[0].shape[-1])
        _, heads, _, size = inputs[self._pasts[0]]
        self._empty = value(np.zeros((1, heads, 0, size), np.float32))

    def listen(self, samples: Floats) -> Rows:
        """The decoder of one piece of audio, which has read the first token of the prompt."""
        logits, cache = self._run(np.array([self._prompt[:1]]), self.encode(samples))
        silence = float(np.exp(log_softmax(logits)[0, self._silence]))
        return Rows(self.step, cache, self._prompt[1:], silence)

    def encode(self, samples: Floats) -> Cache:
        """`samples` f32 [n] in -1..1 at 16 kHz, 29 s at most -> the cache before the first token."""
        length = max(_SHORTEST, len(samples) + _TAIL)
        padded = np.pad(samples, (0, length - len(samples) + -length % _STEP))
        features = value(mel.log_mel(padded, self._bins)[None])
        sounds = self._encoder.run_with_ort_values(self._sounds, {self._input: features})
        names = (name.replace("present", "past_key_values") for name in self._sounds)
        return Cache(0, dict.fromkeys(self._pasts, self._empty), dict(zip(names, sounds, strict=True)))

    def step(self, ids: NDArray[np.int64], cache: Cache) -> tuple[Floats, Cache]:
        """Reads `ids` [beams, 1] after what `cache` holds, of as many beams or, where it has one, of one for all.

        Returns log-probabilities of the next token, f32 [beams, vocabulary], and the new cache.
        """
        scored, cache = self._run(ids, cache)
        scored[:, self._never] = -np.inf
        return log_softmax(scored), cache

    def _run(self, ids: NDArray[np.int64], cache: Cache) -> tuple[Floats, Cache]:
        names = ["logits", *(name.replace("past_key_values", "present") for name in cache.decoder)]
        feed = {"input_ids": value(ids), **cache.decoder, **cache.encoder}
        logits, *presents = self._decoder.run_with_ort_values(names, feed)
        decoder = dict(zip(cache.decoder, presents, strict=True))
        return logits.numpy()[:, -1], Cache(cache.length + 1, decoder, cache.encoder)


def load(settings: AsrSettings, folder: Path | None) -> recogniser.Recogniser[Whisper]:
    """Opens `encoder_model.onnx`, `decoder_model.onnx` and `tokenizer.bin` of `folder`. Raises ModelMissing, ModelCorrupt."""
    return recogniser.Recogniser(*recogniser.parts(settings, folder, _model))


def _model(folder: Path, settings: AsrSettings) -> Whisper:
    chosen = providers(settings.providers)
    encoder, decoder = (session(folder, stem, settings, chosen) for stem in ("encoder_model", "decoder_model"))
    return Whisper(encoder, decoder)
