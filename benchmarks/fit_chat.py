"""Fit the model of chats with an assistant, and say what it is worth on chats it has not seen.

    python -m benchmarks.fit_chat --data DIR --chats DIR [--vectors CACHE.npz] [--dry]

DIR/topics holds `cast22-dev.jsonl`; the folder of `--chats` holds `ikat.jsonl`, `mtrag.jsonl`,
`mtbench101.jsonl` and `written.jsonl` in its topics/ (docs/evaluation-data.md says how to make
them). Needs benchmarks/requirements-topics.txt. Prints one JSON object a line: the scores of models
that have seen no subject of the scored dialogue, those of models that have seen nothing of the
scored set, and the reliability of held-out probabilities. Writes `chat_model.json` unless `--dry`.
`written` is never fitted on.
"""

import argparse
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import topic_sets
from benchmarks.chat_fitting import SHARES, calibrated, fit, fitted, shifted_odds
from benchmarks.chat_rows import Rows, pairs, rows_of
from benchmarks.topic_sets import Dialogue, score_set, subjects
from sessions_app.domain.topics import (
    CHAT_WEIGHTS,
    ChatModel,
    Head,
    TopicMessage,
    TopicState,
    chat_model_from,
    observe,
    shipped_head,
)

OTHERS = ("ikat", "mtrag", "mtbench101")
FOLDS = 5
BINS = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)


def found(dialogue: Dialogue, head: Head, chat: ChatModel, *, dense: bool) -> list[int]:
    """The shifts that production would mark, message by message."""
    state, shifts = TopicState(), []
    turns = zip(dialogue.roles, dialogue.contents, dialogue.vectors, strict=True)
    for seq, (role, content, vector) in enumerate(turns, start=1):
        message = TopicMessage(role, content, vector if dense else None)
        state, decision = observe(state, message, head=head, chat=chat)
        if decision.shift:
            shifts.append(seq)
    return shifts


def figures(dialogues: Sequence[Dialogue], shifts: Sequence[list[int]]) -> dict[str, float]:
    """Score with precision, recall, and false shifts per 100 messages where there is none."""
    hits = sum(len(set(s) & d.starts) for d, s in zip(dialogues, shifts, strict=True))
    marked, true = sum(map(len, shifts)), sum(len(d.starts) for d in dialogues)
    quiet = [
        (len(s), len(d.contents)) for d, s in zip(dialogues, shifts, strict=True) if not d.starts
    ]
    return score_set(dialogues, shifts) | {
        "precision": round(hits / max(1, marked), 3),
        "recall": round(hits / max(1, true), 3),
        "false_in_100": round(100 * sum(s for s, _ in quiet) / max(1, sum(n for _, n in quiet)), 2),
    }


class Fitting:
    """The rows of all sets, and the models that leave something out."""

    def __init__(self, sets: dict[str, list[Dialogue]], head: Head) -> None:
        self.head = head
        self.cast = sets["cast22"]
        self.pairs = {both: rows_of(one, head) for both, one in pairs(self.cast).items()}
        self.own = [rows_of(dialogue, head) for dialogue in self.cast]
        self.others = {
            name: [rows_of(dialogue, head) for dialogue in group]
            for name, group in sets.items()
            if name != "cast22"
        }

    def everything(self) -> dict[str, list[Rows]]:
        """All rows."""
        return {"cast22": list(self.pairs.values()), **self.others}

    def without(self, dialogue: Dialogue) -> dict[str, list[Rows]]:
        """All rows but those about a subject of this dialogue."""
        own = {part.name for part in subjects(dialogue)}
        seen = [rows for both, rows in self.pairs.items() if not both & own]
        return {"cast22": seen, **self.others}

    def held_out(self) -> tuple[list[float], list[bool], list[float]]:
        """Log-odds, labels and weights of questions whose dialogues were not fitted on."""
        odds: list[float] = []
        labels: list[bool] = []
        weights: list[float] = []

        def add(name: str, model: ChatModel, rows: Rows, count: int) -> None:
            odds.extend(model.dense.log_odds(row) for row in rows.inputs)
            labels.extend(rows.labels.tolist())
            weights.extend([SHARES[name] / count] * len(rows.labels))

        total = sum(len(rows.labels) for rows in self.own)
        for dialogue, rows in zip(self.cast, self.own, strict=True):
            add("cast22", fitted(self.without(dialogue)), rows, total)
        for fold in range(FOLDS):
            kept = {
                name: [rows for i, rows in enumerate(group) if i % FOLDS != fold]
                for name, group in self.others.items()
            }
            model = fitted({"cast22": list(self.pairs.values()), **kept})
            for name, group in self.others.items():
                count = sum(len(rows.labels) for rows in group)
                for rows in group[fold::FOLDS]:
                    add(name, model, rows, count)
        return odds, labels, weights


