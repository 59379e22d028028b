"""Suite `reject`: sentences that must not move an appliance."""

from __future__ import annotations

from collections import Counter
from typing import Any

from edgevoice.home.model import Home
from edgevoice.messages import Command, Intent, Risk
from edgevoice.nlu.context import Context
from edgevoice.skills import devices, policy
from edgevoice.skills.reply import Replies
from evaluation import labels
from evaluation.common import Options, Report, Row, latency, progress
from evaluation.nlu import Places

_MUSIC = ("play_", "music_", "audio_")
_REQUESTS = frozenset({"smart_home", "change_volume", "next_song", "PlayMusic"})
"""Labels of CLINC and Snips that ask for a device or for music."""


def run(rows: list[Row], options: Options) -> Report:
    """Every row is predicted; rows that ask for a device action, or for music, do not count."""
    places = Places(options)
    rules = policy.rules(options.settings.home, options.settings.nlu)
    predictions: list[dict[str, Any]] = []
    wrong: Counter[str] = Counter()
    counted: Counter[str] = Counter()
    times = []
    for row in progress(rows, "reject"):
        place = places.of(row)
        intents, ms = place.understand(row.need("text", str))
        times.append(ms)
        did = any(acts(place.home, intent, place.context, rules) for intent in intents)
        predictions.append({"id": row.id, "intent": intents[0].name if intents else None, "acted": did})
        label = str(row.data.get("intent"))
        if label not in labels.RULES and label not in _REQUESTS and not label.startswith(_MUSIC):
            counted[label] += 1
            wrong[label] += did
    n, false = counted.total(), wrong.total()
    return Report(
        score=round(1 - false / n, 5) if n else None,
        figures={
            "false_actions": false,
            "false_actions_per_1000": round(1000 * false / n, 3) if n else None,
            **latency(times),
        },
        predictions=predictions,
        table=[("label", "rows", "acted"), *((one, str(counted[one]), str(k)) for one, k in wrong.most_common() if k)],
        n=n,
    )


def acts(home: Home, intent: Intent, context: Context, rules: policy.Rules) -> bool:
    """Whether a device would be told something without a question first. One that is in that state already counts."""
    plan = devices.plan(home, Replies(home), intent, context.area)
    if plan is None or not plan.devices:
        return False
    commands = plan.commands or tuple(Command(device.id, "on", None) for device in plan.devices)
    return policy.risk(home, commands, rules, intent.confidence) is Risk.FREE
