"""Makes the man page and the shells' completions from the command line itself, while a wheel is built."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMPLETIONS = {
    "bash": "share/bash-completion/completions/edgevoice",
    "zsh": "share/zsh/site-functions/_edgevoice",
    "fish": "share/fish/vendor_completions.d/edgevoice.fish",
}
MAN = "share/man/man1/edgevoice.1"


def write(folder: Path) -> dict[str, str]:
    """Writes them below `folder`. Returns path there -> path below the prefix of an installation."""
    import shtab
    from argparse_manpage.manpage import Manpage

    from edgevoice import cli

    made = {path: shtab.complete(cli.parser(), shell=shell) for shell, path in COMPLETIONS.items()}
    parser = cli.parser()
    parser.man_short_description = "voice assistant for the home and the car"  # type: ignore[attr-defined]
    made[MAN] = str(Manpage(parser))
    for path, text in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return {str(folder / path): path for path in made}


class CommandLineHook(BuildHookInterface[Any]):
    """Called by hatchling."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, self.root)
        try:
            build_data["shared_data"].update(write(Path(self.directory) / ".command-line"))
        finally:
            sys.path.remove(self.root)
