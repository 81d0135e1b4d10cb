"""A model that says what a test tells it to, when the test tells it to."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from sessions_app.providers import Completion, Ending, Messages, Thought
from tests.waiting import PATIENCE


class Script:
    """One reply: its pieces and thoughts, with a gate before each piece whose number is in `gates`.

    A gate holds the model until the test opens it, or a minute. A piece may be a thought. `error`
    is raised after the last piece.
    """

    def __init__(
        self,
        *pieces: str | Thought,
        gates: Sequence[int] = (),
        error: Exception | None = None,
        finish_reason: str = "stop",
        tool_calls: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.pieces = pieces
        self.gates = {place: threading.Event() for place in gates}
        self.error = error
        thoughts = "".join(piece.text for piece in pieces if isinstance(piece, Thought))
        self.ending = Ending(
            finish_reason, 20, len(pieces), "scripted-1", tool_calls, reasoning=thoughts
        )
        self.started = threading.Event()

    def open(self) -> None:
        for gate in self.gates.values():
            gate.set()


class ScriptedReply:
    def __init__(self, script: Script) -> None:
        self._script = script
        self.ending: Ending | None = None

    async def __aiter__(self) -> AsyncGenerator[str | Thought, None]:
        script = self._script
        script.started.set()
        for place, piece in enumerate([*script.pieces, ""]):
            if place in script.gates:
                await _opened(script.gates[place])
            if piece:
                yield piece
        if script.error is not None:
            raise script.error
        self.ending = script.ending


async def _opened(gate: threading.Event) -> None:
    deadline = time.monotonic() + PATIENCE
    while not gate.is_set():
        assert time.monotonic() < deadline, "no test has opened the gate"
        await asyncio.sleep(0.002)


class ScriptedModel:
    """A `Provider`; answers with its `scripts` in order, then with `Well.`."""

    name = "scripted"

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        self.played: list[Script] = []
        self.asked: list[list[dict[str, Any]]] = []
        self.calls: list[dict[str, Any]] = []

    def complete(self, messages: Messages, *, max_tokens: int) -> Completion:
        self.asked.append([dict(message) for message in messages])
        return Completion("A fine title", 10, 3, "scripted-1")

    def stream(self, messages: Messages, **call: Any) -> ScriptedReply:
        self.asked.append([dict(message) for message in messages])
        self.calls.append(call)
        script = self.scripts.pop(0) if self.scripts else Script("Well.")
        self.played.append(script)
        return ScriptedReply(script)
