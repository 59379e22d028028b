"""`run`, `replay`, `ask` and `say`: the commands in which somebody speaks."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from itertools import count

import numpy as np

from edgevoice import assembly, engines, hearing, logs, watchers
from edgevoice import turn as turns
from edgevoice.assembly import Wanted
from edgevoice.assistant import Assistant, Ear
from edgevoice.audio import wav
from edgevoice.audio.cues import cue
from edgevoice.audio.mic import Mic
from edgevoice.audio.speaker import NullSink, Speaker, WavSink
from edgevoice.commands import options as opts
from edgevoice.commands.reload import Reload
from edgevoice.commands.show import Printer
from edgevoice.config import Settings
from edgevoice.ending import on_signals
from edgevoice.errors import BrokerError, EdgeVoiceError, MissingExtra, ModelError, StageError
from edgevoice.messages import (
    RATE,
    AudioChunk,
    Ending,
    Event,
    ListenEvent,
    Listening,
    Turn,
    TurnEnded,
    TurnFailed,
    Utterance,
)
from edgevoice.model_store import Store
from edgevoice.replay import replay as replay_chunks
from edgevoice.service import notify
from edgevoice.service.figures import Figures, Watched
from edgevoice.service.web.meter import Meter
from edgevoice.service.web.settings_file import SettingsFile
from edgevoice.stages import Microphone, Sink, WakeScore
from edgevoice.wake.several import Rejected

_log = logging.getLogger(__name__)
_PATIENCE_SECONDS = 30.0  # beyond the language model's own: a worker that is silent so long is stuck
_DEAF_SECONDS = 0.5
_TAIL_SECONDS = 2.0  # of silence after a recording: longer than any endpoint waits


def run(options: argparse.Namespace) -> None:
    """The assistant, again and again where its settings are read anew; with the old ones where the new do not work."""
    wanted = Wanted(llm=not options.no_llm, wait_for_broker=False, degrades=True, memory=not options.demo_home)
    figures, printer = Figures(), Printer(options.json)
    reload = Reload(lambda: opts.settings(options), notify.from_environment(os.environ, os.getpid()))
    before: Settings | None = None
    settings: Settings | None = opts.settings(options)
    with on_signals(lambda *_: reload(), signal.SIGHUP), ExitStack() as stack:
        stack.callback(reload.notifier.stopping)
        while settings is not None:
            try:
                with stages(options, settings, Speaker(settings.audio), wanted) as made:
                    again = live(settings, made, printer, opts.settings_file(options, settings), figures, reload)
                before, settings = settings, again
            except EdgeVoiceError as error:
                if before is None or reload.works:
                    raise
                reload.failed(error)
                before, settings = None, before


def live(
    settings: Settings,
    stages: turns.Stages,
    printer: Printer,
    file: SettingsFile,
    figures: Figures | None = None,
    reload: Reload | None = None,
) -> Settings | None:
    """The assistant on this machine's microphone, until SIGINT or SIGTERM.

    Returns the settings that `reload` has found, once nothing is being heard or answered.
    """
    reload = reload or Reload(lambda: settings, notify.Notifier())
    notifier = reload.notifier
    heartbeat = notify.Heartbeat(notifier.beat, ("ears", "turns"), _PATIENCE_SECONDS + settings.llm.deadline_seconds)
    watched = Watched(figures or Figures(), heartbeat, stages.condition)
    mic, ear = ears(settings, stages, watched.figures.reject)
    recorder = watchers.recorder(settings, stages)
    # A log, systemd's journal above all, is not told what was said in the house unless that is asked for.
    is_log = notifier.active or not sys.stdout.isatty()
    has_words = printer.json or settings.service.log_words or not is_log
    logs.allow_words(settings.service.log_words)

    def observe(event: Event) -> None:
        if isinstance(event, Listening):
            reload.listens()
            notifier.status(_status(watched))
            if not has_words and not notifier.active:
                printer(event)
        watched.figures.observe(event)
        (printer if has_words else _note)(event)
        for watcher in watching:
            watcher.observe(event)

    meter = Meter(mic, ear)
    assistant = Assistant(meter, ear, stages, observe, cues(settings, stages), heartbeat)
    stages.condition.queues["turns"] = lambda: assistant.waiting
    stages.condition.lost["turns"] = lambda: assistant.lost
    presence = watchers.presence(settings, stages, assistant, watched.summary)
    ducker = watchers.ducker(settings, stages)
    watching: list[watchers.Watcher] = [one for one in (presence, ducker, recorder) if one is not None]
    with ExitStack() as stack:
        stack.enter_context(on_signals(lambda *_: assistant.stop(), signal.SIGINT, signal.SIGTERM))
        stack.enter_context(endpoint(settings, watched))
        if ducker is not None:
            stack.callback(ducker.release)
        if settings.web.port:
            page = watchers.Page(replace(file, reload=reload), meter, watched.health)
            watching.append(stack.enter_context(watchers.web(settings, stages, assistant, page)))
        stack.enter_context(reload.of(settings, assistant.finish))
        assistant.run()
    return None if assistant.is_stopped else reload.take()


def cues(settings: Settings, stages: turns.Stages) -> Callable[[str], None]:
    """Plays a short sound by its name, where the settings want sounds."""

    def play(name: str) -> None:
        stages.link.pump()  # music goes down before it
        if settings.audio.cues:
            try:
                volume = stages.conversation.manner.style().volume
                stages.voice.sink.play([cue(name, RATE, volume)], RATE, threading.Event())
            except StageError as error:
                _log.warning("no cue: %s", error)

    return play


class Deaf:
    """A microphone and a listener where nothing can be heard: text and MQTT still work."""

    words: tuple[str, ...] = ()
    listening = False

    def __init__(self) -> None:
        self._closed = threading.Event()

    def __enter__(self) -> Iterator[AudioChunk]:
        while not self._closed.wait(_DEAF_SECONDS):
            yield AudioChunk(np.empty(0, np.int16), RATE, 0)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._closed.set()

    def listen_now(self, at: int) -> None:
        """There is nothing to listen with."""

    def wake_peaks(self) -> Mapping[str, WakeScore]:
        return {}

    def expect(self, utterance: Utterance, ending: Ending) -> None:
        """No utterance is ever begun."""

    def feed(self, chunk: AudioChunk) -> Iterator[ListenEvent]:
        return iter(())


def ears(settings: Settings, stages: turns.Stages, rejected: Rejected) -> tuple[Microphone, Ear]:
    """The microphone and what listens to it; deaf ones where a model is missing: that is told."""
    problem = ""
    condition = stages.condition
    condition.problems["ear"] = lambda: problem
    try:
        ear = hearing.listener(settings, Store(), asr=stages.asr, rejected=rejected)
    except (ModelError, MissingExtra) as error:
        problem = str(error)
        _log.warning("going on without ears, text and MQTT still work: %s", error)
        return Deaf(), Deaf()
    mic = Mic(settings.audio)
    condition.problems["microphone"] = lambda: mic.problem
    condition.queues["microphone"] = lambda: mic.waiting
    condition.lost["microphone"] = lambda: mic.dropped
    return hearing.without_echo(settings.audio, mic, stages.voice.sink), ear


def endpoint(settings: Settings, watched: Watched) -> AbstractContextManager[object]:
    """The metrics' and the health's port, where the settings open one."""
    if settings.service.metrics_port is None:
        return nullcontext()
    from edgevoice.service.metrics import Endpoint  # a service without it need not load an HTTP server

    return Endpoint(watched, settings.service.metrics_port)


def _status(watched: Watched) -> str:
    return "; ".join(["listening", *(f"without {part}" for part in watched.troubles())])


def _note(event: Event) -> None:
    """A turn as a log tells it: without a word of what was said."""
    match event:
        case TurnFailed(stage=stage, code=code):
            _log.warning("%s failed: %s", stage, code)
        case TurnEnded(timings=timings):
            _log.info("%s", ", ".join(f"{t.stage} {t.ms:.0f} ms" for t in timings))


def replay(options: argparse.Namespace) -> None:
    settings = opts.settings(options)
    printer = Printer(options.json)
    sink: Sink = WavSink(options.out) if options.out else NullSink()
    with stages(options, settings, sink, Wanted(llm=not options.no_llm)) as made:
        for path in options.files:
            if not options.json:
                printer.line(f"\n{path}")
            ear = hearing.listener(settings, Store(), not options.no_wake, made.asr)
            if options.no_wake:
                ear.listen_now(0)
            show(replay_chunks(with_silence(wav.chunks(path)), ear, made), printer)


def ask(options: argparse.Namespace) -> None:
    settings = opts.settings(options)
    printer = Printer(options.json)
    wanted = Wanted(speech=False, voice=False, llm=not options.no_llm)
    with stages(options, settings, NullSink(), wanted) as made:
        for number, text in enumerate(options.text, 1):
            show(turns.run(made, Turn(f"ask-{number}", threading.Event()), text), printer)


def say(options: argparse.Namespace) -> None:
    settings = opts.settings(options)
    tts = assembly.remembering(settings, engines.load("tts", settings, Store()))
    if tts is None:
        raise StageError("tts", "absent", "the settings name no voice: set tts.engine")
    pieces = tts.speak(options.text)
    if options.out:
        wav.write(options.out, pieces, tts.rate)
    else:
        Speaker(settings.audio).play(pieces, tts.rate, threading.Event())


@contextmanager
def stages(options: argparse.Namespace, settings: Settings, sink: Sink, wanted: Wanted) -> Iterator[turns.Stages]:
    """The parts of a turn, on the settings' home or on the simulated one."""
    if not options.demo_home:
        try:
            with assembly.stages(settings, Store(), sink, wanted) as made:
                yield made
        except BrokerError as error:
            raise BrokerError(f"{error} (--demo-home tries it in a simulated home, with a broker of its own)") from None
        return
    with assembly.demo_home(settings) as changed, assembly.stages(changed, Store(), sink, wanted) as made:
        yield made


def show(events: Iterable[Event], printer: Printer) -> None:
    for event in events:
        printer(event)


def with_silence(chunks: Iterable[AudioChunk]) -> Iterator[AudioChunk]:
    """A recording, and then quiet, so that its last word is followed by an end of speech."""
    end = 0
    for chunk in chunks:
        end = chunk.start + len(chunk.samples)
        yield chunk
    step = 1280
    for start in range(end, end + round(_TAIL_SECONDS * RATE), step):
        yield AudioChunk(np.zeros(step, np.int16), RATE, start)


def typed(stages: turns.Stages, printer: Printer) -> None:
    """Sentences from standard input, one a line, until its end."""
    if sys.stdin.isatty():
        printer.line("Type what you would say, such as: turn on the office lights. An empty line or Ctrl-D ends.")
    for number in count(1):
        try:
            text = input("> " if sys.stdin.isatty() else "")
        except EOFError:
            return
        if not text.strip():
            return
        show(turns.run(stages, Turn(f"text-{number}", threading.Event()), text), printer)
