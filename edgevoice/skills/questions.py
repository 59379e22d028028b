"""Questions about the home, the weather and the clock, answered from the home's states. A question never acts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from edgevoice.home import targets
from edgevoice.home.appliance import ABSENT
from edgevoice.home.capabilities import number, texts
from edgevoice.home.model import Device, Home
from edgevoice.messages import Intent, Value
from edgevoice.nlu import about
from edgevoice.skills import chinese, spoken
from edgevoice.skills.devices import nothing
from edgevoice.skills.reply import Found, Replies
from edgevoice.skills.settings import OFF

QUESTIONS = frozenset(
    {"HassGetState", "HassClimateGetTemperature", "HassGetWeather", "HassGetCurrentTime", "HassGetCurrentDate"}
)
_WORD = re.compile(r"\w+")
_ASKING = re.compile(
    r"(?:please |can you |could you |do you know )*(?:tell me,? )?(?:whether |if )?(?:is|are|has|have|what is|what's|whats|how is|how's|how (?:warm|cold|hot|humid))\b",
    re.IGNORECASE,
)
_OUTSIDE = re.compile(
    r"\b(?:temperature|warm|cold|hot|degrees|humid\w*|weather)\b.*\b(?:outside|outdoors)\b", re.IGNORECASE
)
_HOW_MANY = re.compile(r"\bhow many\b", re.IGNORECASE)
_MOST_NAMED = 3
_FRESH_SECONDS = 3600.0
_LOW_BATTERY = 20.0  # percent
# Domains whose states say more than on and off.
_RUNNING = frozenset(
    {"media_player", "climate", "water_heater", "vacuum", "lawn_mower", "valve", "camera", "humidifier"}
)
# A cover's class -> the class of a sensor that tells the same.
_SENSOR_CLASSES = {"door": "door", "garage": "garage_door", "window": "window", "gate": "opening"}


def answer(
    home: Home, replies: Replies, intent: Intent, now: datetime, mic_area: str | None = None, now_seconds: float = 0.0
) -> str | None:
    """The spoken answer; None for an intent that is no question of these. `now_seconds` is monotonic: old states say so."""
    said = _answer(home, replies, intent, now, mic_area)
    if said and intent.name == "HassGetState":
        meant = asked(home, intent)
        said += _age(home, replies, meant[0], now_seconds) if len(meant) == 1 else ""
    return said


def _age(home: Home, replies: Replies, device: Device, now_seconds: float) -> str:
    """How old a state is, where that matters: a reading after an hour, what only tells its changes after a day."""
    state = home.state(device.id)
    if state.value in ABSENT or not state.changed_seconds:
        return ""
    passed, lasts = (
        now_seconds - state.changed_seconds,
        _FRESH_SECONDS if device.domain == "sensor" else 24 * _FRESH_SECONDS,
    )
    if passed < lasts:
        return ""
    return replies.error("old", ago=spoken.ago(passed, home.language))


def _answer(home: Home, replies: Replies, intent: Intent, now: datetime, mic_area: str | None) -> str | None:
    match intent.name:
        case "HassGetState":
            return _state(home, replies, intent)
        case "HassClimateGetTemperature":
            return _temperature(home, replies, intent, mic_area)
        case "HassGetWeather":
            return _weather(home, replies, intent)
        case "HassGetCurrentTime":
            return replies.say(intent, Found(slots={"time": now.time()}))
        case "HassGetCurrentDate":
            return replies.say(intent, Found(slots={"date": now.date()}))
    return None


def plain(home: Home, replies: Replies, text: str) -> str | None:
    """An answer to a question that no template knows: the states of the devices it names in full, or how it is outside.

    None for other texts. A language model asked about the home would make its states up.
    """
    if not _ASKING.match(text.strip()):
        return None
    if _OUTSIDE.search(text):
        return _outside(home, replies, "humidity" if "humid" in text.casefold() else "temperature")
    return " ".join(f"{_told(home, replies, device)}." for device in named(home, text)) or None


def named(home: Home, text: str) -> list[Device]:
    """The devices that a question names in full and whose states are known."""
    if not _ASKING.match(text.strip()):
        return []
    said = set(_WORD.findall(text.casefold()))
    whole = [(words, device) for device in home.exposed() if (words := _name_in(home, device, text)) and words <= said]
    meant = [device for words, device in whole if not any(words < other for other, _ in whole)][:_MOST_NAMED]
    return [device for device in meant if home.state(device.id).value not in ABSENT]


def _name_in(home: Home, device: Device, text: str) -> set[str]:
    """The words of a device's name; none where the name alone says little: an area's, or one word without an article."""
    words = set(_WORD.findall(device.name.casefold()))
    is_area = bool(targets.find_areas(home, device.name))
    is_bare = len(words) == 1 and not re.search(rf"\b(?:the|my|our) {re.escape(device.name)}\b", text, re.IGNORECASE)
    return set() if is_area or is_bare or device.domain == "weather" else words


def _outside(home: Home, replies: Replies, kind: str) -> str | None:
    for device in home.exposed():
        area = home.areas.get(device.area or "")
        place = f"{device.name} {area.name if area else ''}".casefold()
        is_outside = not {"outside", "outdoor", "outdoors"}.isdisjoint(_WORD.findall(place))
        if is_outside and device.device_class == kind and number(home.state(device.id).value) is not None:
            return f"{_told(home, replies, device)}."
    has_weather = any(device.domain == "weather" for device in home.exposed())
    return _weather(home, replies, Intent("HassGetWeather")) if has_weather and kind == "temperature" else None


def _told(home: Home, replies: Replies, device: Device) -> str:
    state = home.state(device.id)
    said = spoken.state(device, state.value, home.language)
    goal = spoken.number(state.attributes.get("temperature")) if device.domain == "climate" else None
    if goal is not None and state.value not in (*ABSENT, "off") and not chinese.is_chinese(home.language):
        said = f"set to {spoken.quantity(goal, '°')}"
    return _items(home, replies, device) or f"{device.name} is {said}"


def _state(home: Home, replies: Replies, intent: Intent) -> str:
    devices = asked(home, intent)
    if intent.response == about.RESPONSE:
        return plain(home, replies, intent.text) or _facts(home, replies, devices, intent.text)
    if not devices and (meant := about.About(home).asked(intent.text)) is not None:
        return _facts(home, replies, asked(home, meant), intent.text)  # "who is on my list" asks for no person
    if not devices:
        return replies.say(intent) if intent.response == "where" else nothing(home, replies, intent)
    wanted = intent.slots.get("state")
    is_one = intent.slots.get("name") is not None or intent.response in ("one", "one_yesno", "where")
    if is_one:
        devices = devices if wanted is None else _plausible(home, devices, wanted)
        if all(home.state(device.id).value in ABSENT for device in devices):
            return replies.error("unknown_state", name=devices[0].name)
    if wanted is None:
        listed = _items(home, replies, devices[0])
        return listed if listed is not None else replies.say(intent, Found(devices[:1] if is_one else devices))
    matched = tuple(device for device in devices if _is_in(home, device, wanted))
    others = tuple(device for device in devices if device not in matched)
    kind, state = str(intent.slots.get("device_class") or ""), str(wanted)
    text = spoken.binary(kind, state) if wanted in ("on", "off") else wanted
    if chinese.is_chinese(home.language):
        text = chinese.state(devices[0].domain, kind, state, home.language)
    return replies.say(intent, Found(matched, others, {"state": spoken.slot(text)}))


def _facts(home: Home, replies: Replies, devices: tuple[Device, ...], text: str) -> str:
    """The states of devices, and of what stands on a list that which the question speaks of."""
    said = []
    for device in devices:
        listed = about.matching(about.items(home, device), text)
        if listed:
            count = f"{len(listed)}, " if _HOW_MANY.search(text) else ""
            said.append(f"On {device.name}: {count}{spoken.names(dict.fromkeys(listed), most=10)}.")
        elif home.state(device.id).value in ABSENT:
            said.append(replies.error("unknown_state", name=device.name))
        else:
            said.append(f"{_told(home, replies, device)}.")
    return " ".join(said)


def asked(home: Home, intent: Intent) -> tuple[Device, ...]:
    """The devices that a question is about."""
    if intent.targets:
        return tuple(home.devices[one] for one in intent.targets if one in home.devices)
    slots = intent.slots
    area, floor = slots.get("area"), slots.get("floor")
    name, kind, domain = slots.get("name"), slots.get("device_class"), slots.get("domain")
    found = targets.match(home, name=name, area=area, floor=floor, domain=domain, device_class=kind)
    if not found and kind:
        # "Is the phone battery low" names `Phone`; the device may be called `Phone Battery`, and be a sensor.
        longer = f"{name} {kind}".replace("_", " ") if isinstance(name, str) else None
        sensors = ("binary_sensor", "sensor")
        told = tuple(_SENSOR_CLASSES.get(str(one), str(one)) for one in (kind if isinstance(kind, tuple) else (kind,)))
        for called in (name, longer):
            found = found or targets.match(home, name=called, domain=sensors, device_class=told, area=area, floor=floor)
    return found or (targets.match(home, name=name, area=area, floor=floor) if name is not None else ())


def _plausible(home: Home, devices: tuple[Device, ...], wanted: Value) -> tuple[Device, ...]:
    """Of the devices that share a name, those that can be in such a state: a door's lock, not its battery."""
    wants = {str(one) for one in (wanted if isinstance(wanted, tuple) else (wanted,))}
    return tuple(device for device in devices if wants & _VOCABULARY.get(device.domain, frozenset())) or devices


