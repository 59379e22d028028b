"""Moonshine (https://github.com/moonshine-ai/moonshine) on onnxruntime: raw samples in, text out.

An encoder and a decoder with a key-value cache, each one ONNX file. Sizes and inputs are read from the graphs, so the
tiny and base models, `.ort` or `.onnx`, with or without attention masks, run alike. The model invents words on silence
and repeats itself on long audio: silence is kept from it (`levels.py`), long audio is cut, loops are dropped.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edgevoice.asr import beam, levels, tokens
from edgevoice.asr.automaton import Automaton
from edgevoice.config import AsrSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, StageError
from edgevoice.messages import RATE, AudioChunk, Hypothesis, Samples, Transcript
from edgevoice.phrases import Phrases

Floats = NDArray[np.float32]

TOKENS_PER_SECOND = 6.5
# Mean log-probability of a token at which about all words are right, and at which about none is.
_SURE, _LOST = -0.05, -0.8
_MARGIN, _MARGIN_A_WORD = 8.0, 3.5
"""What can be said here may be less likely than the free sentence by this, natural logarithm, and still be meant."""

# On sounds that are not speech it writes what subtitles have there: credits, notes, and a lone "you".
_INVENTED = re.compile(r"\W*(?:you)?\W*|©.*", re.IGNORECASE)

_REWARD_CLOSED = 1.5
"""What each word adds in a closed domain: in noise the model likes to end early."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Encoded:
    """The encoder's answer: `states` f32 [1, t, width]; `mask` i64 [1, n samples], only where the decoder takes one."""

    states: ort.OrtValue
    mask: ort.OrtValue | None


@dataclass(frozen=True, slots=True)
class Cache:
    """What the decoder remembers, by input name: keys and values of the `length` tokens so far, and of the audio."""

    length: int
    decoder: Mapping[str, ort.OrtValue]
    encoder: Mapping[str, ort.OrtValue]

    def select(self, rows: Sequence[int]) -> Cache:
        """The cache whose row i is row `rows[i]` of this one; the audio's has one row for all."""
        decoder = {name: _value(value.numpy()[rows]) for name, value in self.decoder.items()}
        return Cache(self.length, decoder, self.encoder)


class Moonshine:
    """The two graphs. `encode` once, then `step` from `start` for each further token; both are pure."""

    def __init__(self, encoder: ort.InferenceSession, decoder: ort.InferenceSession) -> None:
        self._encoder, self._decoder = encoder, decoder
        self._encoder_inputs = {i.name for i in encoder.get_inputs()}
        inputs = {i.name: i.shape for i in decoder.get_inputs()}
        self._masked = "encoder_attention_mask" in inputs
        self._pasts = [name for name in inputs if name.startswith("past_key_values.")]
        if not self._pasts or not {"input_ids", "encoder_hidden_states", "use_cache_branch"} <= inputs.keys():
            raise ModelCorrupt(f"The decoder is not Moonshine's merged one; its inputs are {', '.join(inputs)}")
        self.vocabulary = int(decoder.get_outputs()[0].shape[-1])
        _, heads, _, size = inputs[self._pasts[0]]
        self._empty = np.zeros((1, heads, 0, size), np.float32)
        self._no, self._yes = (ort.OrtValue.ortvalue_from_numpy(np.array([flag])) for flag in (False, True))

    def encode(self, samples: Floats) -> Encoded:
        """`samples` f32 [n] in -1..1 at 16 kHz."""
        feed = {"input_values": _value(samples[None])}
        mask = _value(np.ones((1, len(samples)), np.int64))
        if "attention_mask" in self._encoder_inputs:
            feed["attention_mask"] = mask
        (states,) = self._encoder.run_with_ort_values(["last_hidden_state"], feed)
        return Encoded(states, mask if self._masked else None)

    def start(self) -> Cache:
        """The cache before the first token."""
        empty = _value(self._empty)
        sides: dict[str, dict[str, ort.OrtValue]] = {"decoder": {}, "encoder": {}}
        for name in self._pasts:
            sides[name.split(".")[2]][name] = empty
        return Cache(0, **sides)

    def step(self, ids: NDArray[np.int64], encoded: Encoded, cache: Cache) -> tuple[Floats, Cache]:
        """Reads `ids` [beams, tokens] after what `cache` holds (one token at a time once it holds any).

        Returns log-probabilities of the next token, f32 [beams, vocabulary], and the new cache.
        """
        feed = {"input_ids": _value(ids), "encoder_hidden_states": encoded.states, **cache.decoder, **cache.encoder}
        feed["use_cache_branch"] = self._yes if cache.length else self._no
        if encoded.mask is not None:
            feed["encoder_attention_mask"] = encoded.mask
        # The keys and values of the audio come with the first step and stay; later ones need not be fetched.
        fresh = list(cache.decoder) if cache.length else self._pasts
        names = ["logits", *(name.replace("past_key_values", "present") for name in fresh)]
        logits, *presents = self._decoder.run_with_ort_values(names, feed)
        pasts = dict(zip(fresh, presents, strict=True))
        encoder = {name: pasts.get(name, value) for name, value in cache.encoder.items()}
        decoder = {name: pasts[name] for name in cache.decoder}
        return _log_softmax(logits.numpy()[:, -1]), Cache(cache.length + ids.shape[1], decoder, encoder)


