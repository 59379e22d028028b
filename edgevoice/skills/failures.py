"""What is said of a stage that failed, and of commands that were not confirmed: who was silent, refuses, does otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from edgevoice.home.model import Home
from edgevoice.messages import Command, Outcome
from edgevoice.skills import spoken
from edgevoice.skills.reply import Replies

NOTHING: Mapping[str, str] = MappingProxyType({})
_APOLOGIES = {("asr", "nothing_heard"): "not_heard", ("llm", "deadline"): "slow", ("llm", "loading"): "loading"}
_STAGE_APOLOGIES = {"mqtt": "away", "asr": "no_speech", "llm": "no_intent"}


def likely(replies: Replies) -> tuple[tuple[str, bool], ...]:
    """Short sentences that are said often, and whether each tells of a failed stage."""
    plain = ("no_intent", "done", "left", "moment", "no_skill", "already")
    told = (*((key, False) for key in plain), *((key, True) for key in (*_APOLOGIES.values(), "away")))
    return tuple((replies.error(key), is_failure) for key, is_failure in told)


def apology(replies: Replies, stage: str, code: str) -> str:
    return replies.error(_APOLOGIES.get((stage, code)) or _STAGE_APOLOGIES.get(stage) or "handle_error")


def told(
    home: Home,
    replies: Replies,
    outcome: Outcome,
    failed: Sequence[Command],
    reported: Mapping[str, str],
    refused: Mapping[str, str],
) -> str:
    """Of some commands of an outcome that failed. `reported` is the state that a device told instead, `refused` the
    reason that it gave, by its id.
    """

    def name(one: str) -> str:
        return home.devices[one].name if one in home.devices else one

    def state(one: str) -> str:
        return spoken.state(home.devices[one], reported[one], home.language) if one in home.devices else reported[one]

    devices = dict.fromkeys(command.device for command in failed)
    others = [replies.part("says", name=name(one), state=state(one)) for one in devices if one in reported]
    others += [f"the {name(one)} refuses: {refused[one].rstrip('. ')}" for one in devices if one in refused]
    silent = [name(one) for one in devices if one not in reported and one not in refused]
    is_all = devices.keys() >= {command.device for command in outcome.commands}
    language = home.language
    said = [replies.error("silent", names=spoken.names(silent, language=language))] if silent else []
    said += [replies.error("otherwise", what=spoken.names(others, language=language))] if others else []
    return " ".join([*said, *([] if is_all else [replies.error("rest_done")])])
