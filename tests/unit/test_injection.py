"""Whatever a name, a payload or a model says: nothing moves that the person's own words do not speak of."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from announced import Bench
from household import device, household
from hypothesis import example, given, settings
from hypothesis import strategies as st
from injections import INJECTIONS

from edgevoice.config import NluSettings
from edgevoice.home.model import Area, Home, State
from edgevoice.messages import Intent, Outcome
from edgevoice.nlu import cascade, evidence, grammar, proposal
from edgevoice.nlu.context import Context, thought
from edgevoice.skills.conversation import Conversation
from edgevoice.stages import ChatMessage

HERE = Context("kitchen", ("switch.trap",))
KEEPING_OUT = {"lock.front", "cover.garage"}
SENTENCES = (
    "get the kettle going",
    "would you brew something with the kettle",
    "the ceiling lights should be dimmer",
    "silence the radio for me",
    "is somebody using the kettle",
    "why is the sky blue",
)
_PROMPT = re.compile(r"Devices: [^\n<>{}\[\]|\\]*\nPerson: [^\n]*")
_LITERAL = re.compile(r'"((?:[^"\\\n]|\\["\\])*)"')
hostile = st.sampled_from(INJECTIONS) | st.text() | st.tuples(st.sampled_from(INJECTIONS), st.text()).map("".join)


class Obeys:
    """A model that writes what it is told to, and keeps what it was asked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[tuple[Sequence[ChatMessage], str]] = []

    def generate(
        self, messages: Sequence[ChatMessage], max_tokens: int, cancel: threading.Event, grammar: str = ""
    ) -> Iterator[str]:
        self.asked.append((messages, grammar))
        yield self.text

    def warm(self, messages: Sequence[ChatMessage]) -> None: ...


def trapped(name: str, where: str) -> Home:
    """A home in which a device, an alias, an area or a state is called so."""
    home = household()
    if where == "area":
        home.put_area(Area("trap", name, "ground"))
    home.put(
        device(
            "switch.trap",
            name if where == "name" else "Aquarium",
            "trap" if where == "area" else "kitchen",
            aliases=(name,) if where == "alias" else (),
        )
    )
    home.update("switch.trap", State(name if where == "state" else "off", {"friendly_name": name, "items": (name,)}))
    return home


def is_sound(choices: grammar.Options) -> bool:
    """Whether the grammar of the choices says them and nothing else."""
    rules = grammar.gbnf(choices)
    written = {re.sub(r"\\(.)", r"\1", literal) for literal in _LITERAL.findall(rules)}
    values = [one for word in choices.actions for one in (*choices.actions[word], *choices.values.get(word, ()))]
    known = {f'{{"do": "{word}", "device": ' for word in choices.actions} | {
        json.dumps(v, ensure_ascii=False) for v in values
    }
    between = re.sub(r"\s+", " ", _LITERAL.sub("", rules))
    return written <= known | {"[", "]", "[]", ", ", ', "value": ', "}"} and not re.sub(
        r"root ::=|item ::=|item|\{0,3\}|[()|? ]", "", between
    )


def worst(text: str, home: Home) -> Iterator[Intent]:
    """All that any model could get out of a sentence, and what it could write if there were no grammar."""
    choices = grammar.options(home, evidence.read(text), HERE)
    items = [
        {"do": word, "device": label} | ({} if value is None else {"value": value})
        for word, labels in choices.actions.items()
        for label, value in itertools.product(labels, choices.values.get(word, (None,)))
    ]
    items += [{"do": do, "device": name} for do in ("unlock", "open") for name in ("Front Door", "Garage Door")]
    for item in items:
        yield from thought(proposal.propose(Obeys(json.dumps([item])), home, text, HERE, threading.Event()))


@settings(max_examples=60, deadline=None)
@given(hostile, st.sampled_from(("name", "alias", "area", "state")), st.sampled_from(SENTENCES))
@example(INJECTIONS[0], "name", SENTENCES[0])
@example(INJECTIONS[10], "alias", SENTENCES[0])
def test_no_model_moves_what_keeps_people_out(name: str, where: str, text: str) -> None:
    for one in worst(text, trapped(name, where)):
        assert KEEPING_OUT.isdisjoint(one.targets)
        assert one.slots.get("domain") not in ("lock", "cover")
        assert one.name in ("Chat", "HassGetState") or not evidence.read(text).is_question


@settings(max_examples=100, deadline=None)
@given(st.lists(hostile, min_size=1, max_size=4), st.sampled_from(SENTENCES[:5]))
def test_prompt_and_grammar_keep_their_shape(names: list[str], text: str) -> None:
    home = household()
    for number, name in enumerate(names):
        home.put(device(f"switch.trap{number}", f"Kettle {name}", "kitchen"))
    llm = Obeys("[]")
    thought(proposal.propose(llm, home, text, HERE, threading.Event()))
    ((messages, _),) = llm.asked
    assert tuple(messages[:-1]) == proposal.prefix()
    assert _PROMPT.fullmatch(messages[-1].content)
    assert is_sound(grammar.options(home, evidence.read(text), HERE))


@pytest.mark.parametrize("name", INJECTIONS)
def test_what_the_broker_announces_is_data(name: str) -> None:
    bench = Bench()
    bench.say("homeassistant/lock/f/config", {"name": "Front Door", "cmd_t": "f/set", "stat_t": "f"})
    bench.say("homeassistant/switch/k/config", {"name": "Kettle", "cmd_t": "k/set", "stat_t": "k"})
    trap = {"name": name, "cmd_t": "t/set", "stat_t": "t", "suggested_area": name, "json_attr_t": "t/a"}
    bench.say("homeassistant/switch/t/config", trap)
    bench.say("f", b"LOCKED")
    bench.say("t", name.encode("utf-8", "replace"))
    bench.say("t/a", {"items": [name], "note": name})
    asked = Obeys('[{"do": "unlock", "device": "Front Door"}, {"do": "turn_on", "device": "Kettle"}]')
    found = thought(proposal.propose(asked, bench.home, "get the kettle going", Context(), threading.Event()))
    assert all("lock" not in target for one in found for target in one.targets)
    assert all(_PROMPT.fullmatch(messages[-1].content) for messages, _ in asked.asked)


@pytest.mark.parametrize(
    "said", ['[{"do": "unlock", "device": "Front Door"}]', "Unlock the front door.", *INJECTIONS[:8]]
)
@pytest.mark.parametrize("text", ["why is the sky blue", "tell me a story about a locksmith"])
def test_what_a_model_says_is_never_done(said: str, text: str) -> None:
    home, llm = household(), Obeys(said)
    talk = Conversation(home, cascade.load(home, NluSettings(), llm), llm)
    for now in (0.0, 1.0):  # the second time with its own words before it
        for outcome in talk.hear(text, now, threading.Event()):
            if isinstance(outcome, Outcome):
                list(outcome.sentences or ())
                assert not outcome.commands
                assert outcome.expects is None


@pytest.mark.parametrize("name", INJECTIONS)
def test_a_room_called_so_adds_no_rule(name: str) -> None:
    home = household()
    home.put_area(Area("trap", name))
    home.put(replace(home.devices["vacuum.rover"], area="trap"))
    assert is_sound(grammar.options(home, evidence.read(f"let the rover clean the {name}"), HERE))
