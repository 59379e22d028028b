"""Moonshine (https://github.com/moonshine-ai/moonshine) on onnxruntime: raw samples in, text out.

An encoder and a decoder with a key-value cache, each one ONNX file. Sizes and inputs are read from the graphs, so the
tiny and base models, `.ort` or `.onnx`, with or without attention masks, run alike.
"""

from __future__ import annotations

import logging
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edgevoice.asr import beam, lean, recogniser, tokens
from edgevoice.asr.graphs import Cache, Rows, log_softmax, providers, session, value
from edgevoice.asr.lean import LeanDecoder
from edgevoice.config import AsrSettings
from edgevoice.errors import ModelCorrupt, StageError
from edgevoice.messages import RATE, Samples

Floats = NDArray[np.float32]

log = logging.getLogger(__name__)

_START = 1
"""The token that opens a transcript."""
_FAINT, _PEAK = 300, 0.6  # quieter sound than the first is not raised to the second


@dataclass(frozen=True, slots=True)
class Encoded:
    """The encoder's answer: `states` f32 [1, t, width]; `mask` i64 [1, n samples], for decoders that take one."""

    states: ort.OrtValue
    mask: ort.OrtValue


class Encoder:
    def __init__(self, graph: ort.InferenceSession) -> None:
        self._graph = graph
        self._inputs = {i.name for i in graph.get_inputs()}

    def encode(self, samples: Floats) -> Encoded:
        """`samples` f32 [n] in -1..1 at 16 kHz."""
        feed = {"input_values": value(samples[None])}
        mask = value(np.ones((1, len(samples)), np.int64))
        if "attention_mask" in self._inputs:
            feed["attention_mask"] = mask
        (states,) = self._graph.run_with_ort_values(["last_hidden_state"], feed)
        return Encoded(states, mask)


class Lean:
    """With the decoder of `lean.py`."""

    name = "Moonshine"

    def __init__(self, encoder: Encoder, decoder: LeanDecoder) -> None:
        self._encoder, self._decoder = encoder, decoder
        self.vocabulary = decoder.vocabulary

    def listen(self, samples: Floats) -> beam.Decoder:
        """The decoder of one piece of audio."""
        return self._decoder.listen(self._encoder.encode(samples).states, _START)


class Moonshine:
    """With the decoder as it was exported. `encode` once, then `step` from `start` for each further token; both are pure."""

    name = "Moonshine"

    def __init__(self, encoder: Encoder, decoder: ort.InferenceSession) -> None:
        self._encoder, self._decoder = encoder, decoder
        inputs = {i.name: i.shape for i in decoder.get_inputs()}
        self._masked = "encoder_attention_mask" in inputs
        self._pasts = [name for name in inputs if name.startswith("past_key_values.")]
        if not self._pasts or not {"input_ids", "encoder_hidden_states", "use_cache_branch"} <= inputs.keys():
            raise ModelCorrupt(f"The decoder is not Moonshine's merged one; its inputs are {', '.join(inputs)}")
        self.vocabulary = int(decoder.get_outputs()[0].shape[-1])
        _, heads, _, size = inputs[self._pasts[0]]
        self._empty = np.zeros((1, heads, 0, size), np.float32)
        self._no, self._yes = (ort.OrtValue.ortvalue_from_numpy(np.array([flag])) for flag in (False, True))

    def listen(self, samples: Floats) -> Rows:
        """The decoder of one piece of audio."""
        encoded = self._encoder.encode(samples)
        return Rows(lambda ids, cache: self.step(ids, encoded, cache), self.start(), (_START,))

    def start(self) -> Cache:
        """The cache before the first token."""
        empty = value(self._empty)
        sides: dict[str, dict[str, ort.OrtValue]] = {"decoder": {}, "encoder": {}}
        for name in self._pasts:
            sides[name.split(".")[2]][name] = empty
        return Cache(0, **sides)

    def step(self, ids: NDArray[np.int64], encoded: Encoded, cache: Cache) -> tuple[Floats, Cache]:
        """Reads `ids` [beams, tokens] after what `cache` holds (one token at a time once it holds any).

        Returns log-probabilities of the next token, f32 [beams, vocabulary], and the new cache.
        """
        feed = {"input_ids": value(ids), "encoder_hidden_states": encoded.states, **cache.decoder, **cache.encoder}
        feed["use_cache_branch"] = self._yes if cache.length else self._no
        if self._masked:
            feed["encoder_attention_mask"] = encoded.mask
        # The keys and values of the audio come with the first step and stay; later ones need not be fetched.
        fresh = list(cache.decoder) if cache.length else self._pasts
        names = ["logits", *(name.replace("past_key_values", "present") for name in fresh)]
        logits, *presents = self._decoder.run_with_ort_values(names, feed)
        pasts = dict(zip(fresh, presents, strict=True))
        encoder = {name: pasts.get(name, held) for name, held in cache.encoder.items()}
        decoder = {name: pasts[name] for name in cache.decoder}
        return log_softmax(logits.numpy()[:, -1]), Cache(cache.length + ids.shape[1], decoder, encoder)


