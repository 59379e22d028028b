"""The stages that understand: templates and the language model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import hassil

from benchmark.measure import Bench, Figure, alternate, figure, milliseconds, repeated
from edgevoice import resources
from edgevoice.home import inventory
from edgevoice.home.model import Home
from edgevoice.nlu import cascade
from edgevoice.nlu.context import NOWHERE
from edgevoice.nlu.language import Language, sentences
from edgevoice.stages import ChatMessage, Llm

_TOKENS = 48
_ROUNDS = 4
Answer = Callable[[Sequence[ChatMessage]], Iterator[str]]


def nlu(bench: Bench) -> Iterator[Figure]:
    """A sentence to its intent without the language model, in the demo's home."""
    home = Home(language=bench.settings.nlu.language)
    inventory.apply(inventory.load(bench.settings.home.file or resources.find("homes/demo.yaml")), home)
    ours = cascade.load(home, bench.settings.nlu)
    language = Language(home, sentences(bench.settings.nlu.language))

    def bare(sentence: str) -> object:
        return hassil.recognize_best(sentence, language.intents, slot_lists=dict(language.lists))

    def timed(work: Callable[[str], object]) -> Callable[[str], float]:
        return lambda sentence: milliseconds(partial(work, sentence))

    items = list(repeated(bench.sentences, bench.rounds))
    mine, theirs = alternate(items, timed(lambda sentence: ours.understand(sentence, NOWHERE)), timed(bare))
    yield figure("nlu", "templates, a sentence", mine).beside(figure("nlu", "", theirs).median, "hassil bare")


def llm(bench: Bench) -> Iterator[Figure]:
    """Time to the first piece of an answer to a prompt that shares no prefix, and pieces a second from there on."""
    settings = bench.settings.llm
    if not settings.engine:
        return
    engine: Llm = bench.options.engine("llm")
    first: dict[str, list[float]] = {"ours": [], "peer": []}
    rate: dict[str, list[float]] = {"ours": [], "peer": []}
    sides: dict[str, Answer] = {"ours": partial(_ours, engine)}
    if settings.engine == "gguf":
        sides["peer"] = _llama(bench)
    for number in range(_ROUNDS + 1):
        messages = _prompt(number)
        for name, answer in sides.items() if number % 2 else reversed(sides.items()):
            ms, per_second = _pace(answer(messages))
            if number:  # the first round is a warm-up
                first[name].append(ms)
                rate[name].append(per_second)
    peer_name = "llama-cpp-python" if "peer" in sides else ""
    for label, unit, values in (("first piece, nothing cached", "ms", first), ("pieces a second", "1/s", rate)):
        found = figure("llm", f"{settings.model}, {label}", values["ours"], unit)
        yield found.beside(figure("llm", "", values["peer"]).median, peer_name)


def _ours(engine: Llm, messages: Sequence[ChatMessage]) -> Iterator[str]:
    return engine.generate(messages, _TOKENS, threading.Event())


def _llama(bench: Bench) -> Answer:
    import llama_cpp

    settings = bench.settings.llm
    (path,) = bench.folder(settings.model).glob("*.gguf")
    model = llama_cpp.Llama(
        str(path),
        n_ctx=settings.context,
        n_threads=settings.threads,
        n_threads_batch=settings.prompt_threads,
        n_gpu_layers=settings.gpu_layers,
        verbose=False,
    )

    def answer(messages: Sequence[ChatMessage]) -> Iterator[str]:
        plain: Any = [{"role": message.role, "content": message.content} for message in messages]
        stream: Any = model.create_chat_completion(
            plain, max_tokens=_TOKENS, temperature=0.0, repeat_penalty=1.1, stream=True
        )
        for part in stream:
            if text := part["choices"][0]["delta"].get("content"):
                yield text

    return answer


def _prompt(number: int) -> list[ChatMessage]:
    """Some 200 words that no earlier prompt begins with."""
    facts = " ".join(
        f"Room {number * 100 + i} has a lamp that is {'on' if (i + number) % 2 else 'off'}." for i in range(18)
    )
    question = "Tell a child in five sentences what a lamp is for."
    return [ChatMessage("system", f"{number}: {facts}"), ChatMessage("user", question)]


def _pace(pieces: Iterator[str]) -> tuple[float, float]:
    """(milliseconds to the first piece, pieces a second after it)."""
    began = time.perf_counter()
    next(pieces, None)
    first = time.perf_counter()
    count = sum(1 for _ in pieces)
    return (first - began) * 1e3, count / max(time.perf_counter() - first, 1e-9)
