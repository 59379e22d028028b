"""Vosk (Kaldi): partial transcripts while the speech still comes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import vosk

from edgevoice.config import AsrSettings
from edgevoice.errors import ModelCorrupt, ModelMissing, StageError
from edgevoice.messages import RATE, AudioChunk, Hypothesis, Transcript
from edgevoice.phrases import Phrases

_SILENT = -1  # Kaldi's log level below errors


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    confidence: float


class VoskAsr:
    """`stages.Asr`. A partial transcript comes whenever the words so far have changed."""

    def __init__(self, model: vosk.Model) -> None:
        self._model = model
        self._words: str | None = None

    def bias(self, phrases: Phrases | None) -> None:
        """Limits a closed domain to its words; Vosk takes words and not sentences, so a home is heard freely."""
        self._words = json.dumps(sorted(_vocabulary(phrases))) if phrases is not None and phrases.closed else None

    def transcribe(self, chunks: Iterable[AudioChunk]) -> Iterator[Transcript]:
        """Raises StageError `rate` for audio that is not at 16 kHz."""
        limits = () if self._words is None else (self._words,)
        recognizer = vosk.KaldiRecognizer(self._model, RATE, *limits)
        recognizer.SetWords(True)
        said: list[Word] = []
        shown = ""
        for chunk in chunks:
            if chunk.rate != RATE:
                raise StageError(
                    "asr", "rate", f"audio at {chunk.rate} Hz reached the recogniser, which takes {RATE} Hz"
                )
            partial = ""
            if recognizer.AcceptWaveform(chunk.samples.tobytes()):
                said += _words(recognizer.Result())
            else:
                partial = json.loads(recognizer.PartialResult()).get("partial", "")
            text = " ".join([*(word.text for word in said), *partial.split()])
            if text and text != shown:
                shown = text
                yield Transcript(text, final=False)
        yield _transcript(said + _words(recognizer.FinalResult()))


def _vocabulary(phrases: Phrases) -> set[str]:
    said = [arc.label for arc in phrases.arcs if isinstance(arc.label, str)]
    said += [phrase for listed in phrases.lists.values() for phrase in listed]
    return {word.lower() for phrase in said for word in phrase.split() if not word.isdigit()}


def _words(result: str) -> list[Word]:
    return [Word(word["word"], word["conf"]) for word in json.loads(result).get("result", [])]


def _transcript(said: list[Word]) -> Transcript:
    """The final one. A word's confidence is its posterior probability among the recogniser's own paths."""
    if not said:
        return Transcript("", confidence=0.0)
    text = " ".join(word.text for word in said)
    score = sum(math.log(max(word.confidence, 1e-6)) for word in said)
    confidence = sum(word.confidence for word in said) / len(said)
    return Transcript(text, (Hypothesis(text, score),), min(1.0, confidence))


def load(settings: AsrSettings, folder: Path | None) -> VoskAsr:
    """Opens the Kaldi model in `folder`. `settings.threads` does not apply: Vosk uses one. Raises ModelError."""
    if folder is None:
        raise ModelMissing("vosk needs a model: set asr.model, for example vosk-small-en")
    if not (folder / "am" / "final.mdl").is_file():
        raise ModelMissing(f"{folder}: no am/final.mdl. Fetch the model: edgevoice models pull {folder.name}")
    vosk.SetLogLevel(_SILENT)
    try:
        return VoskAsr(vosk.Model(str(folder)))
    except Exception as error:  # the binding raises a bare Exception
        raise ModelCorrupt(
            f"{folder}: Vosk cannot read it ({error}). Check it: edgevoice models verify {folder.name}"
        ) from error
