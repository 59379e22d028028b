"""`check`, `devices`, `profiles` and `service`: what concerns this machine."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import sys
from pathlib import Path

from edgevoice import config, hearing, profiles, registry
from edgevoice.audio import devices as sound
from edgevoice.commands import homes
from edgevoice.commands import options as opts
from edgevoice.commands.show import as_json
from edgevoice.config import Settings, WakeSettings
from edgevoice.errors import AudioError, BrokerError, EdgeVoiceError
from edgevoice.llm import gguf
from edgevoice.model_store import Store
from edgevoice.mqtt.client import MqttClient
from edgevoice.nlu import cascade
from edgevoice.nlu.packs import Pack
from edgevoice.service import systemd

_BROKER_SECONDS = 3.0


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `problem` is empty where it is well; `fatal` where the assistant cannot run so."""

    what: str
    found: str
    problem: str = ""
    fatal: bool = False


def check(options: argparse.Namespace) -> int:
    opts.as_caller()
    page = opts.services_page()
    profile, settings = opts.profile(options), opts.settings(options, page=page)
    findings = [*_page(), *_files(settings), *_findings(profile, settings, look_for_broker=not options.no_broker)]
    if options.json:
        print(json.dumps({"settings": as_json(settings), "findings": as_json(findings)}, ensure_ascii=False))
    else:
        print(f"profile {profile.name}: {profile.description}")
        over = f", under what the service's web page saved in {page}" if page else ""
        print(f"settings from {opts.config_file(options) or 'the profile alone'}{over}\n")
        _print_settings(settings)
        print()
        for finding in findings:
            mark = "ok  " if not finding.problem else "FAIL" if finding.fatal else "warn"
            print(f"{mark}  {finding.what:<22}{finding.problem or finding.found}")
    return int(any(finding.fatal and finding.problem for finding in findings))


def _page() -> list[Finding]:
    if not opts.service_is_closed():
        return []
    return [Finding("service", "", f"what its web page saved in {opts.SERVICE_STATE} is seen by: sudo edgevoice check")]


def _files(settings: Settings) -> list[Finding]:
    remedy = "cannot be read: is it there, and may this user read it?"
    named = opts.named_files(settings)
    return [Finding(key, "", f"{path} {remedy}", True) for key, path in named if not os.access(path, os.R_OK)]


def _findings(profile: profiles.Profile, settings: Settings, look_for_broker: bool) -> list[Finding]:
    store = Store()
    found = [Finding("fit", "", problem, True) for problem in _problems(settings, profile)]
    found += [Finding("board", "", problem) for problem in profiles.misfits(settings, profile.board, _ram_mb())]
    found = found or [Finding("fit", f"engines are known, models fit in {profile.board.ram_budget_mb} MB")]
    for stage in registry.ENGINES:
        chosen = getattr(settings, stage)
        if chosen.engine:
            found.append(_engine(stage, chosen, store))
    found += _sentences(settings)
    found.append(_speech(settings))
    if settings.home.vss is not None:
        found.append(_car(settings.home.vss, settings.home.vss_version))
    found.append(_sound())
    if look_for_broker:
        found.append(_broker(settings))
    return found


def _problems(settings: config.Settings, profile: profiles.Profile) -> list[str]:
    return profiles.check(settings, _ram_mb(), profile.board.ram_budget_mb)


def _ram_mb() -> dict[str, int]:
    return {name: model.ram_mb for name, model in Store().manifest.items()}


def _engine(stage: str, chosen: object, store: Store) -> Finding:
    name, model = getattr(chosen, "engine", ""), getattr(chosen, "model", "")
    is_fatal = stage not in ("llm", "tts")
    try:
        registry.factory(stage, name)
        if model:
            store.folder(model)
        if (stage, name) == ("llm", "gguf"):
            gguf.library()  # which its module puts off
        if isinstance(chosen, WakeSettings) and not any(":" in word.engine for word in chosen.each()):
            # Each word has an engine and a model; an engine of one's own is not run before it has to be.
            return Finding(stage, f"{name}: {', '.join(hearing.wakes(chosen, store).words)}")
    except EdgeVoiceError as error:
        return Finding(stage, "", str(error), is_fatal)
    return Finding(stage, f"{name} {model}".strip())


