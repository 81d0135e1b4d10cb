"""What a window costs over a real store: milliseconds, and what is read from MongoDB for it."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import bson
import numpy as np
from pymongo import monitoring

from benchmarks.harness import conversations, report, rounds
from sessions_app import encoders
from sessions_app.domain.annotations import Block
from sessions_app.domain.data import Strategy, TopicStanding
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.domain.relevance import quantise, restore, sketch_run, terms
from sessions_app.repository import annotations, log
from sessions_app.services import context
from sessions_app.services.topics import window_message

USER, WORDS = "reader", 40
BUDGET, ROUNDS = 2_000, 15


class Reads(monitoring.CommandListener):
    """Counts what MongoDB answers while it is switched on."""

    def __init__(self) -> None:
        self.on = False
        self.queries = self.documents = self.bytes = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Only answers count."""

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """A batch of documents has come."""
        cursor = event.reply.get("cursor")
        if self.on and cursor is not None:
            batch = cursor.get("firstBatch", cursor.get("nextBatch", []))
            self.queries += 1
            self.documents += len(batch)
            self.bytes += sum(len(bson.encode(document)) for document in batch)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing was read."""

    def reset(self) -> None:
        """Begin to count."""
        self.on, self.queries, self.documents, self.bytes = True, 0, 0, 0


def measure(result: report.Report, lengths: Sequence[int], reads: Reads) -> None:
    """One line per session length and strategy."""
    for length in lengths:
        session_id = conversations.create(USER, length, words=WORDS)
        annotate(session_id)
        for strategy in (Strategy.RECENT, Strategy.HYBRID):
            line = _one(session_id, strategy, reads)
            result.add(f"window of {BUDGET:,} tokens", strategy=strategy, messages=length, **line)


def _one(session_id: str, strategy: Strategy, reads: Reads) -> dict[str, Any]:
    def window() -> context.ContextWindow:
        return context.context_plan(
            session_id=session_id,
            user_id=USER,
            max_tokens=BUDGET,
            strategy=strategy,
            query=None,
            now=conversations.now(),
        )

    reads.reset()
    plan = window().plan
    reads.on = False
    samples = rounds.interleaved({0: window}, rounds=ROUNDS, warm_up=2)[0]
    spent = [_cpu_ms(window) for _ in range(ROUNDS)]
    return {
        **report.timing(samples),
        "cpu_p50": round(float(np.percentile(spent, 50)), 1),
        "cpu_p95": round(float(np.percentile(spent, 95)), 1),
        "queries": reads.queries,
        "documents": reads.documents,
        "kb_read": round(reads.bytes / 1_000, 1),
        "candidates": len(plan.messages),
        "kept": plan.kept_count,
        "ranking": plan.ranking.value,
    }


def _cpu_ms(window: Callable[[], object]) -> float:
    """CPU milliseconds of this process; that of `mongod` is not in it.

    No text is known from the window before, as in a service with many sessions.
    """
    terms.forget()
    started = time.process_time()
    window()
    return 1_000 * (time.process_time() - started)


def annotate(session_id: str) -> None:
    """Annotations as the service would have made them, but for the vectors, which are random.

    Encoding 100,000 messages would take twenty minutes; how long reading them takes does not
    depend on what they say.
    """
    encoder = encoders.load_encoder()
    random = np.random.default_rng(7)
    session, stream = log.read_all(session_id=session_id, user_id=USER)
    for run in _runs(stream, ANNOTATION_BLOCK):
        block = Block(session_id, run[0].seq, len(run), topics=[1] * len(run))
        vectors: Sequence[Any] = [None] * len(run)
        if encoder:
            rows = random.normal(size=(len(run), encoders.DIMENSIONS)).astype(np.float32)
            block = replace(block, encoder=encoder.name, vectors=quantise(rows))
            vectors = restore(block.vectors, encoders.DIMENSIONS)
        offered = [window_message(m, vector=v) for m, v in zip(run, vectors, strict=True)]
        if len(run) == ANNOTATION_BLOCK:
            sketch = sketch_run(offered)
            block = replace(block, terms=sketch.terms, centroids=sketch.centroids)
        annotations.write_block(block, replacing=None)
    count = session.message_count
    standing = TopicStanding(judged=count, current=1, start_seq=1, recent=((1, 1, 1.0),))
    annotations.advance(session_id=session_id, user_id=USER, judged=0, standing=standing)


def _runs(stream: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while run := list(islice(stream, size)):
        yield run
