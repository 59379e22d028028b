"""Every error the product raises on purpose. Each says where, what, and the remedy.

EdgeVoiceError
├── SettingsError (ValueError)     a YAML file or an option is wrong: file, line, key, value, remedy
├── ModelError
│   ├── ModelMissing (FileNotFoundError)   not in the store: what to pull
│   └── ModelCorrupt (ValueError)          wrong size or sha256, unreadable
├── MissingExtra (ImportError)     an optional package is not installed: which extra
├── AudioError (ValueError)        not audio, empty, unsupported; or no such device
├── BrokerError (ConnectionError)  refused, unreachable, bad password
└── StageError (RuntimeError)      a stage of a turn failed; `turn.py` alone catches it
"""

from __future__ import annotations


def reason(error: Exception) -> str:
    """Why, without number and path: the message around it names the file."""
    return getattr(error, "strerror", None) or str(error)


class EdgeVoiceError(Exception):
    """Base of all errors below; catching it catches whatever the product itself raises."""


class SettingsError(EdgeVoiceError, ValueError):
    """A setting is wrong. `where` is `file:line: key`, `remedy` what to write instead."""

    def __init__(self, where: str, problem: str, remedy: str = "") -> None:
        super().__init__(f"{where}: {problem}" + (f". {remedy}" if remedy else ""))
        self.where, self.problem, self.remedy = where, problem, remedy


class ModelError(EdgeVoiceError):
    """A model cannot be used; the message names it and the command that mends it."""


class ModelMissing(ModelError, FileNotFoundError):
    """The model is not in the local store. The runtime never downloads by itself."""


class ModelCorrupt(ModelError, ValueError):
    """The model's bytes are not what the manifest says."""


class MissingExtra(EdgeVoiceError, ImportError):
    """An optional package is needed: `pip install 'edgevoice[EXTRA]'`."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed. Install it with: pip install 'edgevoice[{extra}]'")
        self.package, self.extra = package, extra


class AudioError(EdgeVoiceError, ValueError):
    """A recording or a sound device cannot be used."""


class BrokerError(EdgeVoiceError, ConnectionError):
    """The MQTT broker cannot be reached or refuses us."""


class StageError(EdgeVoiceError, RuntimeError):
    """A stage of a turn failed. `stage` is a key of `registry.ENGINES` or `nlu`/`skill`/`mqtt`; `code` is short and stable."""

    def __init__(self, stage: str, code: str, message: str) -> None:
        super().__init__(message)
        self.stage, self.code, self.message = stage, code, message
