"""What is said when a stage fails."""

from __future__ import annotations

from fakes import stages

STAGES = (("asr", "nothing_heard"), ("mqtt", "away"), ("tts", "x"), ("llm", "loading"), ("llm", "absent"))


def test_apologies_are_never_silent() -> None:
    talk = stages({})[0].conversation
    said = {talk.apology(stage, code) for stage, code in STAGES}
    assert len(said) == len(STAGES)
    assert all(said)
