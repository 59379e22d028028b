"""The `edgevoice` command: what each sub-command takes. What it does is in `commands/` and `demo.py`."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from edgevoice import __version__, ending, logs
from edgevoice.errors import EdgeVoiceError

_EPILOG = """\
Start with `edgevoice demo`: it needs no microphone and no broker.
Then `edgevoice check` says whether this machine can run the assistant, and `edgevoice run` runs it.
Settings are read from --config, else ~/.config/edgevoice/settings.yaml, else /etc/edgevoice/settings.yaml.
"""

_DIALECTS = ("homeassistant", "zigbee2mqtt", "tasmota", "homie", "viss")


def start() -> NoReturn:
    """The process of the command: `main`, ended in time."""
    with ending.in_time():
        try:
            status = main()
        except SystemExit as error:  # wrong usage, and SIGTERM
            if not isinstance(error.code, int):
                raise
            status = error.code
    ending.leave(status)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command. Returns the exit status: 0 done, 1 a clear error, 2 wrong usage, 130 interrupted."""
    options = parser().parse_args(arguments)
    logs.setup(options.log_level, sys.stderr, os.environ)
    module, _, name = options.handler.partition(":")
    handler: Callable[[argparse.Namespace], int | None] = getattr(importlib.import_module(module), name)
    # Ending as Ctrl-C does: contexts are left one by one, so that a broker is told and nothing is half-sent.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return handler(options) or 0
    except EdgeVoiceError as error:
        print(f"edgevoice: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; so does the message that Python would print
        return 1
    finally:
        signal.signal(signal.SIGTERM, before)


def parser() -> argparse.ArgumentParser:
    """The whole command line. The man page and the README's list of commands are made from it."""
    top = argparse.ArgumentParser(
        prog="edgevoice",
        description="A voice assistant for the home and the car that runs on this machine alone.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"edgevoice {__version__}")
    top.set_defaults(log_level="warning")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _talking(commands)
    _machine(commands)
    _models(commands)
    _profiles(commands)
    _service(commands)
    _privacy(commands)
    return top


Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _command(commands: Commands, name: str, handler: str, help: str, example: str = "") -> argparse.ArgumentParser:  # type: ignore[valid-type]
    made: argparse.ArgumentParser = commands.add_parser(  # type: ignore[attr-defined]
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        epilog=f"example:\n  {example}" if example else "",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if handler:  # a group has none: its actions do
        made.set_defaults(handler=handler)
        levels = ("debug", "info", "warning", "error")
        made.add_argument("--log-level", choices=levels, default="warning", help="how much to log (warning)")
    return made


def _with_settings(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    made.add_argument(
        "--profile", metavar="NAME", help="device profile: a name or a YAML file (default: this machine's)"
    )
    made.add_argument("--config", type=Path, metavar="FILE", help="settings that win over the profile's")
    made.add_argument("--json", action="store_true", help="one JSON object a line, for programs")
    return made


def _with_home(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    _with_settings(made)
    made.add_argument(
        "--demo-home",
        action="store_true",
        help="use a simulated home and an embedded broker, not the ones in the settings",
    )
    made.add_argument("--no-llm", action="store_true", help="leave the language model out")
    return made


def _share(text: str) -> float:
    return _number(text, 1.0)


def _ms(text: str) -> float:
    return _number(text, 600_000.0)


def _seconds(text: str) -> float:
    return _number(text, 3600.0, 0.1)


def _number(text: str, most: float, least: float = 0.0) -> float:
    value = float(text)
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text} is not between {least:g} and {most:g}")
    return value


def _talking(commands: Commands) -> None:  # type: ignore[valid-type]
    talk = "edgevoice.commands.talk"
    demo = _command(
        commands,
        "demo",
        "edgevoice.demo:demo",
        "play human recordings to a simulated home through every stage, and show what happens",
        "edgevoice demo            # recordings\n  edgevoice demo --text     # you type\n  edgevoice demo --mic      # you speak",
    )
    _with_settings(demo)
    demo.add_argument("--mic", action="store_true", help="speak into this machine's microphone instead")
    demo.add_argument("--text", action="store_true", help="type sentences instead")
    demo.add_argument(
        "--car", action="store_true", help="a simulated car instead of the home; its scenes are typed, not recorded"
    )
    demo.add_argument("--no-llm", action="store_true", help="leave the language model out (saves its download)")
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("edgevoice-demo"),
        metavar="DIR",
        help="where the spoken replies go (edgevoice-demo)",
    )
    run = _command(
        commands, "run", f"{talk}:run", "run the assistant on a microphone", "edgevoice run --profile raspberry-pi-5"
    )
    _with_home(run)
    replay = _command(
        commands,
        "replay",
        f"{talk}:replay",
        "put recordings through the same pipeline as the microphone",
        "edgevoice replay --demo-home --no-wake command.wav",
    )
    _with_home(replay)
    replay.add_argument("files", nargs="+", type=Path, metavar="FILE", help="WAV or FLAC, any rate and channels")
    replay.add_argument("--no-wake", action="store_true", help="listen from the start, without a wake word")
    replay.add_argument("--out", type=Path, metavar="DIR", help="write the spoken replies here")
    ask = _command(
        commands,
        "ask",
        f"{talk}:ask",
        "text in, actions and reply out",
        'edgevoice ask --demo-home "turn off the office lights"',
    )
    _with_home(ask)
    ask.add_argument("text", nargs="+", help="what to say; several sentences in quotes are one conversation")
    say = _command(commands, "say", f"{talk}:say", "speak a text", 'edgevoice say "The kettle is on." --out kettle.wav')
    _with_settings(say)
    say.add_argument("text", help="what to speak")
    say.add_argument("--out", type=Path, metavar="FILE", help="write a WAV file instead of playing")


def _machine(commands: Commands) -> None:  # type: ignore[valid-type]
    machine = "edgevoice.commands.machine"
    check = _command(
        commands,
        "check",
        f"{machine}:check",
        "print the merged settings and whether this machine can run them",
        "edgevoice check",
    )
    _with_settings(check)
    check.add_argument("--no-broker", action="store_true", help="do not try to reach the broker")
    devices = _command(
        commands, "devices", f"{machine}:devices", "list the sound devices, or what the home has",
        "edgevoice devices\n  edgevoice devices --home",
    )  # fmt: skip
    _with_settings(devices)
    devices.add_argument("--home", action="store_true", help="the home's devices: area, state, capabilities, origin")
    top = _command(
        commands, "top", "edgevoice.commands.top:top", "show what the running assistant does, from its metrics port",
        "edgevoice top --once --port 9464",
    )  # fmt: skip
    _with_settings(top)
    top.add_argument("--port", type=int, metavar="N", help="the port (default: service.metrics_port of the settings)")
    top.add_argument("--once", action="store_true", help="print once and end")
    top.add_argument("--every", type=_seconds, default=2.0, metavar="SECONDS", help="between two looks (2)")
    top.add_argument("--health", action="store_true", help="print the health as JSON; status 1 where it has failed")
    simulate = _command(
        commands, "simulate", "edgevoice.commands.homes:simulate", "put a simulated home on the broker of the settings",
        "edgevoice simulate --dialect zigbee2mqtt --loss 0.1 --delay 200",
    )  # fmt: skip
    _with_settings(simulate)
    simulate.add_argument(
        "--home", type=Path, metavar="FILE", help="YAML of the home, or a car's VSS tree (default: the demo's)"
    )
    simulate.add_argument("--dialect", default="homeassistant", choices=_DIALECTS, help="homeassistant; viss is a car")
    simulate.add_argument(
        "--loss", type=_share, default=0.0, metavar="P", help="share of commands not heard, 0 to 1 (0)"
    )
    simulate.add_argument("--delay", type=_ms, default=0.0, metavar="MS", help="time a command takes, in ms (0)")


def _models(commands: Commands) -> None:  # type: ignore[valid-type]
    models = _command(
        commands, "models", "", "list, fetch and check the models", "edgevoice models pull --profile raspberry-pi-5"
    )
    actions = models.add_subparsers(title="actions", metavar="ACTION", required=True)
    handlers = "edgevoice.commands.models"
    listed = _command(actions, "list", f"{handlers}:list_", "list every model with its licence and whether it is here")
    listed.add_argument("--json", action="store_true", help="as JSON, for programs")
    for name, help in (("pull", "fetch models and check their sha256"), ("verify", "check the sha256 of models again")):
        action = _with_settings(_command(actions, name, f"{handlers}:{name}", help))
        action.add_argument(
            "names", nargs="*", metavar="MODEL", help="names from `models list` (default: the profile's)"
        )
    export = _with_settings(
        _command(
            actions, "export", f"{handlers}:export", "pack models into one archive, for a board with no network",
            "edgevoice models export --profile raspberry-pi-5 models.tar",
        )
    )  # fmt: skip
    export.add_argument("archive", type=Path, metavar="ARCHIVE")
    export.add_argument("names", nargs="*", metavar="MODEL", help="names from `models list` (default: the profile's)")
    import_ = _command(actions, "import", f"{handlers}:import_", "unpack such an archive, verifying every file")
    import_.add_argument("archive", type=Path, metavar="ARCHIVE")


def _profiles(commands: Commands) -> None:  # type: ignore[valid-type]
    profiles = _command(
        commands, "profiles", "", "list, show and check the device profiles", "edgevoice profiles show jetson-orin-nano"
    )
    actions = profiles.add_subparsers(title="actions", metavar="ACTION", required=True)
    handlers = "edgevoice.commands.machine"
    listed = _command(
        actions, "list", f"{handlers}:profiles_list", "list the profiles; the one that fits this machine is marked"
    )
    listed.add_argument("--json", action="store_true", help="as JSON, for programs")
    show = _command(actions, "show", f"{handlers}:profiles_show", "print one profile and the settings it makes")
    show.add_argument("name", metavar="NAME")
    show.add_argument("--json", action="store_true", help="as JSON, for programs")
    suggest = _command(
        actions, "suggest", "edgevoice.commands.suggest:suggest",
        "measure this machine, and write the best profile that it holds in real time",
        "edgevoice profiles suggest --out my-board.yaml",
    )  # fmt: skip
    suggest.add_argument("--out", type=Path, metavar="FILE", help="write it there (default: print it)")
    suggest.add_argument(
        "--seconds",
        type=_seconds,
        default=10.0,
        metavar="N",
        help="how long each is measured at most, less where it is clear sooner (10)",
    )
    checked = _command(actions, "check", f"{handlers}:profiles_check", "check profiles: engines, models, RAM")
    checked.add_argument("names", nargs="*", metavar="NAME", help="names or YAML files (default: all)")


def _service(commands: Commands) -> None:  # type: ignore[valid-type]
    service = _command(commands, "service", "", "run the assistant as a systemd service", "edgevoice service print")
    actions = service.add_subparsers(title="actions", metavar="ACTION", required=True)
    handlers = "edgevoice.commands.machine"
    for name, help, example in (
        ("install", "write the unit and start it, anew where it runs", "sudo edgevoice service install --dry-run"),
        ("uninstall", "stop it and remove the unit; settings and models stay", "sudo edgevoice service uninstall"),
        ("print", "print the unit", "edgevoice service print --profile raspberry-pi-5"),
    ):
        action = _with_settings(_command(actions, name, f"{handlers}:service_{name}", help, example))
        action.add_argument("--user", action="store_true", help="for your own account's systemd, not the machine's")
        if name != "print":
            action.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")


def _privacy(commands: Commands) -> None:  # type: ignore[valid-type]
    privacy = _command(commands, "privacy", "", "what is kept of you, and removing it", "edgevoice privacy report")
    actions = privacy.add_subparsers(title="actions", metavar="ACTION", required=True)
    handlers = "edgevoice.commands.privacy"
    _with_settings(_command(actions, "report", f"{handlers}:report", "say what is kept where, and what leaves"))
    wipe = _with_settings(
        _command(
            actions, "wipe", f"{handlers}:wipe", "remove what is kept, and say what stays",
            "edgevoice privacy wipe --dry-run",
        )
    )  # fmt: skip
    wipe.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    wipe.add_argument("--yes", action="store_true", help="do not ask")
    wipe.add_argument(
        "--everything", action="store_true", help="your settings, the web page's token and the recordings' key too"
    )
    key = _command(actions, "key", f"{handlers}:key", "make a key that recordings are encrypted with")
    key.add_argument("file", type=Path, metavar="FILE")
    decrypt = _with_settings(
        _command(actions, "decrypt", f"{handlers}:decrypt", "write encrypted recordings as plain ones")
    )
    decrypt.add_argument("out", type=Path, metavar="DIR", help="folder for the plain files")
