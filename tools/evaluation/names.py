"""Suite `names`: are odd names heard, before and after the assistant said them to its own recogniser.

They are switches of the settings' home, else the demo's. espeak-ng says them: voices that are not the assistant's.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgevoice import names_aloud, registry, resources
from edgevoice.audio.wav import resample
from edgevoice.config import Settings, TtsSettings
from edgevoice.home import inventory
from edgevoice.home.model import Device, Home
from edgevoice.messages import RATE, AudioChunk, Samples
from edgevoice.nlu.cascade import Cascade
from edgevoice.nlu.context import NOWHERE
from edgevoice.stages import Asr, Tts
from evaluation import grammar
from evaluation.common import Options, Report, Row, progress

_VOICES = ("en-us", "en-gb")
_SENTENCES = (("turn on {}", "HassTurnOn"), ("turn off the {}", "HassTurnOff"))

Found = dict[tuple[str, str], str]
"""What was commanded, by the voice and the id of the row; empty: nothing by its name."""


def run(rows: list[Row], options: Options) -> Report:
    spoken = {voice: _spoken(rows, voice) for voice in _VOICES}
    asr, voice = options.engine("asr"), options.engine("tts")
    said = {row.need("name", str): str(row.data["said"]) for row in rows if "said" in row.data}
    found: dict[str, Found] = {}
    figures: dict[str, float] = {}
    for step, told in (("untaught", None), ("read", {}), ("pronounced", said)):
        home = _home(rows, options.settings)
        mind = grammar.listener(home, options.settings)
        if told is not None:
            settings = replace(options.settings, tts=replace(options.settings.tts, pronounce=told))
            figures["learn_cpu_seconds"] = _learn(settings, home, mind, voice, asr)
        found[step] = _heard(rows, spoken, mind, asr, step)
    names = {row.id: row.data["name"] for row in rows}
    for step, heard in found.items():
        for by in _VOICES:
            figures[f"{step}_{by}"] = round(sum(heard[by, id] == name for id, name in names.items()) / len(rows), 4)
        figures[f"{step}_other"] = sum(one not in ("", names[id]) for (_, id), one in heard.items())
    predictions = [
        {"id": row.id, **{f"{step} {by}": found[step][by, row.id] for step in found for by in _VOICES}} for row in rows
    ]
    score = sum(figures[f"read_{by}"] for by in _VOICES) / len(_VOICES)
    return Report(round(score, 4), figures, predictions)


def _spoken(rows: list[Row], by: str) -> list[Samples]:
    """A command for each row, by turns on and off."""
    voice: Tts = registry.factory("tts", "espeak")(TtsSettings("espeak", voice=by), None)
    quiet = np.zeros(RATE // 4, np.int16)
    found = []
    for i, row in enumerate(progress(rows, by)):
        sentence = _SENTENCES[i % 2][0].format(row.data.get("said", row.need("name", str)))
        found.append(
            np.concatenate([quiet, *(resample(one, voice.rate, RATE) for one in voice.speak(sentence)), quiet])
        )
    return found


def _home(rows: list[Row], settings: Settings) -> Home:
    home = inventory.load(settings.home.file or resources.find("homes/demo.yaml")).home(settings.nlu.language)
    for row in rows:
        home.put(Device(f"switch.{row.id}", row.need("name", str), "switch"))
    return home


def _learn(settings: Settings, home: Home, mind: Cascade, voice: Tts, asr: Asr) -> float:
    """CPU seconds."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        names = names_aloud.load(settings, home, mind, voice, asr, Path(folder) / "state.json")
        while names is not None and names.step():
            pass
    return round(time.process_time() - began, 1)


def _heard(rows: list[Row], spoken: dict[str, list[Samples]], mind: Cascade, asr: Asr, step: str) -> Found:
    asr.bias(mind.sayable())
    found: Found = {}
    for i, row in enumerate(progress(rows, step)):
        for by, sentences in spoken.items():
            *_, last = asr.transcribe([AudioChunk(sentences[i], RATE, 0)])
            intents = mind.certain(last.text, NOWHERE)
            is_right = bool(intents) and intents[0].name == _SENTENCES[i % 2][1]
            name = str(intents[0].slots.get("name", "")) if intents else ""
            found[by, row.id] = name if is_right or name != row.data["name"] else ""
    return found
