"""What a window costs: time to plan it, and what its stable cuts save and lose.

On made-up conversations, the same on every run:

- `plan`: CPU milliseconds to plan over so many candidates, once their vectors and terms exist;
- `cuts`: over a conversation of so many turns, the share of consecutive windows that keep their
  whole prefix up to the newest turn, the share of tokens a prefix cache would have seen, and the
  share of the budget in use once the conversation no longer fits; `trim` beside them slides by one
  message;
- `sketches`: CPU milliseconds to choose the runs to read in a session of so many messages, and the
  bytes of its sketches.

With `--store` instead: windows of stored sessions of so many messages, planned by the service over
a `mongod` of the benchmark's own: milliseconds with reading and, under `hybrid`, encoding the
query; and how many queries, documents and bytes one window reads.
"""

import time
from collections.abc import Sequence
from itertools import accumulate, pairwise, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pymongo import monitoring

from benchmarks.harness import report, store
from sessions_app.domain.relevance import RunSketch, choose_runs, sketch_run, term_ids
from sessions_app.domain.window import (
    Layout,
    Reason,
    Strategy,
    WindowMessage,
    WindowPolicy,
    plan_window,
)

DIMENSIONS = 384
VOCABULARY = 4_000
TOPIC_LENGTH = 16
REPEATS = 30
RUN_LENGTH = 64
RUNS_READ = 20
RANKED = (Strategy.RELEVANT, Strategy.HYBRID)


def main() -> None:
    """Measure and print."""
    parser = store.arguments(__doc__)
    parser.add_argument("--candidates", type=int, nargs="+", default=[100, 500, 1_500, 5_000])
    parser.add_argument("--budget", type=int, nargs="+", default=[1_000, 2_000, 4_000, 8_000])
    parser.add_argument("--turns", type=int)
    parser.add_argument("--store", action="store_true", help="measure windows of stored sessions")
    parser.add_argument(
        "--lengths", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000], help="with --store"
    )
    options = parser.parse_args()
    result = report.Report("context_speed")
    if options.store:
        from benchmarks.harness import window_reads  # services need settings, plans do not

        reads = window_reads.Reads()
        monitoring.register(reads)
        with store.own_store(options.dir, result):
            window_reads.measure(result, options.lengths, reads)
    else:
        result.machine(Path.cwd())
        _measure(
            result,
            options.candidates,
            options.budget,
            options.turns or (50 if options.short else 200),
        )
    result.table()


def _measure(
    result: report.Report, candidates: Sequence[int], budgets: Sequence[int], turns: int
) -> None:
    for count, strategy, with_vectors in product(candidates, Strategy, (False, True)):
        if not with_vectors or strategy in RANKED:
            result.add("plan", **planning_time(count, strategy, with_vectors))
    for budget in budgets:
        for name in ("trim", *Strategy):
            result.add("cuts", **cuts(name, budget, turns))
        for name in RANKED:
            result.add("cuts", **cuts(name, budget, turns, Layout.STABLE_PREFIX))
    for length in (1_000, 10_000, 100_000):
        result.add("sketches", **choosing_time(length))


def conversation(count: int, *, with_vectors: bool = False) -> list[WindowMessage]:
    """A made-up conversation: lengths and word frequencies spread as people's are."""
    random = np.random.default_rng(7)
    messages = []
    for seq in range(1, count + 1):
        length = int(np.clip(random.lognormal(3.4, 0.6), 3, 400))
        content = " ".join(f"word{rank}" for rank in random.zipf(1.3, length) % VOCABULARY)
        vector = unit(random) if with_vectors else None
        messages.append(
            WindowMessage(
                seq=seq,
                role="user" if seq % 2 else "assistant",
                token_count=length,
                topic=seq // TOPIC_LENGTH,
                content=content,
                vector=vector,
                terms=term_ids(content),
            )
        )
    return messages


