"""`stages.Asr` over any model that writes token by token: segments, the search, and what of its finds was meant.

Such models invent words on silence and repeat themselves on long audio: silence is kept from them (`levels.py`), long
audio is cut, loops are dropped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgevoice.asr import beam, levels, tokens
from edgevoice.asr.automaton import Automaton
from edgevoice.config import AsrSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, StageError
from edgevoice.messages import RATE, AudioChunk, Hypothesis, Samples, Transcript
from edgevoice.phrases import Anything, Arc, Phrases

Floats = NDArray[np.float32]

TOKENS_PER_SECOND = 6.5
# Mean log-probability of a token at which about all words are right, and at which about none is.
_SURE, _LOST = -0.05, -0.8
_MARGIN, _MARGIN_A_WORD = 8.0, 3.5
"""What can be said here may be less likely than the free sentence by this, natural logarithm, and still be meant."""

# On sounds that are not speech it writes what subtitles have there: credits, notes, a lone "you" or "Music".
_INVENTED = re.compile(r"\W*(?:you|music)?\W*|©.*|[\[(].*[\])]\W*", re.IGNORECASE)

_REWARD_CLOSED = 1.5
"""What each word adds in a closed domain: in noise the model likes to end early."""

_SILENT = 0.5
"""What a model writes where it is not sure, and takes this to be more likely silence, was not said."""
_SURE_ENOUGH = 0.8
"""A second model is asked what was heard with less confidence: of real commands one in six, in loud babble half."""
_ALTERNATIVES = 8
_MARK = re.compile(r"[^\w%']+")
_NOTHING = Phrases((), frozenset())
_SPELLINGS, _AS_LIKELY = 3, 3.0
"""How many ways to write something, and how much less likely than the first, natural logarithm."""


class Model(Protocol):
    """A model that writes what it hears token by token."""

    @property
    def name(self) -> str: ...
    @property
    def vocabulary(self) -> int:
        """How many tokens it knows."""
        ...

    def listen(self, samples: Floats) -> beam.Decoder:
        """The decoder of one piece of audio, f32 [n] in -1..1 at 16 kHz."""
        ...


M = TypeVar("M", bound=Model)


class _Together:
    """`beam.Decoder`: several of one vocabulary are heard as one, by their mean."""

    def __init__(self, decoders: Sequence[beam.Decoder]) -> None:
        self._decoders = decoders

    @property
    def silence(self) -> float:
        return min(decoder.silence for decoder in self._decoders)

    def begin(self) -> Floats:
        mean: Floats = np.mean([decoder.begin() for decoder in self._decoders], axis=0)
        return mean

    def step(self, ids: NDArray[np.int64]) -> Floats:
        mean: Floats = np.mean([decoder.step(ids) for decoder in self._decoders], axis=0)
        return mean

    def select(self, rows: Sequence[int]) -> None:
        for decoder in self._decoders:
            decoder.select(rows)


@dataclass(frozen=True, slots=True)
class _Heard:
    """One segment: the log-probabilities of its tokens, and what else it may be, best first, its own text too."""

    text: str = ""
    scores: Sequence[float] = ()
    alternatives: tuple[Hypothesis, ...] = ()
    confidence: float = 0.0


class Recogniser(Generic[M]):
    """`stages.Asr`. Partial transcripts come after each segment of audio that is longer than one."""

    def __init__(self, model: M, vocabulary: tokens.Tokens, second: M | None = None) -> None:
        """`second`, of the same vocabulary, is asked too where `model` alone is not sure."""
        self.model, self._vocabulary, self._second = model, vocabulary, second
        self._automaton = Automaton(_NOTHING, vocabulary)

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

    def spellings(self, opening: str, samples: Samples) -> tuple[str, ...]:
        """`stages.Speller`."""
        words = opening.split()
        arcs = [Arc(i, word, i + 1) for i, word in enumerate(words)]
        beside = Recogniser(self.model, self._vocabulary)
        beside.bias(Phrases((*arcs, Arc(len(arcs), Anything(), len(arcs) + 1)), frozenset({len(arcs) + 1})))
        heard = beside._hear(samples).alternatives
        likely = [one.text.split() for one in heard[:_SPELLINGS] if heard[0].score - one.score < _AS_LIKELY]
        begun = [text for text in likely if _plain(" ".join(text[: len(words)])) == _plain(opening)]
        return tuple(" ".join(text[len(words) :]) for text in begun)

    def _hear(self, samples: Samples) -> _Heard:
        speech = levels.speech(samples)
        if speech is None:
            return _Heard()
        heard = self._heard(speech, self.model)
        if self._second is None or heard.confidence >= _SURE_ENOUGH:
            return heard
        both = self._heard(speech, self.model, self._second)
        return both if both.text else self._heard(speech, self._second)

    def _heard(self, speech: Floats, *models: M) -> _Heard:
        """What these models hear together: the likeliest by the mean of their log-probabilities."""
        try:
            decoders = [model.listen(speech) for model in models]
            decoder = decoders[0] if len(decoders) == 1 else _Together(decoders)
            return self._chosen(self._search(decoder, speech), decoder)
        except Exception as error:  # onnxruntime raises classes of its own with no public base
            names = " and ".join(model.name for model in models)
            raise StageError("asr", "inference", f"{names} failed on {len(speech)} samples: {error}") from error

    def _search(self, decoder: beam.Decoder, samples: Floats) -> beam.Found:
        limit = math.ceil(len(samples) / RATE * TOKENS_PER_SECOND)
        closed = self._automaton.phrases.closed
        search = beam.Search(decoder, self._automaton, limit, _REWARD_CLOSED if closed else 0.0)
        return search.run(repeated, free=not closed)

    def _chosen(self, found: beam.Found, decoder: beam.Decoder) -> _Heard:
        """What can be said here, unless what the model hears without knowing that is much likelier; nothing invented."""
        free = found.free
        meant = [one for one in found.said if free is None or free.rank - one.rank <= self._margin(one, free)]
        best = meant[0] if meant else free
        if best is None or (free is not None and _INVENTED.fullmatch(self._text(best))):
            return _Heard()
        if decoder.silence > _SILENT and best.total < _LOST * len(best.scores):
            return _Heard()
        texts: dict[str, Hypothesis] = {}
        for one in [best, *meant]:
            text = self._text(one)
            texts.setdefault(_plain(text), Hypothesis(text, one.rank))
        alternatives = tuple(texts.values())[:_ALTERNATIVES]
        if not meant:
            return _Heard(self._text(best), best.scores, alternatives, _confidence(best.scores))
        if free is None:  # one of them was said
            sure = 1 / sum(math.exp(one.rank - best.rank) for one in meant)
            return _Heard(self._text(best), best.scores, alternatives, sure)
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


def parts(
    settings: AsrSettings, folder: Path | None, model_of: Callable[[Path, AsrSettings], M]
) -> tuple[M, tokens.Tokens, M | None]:
    """The model in `folder`, its `tokenizer.bin`, and `asr.second` beside it. Raises ModelMissing, ModelCorrupt."""
    if folder is None:
        raise ModelMissing(f"{settings.engine} needs a model: set asr.model; `edgevoice models list` shows them")
    model, vocabulary = model_of(folder, settings), tokens.load(folder / "tokenizer.bin")
    if len(vocabulary) != model.vocabulary:
        raise ModelCorrupt(
            f"{folder}: tokenizer.bin holds {len(vocabulary)} tokens, and the decoder writes {model.vocabulary}. "
            f"Check it: edgevoice models verify {folder.name}"
        )
    second = model_of(folder.parent / settings.second, settings) if settings.second else None
    if second is not None and second.vocabulary != model.vocabulary:
        raise ModelCorrupt(f"asr.second: {settings.second} has another vocabulary than {folder.name}")
    return model, vocabulary, second
