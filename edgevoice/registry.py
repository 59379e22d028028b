"""Engine name -> `module:factory`, imported only when chosen. A name with a `:` in it is itself such a path."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from edgevoice.errors import MissingExtra, SettingsError
from edgevoice.schema import suggest

ENGINES: Mapping[str, Mapping[str, str]] = {
    "wake": {"micro": "edgevoice.wake.micro:load", "openwakeword": "edgevoice.wake.openwakeword:load"},
    "vad": {"silero": "edgevoice.vad.silero:load"},
    "asr": {
        "moonshine": "edgevoice.asr.moonshine:load",
        "vosk": "edgevoice.asr.vosk:load",
        "whisper": "edgevoice.asr.whisper:load",
    },
    "llm": {"gguf": "edgevoice.llm.gguf:load", "server": "edgevoice.llm.server:load"},
    "embedding": {"minilm": "edgevoice.embedding.minilm:load"},
    "tts": {
        "hibari": "edgevoice.tts.hibari:load",
        "piper": "edgevoice.tts.piper:load",
        "espeak": "edgevoice.tts.espeak:load",
    },
}

# Which extra brings a package that the core install leaves out.
EXTRAS: Mapping[str, str] = {"vosk": "vosk", "piper": "piper"}


def factory(stage: str, engine: str) -> Callable[..., Any]:
    """The `load` function of an engine. Raises SettingsError for an unknown name, MissingExtra for a missing package."""
    path = engine if ":" in engine else ENGINES[stage].get(engine)
    if path is None:
        raise SettingsError(f"{stage}.engine", f"unknown engine '{engine}'", suggest(engine, ENGINES[stage]))
    module_name, _, attribute = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except (ImportError, TypeError, ValueError) as error:  # the last two: `path` is no dotted name
        package = error.name if isinstance(error, ModuleNotFoundError) else None
        if package in EXTRAS:
            raise MissingExtra(str(package), EXTRAS[str(package)]) from error
        raise SettingsError(
            f"{stage}.engine", f"cannot import '{path}': {error}", "Is the package installed?"
        ) from error
    found = getattr(module, attribute, None)
    if not callable(found):
        raise SettingsError(f"{stage}.engine", f"'{module_name}' has no function '{attribute}'", "Write module:factory")
    return found  # type: ignore[no-any-return]
