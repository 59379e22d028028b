"""Text as data: nothing in it is a control token of a chat template."""

from __future__ import annotations

import re

# `<|im_end|>`, `</s>`, `[INST]`
_CONTROL = re.compile(r"([<\[])(?=[|/A-Za-z])")


def plain(text: str) -> str:
    """The text with a space in each thing that a tokeniser may take for a control token."""
    return _CONTROL.sub(r"\1 ", text)
