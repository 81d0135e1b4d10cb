"""What a wrong shift costs: evidence recall of windows under `adjust`, by whose topics they have.

    python -m benchmarks.topic_windows --data DIR [--vectors CACHE.npz] [--memory]

On the assistant chats of `cast22-dev`, the opening question of each topic is asked again after the
end of the dialogue, where two topics or more lie in between; its evidence is the question and its
answer. With `--memory`, LoCoMo's questions too, which have no true topics. Topics are `none`, the
detector's, or the true ones; recall is the mean share of the evidence that the window kept.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks import context_recall, topic_sets
from benchmarks.harness import report
from sessions_app.domain.relevance import query_text
from sessions_app.domain.topics import TopicMessage, TopicState, Vector, observe, pack_vector
from sessions_app.domain.window import Strategy, WindowMessage, WindowPolicy, plan_window
from sessions_app.encoders import load_encoder
from sessions_app.tokenizer import count_tokens

BUDGETS = (500, 1_000, 2_000)
MEMORY_BUDGETS = (2_000, 4_000)
BETWEEN = 2


@dataclass(frozen=True)
class Asked:
    """A question after the end of a conversation, and the messages that answer it."""

    text: str
    vector: Vector | None
    evidence: frozenset[int]


def detected(messages: Sequence[WindowMessage]) -> list[WindowMessage]:
    """The messages with the topics that the detector finds."""
    state, judged = TopicState(), []
    for message in messages:
        packed = pack_vector(message.vector)
        state, decision = observe(state, TopicMessage(message.role, message.content, packed))
        judged.append(replace(message, topic=decision.topic))
    return judged


def chat(dialogue: topic_sets.Dialogue) -> list[WindowMessage]:
    """A dialogue as candidates without topics."""
    vectors = topic_sets.unpacked(dialogue)
    turns = zip(dialogue.roles, dialogue.contents, vectors, strict=True)
    return [
        WindowMessage(
            seq=seq, role=role, token_count=count_tokens(content), content=content, vector=vector
        )
        for seq, (role, content, vector) in enumerate(turns, start=1)
    ]


def with_true_topics(
    messages: Sequence[WindowMessage], starts: frozenset[int]
) -> list[WindowMessage]:
    """The messages with the topics of the set."""
    return [
        replace(message, topic=1 + sum(start <= message.seq for start in starts))
        for message in messages
    ]


def openings(dialogue: topic_sets.Dialogue) -> Iterator[tuple[str, frozenset[int]]]:
    """The opening questions of topics that lie far back, each with its evidence."""
    starts = [1, *sorted(dialogue.starts)]
    for start in starts[: max(0, len(starts) - BETWEEN)]:
        yield dialogue.contents[start - 1], frozenset({start, start + 1})


def recall(messages: Sequence[WindowMessage], asked: Sequence[Asked], budget: int) -> list[float]:
    """The share of its evidence that each question's window kept."""
    shares = []
    for question in asked:
        plan = plan_window(
            messages,
            WindowPolicy(budget, Strategy.HYBRID),
            query=question.text,
            query_vector=question.vector,
        )
        kept = set(plan.kept_seqs)
        shares.append(len(question.evidence & kept) / len(question.evidence))
    return shares


def main() -> None:
    """Parse the flags, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds topics/ and memory/")
    parser.add_argument("--vectors", type=Path, help="keep the encoded messages in this .npz")
    parser.add_argument("--memory", action="store_true", help="LoCoMo too")
    parser.add_argument("--short", action="store_true", help="the first dialogues alone")
    options = parser.parse_args()
    result = report.Report("topic_windows")
    result.machine(Path.cwd())
    shares: dict[tuple[str, str, int], list[float]] = {}

    def measure(
        name: str, topics: str, messages: list[WindowMessage], asked: list[Asked], budget: int
    ) -> None:
        key = name, topics, budget
        shares[key] = shares.get(key, []) + recall(messages, asked, budget)

    encoder = load_encoder()
    sets = topic_sets.load_sets(
        options.data, options.vectors, topic_sets.project_encoder, names=["cast22"]
    )
    for dialogue in sets["cast22"][: 5 if options.short else None]:
        plain = chat(dialogue)
        texts = list(openings(dialogue))
        queries = [query_text(text, plain) for text, _ in texts]
        vectors = encoder.encode(queries) if encoder else [None] * len(queries)
        asked = [Asked(t, v, e) for (t, e), v in zip(texts, vectors, strict=True)]
        versions = {
            "none": plain,
            "detected": detected(plain),
            "true": with_true_topics(plain, dialogue.starts),
        }
        for topics, messages in versions.items():
            for budget in BUDGETS:
                measure("cast22", topics, messages, asked, budget)
    if options.memory:
        path = options.data / "memory" / "locomo-dev.jsonl"
        cache = Path(options.vectors or "vectors").with_suffix(".memory")
        limit = 1 if options.short else None
        for talk in context_recall.read(path, limit, encoder, cache):
            asked = [
                Asked(question["question"], vector, frozenset(question["evidence"]))
                for question, vector in zip(talk.questions, talk.vectors, strict=True)
            ]
            versions = {"none": talk.messages, "detected": detected(talk.messages)}
            for topics, messages in versions.items():
                for budget in MEMORY_BUDGETS:
                    measure("locomo", topics, messages, asked, budget)
    for (name, topics, budget), values in shares.items():
        result.add(
            "recall", set=name, topics=topics, budget=budget,
            questions=len(values), recall=round(float(np.mean(values)), 4),
        )  # fmt: skip
    result.table()


if __name__ == "__main__":
    main()
