"""The assistant's account of itself: "what did you do?", "why?", "undo that". English only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from edgevoice.dialogue.journal import Entry, Journal
from edgevoice.home import restore
from edgevoice.home.model import Home
from edgevoice.messages import Command, Intent
from edgevoice.skills import spoken
from edgevoice.skills.asks import wording
from edgevoice.skills.asks.wording import Answer

_DID = re.compile(
    r"what (?:did|have|are) you (?:just |even )?(?:do|done|doing)(?: just)?(?: now)?|what (?:just )?happened|"
    r"what (?:did|have) you (?:just )?(?:switch|turn|open|close|chang|lock|unlock|set|start|stop|pause|play)(?:e|ed|d)?(?: on| off| up| down)?(?: just now)?|"
    r"what was that(?: for)?"
)
_WORKED = re.compile(
    r"(?:did|has) (?:that|it|this) (?:work|worked|happen|go through)|(?:is|was) (?:that|it) done|did you do (?:that|it)"
)
_HEARD = re.compile(r"what did (?:you (?:just )?(?:hear|understand)|i (?:just )?say)")
_SAID = re.compile(
    r"(?:sorry |excuse me |wait )*(?:what did you (?:just )?say|(?:say|repeat) (?:that|it)(?: once more)?|pardon(?: me)?|come again|what was that again)"
)
_WHY = re.compile(
    r"why(?: not)?|why (?:did|do|have) you (?:just )?(?:do|done|say|said|ask) (?:that|this|it|so)|why (?:is|was) that|how come|"
    r"why that|explain(?: that| yourself)?|what made you do that|how did you (?:come to|understand) that"
)
_UNDO = re.compile(
    r"(?:no |oh no |oops |wait )*(?:undo|revert|reverse|take back|restore)(?: (?:that|it|this|what you did|the last (?:one|command|thing|action)))?|take (?:that|it) back|"
    r"(?:put|set|change|turn) (?:it|that|them|everything|(?:the|my|all the) [\w ]+?) back (?:to )?(?:how|the way|what|as) (?:it|they) (?:was|were)(?: before)?|"
    r"(?:put|set|change|turn) (?:it|that|them|everything) back|"
    r"(?:no |oh no |oops |wait )*(?:go )?back to (?:how|the way|what) (?:it|they|that) (?:was|were|is)(?: before)?|"
    r"(?:no |actually |oh )*cancel (?:that|it|this)|"
    r"(?:and )?(?:also )?the (?:one|thing|command) before(?: that| it)?(?: too| as well| also)?|"
    r"(?:make it )?(?:as|like) (?:it was )?before|(?:no |oh no |oops |sorry )*i did(?: not|n't)? mean (?:that|it)|"
    r"(?:(?:put|set|change|turn) (?:it|that|them|everything) )?(?:to )?(?:how|the way|as) (?:it|they) (?:was|were)(?: before)?"
)
_CANCEL = re.compile(
    r"(?:no |actually |oh |wait |please )*(?:cancel|forget|drop|scratch|undo|stop|delete|remove|never mind|do not do|don't do)(?: about)?(?: (?:that|it|this|the last one|that one))?(?: after all| again)?"
)
_AND_THEN = re.compile(r"^(?P<undo>.+?)(?:,| and| then|, and| and then)+ (?P<rest>.+)$")
_UNDO_SECONDS = 900.0
"""What lies further back is not what "that" means."""
_LAYERS = {
    "template": "It fits one of my sentence patterns",
    "tolerant": "It is close to one of my sentence patterns",
    "free": "I went by its words",
    "semantic": "It is like sentences that I learned from",
    "pack": "It fits one of the packs",
    "llm": "The language model proposed it",
    "question": "I took it as a question that I can answer myself",
    "dialogue": "I took it together with what was said before",
    "timer": "It speaks of timers",
    "routine": "I took it as something for later",
}


def answer(journal: Journal, home: Home, text: str) -> Answer | None:
    """What was done, heard, said, and why; None for any other text. The current turn is not in the journal yet."""
    plain = wording.plain(text)
    last = next(journal.back(), None)
    for name, pattern in (("worked", _WORKED), ("did", _DID), ("heard", _HEARD), ("said", _SAID), ("why", _WHY)):
        if not pattern.fullmatch(plain):
            continue
        intent = Intent("AskAccount", {"about": name}, source="question", text=text)
        if last is None:
            return Answer(intent, "Nothing yet.")
        return Answer(
            intent,
            {"worked": _worked, "did": _did, "heard": _heard, "said": _said, "why": _why}[name](journal, home, last),
        )
    return None


def is_cancel(text: str) -> bool:
    """What was planned last is not wanted after all."""
    return _CANCEL.fullmatch(wording.plain(text)) is not None


def is_undo(text: str) -> bool:
    return _UNDO.fullmatch(wording.plain(text)) is not None


def undo_first(text: str) -> str:
    """What is wanted after an undo in the same sentence: "undo that and lock the door"; empty where it is no such one."""
    found = _AND_THEN.match(text.strip())
    return found["rest"] if found and is_undo(found["undo"]) else ""


def undoing(journal: Journal, home: Home, now_seconds: float) -> tuple[tuple[Command, ...], str]:
    """The commands that take back what was done last, and what is said with them, or instead of them."""
    done = [one for one in journal.back() if one.commands]
    undone = (one for one in done[:1] if one.intents and one.intents[0].name == "Undo")  # nothing older: that was wrong
    last = next((one for one in done if not one.is_settled), next(undone, None))
    if last is None or now_seconds - last.seconds > _UNDO_SECONDS:
        return (), "There is nothing to undo."
    last.is_settled = True
    commands: list[Command] = []
    lasting: list[str] = []
    for key, before in last.before.items():
        device = home.devices.get(key)
        told = [command for command in last.commands if command.device == key]
        found = restore.back(device, before, told) if device else ()
        commands += found
        if device and not found:
            lasting.append(device.name)
    if not commands:
        return (), f"I cannot undo that: {spoken.past(home, last.commands)}."
    rest = f" I cannot undo what the {spoken.names(lasting)} did." if lasting else ""
    return tuple(commands), f"I {spoken.past(home, commands)}.{rest}"


def taking_back(journal: Journal, home: Home, ids: Iterable[str], is_all: bool = False) -> tuple[Command, ...]:
    """The commands that take back what was done last to some of the devices; `is_all`: by all sentences in a row."""
    deeds = [one for one in journal.back() if one.commands][: None if is_all else 1]
    commands: list[Command] = []
    for key in ids:
        told: list[Command] = []
        before = home.state(key)
        for entry in deeds:
            own = [command for command in entry.commands if command.device == key]
            if not own:
                break
            told, before = [*own, *told], entry.before[key]
        device = home.devices.get(key)
        if device and told:
            commands += restore.back(device, before, told)
    return tuple(commands)


def _did(journal: Journal, home: Home, last: Entry) -> str:
    if last.commands:
        failed = spoken.names(home.devices[c.device].name for c in last.failed if c.device in home.devices)
        return f"I {spoken.past(home, last.commands)}.{f' The {failed} did not answer.' if failed else ''}"
    said = f' and said "{_last_said(last)}"' if _last_said(last) else ""
    return f'I did nothing in the home. I heard "{last.heard}"{said}.'


def _worked(journal: Journal, home: Home, last: Entry) -> str:
    last = next((one for one in journal.back() if one.commands), last)
    if not last.commands:
        return "I did nothing."
    return f"{'No' if last.failed else 'Yes'}. {_did(journal, home, last)}"


def _heard(journal: Journal, home: Home, last: Entry) -> str:
    return f'I heard "{last.heard}".'


def _said(journal: Journal, home: Home, last: Entry) -> str:
    return _last_said(last) or "I said nothing."


def _why(journal: Journal, home: Home, last: Entry) -> str:
    first = last.intents[0] if last.intents else None
    if first is None:
        return f'I heard "{last.heard}", and found no meaning in it.'
    if first.source == "dialogue" and first.name == "Answer":
        asked = next((said for one in islice(journal.back(), 1, None) if (said := _last_said(one))), "")
        return f'I asked "{asked}", and heard "{last.heard}".{_sent(home, last)}'
    layer = _LAYERS.get(first.source, f"It was understood by {first.source or 'its words'}")
    sure = f", {round(first.confidence * 100)} percent sure" if first.confidence < 1.0 else ""
    return f'I heard "{last.heard}". {layer}{sure}.{_sent(home, last)}'


def _sent(home: Home, last: Entry) -> str:
    return f" So I {spoken.past(home, last.commands)}." if last.commands else ""


def _last_said(entry: Entry) -> str:
    return next((said for said in reversed(entry.said) if said), "")
