"""The stages that hear and speak: wake word, voice activity, recognition, voice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmark.measure import Bench, Clip, Figure, alternate, cpu_seconds, figure, milliseconds, repeated
from edgevoice import hearing
from edgevoice.messages import RATE, AudioChunk, Samples
from edgevoice.stages import Asr, Tts, Vad, WakeDetector

_STEP = RATE // 50
_QUIET_SECONDS = 3  # between clips: a microphone hears mostly that


def wake(bench: Bench) -> Iterator[Figure]:
    """CPU seconds a second of audio, with quiet between the clips."""
    detector: WakeDetector = hearing.wakes(bench.settings.wake, bench.options.store())
    settings = bench.settings.wake
    pieces = [_with_quiet(clip.samples) for clip in bench.clips]
    peer, peer_name = _wake_peer(bench)
    ours, theirs = alternate(
        repeated(pieces, bench.rounds),
        partial(_cpu_share, lambda chunk: detector.feed(chunk)),
        peer and partial(_cpu_share, peer),
    )
    found = figure("wake", f"{settings.engine}, CPU s a s of audio", ours, "s/s")
    yield found.beside(figure("wake", "", theirs).median, peer_name)


def _wake_peer(bench: Bench) -> tuple[Callable[[AudioChunk], object] | None, str]:
    settings = bench.settings.wake
    if settings.engine == "micro":
        from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

        features = MicroWakeWordFeatures()
        models = [MicroWakeWord.from_builtin(model) for model in Model if str(model.value) in settings.names]

        def feed(chunk: AudioChunk) -> None:
            for feature in features.process_streaming(chunk.samples.tobytes()):
                for model in models:
                    model.process_streaming(feature)

        return feed, "pymicro-wakeword"
    try:
        from openwakeword.model import Model as OpenWakeWord
    except ImportError:
        return None, ""
    folder = bench.folder(settings.each()[0].model)
    heads = [str(path) for word in settings.names for path in folder.glob(f"{word}*.onnx")]
    library = OpenWakeWord(
        wakeword_models=heads,
        inference_framework="onnx",
        melspec_model_path=str(folder / "melspectrogram.onnx"),
        embedding_model_path=str(folder / "embedding_model.onnx"),
    )
    return lambda chunk: library.predict(chunk.samples), "openwakeword"


def vad(bench: Bench) -> Iterator[Figure]:
    engine: Vad = bench.options.engine("vad")
    pieces = [_with_quiet(clip.samples) for clip in bench.clips]
    ours, _ = alternate(repeated(pieces, bench.rounds), partial(_cpu_share, lambda chunk: engine.feed(chunk)), None)
    yield figure("vad", f"{bench.settings.vad.engine}, CPU s a s of audio", ours, "s/s")


def asr(bench: Bench) -> Iterator[Figure]:
    """Milliseconds a clip as the pipeline hands it over: whole."""
    engine: Asr = bench.options.engine("asr")
    settings = bench.settings.asr

    def recognise(clip: Clip) -> None:
        for _ in engine.transcribe([AudioChunk(clip.samples, RATE, 0)]):
            pass

    peer = _asr_peer(bench)
    clips = list(repeated(bench.clips, bench.rounds))
    name = "moonshine-voice" if peer else ""
    ours, theirs = alternate(clips, lambda clip: milliseconds(partial(recognise, clip)), peer and _timed(peer))
    yield figure("asr", f"{settings.model}, a clip", ours).beside(figure("asr", "", theirs).median, name)
    ours, theirs = alternate(clips, _share(recognise), peer and _share(peer))
    cpu = figure("asr", f"{settings.model}, CPU s a s of audio", ours, "s/s")
    yield cpu.beside(figure("asr", "", theirs).median, name)


def _asr_peer(bench: Bench) -> Callable[[Clip], object] | None:
    """The official library with the same weights, where it is installed and reads them (the tiny `.ort` ones)."""
    folder = bench.folder(bench.settings.asr.model)
    if bench.settings.asr.engine != "moonshine" or not (folder / "encoder_model.ort").exists():
        return None
    try:
        import moonshine_voice
    except ImportError:
        return None
    transcriber = moonshine_voice.Transcriber(folder, moonshine_voice.ModelArch.TINY)
    floats = {clip.name: (clip.samples.astype(np.float32) / 32768).tolist() for clip in bench.clips}
    return lambda clip: transcriber.transcribe_without_streaming(floats[clip.name], RATE)


def tts(bench: Bench) -> Iterator[Figure]:
    """First audio of a sentence, and the synthesis time a second of speech."""
    engine: Tts = bench.options.engine("tts")
    settings = bench.settings.tts
    peer = _hibari(settings.threads) if settings.engine == "hibari" else None
    sentences = list(repeated(bench.sentences, bench.rounds))
    name = "hibari bare" if peer else ""

    def first(speak: Callable[[str], Iterator[Any]], sentence: str) -> float:
        return milliseconds(lambda: next(iter(speak(sentence))))

    def rate(speak: Callable[[str], Iterator[Any]], sentence: str) -> float:
        pieces: list[Any] = []
        spent = milliseconds(lambda: pieces.extend(speak(sentence)))
        return spent / 1e3 / (sum(len(piece) for piece in pieces) / engine.rate)

    for label, unit, work in (("first audio", "ms", first), ("s a s of speech", "s/s", rate)):
        ours, theirs = alternate(sentences, partial(work, engine.speak), peer and partial(work, peer))
        yield figure("tts", f"{settings.engine}, {label}", ours, unit).beside(figure("tts", "", theirs).median, name)


def _hibari(threads: int) -> Callable[[str], Iterator[Any]]:
    import hibari

    voice = hibari.Hibari(threads=threads)
    return lambda sentence: iter(voice.stream(sentence, seed=0))


def _with_quiet(samples: Samples) -> Samples:
    return np.concatenate([samples, np.zeros(_QUIET_SECONDS * RATE, np.int16)])


def _cpu_share(feed: Callable[[AudioChunk], object], samples: Samples) -> float:
    chunks = [AudioChunk(samples[start : start + _STEP], RATE, start) for start in range(0, len(samples), _STEP)]
    return cpu_seconds(lambda: [feed(chunk) for chunk in chunks]) / (len(samples) / RATE)


def _timed(work: Callable[[Clip], object]) -> Callable[[Clip], float]:
    return lambda clip: milliseconds(lambda: work(clip))


def _share(work: Callable[[Clip], object]) -> Callable[[Clip], float]:
    return lambda clip: cpu_seconds(lambda: work(clip)) / (len(clip.samples) / RATE)