_SWITCHED = frozenset({"on", "off"})
_VOCABULARY = {
    "lock": frozenset({"locked", "unlocked", "locking", "unlocking", "jammed"}),
    "cover": frozenset({"open", "closed", "opening", "closing"}),
    "valve": frozenset({"open", "closed", "opening", "closing"}),
    "light": _SWITCHED,
    "switch": _SWITCHED,
    "fan": _SWITCHED,
    "media_player": frozenset({"on", "off", "playing", "paused", "idle"}),
    "binary_sensor": frozenset({"on", "off", "open", "closed"}),
}


def _is_in(home: Home, device: Device, wanted: Value) -> bool:
    held = home.state(device.id).value
    return any(
        _fits(device, held, targets.fold(str(one))) for one in (wanted if isinstance(wanted, tuple) else (wanted,))
    )


def _fits(device: Device, held: str, wanted: str) -> bool:
    words = {targets.fold(held), targets.fold(held.replace("_", " "))}
    if device.domain == "binary_sensor":
        words.add(spoken.binary(device.device_class, held))
    elif device.domain in _RUNNING and held not in ABSENT:
        words.add("off" if held in OFF else "on")
    elif device.device_class == "battery" and (level := number(held)) is not None:
        words |= {"on", "low"} if level <= _LOW_BATTERY else {"off", "normal"}
    return wanted in words


