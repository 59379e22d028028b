"""How soon an answer is heard: after the home's confirmation, and while the language model still writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence

from benchmark.measure import Bench, Figure, alternate, cpu_seconds, figure
from edgevoice import turn as turns
from edgevoice.late_llm import LateLlm
from edgevoice.messages import Outcome, Replied, Samples, StateConfirmed, Turn
from edgevoice.skills import chat
from edgevoice.stages import ChatMessage, Llm
from edgevoice.tts.remembered import RememberedTts
from evaluation import turn as evaluation

_ROUNDS = 10
_COMMANDS = ("turn on the office lights", "turn off the office lights", "set bed light brightness to 50 percent")
_QUESTIONS = (
    "why is the sky blue",
    "what is a good name for a cat",
    "how do magnets work",
    "why do we sleep",
    "tell me something about whales",
    "explain photosynthesis",
    "what is the difference between a frog and a toad",
)


class _Ear:
    """A sink that takes everything at once, and notes when the first of it came."""

    def __init__(self) -> None:
        self.first = 0.0

    def play(self, pieces: Iterable[Samples], rate: int, cancel: threading.Event) -> None:
        for _ in pieces:
            self.first = self.first or time.perf_counter()


class _Noted:
    """A language model whose pieces are noted with their times."""

    def __init__(self, llm: Llm) -> None:
        self._llm = llm
        self.pieces: list[tuple[float, str]] = []

    def generate(
        self, messages: Sequence[ChatMessage], max_tokens: int, cancel: threading.Event, grammar: str = ""
    ) -> Iterator[str]:
        self.pieces = []
        for piece in self._llm.generate(messages, max_tokens, cancel, grammar):
            self.pieces.append((time.perf_counter(), piece))
            yield piece

    def warm(self, messages: Sequence[ChatMessage]) -> None:
        self._llm.warm(messages)

    def first_sentence(self) -> float:
        """When its last token was there."""
        text = ""
        for at, piece in self.pieces:
            text += piece
            if text.strip() and text.rstrip()[-1] in ".!?":
                return at
        return self.pieces[-1][0]


def voice(bench: Bench) -> Iterator[Figure]:
    """A template's reply after its confirmation, made and remembered; the model's, from its tokens."""
    with evaluation.stages(bench.settings, bench.options) as made:
        engine = bench.options.engine("tts")
        voices = {megabytes: RememberedTts(engine, megabytes, {}) for megabytes in (0.0, 4.0)}
        turned = [(n, text) for n in range(_ROUNDS) for text in _COMMANDS]

        def lag(megabytes: float, text: str) -> float:
            made.voice.tts = voices[megabytes]
            return _after_confirmation(made, text)

        known, fresh = alternate(turned, lambda item: lag(4.0, item[1]), lambda item: lag(0.0, item[1]))
        yield figure("voice", "confirmed to first audio, made", fresh)
        found = figure("voice", "confirmed to first audio, remembered", known)
        yield found.beside(figure("voice", "", fresh).median, "made")
        known, fresh = alternate(
            [text for _, text in turned],
            lambda text: 1e3 * cpu_seconds(lambda: list(voices[4.0].speak(text))),
            lambda text: 1e3 * cpu_seconds(lambda: list(voices[0.0].speak(text))),
        )
        found = figure("voice", "CPU of a reply, remembered", known)
        yield found.beside(figure("voice", "", fresh).median, "made")
        if bench.settings.llm.engine:
            yield from _talk(bench, made)


def _after_confirmation(made: turns.Stages, text: str) -> float:
    made.voice.sink = ear = _Ear()
    confirmed = 0.0
    for event in turns.run(made, Turn("bench", threading.Event()), text):
        if isinstance(event, StateConfirmed):
            confirmed = time.perf_counter()
    return (ear.first - confirmed) * 1e3


def _talk(bench: Bench, made: turns.Stages) -> Iterator[Figure]:
    noted = _Noted(bench.options.engine("llm"))
    late = LateLlm(lambda stop: noted, 60.0)
    late.start((chat.prefix(),))
    after: list[float] = []
    first: list[float] = []
    whole: list[float] = []
    for question in (_QUESTIONS[0], *_QUESTIONS):
        made.voice.sink = ear = _Ear()
        cancel = threading.Event()
        began = time.perf_counter()
        said = Outcome(sentences=chat.chat(late, question, cancel))
        parts = sum(isinstance(event, Replied) for event in turns.carry_out(made, Turn("bench", cancel), said))
        after.append((ear.first - noted.first_sentence()) * 1e3)
        if parts > 1:  # what is one short sentence cannot be begun before it is complete
            first.append((ear.first - began) * 1e3)
            whole.append((noted.pieces[-1][0] - began) * 1e3)
    yield figure("voice", "first sentence's last token to first audio", after[1:])
    found = figure("voice", "question to first audio, of answers in parts", first)
    yield found.beside(figure("voice", "", whole).median, "the answer's last token")