class MoonshineAsr(recogniser.Recogniser[Lean | Moonshine]):
    """Can tell, besides, how surely a text was said."""

    def __init__(
        self, model: Lean | Moonshine, vocabulary: tokens.Tokens, second: Lean | Moonshine | None = None
    ) -> None:
        super().__init__(model, vocabulary, second)
        self._letters = vocabulary
        self._in_silence: dict[tuple[tuple[int, ...], ...], Floats] = {}

    def evidence(self, text: str, samples: Samples) -> float:
        """`stages.Spotter`: natural logarithm; infinite where the model has no letters for `text`."""
        forms = sorted(
            {text.title(), text.capitalize(), text.title().replace(" ", ", ", 1)}
        )  # it writes "Hey, Jarvis" too
        spelled = [ids for form in forms if (ids := self._letters.encode(f" {form}"))]
        if not spelled:
            return math.inf
        try:
            return float(max(self._likelihoods(spelled, samples) - self._unheard(spelled)))
        except Exception as error:  # onnxruntime raises classes of its own with no public base
            raise StageError("asr", "inference", f"Moonshine failed on {len(samples)} samples: {error}") from error

    def _likelihoods(self, spelled: Sequence[tuple[int, ...]], samples: Samples) -> Floats:
        """Log-probability, of each of `spelled`, that the text of `samples` begins with it."""
        loudest = max(int(np.abs(samples.astype(np.int32)).max(initial=0)), _FAINT)
        decoder = self.model.listen(samples.astype(np.float32) * (_PEAK / loudest))
        found = np.repeat(decoder.begin(), len(spelled), axis=0)
        decoder.select([0] * len(spelled))
        totals = np.zeros(len(spelled), np.float32)
        for i in range(longest := max(map(len, spelled))):
            read = np.array([ids[min(i, len(ids) - 1)] for ids in spelled], np.int64)
            totals += [row[ids[i]] if i < len(ids) else 0.0 for row, ids in zip(found, spelled, strict=True)]
            if i + 1 < longest:
                found = decoder.step(read)
        return totals

    def _unheard(self, spelled: Sequence[tuple[int, ...]]) -> Floats:
        key = tuple(spelled)
        if key not in self._in_silence:
            self._in_silence[key] = self._likelihoods(spelled, np.zeros(RATE, np.int16))
        return self._in_silence[key]


def load(settings: AsrSettings, folder: Path | None) -> MoonshineAsr:
    """Opens `encoder_model` and `decoder_model_merged` (`.ort` or `.onnx`) and `tokenizer.bin` of `folder`.

    Raises ModelMissing and ModelCorrupt.
    """
    return MoonshineAsr(*recogniser.parts(settings, folder, _model))


def _model(folder: Path, settings: AsrSettings) -> Lean | Moonshine:
    chosen = providers(settings.providers)
    encoder = Encoder(session(folder, "encoder_model", settings, chosen))
    exported = folder / "decoder_model_merged.ort"
    decoder = _lean(exported, settings, chosen) if exported.is_file() else None
    if decoder is not None:
        return Lean(encoder, decoder)
    return Moonshine(encoder, session(folder, "decoder_model_merged", settings, chosen))


def _lean(exported: Path, settings: AsrSettings, providers: Sequence[str]) -> LeanDecoder | None:
    """None where it cannot be made of this file, on this system."""
    try:  # through files: of graphs that it is given in memory, onnxruntime keeps a copy
        with tempfile.TemporaryDirectory(prefix="edgevoice-") as made:
            sizes = lean.write(exported, Path(made))
            heard, step = (session(Path(made), stem, settings, providers) for stem in ("heard", "step"))
    except (OSError, ValueError, LookupError, ModelCorrupt) as error:
        log.warning("%s is used as it was exported, and takes longer: %s", exported, error)
        return None
    return LeanDecoder(heard, step, sizes)
