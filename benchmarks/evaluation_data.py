"""Build the evaluation files from the public sets, as they have been downloaded.

    python -m benchmarks.evaluation_data SET DOWNLOADED… --output FILE [--every N] [--first K]

SET is dialseg711, superdialseg, tiage, cast22, ikat, mtrag, mtbench101, written or locomo;
docs/evaluation-data.md says where each is published, in which form, and under which licence.
Nothing is asked of the network. Writes JSON lines, one conversation each, and says on stderr how
many, and what was left out.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

Conversation = dict[str, Any]
Reader = Callable[[Any], Iterator[Conversation]]


class FormError(Exception):
    """The file is not in the form that the set is published in."""


def main(argv: Sequence[str]) -> int:
    """Build one file; 2 where the download has another form."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", choices=sorted(READERS), metavar="SET")
    parser.add_argument("downloaded", type=Path, nargs="+", metavar="DOWNLOADED")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    parser.add_argument("--every", type=_positive, default=1, metavar="N", help="each Nth only")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="from the Kth on, from 0")
    parser.add_argument("--limit", type=_positive, metavar="M", help="at most so many")
    parser.add_argument("--numbered-from", type=int, default=0, metavar="I", help="the first's id")
    parser.add_argument("--glue", type=_positive, metavar="N", help="cast22: N in a dialogue")
    parser.add_argument(
        "--mix", type=int, metavar="SEED", help="cut, shuffled, 1 to 6 in a dialogue"
    )
    parser.add_argument("--times", type=_positive, default=1, metavar="N", help="mix N times")
    options = parser.parse_args(argv)
    try:
        read = READERS[options.set]
        built = [each for path in options.downloaded for each in read(_loaded(path))]
    except FormError as error:
        print(
            f"error: {' '.join(map(str, options.downloaded))} is not {options.set} as published: "
            f"{error}",
            file=sys.stderr,
        )
        return 2
    if options.glue:
        built = list(glued(built, options.glue))
    if options.mix is not None:
        seeds = range(options.mix, options.mix + options.times)
        built = [each for seed in seeds for each in mixed(built, seed)]
    for number, each in enumerate(built, options.numbered_from):
        each["id"] = each["id"] or f"{options.set}-{number}"
        each.pop("subject", None)
    chosen = built[options.first :: options.every][: options.limit]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(each, ensure_ascii=False) + "\n" for each in chosen)
    options.output.write_text("".join(lines), encoding="utf-8")
    messages = sum(len(each["messages"]) for each in chosen)
    print(f"{options.output}: {len(chosen)} conversations, {messages:,} messages", file=sys.stderr)
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _loaded(path: Path) -> Any:
    """JSON, or JSON lines."""
    text = path.read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except ValueError:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise FormError(f"it is not JSON ({error})") from error


def _part(value: Any, name: str) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise FormError(f"there is no “{name}” where one is expected")
    return value[name]


def _items(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise FormError("there is no list of conversations")
    return value


def _taking_turns(texts: Iterable[str]) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts)]


def dialseg711(data: Any) -> Iterator[Conversation]:
    """`utterances`, and in `segments` how many of them each topic has."""
    for each in _items(data):
        lengths = _part(each, "segments")
        if sum(lengths) != len(_part(each, "utterances")):
            raise FormError("the segments are not as long as the dialogue")
        starts = [sum(lengths[:at]) + 1 for at in range(1, len(lengths))]
        messages = _taking_turns(each["utterances"])
        yield {
            "id": f"dialseg_711-{_part(each, 'dial_id')}",
            "messages": messages,
            "topic_starts": starts,
        }


def superdialseg(data: Any) -> Iterator[Conversation]:
    """`dial_data`, by the set's name; `segmentation_label` 1 is on the last turn of a topic."""
    (dialogues,) = _part(data, "dial_data").values()
    for each in _items(dialogues):
        turns = _part(each, "turns")
        ends = [at for at, turn in enumerate(turns, 1) if int(_part(turn, "segmentation_label"))]
        messages = [
            {
                "role": "user" if turn.get("role") == "user" else "assistant",
                "content": _part(turn, "utterance"),
            }
            for turn in turns
        ]
        starts = [end + 1 for end in ends if end < len(turns)]
        yield {"id": each.get("dial_id"), "messages": messages, "topic_starts": starts}


