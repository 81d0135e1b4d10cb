"""How one real dialogue is judged and windowed, message by message.

A dialogue of SuperDialseg's development part (Apache-2.0) in which a user asks about family
benefits, and one of TIAGE's (MIT) in which two people chat. Each message is judged as production
judges it, with the trained head's opinion (which has seen these parts in training) and without.
The first dialogue is then stored, and its window planned under each strategy and a budget that
cannot hold it. Of each message only the first words are printed.

    python -m benchmarks.worked_example --data DIR
"""

import json
from pathlib import Path
from typing import Any

from benchmarks.harness import conversations, report, store

DIALOGUES = {
    "superdialseg-dev": "superseg_validation_40",
    "tiage-dev": "tiage-301",
}
WINDOWED = "superseg_validation_40"
BUDGET = 170
_WORDS = 7
OWNER = "owner"


def main() -> None:
    """Parse, judge, store, plan."""
    parser = store.arguments(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds topics/")
    parser.add_argument("--budget", type=int, default=BUDGET, help="tokens of the window")
    given = parser.parse_args()
    result = report.Report("worked_example")
    with store.own_store(given.dir, result):
        for file, name in DIALOGUES.items():
            dialogue = _load(given.data / "topics" / f"{file}.jsonl", name)
            _judge(result, dialogue)
            if name == WINDOWED:
                _plan(result, dialogue, given.budget)
    result.table()


def _load(path: Path, name: str) -> dict[str, Any]:
    for line in path.read_text(encoding="utf-8").splitlines():
        dialogue: dict[str, Any] = json.loads(line)
        if dialogue["id"] == name:
            return dialogue
    raise SystemExit(f"{path} has no dialogue {name}")


def _judge(result: report.Report, dialogue: dict[str, Any]) -> None:
    from sessions_app import encoders
    from sessions_app.domain.topics import Mode, TopicMessage, TopicState, observe

    encoder = encoders.load_encoder()
    if encoder is None:
        raise SystemExit("the encoder is not installed")
    contents = [message["content"] for message in dialogue["messages"]]
    shipped = untrained = TopicState()
    rows = zip(dialogue["messages"], encoder.encode(contents), strict=True)
    for seq, (message, vector) in enumerate(rows, start=1):
        heard = TopicMessage(message["role"], message["content"], vector)
        shipped, decided = observe(shipped, heard)
        untrained, plain = observe(untrained, heard, mode=Mode.UNTRAINED)
        result.add(
            "judged",
            dialogue=dialogue["id"],
            seq=seq,
            role=message["role"],
            begins=_first_words(message["content"]),
            people=seq in dialogue["topic_starts"],
            shift=decided.shift,
            score=round(decided.score, 2),
            trust=round(decided.trust, 2),
            untrained_shift=plain.shift,
            untrained_score=round(plain.score, 2),
            why=plain.reason,
        )


def _plan(result: report.Report, dialogue: dict[str, Any], budget: int) -> None:
    from sessions_app.domain.data import Role, Strategy
    from sessions_app.domain.drafts import MessageDraft
    from sessions_app.services import context, sessions

    said = dialogue["messages"]
    history = [MessageDraft(role=Role(one["role"]), content=one["content"]) for one in said]
    session = sessions.session_create(
        user_id=OWNER, draft=sessions.SessionDraft(history=history), now=conversations.now()
    )
    for strategy in Strategy:
        window = context.context_plan(
            session_id=session.session_id,
            user_id=OWNER,
            max_tokens=budget,
            strategy=strategy,
            query=None,
            now=conversations.now(),
        )
        for planned in window.plan.messages:
            result.add(
                "window",
                dialogue=dialogue["id"],
                strategy=strategy.value,
                budget=budget,
                used=window.plan.token_count,
                seq=planned.seq,
                role=planned.role,
                begins=_first_words(said[planned.seq - 1]["content"]),
                tokens=planned.token_count,
                topic=planned.topic,
                kept=planned.kept,
                reason=planned.reason.value,
            )


def _first_words(content: str) -> str:
    words = content.split()
    return " ".join(words[:_WORDS]) + (" …" if len(words) > _WORDS else "")


if __name__ == "__main__":
    main()
