"""Timing variants side by side, so that the noise of a busy machine falls on all of them alike."""

import gc
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

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
    variants: Mapping[Key, Callable[[], object]], *, rounds: int, warm_up: int = 5
) -> Samples[Key]:
    """Milliseconds of each variant's calls: every round calls each once, in a new order."""
    samples: Samples[Key] = {key: [] for key in variants}
    gc.collect()
    for number, order in enumerate(orders(variants, warm_up + rounds)):
        for key in order:
            took = milliseconds(variants[key])
            if number >= warm_up:
                samples[key].append(took)
    return samples