def _speech(settings: Settings) -> Finding:
    """Whether what is heard and what speaks know the language of the sentences."""
    language = settings.nlu.language
    if language.casefold().startswith("en"):
        return Finding("language", language)
    asr, tts = settings.asr, settings.tts
    problems = []
    if asr.engine == "moonshine" or asr.model.endswith("-en"):
        problems.append(f"asr hears English: set asr.engine to vosk and asr.model to one for '{language}'")
    if tts.engine in ("hibari", "piper") or (tts.engine == "espeak" and (tts.voice or "en").startswith("en")):
        problems.append(f"tts speaks English: set tts.engine to espeak and tts.voice to one for '{language}'")
    return Finding("language", language, "; ".join(problems))


def _sentences(settings: Settings) -> list[Finding]:
    from edgevoice.home import inventory
    from edgevoice.home.model import Home

    try:
        home = Home(language=settings.nlu.language)
        if settings.home.file is not None:
            inventory.apply(inventory.load(settings.home.file), home)
        understanding = cascade.load(home, settings.nlu)
    except EdgeVoiceError as error:
        return [Finding("home and sentences", "", str(error), True)]
    told = f"language {settings.nlu.language}, file {settings.home.file or 'none'}"
    return [Finding("home and sentences", told), Finding("packs", _packs(understanding.packs, settings.nlu.language))]


def _packs(packs: tuple[Pack, ...], language: str) -> str:
    """`home (155 sentences), timers, aquarium (2 sentences, /…/aquarium.yaml)`."""
    told = []
    for pack in packs:
        sentences = [f"{count} sentence{'' if count == 1 else 's'}"] if (count := pack.count()) else []
        file = [] if pack.ships else [pack.source.name]
        other = [] if pack.speaks(language) or not count else [f"in {pack.spec.language} only"]
        more = ", ".join([*sentences, *other, *file])
        told.append(f"{pack.name} ({more})" if more else pack.name)
    return ", ".join(told)


def _car(file: Path, version: str) -> Finding:
    from edgevoice.home import vss, vss_tree
    from edgevoice.home.model import Home

    try:
        tree = vss_tree.load(file, version)
    except EdgeVoiceError as error:
        return Finding("car", "", str(error), True)
    home = vss.Vehicle(Home(), tree).home
    told = f"VSS {tree.version or 'of no told version'}: {len(home.devices)} devices in {len(home.areas)} zones"
    return Finding("car", told, "" if home.devices else f"{file} has no signal that can be spoken to")


def _sound() -> Finding:
    try:
        found = sound.devices()
    except AudioError as error:
        return Finding("sound", "", str(error))
    inputs = sum(device.inputs > 0 for device in found)
    problem = "" if inputs else "no microphone: plug one in, or use `edgevoice replay` and `ask`"
    return Finding("sound", f"{inputs} inputs, {len(found) - inputs} other devices", problem)


def _broker(settings: Settings) -> Finding:
    address = f"{settings.mqtt.host}:{settings.mqtt.port}"
    client = MqttClient(dataclasses.replace(settings.mqtt, client_id=f"{settings.mqtt.client_id}-check"), is_guest=True)
    try:
        client.start(_BROKER_SECONDS)
    except BrokerError as error:
        return Finding("broker", "", f"{error} (`edgevoice demo` brings its own)")
    except EdgeVoiceError as error:  # a password or certificate that cannot be read
        return Finding("broker", "", str(error), True)
    finally:
        client.stop()
    return Finding("broker", f"{address} answers")


def _print_settings(settings: Settings) -> None:
    for stage in dataclasses.fields(settings):
        values = getattr(settings, stage.name)
        print(f"{stage.name}:")
        for field in dataclasses.fields(values):
            value = json.dumps(as_json(getattr(values, field.name)), ensure_ascii=False)
            print(f"  {field.name}: {value:<24}  # {field.metadata.get('help', '')}")