def _items(home: Home, replies: Replies, device: Device) -> str | None:
    """What stands on a list, for a device that is one and tells its items."""
    if device.domain != "todo" or "items" not in home.state(device.id).attributes:
        return None
    items = texts(home.state(device.id).attributes["items"])
    listed = spoken.names(items, most=10, language=home.language)
    return (
        replies.error("on_list", name=device.name, items=listed)
        if items
        else replies.error("empty_list", name=device.name)
    )


def _temperature(home: Home, replies: Replies, intent: Intent, mic_area: str | None) -> str:
    slots = intent.slots
    here = mic_area if not {"name", "area", "floor"} & slots.keys() and not intent.targets else None
    for area in dict.fromkeys((slots.get("area") or here, slots.get("area"))):
        devices = _thermometers(home, intent, area)
        if devices:
            return replies.say(intent, Found(devices))
    name, area, floor = slots.get("name"), slots.get("area"), slots.get("floor")
    if targets.match(home, name=name, area=area, floor=floor):
        return replies.error("no_temperature")
    return nothing(home, replies, intent)


def _thermometers(home: Home, intent: Intent, area: Value) -> Sequence[Device]:
    """Thermostats that know their temperature first, then temperature sensors."""
    if intent.targets:
        found = tuple(home.devices[one] for one in intent.targets if one in home.devices)
    else:
        found = targets.match(home, name=intent.slots.get("name"), area=area, floor=intent.slots.get("floor"))
    climates = [
        d
        for d in found
        if d.domain in ("climate", "water_heater")
        and number(home.state(d.id).attributes.get("current_temperature")) is not None
    ]
    sensors = [d for d in found if d.device_class == "temperature" and number(home.state(d.id).value) is not None]
    return climates or sensors


def _weather(home: Home, replies: Replies, intent: Intent) -> str:
    name = intent.slots.get("name")
    devices = targets.match(home, name=name, domain="weather")
    if not devices:
        return nothing(home, replies, intent, ("weather",)) if name is not None else replies.error("no_weather")
    state = home.state(devices[0].id)
    if number(state.attributes.get("temperature")) is not None:
        return replies.say(intent, Found(devices[:1]))
    return replies.error("no_weather") if state.value in ABSENT else _weather_is(home, replies, devices[0])


def _weather_is(home: Home, replies: Replies, device: Device) -> str:
    return replies.error("weather_is", state=spoken.state(device, home.state(device.id).value, home.language))
