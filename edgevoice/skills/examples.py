"""What somebody could say in this home, in its own names: the answer to "what can you do?"."""

from __future__ import annotations

from collections.abc import Mapping

from edgevoice.home.model import Home

_BY_DOMAIN: Mapping[str, str] = {
    "light": "turn on the {}",
    "climate": "set the {} to 21 degrees",
    "lock": "is the {} locked",
    "cover": "open the {}",
    "media_player": "pause the {}",
    "vacuum": "start the {}",
    "fan": "turn off the {}",
    "switch": "switch on the {}",
    "sensor": "what is the {}",
}
_MOST = 4


def of(home: Home) -> tuple[str, ...]:
    """A sentence for each of the first kinds of device that the home has, and one that needs none."""
    first = {device.domain: device.name for device in reversed(tuple(home.exposed()))}
    said = [sentence.format(first[domain]) for domain, sentence in _BY_DOMAIN.items() if domain in first]
    return (*said[:_MOST], "set a timer for ten minutes")