def tiage(data: Any) -> Iterator[Conversation]:
    """Numbered dialogues of `[utterance, label]`; label 1 opens a topic."""
    if not isinstance(data, dict) or not data:
        raise FormError("there are no numbered dialogues")
    for turns in data.values():
        if any(len(turn) != 2 for turn in turns):
            raise FormError("a turn is not an utterance and a label")
        starts = [at for at, (_, label) in enumerate(turns, 1) if str(label) == "1" and at > 1]
        messages = _taking_turns(text for text, _ in turns)
        yield {"id": "", "messages": messages, "topic_starts": starts}


def cast22(data: Any) -> Iterator[Conversation]:
    """The first path through each numbered conversation; questions with their responses."""
    seen = set()
    for each in _items(data):
        if _part(each, "number") in seen:
            continue  # another path through the same conversation
        seen.add(each["number"])
        messages = []
        for turn in _part(each, "turn"):
            messages.append({"role": "user", "content": _part(turn, "utterance")})
            if turn.get("response"):  # some last questions are left unanswered
                messages.append({"role": "assistant", "content": turn["response"]})
        yield {"id": "", "messages": messages, "topic_starts": []}


def glued(conversations: Sequence[Conversation], count: int) -> Iterator[Conversation]:
    """`count` conversations one after the other; every fifth dialogue is one of them alone."""
    made = 0
    rest = list(conversations)
    while rest:
        taken = 1 if made % 5 == 4 else count
        parts, rest = rest[:taken], rest[taken:]
        messages = [message for part in parts for message in part["messages"]]
        lengths = [len(part["messages"]) for part in parts]
        starts = [sum(lengths[:at]) + 1 for at in range(1, len(parts))]
        yield {"id": "", "messages": messages, "topic_starts": starts}
        made += 1


def mixed(conversations: Sequence[Conversation], seed: int) -> Iterator[Conversation]:
    """Two to six shuffled conversations, cut, one after the other; every fifth one is alone.

    Two about the same subject never stand in one dialogue.
    """
    draw = random.Random(seed)
    rest = [each for each in conversations if len(each["messages"]) >= 2]
    draw.shuffle(rest)
    made = 0
    while rest:
        taken = 1 if made % 5 == 4 else draw.randint(2, 6)
        parts, rest = _unlike(rest, taken)
        runs = [part["messages"] if taken == 1 else _cut(part["messages"], draw) for part in parts]
        starts = [sum(map(len, runs[:at])) + 1 for at in range(1, len(runs))]
        messages = [message for run in runs for message in run]
        yield {"id": "", "messages": messages, "topic_starts": starts}
        made += 1


def _unlike(
    conversations: Sequence[Conversation], most: int
) -> tuple[list[Conversation], list[Conversation]]:
    """The first `most` conversations that differ in their subject, and all others."""
    taken: list[Conversation] = []
    rest: list[Conversation] = []
    subjects: set[str] = set()
    for each in conversations:
        subject = each.get("subject", "")
        if len(taken) == most or subject in subjects:
            rest.append(each)
            continue
        taken.append(each)
        subjects |= {subject} - {""}
    return taken, rest


def _cut(messages: list[dict[str, str]], draw: random.Random) -> list[dict[str, str]]:
    """The first two to six questions with their answers."""
    turns = len(messages) // 2
    return messages[: 2 * draw.randint(min(2, turns), min(6, turns))]


