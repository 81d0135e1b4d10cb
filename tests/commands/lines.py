"""Lines of an export, written by hand."""

import json
from pathlib import Path
from typing import Any

FIRST = {"type": "export", "format": "chat-sessions/sessions", "version": 1}


def write(path: Path, lines: list[Any]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def session(session_id: str = "s-1", **fields: Any) -> dict[str, Any]:
    moment = "2026-11-22T10:00:00.250Z"
    policy = {
        "strategy": "recent", "max_tokens": 64, "max_messages": 1, "on_topic_shift": "keep",
    }  # fmt: skip
    return {
        "type": "session", "session_id": session_id, "user_id": "alice", "status": "active",
        "title": "", "context_policy": policy, "context_start": 1, "version": 1,
        "created_at": moment, "updated_at": moment, **fields,
    }  # fmt: skip


def message(seq: int = 1, session_id: str = "s-1", **fields: Any) -> dict[str, Any]:
    return {
        "type": "message", "session_id": session_id, "seq": seq, "id": f"msg_{seq}",
        "role": "user", "content": "hello", "timestamp": "2026-11-22T10:00:00.250Z", **fields,
    }  # fmt: skip


def end(sessions: int = 1, messages: int = 1) -> dict[str, Any]:
    counts = {"session": sessions, "message": messages}
    return {"type": "end", "complete": True, "counts": {k: v for k, v in counts.items() if v}}
