"""What happened: did I lock the door, when was the garage opened last, how long has the window been open."""

from __future__ import annotations

import re
from collections.abc import Mapping

from edgevoice.home.history import Change
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent
from edgevoice.skills import spoken
from edgevoice.skills.asks import kinds, wording
from edgevoice.skills.asks.kinds import CONDITIONS, OPPOSITE, STATE, Condition
from edgevoice.skills.asks.wording import Answer, Moment

# A deed -> the state that it leads to.
_DEEDS: Mapping[str, str] = {
    **dict.fromkeys(("lock", "locked"), "locked"),
    **dict.fromkeys(("unlock", "unlocked"), "unlocked"),
    **dict.fromkeys(("open", "opened"), "open"),
    **dict.fromkeys(("close", "closed", "shut"), "closed"),
    **dict.fromkeys(("turn on", "turned on", "switch on", "switched on", "go on", "come on"), "on"),
    **dict.fromkeys(("turn off", "turned off", "switch off", "switched off", "go off"), "off"),
    **dict.fromkeys(("start", "started"), "running"),
    **dict.fromkeys(("finish", "finished", "stop", "stopped", "end"), "done"),
}
_DEED = "|".join(sorted(_DEEDS, key=len, reverse=True))
_WHO = "i|we|you|someone|somebody|anyone|anybody"
_LAST = r"(?: (?:last|the last time|most recently|today))?"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (how, re.compile(pattern))
    for how, pattern in (
        ("did", rf"(?:did|have|has) (?:{_WHO}) (?:remember to |forget to |already )?(?P<deed>{_DEED}) (?P<name>.+?)(?: already| yet)?"),
        ("did", rf"(?:did|have|has) (?:{_WHO}) (?:remember to |forget to )?(?P<verb>turn|turned|switch|switched) (?P<name>.+?) (?P<way>on|off)"),
        ("did", r"did (?P<name>.+?) (?P<deed>open|close|finish|start|stop|turn on|turn off)"),
        ("did", rf"(?:was|has|were) (?P<name>.+?) (?:been )?(?P<deed>{_DEED})(?: today)?"),
        ("when", rf"when (?:was|were|has) (?P<name>.+?)(?: last)? (?:been )?(?:last )?(?P<deed>{_DEED}){_LAST}"),
        ("when", rf"when (?:did|have) (?:{_WHO}){_LAST} (?P<deed>{_DEED}) (?P<name>.+?){_LAST}"),
        ("when", rf"when did (?P<name>.+?){_LAST} (?P<deed>{_DEED}){_LAST}"),
        ("since", rf"(?:how long|since when) (?:has|have|is|are|was) (?P<name>.+?) (?:been )?(?P<state>{STATE})"),
    )
)  # fmt: skip


def answer(home: Home, text: str, moment: Moment, mic_area: str | None = None) -> Answer | None:
    """`text` is plain."""
    for how, pattern in _PATTERNS:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        told = found.groupdict()
        state = told.get("state") or _DEEDS.get(told.get("deed") or "") or str(told.get("way"))
        wanted = CONDITIONS[state]
        devices = kinds.meant(home, told["name"], wanted)
        if not devices:
            continue
        reply = " ".join(_told(home, how, device, wanted, moment) for device in devices[:3])
        intent = Intent("AskPast", {"state": wanted.said, "name": told["name"]}, source="question")
        return Answer(intent, reply, tuple(device.id for device in devices[:3]))
    return None


def _told(home: Home, how: str, device: Device, wanted: Condition, moment: Moment) -> str:
    is_so = bool(wanted.holds(home, device))
    last = _last(home, device, wanted)
    name = f"the {device.name}"
    if how == "did":
        since = f", since {_since(last, moment)}" if last and is_so else ""
        if is_so:
            return f"Yes, {name} is {wanted.said}{since}."
        earlier = f" It was {wanted.said} {wording.clock(moment.ago(last.seconds), moment.wall)}." if last else ""
        return f"No, {name} is {OPPOSITE.get(wanted.said, f'not {wanted.said}')}.{earlier}"
    if last is None:
        is_known = "It is so now, but I have not seen when" if is_so else "I have not seen that"
        return f"{is_known}, since I was started."
    if how == "when":
        return f"{wording.capital(name)} was {_became(wanted)} {wording.clock(moment.ago(last.seconds), moment.wall)}."
    if not is_so:
        return f"{wording.capital(name)} is {OPPOSITE.get(wanted.said, f'not {wanted.said}')}."
    return f"For {spoken.duration(_rounded(moment.seconds - last.seconds))}, since {_since(last, moment)}."


def _last(home: Home, device: Device, wanted: Condition) -> Change | None:
    """The last change into the state that is asked about."""
    changes = reversed(home.history.of(device.id))
    return next((c for c in changes if wanted.test(device, c.after) and not wanted.test(device, c.before)), None)


def _became(wanted: Condition) -> str:
    deeds = {"open": "opened", "on": "turned on", "off": "turned off", "running": "started", "done": "finished"}
    return deeds.get(wanted.said, wanted.said)


def _since(change: Change, moment: Moment) -> str:
    return wording.clock(moment.ago(change.seconds), moment.wall).removeprefix("at ")


def _rounded(seconds: float) -> float:
    return seconds if seconds < 60 else round(seconds / 60) * 60
