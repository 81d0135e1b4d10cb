"""Facts that a person tells in passing, changes later and asks for much later: what is kept?

    python -m benchmarks.told_facts [--chats DIR] [--vectors CACHE.npz] [--sessions N]

Each session is made of the assistant's chats in `chats.json`, with `--chats` of 1,200 messages of
`ikat` and `mtrag` too, in random order. Facts of `facts.json` are told in a turn of their own,
changed later, and asked for at the end. `newest` is the share of questions whose window holds the
message with the newest value, `stale_alone` the share whose window holds an older value without it,
and `recall` is of all messages about the fact.
"""

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import topic_sets
from benchmarks.harness import report
from sessions_app.domain.topics import Vector
from sessions_app.domain.topics.state import unpack_vector
from sessions_app.domain.window import Strategy, WindowMessage, WindowPolicy, plan_window
from sessions_app.encoders import load_encoder
from sessions_app.tokenizer import count_tokens

BUDGETS = (1_000, 2_000, 4_000)
FACTS_PER_SESSION = 8
MESSAGES = 1_200
HERE = Path(__file__).parent
_NOTED = (
    "Thanks, I'll keep that in mind.", "Noted.", "All right, I have noted it.",
    "Good to know.", "I'll remember that.", "Understood, thank you for telling me.",
)  # fmt: skip

Said = tuple[str, str]


@dataclass(frozen=True)
class Session:
    """What was said, role by role, and for each question the seqs of its values in order."""

    said: list[Said]
    questions: list[tuple[str, list[int]]]


def chats() -> list[list[Said]]:
    """The conversations written by hand."""
    own = json.loads((HERE / "chats.json").read_text(encoding="utf-8"))
    return [
        [
            message
            for user, answer in chat["turns"]
            for message in (("user", user), ("assistant", answer))
        ]
        for chat in own
    ]


def public_chats(folder: Path, cache: Path | None) -> tuple[list[list[Said]], dict[str, Vector]]:
    """The conversations of public sets, and the vectors of what is said in them."""
    sets = topic_sets.load_sets(folder, cache, topic_sets.project_encoder, names=["ikat", "mtrag"])
    dialogues = [dialogue for group in sets.values() for dialogue in group]
    parts = {part.name: part for each in dialogues for part in topic_sets.subjects(each)}
    vectors = {
        content: unpack_vector(packed)
        for part in parts.values()
        for content, packed in zip(part.contents, part.vectors, strict=True)
        if packed
    }
    return [list(zip(p.roles, p.contents, strict=True)) for p in parts.values()], vectors


def sessions(count: int, conversations: list[list[Said]]) -> Iterator[Session]:
    """Sessions with facts told in the first two thirds, each value after the one before."""
    facts = json.loads((HERE / "facts.json").read_text(encoding="utf-8"))
    for seed in range(count):
        draw = random.Random(seed)
        turns = [turn for chat in draw.sample(conversations, len(conversations)) for turn in chat]
        turns = turns[:MESSAGES]
        chosen = draw.sample(facts, FACTS_PER_SESSION)
        # Behind every second message, where a turn has ended.
        ends = range(2, len(turns) * 2 // 3, 2)
        facts_at: dict[int, list[tuple[int, str]]] = {}
        for number, fact in enumerate(chosen):
            places = sorted(draw.sample(ends, len(fact["told"])))
            for place, text in zip(places, fact["told"], strict=True):
                facts_at.setdefault(place, []).append((number, text))
        messages: list[Said] = []
        values: list[list[int]] = [[] for _ in chosen]
        for at, turn in enumerate(turns):
            for number, text in facts_at.get(at, ()):
                messages += [("user", text), ("assistant", draw.choice(_NOTED))]
                values[number].append(len(messages) - 1)
            messages.append(turn)
        questions = [(fact["question"], seqs) for fact, seqs in zip(chosen, values, strict=True)]
        yield Session(messages, questions)


def main() -> None:
    """Parse the flags, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chats", type=Path, help="folder of the other chats: longer sessions")
    parser.add_argument("--vectors", type=Path, help="keep the encoded messages in this .npz")
    parser.add_argument("--sessions", type=int, default=12, metavar="N")
    parser.add_argument("--no-vectors", action="store_true", help="rank by words alone")
    parser.add_argument("--short", action="store_true", help="one session")
    options = parser.parse_args()
    result = report.Report("told_facts")
    result.machine(Path.cwd())
    encoder = None if options.no_vectors else load_encoder()
    conversations, known = chats(), dict[str, Any]()
    if options.chats:
        more, known = public_chats(options.chats, options.vectors)
        conversations += more

    def vector(text: str) -> Any:
        if encoder is not None and text not in known:
            known[text] = encoder.encode([text])[0]
        return known.get(text)

    made = list(sessions(1 if options.short else options.sessions, conversations))
    for budget in BUDGETS:
        outcomes = [
            outcome
            for session in made
            for outcome in asked(session, WindowPolicy(budget, Strategy.HYBRID), vector)
        ]
        newest, stale, recall = np.mean(np.array(outcomes, float), axis=0)
        result.add(
            "facts", budget=budget, questions=len(outcomes),
            messages=round(float(np.mean([len(s.said) for s in made]))),
            newest=round(float(newest), 3), stale_alone=round(float(stale), 3),
            recall=round(float(recall), 3),
        )  # fmt: skip
    result.table()


def asked(
    session: Session, policy: WindowPolicy, vector: Any
) -> Iterator[tuple[bool, bool, float]]:
    """By question: the newest value is kept, only older ones are, and the share that is kept."""
    messages = [
        WindowMessage(
            seq=seq, role=role, content=content, token_count=count_tokens(content),
            vector=vector(content),
        )
        for seq, (role, content) in enumerate(session.said, 1)
    ]  # fmt: skip
    for text, seqs in session.questions:
        question = WindowMessage(
            seq=len(messages) + 1, role="user", content=text, token_count=count_tokens(text),
            vector=vector(text),
        )  # fmt: skip
        plan = plan_window([*messages, question], policy, query_vector=vector(text))
        kept = [seq in set(plan.kept_seqs) for seq in seqs]
        yield kept[-1], any(kept) and not kept[-1], sum(kept) / len(kept)


if __name__ == "__main__":
    main()
