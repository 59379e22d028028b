"""Suite `forced`: recordings of anything but commands, heard by a recogniser that knows what can be said in a home."""

from __future__ import annotations

from collections import Counter
from typing import Any

from edgevoice import resources
from edgevoice.home import inventory
from edgevoice.home.model import Home
from edgevoice.messages import Command, Intent, Risk
from edgevoice.nlu.cascade import Cascade
from edgevoice.nlu.context import NOWHERE
from edgevoice.nlu.meant import meant
from edgevoice.skills import devices, policy
from edgevoice.skills.reply import Replies
from edgevoice.stages import Asr
from evaluation import grammar
from evaluation.asr import hear
from evaluation.common import Options, Report, Row, progress


def run(rows: list[Row], options: Options) -> Report:
    """Rows whose own `text` is a command of the home are left out."""
    engine: Asr = options.engine("asr")
    home = _home(options)
    understanding = grammar.listener(home, options.settings)
    engine.bias(understanding.sayable())
    rules = policy.rules(options.settings.home, options.settings.nlu)
    counted: Counter[str] = Counter()
    found: dict[str, Counter[str]] = {"acted": Counter(), "asked": Counter()}
    predictions: list[dict[str, Any]] = []
    for row in progress(rows, "forced"):
        if _comes_to(home, _understood(understanding, str(row.data.get("text") or "")), rules):
            continue
        samples = row.samples()
        if options.noise is not None:
            samples = options.noise.mix(row, samples)
        heard = meant(hear(engine, samples), lambda text: _understood(understanding, text))
        intents = _understood(understanding, heard.text)
        what = _comes_to(home, intents, rules, heard.confidence)
        kind = str(row.data.get("set") or row.data.get("intent") or "-")
        counted[kind] += 1
        if what:
            found[what][kind] += 1
        names = [intent.name for intent in intents]
        predictions.append(
            {"id": row.id, "text": heard.text, "confidence": heard.confidence, "intents": names, "came_to": what}
        )
    n, acted, asked = counted.total(), found["acted"].total(), found["asked"].total()
    lines = [(kind, str(k), *(str(one[kind]) for one in found.values())) for kind, k in sorted(counted.items())]
    return Report(
        score=round(1 - acted / n, 5) if n else None,
        figures={"acted": acted, "asked": asked},
        predictions=predictions,
        table=[("set", "rows", *found), *lines],
        n=n,
    )


def _home(options: Options) -> Home:
    if not options.home:
        return inventory.load(options.settings.home.file or resources.find("homes/demo.yaml")).home(
            options.settings.nlu.language
        )
    home = Home(language=options.settings.nlu.language)
    for file in options.home:
        grammar.add(home, file)
    return home


def _understood(understanding: Cascade, text: str) -> tuple[Intent, ...]:
    return understanding.certain(text, NOWHERE)


def _comes_to(home: Home, intents: tuple[Intent, ...], rules: policy.Rules, heard: float = 1.0) -> str:
    """`acted`: devices would be told something; `asked`: they would after a yes, or once it is said which; or empty."""
    found = ""
    for intent in intents:
        plan = devices.plan(home, Replies(home), intent, None)
        if plan is None or not (plan.devices or plan.choices):
            continue
        commands = plan.commands or tuple(Command(device.id, "on", None) for device in plan.devices)
        if plan.devices and policy.risk(home, commands, rules, intent.confidence, heard) is Risk.FREE:
            return "acted"
        found = "asked"
    return found
