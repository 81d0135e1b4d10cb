"""Print the labels of segments of the public sets beside two simple baselines, to be judged.

    python -m benchmarks.topic_labels --data DIR [--chats DIR]

Tab-separated: the set, how the segment begins, the label, the baseline of the four terms with the
highest TF-IDF, and the baseline of the first noun phrase of what the person asks. The same
segments each time; docs/topic-labels.tsv has what a reader made of them.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any

from sessions_app.domain.topics import (
    TopicMessage,
    TopicState,
    advance,
    current_label,
    gather,
    phrases_of,
    read,
    shipped_head,
)

# How many segments of each file.
WANTED = {
    "cast22-dev": 18,
    "mtrag": 30,
    "superdialseg-dev": 30,
    "dialseg711-dev": 12,
    "tiage-dev": 10,
}
Messages = list[dict[str, Any]]


def segments(path: Path) -> Iterator[Messages]:
    """The segments of a file, each first message once."""
    seen = set()
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line:
            continue
        row = json.loads(line)
        edges = [1, *row["topic_starts"], len(row["messages"]) + 1]
        for first, end in pairwise(edges):
            messages = row["messages"][first - 1 : end - 1]
            if messages[0]["content"] not in seen:
                seen.add(messages[0]["content"])
                yield messages


def label(messages: Messages) -> str:
    """The label that production gives."""
    head, state = shipped_head(), TopicState(topic=1, topic_start=1)
    for message in messages:
        evidence = gather(state, TopicMessage(message["role"], message["content"]), head)
        state = advance(state, evidence, shift=False)
    return current_label(state)


def terms_by_rarity(messages: Messages, everywhere: Counter[str], count: int) -> str:
    """The four terms with the highest TF-IDF over all chosen segments."""
    here: Counter[str] = Counter()
    for message in messages:
        here.update(read(message["content"]).terms)
    best = sorted(here, key=lambda term: -here[term] * log(count / everywhere[term]))
    return ", ".join(best[:4])


def first_phrase(messages: Messages) -> str:
    """The first noun phrase of the first message of a person that has one."""
    questions = (message["content"] for message in messages if message["role"] == "user")
    return next((phrases[0] for text in questions if (phrases := phrases_of(text))), "")


def main() -> None:
    """Parse the flags, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds topics/")
    parser.add_argument("--chats", type=Path, help="folder of the other chats")
    parser.add_argument("--short", action="store_true", help="the same: it takes a second")
    options = parser.parse_args()
    chosen: list[tuple[str, Messages]] = []
    for name, wanted in WANTED.items():
        folder = options.chats if name == "mtrag" and options.chats else options.data
        pool = list(segments(folder / "topics" / f"{name}.jsonl"))
        draw = random.Random(name)
        chosen += [(name, messages) for messages in draw.sample(pool, min(wanted, len(pool)))]
    everywhere: Counter[str] = Counter()
    for _, messages in chosen:
        everywhere.update({term for m in messages for term in read(m["content"]).terms})
    for name, messages in chosen:
        opening = " ".join(messages[0]["content"].split())
        row = [
            name, opening[:70], label(messages),
            terms_by_rarity(messages, everywhere, len(chosen)), first_phrase(messages),
        ]  # fmt: skip
        print("\t".join(row))


if __name__ == "__main__":
    main()
