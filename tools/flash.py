#!/usr/bin/env python3
"""Puts EdgeVoice onto a board: all that it needs without a network, updated in place, taken back with --rollback.

  tools/flash.py --profile raspberry-pi-5 --target pi@kitchen.local     over ssh; copies, sets up, starts
  tools/flash.py --profile raspberry-pi-5 --target /media/me/rootfs     a mounted card or any folder
  tools/flash.py --profile raspberry-pi-5 --target raspios.img          a raw image, by a loop device (needs root)

The board gets wheels for its processor and Python, the profile's models, the units and a first-boot step, each file
listed with its sha256 in release.json. Your settings (/etc/edgevoice/settings.yaml) are written once and then kept.
What has no wheel for the board, such as llama-cpp-python, comes from --wheels or is compiled at the first boot.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from edgevoice import profiles
from edgevoice.errors import EdgeVoiceError
from edgevoice.model_store import Store
from flashing import release as releases
from flashing import targets, wheels
from flashing.release import Release

CHECKOUT = Path(__file__).resolve().parents[1]
CACHE = Path("~/.cache/edgevoice/flash").expanduser()


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        if options.rollback:
            with targets.opened(options.target) as target:
                print(f"current is {target.rollback()} again")
            return 0
        if options.profile is None:
            raise EdgeVoiceError(f"which --profile? {', '.join(profiles.names())}")
        return _flash(options)
    except EdgeVoiceError as error:
        print(f"flash: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nflash: interrupted; the board still has what it had", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", metavar="NAME", help=f"the board: {', '.join(profiles.names())}, or a YAML file")
    parser.add_argument(
        "--target", required=True, metavar="TO", help="a folder, an image, or user@host[:port][:/folder]"
    )
    releases.add_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="list what would be written, and write nothing there")
    parser.add_argument("--rollback", action="store_true", help="go back to the release before")
    return parser


def _flash(options: argparse.Namespace) -> int:
    with releases.temporary() as scratch, targets.opened(options.target) as target:
        release = built(options, Path(scratch), target.system())
        missing = release.missing(target.have())
        if options.dry_run:
            _list(release, missing)
            return 0
        with tqdm(total=sum(e.size for e in missing), unit="B", unit_scale=True, desc="to the board") as bar:
            target.take(release, missing, bar.update)
        left = target.activate(release)
    print(f"{release.id} is current on {options.target}")
    for line in left:
        print(line)
    return 0


def built(options: argparse.Namespace, scratch: Path, system: Mapping[str, str]) -> Release:
    """The release that the options ask for; wheels and models are fetched. `scratch` must live as long as it.

    What the options leave open is as the board's `system` has it (`receive.system`), else as in Debian 12.
    """
    profile = profiles.load(options.profile)
    python = options.python or system.get("python", "3.11")
    board = wheels.Board(profile.board.arch, python, options.glibc or int(system.get("glibc", 36)))
    if board.arch != (arch := system.get("arch", board.arch)):
        raise EdgeVoiceError(f"{profile.name} is for {board.arch} and the target is {arch}: choose another profile")
    if (*map(int, board.python.split(".")),) < (3, 11):
        raise EdgeVoiceError(f"Python {board.python} is too old: install 3.11 or newer there, and name it by --python")
    if unfit := releases.check(profile):
        raise EdgeVoiceError(f"the profile does not fit its own board: {'; '.join(unfit)}")
    for file in (options.settings, options.wheels):
        if file is not None and not file.exists():
            raise EdgeVoiceError(f"{file} does not exist")
    folder = CACHE / f"{board.arch}-{board.python}"
    folder.mkdir(parents=True, exist_ok=True)
    print(f"wheels for {board.arch}, Python {board.python} …", file=sys.stderr)
    own = wheels.own_wheel(CHECKOUT, scratch)
    packages = wheels.gather(own, releases.extras(profile), releases.without(profile), board, folder, options.wheels)
    if wrong := wheels.problems(packages, board):
        raise EdgeVoiceError("; ".join(wrong))
    for source in packages.sources:
        print(f"{source.name}: no wheel for {board.arch}; the board compiles it at its first boot", file=sys.stderr)
    store = Store()
    store.pull_many(store.missing(releases.models(profile)))
    for name in releases.models(profile):
        store.verify(name)
    return releases.build(profile, board, packages, options.settings, scratch)


def _list(release: Release, missing: Sequence[releases.Entry]) -> None:
    new = {entry.sha256 for entry in missing}
    print(f"release {release.id}: {len(release.entries)} files, {sum(e.size for e in release.entries) / 1e6:.1f} MB")
    for entry in release.entries:
        print(
            f"{'write' if entry.sha256 in new else 'keep ':<6}{entry.size / 1e6:>8.1f} MB  {entry.sha256[:12]}  {entry.path}"
        )
    print(f"{sum(e.size for e in missing) / 1e6:.1f} MB would be sent; settings and state stay as they are")


if __name__ == "__main__":
    sys.exit(main())
