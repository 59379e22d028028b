#!/usr/bin/env python3
"""Packs EdgeVoice for a board's package manager or for a container, out of the same release that tools/flash.py sends.

  tools/package.py deb --profile raspberry-pi-5 --out dist           a Debian package; apt install ./dist/edgevoice_….deb
  tools/package.py container --profile x86-cpu --out dist/container  a folder: docker build -t edgevoice dist/container

Both install with no network: wheels and models are inside.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import edgevoice
import hatch_build
from edgevoice import profiles
from edgevoice.errors import EdgeVoiceError
from flash import CHECKOUT, built
from flashing import receive
from flashing import release as releases
from flashing.release import CURRENT, Release

_DEBIAN_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}
_CONTROL = """\
Package: edgevoice
Version: {version}
Architecture: {arch}
Maintainer: EdgeVoice <edgevoice@localhost>
Section: sound
Priority: optional
Installed-Size: {kilobytes}
Depends: python{python}, libgomp1, libportaudio2
Recommends: mosquitto{compiler}
Suggests: espeak-ng
Description: on-device voice assistant for the smart home and the car
 Wake word, speech recognition, understanding, MQTT and a voice on one small
 computer, with no cloud and no account. This package is for the profile
 {profile}.
"""
_POSTINST = """\
#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
{python} -I {current}/first_boot.py
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable --quiet {units}
    systemctl restart edgevoice.service || true
fi
"""
_PRERM = """\
#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
    [ "$1" != remove ] || systemctl disable --quiet --now {units} || true
fi
rm -rf {folder}/venv
"""
_POSTRM = """\
#!/bin/sh
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
[ "$1" = upgrade ] || rm -rf /{home}/built
# What the service kept: timers, lists, the web page's token.
[ "$1" != purge ] || rm -rf /var/lib/edgevoice /var/lib/private/edgevoice
"""
_CONTAINERFILE = """\
# Broker, sound card and settings come from outside:
#   docker run --device /dev/snd --network host -v ./settings.yaml:/etc/edgevoice/settings.yaml:ro edgevoice
FROM debian:12-slim
RUN apt-get update \\
 && apt-get install -y --no-install-recommends {python} libgomp1 libportaudio2 {compiler} \\
 && rm -rf /var/lib/apt/lists/*
COPY root/ /
RUN {python} -I {current}/first_boot.py \\
 && useradd --system --groups audio --home-dir /var/lib/edgevoice --create-home edgevoice
ENV XDG_STATE_HOME=/var/lib/edgevoice
USER edgevoice
ENTRYPOINT ["edgevoice"]
CMD ["run", "--profile", "{current}/{profile}.yaml", "--config", "/etc/edgevoice/settings.yaml"]
# Tells more than that the process runs where the settings have service.metrics_port, such as 9464.
HEALTHCHECK --start-period=120s CMD [ \\
  "edgevoice", "top", "--health", "--profile", "{current}/{profile}.yaml", "--config", "/etc/edgevoice/settings.yaml"]
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        with releases.temporary() as scratch:
            release = built(options, Path(scratch), {})
            make = deb if options.kind == "deb" else container
            print(make(release, options.out))
    except EdgeVoiceError as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("deb", "container"))
    parser.add_argument("--profile", required=True, metavar="NAME", help=f"the board: {', '.join(profiles.names())}")
    parser.add_argument("--out", type=Path, default=Path("dist"), metavar="DIR", help="where it goes (dist)")
    releases.add_options(parser)
    return parser


def deb(release: Release, out: Path) -> Path:
    """A Debian package. Raises EdgeVoiceError where there is no dpkg-deb here."""
    told = release.manifest
    name = f"edgevoice_{edgevoice.__version__}_{_DEBIAN_ARCH[told['arch']]}"
    root = out / name
    folder = _laid_out(release, root, units=Path("lib/systemd/system"))
    hatch_build.write(root / "usr")
    copyright = root / "usr/share/doc/edgevoice/copyright"
    copyright.parent.mkdir(parents=True)
    copyright.write_bytes((CHECKOUT / "LICENSE").read_bytes() + b"\n" + (CHECKOUT / "NOTICE").read_bytes())
    control = root / "DEBIAN"
    control.mkdir()
    words = _words(release) | {
        "folder": f"/{folder}",
        "home": receive.HOME,
        "version": edgevoice.__version__,
        "arch": _DEBIAN_ARCH[told["arch"]],
    }
    words |= {
        "kilobytes": str(sum(e.size for e in release.entries) // 1024),
        "compiler": ", g++" if told["sources"] else "",
    }
    (control / "control").write_text(_CONTROL.format_map(words | {"python": told["python"]}))
    (control / "conffiles").write_text(f"/{receive.SETTINGS}\n")
    for script, text in (("postinst", _POSTINST), ("prerm", _PRERM), ("postrm", _POSTRM)):
        (control / script).write_text(text.format_map(words))
        (control / script).chmod(0o755)
    package = out / f"{name}.deb"
    try:
        # Models and wheels are compressed already.
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Znone", "--build", root, package],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise EdgeVoiceError("there is no dpkg-deb here: apt install dpkg") from None
    finally:
        shutil.rmtree(root)
    return package


def container(release: Release, out: Path) -> Path:
    """A folder that `docker build` or `podman build` takes."""
    shutil.rmtree(out / "root", ignore_errors=True)
    _laid_out(release, out / "root", units=None)
    words = _words(release) | {"compiler": "g++" if release.manifest["sources"] else ""}
    file = out / "Containerfile"
    file.write_text(_CONTAINERFILE.format_map(words))
    (out / "Dockerfile").unlink(missing_ok=True)
    (out / "Dockerfile").symlink_to("Containerfile")
    return file


def _words(release: Release) -> dict[str, str]:
    told = release.manifest
    return {
        "python": f"python{told['python']}", "current": str(CURRENT), "profile": told["profile"],
        "units": " ".join(told["units"]),
    }  # fmt: skip


def _laid_out(release: Release, root: Path, units: Path | None) -> Path:
    """Writes a release below a root as the package manager is to put it there. Returns its folder there."""
    folder = Path(receive.HOME) / "releases" / release.id
    shutil.rmtree(root, ignore_errors=True)
    for entry in release.entries:
        if entry.path in release.manifest["units"] and units is None:
            continue
        path = root / (units / entry.path if units and entry.path in release.manifest["units"] else folder / entry.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(entry.source, path)
        path.chmod(entry.mode)
    settings = root / receive.SETTINGS
    settings.parent.mkdir(parents=True, exist_ok=True)
    os.replace(root / folder / "settings.yaml", settings)
    (root / folder / "release.json").write_text(release.text, "utf-8")
    (root / receive.HOME / "current").symlink_to(f"releases/{release.id}")
    program = root / "usr/bin" / receive.PROGRAM
    program.parent.mkdir(parents=True)
    program.symlink_to(CURRENT / receive.PROGRAM)
    return folder


if __name__ == "__main__":
    sys.exit(main())
