"""The assistant's events as Rhasspy and its skills know them: the Hermes protocol's topics and JSON."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from edgevoice.messages import (
    Event,
    Heard,
    Intent,
    Message,
    NoSpeech,
    TurnEnded,
    TurnFailed,
    Understood,
    Value,
    WakeHeard,
)

SAY = "hermes/tts/say"
START = "hermes/dialogueManager/startSession"
_MANAGER = "hermes/dialogueManager"


class Hermes:
    """Publishes for the site `site_id` by `tell`. One session lasts from a wake word to the turn that asks nothing."""

    def __init__(self, site_id: str, tell: Callable[[Message], None]) -> None:
        self._site_id = site_id
        self._tell = tell
        self._session = ""
        self._text = ""
        self._failed = False

    def observe(self, event: Event) -> None:
        match event:
            case WakeHeard(word=word, score=score):
                told = {"modelId": word, "modelVersion": "", "modelType": "universal", "currentSensitivity": score}
                self._publish(f"hermes/hotword/{word}/detected", told)
                self._begin()
            case Heard(transcript=transcript):
                self._begin()
                self._text = transcript.text
                told = {"text": transcript.text, "likelihood": transcript.confidence}
                self._publish("hermes/asr/textCaptured", told | self._of_session())
            case Understood(intents=intents):
                self._understood(intents)
            case TurnFailed():
                self._failed = True
            case NoSpeech():
                self._end("timeout")
            case TurnEnded(expects=None):
                self._end("error" if self._failed else "nominal")

    def said(self, id: str) -> None:
        """A text that somebody wanted said has been said."""
        self._publish("hermes/tts/sayFinished", {"id": id})

    def _understood(self, intents: tuple[Intent, ...]) -> None:
        for intent in intents:
            told = {
                "input": self._text,
                "intent": {"intentName": intent.name, "confidenceScore": intent.confidence},
                "slots": [_slot(name, value) for name, value in intent.slots.items()],
            }
            self._publish(f"hermes/intent/{intent.name}", told | self._of_session())
        if not intents:
            self._publish(f"{_MANAGER}/intentNotRecognized", {"input": self._text, **self._of_session()})

    def _begin(self) -> None:
        if not self._session:
            self._session = str(uuid.uuid4())
            self._failed = False
            self._publish(f"{_MANAGER}/sessionStarted", self._of_session())

    def _end(self, reason: str) -> None:
        if self._session:
            self._publish(f"{_MANAGER}/sessionEnded", {"termination": {"reason": reason}, **self._of_session()})
            self._session = self._text = ""

    def _of_session(self) -> dict[str, Any]:
        return {"sessionId": self._session}

    def _publish(self, topic: str, told: Mapping[str, Any]) -> None:
        payload = json.dumps({**told, "siteId": self._site_id}, ensure_ascii=False)
        self._tell(Message(topic, payload.encode(), qos=0))


def _slot(name: str, value: Value) -> dict[str, Any]:
    shown = ", ".join(map(str, value)) if isinstance(value, tuple) else value
    return {"entity": name, "slotName": name, "rawValue": str(shown), "value": {"kind": "Unknown", "value": shown}}