class _Rows:
    """`beam.Decoder` of one piece of audio."""

    def __init__(self, model: Moonshine, encoded: Encoded) -> None:
        self._model, self._encoded, self._cache = model, encoded, model.start()

    def step(self, ids: NDArray[np.int64]) -> Floats:
        scored, self._cache = self._model.step(ids, self._encoded, self._cache)
        return scored

    def select(self, rows: Sequence[int]) -> None:
        self._cache = self._cache.select(rows)


class MoonshineAsr:
    """`stages.Asr`. Partial transcripts come after each segment of audio that is longer than one."""

    def __init__(self, model: Moonshine, vocabulary: tokens.Tokens) -> None:
        self.model, self._vocabulary = model, vocabulary
        self._automaton: Automaton | None = None

    def bias(self, phrases: Phrases | None) -> None:
        """From now on, what can be said here is heard rather than what sounds much the same."""
        if self._automaton is None or self._automaton.phrases is not phrases:
            self._automaton = Automaton(phrases, self._vocabulary, self._automaton) if phrases is not None else None

    def transcribe(self, chunks: Iterable[AudioChunk]) -> Iterator[Transcript]:
        """Raises StageError `inference` where onnxruntime fails, `rate` for audio that is not at 16 kHz."""
        heard: list[tuple[str, Sequence[float]]] = []
        previous: Transcript | None = None
        for samples in levels.segments(_samples(chunks)):
            if previous is not None and previous.text:
                yield previous
            text, scores = self._hear(samples)
            if text:
                heard.append((text, scores))
            previous = _transcript(heard, final=False)
        yield _transcript(heard, final=True)

    def _hear(self, samples: Samples) -> tuple[str, Sequence[float]]:
        """The text of one segment and the log-probability of each token in it."""
        speech = levels.speech(samples)
        if speech is None:
            return "", []
        try:
            ids, scores = self._greedy(speech) if self._automaton is None else self._best(speech, self._automaton)
        except Exception as error:  # onnxruntime raises classes of its own with no public base
            raise StageError("asr", "inference", f"Moonshine failed on {len(speech)} samples: {error}") from error
        text = self._vocabulary.text(ids).removeprefix("- ")  # a subtitle's mark of a new speaker
        return ("", []) if _INVENTED.fullmatch(text) else (text, scores)

    def _best(self, samples: Floats, automaton: Automaton) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """What can be said here, unless what the model hears without knowing that is much likelier."""
        limit = math.ceil(len(samples) / RATE * TOKENS_PER_SECOND)
        rows = _Rows(self.model, self.model.encode(samples))
        closed = automaton.phrases.closed
        found = beam.Search(rows, automaton, limit, _REWARD_CLOSED if closed else 0.0).run(repeated, free=not closed)
        free = found.free
        meant = [one for one in found.said if free is None or free.rank - one.rank <= self._margin(one, free)]
        best = meant[0] if meant else free
        return (best.ids, best.scores) if best is not None else ((), ())

    def _margin(self, said: beam.Candidate, free: beam.Candidate) -> float:
        """How much less likely than the free sentence what can be said here may be: a lone word hardly."""
        words, others = (sum(map(self._vocabulary.begins, one.ids)) for one in (said, free))
        return min(_MARGIN, _MARGIN_A_WORD * words) - max(0, others - words)

    def _greedy(self, samples: Floats) -> tuple[list[int], list[float]]:
        limit = math.ceil(len(samples) / RATE * TOKENS_PER_SECOND)
        encoded = self.model.encode(samples)
        ids: list[int] = []
        scores: list[float] = []
        token, cache = tokens.START, self.model.start()
        while len(ids) < limit:
            scored, cache = self.model.step(np.array([[token]]), encoded, cache)
            if not ids:
                scored[0, tokens.END] = -np.inf  # where there is sound, the base model often ends before its first word
            token = int(scored[0].argmax())
            scores.append(float(scored[0, token]))
            if token == tokens.END:
                break
            ids.append(token)
            if loop := repeated(ids):
                log.debug("dropped %d tokens of a loop", loop)
                del ids[-loop:], scores[-loop:]
                break
        return ids, scores


