"""What a sentence means here and now: with what was said before, with what it leaves out, and with what it excepts."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Protocol

from edgevoice.dialogue import followup, nouns, pronouns
from edgevoice.dialogue.followup import Meant
from edgevoice.dialogue.state import Dialogue, Focus
from edgevoice.home import colors, targets
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent, Value
from edgevoice.nlu import numbers
from edgevoice.nlu.context import Context, Thinking, thought
from edgevoice.skills import list_words, named
from edgevoice.skills.asks import wording
from edgevoice.skills.devices import Plan

_EXCEPT = re.compile(
    r"^(?P<main>.+?),? (?:except(?: for)?|but not|apart from|other than|excluding|save for|besides|(?<=everything )but|(?<=all )but|but(?= the))"
    r" (?P<but>.+?)(?P<end> (?:off|on))?$"
)
_LEFT = re.compile(r"^(?:(?:no|and|but|please|just),? )*(?:leave|keep) (?P<what>.+?) (?P<how>on|off|open|closed)$")
_STAYS = re.compile(
    r"^(?:(?:no|and|but|oh|please|actually),? )*(?P<what>the .+?) (?:should|can|must|may) (?:stay|remain|be|still be)(?: left)? (?P<how>on|off|open|closed)$"
)
_KEPT = {"on": "turn on", "off": "turn off", "open": "open", "closed": "close"}
_EVERYTHING = re.compile(r"^(?P<verb>(?:turn|switch|shut) (?:on|off)) (?:all|everything)(?P<rest> (?:in|on|at) .+)?$")
_EVERY = re.compile(r"^(?!.*\b(?:light|lamp|bulb)s?\b).*\b(?:everything|it all)\b")
_BARE_ONE = re.compile(r"(?:and |or )?the (?:[a-z]+ ){1,3}ones?")
_SET_TO = re.compile(
    r"(?:please )?(?:set|change|switch|put|turn) (?:the |my )?(?P<name>.+?) to (?P<value>.+?)(?: please| percent| hours)?$"
)
_IDIOMS = tuple(
    (re.compile(rf"(?:and |then )*(?:{said})"), whole)
    for said, whole in (
        ("(?:continue|play|carry on|go on|keep|unpause|play on)(?: playing)?", "resume"),
        ("(?:the )?next one|skip(?: (?:this|that)(?: one)?)?", "next track"),
        ("(?:turn|switch|put) (?:the )?(?:sound|volume) (?:back )?on(?: again)?", "unmute"),
        ("(?:tell|ask|get) (?:the )?(.+?) to (stop|start|pause|continue|clean)", r"\2 \1"),
        ("(?:the )?(?:previous|last) one|go back (?:one|a song|a track)", "previous track"),
        ("(?:stop|pause) (.+) for a (?:moment|sec|second|minute|bit|while)", r"pause \1"),
        ("pause for a (?:moment|sec|second|minute|bit|while)", "pause"),
    )
)
"""What people say for a command that has another name."""
_ALL_OF = re.compile(r"^(?:(?:the|both|all|of) )+")
_GOES_ON = re.compile(r"and |also |plus ", re.IGNORECASE)
_LOCK_UP = re.compile(
    r"(?:and |then )*lock (?:(?P<one>(?:the|my|our) door)|up|everything(?: up)?|(?:up )?the (?:house|doors)|(?:all|both|every)(?: of)?(?: the| my| our)? (?:doors?|locks?))"
)
_DOOR = re.compile(r"(?P<verb>open|close|shut)(?: up)? (?:the |my )?(?P<what>garage|gate)(?: please)?")
_MEANT = re.compile(
    r"(?P<verb>.+?) (?:the|my) [^,]+?,? (?:no,? |sorry,? )*i mean(?:t)?,? (?P<instead>(?:the|my) .+)", re.IGNORECASE
)
_SURE = 0.8
_LEAST = 0.4
"""Confidence below which "that" pointed at nothing: "that's all" is no wish."""
_POINTED = 0.7
"""What is left of a low confidence where, besides, "that" may be something else: "put that on facebook"."""


class Mind(Protocol):
    """Text to intents."""

    def think(self, text: str, context: Context, cancel: threading.Event) -> Thinking: ...
    def allows(self, intent: str) -> bool: ...
    def certain(self, text: str, context: Context) -> tuple[Intent, ...]: ...


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads for one conversation. `plan` says which devices an intent is for."""

    home: Home
    mind: Mind
    dialogue: Dialogue
    mic_area: str
    plan: Callable[[Intent], Plan | None]

    def read(self, text: str, now_seconds: float, cancel: threading.Event) -> Meant:
        return thought(self.reading(text, now_seconds, cancel))

    def reading(self, text: str, now_seconds: float, cancel: threading.Event) -> Generator[None, None, Meant]:
        """`read`, for who has something to say while the language model takes its time."""
        if self.home.language.partition("-")[0] != "en":
            return Meant((yield from self._understood(text, cancel)))
        focus = self.dialogue.focus(now_seconds)
        leaning = followup.meant(self.home, text, focus)
        if leaning is not None:
            return leaning
        leaning = self._named(text, focus, named.RELATIVE)
        if leaning is not None:
            goes_on = leaning.goes_on or _GOES_ON.match(text) is not None
            return Meant(leaning.intents, goes_on=goes_on, change=leaning.change)
        if _BARE_ONE.fullmatch(text.casefold().strip(" .!?")):
            return Meant()  # "the left one" is an answer, and nothing was asked
        if direct := self._set_to(text) or self._all_locks(text):
            return Meant((direct,))
        if items := list_words.several(text):
            each = []
            for one in items:
                each.append((yield from self._understood(one, cancel)))
            if all(each):
                return Meant(tuple(intent for found in each for intent in found))
        pointed = pronouns.named(self.home, text, focus, self.dialogue.recent)
        line = " ".join(pointed.text.split()).rstrip(" .!")
        if left := _LEFT.match(line.casefold()) or _STAYS.match(line.casefold()):
            line = f"{_KEPT[left['how']]} {left['what']}"
        if (excepted := _EXCEPT.match(line)) and (found := (yield from self._but(excepted, cancel))):
            return Meant(found)
        line = self._idiom(line)
        if corrected := _MEANT.match(line):
            line = f"{corrected['verb']} {corrected['instead']}"
        intents = yield from self._understood(line if line != text.strip() else text, cancel)
        intents = tuple(_whole(_all(intent, line), line) for intent in intents) if len(intents) == 1 else intents
        if pointed.devices:
            intents = tuple(self._widened(intent, pointed.devices) for intent in intents)
            if not intents or min(intent.confidence for intent in intents) < _SURE:
                whole = yield from self._understood(text, cancel)
                unsure = tuple(replace(one, confidence=one.confidence * _POINTED) for one in intents)
                intents = unsure if unsure and min(one.confidence for one in unsure) >= _LEAST else whole
        if min((intent.confidence for intent in intents), default=0.0) < _SURE:
            said = self._named(line, focus, named.ANY)
            if said is not None:
                return Meant(said.intents, change=said.change)
        return Meant(intents)

    def _named(self, text: str, focus: Focus | None, kinds: frozenset[str]) -> followup.Meant | None:
        """A change of what is named, unless it belongs to a pack that is off."""
        found = named.meant(self.home, text, focus, self.mic_area or None, self._called, kinds)
        return found if found and all(self.mind.allows(one.name) for one in found.intents) else None

    def _called(self, name: str) -> tuple[Device, ...]:
        """The devices that a name means here, as a command for them would be understood."""
        bare = _ALL_OF.sub("", name)
        own = wording.called(self.home, bare)
        if len(own) == 1 or (own and " " in bare and bare.endswith("s")):  # "the bedside lamps"
            return own
        intents = self.mind.certain(f"turn on {name}", self.context())
        plan = self.plan(intents[0]) if len(intents) == 1 and intents[0].confidence >= _SURE else None
        return plan.devices or plan.choices if plan else ()

    def _set_to(self, text: str) -> Intent | None:
        """Numbers and choices, by the name of what they belong to: "set the washing program to wool"."""
        found = _SET_TO.match(text.casefold().strip(" .!?"))
        if found is None:
            return None
        value = found["value"]
        for device in targets.match(self.home, name=found["name"]):
            slots: dict[str, Value] = {"name": device.name}
            told = Intent("", slots, source="dialogue", text=text, targets=(device.id,))
            if "option" in device.capabilities and device.domain in ("select", "input_select"):
                return replace(told, name="HassSelectOption", slots={**slots, "option": value})
            amount_ = numbers.amount(value.split(), 0)
            if "value" in device.capabilities and amount_ and device.domain in ("number", "input_number"):
                return replace(told, name="HassSetValue", slots={**slots, "value": amount_[0]})
        return None

    def _all_locks(self, text: str) -> Intent | None:
        """Locking may go for all of them at once; unlocking is of one."""
        locks = tuple(one.id for one in self.home.exposed() if one.domain == "lock" and not one.members)
        found = _LOCK_UP.fullmatch(text.casefold().strip(" .!?"))
        is_meant = bool(locks) and found is not None and (not found["one"] or len(locks) == 1)
        return Intent("HassTurnOn", source="dialogue", text=text, targets=locks) if is_meant else None

    def _idiom(self, line: str) -> str:
        """What people say for what has another name: the garage is its door, and going on is resuming."""
        for pattern, whole in _IDIOMS:
            if found := pattern.fullmatch(line.casefold()):
                return found.expand(whole)
        found = _DOOR.fullmatch(line.casefold())
        if found is None or targets.match(self.home, name=found["what"]):
            return line
        doors = [one for one in self.home.exposed() if one.domain == "cover" and one.device_class == found["what"]]
        return f"{found['verb']} the {doors[0].name}" if len(doors) == 1 else line

    def pointed(self, text: str, now_seconds: float) -> str:
        """The text with what it points at by its name."""
        return pronouns.named(self.home, text, self.dialogue.focus(now_seconds), self.dialogue.recent).text

    def _understood(self, text: str, cancel: threading.Event) -> Thinking:
        return self.mind.think(text, self.context(), cancel)

    def context(self) -> Context:
        area = next(iter(targets.find_areas(self.home, self.mic_area or None)), None)
        return Context(area.id if area else None, self.dialogue.recent)

    def _widened(self, intent: Intent, devices: tuple[Device, ...]) -> Intent:
        """The intent for all the devices, where it is for the first of them."""
        name = str(intent.slots.get("name") or "").casefold()
        if intent.targets != (devices[0].id,) and (intent.targets or name != devices[0].name.casefold()):
            return intent
        return replace(intent, targets=tuple(device.id for device in devices), source="dialogue")

    def _but(self, said: re.Match[str], cancel: threading.Event) -> Thinking:
        """What is wanted of all but some."""
        main = f"{said['main']}{said['end'] or ''}"
        if everything := _EVERYTHING.match(main.casefold()):
            main = f"{everything['verb']} all the lights{everything['rest'] or ''}"
        intents = []
        for intent in (yield from self._understood(main, cancel)):
            plan = self.plan(intent)
            meant = plan.devices or plan.choices if plan else ()
            ids = {device.id for device in meant}
            out = nouns.meant(self.home, said["but"].casefold(), meant, lambda one, ids=ids: one.id in ids, meant)  # type: ignore[misc]
            kept = tuple(device.id for device in meant if device not in out)
            if not out or not kept:
                return ()
            slots = {name: value for name, value in intent.slots.items() if name not in ("area", "floor", "name")}
            intents.append(
                replace(intent, slots=slots, targets=kept, response="", confidence=max(intent.confidence, _SURE))
            )
        return tuple(intents)


