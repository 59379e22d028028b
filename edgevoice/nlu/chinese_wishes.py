"""What the words of a Chinese sentence come to: a Home Assistant intent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from edgevoice.home import targets
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent, Value
from edgevoice.nlu import chinese_words as words
from edgevoice.nlu.chinese_free import Piece, Said

_SWITCHED: tuple[str, ...] = (
    "light",
    "switch",
    "fan",
    "cover",
    "lock",
    "valve",
    "media_player",
    "climate",
    "scene",
    "script",
)
_SWITCHED += ("input_boolean", "humidifier", "siren", "button", "input_button", "water_heater", "group")
_STARTED = ("scene", "script")
_MEDIA = {
    "next": "HassMediaNext", "previous": "HassMediaPrevious", "pause": "HassMediaPause", "resume": "HassMediaUnpause",
    "unmute": "HassMediaPlayerUnmute", "mute": "HassMediaPlayerMute",
}  # fmt: skip
_DOORS = (("lock", ""), ("cover", "garage"), ("cover", "door"), ("cover", "gate"))
_CURTAINS = (("cover", "curtain"), ("cover", "blind"), ("cover", "shade"), ("cover", "shutter"))
_SENSING = ("motion", "occupancy", "smoke", "gas", "carbon_monoxide", "sound", "moisture", "vibration", "light", "heat")
NOTHING: Mapping[str, Value] = MappingProxyType({})
_TELLING = frozenset({"is", "sensed", "weather"})
_STEP = 20  # percent
_UNSURE = 0.5
"""Of what names no place and no single device: it is asked about, not done."""


def meant(home: Home, said: Said, text: str, area: str | None) -> Intent | None:
    """`area` is the name of the microphone's area. None where the words come to nothing, or to two things."""
    if not said.is_single or said.has("why"):
        return None
    of = _Reading(home, said, text, area)
    return of.question() if said.is_question else of.command()


def _is_told(piece: Piece) -> bool:
    """A word that only tells how something is: `有人在打开车库门` wants nothing."""
    return bool(piece.says) and all(one in _TELLING or one.startswith(("sensed:", "state:")) for one in piece.says)


