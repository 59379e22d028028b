"""What is right for the labels of SLURP and of the NLU-Evaluation data, by the table of the benches' README."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent


@dataclass(frozen=True, slots=True)
class Found:
    """A prediction and the devices it means."""

    intent: Intent
    devices: Sequence[Device]

    def on(self, *domains: str) -> bool:
        return bool(self.devices) and all(device.domain in domains for device in self.devices)

    def switches(self, name: str) -> bool:
        return (
            self.intent.name == name and self.on("switch") and all(one.device_class == "outlet" for one in self.devices)
        )

    def number(self, slot: str) -> float | None:
        value = self.intent.slots.get(slot)
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    @property
    def coffee_machine(self) -> bool:
        return self.on("switch") and any("coffee" in device.name.casefold() for device in self.devices)

    @property
    def steps(self) -> float | None:
        """Signed size of a relative volume."""
        step = self.intent.slots.get("volume_step")
        return {"up": 1.0, "down": -1.0}.get(str(step), self.number("volume_step"))


def _light_level(found: Found, sign: int) -> bool:
    if found.intent.name != "HassLightSet" or not found.on("light"):
        return False
    step = found.number("brightness_step")
    return step * sign > 0 if step is not None else "brightness" in found.intent.slots


def _light_change(found: Found) -> bool:
    if found.on("scene"):
        return True
    slots = found.intent.slots
    return found.intent.name == "HassLightSet" and found.on("light") and ("color" in slots or "temperature" in slots)


def _volume(found: Found, sign: int) -> bool:
    if found.intent.name == "HassSetVolume":
        return True
    return found.intent.name == "HassSetVolumeRelative" and (found.steps or 0) * sign > 0


def _mute(found: Found) -> bool:
    name = found.intent.name
    silent = name == "HassSetVolume" and found.number("volume_level") == 0
    stopped = name in ("HassTurnOff", "HassMediaPause") and found.on("media_player")
    return name in ("HassMediaPlayerMute", "HassMediaPlayerUnmute") or silent or stopped


def _cleaning(found: Found) -> bool:
    named = found.intent.name in ("HassVacuumStart", "HassVacuumCleanArea")
    return named or (found.intent.name == "HassTurnOn" and found.on("vacuum"))


def _coffee(found: Found) -> bool:
    return found.intent.source == "pack" or (found.intent.name == "HassTurnOn" and found.coffee_machine)


_VOLUMES = ("HassSetVolume", "HassSetVolumeRelative", "HassMediaPlayerMute", "HassMediaPlayerUnmute")

RULES: Mapping[str, Callable[[Found], bool]] = {
    "iot_hue_lighton": lambda found: found.intent.name == "HassTurnOn" and found.on("light"),
    "iot_hue_lightoff": lambda found: found.intent.name == "HassTurnOff" and found.on("light"),
    "iot_hue_lightdim": lambda found: _light_level(found, -1),
    "iot_hue_lightup": lambda found: _light_level(found, 1),
    "iot_hue_lightchange": _light_change,
    "iot_wemo_on": lambda found: found.switches("HassTurnOn"),
    "iot_wemo_off": lambda found: found.switches("HassTurnOff"),
    "iot_coffee": _coffee,
    "iot_cleaning": _cleaning,
    "audio_volume_up": lambda found: _volume(found, 1),
    "audio_volume_down": lambda found: _volume(found, -1),
    "audio_volume_mute": _mute,
    "audio_volume_other": lambda found: found.intent.name in _VOLUMES,
}


def right(label: str, intent: Intent, devices: Sequence[str], home: Home) -> bool:
    """Whether an intent that means these devices is right for a label of `RULES`."""
    return RULES[label](Found(intent, [home.devices[one] for one in devices]))
