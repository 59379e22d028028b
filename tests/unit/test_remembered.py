"""The voice that remembers what it said."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from fakes import Mouth, stages
from household import household
from test_turn import WISHES, run

from edgevoice import turn as turns
from edgevoice.messages import Replied, Samples
from edgevoice.skills import failures
from edgevoice.skills.reply import Replies
from edgevoice.stages import Style
from edgevoice.tts.remembered import RememberedTts

LIKELY = failures.likely(Replies(household()))


class Long(Mouth):
    """Two pieces of 1,000 bytes."""

    def speak(self, sentence: str, style: Style = Style()) -> Iterator[Samples]:
        self.said.append((sentence, style))
        yield np.full(500, 1, np.int16)
        yield np.full(500, 2, np.int16)


def test_the_same_is_made_once_and_another_style_again() -> None:
    mouth = Long()
    voice = RememberedTts(mouth, 1.0, {})
    first, again = list(voice.speak("Done.")), list(voice.speak("Done."))
    assert [piece.tolist() for piece in first] == [piece.tolist() for piece in again]
    assert len(mouth.said) == 1
    list(voice.speak("Done.", Style(whisper=True)))
    assert len(mouth.said) == 2
    assert (voice.hits, voice.misses) == (1, 2)


def test_the_least_recently_said_goes_and_memory_is_bounded() -> None:
    mouth = Long()
    voice = RememberedTts(mouth, 0.005, {})  # two of 2,000 bytes
    for sentence in ("a", "b", "a", "c"):
        list(voice.speak(sentence))
    assert voice.held_bytes == 4000
    list(voice.speak("a"))
    assert [sentence for sentence, _ in mouth.said] == ["a", "b", "c"]
    list(voice.speak("b"))
    assert [sentence for sentence, _ in mouth.said] == ["a", "b", "c", "b"]


def test_what_is_broken_off_or_long_is_not_remembered() -> None:
    mouth = Long()
    voice = RememberedTts(mouth, 1.0, {})
    cut = voice.speak("Done.")
    next(cut)
    cut.close()  # type: ignore[attr-defined]
    list(voice.speak("and on " * 100))
    assert voice.held_bytes == 0
    assert len(list(voice.speak("Done."))) == 2


def test_without_memory_nothing_is_kept() -> None:
    voice = RememberedTts(Long(), 0.0, {})
    list(voice.speak("a"))
    assert not voice.warm("a")
    assert voice.held_bytes == 0


def test_words_are_written_as_the_voice_reads_them() -> None:
    mouth = Long()
    list(RememberedTts(mouth, 1.0, {"Siobhan": "Shivawn"}).speak("Siobhan's lamp is on."))
    assert mouth.said[0][0] == "Shivawn's lamp is on."


def test_idle_moments_make_one_likely_reply_after_the_other_and_then_cost_nothing() -> None:
    mouth = Long()
    made, _ = stages(WISHES)
    made.voice = turns.Voice(RememberedTts(mouth, 1.0, {}), made.voice.sink, LIKELY)
    turns.rehearse(made)
    assert len(mouth.said) == 1
    for _ in range(30):
        turns.rehearse(made)
    likely = len(mouth.said)
    assert 5 < likely < 20
    assert ("Sorry, I couldn't understand that", Style()) in mouth.said
    events = run(made, "what nobody knows")
    assert [event.text for event in events if isinstance(event, Replied)] == ["Sorry, I couldn't understand that"]
    assert len(mouth.said) == likely


def test_another_manner_of_speaking_is_rehearsed_anew() -> None:
    mouth = Long()
    made, _ = stages({})
    made.voice = turns.Voice(RememberedTts(mouth, 1.0, {}), made.voice.sink, LIKELY)
    for _ in range(30):
        turns.rehearse(made)
    before = len(mouth.said)
    made.conversation.manner.answer("speak slower")
    for _ in range(30):
        turns.rehearse(made)
    assert len(mouth.said) == 2 * before


def test_names_are_said_to_the_recogniser_once_the_replies_are_ready() -> None:
    made, _ = stages({})
    mouth, steps = Long(), list[int]()
    made.voice = turns.Voice(RememberedTts(mouth, 1.0, {}), made.voice.sink, LIKELY)

    class Names:
        def follow(self) -> None:
            steps.append(-1)

        def step(self) -> bool:
            steps.append(len(mouth.said))
            return True

    made.names = Names()
    turns.prepare(made)
    for _ in range(30):
        turns.rehearse(made)
    assert steps[0] == -1
    assert len(steps) > 5
    assert set(steps[1:]) == {len(LIKELY)}
