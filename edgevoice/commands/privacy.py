"""`privacy`: what is kept of the people here, and where; removing it; the key of recordings, and reading them."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edgevoice.audio import programs
from edgevoice.commands import options as opts
from edgevoice.commands.show import as_json
from edgevoice.config import MqttSettings, Settings
from edgevoice.errors import EdgeVoiceError, SettingsError
from edgevoice.messages import Message
from edgevoice.model_store import State, Store
from edgevoice.mqtt.client import MqttClient
from edgevoice.service import recorder
from edgevoice.service.web import access
from edgevoice.skills.memory import default_path

_WITH_EVERYTHING = "it is yours: privacy wipe --everything removes it too"
_BROKER_SECONDS, _QUIET_SECONDS = 3.0, 0.5
_WORDS = frozenset({"heard", "answer", "intent", "error"})
"""Our retained topics that can hold what was said."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One place. `files` and `topics` are what `wipe` removes; `stays` says why nothing is removed there, and `yours` are
    files that only `wipe --everything` removes.
    """

    what: str
    where: str
    holds: str
    stays: str = ""
    files: tuple[Path, ...] = ()
    topics: tuple[str, ...] = field(default=())
    yours: tuple[Path, ...] = field(default=())

    @property
    def goes(self) -> bool:
        return bool(self.files or self.topics)

    def with_yours(self) -> Kept:
        return dataclasses.replace(self, files=(*self.files, *self.yours), stays="") if self.yours else self


def report(options: argparse.Namespace) -> None:
    settings = _settings(options)
    found, leaving = _kept(settings, options), list(_leaving(settings))
    if options.json:
        print(json.dumps({"kept": as_json(found), "leaves": leaving}, ensure_ascii=False))
        return
    print("Kept:")
    for one in found:
        print(f"  {one.what:<16}{one.holds}\n{'':18}{one.where}")
    print("Sound of a turn is in memory only, until the turn has ended.\n\nLeaves this process:")
    for line in leaving:
        print(f"  {line}")


def wipe(options: argparse.Namespace) -> int:
    settings = _settings(options)
    found = [one.with_yours() if options.everything else one for one in _kept(settings, options)]
    going = [one for one in found if one.goes]
    for one in going:
        names = [*map(str, one.files), *one.topics]
        shown = names if len(names) < 5 else [*names[:3], f"and {len(names) - 3} more"]
        print(f"remove  {one.what}: {', '.join(shown)}")
    if not going:
        print("There is nothing to remove.")
    for one in found:
        if one.stays and not one.goes:
            print(f"stays   {one.what}: {one.stays}")
    if options.dry_run or not going:
        return 0
    if not options.yes and input("Remove this for good? Type yes: ").strip().casefold() != "yes":
        print("Nothing was removed.")
        return 1
    for path in (path for one in going for path in one.files):
        path.unlink(missing_ok=True)
    for state in _states(settings):
        if places := recorder.places(state):
            recorder.remember(state, [place for place in places if any(recorder.recordings(place))])
    _take_back(settings.mqtt, [topic for one in going for topic in one.topics])
    print("Removed. An assistant that runs keeps what it knows in memory and writes it again: restart it.")
    return 0


def key(options: argparse.Namespace) -> None:
    if options.file.exists():
        raise SettingsError(
            str(options.file), "there is a file already", "A lost key cannot be made again: name another"
        )
    try:
        recorder.write_private(options.file, recorder.new_key() + b"\n")
    except OSError as error:
        raise SettingsError(
            str(options.file), str(error.strerror), "Name a file in a folder that can be written"
        ) from None
    print(
        f"{options.file}: name it in privacy.record_key_file. Without it nobody can read the recordings, nor can you."
    )


def decrypt(options: argparse.Namespace) -> int:
    settings = _settings(options)
    if settings.privacy.record_key_file is None:
        raise SettingsError("privacy.record_key_file", "no key is set", "Set it to the key that was used")
    cipher, failed = recorder.cipher(settings.privacy.record_key_file), 0
    options.out.mkdir(parents=True, exist_ok=True, mode=0o700)
    state, out = _states(settings)[0], options.out.absolute()
    recorder.remember(state, dict.fromkeys((*recorder.places(state), out)))  # they are found there, too
    found = [path for folder in _record_folders(settings) for path in sorted(recorder.recordings(folder))]
    encrypted = [path for path in found if path.suffix == ".fernet"]
    for path in encrypted:
        try:
            name, data = recorder.read(path, cipher)
            recorder.write_private(options.out / name, data)
        except (ValueError, OSError) as error:
            print(f"edgevoice: {error}", file=sys.stderr)
            failed += 1
    print(f"{len(encrypted) - failed} files in {options.out}")
    return int(failed > 0)


def _settings(options: argparse.Namespace) -> Settings:
    """Those of the machine's service too, as far as this user may see them."""
    opts.as_caller()
    return opts.settings(options, page=opts.services_page())


