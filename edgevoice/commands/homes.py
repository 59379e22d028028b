"""`devices --home` and `simulate`: the home as it is known, and one that is not there."""

from __future__ import annotations

import argparse
import json
import threading

from edgevoice import assembly, resources
from edgevoice.commands import options as opts
from edgevoice.config import Settings
from edgevoice.home.model import Device, Home
from edgevoice.simulator import Manner, Simulator
from edgevoice.vehicle import SimulatedVehicle


def show(options: argparse.Namespace) -> None:
    """The devices of the home, as they are known once all have told."""
    settings = opts.settings(options)
    with assembly.home(settings) as link:
        home = link.home
    if options.json:
        for device in home.devices.values():
            print(json.dumps(_row(home, device), ensure_ascii=False))
        return
    print(f"{len(home.devices)} devices at {settings.mqtt.host}:{settings.mqtt.port}")
    shown: str | None = ""
    for device in sorted(home.devices.values(), key=lambda one: (one.area or "~", one.id)):
        if device.area != shown:
            shown = device.area
            print(f"\n{home.areas[shown].name if shown in home.areas else 'in no area'}")
        state = f"{_measured(home, device)}{' (assumed)' if device.optimistic else ''}"
        mark = " " if device.exposed else "-"
        print(f"{mark} {device.id:<36} {device.name:<28} {state:<16} {', '.join(device.capabilities)}")
        guards = [f"{key}: {tier}" for key, tier in device.risk.items()]
        guards += [f"only {', '.join(device.who)}"] if device.who else []
        print(f"    {device.origin}" + (f"  ({'; '.join(guards)})" if guards else ""))


def _measured(home: Home, device: Device) -> str:
    value = home.state(device.id).value
    return f"{value} {device.unit}" if device.unit and device.domain in ("sensor", "number") else value


def _row(home: Home, device: Device) -> dict[str, object]:
    area, state = home.areas.get(device.area or ""), home.state(device.id)
    return {
        "id": device.id,
        "name": device.name,
        "area": area.name if area else None,
        "state": state.value,
        "attributes": dict(state.attributes),
        "unit": device.unit,
        "capabilities": list(device.capabilities),
        "aliases": list(device.aliases),
        "exposed": device.exposed,
        "optimistic": device.optimistic,
        "members": list(device.members),
        "risk": dict(device.risk),
        "who": list(device.who),
        "origin": device.origin,
    }


def simulate(options: argparse.Namespace) -> None:
    """Runs until it is interrupted."""
    settings = opts.settings(options)
    manner = Manner(options.delay / 1e3, options.loss)
    if options.dialect == "viss":
        _drive(options, settings, manner)
        return
    file = options.home or settings.home.file or resources.find("homes/demo.yaml")
    with Simulator(file, settings.mqtt, options.dialect, manner) as home:
        where = f"{settings.mqtt.host}:{settings.mqtt.port}"
        if options.json:
            print(json.dumps({"devices": [one.id for one in home.devices], "left_out": home.left_out}), flush=True)
        else:
            print(f"{len(home.devices)} appliances speak {options.dialect} at {where}; Ctrl-C ends them", flush=True)
            if home.left_out:
                print(f"{options.dialect} has no form of {', '.join(home.left_out)}", flush=True)
        threading.Event().wait()


def _drive(options: argparse.Namespace, settings: Settings, manner: Manner) -> None:
    tree = options.home or settings.home.vss or resources.find("homes/car.json")
    with SimulatedVehicle(tree, settings.mqtt, settings.home.vehicle_id, manner):
        where = f"{settings.home.vehicle_id}/Vehicle at {settings.mqtt.host}:{settings.mqtt.port}"
        print(
            json.dumps({"vehicle": where}) if options.json else f"A car answers VISS on {where}; Ctrl-C ends it",
            flush=True,
        )
        threading.Event().wait()
