"""Moonshine (https://github.com/moonshine-ai/moonshine) on onnxruntime: raw samples in, text out.

An encoder and a decoder with a key-value cache, each one ONNX file. Sizes and inputs are read from the graphs, so the
tiny and base models, `.ort` or `.onnx`, with or without attention masks, run alike. The model invents words on silence
and repeats itself on long audio: silence is kept from it (`levels.py`), long audio is cut, loops are dropped.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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

_FAINT, _PEAK = 300, 0.6  # quieter sound than the first is not raised to the second

_UNSURE = -0.3
"""Mean log-probability of a token below which a second model is asked."""
_ALTERNATIVES = 8
_MARK = re.compile(r"[^\w%']+")
_NOTHING = Phrases((), frozenset())

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
    """`beam.Decoder` of one piece of audio; several models of one vocabulary are heard as one, by their mean."""

    def __init__(self, models: Sequence[Moonshine], samples: Floats) -> None:
        self._models = models
        self._encoded = [model.encode(samples) for model in models]
        self._caches = [model.start() for model in models]

    def step(self, ids: NDArray[np.int64]) -> Floats:
        scored: list[Floats] = []
        for i, (model, encoded, cache) in enumerate(zip(self._models, self._encoded, self._caches, strict=True)):
            one, self._caches[i] = model.step(ids, encoded, cache)
            scored.append(one)
        return scored[0] if len(scored) == 1 else np.mean(scored, axis=0)

    def select(self, rows: Sequence[int]) -> None:
        self._caches = [cache.select(rows) for cache in self._caches]


@dataclass(frozen=True, slots=True)
class _Heard:
    """One segment: the log-probabilities of its tokens, and what else it may be, best first, its own text too."""

    text: str = ""
    scores: Sequence[float] = ()
    alternatives: tuple[Hypothesis, ...] = ()
    confidence: float = 0.0


class MoonshineAsr:
    """`stages.Asr`. Partial transcripts come after each segment of audio that is longer than one."""

    def __init__(self, model: Moonshine, vocabulary: tokens.Tokens, second: Moonshine | None = None) -> None:
        """`second`, of the same vocabulary, is asked too where `model` alone is not sure."""
        self.model, self._vocabulary, self._second = model, vocabulary, second
        self._automaton = Automaton(_NOTHING, vocabulary)
        self._in_silence: dict[tuple[int, ...], float] = {}

    def bias(self, phrases: Phrases | None) -> None:
        """From now on, what can be said here is heard rather than what sounds much the same."""
        phrases = phrases or _NOTHING
        if self._automaton.phrases is not phrases:
            self._automaton = Automaton(phrases, self._vocabulary, self._automaton)

    def transcribe(self, chunks: Iterable[AudioChunk]) -> Iterator[Transcript]:
        """Raises StageError `inference` where onnxruntime fails, `rate` for audio that is not at 16 kHz."""
        heard: list[_Heard] = []
        previous: Transcript | None = None
        for samples in levels.segments(_samples(chunks)):
            if previous is not None and previous.text:
                yield previous
            part = self._hear(samples)
            if part.text:
                heard.append(part)
            previous = _transcript(heard, final=False)
        yield _transcript(heard, final=True)

    def evidence(self, text: str, samples: Samples) -> float:
        """`stages.Spotter`: natural logarithm; infinite where the model has no letters for `text`."""
        spelled = [ids for form in {text.title(), text.capitalize()} if (ids := self._vocabulary.encode(f" {form}"))]
        if not spelled:
            return math.inf
        try:
            return max(self._likelihood(ids, samples) - self._unheard(ids) for ids in spelled)
        except Exception as error:  # onnxruntime raises classes of its own with no public base
            raise StageError("asr", "inference", f"Moonshine failed on {len(samples)} samples: {error}") from error

    def _likelihood(self, ids: Sequence[int], samples: Samples) -> float:
        """Log-probability that the text of `samples` begins with `ids`."""
        loudest = max(int(np.abs(samples.astype(np.int32)).max(initial=0)), _FAINT)
        rows = _Rows([self.model], samples.astype(np.float32) * (_PEAK / loudest))
        before = (tokens.START, *ids[:-1])
        return sum(float(rows.step(np.array([[a]], np.int64))[0, b]) for a, b in zip(before, ids, strict=True))

    def _unheard(self, ids: tuple[int, ...]) -> float:
        if ids not in self._in_silence:
            self._in_silence[ids] = self._likelihood(ids, np.zeros(RATE, np.int16))
        return self._in_silence[ids]

    def _hear(self, samples: Samples) -> _Heard:
        speech = levels.speech(samples)
        if speech is None:
            return _Heard()
        try:
            found = self._search([self.model], speech)
            if self._second is not None and not self._is_sure(found):
                found = self._search([self.model, self._second], speech)
        except Exception as error:  # onnxruntime raises classes of its own with no public base
            raise StageError("asr", "inference", f"Moonshine failed on {len(speech)} samples: {error}") from error
        heard = self._chosen(found)
        return _Heard() if _INVENTED.fullmatch(heard.text) else heard

    def _search(self, models: Sequence[Moonshine], samples: Floats) -> beam.Found:
        limit = math.ceil(len(samples) / RATE * TOKENS_PER_SECOND)
        closed = self._automaton.phrases.closed
        search = beam.Search(_Rows(models, samples), self._automaton, limit, _REWARD_CLOSED if closed else 0.0)
        return search.run(repeated, free=not closed)

    def _is_sure(self, found: beam.Found) -> bool:
        best = found.said[0] if found.free is None else found.free
        return bool(found.said) and best.ids == found.said[0].ids and best.total >= _UNSURE * len(best.scores)

    def _chosen(self, found: beam.Found) -> _Heard:
        """What can be said here, unless what the model hears without knowing that is much likelier."""
        free = found.free
        meant = [one for one in found.said if free is None or free.rank - one.rank <= self._margin(one, free)]
        best = meant[0] if meant else free
        if best is None:
            return _Heard()
        texts: dict[str, Hypothesis] = {}
        for one in [best, *meant]:
            text = self._text(one)
            texts.setdefault(_plain(text), Hypothesis(text, one.rank))
        alternatives = tuple(texts.values())[:_ALTERNATIVES]
        if not meant or free is None:
            return _Heard(self._text(best), best.scores, alternatives, _confidence(best.scores))
        sure = _sure(best, free.rank - best.rank) * certainty(alternatives, self._automaton.phrases.opposites)
        return _Heard(self._text(best), best.scores, alternatives, sure)

    def _text(self, one: beam.Candidate) -> str:
        return self._vocabulary.text(one.ids).removeprefix("- ")  # a subtitle's mark of a new speaker

    def _margin(self, said: beam.Candidate, free: beam.Candidate) -> float:
        """How much less likely than the free sentence what can be said here may be: a lone word hardly."""
        words, others = (sum(map(self._vocabulary.begins, one.ids)) for one in (said, free))
        return min(_MARGIN, _MARGIN_A_WORD * words) - max(0, others - words - 1)


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


def _transcript(heard: Sequence[_Heard], final: bool) -> Transcript:
    if not heard:
        return Transcript("", (), 0.0, final)
    text = " ".join(part.text for part in heard)
    if len(heard) == 1:
        return Transcript(text, heard[0].alternatives, heard[0].confidence, final)
    scores = [score for part in heard for score in part.scores]
    return Transcript(text, (Hypothesis(text, sum(scores)),), _confidence(scores), final)


def _confidence(scores: Sequence[float]) -> float:
    """By the mean log-probability of a token."""
    return min(1.0, max(0.0, (sum(scores) / len(scores) - _LOST) / (_SURE - _LOST)))


def _sure(said: beam.Candidate, behind: float) -> float:
    """The share of right commands among those as likely as `said`, which is `behind` the free sentence.

    A logistic regression over recorded commands, clean and in noise.
    """
    return 1 / (1 + math.exp(-4.2 - 1.5 * said.total / len(said.scores) + 0.09 * max(0.0, behind)))


def certainty(alternatives: Sequence[Hypothesis], opposites: Collection[tuple[str, str]]) -> float:
    """How surely the first is meant and not one of the others that says the opposite: 0 where both are as likely."""
    best, *others = alternatives
    said = set(_plain(best.text).split())
    for other in others:
        heard = set(_plain(other.text).split())
        ours, theirs = said - heard, heard - said
        if any((a in ours and b in theirs) or (b in ours and a in theirs) for a, b in opposites):
            return math.tanh(max(0.0, best.score - other.score) / 2)
    return 1.0


def _plain(text: str) -> str:
    return " ".join(_MARK.sub(" ", text.casefold()).split())


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
    model, vocabulary = _model(folder, settings), tokens.load(folder / "tokenizer.bin")
    if len(vocabulary) != model.vocabulary:
        raise ModelCorrupt(
            f"{folder}: tokenizer.bin holds {len(vocabulary)} tokens, and the decoder writes {model.vocabulary}. "
            f"Check it: edgevoice models verify {folder.name}"
        )
    second = _model(folder.parent / settings.second, settings) if settings.second else None
    if second is not None and second.vocabulary != model.vocabulary:
        raise ModelCorrupt(f"asr.second: {settings.second} has another vocabulary than {folder.name}")
    return MoonshineAsr(model, vocabulary, second)


def _model(folder: Path, settings: AsrSettings) -> Moonshine:
    providers = _providers(settings.providers)
    encoder, decoder = (
        _session(folder, stem, settings, providers) for stem in ("encoder_model", "decoder_model_merged")
    )
    return Moonshine(encoder, decoder)


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
