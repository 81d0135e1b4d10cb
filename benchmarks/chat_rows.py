"""The features and labels that the model of chats with an assistant is fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from benchmarks.topic_sets import Dialogue, glue, subjects
from sessions_app.domain.topics import (
    CHAT_DENSE,
    CHAT_TEXT,
    Head,
    TopicMessage,
    TopicState,
    advance,
    gather,
    level,
    never_opens,
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """The features and labels of one dialogue's questions that no rule decides."""

    inputs: Floats
    labels: npt.NDArray[np.bool_]


def pairs(dialogues: Sequence[Dialogue]) -> dict[frozenset[str], Dialogue]:
    """Every two conversations one after the other, by their subjects."""
    longest: dict[str, Dialogue] = {}
    for part in (part for dialogue in dialogues for part in subjects(dialogue)):
        if len(part.contents) > len(longest.get(part.name, part).contents) - 1:
            longest[part.name] = part
    glued: dict[frozenset[str], Dialogue] = {}
    for one, other in combinations(longest.values(), 2):
        # In either order, half of the pairs each.
        first, second = (one, other) if len(glued) % 2 else (other, one)
        glued[frozenset({one.name, other.name})] = glue(first, second)
    return glued


def rows_of(dialogue: Dialogue, head: Head, encoder: str = "") -> Rows:
    """The features at each question that no rule decides, under the true history."""
    state, inputs, labels = TopicState(topic=1, topic_start=1), [], []
    turns = zip(dialogue.roles, dialogue.contents, dialogue.vectors, strict=True)
    for seq, (role, content, vector) in enumerate(turns, start=1):
        if not content.strip():
            state = replace(state, seq=seq)
            continue
        evidence = gather(state, TopicMessage(role, content, vector, encoder), head)
        ruled = never_opens(state, evidence.reading, user=evidence.user)
        features = evidence.question_features
        if seq > 1 and features and evidence.stems and ruled is None:
            inputs.append(features.row)
            labels.append(seq in dialogue.starts)
        state = advance(level(state, evidence, head), evidence, shift=seq in dialogue.starts)
    width = len(CHAT_TEXT) + len(CHAT_DENSE)
    return Rows(np.array(inputs, np.float64).reshape(-1, width), np.array(labels, np.bool_))
