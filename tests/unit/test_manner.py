"""How the assistant speaks: requests, night, failures, and what outlives a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime

import pytest
from fakes import Mouth, stages
from hassil import parse_sentence, sample_expression
from household import household
from test_turn import WISHES, run

from edgevoice.audio.speaker import Speaker
from edgevoice.commands.talk import cues
from edgevoice.config import AudioSettings, Settings, VoiceSettings
from edgevoice.errors import SettingsError
from edgevoice.messages import Replied, Samples
from edgevoice.nlu import packs
from edgevoice.schema import build, parse
from edgevoice.skills.manner import Level, Manner
from edgevoice.stages import Style
from edgevoice.turn import Stages

NOON, MIDNIGHT = datetime(2026, 11, 20, 12), datetime(2026, 11, 20, 23, 59)


def plain() -> Manner:
    return Manner(can_whisper=True)


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("speak slower", "slower"),
        ("Could you speak a bit more slowly, please?", "slower"),
        ("you talk too fast", "slower"),
        ("Don't talk so fast!", "slower"),
        ("talk faster", "faster"),
        ("Speak up.", "louder"),
        ("please speak a little louder", "louder"),
        ("I can't hear you", "louder"),
        ("turn your volume up", "louder"),
        ("be quieter", "quieter"),
        ("Keep your voice down.", "quieter"),
        ("You are too loud", "quieter"),
        ("whisper", "whisper"),
        ("can you speak in a whisper", "whisper"),
        ("stop whispering", "normal"),
        ("don't whisper", "normal"),
        ("speak normally again", "normal"),
        ("set your volume to 40 percent", "40"),
        ("speak at 40%", "40"),
    ],
)
def test_requests_are_understood(text: str, to: str) -> None:
    answer = plain().answer(text)
    assert answer is not None
    assert answer.intent.slots == {"to": to}
    assert answer.reply


@pytest.mark.parametrize(
    "text",
    [
        "turn the volume up",
        "set the volume to 40 percent",
        "slow down the fan",
        "be quiet",
        "make the music quieter",
        "turn up the speaker in the kitchen",
        "say hello",
        "who can whisper",
        "louder",
        "too loud",
        "not so loud",
    ],
)
def test_what_concerns_something_else_is_left_alone(text: str) -> None:
    assert plain().answer(text) is None


def test_what_the_recogniser_listens_for_is_answered() -> None:
    pack = next(one for one in packs.standard() if one.name == "home")
    (data,) = (one for one in pack.about_home["intents"]["HassRespond"]["data"] if one.get("response") == "voice")
    sentences = [text for one in data["sentences"] for text in sample_expression(parse_sentence(one).expression)]
    assert len(sentences) > 40
    assert [text for text in sentences if plain().answer(text) is None] == []


def test_steps_end_at_what_can_be_said_and_that_is_told() -> None:
    manner = plain()
    said = [manner.answer("speak slower") for _ in range(4)]
    assert [one.reply for one in said if one][-1] == "I cannot speak slower than this."
    assert manner.style().rate == 0.5
    assert manner.answer("speak louder").reply == "I cannot speak louder than this."  # type: ignore[union-attr]
    manner.answer("be quieter")
    assert manner.style().volume == 0.8
    manner.answer("speak normally")
    assert manner.style() == Style()


def test_an_engine_without_a_whisper_is_soft_and_says_so() -> None:
    manner = Manner(can_whisper=False)
    answer = manner.answer("whisper")
    assert answer is not None
    assert "cannot whisper" in answer.reply
    assert manner.style().volume < 0.5
    assert Manner(can_whisper=True).answer("whisper").reply == "I whisper now."  # type: ignore[union-attr]


def test_loudness_is_the_speakers_own() -> None:
    speaker = Speaker(AudioSettings(volume=0.6))
    manner = Manner(loud=speaker)
    manner.answer("be quieter")
    assert speaker.volume == 0.4
    assert manner.style().volume == 1.0  # not taken down twice
    manner.answer("speak normally")
    assert speaker.volume == 0.6


@pytest.mark.parametrize(
    ("night", "hour", "is_night"),
    [
        ("22:30-7:00", 23, True),
        ("22:30-7:00", 6, True),
        ("22:30-7:00", 7, False),
        ("22:30-7:00", 22, False),
        ("1:00-5:00", 3, True),
        ("1:00-5:00", 6, False),
        ("", 3, False),
    ],
)
def test_night_goes_over_midnight(night: str, hour: int, is_night: bool) -> None:
    assert Manner(VoiceSettings(night=night), now=lambda: datetime(2026, 11, 20, hour)).is_night == is_night


def test_at_night_it_is_softer_and_shorter_and_of_failures_calmer() -> None:
    times = iter((MIDNIGHT, NOON, NOON))
    manner = Manner(VoiceSettings(night="22:00-6:00", night_volume=0.4), now=lambda: next(times))
    night, day, calm = manner.style(), manner.style(), manner.style(is_failure=True)
    assert night.volume == 0.4
    assert night.rate > day.rate > calm.rate
    assert calm.pitch < day.pitch


def test_at_night_free_talk_is_one_sentence() -> None:
    times = iter((MIDNIGHT, NOON))
    manner = Manner(VoiceSettings(night="22:00-6:00"), now=lambda: next(times))
    assert (manner.most_sentences, manner.most_sentences) == (1, 2)


def test_at_night_what_was_done_is_told_in_a_word_and_failures_are_not() -> None:
    made, _ = stages(WISHES, deaf=frozenset({"light.other"}))
    made.conversation.manner = Manner(VoiceSettings(night="22:00-6:00"), now=lambda: MIDNIGHT)
    run(made, "lamp on")
    assert [sentence for sentence, _ in said(made)] == ["Done"]
    made, _ = stages(WISHES, deaf=frozenset({"light.lamp"}))
    made.conversation.manner = Manner(VoiceSettings(night="22:00-6:00"), now=lambda: MIDNIGHT)
    run(made, "lamp on")
    assert "Lamp" in said(made)[0][0]


def test_a_sound_instead_of_a_word_is_as_loud_as_the_voice() -> None:
    made, _ = stages(WISHES)
    made.conversation.manner = Manner(VoiceSettings(confirm="cue"), now=lambda: NOON)
    loud = run(made, "lamp on")
    assert said(made) == []
    made.conversation.manner.answer("be quieter")
    soft = run(made, "lamp on")
    peaks = [max(abs(one.samples)) for events in (loud, soft) for one in events if isinstance(one, Replied)]
    assert peaks[1] == pytest.approx(0.8 * peaks[0], rel=0.01)
    unlocked = run(made, "unlock")  # a question is asked in words
    assert [one.text for one in unlocked if isinstance(one, Replied)] == [said(made)[-1][0]]


def test_a_way_to_confirm_that_there_is_not_is_told() -> None:
    with pytest.raises(SettingsError, match="sentence, done or cue"):
        build(parse("confirm: word", "settings.yaml"), VoiceSettings)


def test_what_was_asked_for_outlives_a_restart() -> None:
    before, after = plain(), Manner(loud=Level(0.9), can_whisper=True)
    for text in ("speak slower", "be quieter", "whisper"):
        before.answer(text)
    after.restore(before.save())
    assert after.style() == before.style()
    fresh = Manner(loud=Level(0.9))
    fresh.restore(plain().save())
    assert fresh.loud.volume == 0.9  # what nobody asked for follows the settings


@pytest.mark.parametrize("saved", [{"rate": "fast"}, {"rate": None}, {"volume": []}])
def test_a_bad_file_is_a_value_error(saved: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        plain().restore(saved)


@pytest.mark.parametrize("night", ["ten to six", "22:00", "25:00-6:00"])
def test_a_night_that_is_none_is_told(night: str) -> None:
    with pytest.raises(SettingsError, match="22:30-7:00"):
        build(parse(f'night: "{night}"', "settings.yaml"), VoiceSettings)


def said(made: Stages) -> list[tuple[str, Style]]:
    assert isinstance(made.voice.tts, Mouth)
    return made.voice.tts.said


def test_a_turn_speaks_as_it_was_asked_to_at_once() -> None:
    made, _ = stages(WISHES)
    run(made, "speak slower")
    run(made, "lamp on")
    assert [style.rate for _, style in said(made)] == [0.8, 0.8]


def test_a_request_leaves_the_question_that_waits() -> None:
    made, wire = stages(WISHES)
    run(made, "unlock")
    run(made, "speak up")
    run(made, "yes")
    assert [command.device for command in wire.sent] == ["lock.front"]


def test_failures_are_told_calmly() -> None:
    made, _ = stages(WISHES, deaf=frozenset({"light.lamp"}))
    run(made, "lamp on")
    assert [style for _, style in said(made)] == [made.conversation.manner.style(is_failure=True)]
    assert made.conversation.manner.style() == Style()


def test_the_conversation_keeps_it() -> None:
    made, _ = stages({})
    run(made, "whisper")
    other, _ = stages({})
    other.conversation.restore(made.conversation.save(0.0, 0.0), 0.0, 0.0)
    assert other.conversation.manner.style().volume == made.conversation.manner.style().volume < 1


def test_in_chinese_nothing_is_a_request() -> None:
    made, _ = stages({})
    home = household()
    home.language = "zh-CN"
    made.conversation = type(made.conversation)(home, made.conversation._understanding)
    assert all("slower" not in str(event) for event in made.conversation.hear("speak slower", 0.0, threading.Event()))


class Peaks:
    """A sink that keeps how loud each piece was."""

    def __init__(self) -> None:
        self.peaks: list[int] = []

    def play(self, pieces: Iterable[Samples], rate: int, cancel: threading.Event) -> None:
        self.peaks += [int(abs(piece).max()) for piece in pieces]


def test_cues_are_as_loud_as_the_voice_and_can_be_left_out() -> None:
    def peak(settings: Settings, night: str) -> int:
        made, _ = stages({})
        made.conversation.manner = Manner(VoiceSettings(night=night, night_volume=0.5), now=lambda: MIDNIGHT)
        sink = made.voice.sink = Peaks()
        cues(settings, made)("listening")
        return max(sink.peaks, default=0)

    assert peak(Settings(), "22:00-6:00") == pytest.approx(peak(Settings(), "") / 2, rel=0.01)
    assert peak(Settings(audio=AudioSettings(cues=False)), "") == 0
