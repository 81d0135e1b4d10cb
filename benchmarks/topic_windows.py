"""What a wrong shift costs: evidence recall of windows under `adjust`, by whose topics they have.

    python -m benchmarks.topic_windows --data DIR [--vectors CACHE.npz] [--memory]

Chats with an assistant, `chats.json` here and those of `cast22-dev`, are put one after the other.
Questions about an earlier topic (`asked_again.json`), in other words than its own, are asked where
two more topics have followed; the evidence is the answer. With `--memory`, LoCoMo's questions too,
which have no true topics. Topics are `none`, the detector's, or the true ones; recall is the mean
share of the evidence that the window kept. `p` is the share of 10,000 resamplings of the questions
in which the detector's topics do not lose against none.
"""

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks import context_recall, topic_sets
from benchmarks.harness import report
from sessions_app.domain.data import OnTopicShift
from sessions_app.domain.relevance import query_text
from sessions_app.domain.topics import TopicMessage, TopicState, Vector, observe, pack_vector
from sessions_app.domain.window import (
    Strategy,
    WindowMessage,
    WindowPolicy,
    plan_window,
)
from sessions_app.encoders import load_encoder
from sessions_app.tokenizer import count_tokens

BUDGETS = (500, 1_000, 2_000)
# All conversations one after the other, in so many orders.
TIMES = 6
HERE = Path(__file__).parent
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


@cache
def _encoded_one(text: str) -> Vector | None:
    encoder = load_encoder()
    return encoder.encode([text])[0] if encoder else None


def encoded(texts: Sequence[str]) -> list[Vector | None]:
    """The vectors of texts; each is encoded once."""
    return [_encoded_one(text) for text in texts]


def chat(dialogue: topic_sets.Dialogue) -> list[WindowMessage]:
    """A dialogue as candidates without topics."""
    turns = zip(dialogue.roles, dialogue.contents, encoded(dialogue.contents), strict=True)
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


def asked_again(dialogue: topic_sets.Dialogue) -> Iterator[tuple[str, frozenset[int]]]:
    """Questions about topics that lie two topics or more back, each with its evidence."""
    last = sorted(dialogue.starts)[-BETWEEN]
    for question, beginning in json.loads((HERE / "asked_again.json").read_text(encoding="utf-8")):
        for seq, content in enumerate(dialogue.contents[: last - 1], 1):
            if content.startswith(beginning):
                yield question, frozenset({seq})


def conversations(cast: Sequence[topic_sets.Dialogue]) -> list[topic_sets.Dialogue]:
    """Each conversation of CAsT, and those written by hand, once."""
    parts = {part.name: part for dialogue in cast for part in topic_sets.subjects(dialogue)}
    own = json.loads((HERE / "chats.json").read_text(encoding="utf-8"))
    for turns in (each["turns"] for each in own):
        contents = tuple(text for turn in turns for text in turn)
        roles = ("user", "assistant") * len(turns)
        vectors = tuple(b"" for _ in contents)
        parts[contents[0]] = topic_sets.Dialogue(contents[0], roles, contents, frozenset(), vectors)
    return list(parts.values())


def glued(parts: Sequence[topic_sets.Dialogue]) -> Iterator[topic_sets.Dialogue]:
    """Dialogues of the conversations in random order."""
    for seed in range(TIMES):
        dialogue, *others = random.Random(seed).sample(parts, len(parts))
        for other in others:
            starts = dialogue.starts | {len(dialogue.contents) + 1}
            dialogue = replace(topic_sets.glue(dialogue, other), starts=starts)
        yield dialogue


def recall(messages: Sequence[WindowMessage], asked: Sequence[Asked], budget: int) -> list[float]:
    """The share of its evidence that each question's window kept."""
    shares = []
    for question in asked:
        plan = plan_window(
            messages,
            WindowPolicy(budget, Strategy.HYBRID, on_topic_shift=OnTopicShift.ADJUST),
            query=question.text,
            query_vector=question.vector,
        )
        kept = set(plan.kept_seqs)
        shares.append(len(question.evidence & kept) / len(question.evidence))
    return shares


def not_worse(values: Sequence[float], others: Sequence[float]) -> float:
    """The share of resamplings of the questions in which `values` has no smaller mean."""
    gains = np.array(values) - np.array(others)
    drawn = np.random.default_rng(7).integers(0, len(gains), (10_000, len(gains)))
    return round(float((gains[drawn].mean(axis=1) >= 0).mean()), 3)


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
    dialogues = list(glued(conversations(sets["cast22"])))
    for dialogue in dialogues[: 1 if options.short else None]:
        plain = chat(dialogue)
        texts = list(asked_again(dialogue))
        vectors = encoded([query_text(text, plain) for text, _ in texts])
        asked = [Asked(t, v, e) for (t, e), v in zip(texts, vectors, strict=True)]
        versions = {
            "none": plain,
            "detected": detected(plain),
            "true": with_true_topics(plain, dialogue.starts),
        }
        for topics, messages in versions.items():
            for budget in BUDGETS:
                measure("chats", topics, messages, asked, budget)
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
            p=not_worse(values, shares[name, "none", budget]),
        )  # fmt: skip
    result.table()


if __name__ == "__main__":
    main()
