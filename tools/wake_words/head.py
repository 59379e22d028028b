"""The head of a wake word: fitted to windows of embeddings, and measured as the engine runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from tqdm import trange

from edgevoice.messages import RATE, Samples
from edgevoice.wake.openwakeword import WEIGHTS, Floats, TrainedHead

_HIDDEN = 24
_STEPS, _ROUND, _BATCH, _RATE = 1500, 250, 384, 2e-3
_DECAY = 0.03  # with less, a head knows its synthetic voices by heart and no person's
_DROPPED = 0.4
_SAID = 3  # in a batch, one window in so many holds the word
_SURER, _SOONER = (
    2.0,
    2.0,
)  # so much is left out that it learns to doubt: its log odds, times the one and the other more
PATIENCE = 2
STEP_SECONDS = 0.08
FIRST_END = 12_512  # sample at which the first embedding of a recording ends
_HARDLY = 0.02
THRESHOLDS = (*np.arange(0.3, 0.95, 0.05), 0.95, 0.97, 0.98, 0.99, 0.995, 0.998)


@dataclass(frozen=True, slots=True)
class Clip:
    """Embeddings [steps, 96] of a recording; `word`: the samples where it begins and ends, None where it is not said."""

    embeddings: Floats
    word: tuple[int, int] | None = None
    samples: Samples | None = None
    """The recording itself, where it is kept back."""

    def windows(self, frames: int) -> Floats:
        """[n, frames, 96], one for each step from which on there are enough."""
        return np.moveaxis(sliding_window_view(self.embeddings, frames, axis=0), -1, 1)

    def said(self, frames: int) -> Floats:
        """Those of `windows` that end where a word has just been said."""
        assert self.word is not None
        ends = FIRST_END + RATE * STEP_SECONDS * (np.arange(len(self.embeddings) - frames + 1) + frames - 1)
        after = (ends - self.word[1]) / RATE
        return self.windows(frames)[(after > -0.06) & (after < 0.22)]


def fit(clips: Sequence[Clip], frames: int, steps: int = _STEPS) -> TrainedHead:
    """By Adam on logistic loss, from as many windows with the word as without; its threshold and bar are not yet chosen."""
    chance = np.random.default_rng(0)
    said, other = (
        _flat([c.said(frames) for c in clips if c.word is not None]),
        _flat([c.windows(frames) for c in clips if c.word is None]),
    )
    middle, spread = other.mean(0), other.std() + np.float32(1e-3)
    said, other = (said - middle) / spread, (other - middle) / spread
    shapes = ((said.shape[1], _HIDDEN), (_HIDDEN,), (_HIDDEN,), (1,))
    weights = [chance.normal(0, 0.03 if len(s) == 2 else 0.2, s).astype(np.float32) for s in shapes]
    moments = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
    count = _BATCH // _SAID
    wanted = np.arange(_BATCH) < count
    for step in trange(steps, desc="fitting", unit="step", leave=False):
        if step % _ROUND == 0:  # what sounds like the word is looked at more often
            hard = 0.02 + _scores(weights, other) if step else np.ones(len(other))
            picked = chance.choice(len(other), (_ROUND, _BATCH - count), p=hard / hard.sum())
        batch = np.concatenate((said[chance.integers(len(said), size=count)], other[picked[step % _ROUND]]))
        # Few speakers are synthetic ones: no number of theirs is to be relied on.
        batch *= (chance.random(batch.shape, np.float32) > _DROPPED) / np.float32(1 - _DROPPED)
        _learn(weights, moments, batch, wanted, step, steps)
    hidden, bias, output, last = weights
    arrays: dict[str, Any] = {"hidden": hidden / spread, "hidden_bias": bias - middle @ hidden / spread}
    arrays |= {"output": _SURER * output, "output_bias": _SURER * last[0] + _SOONER, "threshold": 0.5}
    return TrainedHead({name: np.asarray(value, np.float16) for name, value in arrays.items()})


def _flat(windows: Sequence[Floats]) -> Floats:
    """[n, frames * 96]."""
    joined = np.concatenate(windows)
    return joined.reshape(len(joined), -1)


def _scores(weights: Sequence[Floats], windows: Floats) -> NDArray[np.float64]:
    hidden, bias, output, last = weights
    summed = np.maximum(windows @ hidden + bias, 0) @ output + last
    found: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(summed.astype(np.float64), -30, 30)))
    return found


def _learn(
    weights: Sequence[Floats],
    moments: Sequence[tuple[Floats, Floats]],
    batch: Floats,
    wanted: NDArray[np.bool_],
    step: int,
    steps: int,
) -> None:
    """One step of Adam down the slope of the logistic loss."""
    hidden, bias, output, _ = weights
    inner = batch @ hidden + bias
    active = np.maximum(inner, 0)
    wrong = ((_scores(weights, batch) - wanted) / len(batch)).astype(np.float32)
    back = np.outer(wrong, output) * (inner > 0)
    slopes = (
        batch.T @ back + _DECAY * hidden,
        back.sum(0),
        active.T @ wrong + _DECAY * output,
        wrong.sum(keepdims=True),
    )
    rate = _RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
    for weight, (mean, square), slope in zip(weights, moments, slopes, strict=True):
        mean += 0.1 * (slope - mean)
        square += 0.001 * (slope**2 - square)
        weight -= rate * (mean / (1 - 0.9 ** (step + 1))) / (np.sqrt(square / (1 - 0.999 ** (step + 1))) + 1e-8)


@dataclass(frozen=True, slots=True)
class Measured:
    """`hours` of other sounds, in which it was heard `false` times."""

    threshold: float
    said: int
    missed: int
    false: int
    hours: float

    @property
    def miss_rate(self) -> float:
        return self.missed / max(self.said, 1)

    @property
    def false_an_hour(self) -> float:
        return self.false / max(self.hours, 1e-9)


def measure(head: TrainedHead, clips: Sequence[Clip]) -> list[Measured]:
    """For each threshold: as often as `PATIENCE` windows in a row reach it. What fires twice within 2 s counts once."""
    runs = [(clip.word is not None, _kept(head.scores(clip.windows(head.frames)))) for clip in clips]
    hours = sum(len(c.embeddings) for c in clips if c.word is None) * STEP_SECONDS / 3600
    said = [scores for is_said, scores in runs if is_said]
    other = [scores for is_said, scores in runs if not is_said]
    return [
        Measured(
            float(threshold),
            len(said),
            sum(not (scores >= threshold).any() for scores in said),
            sum(_firings(scores >= threshold) for scores in other),
            hours,
        )
        for threshold in THRESHOLDS
    ]


def choose(found: Sequence[Measured], most_false_an_hour: float) -> Measured:
    """Of the thresholds that are false seldom enough, or once (the highest where none is), the middle one of those that miss
    hardly more than the lowest: people are further from what was measured than synthetic voices, on both sides.
    """
    seldom = [one for one in found if one.false <= max(1, most_false_an_hour * one.hours)] or found[-1:]
    good = [one for one in seldom if one.missed <= seldom[0].missed + _HARDLY * one.said]
    return good[len(good) // 2]


def _kept(scores: Floats) -> Floats:
    return np.min(sliding_window_view(scores, PATIENCE), axis=-1) if len(scores) >= PATIENCE else scores[:0]


def _firings(fires: NDArray[np.bool_]) -> int:
    count, until = 0, -1
    for at in np.flatnonzero(fires):
        if at > until:
            count, until = count + 1, int(at) + round(2 / STEP_SECONDS)
    return count


def save(path: Path, head: TrainedHead, made: Mapping[str, str | float]) -> None:
    """As the engine reads it, with how it was `made` and what was measured."""
    arrays: dict[str, Any] = {name: head.arrays[name].astype(np.float16) for name in WEIGHTS}
    arrays |= {"threshold": np.float32(head.threshold), **made}
    np.savez_compressed(path, **arrays)
