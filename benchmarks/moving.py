"""How fast are conversations of other programs imported, and with how much memory?

So many conversations are generated in each format, in a file, and imported into a store of this
benchmark's own. The import is stopped twice on its way and run again, as an operator would; the
rate is that of all three runs together, the memory the most that this process had meanwhile.
"""

import base64
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from benchmarks.harness import report, store

MESSAGES = 10
TEXT = "The ferry to Olhão leaves every hour, and the last one back is at seven. " * 4
BEGAN = datetime(2025, 1, 1, tzinfo=UTC)


def said(number: int) -> Iterator[tuple[str, str, datetime]]:
    """The roles, texts and times of a conversation."""
    for at in range(MESSAGES):
        role = ("user", "assistant")[at % 2]
        yield role, f"{number}/{at}: {TEXT}", BEGAN + timedelta(minutes=number, seconds=at)


def chatgpt(number: int) -> Any:
    mapping: dict[str, Any] = {}
    parent = None
    for at, (role, text, moment) in enumerate(said(number)):
        content = {"content_type": "text", "parts": [text]}
        message = {"author": {"role": role}, "create_time": moment.timestamp(), "content": content}
        mapping[f"n{at}"] = {"id": f"n{at}", "parent": parent, "message": message}
        parent = f"n{at}"
    title = f"Chat {number}"
    return {"id": f"c{number}", "title": title, "mapping": mapping, "current_node": parent}


def claude(number: int) -> Any:
    messages = [
        {"uuid": f"m{at}", "sender": "human" if role == "user" else role, "text": text,
         "content": [{"type": "text", "text": text}], "created_at": moment.isoformat()}
        for at, (role, text, moment) in enumerate(said(number))
    ]  # fmt: skip
    return {"uuid": f"c{number}", "name": f"Chat {number}", "chat_messages": messages}


def open_webui(number: int) -> Any:
    messages = {
        f"m{at}": {"id": f"m{at}", "parentId": f"m{at - 1}" if at else None, "role": role,
                   "content": text, "timestamp": moment.timestamp()}
        for at, (role, text, moment) in enumerate(said(number))
    }  # fmt: skip
    history = {"messages": messages, "currentId": f"m{MESSAGES - 1}"}
    return {"id": f"c{number}", "title": f"Chat {number}", "chat": {"history": history}}


def librechat(number: int) -> Any:
    messages = [
        {"messageId": f"m{at}", "parentMessageId": f"m{at - 1}" if at else None, "text": text,
         "isCreatedByUser": role == "user", "createdAt": moment.isoformat()}
        for at, (role, text, moment) in enumerate(said(number))
    ]  # fmt: skip
    return {"conversationId": f"c{number}", "title": f"Chat {number}", "messages": messages}


def agents(number: int) -> Any:
    items = [{"role": role, "content": text} for role, text, _ in said(number)]
    return {"session_id": f"c{number}", "items": items}


def langchain(number: int) -> Iterator[Any]:
    for at, (role, text, _) in enumerate(said(number)):
        kind = {"user": "human", "assistant": "ai"}[role]
        history = json.dumps({"type": kind, "data": {"content": text, "type": kind}})
        identifier = f"{number:016x}{at:08x}"
        yield {"_id": {"$oid": identifier}, "SessionId": f"c{number}", "History": history}


def langgraph(number: int) -> Iterator[Any]:
    messages = [
        {"lc": 1, "type": "constructor", "id": ["langchain", role], "kwargs": {
            "type": {"user": "human", "assistant": "ai"}[role], "content": text}}
        for role, text, _ in said(number)
    ]  # fmt: skip
    body = json.dumps({"channel_values": {"messages": messages}}).encode()
    packed = {"$binary": {"base64": base64.b64encode(body).decode(), "subType": "00"}}
    yield {"thread_id": f"c{number}", "checkpoint_ns": "", "checkpoint_id": f"{number:032x}",
           "type": "json", "checkpoint": packed}  # fmt: skip


FORMATS: dict[str, Callable[[int], Any]] = {
    "openai": chatgpt, "claude": claude, "openwebui": open_webui, "librechat": librechat,
    "agents": agents, "langchain": langchain, "langgraph": langgraph,
}  # fmt: skip


def write(path: Path, make: Callable[[int], Any], number: int) -> None:
    """A file of so many conversations, a line each, or one for each of its documents."""
    with path.open("w", encoding="utf-8") as file:
        for each in range(number):
            made = make(each)
            for value in [made] if isinstance(made, dict) else made:
                file.write(json.dumps(value) + "\n")


class Stopped(Exception):
    """The import is stopped on its way."""


def run(path: Path, kind: str, *, stop_after: int | None) -> None:
    """Import the file, or as many of its records."""
    from sessions_app.services import transfer

    left = stop_after

    def progress(done: int) -> None:
        nonlocal left
        if left is not None:
            left -= done
            if left < 0:
                raise Stopped

    source = transfer.Source(str(path), kind)
    reading = transfer.source_read(source=source, user_id="bench", now=datetime.now(UTC))
    with closing(reading):
        transfer.sessions_import(
            numbered=reading.records, user_id="bench", dry_run=False, progress=progress,
            refuse=reading.refuse,
        )  # fmt: skip
    assert not reading.refused, reading.refused


@contextmanager
def watched() -> Iterator[list[int]]:
    """The most memory that this process has meanwhile, beyond what it had before, in bytes."""
    process, ended, most = psutil.Process(), threading.Event(), [0]
    before = process.memory_info().rss

    def watch() -> None:
        while not ended.wait(0.05):
            most[0] = max(most[0], process.memory_info().rss - before)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


def measured(path: Path, kind: str, number: int) -> dict[str, Any]:
    """Import a file, stopped at a third and at two thirds; what that took."""
    from sessions_app.documents import Session

    Session.objects.delete()
    records = number * (MESSAGES + 1)
    began, processor = time.perf_counter(), time.process_time()
    with watched() as most:
        for stop_after in (records // 3, records * 2 // 3, None):
            try:
                run(path, kind, stop_after=stop_after)
            except Stopped:
                continue
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    assert Session.objects.count() == number
    return {
        "conversations": number,
        "file_mb": round(path.stat().st_size / 1e6, 1),
        "seconds": round(seconds, 1),
        "per_second": round(number / seconds),
        "processor_ms_a_conversation": round(processor / number * 1_000, 2),
        "memory_mb": round(most[0] / 1e6),
    }


def main() -> None:
    """Measure every format."""
    parser = store.arguments(__doc__)
    parser.add_argument("--conversations", type=int)
    options = parser.parse_args()
    number = options.conversations or (200 if options.short else 100_000)
    result = report.Report("moving")
    with store.own_store(options.dir, result), tempfile.TemporaryDirectory() as directory:
        from sessions_app import tokenizer

        # Loading its vocabulary is no part of an import.
        tokenizer.count_tokens("warm")
        for kind, make in FORMATS.items():
            path = Path(directory) / f"{kind}.jsonl"
            write(path, make, number)
            result.add(kind, **measured(path, kind, number))
            path.unlink()
    result.table()


if __name__ == "__main__":
    main()
