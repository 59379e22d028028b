#!/usr/bin/env python3
"""Measures the assistant on labelled data: one suite, one or more JSON-lines files anywhere on disk.

Prints a progress bar on standard error, a table, and as the last line of standard output one JSON object with `suite`,
`n`, `score` and the figures. Exit status: 0 measured, 2 bad input (the message names file and line).
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from edgevoice import config, profiles
from edgevoice.errors import EdgeVoiceError
from evaluation.common import InputError, Noise, Options, Report, read_rows, show

SUITES = {
    "asr": """
  rows         {id, audio, text, lang?}
  predictions  {id, text}
  score        1 - wer. wer: word error rate over all words after lower-casing, punctuation out, numbers as words.
               The recogniser knows what can be said in a home: the settings' home.file, else the demo's, and beside it
               the homes of --home FILE; --no-grammar: it knows nothing
  figures      wer, exact_rate (rows without an error), cpu_per_second (CPU seconds a second of audio), rtf, p50_ms,
               p95_ms, ram_mb (what loading and running the engine added to the process, with the home's language)""",
    "wake": """
  rows         {id, audio, kind: keyword | other_phrase | negative_speech, keyword?}
  predictions  {id, fired_at: [seconds]}; a keyword's clip is given 1.5 s of quiet before it and 1 s after it, and
               fired_at counts from the start of the clip itself
  score        1 - miss_rate over the clips whose keyword is --keyword (default: each word of the settings)
  figures      miss_rate, false_accepts_per_hour (over all other clips), cpu_per_second, keyword_clips,
               negative_hours""",
    "echo": """
  rows         as for wake; `keyword` may be a stop word of the settings too. Each clip is said into the assistant's own voice, which comes back through a simulated
               room; with --noise and --snr, into those recordings played
  predictions  {id, plain_DB, first_DB, later_DB: [seconds at which a wake word fired, from the start of the clip]}: without
               the front end, with it in its first seconds, and in a later reply; the clip is DB louder than the echo
  score        1 - miss_rate in later replies, over all levels
  figures      plain_..., first_..., later_DB_db_miss_rate and ..._false_accepts; cut_DB_db_p50_ms, ..._p90_ms (from the word's
               end until the voice is silent); erle_p50_db, erle_p10_db (echo return loss enhancement in the voice's second
               second); cpu_per_second of the front end while the speaker plays""",
    "endpoint": """
  rows         {id, audio, speech_end? or end?: seconds}; without it the end is measured on the clean recording: of the
               last 80 ms or more whose level is a quarter of the way, in dB, from its floor (10th percentile) to its
               peak (95th), and within 30 dB of the peak. 0.5 s of its own quiet comes before it, 1.5 s after. A row
               with an `intent` of the --pack is an order in that closed domain; the others are spoken to the
               settings' home, else the demo's, and the homes of --home FILE
  predictions  {id, decided_at: seconds, rule, text: what was understood by then}
  score        share of rows whose end is decided, and not before the speech's end
  figures      cut_rate (decided before the end), undecided_rate, p50_ms, p90_ms, p95_ms (from the end to the
               decision; understanding takes the CPU time that it takes here), the same of the rules fixed_500 and
               fixed_800, which look at the silence only; by_RULE (rows that each rule decided),
               heard_ahead_per_row, cpu_ms_per_row (of all that was understood ahead)""",
    "speech-to-intent": """
  rows         {id, audio, intent, slots}
  predictions  {id, intent, slots, entities, layer, confidence, ms}
  score        share of rows with the right intent and every labelled slot equal after strip(); extra slots are not
               punished; no answer is wrong. --pack FILE is the closed domain (YAML). Noise is mixed by the rule of the
               published table: energies of the loudest frames of 2,048 samples, mixture scaled to half of full scale
  figures      p50_ms, p95_ms, cpu_per_second, unanswered""",
    "nlu": """
  rows         {id, text, intent, slots, home?, home_local?, context?}; SLURP-like rows have the home `slurp`
  predictions  {id, intent, slots, entities: [ids], layer, confidence, ms}
  score        share of rows with intent and slots equal (names and ids as the home has them); rows with SLURP's labels
               count where they are iot_* or audio_volume_*, by the table of equivalent intents
  figures      p50_ms, p95_ms, and how many rows each layer answered: layer_template, layer_llm, ...""",
    "reject": """
  rows         {id, text, intent}
  predictions  {id, intent, acted}
  score        1 - share of rows with a device action
  figures      false_actions, false_actions_per_1000, p50_ms, p95_ms""",
    "names": """
  rows         {id, name, said?}: an odd name of a device, and how people say it, in a spelling that a voice reads right
               (tests/data/odd_names.jsonl). espeak-ng says them, which must be installed
  predictions  {id, "STEP VOICE": the name that was commanded}
  score        share of the names commanded right once the assistant's voice has said them to the recogniser (`read`)
  figures      of each voice, by step: untaught_..., read_..., pronounced_... (with `said` as tts.pronounce);
               STEP_other (commands for another name), learn_cpu_seconds""",
    "forced": """
  rows         {id, audio, text?, set?} of anything: speech, numbers, orders of other domains. Rows whose own text is a
               command are left out. The home is that of --home FILE, else the settings' home.file, else the demo's
  predictions  {id, text, confidence, intents, came_to: acted | asked | ""}
  score        1 - share of rows after which a device would be told something
  figures      acted, asked (the device, or a yes, is asked for first)""",
    "actions": """
  rows         {id, text, home, setup, expect_changes, ignore_changes, expect_response?, context_device?}
  predictions  {id, states: {entity_id: {state, attributes}}, reply, ms}
  score        share of rows in which all expected changes were made and no other, and the reply holds one of the
               expect_response texts; ignore_changes are not looked at. A yes-or-no question before a risky command
               (unlock, garage, many devices, a guess) is answered "yes" once; `asked` counts them
  figures      asked, p50_ms, p95_ms""",
    "dialogue": """
  rows         YAML files of `conversations`, each a list of turns, or a mapping with `turns`; beside it, or for the whole
               file, `home` (one of ours, or homes/NAME.yaml beside the file), `area` of the microphone, `time`, `states`.
               A turn: `say`; `after` seconds; `restart`; `set`, what others do meanwhile; and what must hold: `now`
               {entity [attribute]: value}, all other devices unchanged; `sent` [entity capability]; `asks` choice,
               yes_no, slot, pin or any; `says` and `not`, patterns of the reply; `or`, all of that in another way that is right as well; `fails`,
               why it is known to be wrong
  predictions  {id, text, reply, commands, problems, ms}
  score        share of turns in which all of that holds
  figures      turns, conversations_whole (share without a wrong turn), p50_ms, p95_ms a turn""",
    "turn": """
  rows         {id, audio, text?, intent?, slots?, speech_end?, wake?}; with `wake` true the recording begins with a
               wake word, else it is listened to from its start. The home is simulated: the settings' home.file, else
               the demo's
  predictions  {id, text, intent, slots, messages: [{topic, payload}], reply, ms}
  score        share of the rows with `intent` in which it comes first, with every labelled slot equal
  figures      wer (rows with text), message_rate, p50_ms, p95_ms (from the true end of speech to the first message),
               compute_p50_ms, compute_p95_ms (from the decision that it ended), first_audio_p50_ms, ..._p95_ms""",
}
_EPILOG = (
    "suites: what a row holds, what a prediction holds, and how it is scored\n"
    + "\n".join(f"{name}{text}" for name, text in SUITES.items())
    + """

A row is one JSON object a line; keys that a suite does not know are left alone. `audio` is relative to the manifest.
--snr and --noise go together: each row gets one recording of the noise manifest ({id, audio} a row), from an offset that
depends on --seed and the row's id, mixed by mean power at that ratio."""
)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evaluate.py", description=__doc__, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("suite", choices=sorted(SUITES), metavar="SUITE", help=", ".join(SUITES))
    add("files", nargs="+", type=Path, metavar="FILE", help="JSON-lines files of rows; dialogue: YAML")
    add("--profile", metavar="NAME", help="device profile, a name or a path (default: this machine's)")
    add("--config", type=Path, metavar="FILE", help="settings file over the profile")
    add("--limit", type=int, metavar="N", help="only N rows, evenly spread over the files")
    add("--snr", type=float, metavar="DB", help="mix noise in at this signal-to-noise ratio")
    add("--noise", type=Path, metavar="MANIFEST", help="JSON-lines file of noise recordings")
    add("--seed", type=int, default=0, metavar="N", help="of the noise's choice and offset (default: 0)")
    add("--perturb", type=int, metavar="SEED", help="nlu: make one slip in each sentence that has a home's label")
    add("--no-llm", action="store_true", help="without the language model")
    add("--keyword", metavar="WORD", help="wake, echo: the word to listen for")
    add(
        "--pack",
        type=Path,
        metavar="FILE",
        help="speech-to-intent, endpoint: YAML of the closed domain (default: the coffee pack)",
    )
    add(
        "--homes",
        type=Path,
        metavar="DIR",
        help="nlu, reject, actions: JSON homes (default: DIR/../homes beside a file)",
    )
    add(
        "--home",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="asr, endpoint, forced: a home, JSON or YAML, whose names can be said too; may be given again",
    )
    add("--no-grammar", action="store_true", help="asr: recognise without knowing what can be said")
    add("--predictions", type=Path, metavar="OUT.jsonl", help="write a prediction a row")
    add("--models", type=Path, metavar="DIR", help="the model store (default: the user's)")
    return parser