class _Reading:
    def __init__(self, home: Home, said: Said, text: str, area: str | None) -> None:
        self.home, self.said, self.text, self.area = home, said, text, area

    # --- what is asked ------------------------------------------------------------------------------------------------

    def question(self) -> Intent | None:
        said = self.said
        if said.devices:
            return self._of_device(self._near(said.devices))
        if said.has("weather") and not said.place:
            return self._intent("HassGetWeather")
        if said.has("temperature") and not said.kind:
            return self._intent("HassClimateGetTemperature", said.place)
        return self._of_kind() or self._of_sensors()

    def _of_device(self, devices: tuple[Device, ...]) -> Intent | None:
        said = self.said
        sensed = {(one.rpartition(":")[0], one.rpartition(":")[2]) for one in said.told("sensed")}
        if said.has("sensed"):
            sensed |= {(device.device_class or "", "on") for device in devices if device.device_class in _SENSING}
        for device in (one for one in devices if one.domain == "binary_sensor"):
            state = next((state for told, state in sorted(sensed) if told == device.device_class), None)
            if state is not None:
                kind: dict[str, Value] = {"domain": device.domain, "device_class": device.device_class}
                return self._one("HassGetState", device, {**kind, "state": state}, "one_yesno")
        for state in said.told("state"):
            for device in devices:
                if device.domain in words.STATES[state][1].split():
                    return self._one("HassGetState", device, {"state": state}, "one_yesno")
        device = devices[0]
        if device.domain == "weather":
            return self._one("HassGetWeather", device)
        if device.domain == "person" and said.has("which"):
            return self._one("HassGetState", device, response="where")
        if device.domain in ("climate", "water_heater") and said.has("temperature"):
            return self._one("HassClimateGetTemperature", device)
        return None if said.told("state") or said.told("sensed") else self._one("HassGetState", device, response="one")

    def _of_kind(self) -> Intent | None:
        found = self._kind()
        if found is None:
            return None
        domain, kind = found
        states = [state for state in self.said.told("state") if domain in words.STATES[state][1].split()]
        if not states and domain == "lock" and self.said.has("ask"):
            states = ["locked"]  # `门锁了吗`
        if len(states) != 1:
            return None
        slots: dict[str, Value] = {"domain": domain, **({"device_class": kind} if kind else {}), **self.said.place}
        return self._intent("HassGetState", {**slots, "state": states[0]}, self._manner())

    def _of_sensors(self) -> Intent | None:
        """Of the binary sensors that are there: `厨房有人吗`."""
        place = self.said.place
        for one in self.said.told("sensed"):
            kind, _, state = one.rpartition(":")
            if self._there("binary_sensor", kind):
                slots: dict[str, Value] = {"domain": "binary_sensor", "device_class": kind, "state": state, **place}
                return self._intent("HassGetState", slots, self._manner())
        return None

    def _manner(self) -> str:
        """Which kind of answer is wanted."""
        said = self.said
        if said.has("which"):
            return "which"
        return "how_many" if said.has("many") else "all" if said.has("all", "every") else "any"

    # --- what is to be done -------------------------------------------------------------------------------------------

    def command(self) -> Intent | None:
        said = self.said
        if said.has("not", "today") or any(_is_told(piece) for piece in said.pieces):
            return None
        return (
            self._sound() or self._cleaning() or self._step() or self._value() or self._switch() or self._name_alone()
        )

    def _sound(self) -> Intent | None:
        said, number = self.said, self.said.number
        if not said.has("volume"):
            name = next((intent for key, intent in _MEDIA.items() if said.has(key)), None)
            if name is None or (said.has("on", "off") and not said.has("next", "previous")):
                return None
            return self._acted(name, ("media_player",), here=True)
        is_up, is_down = said.has("up", "full"), said.has("down", "least")
        if number is not None and (said.has("to", "set") or not (is_up or is_down)):
            return self._acted("HassSetVolume", ("media_player",), {"volume_level": _whole(number.number)}, here=True)
        if number is None and (said.has("full") or said.has("least")):
            return self._acted("HassSetVolume", ("media_player",), {"volume_level": 100 if is_up else 0}, here=True)
        if is_up == is_down:
            return None
        step: Value = ("up" if is_up else "down") if number is None else _whole(number.number) * (1 if is_up else -1)
        return self._acted("HassSetVolumeRelative", ("media_player",), {"volume_step": step}, here=True)

    def _cleaning(self) -> Intent | None:
        said = self.said
        vacuum = self._meant(("vacuum",))
        if vacuum is not None and (said.has("dock") or said.has("base")):
            return self._acted("HassVacuumReturnToBase", ("vacuum",))
        if vacuum is not None and said.has("clean", "on", "play"):
            return self._acted("HassVacuumStart", ("vacuum",))
        if said.has("clean") and said.place and not said.kind and not said.devices:
            return self._intent("HassVacuumCleanArea", said.place)
        return None

    def _step(self) -> Intent | None:
        """`调亮一点`, `空调调低两度`."""
        said, number = self.said, self.said.number
        if said.has("up") == said.has("down") or said.has("to", "off") or (number is not None and number.is_share):
            return None
        sign = 1 if said.has("up") else -1
        if self._meant(("climate",)) is not None or (said.has("temperature") and not said.kind and not said.devices):
            step: dict[str, Value] = {"temperature_step": sign * (_whole(number.number) if number else 1)}
            if said.devices or said.kind:
                return self._acted("HassClimateSetTemperature", ("climate",), step)
            return self._intent("HassClimateSetTemperature", {**(said.place or self._here()), **step})
        if number is None and self._meant(("light",)) is not None:
            return self._acted("HassLightSet", ("light",), {"brightness_step": sign * _STEP})
        return None

    def _value(self) -> Intent | None:
        said, number = self.said, self.said.number
        colors = said.told("color")
        if colors:
            return self._acted("HassLightSet", ("light",), {"color": colors[0]}) if not said.has("off") else None
        value = _whole(number.number) if number is not None else None
        if value is None and said.has("full", "least", "half"):
            value = 100 if said.has("full") else 1 if said.has("least") else 50
        is_told = said.has("to", "set", "brightness", "temperature", "degree", "speed", "full", "least", "half")
        if value is None or said.has("off") or not (is_told or (number is not None and number.is_share)):
            return None
        if said.has("degree", "temperature") and (number is None or not number.is_share):
            told: dict[str, Value] = {"temperature": value}
            if said.devices or said.kind:
                return self._acted("HassClimateSetTemperature", ("climate", "water_heater"), told)
            return self._intent("HassClimateSetTemperature", {**(said.place or self._here()), **told})
        for name, slot, domains in (
            ("HassLightSet", "brightness", ("light",)),
            ("HassFanSetSpeed", "percentage", ("fan",)),
            ("HassSetPosition", "position", ("cover", "valve")),
        ):
            if self._meant(domains) is not None:
                return self._acted(name, domains, {slot: value})
        if said.has("brightness") and said.place:
            return self._intent("HassLightSet", {**said.place, "brightness": value})
        if self._meant(("climate",)) is not None:
            return self._acted("HassClimateSetTemperature", ("climate",), {"temperature": value})
        return None

    def _switch(self) -> Intent | None:
        said = self.said
        if said.number is not None or said.has("up", "down", "full", "least", "half"):
            return None
        verbs = [verb for verb in ("on", "off", "lock", "unlock") if said.has(verb)]
        if len(verbs) != 1:
            return None
        verb, found = verbs[0], self._meant(_SWITCHED)
        if found is None or (verb in ("lock", "unlock") and found != ("lock",)):
            return None
        is_on = verb in ("on", "lock")
        if found == ("lock",) and verb in ("on", "off"):
            is_on = not is_on  # an opened lock is unlocked
        return self._acted("HassTurnOn" if is_on else "HassTurnOff", found)

    def _name_alone(self) -> Intent | None:
        """A scene by its name, or how warm it is: `派对模式`, `客厅温度`."""
        said = self.said
        others = {one for piece in said.pieces if not piece.devices for one in piece.says if one != "filler"}
        if said.devices and not said.number and all(piece.devices or "filler" in piece.says for piece in said.pieces):
            started = [device for device in said.devices if device.domain in _STARTED]
            if started:
                return self._one("HassTurnOn", started[0], {"domain": started[0].domain})
            sensors = [device for device in said.devices if device.domain == "sensor"]
            return self._one("HassGetState", sensors[0], response="one") if sensors else None
        if (
            others <= {"temperature", "what", "weather"}
            and said.has("temperature")
            and not said.devices
            and not said.kind
        ):
            return self._intent("HassClimateGetTemperature", said.place) if said.number is None else None
        return None

    # --- what it is about ---------------------------------------------------------------------------------------------

    def _meant(self, domains: Iterable[str]) -> tuple[str, ...] | None:
        """The domains, of these, of what was named; None where nothing was, or something else."""
        said, allowed = self.said, tuple(domains)
        if said.devices:
            found = tuple(dict.fromkeys(one.domain for one in said.devices if one.domain in allowed))
            return found or None
        kind = self._kind()
        return (kind[0],) if kind is not None and kind[0] in allowed else None

    def _kind(self) -> tuple[str, str] | None:
        """Domain and device class of the kind of device that was named, of those that one word may mean."""
        if not self.said.kind:
            return None
        domain, kind, _ = words.KINDS[self.said.kind]
        asked = {"门": _DOORS, "窗帘": _CURTAINS}.get(self.said.kind, ((domain, kind),))
        there = (one for one in asked if self._there(*one))
        return next(there, (domain, kind))

    def _here(self) -> dict[str, Value]:
        return {"area": self.area} if self.area else {}

    def _there(self, domain: str, kind: str) -> tuple[Device, ...]:
        """The devices of a domain and class, where a class is said, in the place that was named."""
        area, floor = (self.said.place.get(key) for key in ("area", "floor"))
        return targets.match(self.home, domain=domain, device_class=kind or None, area=area, floor=floor)

    def _acted(
        self, name: str, domains: tuple[str, ...], slots: Mapping[str, Value] = NOTHING, here: bool = False
    ) -> Intent | None:
        """An intent for what was named. `here`: without a name the microphone's area is meant."""
        said = self.said
        if said.devices:
            devices = [device for device in said.devices if device.domain in domains]
            return self._one(name, self._near(devices)[0], slots) if devices else None
        kind = self._kind()
        if kind is not None and kind[0] not in domains:
            return None
        if kind is None and here:
            return self._intent(name, {**(said.place or self._here()), **slots})
        if kind is None:
            return None
        place = said.place or ({} if said.has("all") else self._here())
        is_switch = name in ("HassTurnOn", "HassTurnOff")
        about: dict[str, Value] = {"domain": kind[0], **({"device_class": kind[1]} if kind[1] else {})}
        about = {} if not is_switch and name != "HassSetPosition" else about
        alike = self._there(*kind)
        sure = 1.0 if place or said.has("all") or len(alike) == 1 else _UNSURE
        return self._intent(name, {**about, **place, **slots}, confidence=sure)

    def _near(self, devices: Sequence[Device]) -> tuple[Device, ...]:
        """Those in the place that was named first; where none is there, the reply says so."""
        there = [one for one in devices if self.said.place and one in self._there(one.domain, "")]
        return (*there, *(one for one in devices if one not in there))

    def _one(self, name: str, device: Device, slots: Mapping[str, Value] = NOTHING, response: str = "") -> Intent:
        called = [one for one in self.said.devices if one.name == device.name and one.domain == device.domain]
        place = self.said.place
        within = [one for one in called if not place or one in self._there(one.domain, "")]
        ids = (device.id,) if device in within and ("device_class" in slots or len(within) == 1) else ()
        return self._intent(name, {"name": device.name, **place, **slots}, response, targets=ids)

    def _intent(
        self,
        name: str,
        slots: Mapping[str, Value] = NOTHING,
        response: str = "",
        confidence: float = 1.0,
        targets: tuple[str, ...] = (),
    ) -> Intent:
        told = {name: value for name, value in slots.items() if value is not None}
        return Intent(name, told, confidence, "free", self.text, targets, response)


def _whole(value: float | None) -> int | float:
    value = value or 0.0
    return int(value) if value == int(value) else value
