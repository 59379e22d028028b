#!/usr/bin/env python3
"""Trains a new wake word on openWakeWord's speech embedding, from synthetic voices, in minutes on a CPU.

    python tools/train_wake_word.py "hey aurora" [--noise PATH] [--negatives PATH] [--dry-run]

It says the word with every voice it finds (espeak-ng, flite, hibari, a Piper voice), in rooms, noise and at distances; beside
it what sounds nearly the same and what people say at home. Some voices and some of the other sounds are kept back to measure
on, in noise of 10 dB or better. The head that is measured has not heard them; the one that is written has. A PATH is a folder
of recordings, or a manifest: JSON lines with `id` and `audio`, a path relative to the manifest.

Exit status: 0 written, 1 refused as it is worse than --most-missed or --most-false allow, 2 bad input.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads only wait for each other in products so small

import numpy as np
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from train_intents import examples
from wake_words import checked, head, phrases, voices
from wake_words.rooms import Rooms

from edgevoice.asr import moonshine
from edgevoice.config import AsrSettings, WakeSettings
from edgevoice.errors import EdgeVoiceError
from edgevoice.messages import RATE, Samples
from edgevoice.model_store import Store
from edgevoice.wake import openwakeword
from evaluation.common import InputError, read_audio, read_rows

_COMMANDS = Path(__file__).parent / "training" / "intents.yaml"
_HELD_BACK = 4  # one voice or recording in so many is only measured on
_NATURAL = 2 / 3  # of all that is said is by voices that sound like people
_LEAST_SNR, _KEPT_SNR = 2.0, 10.0  # dB of the loudest noise that it learns in, and that it is measured in
_BEFORE, _AFTER = 1.0, 0.7  # seconds around the word
_AROUND = 0.3  # seconds beside the word that a head looks at
_NOT_NEAR = 0.2  # a clip in which no window scores more needs not be played to the engine
_SUFFIXES = (".flac", ".wav", ".ogg", ".mp3")
_SECONDS_EACH = {"said": 0.06, "near": 0.06, "sentences": 0.08}  # CPU, on one core of a server
_LEAST_SECONDS, _MOST_SECONDS = 2.0, 20.0  # of a recording


@dataclass(frozen=True, slots=True)
class Sound:
    """What a clip is made of: `text` said by `voice`, or a recording."""

    kind: str
    """said, near, sentences or recorded"""
    text: str = ""
    voice: voices.Voice | None = None
    file: Path | None = None
    is_kept_back: bool = False


def plan(args: argparse.Namespace, speakers: Sequence[voices.Voice]) -> list[Sound]:
    """All sounds, in an order that is the same each time."""
    chance = np.random.default_rng(0)
    words = phrases.lexicon()
    commands = [one.text for one in examples(_COMMANDS)]
    # It learns from all words, which have every sequence of sounds; people use few, and it is measured on those.
    learned = phrases.general(words, commands, args.phrase, (args.sentences + 1) // 2, 0)
    kept = phrases.general({*" ".join(commands).split()} & words.keys(), commands, args.phrase, args.sentences // 2, 3)
    texts = {
        "said": [args.phrase] * args.said,
        "near": list(chance.choice(phrases.near(args.phrase, words), args.near)),
        "sentences": [text for pair in zip_longest(learned, kept) for text in pair if text is not None],
    }
    # espeak-ng has the many speakers, the others sound like people.
    natural = [one for one in speakers if not one.name.startswith("espeak")]
    robots = [one for one in speakers if one.name.startswith("espeak")]
    sounds = []
    for kind, said in texts.items():
        for number, text in enumerate(said):
            among = natural if natural and (not robots or chance.random() < _NATURAL) else robots
            if kind == "sentences" and number % 2:  # what is seldom false is to be measured for hours
                among = [one for one in among if _is_kept_back(one.name)] or among
            voice = among[int(chance.integers(len(among)))]
            sounds.append(Sound(kind, str(text), voice, None, _is_kept_back(voice.name)))
    files = recordings(args.negatives)
    return sounds + [Sound("recorded", file=file, is_kept_back=_is_kept_back(name)) for name, file in files.items()]


def recordings(paths: Sequence[Path]) -> dict[str, Path]:
    """Name -> file of all recordings in folders and manifests. Raises InputError where there is none."""
    found: dict[str, Path] = {}
    for path in paths:
        if path.is_dir():
            here = {str(one.relative_to(path)): one for one in path.rglob("*") if one.suffix.lower() in _SUFFIXES}
        else:
            here = {row.id: row.file.parent / row.need("audio", str) for row in read_rows([path])}
        if not here:
            raise InputError(f"{path}: no recordings ({', '.join(_SUFFIXES)}) in it")
        found |= dict(sorted(here.items()))
    return found


def samples(file: Path) -> Samples:
    """Mono, at RATE. Raises InputError."""
    try:
        return read_audio(file)
    except (OSError, RuntimeError) as error:  # soundfile's own is a RuntimeError
        raise InputError(f"{file}: cannot be read: {error}") from None


def _is_kept_back(name: str) -> bool:
    if name.startswith(("flite", "hibari", "piper")):  # few, so not by chance: two that sound like people
        return name in ("flite rms", "piper joe")
    return zlib.crc32(name.encode()) % _HELD_BACK == 0


def clips(sounds: Sequence[Sound], rooms: Rooms, front_end: openwakeword.FrontEnd) -> list[tuple[Sound, head.Clip]]:
    """Each sound in a room, as embeddings, but for recordings that are too short."""

    def one(number: int) -> tuple[Sound, head.Clip] | None:
        made = clip(sounds[number], rooms, front_end, np.random.default_rng((1, number)))
        return None if made is None else (sounds[number], made)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = tqdm(pool.map(one, range(len(sounds))), desc="sounds", unit="clip", total=len(sounds), mininterval=1.0)
        return [found for found in made if found is not None]


def clip(sound: Sound, rooms: Rooms, front_end: openwakeword.FrontEnd, chance: np.random.Generator) -> head.Clip | None:
    if sound.voice is None:
        assert sound.file is not None
        heard = samples(sound.file)[: round(_MOST_SECONDS * RATE)]
        if len(heard) < _LEAST_SECONDS * RATE:
            return None
        return head.Clip(front_end.embeddings(heard), None, heard if sound.is_kept_back else None)
    said = sound.voice.say(sound.text, chance)
    before = np.zeros(round(_BEFORE * RATE) + int(chance.integers(1280)), np.int16)
    after = np.zeros(round(_AFTER * RATE), np.int16)
    word = None
    if sound.kind == "said":
        word = (len(before), len(before) + len(said))
        if rooms.voices and chance.random() < 0.5:  # the end of other talk, and a command in the same breath
            other = rooms.voices[int(chance.integers(len(rooms.voices)))]
            before[: len(before) // 2] = np.resize(other, len(before) // 2)
            after = np.resize(other, len(after)) if chance.random() < 0.6 else after
    heard = rooms.put(np.concatenate((before, said, after)), chance, _KEPT_SNR if sound.is_kept_back else _LEAST_SNR)
    return head.Clip(front_end.embeddings(heard), word, heard if sound.is_kept_back else None)


def frames(clips: Sequence[head.Clip]) -> int:
    """Embeddings that a head must look at for words so long, and no more: what was said before is not to be relied on."""
    seconds = [(clip.word[1] - clip.word[0]) / RATE for clip in clips if clip.word is not None]
    more = float(np.percentile(seconds, 80)) + _AROUND - head.FIRST_END / RATE
    return int(np.clip(1 + round(more / head.STEP_SECONDS), 3, 16))


def babble(speakers: Sequence[voices.Voice], phrase: str, count: int = 24) -> list[Samples]:
    """Talk for the background, by voices that are not kept back."""
    chance = np.random.default_rng(2)
    heard = [one for one in speakers if not _is_kept_back(one.name)]
    texts = phrases.general(phrases.lexicon(), [one.text for one in examples(_COMMANDS)], phrase, count, 1)
    return [heard[i % len(heard)].say(text, chance) for i, text in enumerate(tqdm(texts, desc="babble", unit="clip"))]


def recogniser(store: Store) -> moonshine.MoonshineAsr | None:
    """What looks at wake words again in the assistant; None where it is not in the store."""
    try:
        return moonshine.load(AsrSettings(), store.folder(AsrSettings().model))
    except EdgeVoiceError:
        return None


def as_used(
    engine: openwakeword.OpenWakeWord,
    asr: moonshine.MoonshineAsr | None,
    trial: openwakeword.TrainedHead,
    kept: Sequence[tuple[Sound, head.Clip]],
) -> list[checked.Heard]:
    found = []
    for sound, clip in tqdm(kept, desc="measuring", unit="clip", mininterval=1.0):
        assert clip.samples is not None
        if trial.scores(clip.windows(trial.frames)).max(initial=0.0) > _NOT_NEAR:
            one = checked.heard(sound.kind, clip.samples, engine, asr.evidence if asr is not None else None)
        else:
            one = checked.Heard(sound.kind, -np.inf, len(clip.samples) / RATE / 3600)
        found.append(one)
    return found


def train(args: argparse.Namespace, out: Path) -> int:
    store = Store(args.models)
    front_end = openwakeword.load_front_end(store.folder("openwakeword"))
    speakers = [*voices.espeak(), *voices.flite(), *voices.neural(store)]
    if len({one.name.split()[0] for one in speakers}) < 2:
        raise InputError(
            "at least two kinds of voices are needed. Install espeak-ng and flite: apt install espeak-ng flite"
        )
    sounds = plan(args, speakers)
    if args.dry_run:
        show_plan(args, sounds, speakers)
        return 0
    noises = [samples(file) for file in recordings(args.noise).values()]
    began = time.monotonic()
    made = clips(sounds, Rooms(babble(speakers, args.phrase), noises), front_end)
    size = frames([clip for _, clip in made])
    trial = head.fit([clip for sound, clip in made if not sound.is_kept_back], size)
    kept = [(sound, clip) for sound, clip in made if sound.is_kept_back]
    alone = head.choose(head.measure(trial, [c for sound, c in kept if sound.kind != "near"]), args.most_false)
    trial.threshold, asr = alone.threshold, recogniser(store)
    settings = WakeSettings(engine="openwakeword", words=(out.stem,), check=asr is not None)
    engine = openwakeword.OpenWakeWord(front_end, {out.stem: trial}, settings)
    found = as_used(engine, asr, trial, kept)
    used = checked.choose(found, args.most_false)
    for (sound, _), one in zip(kept, found, strict=True):
        if sound.kind != "said" and one.odds >= used.threshold:
            print(f"taken for it: {sound.text or sound.file}", file=sys.stderr)
    tell(args.phrase, kept, alone, used, asr is not None)
    print(f"threshold {alone.threshold:.3f}, windows of {size} steps, {time.monotonic() - began:.0f} s")
    is_allowed = used.miss_rate <= args.most_missed and used.false <= args.most_false * used.hours
    if not is_allowed and not args.force:
        print(
            f"Not written: at most {args.most_missed:.0%} missed and {args.most_false:g} false an hour are allowed. "
            "Try more examples, recordings with --negatives and --noise, a longer phrase, or --force",
            file=sys.stderr,
        )
        return 1
    final = head.fit([clip for _, clip in made], size)
    final.threshold = alone.threshold
    kinds = Counter(one.name.split()[0] for one in speakers)
    how: dict[str, str | float] = {
        "command": shlex.join(["python", "tools/train_wake_word.py", *sys.argv[1:]]),
        "voices": ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
        "missed": used.miss_rate,
        "false_an_hour": used.false_an_hour,
        "hours": used.hours,
        "missed_alone": alone.miss_rate,
        "false_an_hour_alone": alone.false_an_hour,
    }
    if asr is not None:
        how["least"] = used.threshold
    head.save(out, final, how)
    print(f"{out} ({out.stat().st_size / 1000:.0f} kB). In the settings:")
    print(f"wake: {{engine: openwakeword, words: [{out.stem}]}}")
    return 0


def tell(
    phrase: str,
    kept: Sequence[tuple[Sound, head.Clip]],
    alone: head.Measured,
    used: checked.Measured,
    is_checked: bool,
) -> None:
    voices_kept = Counter(sound.voice.name for sound, _ in kept if sound.voice and sound.kind == "said")
    robots = [count for name, count in voices_kept.items() if name.startswith("espeak")]
    people = [f"{count} by {name}" for name, count in voices_kept.items() if not name.startswith("espeak")]
    print(
        f"'{phrase}', by voices and in recordings that it has not heard ({', '.join(people)}, {sum(robots)} by {len(robots)} of "
        f"espeak-ng's; in rooms, four of five in noise at {_KEPT_SNR:.0f} to 28 dB):"
    )
    print(f"the head alone: {alone.miss_rate:.1%} of {alone.said} missed, {alone.false} false in {alone.hours:.2f} h")
    recorded = sum(len(clip.samples) for sound, clip in kept if sound.file and clip.samples is not None) / RATE / 3600
    print(
        f"as it is used, {'checked by the recogniser' if is_checked else 'with no recogniser to check it'}, at a bar of "
        f"{used.threshold:.1f} that was set to be false seldom enough: {used.miss_rate:.1%} of {used.said} missed, {used.false} "
        f"false in {used.hours:.2f} h of other speech ({recorded:.2f} h recorded), so hardly more than "
        f"{used.most_false_an_hour:.1f} an hour (95 %), {used.near} of {used.near_count} near phrases taken for it"
    )


def show_plan(args: argparse.Namespace, sounds: Sequence[Sound], speakers: Sequence[voices.Voice]) -> None:
    print(f"{len(speakers)} voices, {sum(_is_kept_back(one.name) for one in speakers)} of them kept back")
    print(f"{args.said} times '{args.phrase}', {args.near} near it, {args.sentences} sentences")
    recorded = sum(sound.kind == "recorded" for sound in sounds)
    print(f"{recorded} recordings, {sum(s.kind == 'recorded' and s.is_kept_back for s in sounds)} of them kept back")
    cpu = sum(getattr(args, kind) * each for kind, each in _SECONDS_EACH.items()) + 0.15 * recorded + 90
    print(f"about {cpu / 60:.0f} minutes of one core")
    print("near:", ", ".join(sorted({s.text for s in sounds if s.kind == "near"})[:12]))


def _phrase(text: str) -> str:
    phrase = " ".join(text.lower().split())
    if not re.fullmatch(r"[a-z']+( [a-z']+){0,4}", phrase):
        raise argparse.ArgumentTypeError(f"'{text}' is not one to five words of English letters")
    return phrase


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("phrase", type=_phrase, help='such as "hey aurora"; three syllables or more are told apart best')
    made.add_argument("--out", type=Path, metavar="FILE", help="default: WORD.npz beside openWakeWord's models")
    made.add_argument("--noise", type=Path, nargs="+", default=[], metavar="PATH", help="recordings of noise to mix in")
    made.add_argument("--negatives", type=Path, nargs="+", default=[], metavar="PATH", help="speech without the phrase")
    made.add_argument("--said", type=int, default=800, metavar="N", help="times the phrase is said (%(default)s)")
    made.add_argument("--near", type=int, default=400, metavar="N", help="times something near it (%(default)s)")
    made.add_argument("--sentences", type=int, default=1600, metavar="N", help="other sentences (%(default)s)")
    made.add_argument(
        "--most-missed", type=float, default=0.15, metavar="SHARE", help="refuse above this (%(default)s)"
    )
    made.add_argument(
        "--most-false", type=float, default=2.0, metavar="N", help="false an hour; refuse above (%(default)s)"
    )
    made.add_argument("--models", type=Path, metavar="DIR", help="the model store, where not the user's own")
    made.add_argument("--dry-run", action="store_true", help="say what would be made and how long it takes")
    made.add_argument("--force", action="store_true", help="write it even so")
    return made


def main() -> int:
    args = parser().parse_args()
    try:
        name = f"{args.phrase.replace(' ', '_')}.npz"
        out = args.out or Store(args.models).folder("openwakeword") / name
        if out.name != name:  # the engine and the recogniser know the word by the file
            raise InputError(f"--out: {out} is not named by the phrase. Name it {out.parent / name}")
        return train(args, out)
    except (EdgeVoiceError, InputError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