def unit(random: np.random.Generator) -> NDArray[np.float32]:
    """A random direction."""
    vector = random.normal(size=DIMENSIONS).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def planning_time(count: int, strategy: Strategy, with_vectors: bool) -> dict[str, object]:
    """CPU time of one plan, median and 95th percentile."""
    messages = conversation(count, with_vectors=with_vectors)
    random = np.random.default_rng(8)
    vector = unit(random) if with_vectors else None
    policy = WindowPolicy(4_000, strategy)
    spent = []
    for _ in range(REPEATS):
        query = " ".join(f"word{rank}" for rank in random.zipf(1.3, 12) % VOCABULARY)
        started = time.process_time()
        plan = plan_window(messages, policy, query=query, query_vector=vector)
        spent.append(1_000 * (time.process_time() - started))
    return {
        "candidates": count,
        "strategy": strategy.value,
        "ranking": plan.ranking.value,
        "ms_p50": round(float(np.percentile(spent, 50)), 2),
        "ms_p95": round(float(np.percentile(spent, 95)), 2),
    }


def choosing_time(length: int) -> dict[str, object]:
    """CPU time to choose the runs worth reading from the sketches of a whole session."""
    some = conversation(8 * RUN_LENGTH, with_vectors=True)
    runs = [sketch_run(some[at : at + RUN_LENGTH]) for at in range(0, len(some), RUN_LENGTH)]
    sketches: list[RunSketch] = [runs[at % len(runs)] for at in range(length // RUN_LENGTH)]
    vector = unit(np.random.default_rng(9))
    spent = []
    for _ in range(REPEATS):
        started = time.process_time()
        choose_runs(sketches, "word3 word70 word500", vector, limit=RUNS_READ)
        spent.append(1_000 * (time.process_time() - started))
    return {
        "messages": length,
        "runs": len(sketches),
        "bytes": sum(len(sketch.terms) + len(sketch.centroids) for sketch in sketches),
        "ms_p50": round(float(np.percentile(spent, 50)), 2),
        "ms_p95": round(float(np.percentile(spent, 95)), 2),
    }


def cuts(
    name: str, budget: int, turns: int, layout: Layout = Layout.CONVERSATION
) -> dict[str, object]:
    """How stable one strategy's windows are from turn to turn, and how full.

    A quotation of recalled messages is made anew each turn, so a prefix ends in front of it.
    """
    messages = conversation(2 * turns)
    costs = [message.cost for message in messages]
    total = [0, *accumulate(costs)]
    windows = [window(name, messages[: 2 * turn + 1], budget, layout) for turn in range(turns)]
    whole = cached = sent = 0
    for now, later in pairwise(windows):
        shared = shared_prefix(now.stays, later.stays)
        whole += shared == len(now.stays)
        cached += sum(costs[seq - 1] for seq in later.stays[:shared])
        sent += sum(costs[seq - 1] for seq in later.kept)
    used = [
        sum(costs[seq - 1] for seq in sent.kept) / budget
        for turn, sent in enumerate(windows)
        if total[2 * turn + 1] > budget
    ]
    return {
        "strategy": str(name),
        "layout": layout.value,
        "budget": budget,
        "turns": turns,
        "whole_prefix_share": round(whole / (turns - 1), 3),
        "cached_token_share": round(cached / sent, 3),
        "room_used": round(float(np.mean(used)), 3) if used else None,
    }


class Sent(NamedTuple):
    """The `seq` of all that a model is sent, and of what stands before what changes."""

    kept: Sequence[int]
    stays: Sequence[int]


def window(name: str, messages: list[WindowMessage], budget: int, layout: Layout) -> Sent:
    """What the model would be sent."""
    if name != "trim":
        plan = plan_window(messages, WindowPolicy(budget, Strategy(name), layout=layout))
        if layout is Layout.CONVERSATION:
            return Sent(plan.kept_seqs, plan.kept_seqs)
        recalled = {each.seq for each in plan.messages if each.reason is Reason.RELEVANT}
        newest = {each.seq for each in plan.messages if each.reason is Reason.NEWEST_USER}
        if not recalled:
            return Sent(plan.kept_seqs, plan.kept_seqs)
        stays = [seq for seq in plan.kept_seqs if seq not in recalled | newest]
        return Sent(plan.kept_seqs, stays)
    kept: list[int] = []
    for message in reversed(messages):
        budget -= message.cost
        if budget < 0:
            break
        kept.append(message.seq)
    return Sent(kept[::-1], kept[::-1])


def shared_prefix(now: Sequence[int], later: Sequence[int]) -> int:
    """How many messages both windows begin with."""
    same = 0
    for ours, theirs in zip(now, later, strict=False):
        if ours != theirs:
            break
        same += 1
    return same


if __name__ == "__main__":
    main()
