"""`edgevoice demo --car`: sentences said in a car, a simulated vehicle that answers by VISS, and every stage in between."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from edgevoice import assembly
from edgevoice import turn as turns
from edgevoice.assembly import Wanted
from edgevoice.audio.speaker import NullSink, Speaker, WavSink
from edgevoice.commands import options as opts
from edgevoice.commands.show import Printer
from edgevoice.commands.talk import live, typed
from edgevoice.config import Settings
from edgevoice.messages import CommandSent, Event, StateConfirmed, Turn, TurnFailed
from edgevoice.model_store import Store
from edgevoice.vehicle import SimulatedVehicle

_SPEED = "Vehicle.Speed"
_DRIVER = "Vehicle.Cabin.DriverPosition"
_STATION = "Vehicle.Cabin.HVAC.Station.Row1"
_DOOR = "Vehicle.Cabin.Door"


@dataclass(frozen=True, slots=True)
class Scene:
    """`happens` to the car first; `signals` must then hold their values, and nothing else may have been set."""

    title: str
    sentences: tuple[str, ...]
    signals: dict[str, str]
    happens: tuple[tuple[str, str], ...] = ()


SCENES = (
    Scene("The driver's zone", ("set the temperature to 23 degrees",), {f"{_STATION}.Driver.Temperature": "23"}),
    Scene(
        "Another zone",
        ("set the temperature on the passenger side to 19 degrees",),
        {f"{_STATION}.Passenger.Temperature": "19"},
    ),
    Scene(
        "No word of a temperature", ("my windshield is fogged up",), {"Vehicle.Cabin.HVAC.IsFrontDefrosterActive": "true"}
    ),
    Scene("Left is the driver's side", ("open the left window",), {f"{_DOOR}.Row1.DriverSide.Window.Position": "100"}),
    Scene(
        "In a right-hand drive it is the other one",
        ("open the left window",),
        {f"{_DOOR}.Row1.PassengerSide.Window.Position": "100"},
        ((_DRIVER, "RIGHT"),),
    ),
    Scene(
        "A row of seats",
        ("turn on the seat heating in the back",),
        {f"Vehicle.Cabin.Seat.Row2.{side}.HeatingCooling": "50" for side in ("DriverSide", "PassengerSide")},
    ),
    Scene("The trunk asks first", ("open the trunk", "yes"), {"Vehicle.Body.Trunk.Rear.IsOpen": "true"}),
    Scene("Not at 50 km/h", ("unlock the driver door",), {}, ((_SPEED, "50"),)),
    Scene("A window may be moved while driving", ("close all the windows",), {
        f"{_DOOR}.Row{row}.{side}.Window.Position": "0" for row in (1, 2) for side in ("DriverSide", "PassengerSide")
    }),
    Scene("A question", ("how far can I go",), {}),
)  # fmt: skip


def car(settings: Settings, options: argparse.Namespace) -> int:
    """Plays the scenes; 0 where all of them went as they should. With `--text` or `--mic` somebody else speaks."""
    printer, out = Printer(options.json), sys.stderr if options.json else sys.stdout
    sink = Speaker(settings.audio) if options.mic else NullSink() if options.text else WavSink(options.out)
    wanted = Wanted(speech=options.mic, voice=not options.text, llm=not options.no_llm and options.mic)
    with (
        assembly.demo_car(settings) as (settings, vehicle),
        assembly.stages(settings, Store(), sink, wanted) as stages,
    ):
        print(
            f"A simulated car of {len(stages.link.home.devices)} devices in {len(stages.link.home.areas)} zones, spoken "
            f"to by VISS on an MQTT broker at {settings.mqtt.host}:{settings.mqtt.port}.",
            file=out,
        )
        if options.mic:
            live(settings, stages, printer, opts.settings_file(options, settings))
            return 0
        if options.text:
            typed(stages, printer)
            return 0
        went_well = sum(_play(scene, number, stages, vehicle, printer) for number, scene in enumerate(SCENES, 1))
    print(f"\n{went_well} of {len(SCENES)} scenes went as they should.", file=out)
    return 0 if went_well == len(SCENES) else 1


def _play(scene: Scene, number: int, stages: turns.Stages, vehicle: SimulatedVehicle, printer: Printer) -> bool:
    if not printer.json:
        printer.line(f"\n{number}. {scene.title}")
    for path, value in scene.happens:
        vehicle.set(path, value)
    assembly.settle(stages.link)
    is_well, sent = True, 0
    for event in _events(scene, number, stages):
        printer(event)
        sent += isinstance(event, CommandSent)
        if isinstance(event, TurnFailed) or (isinstance(event, StateConfirmed) and not event.confirmed):
            is_well = False
    is_well = is_well and sent == len(scene.signals)
    is_well = is_well and all(vehicle.value(path) == value for path, value in scene.signals.items())
    if not is_well and not printer.json:
        printer.line(f"  This did not go as it should: {', '.join(scene.signals) or 'nothing'} should have moved.")
    return is_well


def _events(scene: Scene, number: int, stages: turns.Stages) -> Iterator[Event]:
    for sentence in scene.sentences:
        yield from turns.run(stages, Turn(f"car-{number}", threading.Event()), sentence)