# --- what there is ----------------------------------------------------------------------------------------------------


def _kept(settings: Settings, options: argparse.Namespace) -> list[Kept]:
    written = [path for path in (opts.config_file(options), opts.services_page(), opts.pages_file()) if path]
    written += [path.with_name(f"{path.name}.bak") for path in written]
    files = [path for path in (*written, settings.home.file) if path is not None and path.is_file()]
    found = [
        _yours("settings", list(dict.fromkeys(files)), "what you wrote there: names, rooms, who may what"),
        *(_state(path) for path in _states(settings)),
        *_closed(settings),
        *_beside(settings),
        *(_recordings(folder) for folder in _record_folders(settings)),
    ]
    if settings.privacy.record_folder is None:
        found.append(Kept("recordings", "privacy.record_folder is not set", "nothing is recorded now"))
    found += _topics(settings.mqtt)
    store = Store()
    found.append(
        Kept(
            "models",
            str(store.root),
            f"{sum(one.state is State.PRESENT for one in store.list())} models; nothing of yours",
            "nothing of yours is in them",
        )
    )
    logs = "the journal (`journalctl -u edgevoice`), or where its errors were sent"
    found.append(Kept("logs", logs, "failures and times of turns", "remove it with `journalctl --vacuum-time`"))
    return found


def _states(settings: Settings) -> list[Path]:
    """The state that these settings name; else the user's, and the machine's where there is one."""
    if settings.home.state_file is not None:
        return [settings.home.state_file]
    services = opts.SERVICE_STATE / default_path().name
    is_there = os.access(opts.SERVICE_STATE, os.R_OK | os.X_OK) and default_path() != services
    return [default_path(), *([services] if is_there else [])]


def _closed(settings: Settings) -> Iterator[Kept]:
    """The machine's state, where this user may not look into it."""
    if settings.home.state_file is None and opts.service_is_closed():
        yield Kept("state", str(opts.SERVICE_STATE), "not known: run this with sudo", "this user may not read it")


def _record_folders(settings: Settings) -> list[Path]:
    """Where is recorded now, and wherever recordings were left before."""
    now = settings.privacy.record_folder
    before = [place for state in _states(settings) for place in recorder.places(state)]
    left = [place for place in dict.fromkeys(before) if any(recorder.recordings(place))]
    return [*([now.absolute()] if now else []), *(place for place in left if now is None or place != now.absolute())]


def _yours(what: str, files: Sequence[Path], holds: str) -> Kept:
    return Kept(what, _places(files), holds, _WITH_EVERYTHING if files else "", yours=tuple(files))


_LEARNED = {
    "taught.yaml": ("lessons", "names and sentences that it was taught"),
    "names.json": ("names", "how the recogniser writes the names of this home"),
}


def _beside(settings: Settings) -> Iterator[Kept]:
    """What lies beside a state, and the key."""
    states = _states(settings)
    for name, (what, holds) in _LEARNED.items():
        if learned := [file for state in states for file in _versions(state.with_name(name))]:
            yield Kept(what, _places(learned), holds, files=tuple(learned))
    tokens = [access.token_file(settings.web, state.parent) for state in states]
    if tokens := [token for token in dict.fromkeys(tokens) if token.is_file()]:
        yield _yours("web token", tokens, "what the web page asks for")
    lowered = [file for state in states if (file := state.with_name(programs.KEPT)).is_file()]
    if lowered:
        yield Kept("lowered", _places(lowered), "programs whose sound is down just now", files=tuple(lowered))
    if (key := settings.privacy.record_key_file) is not None and key.is_file():
        yield _yours("key", [key], "what reads the recordings")