def mtrag(data: Any) -> Iterator[Conversation]:
    """The longest form of each conversation: every task repeats what was said before it."""
    tasks = _part(data, "tasks") if isinstance(data, dict) else _items(data)
    longest: dict[str, list[dict[str, str]]] = {}
    for task in tasks:
        turns = [(_part(turn, "speaker"), _part(turn, "text")) for turn in _part(task, "input")]
        turns += [("agent", _part(target, "text")) for target in task.get("targets", [])[:1]]
        name = task.get("conversation_id") or _part(task, "task_id").partition("<::>")[0]
        if len(turns) > len(longest.get(name, [])):
            longest[name] = [
                {"role": "user" if speaker == "user" else "assistant", "content": text}
                for speaker, text in turns
                if text.strip()
            ]
    for messages in longest.values():
        roles = [message["role"] for message in messages]
        # A few have two answers in a row.
        if roles == [("user", "assistant")[at % 2] for at in range(len(roles))]:
            yield {"id": "", "messages": messages, "topic_starts": []}


def mtbench101(data: Any) -> Iterator[Conversation]:
    """`history`, pairs of `user` and `bot`; without the task TS, whose subject changes inside."""
    for each in _items(data):
        turns = _part(each, "history")
        texts = [text for turn in turns for text in (_part(turn, "user"), _part(turn, "bot"))]
        if _part(each, "task") != "TS" and all(text.strip() for text in texts):
            yield {"id": "", "messages": _taking_turns(texts), "topic_starts": []}


def ikat(data: Any) -> Iterator[Conversation]:
    """`turns` (2025: `responses`) of `utterance` and `response`; several may have one title."""
    for each in _items(data):
        turns = each.get("turns") or _part(each, "responses")
        messages = []
        for turn in turns:
            utterance = turn.get("utterance") or _part(turn, "user_utterance")
            if not turn.get("response"):  # the last question may be left unanswered
                break
            messages += [
                {"role": "user", "content": utterance},
                {"role": "assistant", "content": turn["response"]},
            ]
        subject = _part(each, "title").casefold()
        yield {"id": "", "messages": messages, "topic_starts": [], "subject": subject}


def written(data: Any) -> Iterator[Conversation]:
    """`chats.json` beside this file: `turns` of what a person and an assistant say."""
    for each in _items(data):
        texts = [text for turn in _part(each, "turns") for text in turn]
        yield {"id": "", "messages": _taking_turns(texts), "topic_starts": []}


def locomo(data: Any) -> Iterator[Conversation]:
    """The sessions in their order, and the questions whose evidence names messages."""
    for each in _items(data):
        talk = _part(each, "conversation")
        turns = [turn for name in _sessions(talk) for turn in talk[name]]
        seq = {_part(turn, "dia_id"): at for at, turn in enumerate(turns, 1)}
        questions = [
            {"question": qa["question"], "evidence": evidence, "category": qa.get("category")}
            for qa in _part(each, "qa")
            if (evidence := sorted({seq[name] for name in _named(qa) if name in seq}))
        ]
        left = len(each["qa"]) - len(questions)
        print(
            f"{each.get('sample_id')}: {left} questions without evidence left out", file=sys.stderr
        )
        first = _part(talk, "speaker_a")
        messages = [
            {"role": "user" if turn["speaker"] == first else "assistant", "content": _spoken(turn)}
            for turn in turns
        ]
        yield {"id": each.get("sample_id"), "messages": messages, "questions": questions}


def _sessions(talk: dict[str, Any]) -> list[str]:
    names = [name for name, turns in talk.items() if isinstance(turns, list)]
    return sorted(names, key=lambda name: int(name.rpartition("_")[2]))


def _named(qa: dict[str, Any]) -> list[str]:
    """The messages that hold the answer; some are written several in one text."""
    texts = qa.get("evidence") or []
    return [name.strip() for text in texts for name in str(text).replace(",", ";").split(";")]


def _spoken(turn: dict[str, Any]) -> str:
    image = f" [image: {turn['blip_caption']}]" if turn.get("blip_caption") else ""
    return f"{turn['speaker']}: {turn['text']}{image}"


READERS: dict[str, Reader] = {
    "dialseg711": dialseg711, "superdialseg": superdialseg, "tiage": tiage, "cast22": cast22,
    "ikat": ikat, "mtrag": mtrag, "mtbench101": mtbench101, "written": written,
    "locomo": locomo,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
