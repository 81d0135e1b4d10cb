"""How much of what a question needs is in the window: evidence recall on LoCoMo.

    python -m benchmarks.context_recall --data DIR [--limit N] [--cache DIR] [--no-vectors]
        [--langchain-python PYTHON]

Each question is asked after the whole conversation; recall is the mean share of its evidence
messages that the window kept, `any` and `all` the shares of questions of which it kept some and
everything; `recall_1` to `recall_5` are by LoCoMo's category: multi-hop, temporal, open,
single-hop, adversarial. `trim` is the plain alternative: the newest messages that fit. `langchain`
is LangChain's `trim_messages` (strategy "last", the same token counts), which runs in an
environment of its own:

    python3.11 -m venv .venv/peers && .venv/peers/bin/pip install -r benchmarks/requirements.txt
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import report
from sessions_app.domain.relevance import query_text
from sessions_app.domain.window import Layout, Strategy, WindowMessage, WindowPolicy, plan_window
from sessions_app.encoders import Encoder, load_encoder
from sessions_app.tokenizer import count_tokens

BUDGETS = (1_000, 2_000, 4_000, 8_000)
TRIM, LANGCHAIN = "trim", "langchain"
PEER = Path(__file__).resolve().parent / "peers" / "langchain_trim.py"

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Conversation:
    """One LoCoMo conversation as candidates, with its questions and their vectors."""

    messages: list[WindowMessage]
    questions: list[dict[str, Any]]
    vectors: Sequence[Vectors | None]


def main() -> int:
    """Measure, print, answer 2 where the data is missing."""
    options = parse_options()
    path = options.data / "memory" / "locomo-dev.jsonl"
    if not path.is_file():
        print(f"no {path.name} under {options.data}", file=sys.stderr)
        return 2
    encoder = None if options.no_vectors else load_encoder()
    conversations = list(read(path, 1 if options.short else options.limit, encoder, options.cache))
    trimmed = {TRIM: [trims(conversation.messages) for conversation in conversations]}
    if options.langchain_python:
        trimmed[LANGCHAIN] = langchain_trims(options.langchain_python, conversations)
        same = trimmed[LANGCHAIN] == trimmed[TRIM]
        print(f"langchain keeps the same as trim: {'yes' if same else 'NO'}", file=sys.stderr)
    result = report.Report("context_recall")
    result.machine(Path.cwd())
    for strategy, budget in product((*trimmed, *Strategy), BUDGETS):
        kept = trimmed.get(strategy)
        result.add("recall", **measure(conversations, strategy, budget, kept, options.layout))
    result.table()
    return 0


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds memory/locomo-dev.jsonl")
    parser.add_argument("--short", action="store_true", help="the first conversation alone")
    parser.add_argument("--limit", type=int, help="use only the first N conversations")
    parser.add_argument("--layout", type=Layout, choices=list(Layout), default=Layout.CONVERSATION)
    parser.add_argument("--no-vectors", action="store_true", help="rank by words alone")
    parser.add_argument(
        "--langchain-python", type=Path, help="a Python that has langchain-core (see above)"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "context-recall-vectors",
        help="where vectors are kept between runs",
    )
    return parser.parse_args()


def read(
    path: Path, limit: int | None, encoder: Encoder | None, cache: Path
) -> Iterator[Conversation]:
    """The conversations of the file, with vectors when there is an encoder."""
    for line in path.read_text().splitlines()[:limit]:
        data = json.loads(line)
        texts = [message["content"] for message in data["messages"]]
        vectors = cached_vectors(encoder, texts, cache)
        messages = [
            WindowMessage(
                seq=seq,
                role=message["role"],
                token_count=count_tokens(message["content"]),
                content=message["content"],
                vector=vector,
            )
            for seq, (message, vector) in enumerate(
                zip(data["messages"], vectors, strict=True), start=1
            )
        ]
        queries = [query_text(q["question"], messages) for q in data["questions"]]
        yield Conversation(messages, data["questions"], cached_vectors(encoder, queries, cache))


def cached_vectors(
    encoder: Encoder | None, texts: list[str], cache: Path
) -> Sequence[Vectors | None]:
    """The texts' vectors, from the cache where the same texts were encoded before."""
    if encoder is None:
        return [None] * len(texts)
    key = hashlib.sha256("\0".join([encoder.name, *texts]).encode()).hexdigest()[:24]
    path = cache / f"{key}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(path, encoder.encode(texts))
    return list(np.load(path))


def measure(
    conversations: list[Conversation],
    strategy: str,
    budget: int,
    trimmed: Sequence[dict[int, set[int]]] | None,
    layout: Layout = Layout.CONVERSATION,
) -> dict[str, Any]:
    """Recall of one strategy at one budget over all questions; `trimmed` is what a trim kept."""
    shares: list[float] = []
    by_category: dict[int, list[float]] = defaultdict(list)
    used: list[int] = []
    ranking = "none"
    for at, conversation in enumerate(conversations):
        for question, vector in zip(conversation.questions, conversation.vectors, strict=True):
            if trimmed is not None:
                kept = trimmed[at][budget]
                tokens = sum(m.cost for m in conversation.messages if m.seq in kept)
            else:
                plan = plan_window(
                    conversation.messages,
                    WindowPolicy(budget, Strategy(strategy), layout=layout),
                    query=question["question"],
                    query_vector=vector,
                )
                kept, tokens, ranking = set(plan.kept_seqs), plan.token_count, plan.ranking.value
            evidence = set(question["evidence"])
            shares.append(len(evidence & kept) / len(evidence))
            by_category[question["category"]].append(shares[-1])
            used.append(tokens)
    return {
        "strategy": str(strategy),
        "budget": budget,
        "ranking": ranking,
        "questions": len(shares),
        "recall": mean(shares),
        "any": mean([share > 0 for share in shares]),
        "all": mean([share == 1 for share in shares]),
        "mean_tokens": round(float(np.mean(used))) if used else 0,
        **{f"recall_{category}": mean(by_category[category]) for category in sorted(by_category)},
    }


def trims(messages: list[WindowMessage]) -> dict[int, set[int]]:
    """By budget, what a sliding window without further thought keeps."""
    return {budget: trim(messages, budget) for budget in BUDGETS}


def trim(messages: list[WindowMessage], budget: int) -> set[int]:
    """The newest messages that fit."""
    kept: set[int] = set()
    used = 0
    for message in reversed(messages):
        if used + message.cost > budget:
            break
        used += message.cost
        kept.add(message.seq)
    return kept


def langchain_trims(python: Path, conversations: list[Conversation]) -> list[dict[int, set[int]]]:
    """By conversation and budget, what LangChain's `trim_messages` keeps."""
    asked = [
        json.dumps(
            {
                "costs": [message.cost for message in conversation.messages],
                "roles": [message.role for message in conversation.messages],
                "budgets": BUDGETS,
            }
        )
        for conversation in conversations
    ]
    done = subprocess.run(
        [str(python), str(PEER)], input="\n".join(asked), capture_output=True, text=True, check=True
    )
    return [
        {budget: {at + 1 for at in kept} for budget, kept in zip(BUDGETS, line, strict=True)}
        for line in map(json.loads, done.stdout.splitlines())
    ]


def mean(values: Sequence[float]) -> float:
    """The mean to four places; 0 for none."""
    return round(float(np.mean(values)), 4) if values else 0.0


if __name__ == "__main__":
    sys.exit(main())