def options(args: argparse.Namespace) -> Options:
    """Raises InputError or EdgeVoiceError for what does not fit together."""
    if (args.snr is None) != (args.noise is None):
        raise InputError("--snr DB and --noise MANIFEST go together")
    profile = profiles.load(args.profile or profiles.detect())
    settings = config.settings(profile.node, args.config)
    if args.no_llm:
        settings = dataclasses.replace(settings, llm=dataclasses.replace(settings.llm, engine=""))
    noise = None
    if args.noise is not None:
        rows = read_rows([args.noise])
        if not rows:
            raise InputError(f"{args.noise}: no rows")
        noise = Noise(tuple(rows), args.snr, args.seed)
    home = None if args.no_grammar else tuple(args.home)
    return Options(settings, noise, args.keyword, args.pack, args.homes, home, args.models, args.perturb)


def summary(suite: str, rows: int, report: Report) -> str:
    """The last line: one JSON object."""
    head = {"suite": suite, "n": rows if report.n is None else report.n, "score": report.score}
    return json.dumps(head | dict(report.figures), allow_nan=False)


def main(argv: Sequence[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    try:
        chosen = options(args)
        rows = read_rows(args.files)
        if args.limit is not None and 0 < args.limit < len(rows):
            rows = [rows[i * len(rows) // args.limit] for i in range(args.limit)]
        if not rows:
            raise InputError("no rows in " + ", ".join(map(str, args.files)))
        suite = importlib.import_module(f"evaluation.{args.suite.replace('-', '_')}")
        report: Report = suite.run(rows, chosen)
    except (InputError, EdgeVoiceError) as error:
        print(f"evaluate.py: {error}", file=sys.stderr)
        return 2
    if args.predictions:
        lines = (json.dumps(prediction, ensure_ascii=False) for prediction in report.predictions)
        args.predictions.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    if report.table:
        print(show(report.table), end="\n\n")
    print(summary(args.suite, len(rows), report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
