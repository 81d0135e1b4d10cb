"""Timing variants side by side, so that the noise of a busy machine falls on all of them alike."""

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from benchmarks.harness import report

Key = TypeVar("Key")

Samples = dict[Key, list[float]]


def milliseconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1_000


def orders(keys: Iterable[Key], number: int) -> Iterator[list[Key]]:
    """The keys in `number` orders, which are the same in each run."""
    order = list(keys)
    shuffle = random.Random(1).shuffle
    for _ in range(number):
        shuffle(order)
        yield order


def interleaved(
    variants: Mapping[Key, Callable[[], object]],
    *,
    rounds: int,
    warm_up: int = 5,
    before: Callable[[Key], object] = lambda _: None,
) -> Samples[Key]:
    """Milliseconds of each variant's calls: every round calls each once, in a new order.

    `before` is called with the variant's key ahead of each call and is not timed.
    """
    samples: Samples[Key] = {key: [] for key in variants}
    gc.collect()
    for number, order in enumerate(orders(variants, warm_up + rounds)):
        for key in order:
            before(key)
            took = milliseconds(variants[key])
            if number >= warm_up:
                samples[key].append(took)
    return samples


def compare(
    result: report.Report,
    name: str,
    samples: Samples[Key],
    labels: Mapping[Key, str],
    *,
    target: float = 1.05,
) -> None:
    """A line for each variant, with the ratio of its median to that of the first in `labels`."""
    medians = {key: statistics.median(taken) for key, taken in samples.items()}
    base = medians[next(iter(labels))]
    for key, label in labels.items():
        ratio = round(medians[key] / base, 3)
        result.add(name.format(label), **report.timing(samples[key]), ratio=ratio, target=target)
