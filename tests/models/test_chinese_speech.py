"""Mandarin from sound to sound: espeak-ng speaks, Vosk's small model hears, a Chinese home does and answers.

Synthetic speech, for want of real recordings under a free licence; the model hears few of espeak-ng's sentences right.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soxr

from edgevoice import registry, resources
from edgevoice.config import AsrSettings, NluSettings, TtsSettings
from edgevoice.home import inventory
from edgevoice.messages import RATE, AudioChunk, Command, Outcome
from edgevoice.nlu import cascade
from edgevoice.skills.conversation import Conversation
from edgevoice.stages import Asr, Tts


@pytest.fixture
def voice() -> Tts:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    made: Tts = registry.factory("tts", "espeak")(TtsSettings("espeak", voice="cmn-latn-pinyin", speed=0.6), None)
    return made


def heard(voice: Tts, asr: Asr, sentence: str) -> str:
    spoken = soxr.resample(np.concatenate(list(voice.speak(sentence))), voice.rate, RATE)
    silence = np.zeros(RATE // 4, np.int16)
    *_, last = asr.transcribe([AudioChunk(np.concatenate([silence, spoken, silence]), RATE, 0)])
    return last.text


def test_a_command_and_an_answer_in_mandarin(voice: Tts, model: Callable[[str], Path]) -> None:
    pytest.importorskip("vosk")
    asr: Asr = registry.factory("asr", "vosk")(AsrSettings("vosk", "vosk-small-zh"), model("vosk-small-zh"))
    home = inventory.load(resources.find("homes/demo_zh.yaml")).home("zh-CN")
    conversation = Conversation(home, cascade.load(home, NluSettings(language="zh-CN")))
    asr.bias(conversation.sayable())
    done: list[Command] = []
    replies: list[str] = []
    for now, sentence in enumerate(("打开咖啡机", "打开大门", "好的")):
        for event in conversation.hear(heard(voice, asr, sentence), float(now), threading.Event()):
            if isinstance(event, Outcome):
                done += event.commands
                replies.append(conversation.report(event))
    assert done == [Command("switch.coffee", "on", True), Command("lock.front_door", "locked", False)]
    assert replies == ["咖啡机已打开。", "要打开大门的锁吗？", "好的，大门已解锁。"]
    assert sum(map(len, voice.speak(replies[1]))) > voice.rate // 2
