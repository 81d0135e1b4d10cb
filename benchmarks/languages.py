"""Topics and recall in eight languages, by encoder: parallel talk, translated by hand.

    python -m benchmarks.languages

`languages.json` has five short chats with an assistant in each language, with two questions each.
They are put one after the other in ten orders. `score`, `precision` and `recall` are of topic
shifts; `evidence` is the share of the questions' answers in windows of a quarter of the tokens.
Encoders that are not installed are left out; `words` is without any.
"""

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import topic_sets
from benchmarks.harness import report
from sessions_app import encoders
from sessions_app.domain.relevance import query_text
from sessions_app.domain.topics import TopicMessage, TopicState, Vector, observe, pack_vector
from sessions_app.domain.window import Strategy, WindowMessage, WindowPolicy, plan_window
from sessions_app.tokenizer import count_tokens

LANGUAGES = ("en", "de", "es", "fr", "pt", "zh", "ja", "ar")
ORDERS = 10
SHARE = 0.25
PARALLEL = Path(__file__).parent / "languages.json"


@dataclass(frozen=True)
class Talk:
    """The chats in one order: messages, the seqs that open a topic, questions with their seq."""

    contents: list[str]
    starts: frozenset[int]
    questions: list[tuple[str, int]]


def talks(language: str, orders: int) -> Iterator[Talk]:
    """The same orders in every language."""
    chats = json.loads(PARALLEL.read_text(encoding="utf-8"))
    for seed in range(orders):
        contents: list[str] = []
        starts: list[int] = []
        questions: list[tuple[str, int]] = []
        for chat in random.Random(seed).sample(chats, len(chats)):
            first = len(contents) + 1
            starts.append(first)
            questions += [(text, first + at) for text, at in chat["questions"][language]]
            contents += chat[language]
        yield Talk(contents, frozenset(starts[1:]), questions)


class Encoded:
    """An encoder that encodes each text once; without one there are no vectors."""

    def __init__(self, choice: str) -> None:
        self.encoder: Any = encoders.MODULES[choice].build() if choice != "words" else None
        self.name = self.encoder.name if self.encoder else ""
        self._known: dict[tuple[str, bool], Vector] = {}

    def vector(self, text: str, *, query: bool = False) -> Vector | None:
        """The vector of a text."""
        if self.encoder is None:
            return None
        if (text, query) not in self._known:
            made = self.encoder.encode_query(text) if query else self.encoder.encode([text])[0]
            self._known[text, query] = made
        return self._known[text, query]


def shifts(talk: Talk, encoded: Encoded) -> list[int]:
    """The shifts that the detector marks."""
    state, marked = TopicState(), []
    for seq, content in enumerate(talk.contents, 1):
        packed = pack_vector(encoded.vector(content)) or None
        role = "user" if seq % 2 else "assistant"
        state, decision = observe(state, TopicMessage(role, content, packed, encoded.name))
        marked += [seq] if decision.shift else []
    return marked


def evidence(talk: Talk, encoded: Encoded) -> list[bool]:
    """Whether the windows of the questions hold their answers."""
    messages = [
        WindowMessage(
            seq=seq, role="user" if seq % 2 else "assistant", content=content,
            token_count=count_tokens(content), vector=encoded.vector(content),
        )
        for seq, content in enumerate(talk.contents, 1)
    ]  # fmt: skip
    budget = int(SHARE * sum(message.cost for message in messages))
    kept = []
    for text, seq in talk.questions:
        vector = encoded.vector(query_text(text, messages), query=True)
        policy = WindowPolicy(budget, Strategy.HYBRID)
        plan = plan_window(messages, policy, query=text, query_vector=vector)
        kept.append(seq in plan.kept_seqs)
    return kept


def measured(language: str, encoded: Encoded, orders: int) -> dict[str, Any]:
    """All figures of one language with one encoder."""
    made = list(talks(language, orders))
    dialogues = [
        topic_sets.Dialogue(
            language, tuple("user" for _ in t.contents), tuple(t.contents), t.starts, ()
        )
        for t in made
    ]
    marked: Sequence[list[int]] = [shifts(talk, encoded) for talk in made]
    hits = sum(len(set(m) & t.starts) for m, t in zip(marked, made, strict=True))
    return {
        "language": language,
        "score": topic_sets.score_set(dialogues, marked)["score"],
        "precision": round(hits / max(1, sum(map(len, marked))), 3),
        "recall": round(hits / max(1, sum(len(t.starts) for t in made)), 3),
        "evidence": round(float(np.mean([kept for t in made for kept in evidence(t, encoded)])), 3),
    }


def main() -> None:
    """Parse the flags, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="one order, words alone")
    options = parser.parse_args()
    result = report.Report("languages")
    result.machine(Path.cwd())
    installed = [each for each, module in encoders.MODULES.items() if module.is_installed()]
    for choice in ["words"] if options.short else ["words", *installed]:
        encoded = Encoded(choice)
        for language in LANGUAGES:
            row = measured(language, encoded, 1 if options.short else ORDERS)
            result.add("language", encoder=choice, **row)
    result.table()


if __name__ == "__main__":
    main()
