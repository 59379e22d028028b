"""The ear, put together: what takes the echo out, what hears wake words and stop words, and what ends an utterance."""

from __future__ import annotations

import logging
from dataclasses import replace

from edgevoice import engines, registry, resources
from edgevoice.audio.front_end import FarEnd, FrontEnd
from edgevoice.audio.speaker import Speaker
from edgevoice.config import STOP_MODEL, AudioSettings, Settings, WakeSettings, WakeWord
from edgevoice.errors import ModelError
from edgevoice.listen import Listener
from edgevoice.messages import RATE, AudioChunk, Samples
from edgevoice.model_store import Store
from edgevoice.stages import Asr, Microphone, Sink, Spotter, Vad, WakeDetector
from edgevoice.stop import StopWords
from edgevoice.wake.several import Rejected, Wakes

_log = logging.getLogger(__name__)


def listener(
    settings: Settings, store: Store, wake: bool = True, asr: Asr | None = None, rejected: Rejected | None = None
) -> Listener:
    """The ear. Without `wake` it hears only when told to.

    `asr` looks at wake words again, where it can, and recognises what ends the voice; `rejected`: see `Wakes`.
    """
    detector = wakes(settings.wake, store, asr, rejected) if wake else None
    vad, threshold = engines.load("vad", settings, store), settings.vad.threshold
    stops = stop_detectors(settings, store, vad, asr) if asr is not None and settings.listen.stop_words else ()
    return Listener(detector, vad, settings.listen, threshold, stops)


def stop_detectors(settings: Settings, store: Store, vad: Vad, asr: Asr) -> tuple[WakeDetector, ...]:
    """What hears the stop words over the voice: `asr` all of them, and those that there is a head of as wake words are."""

    def transcribe(samples: Samples) -> str:
        *_, last = asr.transcribe([AudioChunk(samples, RATE, 0)])
        return last.text

    recognised = StopWords(settings.listen.stop_words, vad, transcribe, settings.vad.threshold)
    words = spotted_stops(settings)
    if not words or not isinstance(asr, Spotter):
        return (recognised,)
    chosen = [WakeWord(word, "openwakeword", STOP_MODEL, patience=1, refractory_seconds=0.0) for word in words]
    try:
        return wakes(replace(settings.wake, words=tuple(chosen), check=True), store, asr), recognised
    except ModelError as error:
        _log.warning("stop words are heard less well: %s", error)
        return (recognised,)


def spotted_stops(settings: Settings) -> tuple[str, ...]:
    """The stop words that are heard as wake words are; none with a recogniser that cannot look at them again."""
    if settings.asr.engine != "moonshine":
        return ()
    heads = {path.stem for path in resources.find("models/wake").glob("*.npz")}
    return tuple(word for word in settings.listen.stop_words if word in heads)


def wakes(settings: WakeSettings, store: Store, asr: Asr | None = None, rejected: Rejected | None = None) -> Wakes:
    """All wake words of the settings, each by its engine. Raises ModelError, SettingsError."""
    spotter = asr if settings.check and isinstance(asr, Spotter) else None
    groups: dict[tuple[str, str], list[str | WakeWord]] = {}
    for word in settings.each():
        groups.setdefault((word.engine, word.model), []).append(word)
    detectors = []
    for (name, model), words in groups.items():
        chosen = replace(settings, engine=name, model=model, words=tuple(words), check=spotter is not None)
        detectors.append(registry.factory("wake", name)(chosen, store.folder(model) if model else None))
    rest = {word.word: word.refractory_seconds or 0.0 for word in settings.each()}
    return Wakes(detectors, rest, spotter.evidence if spotter is not None else None, rejected)


def without_echo(settings: AudioSettings, mic: Microphone, sink: Sink) -> Microphone:
    """The microphone; where `sink` is a speaker, without the echo of what is played there from now on."""
    if not (settings.echo_cancellation and isinstance(sink, Speaker)):
        return mic
    far = FarEnd()
    sink.opener = far.tapped(sink.opener)
    return FrontEnd(mic, far)
