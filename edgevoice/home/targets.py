"""Which devices a set of slots means: Home Assistant's rules for matching targets.

A name matches an id, a name or an alias, whatever its case. Areas and floors are given by name, alias or id. Every
filter narrows; only exposed devices count. Where one name means several devices, the microphone's area decides, then
its floor; where they do not, all of them are given back and the caller asks which one is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edgevoice.home.model import Area, Device, Floor, Home
from edgevoice.home.names import fold as fold  # what callers compare names with
from edgevoice.messages import Value

EVERYTHING = "all"
"""The name that Home Assistant's sentences give where all devices of a domain are meant."""


def match(
    home: Home,
    *,
    name: Value = None,
    area: Value = None,
    floor: Value = None,
    domain: Value = None,
    device_class: Value = None,
    state: Value = None,
    mic_area: str | None = None,
) -> tuple[Device, ...]:
    """The devices that are meant, in the home's order; empty where nothing fits. `mic_area` is an area's id or name."""
    if wanted := _texts(name, without=EVERYTHING):
        found = list({device.id: device for one in wanted for device in home.called(one)}.values())
    else:
        found = [device for device in home.exposed() if not device.members]
    if area is not None:
        areas = {one.id for one in find_areas(home, area)}
        found = [device for device in found if device.area in areas]
    if floor is not None:
        floors = {one.id for one in find_floors(home, floor)}
        found = [device for device in found if _floor(home, device) in floors]
    if domains := _texts(domain):
        found = [device for device in found if device.domain in domains]
    if classes := _texts(device_class):
        found = _of_class(found, classes)
    if states := _texts(state):
        found = [device for device in found if fold(home.state(device.id).value) in states]
    return prefer(home, found, mic_area) if wanted else tuple(found)


def prefer(home: Home, devices: Sequence[Device], mic_area: str | None) -> tuple[Device, ...]:
    """Of those that can be reached, where any can: the microphone's area's; else its floor's; else all of them."""
    if len(devices) > 1:
        devices = [d for d in devices if home.state(d.id).value != "unavailable"] or devices
    here = next(iter(find_areas(home, mic_area)), None) if mic_area and len(devices) > 1 else None
    if here is None:
        return tuple(devices)
    near = tuple(device for device in devices if device.area == here.id)
    if not near and here.floor:
        near = tuple(device for device in devices if _floor(home, device) == here.floor)
    return near or tuple(devices)


def missing(
    home: Home,
    *,
    name: Value = None,
    area: Value = None,
    floor: Value = None,
    domain: Value = None,
    device_class: Value = None,
    state: Value = None,
) -> str:
    """Why `match` finds nothing: the key of Home Assistant's error response, such as `no_entity_in_area`."""
    if area is not None and not find_areas(home, area):
        return "no_area"
    if floor is not None and not find_floors(home, floor):
        return "no_floor"
    if state is not None and match(home, name=name, area=area, floor=floor, domain=domain, device_class=device_class):
        return "entity_wrong_state"
    named = bool(_texts(name, without=EVERYTHING))
    what = "entity" if named else "device_class" if device_class else "domain" if domain else "entity"
    place = "_in_area" if area is not None else "_in_floor" if floor is not None else ""
    return f"no_{what}{place}"


def find_areas(home: Home, name: Value) -> tuple[Area, ...]:
    """The areas called so: an id, a name or an alias."""
    wanted = _texts(name)
    return tuple(area for area in home.areas.values() if not wanted.isdisjoint(_names(area)))


def find_floors(home: Home, name: Value) -> tuple[Floor, ...]:
    """The floors called so: an id, a name or an alias."""
    wanted = _texts(name)
    return tuple(floor for floor in home.floors.values() if not wanted.isdisjoint(_names(floor)))


def _of_class(devices: Sequence[Device], classes: set[str]) -> list[Device]:
    """Of these classes; where none is, those without a class whose name says it: the `Garage Door` of a plain relay."""
    return [device for device in devices if device.device_class in classes] or [
        device
        for device in devices
        if device.device_class is None and not classes.isdisjoint(fold(device.name).split())
    ]


def _names(thing: Area | Floor) -> Iterable[str]:
    return (fold(name) for name in (thing.id, thing.name, *thing.aliases))


def _texts(value: Value, without: str = "") -> set[str]:
    values = value if isinstance(value, tuple) else (value,)
    return {text for one in values if one is not None and (text := fold(str(one))) and text != without}


def _floor(home: Home, device: Device) -> str | None:
    area = home.areas.get(device.area or "")
    return area.floor if area else None
