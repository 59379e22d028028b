"""What was taught: kept, used, mended by hand, and what may not be taught."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import stages
from household import household, intent

from edgevoice import turn as turns
from edgevoice.errors import SettingsError
from edgevoice.messages import Heard, Turn, Understood
from edgevoice.skills.taught import Name, Sentence, Taught


class Ears:
    """Who is told what can be said."""

    said: tuple[str, ...] = ()

    def listen_for(self, sentences: Iterable[str]) -> None:
        self.said = tuple(sentences)


def test_lessons_outlive_a_restart(tmp_path: Path) -> None:
    home, ears = household(), Ears()
    before = Taught(tmp_path / "deep" / "taught.yaml", home, ears)
    before.learn(Name("gizmo", "light.lamp"))
    before.learn(Name("gadget", "light.lamp"))
    before.learn(Sentence("make it cosy", "turn on the gizmo"))
    home, ears = household(), Ears()
    after = Taught(tmp_path / "deep" / "taught.yaml", home, ears, ("hey_jarvis",))
    after.load()
    assert after.lessons == before.lessons
    assert home.devices["light.lamp"].aliases == ("book light", "gizmo", "gadget")
    assert ears.said == ("make it cosy",)
    assert after.meaning("Hey Jarvis, make it  cosy, please!") == "turn on the gizmo"
    assert after.meaning("make it warm") == "make it warm"
    after.forget("Gizmo")
    assert home.devices["light.lamp"].aliases == ("book light", "gadget")


def test_a_nickname_stays_with_a_device_that_is_announced_anew(tmp_path: Path) -> None:
    home = household()
    taught = Taught(tmp_path / "taught.yaml", home, Ears())
    lamp = home.devices["light.lamp"]
    taught.learn(Name("gizmo", lamp.id))
    version = home.version
    home.put(lamp)
    assert home.called("gizmo")[0].id == lamp.id
    assert home.version == version
    home.remove(lamp.id)
    home.put(replace(lamp, name="Floor Lamp"))
    assert home.called("gizmo")[0].name == "Floor Lamp"
    taught.forget("gizmo")
    assert home.devices[lamp.id].aliases == ("book light",)


def test_a_lesson_of_the_same_words_replaces_the_old_one(tmp_path: Path) -> None:
    home = household()
    taught = Taught(tmp_path / "taught.yaml", home, Ears())
    taught.learn(Sentence("bedtime", "turn off the lamp"))
    before = taught.learn(Sentence("Bedtime", "lock the front door"))
    assert taught.meaning("bedtime") == "lock the front door"
    taught.restore(before)
    assert taught.meaning("bedtime") == "turn off the lamp"


def test_what_is_wrong_in_the_file_is_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "taught.yaml"
    file.write_text("names:\n  - {said: gizmo, devise: light.lamp}\n")
    with pytest.raises(SettingsError, match=r"taught.yaml:2: names\[0\].devise: unknown key. Did you mean 'device'"):
        Taught(file, household(), Ears()).load()


def test_what_cannot_be_written_is_not_learned(tmp_path: Path) -> None:
    home = household()
    (tmp_path / "taught.yaml.new").mkdir()
    taught = Taught(tmp_path / "taught.yaml", home, Ears())
    with pytest.raises(OSError, match="Is a directory"):
        taught.learn(Name("gizmo", "light.lamp"))
    assert home.called("gizmo") == ()
    assert taught.lessons.names == ()


def test_a_turn_takes_a_sentence_for_its_meaning(tmp_path: Path) -> None:
    wishes = {"lamp on": (intent("HassTurnOn", "default", ("light.lamp",), name="Reading Lamp"),)}
    made, wire = stages(wishes, "")
    made.taught = Taught(tmp_path / "taught.yaml", made.link.home, Ears())
    made.taught.learn(Sentence("make it cosy", "lamp on"))
    events = list(turns.run(made, Turn("1", threading.Event()), "Make it cosy"))
    assert [event.transcript.text for event in events if isinstance(event, Heard)] == ["Make it cosy"]
    assert [event.intents for event in events if isinstance(event, Understood)] == [wishes["lamp on"]]
    assert [command.device for command in wire.sent] == ["light.lamp"]
