"""`edgevoice demo`: human recordings, a simulated home on an embedded broker, and every stage in between, for real."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgevoice import assembly, hearing, resources
from edgevoice import turn as turns
from edgevoice.assembly import Wanted
from edgevoice.audio import wav
from edgevoice.audio.speaker import NullSink, Speaker, WavSink
from edgevoice.commands import options as opts
from edgevoice.commands.car import car
from edgevoice.commands.show import Printer
from edgevoice.commands.talk import live, typed
from edgevoice.config import Settings
from edgevoice.listen import Listener
from edgevoice.messages import RATE, AudioChunk, CommandSent, Samples, StateConfirmed, TurnFailed
from edgevoice.model_store import Store
from edgevoice.replay import replay

_CHUNK = 512  # as the microphone hands it over
_WAKE_WORD = "alexa"  # the word that the shipped recordings say


@dataclass(frozen=True, slots=True)
class Scene:
    """What is played, and which devices must confirm a command by the end. `pause` seconds are between recordings."""

    title: str
    recordings: tuple[str, ...]
    acts_on: frozenset[str] = frozenset()
    needs_llm: bool = False


def _scene(title: str, *recordings: str, acts_on: Iterable[str] = (), needs_llm: bool = False) -> Scene:
    return Scene(title, recordings, frozenset(acts_on), needs_llm)


SCENES = (
    _scene("Somebody talks, nobody says the wake word", "what_a_spiteful_thing_i_am"),
    _scene(
        "The lights of a room",
        "alexa",
        "turn_off_all_lights_in_the_office",
        acts_on=("light.office_ceiling", "light.office_desk"),
    ),
    _scene("Wake word and command in one breath", "alexa_turn_off_dining_room", acts_on=("light.dining_room",)),
    _scene("A question about a state", "alexa", "what_is_the_outdoor_humidity"),
    _scene("Brightness", "alexa", "set_bed_light_brightness_to_50_percent", acts_on=("light.bed_light",)),
    _scene(
        "What only the internet knows is not made up", "alexa", "whats_the_weather_like_in_new_york", needs_llm=True
    ),
    _scene("A lock asks first", "alexa", "lock_the_front_door", "yes", acts_on=("lock.front_door",)),
    _scene(
        "No means no",
        "alexa",
        "open_all_of_the_windows",
        "no",
    ),
    _scene(
        "Not a command: the language model talks, nothing moves", "alexa", "the_best_emetic_is_that_which_is_at_hand"
    ),
)


def demo(options: argparse.Namespace) -> int:
    settings = opts.settings(options, {"wake": {"words": [_WAKE_WORD]}})
    if options.car:
        return car(settings, options)
    printer, out = Printer(options.json), sys.stderr if options.json else sys.stdout
    store = Store()
    _fetch(settings, store, options)
    began = time.perf_counter()
    with assembly.demo_home(settings) as settings:
        sink = Speaker(settings.audio) if options.mic else NullSink() if options.text else WavSink(options.out)
        wanted = Wanted(speech=not options.text, llm=not options.no_llm)
        with assembly.stages(settings, store, sink, wanted) as stages:
            home = stages.link.home
            print(
                f"A simulated home of {len(home.devices)} appliances in {len(home.areas)} rooms on an MQTT broker at "
                f"{settings.mqtt.host}:{settings.mqtt.port}.\nReady after {time.perf_counter() - began:.1f} s"
                + (", the language model still loads behind." if wanted.llm and settings.llm.engine else "."),
                file=out,
            )
            if options.mic:
                live(settings, stages, printer, opts.settings_file(options, settings))
                return 0
            if options.text:
                typed(stages, printer)
                return 0
            scenes = [scene for scene in SCENES if wanted.llm or not scene.needs_llm]
            went_well = _play(scenes, hearing.listener(settings, store, asr=stages.asr), stages, printer)
    print(f"\nThe spoken replies are in {options.out.resolve()}", file=out)
    print(f"{went_well} of {len(scenes)} scenes went as they should.", file=out)
    return 0 if went_well == len(scenes) else 1


def _fetch(settings: Settings, store: Store, options: argparse.Namespace) -> None:
    wanted = [name for name in assembly.models_of(settings) if not (options.no_llm and name == settings.llm.model)]
    missing = store.missing(wanted)
    if missing:
        size = sum(store.model(name).download_mb for name in missing)
        print(f"Fetching {len(missing)} models, {size} MB, into {store.root}. This happens once.", file=sys.stderr)
        store.pull_many(missing)


def _play(scenes: Sequence[Scene], listener: Listener, stages: turns.Stages, printer: Printer) -> int:
    went_well = 0
    stream = _Stream()
    for number, scene in enumerate(scenes, 1):
        if not printer.json:
            printer.line(f"\n{number}. {scene.title}")
        confirmed: set[str] = set()
        is_well = True
        for event in replay(stream.of(scene, listener), listener, stages):
            printer(event)
            match event:
                case CommandSent(command=command):
                    is_well = is_well and command.device in scene.acts_on
                case StateConfirmed(command=command, confirmed=True):
                    confirmed.add(command.device)
                case TurnFailed():
                    is_well = False
        is_well = is_well and confirmed == scene.acts_on
        if not is_well and not printer.json:
            wanted = ", ".join(sorted(scene.acts_on)) or "nothing"
            printer.line(f"  This did not go as it should: {wanted} should have moved.")
        went_well += is_well
    return went_well


class _Stream:
    """One endless microphone in which the recordings are heard one after the other."""

    def __init__(self) -> None:
        self._at = 0

    def of(self, scene: Scene, listener: Listener) -> Iterator[AudioChunk]:
        """Quiet, the recordings with a breath between them, and quiet until the listener has heard the end."""
        yield from self._chunks(_quiet(0.5))
        for name in scene.recordings:
            yield from self._chunks(wav.read(_path(name)))
            yield from self._chunks(_quiet(0.1 if name == _WAKE_WORD else 1.5))
        while listener.listening:
            yield from self._chunks(_quiet(0.2))

    def _chunks(self, samples: Samples) -> Iterator[AudioChunk]:
        for start in range(0, len(samples), _CHUNK):
            piece = samples[start : start + _CHUNK]
            yield AudioChunk(piece, RATE, self._at)
            self._at += len(piece)


def _path(name: str) -> Path:
    return resources.find("recordings") / f"{name}.flac"


def _quiet(seconds: float) -> Samples:
    """The hiss of a quiet room: digital silence is nothing that a microphone ever hears."""
    noise = np.random.default_rng(1).normal(0, 3, round(seconds * RATE))
    samples: Samples = noise.astype(np.int16)
    return samples
