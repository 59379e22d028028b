"""`run`, `replay`, `ask` and `say`: the commands in which somebody speaks."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count

import numpy as np

from edgevoice import assembly
from edgevoice import turn as turns
from edgevoice.assembly import Wanted
from edgevoice.assistant import Assistant
from edgevoice.audio import wav
from edgevoice.audio.cues import cue
from edgevoice.audio.mic import Mic
from edgevoice.audio.speaker import NullSink, Speaker, WavSink
from edgevoice.commands import options as opts
from edgevoice.commands.show import Printer
from edgevoice.config import Settings
from edgevoice.errors import StageError
from edgevoice.messages import RATE, AudioChunk, Event, Listening, Turn, TurnEnded, TurnFailed
from edgevoice.model_store import Store
from edgevoice.replay import replay as replay_chunks
from edgevoice.service import notify
from edgevoice.stages import Sink

_log = logging.getLogger(__name__)
_TAIL_SECONDS = 2.0  # of silence after a recording: longer than any endpoint waits


def run(options: argparse.Namespace) -> None:
    settings = opts.settings(options)
    with stages(
        options,
        settings,
        Speaker(settings.audio),
        Wanted(llm=not options.no_llm, wait_for_broker=False, memory=not options.demo_home),
    ) as made:
        live(settings, made, Printer(options.json))


def live(settings: Settings, stages: turns.Stages, printer: Printer) -> None:
    """The assistant on this machine's microphone, until SIGINT or SIGTERM."""
    notifier = notify.from_environment(os.environ, os.getpid())
    sink = stages.voice.sink

    def play_cue(name: str) -> None:
        if settings.audio.cues:
            try:
                sink.play([cue(name, RATE)], RATE, threading.Event())
            except StageError as error:
                _log.warning("no cue: %s", error)

    ear = assembly.listener(settings, Store(), asr=stages.asr)
    # systemd's journal is not told what was said in the house.
    show_event = printer if not notifier.active or printer.json else _note

    def observe(event: Event) -> None:
        if isinstance(event, Listening):
            notifier.ready()
        show_event(event)
        if presence is not None:
            presence.observe(event)

    assistant = Assistant(Mic(settings.audio), ear, stages, observe, play_cue, notifier.beat)
    presence = assembly.presence(settings, stages, assistant)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: assistant.stop())
    try:
        assistant.run()
    finally:
        notifier.stopping()


def _note(event: Event) -> None:
    match event:
        case TurnFailed(stage=stage, code=code):
            _log.warning("%s failed: %s", stage, code)
        case TurnEnded(turn=turn, timings=timings):
            _log.info("turn %s: %s", turn, ", ".join(f"{t.stage} {t.ms:.0f} ms" for t in timings))


def replay(options: argparse.Namespace) -> None:
    settings = opts.settings(options)
    printer = Printer(options.json)
    sink: Sink = WavSink(options.out) if options.out else NullSink()
    with stages(options, settings, sink, Wanted(llm=not options.no_llm)) as made:
        for path in options.files:
            if not options.json:
                printer.line(f"\n{path}")
            ear = assembly.listener(settings, Store(), not options.no_wake, made.asr)
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
    tts = assembly.engine("tts", settings, Store())
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
        with assembly.stages(settings, Store(), sink, wanted) as made:
            yield made
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