def repeated(ids: Sequence[int], minimum: int = 9) -> int:
    """How many tokens at the end only repeat what stands before them; 0 where fewer than `minimum` are said in a loop.

    People repeat a word or a digit a few times, so a loop is three rounds or more and `minimum` tokens or more.
    """
    for period in range(1, len(ids) // 3 + 1):
        rounds = max(3, -(-minimum // period))
        tail = ids[-period:]
        if len(ids) >= rounds * period and all(
            ids[len(ids) - (r + 1) * period : len(ids) - r * period] == tail for r in range(1, rounds)
        ):
            return (rounds - 1) * period
    return 0


def _transcript(heard: Sequence[tuple[str, Sequence[float]]], final: bool) -> Transcript:
    text = " ".join(part for part, _ in heard)
    scores = [score for _, part in heard for score in part]
    if not text:
        return Transcript("", (), 0.0, final)
    score = sum(scores) / len(scores)
    confidence = min(1.0, max(0.0, (score - _LOST) / (_SURE - _LOST)))
    return Transcript(text, (Hypothesis(text, score),), confidence, final)


def _samples(chunks: Iterable[AudioChunk]) -> Iterator[Samples]:
    for chunk in chunks:
        if chunk.rate != RATE:
            raise StageError("asr", "rate", f"audio at {chunk.rate} Hz reached the recogniser, which takes {RATE} Hz")
        yield chunk.samples


def _value(array: NDArray[Any]) -> ort.OrtValue:
    return ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))


def _log_softmax(logits: Floats) -> Floats:
    shifted: Floats = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def load(settings: AsrSettings, folder: Path | None) -> MoonshineAsr:
    """Opens `encoder_model` and `decoder_model_merged` (`.ort` or `.onnx`) and `tokenizer.bin` of `folder`.

    Raises ModelMissing and ModelCorrupt.
    """
    if folder is None:
        raise ModelMissing("moonshine needs a model: set asr.model, for example moonshine-tiny-en")
    providers = _providers(settings.providers)
    encoder, decoder = (
        _session(folder, stem, settings, providers) for stem in ("encoder_model", "decoder_model_merged")
    )
    model, vocabulary = Moonshine(encoder, decoder), tokens.load(folder / "tokenizer.bin")
    if len(vocabulary) != model.vocabulary:
        raise ModelCorrupt(
            f"{folder}: tokenizer.bin holds {len(vocabulary)} tokens, and the decoder writes {model.vocabulary}. "
            f"Check it: edgevoice models verify {folder.name}"
        )
    return MoonshineAsr(model, vocabulary)


def _providers(wanted: Sequence[str]) -> list[str]:
    """Those of `wanted` that this onnxruntime has, in order; the CPU is always last."""
    available = ort.get_available_providers()
    if missing := [name for name in wanted if name not in available]:
        log.warning("onnxruntime lacks %s; available: %s", ", ".join(missing), ", ".join(available))
    return list(dict.fromkeys([*(name for name in wanted if name in available), "CPUExecutionProvider"]))


def _session(folder: Path, stem: str, settings: AsrSettings, providers: list[str]) -> ort.InferenceSession:
    path = next((p for p in (folder / f"{stem}.ort", folder / f"{stem}.onnx") if p.is_file()), None)
    if path is None:
        raise ModelMissing(
            f"{folder}: no {stem}.ort or {stem}.onnx. Fetch the model: edgevoice models pull {folder.name}"
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = settings.threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = False  # every step has shapes of its own
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(path, options, providers=providers)
    except Exception as error:  # onnxruntime raises classes of its own with no public base
        raise ModelCorrupt(
            f"{path}: onnxruntime cannot read it ({error}). Check it: edgevoice models verify {folder.name}"
        ) from error
