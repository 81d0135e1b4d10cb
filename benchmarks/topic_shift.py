"""Score topic-shift detectors on the public sets, message by message.

    python -m benchmarks.topic_shift --data DIR [--vectors CACHE.npz] [--left-out]

Set, detector, Pk, WindowDiff, F1, Score and CPU milliseconds per message (without the encoder). The
shipped head has been trained on these very files: its figures here show that it runs, `--left-out`
(trains three heads, needs benchmarks/requirements-topics.txt) and the weights' provenance show what
it is worth on dialogues it never saw.
"""

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from benchmarks.harness import report
from benchmarks.topic_sets import Dialogue, load_sets, project_encoder, score_set
from sessions_app.domain.topics import (
    THRESHOLD,
    Head,
    TopicMessage,
    TopicState,
    advance,
    gather,
    head_from_arrays,
    head_inputs,
    level,
    never_opens,
    observe,
    read,
    shipped_head,
    stems,
)

Detector = Callable[[Dialogue], list[int]]


def never(_: Dialogue) -> list[int]:
    """Detects no shift at all."""
    return []


def at_random(dialogue: Dialogue) -> list[int]:
    """Each message opens a topic with the probability of a fifth, the sets' usual rate."""
    draw = random.Random(dialogue.name)
    return [seq for seq in range(2, len(dialogue.contents) + 1) if draw.random() < 0.2]


def text_tiling(dialogue: Dialogue, width: int = 2) -> list[int]:
    """TextTiling (Hearst 1997) on terms: gaps whose depth passes mean + deviation / 2. Offline."""
    terms = [stems(read(content).terms) for content in dialogue.contents]
    gaps = []
    for gap in range(1, len(terms)):
        left = frozenset().union(*terms[max(0, gap - width) : gap])
        right = frozenset().union(*terms[gap : gap + width])
        gaps.append(len(left & right) / max(1.0, (len(left) * len(right)) ** 0.5))
    depths = [max(gaps[: i + 1]) + max(gaps[i:]) - 2 * gap for i, gap in enumerate(gaps)]
    if not depths:
        return []
    mean = sum(depths) / len(depths)
    deviation = (sum((d - mean) ** 2 for d in depths) / len(depths)) ** 0.5
    return [i + 2 for i, depth in enumerate(depths) if depth > mean + deviation / 2]


@dataclass(frozen=True, slots=True, eq=False)
class UntrustedHead(Head):
    """A head without a share in the score, which leaves the chat model alone."""

    def trust(self, *, familiar: float, rarity: float, dense: bool) -> float:
        """Never any."""
        return 0.0


def chat_alone(head: Head) -> Head:
    """`head` without a share in the score: the model of chats with an assistant judges alone."""
    return UntrustedHead(**{each.name: getattr(head, each.name) for each in fields(head)})


def tracker(head: Head, *, dense: bool) -> Detector:
    """The project's own tracker, as production runs it."""

    def detect(dialogue: Dialogue) -> list[int]:
        state, shifts = TopicState(), []
        turns = zip(dialogue.roles, dialogue.contents, dialogue.vectors, strict=True)
        for seq, (role, content, vector) in enumerate(turns, start=1):
            message = TopicMessage(role, content, vector if dense else None)
            state, decision = observe(state, message, head=head)
            if decision.shift:
                shifts.append(seq)
        return shifts

    return detect


def head_alone(head: Head) -> Detector:
    """The trained head's opinion of every message that may open a topic, fully trusted."""

    def detect(dialogue: Dialogue) -> list[int]:
        state, shifts = TopicState(topic=1, topic_start=1), []
        turns = zip(dialogue.roles, dialogue.contents, dialogue.vectors, strict=True)
        for seq, (role, content, vector) in enumerate(turns, start=1):
            if not content.strip():
                state = replace(state, seq=seq)
                continue
            evidence = gather(state, TopicMessage(role, content, vector), head)
            state = level(state, evidence, head)
            shift = (
                never_opens(state, evidence.reading, user=evidence.user) is None
                and head.dense.probability(head_inputs(evidence, head)) >= THRESHOLD
            )
            state = advance(state, evidence, shift=shift)
            if shift:
                shifts.append(seq)
        return shifts

    return detect


def detectors(sets: dict[str, list[Dialogue]], left_out: bool) -> dict[str, dict[str, Detector]]:
    """For each set, the detectors to score on it."""
    head = shipped_head()
    same: dict[str, Detector] = {
        "never": never,
        "random": at_random,
        "TextTiling, offline": text_tiling,
        "chat model alone, lexical": tracker(chat_alone(head), dense=False),
        "chat model alone, dense": tracker(chat_alone(head), dense=True),
        "shipped, lexical (seen in training)": tracker(head, dense=False),
        "shipped, dense (seen in training)": tracker(head, dense=True),
    }
    if not left_out:
        return dict.fromkeys(sets, same)
    from benchmarks.topic_fitting import fit_head

    each = {}
    for name in sets:
        others = {other: rows for other, rows in sets.items() if other != name}
        unseen = head_from_arrays(fit_head(others))
        each[name] = same | {
            "set left out, lexical": tracker(unseen, dense=False),
            "set left out, dense": tracker(unseen, dense=True),
            "set left out, dense, head alone": head_alone(unseen),
        }
    return each


def measure(name: str, detector: str, detect: Detector, group: list[Dialogue]) -> dict[str, Any]:
    """One line of the benchmark."""
    started = time.process_time()
    shifts = [detect(dialogue) for dialogue in group]
    spent = (time.process_time() - started) * 1000
    total = sum(len(dialogue.contents) for dialogue in group)
    return {
        "set": name,
        "detector": detector,
        **score_set(group, shifts),
        "ms_per_message": round(spent / total, 4),
        "dialogues": len(group),
        "messages": total,
    }


def main() -> None:
    """Parse the flags, measure every detector on every set, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds topics/")
    parser.add_argument("--vectors", type=Path, help="keep the encoded messages in this .npz")
    parser.add_argument("--short", action="store_true", help="the same: it takes minutes at most")
    parser.add_argument("--left-out", action="store_true", help="train without each set, score it")
    options = parser.parse_args()
    sets = load_sets(options.data, options.vectors, project_encoder)
    result = report.Report("topic_shift")
    result.machine(Path.cwd())
    for name, wanted in detectors(sets, options.left_out).items():
        for detector, detect in wanted.items():
            result.add("score", **measure(name, detector, detect, sets[name]))
    result.table()


if __name__ == "__main__":
    main()
