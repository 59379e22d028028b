#!/usr/bin/env python3
"""Measures every stage, the whole turn and the start of the process, each beside a peer in the same run.

A peer that is not installed is left out. `pip install moonshine-voice` brings one; `pip install --no-deps openwakeword
scipy scikit-learn` the openwakeword engine's, in a virtual environment of its own: hibari takes another path where it
finds scipy, which makes the start slower. Run it on a quiet machine: the figures are medians, and the ratios (ours over
the peer's) stand a busy one better than the milliseconds do.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmark import home, language, speech, voice, whole
from benchmark.measure import Bench, Clip, Figure
from edgevoice import config, profiles, resources
from edgevoice.errors import EdgeVoiceError
from evaluation.common import InputError, Options, read_audio, read_rows, show

STAGES: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "start": whole.start,
    "listen": whole.listen,
    "wake": speech.wake,
    "vad": speech.vad,
    "asr": speech.asr,
    "nlu": language.nlu,
    "mqtt": whole.mqtt,
    "home": home.home,
    "turn": whole.turn,
    "tts": speech.tts,
    "voice": voice.voice,
    "llm": language.llm,
}


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("stages", nargs="*", choices=[*STAGES, []], metavar="STAGE", help=f"of {', '.join(STAGES)} (default: all)")
    add("--profile", metavar="NAME", help="device profile, a name or a path (default: this machine's)")
    add("--config", type=Path, metavar="FILE", help="settings file over the profile")
    add("--recordings", type=Path, metavar="MANIFEST", help="JSON lines {id, audio, text} (default: the shipped ones)")
    add("--rounds", type=int, default=3, metavar="N", help="how often each recording is measured (default: 3)")
    add("--models", type=Path, metavar="DIR", help="the model store (default: the user's)")
    add("--no-llm", action="store_true", help="without the language model")
    add("--json", type=Path, metavar="OUT.json", help="write the figures there too")
    return parser


def recordings(manifest: Path | None) -> tuple[list[Clip], list[str]]:
    """The clips and the sentences that are said in them."""
    if manifest is not None:
        rows = read_rows([manifest])
        return [Clip(row.id, row.samples()) for row in rows], [row.need("text", str) for row in rows]
    files = sorted(resources.find("recordings").glob("*.flac"))
    return [Clip(file.stem, read_audio(file)) for file in files], [file.stem.replace("_", " ") for file in files]


def table(figures: Sequence[Figure]) -> list[list[str]]:
    lines = [["stage", "figure", "median", "p95", "unit", "peer", "its median", "ours / peer"]]
    for one in figures:
        numbers = [_shown(number) for number in (one.median, one.p95, one.peer, one.ratio)]
        lines.append([one.stage, one.name, numbers[0], numbers[1], one.unit, one.peer_name or "-", *numbers[2:]])
    return lines


def _shown(number: float | None) -> str:
    return "-" if number is None else f"{number:.3g}" if number < 100 else f"{number:.0f}"


def main(argv: Sequence[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    figures: list[Figure] = []
    try:
        profile = profiles.load(args.profile or profiles.detect())
        settings = config.settings(profile.node, args.config)
        if args.no_llm:
            settings = dataclasses.replace(settings, llm=dataclasses.replace(settings.llm, engine=""))
        clips, sentences = recordings(args.recordings)
        bench = Bench(Options(settings, models=args.models), clips, sentences, args.rounds)
        for name in args.stages or STAGES:
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            figures.extend(STAGES[name](bench))
    except (InputError, EdgeVoiceError) as error:
        print(f"bench.py: {error}", file=sys.stderr)
        return 2
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"profile {profile.name}; {machine}; {len(clips)} recordings, {args.rounds} rounds\n")
    print(show(table(figures)))
    if args.json:
        rows = [dataclasses.asdict(one) | {"ratio": one.ratio} for one in figures]
        found = {"profile": profile.name, "machine": machine, "figures": rows}
        args.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