def _versions(path: Path) -> list[Path]:
    """A file, and what an interrupted or failed write of it may have left."""
    return [one for one in (path, *(path.with_name(path.name + end) for end in (".bad", ".new"))) if one.is_file()]


def _state(path: Path) -> Kept:
    files = tuple(_versions(path))
    if not files:
        return Kept("state", str(path), "nothing yet")
    try:
        told = json.loads(path.read_text("utf-8"))
        holds = ", ".join(
            f"{len(value)} {name}" for name, value in told.items() if isinstance(value, (list, dict)) and value
        )
    except (OSError, ValueError, AttributeError):
        holds = "it cannot be read"
    return Kept("state", _places(files), holds or "no timers, lists or routines", files=files)


def _recordings(folder: Path) -> Kept:
    files = tuple(sorted(recorder.recordings(folder)))
    size = sum(path.stat().st_size for path in files) / 1e6
    plain = sum(path.suffix != ".fernet" for path in files)
    holds = f"{len(files)} files, {size:.1f} MB, {plain} of them not encrypted" if files else "none yet"
    if files:
        holds += f"; the oldest of {files[0].name.partition('T')[0]}"
    return Kept("recordings", str(folder), holds, files=files)


def _topics(settings: MqttSettings) -> Iterator[Kept]:
    address = f"{settings.host}:{settings.port}"
    try:
        retained = _retained(settings)
    except EdgeVoiceError as error:
        yield Kept("MQTT, retained", address, f"not known: {error}", "the broker was not reached")
        return
    base = f"edgevoice/{settings.client_id}/"
    words = tuple(topic for topic in retained if topic.removeprefix(base) in _WORDS)
    rest = [topic for topic in retained if topic not in words]
    holds = f"what was said or meant: {', '.join(words)}" if words else "nothing that was said"
    yield Kept("MQTT, retained", address, holds, topics=words)
    if rest:
        told = f"{len(rest)} topics of the assistant's state below {base}"
        yield Kept("MQTT, state", address, told, "it holds no words")


def _retained(settings: MqttSettings) -> list[str]:
    with _client(settings) as client:
        client.subscribe([f"edgevoice/{settings.client_id}/#"])
        found: list[str] = []
        while (message := client.receive(_QUIET_SECONDS)) is not None:
            if message.retain and message.payload:
                found.append(message.topic)
    return sorted(found)


def _take_back(settings: MqttSettings, topics: Sequence[str]) -> None:
    if topics:
        with _client(settings) as client:
            for topic in topics:
                client.publish(Message(topic, b"", retain=True))


@contextmanager
def _client(settings: MqttSettings) -> Iterator[MqttClient]:
    """Under a name of its own, so that the assistant is not thrown off. Raises BrokerError."""
    client = MqttClient(dataclasses.replace(settings, client_id=f"{settings.client_id}-privacy"), is_guest=True)
    try:
        client.start(_BROKER_SECONDS)
        yield client
    finally:
        client.stop()


def _leaving(settings: Settings) -> Iterator[str]:
    mqtt = settings.mqtt
    yield f"commands to your appliances, to the broker {mqtt.host}:{mqtt.port}" + (
        "" if mqtt.tls else ", not encrypted"
    )
    if mqtt.announce:
        yield "what it does (no words): mqtt.announce"
    if mqtt.announce and mqtt.announce_words:
        masked = "numbers and people's names masked" if mqtt.mask_words else "with numbers and names"
        yield f"what was heard and answered, {masked}: mqtt.announce_words"
    if mqtt.announce:
        yield "answers to programs that ask, to whoever listens to the broker: edgevoice/…/ask"
    if mqtt.hermes:
        yield "what was heard, in full: mqtt.hermes"
    if settings.web.port:
        who = "of this machine" if access.is_loopback(settings.web.host) else "with its token"
        yield f"what is heard and answered, to whoever {who} opens the web page at {settings.web.host}:{settings.web.port}: web.port"
    if settings.service.log_words:
        yield "what was heard and answered, to the log: service.log_words"
    if settings.llm.engine == "server":
        yield f"free talk, to {settings.llm.url}: llm.engine"


def _places(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths)) or "none"