def devices(options: argparse.Namespace) -> None:
    if options.home:
        homes.show(options)
        return
    found = sound.devices()
    if options.json:
        print(json.dumps(as_json(found), ensure_ascii=False))
        return
    if not found:
        raise AudioError("no sound devices. Is one plugged in, and are you in the group 'audio'?")
    for device in found:
        default = "*" if device.default_input or device.default_output else " "
        print(
            f"{default} {device.number:>3}  {device.inputs:>3} in {device.outputs:>3} out {device.rate:>7} Hz  {device.name}"
        )


def profiles_list(options: argparse.Namespace) -> None:
    here = profiles.detect()
    loaded = [profiles.load(name) for name in profiles.names()]
    if options.json:
        rows = [{"name": p.name, "description": p.description, "here": p.name == here} for p in loaded]
        print(json.dumps(rows))
        return
    for profile in loaded:
        print(f"{'*' if profile.name == here else ' '} {profile.name:<18} {profile.description}")


def profiles_show(options: argparse.Namespace) -> None:
    profile = profiles.load(options.name)
    if options.json:
        shown = {"name": profile.name, "description": profile.description}
        print(json.dumps(shown | {"board": as_json(profile.board), "settings": as_json(profile.settings)}))
        return
    print(f"{profile.name}: {profile.description}\n\nboard:")
    for field in dataclasses.fields(profile.board):
        print(f"  {field.name}: {json.dumps(as_json(getattr(profile.board, field.name)))}")
    _print_settings(profile.settings)


def profiles_check(options: argparse.Namespace) -> int:
    failed, here = 0, profiles.detect()
    for name in options.names or profiles.names():
        profile = profiles.load(name)
        problems = _problems(profile.settings, profile)
        # Of the shipped ones most are for other boards.
        misfits = profiles.misfits(profile.settings, profile.board, _ram_mb()) if options.names or name == here else []
        failed += bool(problems)
        print(
            f"{'FAIL' if problems else 'warn' if misfits else 'ok  '}  {profile.name}{' (this machine)' if name == here else ''}"
        )
        for problem in problems:
            print(f"      {problem}")
        for misfit in misfits:
            print(f"      here: {misfit}")
    return int(failed > 0)


def _service(options: argparse.Namespace) -> systemd.Service:
    opts.as_caller()
    page = None if options.user else opts.services_page()
    profile, settings, file = opts.profile(options), opts.settings(options, page=page), opts.config_file(options)
    program = shutil.which("edgevoice") or str(Path(sys.argv[0]).resolve())
    given = options.profile or profile.name
    named = str(profile.file.resolve()) if Path(given).suffix else given
    command = [program, "run", "--log-level", "info", "--profile", named]
    if file is not None:
        command += ["--config", str(file.resolve())]
    models = Store().root
    readable = systemd.needed_paths(file, models, profile.file)
    return systemd.Service(tuple(command), models, profile.board, systemd.hosts(settings), readable, user=options.user)


def service_print(options: argparse.Namespace) -> None:
    print(systemd.unit(_service(options)), end="")


def service_install(options: argparse.Namespace) -> None:
    if not options.user:
        opts.as_caller()
        named = dict(opts.named_files(opts.settings(options, page=opts.services_page())))
        named.pop("privacy.record_key_file", None)  # nobody else may read it: it is made in the service's own folder
        for problem in systemd.closed(filter(None, (opts.config_file(options), *named.values()))):
            print(f"warn  {problem}")
    _carry_out(systemd.install(_service(options)), options.dry_run)


def service_uninstall(options: argparse.Namespace) -> None:
    steps = systemd.uninstall(options.user)
    if not steps:
        print("nothing to do: the service is not installed")
    _carry_out(steps, options.dry_run)


def _carry_out(steps: tuple[systemd.Step, ...], dry_run: bool) -> None:
    for step in steps:
        print(f"{'would ' if dry_run else ''}{step}")
    if not dry_run:
        systemd.carry_out(steps)
