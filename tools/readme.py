"""Writes the settings table of the README from the settings themselves: `tools/readme.py`; `--check` only looks."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from edgevoice.commands.show import as_json
from edgevoice.config import Settings

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- settings table -->\n", "<!-- end of settings table -->\n"


def table() -> str:
    """One row a setting: key, default, what it is."""
    rows = ["| setting | default | what |", "|---|---|---|"]
    defaults = Settings()
    for stage in dataclasses.fields(defaults):
        values = getattr(defaults, stage.name)
        for field in dataclasses.fields(values):
            default = json.dumps(as_json(getattr(values, field.name)), ensure_ascii=False)
            rows.append(f"| `{stage.name}.{field.name}` | `{default}` | {field.metadata.get('help', '')} |")
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """The README's text with today's table between its two marks."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return before + BEGIN + table() + END + after


def main() -> int:
    text = README.read_text("utf-8")
    wanted = with_table(text)
    if "--check" in sys.argv[1:]:
        return int(text != wanted)
    README.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
