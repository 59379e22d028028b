"""Names that come from outside: bounded, and clean enough to be spoken, logged and matched."""

from __future__ import annotations

import re
import unicodedata

LIMIT = 100
"""Characters that a name may have; nobody says a longer one."""


def clean(text: str, limit: int = LIMIT) -> str:
    """`text` on one line, without control and invisible characters, cut at `limit`."""
    kept = text[: limit * 4]
    if not (kept.isascii() and kept.isprintable()):
        kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in kept)
    return " ".join(kept.split())[:limit].rstrip()


def slug(text: str) -> str:
    """The id that Home Assistant makes of a name: ASCII letters, digits and single underscores.

    A name in another script keeps its letters, as there is no id else.
    """
    plain = unicodedata.normalize("NFKD", clean(text).casefold()).replace("ß", "ss")
    ascii_only = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"\W+", "_", ascii_only).strip("_") or "unnamed"


def titled(object_id: str) -> str:
    """A name for an entity that has none but its id: `bed_light` is `Bed Light`."""
    return clean(object_id.replace("_", " ").replace("-", " ")).title()


def phrase(text: str) -> str:
    """A topic's or a key's name as it is said: `kitchen_lamp` is `Kitchen Lamp`; one with capitals of its own keeps them."""
    said = clean(text.replace("_", " ").replace("/", " "))
    return said if said != said.lower() else said.title()


def fold(text: str) -> str:
    """A name as it is compared: case and spacing do not count."""
    return " ".join(text.casefold().replace("’", "'").split())