def _all(intent: Intent, text: str) -> Intent:
    """ "Everything off in the lounge" is more than its lights."""
    is_all = intent.name == "HassTurnOff" and intent.slots.get("domain") == "light"
    if not is_all or not _EVERY.search(text.casefold()) or "name" in intent.slots:
        return intent
    return replace(
        intent, slots={key: value for key, value in intent.slots.items() if key != "domain"}, targets=(), response=""
    )


def _whole(intent: Intent, text: str) -> Intent:
    """With the colour that a level was said with, or the level that a colour was: "green at forty percent"."""
    if intent.name != "HassLightSet" or intent.confidence < _SURE:
        return intent
    words = text.casefold().replace("%", " percent").split()
    own = set(str(intent.slots.get("name") or "").casefold().split())
    color = next((word for word in words if word not in own and word.isalpha() and colors.rgb(word)), "")
    level = next(
        (
            found[0]
            for at, word in enumerate(words)
            if (found := numbers.amount(words, at)) and words[found[1] : found[1] + 1] == ["percent"]
        ),
        None,
    )
    slots = dict(intent.slots)
    if "brightness" in slots and "color" not in slots and color:
        slots["color"] = color
    elif "color" in slots and level is not None and not {"brightness", "brightness_step"} & slots.keys():
        slots["brightness"] = level
    return replace(intent, slots=slots)