def reliability(
    odds: list[float], labels: list[bool], weights: list[float]
) -> list[dict[str, Any]]:
    """How often a probability came true, by bins; calibrated on the other half of the questions."""
    log_odds, truth, mass = np.array(odds), np.array(labels), np.array(weights)
    probability = np.empty(len(odds))
    for half in (0, 1):
        seen = np.arange(len(odds)) % 2 != half
        slope, offset = calibrated(log_odds[seen], truth[seen], mass[seen])
        probability[~seen] = 1 / (1 + np.exp(-(slope * log_odds[~seen] + offset)))
    rows = []
    for low, high in pairwise(BINS):
        inside = (probability >= low) & (probability < high + (high == 1.0))
        if inside.any():
            rows.append(
                {
                    "from": low,
                    "to": high,
                    "questions": int(inside.sum()),
                    "said": round(float(np.average(probability[inside], weights=mass[inside])), 3),
                    "true": round(float(np.average(truth[inside], weights=mass[inside])), 3),
                }
            )
    return rows


def main() -> None:
    """Parse the flags, measure, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds topics/")
    parser.add_argument("--chats", type=Path, required=True, help="folder of the other chats")
    parser.add_argument("--vectors", type=Path, help="keep the encoded messages in this .npz")
    parser.add_argument("--dry", action="store_true", help="measure only")
    options = parser.parse_args()
    sets: dict[str, list[Dialogue]] = {}
    for folder, names in ((options.data, ["cast22"]), (options.chats, [*OTHERS, "written"])):
        sets |= topic_sets.load_sets(
            folder, options.vectors, topic_sets.project_encoder, names=names
        )
    written = sets.pop("written")
    fitting = Fitting(sets, shipped_head())
    odds, labels, weights = fitting.held_out()
    slope, offset = calibrated(np.array(odds), np.array(labels), np.array(weights))
    print(json.dumps({"slope": round(slope, 4), "offset": round(offset, 4)}))
    for row in reliability(odds, labels, weights):
        print(json.dumps({"reliability": row}))

    def model(groups: dict[str, list[Rows]]) -> dict[str, Any]:
        return shifted_odds(fit(groups), slope, offset)

    def measured(
        name: str, group: list[Dialogue], models: Sequence[ChatModel], *, dense: bool = True
    ) -> None:
        shifts = [
            found(dialogue, fitting.head, chat, dense=dense)
            for dialogue, chat in zip(group, models, strict=True)
        ]
        print(json.dumps({"scored": name, **figures(group, shifts)}), flush=True)

    unseen = [chat_model_from(model(fitting.without(dialogue))) for dialogue in fitting.cast]
    measured("cast22, subjects held out", fitting.cast, unseen)
    measured("cast22, subjects held out, without vectors", fitting.cast, unseen, dense=False)
    for name in ("cast22", "ikat"):
        rest = {other: rows for other, rows in fitting.everything().items() if other != name}
        never_seen = chat_model_from(model(rest))
        measured(f"{name}, set held out", sets[name], [never_seen] * len(sets[name]))
    everything = chat_model_from(model(fitting.everything()))
    measured("written, never fitted on", written, [everything] * len(written))
    if not options.dry:
        text = json.dumps(model(fitting.everything()), indent=1)
        CHAT_WEIGHTS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
