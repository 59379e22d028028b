"""How the assistant speaks: as it was asked to ("speak slower", "whisper"), as the hour is, and calmly of a failure.

The requests are English only. What was asked for is kept until "speak normally", over a restart too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from edgevoice.config import VoiceSettings
from edgevoice.messages import Intent
from edgevoice.skills import chat
from edgevoice.skills.asks import wording
from edgevoice.skills.asks.wording import Answer
from edgevoice.stages import Style

_SLOWEST, _FASTEST = 0.5, 2.0
_STEP = 0.2  # of the rate, and of the loudness
_SOFTEST = 0.1
_SOFTLY = 0.35
"""Share of the loudness that stands for a whisper where the engine has none."""
_AT_NIGHT = 1.1  # the rate: shorter
_CALM_RATE, _CALM_PITCH = 0.93, 0.94

_SPEAK = r"(?:speak|talk|say (?:it|that|this|things?))"
_YOU = rf"(?:you(?: are|'re)?(?: {_SPEAK}(?:ing)?)?|{_SPEAK}(?:ing)?)"
"""Without it "too loud" may be the music."""
_BIT = r"(?: (?:a (?:little )?bit|a little|a lot|much|even|still))?"
_VOICE = r"(?:your|the assistant'?s) (?:voice|volume|speech)"
_REQUESTS = {
    "slower": rf"{_SPEAK}{_BIT} (?:slower|more slowly|slowly)|do(?: not)? {_SPEAK} so fast|(?:you(?: are|'re)? )?{_SPEAK}(?:ing)? too (?:fast|quick(?:ly)?)"
    r"|slow down your (?:voice|speech)|slow your (?:voice|speech) down",
    "faster": rf"{_SPEAK}{_BIT} (?:faster|quicker|more quickly|quickly)|do(?: not)? {_SPEAK} so slow(?:ly)?|(?:you(?: are|'re)? )?{_SPEAK}(?:ing)? too slow(?:ly)?"
    r"|speed up your (?:voice|speech)|speed your (?:voice|speech) up",
    "louder": rf"{_SPEAK}{_BIT} (?:louder|more loudly|loudly)|{_SPEAK} up{_BIT}|be{_BIT} louder|do(?: not)? {_SPEAK} so (?:quiet|soft)(?:ly)?"
    rf"|{_YOU} too (?:quiet|soft)(?:ly)?|i (?:can'?t|cannot) hear you|raise {_VOICE}|turn (?:up {_VOICE}|{_VOICE} up)",
    "quieter": rf"(?:{_SPEAK}|be){_BIT} (?:quieter|softer|more (?:quiet|soft)(?:ly)?|quietly|softly|less loud(?:ly)?)|do(?: not)? {_SPEAK} so loud(?:ly)?"
    rf"|{_YOU} too loud(?:ly)?|(?:lower|keep down) {_VOICE}|keep {_VOICE} down|turn (?:down {_VOICE}|{_VOICE} down)",
    "whisper": rf"(?:start )?whisper(?:ing)?(?: to me)?|{_SPEAK} in (?:a )?whispers?",
    "normal": rf"{_SPEAK} (?:normally|as (?:usual|before))(?: again)?|(?:use )?your (?:normal|usual) voice|(?:{_SPEAK} )?(?:in|with) your (?:normal|usual) voice"
    rf"|(?:stop|no more|quit) whispering|do(?: not)? whisper|{_SPEAK} at (?:your )?normal (?:speed|volume)|reset {_VOICE}",
    "level": rf"(?:(?:set|turn|change) {_VOICE} to|{_SPEAK} at)(?: volume)? (?P<percent>\d{{1,3}})(?: ?%| percent)?(?: volume)?",
}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _REQUESTS.items()}


class Loud(Protocol):
    """What has a volume, 0 to 1: `audio.speaker.Speaker`."""

    volume: float


@dataclass(slots=True)
class Level:
    """Loudness where what plays has none of its own."""

    volume: float = 1.0


@dataclass(slots=True)
class Manner:
    """`loud` is what plays; `can_whisper` is the engine's word on that; `now` is the time of day."""

    settings: VoiceSettings = VoiceSettings()
    loud: Loud = field(default_factory=Level)
    can_whisper: bool = False
    now: Callable[[], datetime] = datetime.now
    rate: float = 1.0
    whispers: bool = False
    is_asked: bool = False
    """Whether its loudness was asked for."""
    _usual: float = field(init=False)

    def __post_init__(self) -> None:
        self._usual = self.loud.volume

    # --- how something is said ----------------------------------------------------------------------------------------

    @property
    def is_night(self) -> bool:
        hours = self.settings.night_hours()
        if hours is None:
            return False
        (begin, end), time = hours, self.now().time()
        return begin <= time < end if begin <= end else not end <= time < begin

    @property
    def most_sentences(self) -> int:
        """Of free talk."""
        return 1 if self.is_night else chat.MAX_SENTENCES

    @property
    def confirms(self) -> str:
        """How it is told that a command was done: `sentence`, `done` or `cue`."""
        return self.settings.night_confirm if self.is_night else self.settings.confirm

    def style(self, is_failure: bool = False) -> Style:
        """How to speak now."""
        made = Style(self.rate, whisper=self.whispers)
        if isinstance(self.loud, Level):
            made = replace(made, volume=self.loud.volume)
        if self.whispers and not self.can_whisper:
            made = replace(made, volume=made.volume * _SOFTLY)
        if self.is_night:
            made = replace(made, rate=made.rate * _AT_NIGHT, volume=made.volume * self.settings.night_volume)
        if is_failure:
            made = replace(made, rate=made.rate * _CALM_RATE, pitch=made.pitch * _CALM_PITCH)
        return made

    # --- what it is asked for -----------------------------------------------------------------------------------------

    def answer(self, text: str) -> Answer | None:
        """Does what a sentence about its voice asks for, and says so; None for any other text."""
        plain = wording.plain(text)
        for name, pattern in _PATTERNS.items():
            if found := pattern.fullmatch(plain):
                percent = found.groupdict().get("percent")
                said = self._set_level(int(percent) / 100) if percent else getattr(self, f"_{name}")()
                return Answer(Intent("VoiceManner", {"to": percent or name}, source="voice", text=text), said)
        return None

    def _slower(self) -> str:
        return "I speak slower now." if self._set_rate(self.rate - _STEP) else "I cannot speak slower than this."

    def _faster(self) -> str:
        return "I speak faster now." if self._set_rate(self.rate + _STEP) else "I cannot speak faster than this."

    def _set_rate(self, wanted: float) -> bool:
        before, self.rate = self.rate, round(min(max(wanted, _SLOWEST), _FASTEST), 2)
        return self.rate != before

    def _louder(self) -> str:
        if self.whispers:
            self.whispers = False
            return "I no longer whisper."
        return self._step(_STEP, "I speak louder now.", "I cannot speak louder than this.")

    def _quieter(self) -> str:
        return self._step(
            -_STEP, "I speak more softly now.", "I cannot speak more softly than this. Ask me to whisper."
        )

    def _step(self, step: float, done: str, not_done: str) -> str:
        before = self.loud.volume
        self._set_level(before + step)
        return done if self.loud.volume != before else not_done

    def _set_level(self, wanted: float) -> str:
        self.loud.volume = round(min(max(wanted, _SOFTEST), 1.0), 2)
        self.is_asked = True
        return f"My volume is {round(self.loud.volume * 100)} percent now."

    def _whisper(self) -> str:
        self.whispers = True
        return "I whisper now." if self.can_whisper else "My voice cannot whisper, so I speak softly."

    def _normal(self) -> str:
        self.rate, self.whispers, self.is_asked = 1.0, False, False
        self.loud.volume = self._usual
        return "I speak normally now."

    # --- over a restart -----------------------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """What was asked for, as JSON values."""
        volume = {"volume": self.loud.volume} if self.is_asked else {}
        return {"rate": self.rate, "whispers": self.whispers, **volume}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Raises ValueError."""
        try:
            self._set_rate(float(saved.get("rate", 1.0)))
            self.whispers = bool(saved.get("whispers", False))
            if "volume" in saved:
                self._set_level(float(saved["volume"]))
        except (TypeError, AttributeError) as error:
            raise ValueError(f"not a saved manner of speaking: {error!r}") from None
